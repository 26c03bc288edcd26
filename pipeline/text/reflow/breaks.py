"""Which texts of a batch reflow has to look at: those with a line break that could be changed.

Most clean texts have none: every line ends a sentence and begins with neither blank nor comma. The
breaks that could stand in mid-sentence are weighed all at once, as `seam.torn` would, with what is
dear to find out taken at its best; only texts in which that is enough are read in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.text import codes as arrays
from pipeline.text import layout as look
from pipeline.text import lines as kind
from pipeline.text.lines import INLINE, Bools, Lines, Places, by_text, lines_of
from pipeline.text.reflow import seam
from pipeline.text.reflow.blanks import moved
from pipeline.text.reflow.joinable import may_be_joined
from pipeline.text.reflow.one_width import of_one_width
from pipeline.text.reflow.pagination import may_have_pages
from pipeline.text.reflow.width import MANY, WIDEST, Line, wrap_width
from pipeline.text.reflow.wrapping import SURE

_SLICE = 1 << 20
"""Code points a slice: most arrays here are of its lines, a fortieth of them."""
_NEVER = -9.0
_UNCLOSED = 3.7
"""Nats that an open bracket or quotation is worth (see `seam.torn`)."""
_ROUNDING = 0.01
"""Nats by which sums of float32 may be too small."""


def suspects(texts: Sequence[str]) -> dict[int, bool]:
    """Return the numbers of the texts in which a line break, indent or blank line could go.

    With each comes whether it may have been wrapped at a width.
    """
    found: dict[int, bool] = {}
    for part in arrays.slices(texts, joined=True, size=_SLICE):
        lines = lines_of(part)
        hit = moved(texts, part, lines) | may_have_pages(lines, len(part.starts) - 1)
        wrapped = hit.copy()  # not known of those
        breaks, sure = _breaks(lines, hit)
        spoken = np.bincount(lines.owners[sure], minlength=len(hit)) > 0
        likely, odds, narrow = _weighed(lines, breaks, spoken)
        for i, mine in by_text(lines, narrow):
            read = _read(texts[part.first + i], int(part.starts[i]), lines)
            hit[i] = wrapped[i] = _has_width(lines, mine, read)
        owners = lines.owners[likely]
        kept = ((_may_be_sure(owners, odds, len(hit)) | spoken) & ~hit)[owners]
        for i, mine in by_text(lines, np.union1d(likely[kept], sure[~hit[lines.owners[sure]]])):
            pairs = ((lines.text(j), lines.text(j + 1)) for j in mine.tolist())
            hit[i] = may_be_joined(pairs, texts[part.first + i])
        for i in np.flatnonzero(hit).tolist():
            found[part.first + i] = bool(wrapped[i])
    return found


def _may_be_sure(owners: Places, odds: NDArray[np.float64], n: int) -> Bools:
    """Return which of n texts the `_highest_prior` may join, if all their odds were the highest."""
    best = np.full(n, -9.0)
    np.maximum.at(best, owners, odds)
    many = np.bincount(owners, minlength=n)
    share = np.full(n, 0.1)
    for _ in range(4):
        likely = 1 / (1 + np.exp(-best) * (1 - share) / share)
        share = (many * np.maximum(likely, 0.1) + 0.3) / (many + 3)
    prior = np.log(share / (1 - share))
    found: Bools = (prior > -_ROUNDING) | (best + prior > SURE - _ROUNDING)
    return found


def _breaks(lines: Lines, hit: Bools) -> tuple[Places, Places]:
    """Return the numbers of the lines that may end in mid-sentence, and of those that must.

    Those have a comma or an opening bracket at their end, or a mark at the start of the next one.
    Texts that are `hit` already are left out.
    """
    ends = lines.ends
    inner = np.append(np.diff(lines.owners) == 0, False) & ~lines.fenced
    inner[:-1] &= (ends[1:] > lines.starts[1:]) & ~lines.fenced[1:]
    mine = np.flatnonzero(inner & ~hit[lines.owners])
    before = lines.tails[mine]
    stopped = (before & (kind.STOP | kind.SEMI)) != 0
    closed = np.flatnonzero(((before & kind.CLOSER) != 0) & ~stopped)
    second = lines.at(-2, mine[closed])
    seen = second | np.where((second & kind.CLOSER) != 0, lines.at(-3, mine[closed]), 0)
    stopped[closed] = (seen & kind.STOP) != 0
    long = (lines.sizes(mine) >= seam.SHORTEST) | ((before & kind.OPEN) != 0)
    goes_on = (lines.heads[mine + 1] & kind.LEFTOVER) != 0
    cut = goes_on | (~stopped & long)
    spoken = mine[cut & ~goes_on & ((before & (kind.COMMA | kind.OPEN)) != 0)]
    spoken = spoken[(lines.held(spoken) & kind.LETTER) != 0]
    return mine[cut], np.concatenate([mine[goes_on], spoken])


def _read(text: str, start: int, lines: Lines) -> Callable[[int], Line]:
    """Return what reads one of the lines of a text, which begins at `start` in the slice."""
    starts, ends, fenced = lines.starts.item, lines.ends.item, lines.fenced.item

    def read(i: int) -> Line:
        first, end = starts(i) - start, ends(i) - start
        line = text[first:end]
        content = line.strip(INLINE)
        indent = line[: line.index(content)] if content is not line else ""
        return Line(first, end, content, indent, False, fenced(i))

    return read


def _has_width(lines: Lines, bare: Places, read: Callable[[int], Line]) -> bool:
    """Whether a text was wrapped at a width; only its lines `bare` may end without a mark."""
    first, last = np.searchsorted(lines.owners, lines.owners[bare[0]] + np.arange(2)).tolist()
    ends = dict.fromkeys(bare.tolist())
    every = [(read(i), i in ends) for i in range(first, last)]
    every = [(line, bare) for line, bare in every if line.text]
    kinds = [look.ending(line.text) if bare else "" for line, bare in every]
    return wrap_width([line for line, _ in every], kinds) is not None


def _weighed(
    lines: Lines, mine: Places, spoken: Bools
) -> tuple[Places, NDArray[np.float64], Places]:
    """Return after which of the lines `mine` the sentence is likely to go on, and the odds.

    And the lines without a mark in those texts that may have been wrapped at a width: only that
    could join what the sentence does not. `spoken`: the texts with a sentence that must go on.
    """
    owners, n = lines.owners[mine], len(spoken)
    if not len(mine):
        return mine, np.zeros(0), mine
    # A width could join what the sentence does not, in texts whose lines are not too wide for one.
    total = np.bincount(lines.owners, minlength=n)
    wide = (lines.ends - lines.starts > WIDEST) & ~(lines.fenced | lines.blank)
    asked = np.bincount(lines.owners, wide, n) * 10 <= total
    asked &= np.bincount(owners, minlength=n) >= MANY
    marked = (lines.heads[mine + 1] & kind.MARKER) != 0  # an item of a list, or a heading
    bonds, odds = np.zeros(len(mine), np.float32), np.full(len(mine), _NEVER)
    letters = np.zeros(len(mine), np.bool_)
    free = np.flatnonzero(~marked)
    bonds[free], odds[free], letters[free] = _weights(lines, mine[free], asked[owners[free]])
    above = np.flatnonzero(odds > 0)
    above = above[~(lines.labels(mine[above] + 1) | lines.items(mine[above] + 1))]
    hopeful = np.bincount(owners, _at_best(lines, mine, marked, bonds), n) > -_ROUNDING
    hopeful[owners[above]] = True
    asked &= hopeful | spoken
    above = above[letters[above]]
    return mine[above], odds[above], of_one_width(lines, asked)


def _at_best(
    lines: Lines, mine: Places, marked: Bools, bonds: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return what the breaks after some lines add at most to the bonds of a text: float32.

    See `may_go_on`: nothing beside a heading or code (`joins`), -1 before an item (`marked`) or a
    label, else the bond; of ideographs with others behind them it can be nothing else.
    """
    last, this, tails = lines.heads[mine], lines.heads[mine + 1], lines.tails[mine]
    apart = ((last | this) & kind.HEAD) != 0
    apart |= lines.blank[mine] | lines.blank[mine + 1]
    least = np.where(apart, np.float32(0.0), np.float32(-1.0))
    plain = ((tails & (kind.HAN_FIRST | kind.COMMA)) != 0) & ((tails & kind.CREDIT) == 0)
    plain &= ((this & (kind.ITEM | kind.LABEL)) == 0) & ~(apart | marked)
    plain = np.flatnonzero(plain & (bonds < -1))
    plain = plain[~lines.labels(mine[plain] + 1)]
    found = np.where(marked, least, np.maximum(bonds, least))
    found[plain] = bonds[plain]
    return found


