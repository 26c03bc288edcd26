"""Bytes to text: byte-order mark, declared charset, strict UTF-8, then the evidence of the bytes.

Nothing else in the pipeline sees bytes. What could not be decoded is marked U+FFFD, byte by byte,
and counted: a few bad bytes cost those bytes and never the document.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from pipeline.stages.base import option

MARK = "�"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeOptions:
    """Options of decoding."""

    max_error_share: float = option(
        0.05, "a charset with more undecodable bytes than this share is not taken", ge=0, le=1
    )


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text: `encoding` as Python names it, `confidence` 0-1, `errors` marked places."""

    text: str
    encoding: str
    confidence: float
    errors: int


BOMS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),  # before UTF-16, whose mark it begins with
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)


def decode(data: bytes, declared: str = "", options: DecodeOptions | None = None) -> Decoded:
    """Decode `data`; `declared` is what HTTP, `<meta>` or a field says, and may be wrong."""
    options = options or DecodeOptions()
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _lenient(data[len(mark) :], encoding, 1.0)
    try:
        return Decoded(data.decode("utf-8"), "utf-8", 1.0, 0)
    except UnicodeDecodeError:
        pass
    named = _codec(declared)
    candidates = dict.fromkeys(name for name in (named, "utf-8", "gb18030", "big5hkscs") if name)
    found = [_lenient(data, name, 0.9) for name in candidates]
    return min(found, key=lambda d: d.errors)


def _codec(label: str) -> str:
    """Return Python's name of the charset that a label means, or nothing."""
    label = label.strip().strip("\"'").lower()
    if label in ("gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936"):
        return "gb18030"
    if label in ("big5", "cp950", "big5-hkscs"):
        return "big5hkscs"
    try:
        return codecs.lookup(label).name
    except LookupError:
        return ""


def _lenient(data: bytes, encoding: str, confidence: float) -> Decoded:
    text = data.decode(encoding, "replace")
    return Decoded(text, encoding, confidence, text.count(MARK))
