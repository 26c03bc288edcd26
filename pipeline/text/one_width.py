"""Which texts of a batch may have been wrapped at one width: `text/width.py` for all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.text import layout as look
from pipeline.text.lines import (
    CLOSER,
    CODE_END,
    COMMA,
    CREDIT,
    HAN_FIRST,
    LEFTOVER,
    OPEN,
    SEMI,
    STOP,
    Bools,
    Lines,
    Places,
)
from pipeline.text.width import MANY, NARROW, WIDEST

_NEVER_FITS = 24
"""Characters of a first word that is cut wherever the line ends (see `width`)."""


def of_one_width(lines: Lines, asked: Bools) -> Places:
    """Return the lines without a mark of those texts that may have been wrapped at one width.

    As `wrap_width` finds it: half the breaks after such a line, and `MANY`, are explained by it,
    and few lines are wider. Of the n texts those `asked` (bool (n,)) are looked at.
    """
    n = len(asked)
    asked &= ~_too_wide(lines, asked)
    every = np.flatnonzero(asked[lines.owners])
    every = every[_bare(lines, every)]
    asked &= np.bincount(lines.owners[every], lines.sizes(every) >= NARROW, n) >= MANY
    every = every[asked[lines.owners[every]]]
    if not len(every):
        return every
    latin = lines.columns(every) == lines.sizes(every)
    # Code does not count: what ends or looks so.
    code = (lines.tails[every] & CODE_END) != 0
    mine = np.flatnonzero(~(latin & code))
    latin = latin[mine]
    plain = (lines.tails[every[mine]] & CREDIT) == 0
    votes = _Votes(lines.owners[every[mine]], list(_stretches(lines, every[mine])), plain)
    every_width = [np.ones(n, np.bool_)] * 2
    asked &= votes.agree(~latin, every_width)
    doubtful = np.flatnonzero(latin & asked[votes.owners])
    prose = np.ones(len(mine), np.bool_)
    prose[doubtful] = _prose(lines, every[mine[doubtful]])
    votes = votes.of(prose)
    asked &= votes.agree(prose[prose], every_width)
    asked &= votes.agree(prose[prose], _few(lines, votes, asked))
    found: Places = every[asked[lines.owners[every]]]
    return found


def _too_wide(lines: Lines, asked: Bools) -> Bools:
    """Return which of the texts `asked` have many lines that are too wide for any wrapped text."""
    n = len(asked)
    free = asked[lines.owners] & ~(lines.fenced | lines.blank)
    sizes = lines.ends - lines.starts
    wide = free & (sizes > WIDEST)
    some = np.flatnonzero(free & ~wide & (sizes * 2 > WIDEST))
    if len(some):
        wide[some] = lines.columns(some) > WIDEST
    found: Bools = np.bincount(lines.owners, wide, n) * 10 > np.bincount(lines.owners, minlength=n)
    return found


def _few(lines: Lines, votes: _Votes, asked: Bools) -> list[Bools]:
    """Return in which of the texts `asked` few lines are too wide: in characters, in columns."""
    n = len(asked)
    every = np.flatnonzero(asked[lines.owners])
    if not len(every):
        return [asked, asked]
    owners, sizes, columns = lines.owners[every], lines.sizes(every), lines.columns(every)
    tenth = np.bincount(owners, minlength=n) / 10
    free = ~(lines.fenced | lines.blank)[every]
    few = []
    for measure, (_, grown, _) in zip((sizes, columns), votes.stretches, strict=True):
        most = np.zeros(n, np.intp)
        np.maximum.at(most, votes.owners, grown)
        wider = np.bincount(owners, free & (measure > most[owners] + 2), n)
        few.append(wider <= tenth)
    return few


def _bare(lines: Lines, every: Places) -> Bools:
    """Return which of some lines (whole texts) end without a mark, with a line after them."""
    fenced = lines.fenced[every]
    followed = np.append(np.diff(lines.owners[every]) == 0, False) & ~fenced
    followed[:-1] &= (lines.sizes(every)[1:] > 0) & ~fenced[1:]
    marked = (lines.tails[every] & (STOP | SEMI | CLOSER | COMMA | OPEN)) != 0
    found: Bools = followed & ~marked
    return found


def _prose(lines: Lines, which: Places) -> Bools:
    """Return which of some lines, all ASCII, are neither code nor of a table."""
    if not len(which):
        return np.zeros(0, np.bool_)
    prose = lines.plain(which)
    for k in np.flatnonzero(~prose).tolist():
        line = lines.text(which.item(k))
        prose[k] = not (look.is_code(line) or look.is_table(line))
    return prose


@dataclass(frozen=True, slots=True)
class _Votes:
    """The widths that explain some breaks: of each its text, and from where to where they go.

    `plain`: whether the line can not be the credit of a picture, which ends a sentence.
    """

    owners: Places
    stretches: list[tuple[Places, Places, int]]
    plain: Bools

    def of(self, kept: Bools) -> _Votes:
        """Return the votes of some of the breaks."""
        stretches = [(size[kept], grown[kept], least) for size, grown, least in self.stretches]
        return _Votes(self.owners[kept], stretches, self.plain[kept])

    def agree(self, sure: Bools, few: Sequence[Bools]) -> Bools:
        """Return in which of n texts half the breaks, and MANY, share a width: bool (n,).

        `sure`: the breaks that count in any case. `few`: for each measure, the texts in which few
        lines are wider.
        """
        n = len(few[0])
        least = np.maximum(np.bincount(self.owners, sure & self.plain, n), 2 * MANY)
        found = np.zeros(n, np.bool_)
        for (size, grown, narrowest), narrow in zip(self.stretches, few, strict=True):
            shared = _overlap(self.owners, np.maximum(size, narrowest), grown, n)
            found |= narrow & (shared * 2 >= least)
        return found


def _stretches(lines: Lines, mine: Places) -> Iterator[tuple[Places, Places, int]]:
    """Yield the widths that explain the breaks after some lines: from, to, and the least.

    In characters, then in columns: the line fitted, and with the next one's first word it did not.
    """
    two = ((lines.at(2, mine) & LEFTOVER) != 0) | ((lines.heads[mine + 1] & HAN_FIRST) == 0)
    word = _latin_words(lines.codes, lines.ends[mine] + 1)
    for size, one in ((lines.sizes(mine), 1), (lines.columns(mine), 2)):
        grown = np.where(word, word + 1, np.where(two, 2 * one, one))
        yield size, size + grown, one * NARROW


def _latin_words(codes: NDArray[np.uint32], starts: Places) -> Places:
    """Return how many ASCII characters without a blank begin at each place, at most as counted."""
    sizes = np.zeros(len(starts), np.intp)
    some = np.flatnonzero(_is_latin(codes[starts]))
    window = codes[np.minimum(starts[some, None] + np.arange(_NEVER_FITS), len(codes) - 1)]
    other = ~_is_latin(window)
    sizes[some] = np.where(other.any(axis=1), other.argmax(axis=1), _NEVER_FITS)
    return sizes


def _is_latin(codes: NDArray[np.uint32]) -> Bools:
    found: Bools = (codes - np.uint32(ord("!"))) <= ord("~") - ord("!")  # below, they wrap around
    return found


def _overlap(owners: Places, starts: Places, ends: Places, n: int) -> Places:
    """Return for each of n owners how many of its stretches [start, end) share one place."""
    kept = starts < ends
    owners, starts, ends = owners[kept], starts[kept], ends[kept]
    key = np.concatenate([owners, owners]) << 33 | np.concatenate([starts << 1 | 1, ends << 1])
    order = np.argsort(key)
    depth = np.cumsum(np.where(order < len(owners), 1, -1))
    most = np.zeros(n, np.intp)
    np.maximum.at(most, np.concatenate([owners, owners])[order], depth)
    return most
