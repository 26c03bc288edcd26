"""Undoes "bytes of one legacy encoding read as another": GBK as Latin-1, Big5 as GBK and so on.

These encodings do not synchronise themselves: every byte string is nearly valid in each of them,
and one lost byte shifts what follows. So only stretches that go back byte for byte are decoded,
and the n-gram score alone decides.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.text.mojibake.codecs import reading

# Wrong reading → what the bytes may have been. Order is a claim: the first of equals wins.
ORIGINS: dict[str, tuple[str, ...]] = {
    "cp1252": ("gbk", "big5", "cp932", "cp949"),
    "big5": ("gbk", "cp932"),
    "cp949": ("gbk", "big5"),
    "cp932": ("gbk", "big5"),
    "gbk": ("big5", "cp932", "cp949"),
}
_CODEC = {"gbk": "gb18030", "big5": "big5hkscs", "cp932": "cp932", "cp949": "cp949"}
MIN_HIGH = 8
"""Fewest bytes outside ASCII (four characters): with less the score cannot tell."""
MAX_BAD = 0.04
"""Largest share of characters that may stay undecodable."""
BAD = "\ufffd"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Characters `start` to `end` may have been `text`, whose bytes `origin` wrote."""

    start: int
    end: int
    text: str
    origin: str


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return BAD, error.start + 1


codecs.register_error("pipeline-bad", _mark)
# A run of characters of one line that a reading may have produced.
_RUN = re.compile(rb"[^\n\xfe]+")


def candidates(name: str, codes: NDArray[np.uint32]) -> Iterator[Candidate]:
    """Yield what the stretches of a text may have been before reading `name` hit them."""
    full = reading(name)
    data, starts = full.encode(codes)
    # FOREIGN (0xFE) is a byte like others here: foreign characters are found by their code.
    bmp = np.minimum(codes, 0xFFFF)
    foreign = (full.first[bmp] == 0xFE) & (full.size[bmp] == 1) & (codes >= 0x80)
    if name == "cp1252":
        foreign &= codes != 0xFE  # þ
    breaks = np.flatnonzero(foreign | (codes == 0xFFFD) | (codes == 10))
    edges = np.concatenate([[-1], breaks, [len(codes)]])
    for left, right in zip(edges[:-1] + 1, edges[1:], strict=True):
        if right - left < MIN_HIGH // 2:
            continue
        raw = data[starts[left] : starts[right]]
        if _high(raw) >= MIN_HIGH:
            yield from _origins(name, int(left), int(right), raw)


def _high(raw: bytes) -> int:
    return int((np.frombuffer(raw, np.uint8) >= 0x80).sum())


def _origins(name: str, start: int, end: int, raw: bytes) -> Iterator[Candidate]:
    for origin in ORIGINS[name]:
        text = raw.decode(_CODEC[origin], "pipeline-bad")
        if text.count(BAD) <= MAX_BAD * len(text):
            yield Candidate(start, end, text, origin)
