"""Punctuation of Latin text whose UTF-8 was read as GBK: `It鈥檚`, `鈥淭he end`, `caf茅s`.

One such mark is two characters, too few for the chains, which ask for four in turn. But the first
two bytes of every quotation mark and dash give 鈥, which is holmium in Traditional chemistry and
nothing else; and what follows it there is no rare character that ends in a Latin letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from pipeline.text.mojibake.codecs import reading

SIGN = "鈥"
LOST = 2
"""Signs whose mark is lost that say that a text is damaged; of whole ones, one is enough."""
_THIRD = {mark.encode()[2]: mark for mark in "–—‘’“”„†•…‰′″‹›"}
_LEAD = 0xE2
"""The first byte of the mark behind a mark; its second, 0x80, is € in Windows and no character
elsewhere."""
_SIGN = re.compile(
    f"{SIGN}(?:(?P<one>[\u4e00-\u9fff])(?:[€\ufffd]?(?P<two>(?!{SIGN})[\u4e00-\u9fff]))?)?"
)
_LONE = re.compile("[\ufffd?]?")
_REST = re.compile("[€\ufffd]*")
_LETTER = re.compile(f"(?<=[A-Za-z])([\u4e00-\u9fff])(?!(?!{SIGN})[\u4e00-\u9fff])")
_BLANKS = re.compile("(?<![\u4e00-\u9fff])聽+(?![\u4e00-\u9fff])")


def repaired(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and repaired text of each mark, in order; what is lost becomes `�`.

    >>> [fixed for _, _, fixed in repaired("It鈥檚 late, she said.")]
    ['’s']
    """
    found: dict[int, tuple[int, str]] = {}
    lone: dict[int, tuple[int, str]] = {}
    for sign in _SIGN.finditer(text):
        at = sign.start()
        if mended := _mended(sign):
            found[at] = mended
        elif end := _LONE.match(text, at + 1):
            lone[at] = end.end(), "\ufffd"
    if not found and sum(end > at + 1 for at, (end, _) in lone.items()) < LOST:
        return
    if found:
        letters = (m for m in _LETTER.finditer(text) if m[1] in _letters())
        found |= {m.start(): (m.end(), _letters()[m[1]]) for m in letters}
        found |= {m.start(): (m.end(), " " * len(m[0])) for m in _BLANKS.finditer(text)}
    found |= lone
    for at in sorted(found):
        yield at, *found[at]


def _mended(sign: re.Match[str]) -> tuple[int, str] | None:
    """Return where the characters of a mark end, and what they were; None for holmium."""
    if not sign["one"]:
        return None
    third, behind = _bytes(sign["one"])
    if third not in _THIRD:
        return None
    if 0x40 <= behind < 0x7F:
        return sign.end("one"), _THIRD[third] + chr(behind)
    if behind != _LEAD:
        return None
    second, ascii_char = _bytes(sign["two"]) if sign["two"] else (0, 0)
    if second in _THIRD and 0x40 <= ascii_char < 0x7F:
        return sign.end("two"), _THIRD[third] + _THIRD[second] + chr(ascii_char)
    rest = _REST.match(sign.string, sign.end("one"))
    return (rest.end() if rest else sign.end("one")), _THIRD[third] + "\ufffd"


def _bytes(char: str) -> tuple[int, int]:
    gbk = reading("gbk")
    return int(gbk.first[ord(char)]), int(gbk.second[ord(char)])


@cache
def _letters() -> dict[str, str]:
    """Return what the accented letters of Western Europe became, é and its like."""
    letters = (chr(code) for code in range(0xDF, 0x100))
    seen = {letter.encode().decode("gbk", "replace"): letter for letter in letters}
    return {char: was for char, was in seen.items() if "\u4e00" <= char <= "\u9fff"}
