"""The charsets that text is found in: what their labels mean, and decoding that loses nothing else.

Python's codecs stop at a byte that the producers of the text did use: 0x80 is € in Windows' GBK,
row 13 of EUC-JP has ①, Big5 was extended many times. The error handlers here know these, and mark
what is really undecodable, byte by byte, so that decoding goes on at the next character.
"""

from __future__ import annotations

import codecs
import re
import threading
from functools import cache

from pipeline.tablefiles import table_rows
from pipeline.text.likelihood import log_likelihood

MARK = "�"

MAX_WEIGHINGS = 500


@cache
def _by_label() -> dict[str, str]:
    rows = table_rows("decode/labels.tsv")
    return {label: codec for codec, labels in rows for label in labels.split()}


def codec_of(label: str) -> str:
    """Return the codec that a declared label means in practice; empty for one that means nothing.

    Only charsets: Python knows codecs that are none (zlib, rot13, idna), and UTF-7 hides markup.

    >>> codec_of("GB2312"), codec_of("x-sjis"), codec_of("utf-7")
    ('gb18030', 'cp932', '')
    """
    return _by_label().get(label.strip().strip("\"'").lower().replace(" ", ""), "")


def decode_with(data: bytes, codec: str, weighings: int = MAX_WEIGHINGS) -> tuple[str, int]:
    """Return the text and the number of marks (U+FFFD) put for what could not be decoded.

    Of the bad bytes `weighings` are weighed (20 µs each); the rest go on at the next byte.
    """
    _weighings.left = weighings
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        pass
    else:
        return _without_holes(text) if codec == "cp932" else (text, 0)
    text = data.decode(codec, _HANDLER_OF.get(codec, "replace"))
    if codec == "cp932":
        text, _ = _without_holes(text)
    genuine = data.count(_GENUINE[codec]) if codec in _GENUINE else 0
    return text, max(0, text.count(MARK) - genuine)


def weighings_left() -> int:
    """Return how many of its weighings the last `decode_with` of this thread did not need."""
    return _weighings.left


def _without_holes(text: str) -> tuple[str, int]:
    """Mark the bytes without a character (A0, FD-FF), which Windows maps to private ones."""
    marked = _HOLES.sub(MARK, text)
    return marked, marked.count(MARK)


_HOLES = re.compile("[\x80\xa0\uf8f0-\uf8f3]")
# How a text itself says U+FFFD; the other charsets cannot.
_GENUINE = {"utf-8": b"\xef\xbf\xbd", "gb18030": b"\x84\x31\xa4\x37"}
# The pairs of each charset of pairs. An unassigned one is one mark, not a mark and a letter.
_PAIR = {
    "gb18030": re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]"),
    "big5hkscs": re.compile(rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]"),
    "cp932": re.compile(rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]"),
    "euc_jp": re.compile(rb"[\xa1-\xfe][\xa1-\xfe]"),
    "cp949": re.compile(rb"[\x81-\xfe][\x41-\x5a\x61-\x7a\x81-\xfe]"),
}
_OTHER_TABLES = {"big5hkscs": ("cp950",), "cp932": ("shift_jis_2004",), "euc_jp": ("euc_jis_2004",)}
LANGUAGE = {"gb18030": "zh", "big5hkscs": "zh", "cp932": "ja", "euc_jp": "ja", "cp949": "ko"}
WINDOW = 24
"""Bytes behind a bad byte by which the ways to go on are weighed."""


class _Left(threading.local):
    left = 0


_weighings = _Left()


_NEVER = bytes(range(0xF5, 0x100))


def _utf8(error: UnicodeError) -> tuple[str, int]:
    """Join surrogates that were written as UTF-8 (CESU-8); skip a byte put inside a character."""
    assert isinstance(error, UnicodeDecodeError)
    six = error.object[error.start : error.start + 6]
    if len(six) == 6 and six[0] == 0xED and 0xA0 <= six[1] <= 0xAF and six[3] == 0xED:
        try:
            pair = six.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
            return pair.decode("utf-16-le"), error.start + 6
        except UnicodeDecodeError:
            pass
    lead = error.object[error.start]
    size = 3 if 0xE0 <= lead < 0xF0 else 4 if 0xF0 <= lead < 0xF5 else 2
    inside = error.object[error.start : error.start + size + 1]
    broken = error.end - error.start  # the bytes of the character that are whole
    # Only bytes that UTF-8 never has: another lead byte there begins the next character.
    if len(inside) == size + 1 and broken < size and inside[broken] in b"\xc0\xc1" + _NEVER:
        whole = inside[:broken] + inside[broken + 1 :]
        try:
            return MARK + whole.decode("utf-8"), error.start + size + 1
        except UnicodeDecodeError:
            pass
    end = error.end
    # The rest of a character whose first byte was changed goes with it.
    while lead not in range(0xC2, 0xF5) and end < error.start + 4 and _goes_on(error.object, end):
        end += 1
    return MARK, end


def _goes_on(data: bytes, at: int) -> bool:
    return at < len(data) and 0x80 <= data[at] < 0xC0


def _pairs(codec: str) -> None:
    """Register the handler of a charset of pairs: other tables, then the best way to go on."""
    pair_of = _PAIR[codec]

    def handler(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        data, start = error.object, error.start
        if codec == "gb18030" and data[start] == 0x80:
            return "€", start + 1  # Windows' code page 936
        pair = data[start : start + 2]
        if not pair_of.fullmatch(pair):
            return _resumed(data, start, codec)
        for other in _OTHER_TABLES.get(codec, ()):
            try:
                return pair.decode(other), start + 2
            except UnicodeDecodeError:
                continue
        return (MARK, start + 1) if codec == "gb18030" else (MARK, start + 2)

    codecs.register_error(f"pipeline-{codec}", handler)


def _resumed(data: bytes, start: int, codec: str) -> tuple[str, int]:
    """Return what stands for a bad byte and where to go on, so that what follows reads best.

    The byte may have been inserted between two characters, or inside one, or be a character's
    first or second byte that was changed: the right choice keeps the following pairs in step.
    """
    following = data[start + 1 : start + 2]
    if not following or following < b"\x30" or not _weighings.left:
        return MARK, start + 1
    _weighings.left -= 1
    ways = [(MARK, start + 1), (MARK, start + 2)]
    split = data[start : start + 1] + data[start + 2 : start + 3]
    if _PAIR[codec].fullmatch(split) and following >= b"\x80":
        ways.append((MARK + split.decode(codec, "replace"), start + 3))
    return max(ways, key=lambda way: _reads(data, way, codec))


def _reads(data: bytes, way: tuple[str, int], codec: str) -> float:
    """Return ln p of a way to go on: what it puts in place and the bytes up to the next break."""
    after = data[way[1] : way[1] + WINDOW]
    window = _BREAK.split(after, maxsplit=1)[0]
    text = way[0][1:] + window.decode(codec, "replace")
    # By the mean over the same bytes: the ways begin at different places.
    return log_likelihood(text, (LANGUAGE[codec],)) / max(1, len(window) + 2 * len(way[0][1:]))


_BREAK = re.compile(rb"[\x00-\x2f]")
codecs.register_error("pipeline-utf-8", _utf8)
for _codec in _PAIR:
    _pairs(_codec)
_HANDLER_OF = {codec: f"pipeline-{codec}" for codec in ("utf-8", *_PAIR)}
