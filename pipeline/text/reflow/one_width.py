"""Which texts of a batch may have been wrapped at one width: `width.py` for all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.runs import firsts
from pipeline.text import layout as look
from pipeline.text import lines as kind
from pipeline.text.lines import Bools, Lines, Places
from pipeline.text.reflow.width import MANY, NARROW, WIDEST

_NEVER_FITS = 24
"""Characters of a first word that is cut wherever the line ends (see `width`)."""


def of_one_width(lines: Lines, asked: Bools) -> Places:
    """Return the lines without a mark of those texts that may have been wrapped at one width.

    As `wrap_width` finds it: half the breaks after such a line, and `MANY`, are explained by it,
    and few lines are wider. Of the n texts those `asked` (bool (n,)) are looked at.
    """
    n = len(asked)
    every = np.flatnonzero(asked[lines.owners])
    every = every[_bare(lines, every)]
    asked &= np.bincount(lines.owners[every], lines.sizes(every) >= NARROW, n) >= MANY
    every = every[asked[lines.owners[every]]]
    if not len(every):
        return every
    columns = lines.columns(every)
    latin = columns == lines.sizes(every)
    # Code does not count: what ends or looks so.
    code = (lines.tails[every] & kind.CODE_END) != 0
    mine = np.flatnonzero(~(latin & code))
    latin = latin[mine]
    plain = (lines.tails[every[mine]] & kind.CREDIT) == 0
    stretches = _stretches(lines, every[mine], columns[mine])
    votes = _Votes(lines.owners[every[mine]], stretches, plain)
    asked &= np.logical_or(*votes.agree(~latin, n))
    doubtful = np.flatnonzero(latin & asked[votes.owners])
    prose = np.ones(len(mine), np.bool_)
    prose[doubtful] = _prose(lines, every[mine[doubtful]])
    votes = votes.of(prose)
    agreed = votes.agree(prose[prose], n)
    asked &= agreed[0] | agreed[1]
    if asked.any():
        few = _few(lines, votes, asked)
        asked &= (agreed[0] & few[0]) | (agreed[1] & few[1])
    return every[asked[lines.owners[every]]]


def _few(lines: Lines, votes: _Votes, asked: Bools) -> list[Bools]:
    """Return in which of the texts `asked` few lines are too wide: in characters, in columns.

    Too wide for the text, or for any that was wrapped.
    """
    n = len(asked)
    every = np.flatnonzero(asked[lines.owners])
    owners, sizes, columns = lines.owners[every], lines.sizes(every), lines.columns(every)
    tenth = np.bincount(owners, minlength=n) / 10
    free = ~(lines.fenced | lines.blank)[every]
    wrapped = np.bincount(owners, free & (columns > WIDEST), n) <= tenth
    few = []
    for measure, (_, grown) in zip((sizes, columns), votes.stretches, strict=True):
        most = np.zeros(n, np.intp)
        np.maximum.at(most, votes.owners, grown)
        wider = np.bincount(owners, free & (measure > most[owners] + 2), n)
        few.append(wrapped & (wider <= tenth))
    return few


def _bare(lines: Lines, every: Places) -> Bools:
    """Return which of some lines (whole texts) end without a mark, with a line after them."""
    fenced = lines.fenced[every]
    full = lines.sizes(every) > 0
    followed = np.append(np.diff(lines.owners[every]) == 0, False) & full & ~fenced
    followed[:-1] &= full[1:] & ~fenced[1:]
    marked = (
        lines.tails[every] & (kind.STOP | kind.SEMI | kind.CLOSER | kind.COMMA | kind.OPEN)
    ) != 0
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

    `stretches`: in characters, and in columns. `plain`: whether the line can not be the credit of a
    picture, which ends a sentence.
    """

    owners: Places
    stretches: list[tuple[Places, Places]]
    plain: Bools

    def of(self, kept: Bools) -> _Votes:
        """Return the votes of some of the breaks."""
        stretches = [(least[kept], grown[kept]) for least, grown in self.stretches]
        return _Votes(self.owners[kept], stretches, self.plain[kept])

    def agree(self, sure: Bools, n: int) -> tuple[Bools, Bools]:
        """Return in which of n texts half the breaks, and MANY, share a width: bool (n,).

        In characters, and in columns. `sure`: the breaks that count in any case.
        """
        least = np.maximum(np.bincount(self.owners, sure & self.plain, n), 2 * MANY)
        owners = np.concatenate([self.owners, self.owners + n])
        starts, ends = map(np.concatenate, zip(*self.stretches, strict=True))
        shared = _overlap(owners, starts, ends, 2 * n) * 2
        return shared[:n] >= least, shared[n:] >= least


def _stretches(lines: Lines, mine: Places, columns: Places) -> list[tuple[Places, Places]]:
    """Return the widths that explain the breaks after some lines: from, to.

    In characters, then in columns: the line fitted, and with the next one's first word it did not.
    """
    two = ((lines.at(2, mine) & kind.LEFTOVER) != 0) | (
        (lines.heads[mine + 1] & kind.HAN_FIRST) == 0
    )
    word = _latin_words(lines.codes, lines.ends[mine] + 1)
    found = []
    for size, one in ((lines.sizes(mine), 1), (columns, 2)):
        grown = np.where(word, word + 1, np.where(two, 2 * one, one))
        found.append((np.maximum(size, one * NARROW), size + grown))
    return found


def _latin_words(codes: NDArray[np.uint32], starts: Places) -> Places:
    """Return how many ASCII characters without a blank begin at each place, at most as counted."""
    sizes = np.zeros(len(starts), np.intp)
    some = np.flatnonzero(_is_latin(codes[starts]))
    window = codes[np.minimum(starts[some, None] + np.arange(_NEVER_FITS), len(codes) - 1)]
    other = ~_is_latin(window)
    sizes[some] = np.where(other.any(axis=1), other.argmax(axis=1), _NEVER_FITS)
    return sizes


def _is_latin(codes: NDArray[np.uint32]) -> Bools:
    return (codes - np.uint32(ord("!"))) <= ord("~") - ord("!")  # below, they wrap around


def _overlap(owners: Places, starts: Places, ends: Places, n: int) -> Places:
    """Return for each of n owners how many of its stretches [start, end) share one place."""
    kept = starts < ends
    owners, starts, ends = owners[kept] << 33, starts[kept] << 1, ends[kept] << 1
    key = np.sort(np.concatenate([owners | starts | 1, owners | ends]))
    depth = np.cumsum(np.where(key & 1, 1, -1))
    key >>= 33
    first = firsts(key)
    most = np.zeros(n, np.intp)
    if len(first):
        most[key[first]] = np.maximum.reduceat(depth, first)
    return most
