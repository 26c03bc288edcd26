"""Lines, and the fixed width at which a text was wrapped.

A line that ends in mid-sentence was cut where its next word would not have fitted any more: each
such break votes for the widths that explain it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from pipeline.text import layout as look
from pipeline.text.reflow.seam import bond, torn

NARROW = 10
"""Characters below which a line is no line of wrapped prose."""
WIDEST = 120
"""Columns above which a line is no line of wrapped prose. So many characters are too wide, too."""
_LONGEST_WORD = 24
"""A longer run of ASCII is cut wherever the line ends."""
MANY = 3
"""Lines that end in mid-sentence from which a width can be found."""
_WORD = re.compile(r"[!-~]+")
_HANGING = re.compile("[，。、；：！？）》」』”’]$")
"""A mark that may hang over the edge."""


class Line(NamedTuple):
    """One line that is not blank.

    `start`, `end`: its text without indent and trailing blanks, in code points of the document.
    `blank`: whether blank lines stand before it. `fenced`: inside a fence of code.
    """

    start: int
    end: int
    text: str
    indent: str
    blank: bool
    fenced: bool = False

    @property
    def fixed(self) -> bool:
        """Whether the line is code or a row of a table, not to be touched."""
        return self.fenced or look.is_table(self.text) or look.is_code(self.text)


@dataclass(frozen=True, slots=True)
class Width:
    """The width at which a text was wrapped: in characters, or in columns."""

    in_columns: bool
    size: int

    def of(self, text: str) -> int:
        """Return the width of a text in this unit."""
        return look.columns(text) if self.in_columns else len(text)

    def fits(self, last: Line, this: Line) -> bool:
        """Whether the first word of `this` would have fitted at the end of `last`."""
        first, blank = _first_word(last, this)
        return self.of(last.indent + last.text) + blank + self.of(first) <= self.size


def wrap_width(lines: Sequence[Line], kinds: Sequence[str]) -> Width | None:
    """Return the width at which most lines that end in mid-sentence were cut, if there is one.

    Each break in mid-sentence votes for the widths that explain it: the line fitted, and the line
    with the next line's first word would not have. The width with most votes wins, of several the
    one that fewest lines exceed; if the lines on the two sides of those breaks belong together.
    """
    free = [line for line in lines if not line.fenced]
    if sum(_is_wide(line.text) for line in free) * 10 > len(free):
        return None
    breaks = [pair for pair, kind in zip(pairwise(lines), kinds, strict=False) if kind == "bare"]
    breaks = [(last, this) for last, this in breaks if not (last.fenced or this.fenced)]
    if sum(len(last.text) >= NARROW for last, _ in breaks) < MANY:
        return None
    breaks = [(last, this) for last, this in breaks if not (last.text.isascii() and last.fixed)]
    likely, most = _voted(breaks)
    if most < MANY or most * 2 < len(breaks):
        return None
    inside = [line.indent + _HANGING.sub("", line.text) for line in free]
    wider = [sum(width.of(line) > width.size for line in inside) for width in likely]
    best = likely[wider.index(min(wider))]
    far = sum(best.of(line.indent + line.text) > best.size + 2 for line in free)
    if far * 10 > len(free):
        return None
    full = [(last.text, this.text) for last, this in breaks if not best.fits(last, this)]
    return best if sum(bond(*pair) for pair in full) > 0 or _is_prose(full) else None


def _voted(breaks: Sequence[tuple[Line, Line]]) -> tuple[list[Width], int]:
    """Return the widths that explain most breaks, and how many they explain."""
    changes: tuple[Counter[int], Counter[int]] = Counter(), Counter()
    for last, this in breaks:
        first, blank = _first_word(last, this)
        line = last.indent + last.text
        for change, measure, least in zip(changes, _MEASURES, _LEAST, strict=True):
            size = measure(line)
            start = max(size, least)
            end = min(size + blank + measure(first), size + _LONGEST_WORD)
            if start < end:
                change[start] += 1
                change[end] -= 1
    shared = [_shared(change) for change in changes]
    most = max(count for _, count in shared)
    widths = [
        Width(in_columns, size)
        for in_columns, (sizes, count) in zip((False, True), shared, strict=True)
        for size in sizes
        if count == most
    ]
    return widths, most


def _shared(changes: Mapping[int, int]) -> tuple[list[int], int]:
    """Return the sizes that most votes share, and how many do; by size, how many more there are."""
    sizes: list[int] = []
    most = votes = 0
    for at, after in pairwise([*sorted(changes), 0]):
        votes += changes[at]
        if votes > most:
            sizes, most = [], votes
        if votes == most > 0:
            sizes += range(at, after)
    return sizes, most


def _is_prose(full: Sequence[tuple[str, str]]) -> bool:
    """Whether the sentences of full lines go on, by their marks; lists of one width have none."""
    free = [pair for pair in full if not (look.is_item(pair[1]) or look.is_label(pair[1]))]
    return sum(torn(last, last, this, -99.0) for last, this in free) > 0


def _is_wide(line: str) -> bool:
    """Whether a line is too wide for any wrapped text."""
    size = len(line)
    return size > WIDEST or (size * 2 > WIDEST and look.columns(line) > WIDEST)


def _first_word(last: Line, this: Line) -> tuple[str, bool]:
    """Return what of a line can not be parted, and whether a blank belongs before it."""
    text = this.text
    if "!" <= text[:1] <= "~":
        word = _WORD.match(text)
        return word[0] if word else "", last.text[-1:].isascii()
    two = look.is_continuation(text[1:]) or text[:1] == "·"
    return text[: 1 + two], False


_MEASURES = (len, look.columns)
_LEAST = (NARROW, 2 * NARROW)
