"""Fills holes that the bytes leave no choice about.

A byte that an outer reading lost takes a character of the text below it, and that text must again
be UTF-8 in the bytes of the next reading: of the 64 characters that the bytes around the hole
allow, often only one gives a text that is valid all the way down. Where the loss is in the last
layer nothing constrains it, and the hole stays; but a quotation mark that must be closed is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from pipeline.text.mojibake.codecs import UNKNOWN
from pipeline.text.mojibake.utf8 import decode, view
from pipeline.text.ngram import Model

MARK = "\ufffd"
MAX_HOLES = 200
"""Holes looked at in one document, at 1-2 ms each: the work stays bounded."""
WINDOW = 9
"""Characters on each side of a hole that are decoded to see what a candidate gives."""
MARGIN = 3.0
"""How much likelier one candidate must be than the next, in nats."""
CLOSES = {"”": "“", "’": "‘", "）": "（", "》": "《", "」": "「", "』": "『", "】": "【"}
_PREFIX = re.compile(rb"([\xe1-\xef][\x80-\xbf])\xff?|([\xe1-\xef][\x80-\xbf])\?")

Undo = Callable[[str, str], tuple[str, list[bytes]]]


class Filler:
    """Fills the holes of one document."""

    def __init__(self, undo: Undo, model: Model) -> None:
        """Take the function that undoes one layer of a whole stretch and returns its holes."""
        self.undo = undo
        self.model = model
        self.left = MAX_HOLES

    def fill(self, damaged: str, names: tuple[str, ...]) -> str:
        """Return the text below all layers, with what can be filled filled."""
        text = damaged
        for depth, name in enumerate(names):
            text, holes = self.undo(text, name)
            text = self._filled(text, holes, names[depth + 1 :])
        return text

    def _filled(self, text: str, holes: list[bytes], deeper: tuple[str, ...]) -> str:
        places = [i for i, char in enumerate(text) if char == MARK]
        if len(places) != len(holes):
            return text
        chars = list(text)
        for at, raw in zip(places, holes, strict=True):
            prefix = _PREFIX.fullmatch(raw)
            lost_private = raw == b"\xee\xff" and bool(deeper)
            if (prefix is None and not lost_private) or self.left == 0:
                continue
            self.left -= 1
            options = _options(prefix[1] or prefix[2]) if prefix else _private(deeper[0])
            if not deeper:
                chars[at] = _closing(chars[:at], options) or MARK
            else:
                chars[at] = self._only(chars, at, options, deeper) or MARK
        return "".join(chars)

    def _only(self, chars: list[str], at: int, options: str, deeper: tuple[str, ...]) -> str:
        """Return the one character that makes the layers below valid, or an empty string."""
        before = "".join(chars[max(at - WINDOW, 0) : at])
        after = "".join(chars[at + 1 : at + 1 + WINDOW])
        least = _below(before + MARK + after, deeper).count(MARK)
        found = {
            below: char
            for char in options
            if (below := _below(before + char + after, deeper)).count(MARK) < least
        }
        if len(found) <= 1:
            return next(iter(found.values()), "")
        below = list(found)
        # A hole more or less is no evidence: only what was read counts.
        lengths = [len(text) - text.count(MARK) for text in below]
        means = self.model.scores([text.replace(MARK, "") for text in below])
        totals = sorted(zip((m * n for m, n in zip(means, lengths, strict=True)), below, strict=True))
        (second, _), (best, text) = totals[-2:]
        return found[text] if best - second >= MARGIN else ""


def _options(prefix: bytes) -> str:
    """Return the characters whose first two bytes are known; 0x80 would not have been lost."""
    codes = (bytes((*prefix, last)).decode("utf-8", "ignore") for last in range(0x81, 0xC0))
    return "".join(codes)


@cache
def _private(name: str) -> str:
    """Return the private-use characters whose bytes can be inside a sequence."""
    reading = view(name)
    return "".join(
        chr(c)
        for c in range(0xE000, 0xF8FF)
        if reading.size[c] == 2 and 0x80 <= reading.first[c] < 0xC0 > reading.second[c] >= 0x80
    )


def _closing(before: list[str], options: str) -> str:
    """Return the closing mark among the options whose opening mark stands open before."""
    for mark in options:
        opening = CLOSES.get(mark)
        if opening and before.count(opening) > before.count(mark):
            return mark
    return ""


def _below(text: str, names: tuple[str, ...]) -> str:
    for name in names:
        table = _bytes_of(name)
        text, _ = decode(b"".join(table[min(ord(char), 0xFFFF)] for char in text))
    return text


@cache
def _bytes_of(name: str) -> list[bytes]:
    """Return the bytes of each BMP character in a reading: 65,536 entries."""
    reading = view(name)
    rows = zip(reading.first.tolist(), reading.second.tolist(), reading.size.tolist(), strict=True)
    table = [bytes((a, b)[:n]) for a, b, n in rows]
    table[0xFFFD] = bytes((UNKNOWN,))
    return table
