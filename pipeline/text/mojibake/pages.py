"""Damaged texts side by side, and the repairs that are found in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, pairwise
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.text.mojibake import gate
from pipeline.text.mojibake.alphabets import fitting
from pipeline.text.mojibake.chains import undone_whole
from pipeline.text.mojibake.codecs import ONE_BYTE
from pipeline.text.mojibake.fill import Filler
from pipeline.text.mojibake.hopeless import Mentions, about_damage
from pipeline.text.mojibake.judge import beyond_ascii
from pipeline.text.ngram import Model

COVERED = 0.95
"""Share of the characters beyond ASCII whose repair settles which reading it was."""


class Repair(NamedTuple):
    """Characters `start` to `end` of the text, through `chain` (outermost reading first).

    `before` and `after` are log-probabilities of the whole.
    """

    start: int
    end: int
    text: str
    chain: tuple[str, ...]
    before: float
    after: float
    sequences: int


def confidences(repairs: Iterable[Repair]) -> list[float]:
    """Return how sure each repair is, 0-1: by what it gains, in nats for each character."""
    rows = list(repairs)
    before, after = np.array([r.before for r in rows]), np.array([r.after for r in rows])
    gain = (after - before) / np.maximum(np.array([r.sequences for r in rows], np.int64), 1)
    sure: list[float] = np.round(1 - 0.5 * np.exp(-np.maximum(gain, 0) / 4), 3).tolist()
    return sure


class Sheet:
    """Some texts, one after the other, each followed by a line end."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.codes = code_points("\n".join([*texts, ""]))
        self.high = beyond_ascii(self.codes)

    @cached_property
    def mentions(self) -> Mentions:
        """Return which of the texts may speak of encodings."""
        return Mentions(self.codes)


class Page:
    """A text of a sheet, what it may need, and what has been found in it."""

    def __init__(self, sheet: Sheet, text: str, kinds: int, at: int, model: Model) -> None:
        self.sheet = sheet
        self.text = text
        self.kinds = kinds
        self.at = at
        self.outside = int(sheet.high[at + len(text)] - sheet.high[at])
        self.alphabets = fitting(text) if kinds & gate.ALPHABET else []
        self.readings = outermost(kinds, self.alphabets)
        self.found: list[Repair] = []
        self.tangled = False  # some of what was found may overlap
        self.covered = self.left = 0
        self.filler = Filler(undone_whole, model)

    def inside(self, repairs: Sequence[Repair]) -> NDArray[np.int64]:
        """Return how many characters beyond ASCII each repair has: int64 (n,)."""
        high = self.sheet.high[self.at :]
        ends = high[np.array([repair.end for repair in repairs], np.intp)]
        return ends - high[np.array([r.start for r in repairs], np.intp)]

    def pieces(self) -> Iterator[tuple[int, int]]:
        """Yield start and end in the sheet of what is left of lines: two characters at least."""
        places = chain.from_iterable(map(itemgetter(0, 1), self.found))
        edges = np.array([0, *places, len(self.text)]) + self.at
        high = self.sheet.high[edges]
        for i in np.flatnonzero(high[1::2] - high[::2] >= 2).tolist():
            start, end = edges[2 * i : 2 * i + 2].tolist()
            breaks = start + np.flatnonzero(self.sheet.codes[start:end] == ord("\n"))
            for a, b in pairwise([start - 1, *breaks.tolist(), end]):
                if self.sheet.high[b] - self.sheet.high[a + 1] >= 2:
                    yield a + 1, b

    def next_reading(self) -> str:
        """Return the next reading to try, or an empty string where no more are."""
        # Two readings of one text are not both UTF-8 throughout.
        if not self.readings or self.covered > COVERED * self.outside:
            return ""
        return self.readings.pop(0)

    def about(self) -> list[tuple[int, int]]:
        """Return start and end of each word of the text that speaks of encodings."""
        speaks = self.sheet.mentions.between(self.at, self.at + len(self.text))
        return about_damage(self.text) if speaks else []


def count_left(pages: Sequence[Page]) -> None:
    """Count the characters beyond ASCII of some pages of a sheet in which nothing was found."""
    pages = [page for page in pages if page.found]
    if not pages:
        return
    high = pages[0].sheet.high
    rows = [(page.at, repair) for page in pages for repair in page.found]
    ends = high[np.array([at + repair.end for at, repair in rows])]
    inside = ends - high[np.array([at + repair.start for at, repair in rows])]
    sums = np.add.reduceat(inside, np.cumsum([0, *(len(page.found) for page in pages[:-1])]))
    for page, count in zip(pages, sums.tolist(), strict=True):
        page.left = page.outside - count


def outermost(kinds: int, alphabets: Sequence[str] = ()) -> list[str]:
    """Return the readings of UTF-8 that the gate's suspicion allows.

    `alphabets`: the tables that have the letters of the text. Others have some of them, and would
    undo pieces.
    """
    names = list(alphabets)
    for kind, more in (
        (gate.UTF8_GBK, ("gbk",)),
        (gate.UTF8_LATIN, ("cp1252", "macroman")),
        (gate.UTF8_CYRILLIC, ("cp1251",)),
        (gate.KANA, ("cp932",)),
        (gate.KOREAN, ("cp949",)),
        (gate.UNLIKELY, ("cp932", "cp949", "big5")),
    ):
        if kinds & kind:
            names += (name for name in more if not (alphabets and name in ONE_BYTE))
    return list(dict.fromkeys(names))


def disjoint(found: list[Repair]) -> list[Repair]:
    """Keep the better of repairs that overlap, judged by what they gain in all."""
    kept: list[Repair] = []
    for repair in sorted(found, key=itemgetter(0, 1)):
        if kept and repair.start < kept[-1].end:
            if _gain(repair) > _gain(kept[-1]):
                kept[-1] = repair
        else:
            kept.append(repair)
    return kept


def _gain(repair: Repair) -> float:
    return repair.after - repair.before
