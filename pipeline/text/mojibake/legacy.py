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
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text.mojibake.codecs import cp932_twins, reading
from pipeline.text.ngram import Model

# Wrong reading → what the bytes may have been. Order is a claim: the first of equals wins.
ORIGINS: dict[str, tuple[str, ...]] = {
    "cp1252": ("gbk", "big5", "cp932", "cp949"),
    "big5": ("gbk", "cp932"),
    "cp949": ("gbk", "big5"),
    "cp932": ("gbk", "big5"),
    "gbk": ("big5", "cp932", "cp949"),
}
_CODEC = {"gbk": "gb18030", "big5": "big5hkscs", "cp932": "cp932", "cp949": "cp949"}
MIN_HIGH = 6
"""Fewest bytes outside ASCII (three characters): with less the score cannot tell."""
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""UTF-8 of another script (Greek, Cyrillic) is no legacy encoding, whatever Han it would give."""
MAX_UTF8 = 0.85
"""Share of the bytes from which they are UTF-8; GBK has up to half of its own by chance."""
MAX_BAD = 0.04
"""Largest share of the characters beyond ASCII that may stay undecodable; one always may."""
_TOGETHER = re.compile("[^\x00-\x7f\ufffd]{2}")
"""Lone characters among Latin letters are letters of some other font."""
BAD = "\ufffd"
LOOK_BACK = 160
"""Bytes looked back for one from which the reading is in step."""
_SYNC = re.compile(rb"[\x00-\x3f]")


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


def candidates(name: str, codes: NDArray[np.uint32], model: Model) -> Iterator[Candidate]:
    """Yield what the stretches of a text may have been before reading `name` hit them."""
    full = reading(name)
    data, starts = full.encode(codes)
    # FOREIGN (0xFE) is a byte like others here: foreign characters are found by their code.
    bmp = np.minimum(codes, 0xFFFF)
    foreign = (full.first[bmp] == 0xFE) & (full.size[bmp] == 1) & (codes >= 0x80)
    foreign &= codes != {"cp1252": 0xFE, "cp932": 0xF8F2}.get(name, 0)  # what 0xFE itself is
    breaks = np.flatnonzero(foreign | (codes == 0xFFFD) | (codes == 10))
    edges = np.concatenate([[-1], breaks, [len(codes)]])
    for left, right in zip(edges[:-1] + 1, edges[1:], strict=True):
        if right - left < MIN_HIGH // 2:
            continue
        raw = data[starts[left] : starts[right]]
        high = _high(raw)
        # The second byte of a character may be ASCII: of a whole line all its wide ones count.
        line = all(i in (-1, len(codes)) or codes[i] == 10 for i in (left - 1, right))
        wide = line and name != "cp1252"
        size = 2 * int((codes[left:right] > 0x7F).sum()) if wide else high
        if size >= MIN_HIGH and sum(map(len, _UTF8.findall(raw))) < MAX_UTF8 * high:
            offsets = (starts[left:right] - starts[left]).tolist() if name == "cp932" else []
            yield from _origins(name, int(left), int(right), raw, offsets, model)


def _high(raw: bytes) -> int:
    return int((np.frombuffer(raw, np.uint8) >= 0x80).sum())


def _origins(
    name: str, start: int, end: int, raw: bytes, offsets: list[int], model: Model
) -> Iterator[Candidate]:
    for origin in ORIGINS[name]:
        settled = _settled(raw, offsets, _CODEC[origin], model)
        text = settled.decode(_CODEC[origin], "pipeline-bad")
        wide = len(text) - len(text.encode("ascii", "ignore"))
        if text.count(BAD) <= max(MAX_BAD * wide, 1) and _TOGETHER.search(text):
            yield Candidate(start, end, text, origin)


def _settled(raw: bytes, offsets: list[int], codec: str, model: Model) -> bytes:
    """Choose, from left to right, between the two codes of a character by what they give."""
    twins = _twins()
    out = bytearray(raw)
    for at in offsets:
        twin = twins.get(int.from_bytes(raw[at : at + 2], "big"))
        if twin is None:
            continue
        # From a byte that ends any character, or far enough back that the choice is not local.
        since = max((m.end() for m in _SYNC.finditer(out, max(at - LOOK_BACK, 0), at)), default=-1)
        if since < 0 and at > LOOK_BACK:
            continue
        window = bytes(out[max(since, 0) : at]), bytes(out[at + 2 : at + 8])
        options = [bytes(out[at : at + 2]), twin.to_bytes(2, "big")]
        texts = [(window[0] + o + window[1]).decode(codec, "pipeline-bad") for o in options]
        one, two = model.scores(texts)
        if two > one:
            out[at : at + 2] = options[1]
    return bytes(out)


@cache
def _twins() -> dict[int, int]:
    return cp932_twins()