def _weights(
    lines: Lines, mine: Places, all_of: Bools
) -> tuple[NDArray[np.float32], NDArray[np.float64], Bools]:
    """Return the bond over the breaks after some lines, and the odds that they go, at their best.

    And whether there is an ideograph in the line. The odds are those of `seam.torn`, with lines
    taken to be without a label. Bonds that could not bring the odds above 0 are looked up only
    where `all_of` (bool) wants them all.
    """
    last, this, first = lines.held(mine), lines.held(mine + 1), lines.heads[mine]
    sizes = lines.ends[mine] - lines.starts[mine]
    latin = ((last | this) & kind.BEYOND_ASCII) == 0
    # Latin prose goes on with a small letter; all else ends with its line.
    small = lines.codes[lines.starts[mine + 1]] - np.uint32(ord("a")) <= ord("z") - ord("a")
    prose = np.where(small & (sizes >= seam.LATIN_LINE), np.float32(2.0), np.float32(-2.0))
    odds = np.where(sizes < 16, -3.8, np.where(sizes >= 36, -1.6, -2.3)) + _ROUNDING
    odds += 1.1 * ((last & kind.MARKED) != 0)
    headline = ((last & kind.MARKED) == 0) & ((last & kind.SPACED) != 0)
    odds -= 3.5 * (headline & ((first & kind.ITEM) == 0))
    odds += 2.7 * ((last & kind.STOPPED) != 0)
    odds += _UNCLOSED * ((last & kind.PAIR) != 0)
    odds += 2.6 * ((this & kind.MARKED) != 0)
    odds -= 3.0 * ((lines.tails[mine] & kind.CLOSER) != 0)
    odds -= 1.5 * ((lines.heads[mine + 1] & kind.HAN_FIRST) == 0)
    wanted = np.flatnonzero(~latin & (all_of | (odds + 0.8 * seam.MOST_BOND > 0)))
    bonds = np.where(latin, prose, np.float32(0.0))
    bonds[wanted] = seam.bonds(lines.codes, lines.ends[mine[wanted]])
    odds += np.where(bonds > 0, 0.8 * bonds, 0.5 * bonds)
    # Most brackets are closed again.
    for k in np.flatnonzero(((last & kind.PAIR) != 0) & (odds > 0) & ~latin).tolist():
        if not look.unclosed(lines.text(mine.item(k))):
            odds[k] -= _UNCLOSED
    return bonds, np.where(latin, prose, odds), (last & kind.LETTER) != 0
