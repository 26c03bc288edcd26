"""Which texts of a batch reflow has to look at: those with a line break that could be changed.

Most clean texts have none: every line ends a sentence and begins with neither blank nor comma. The
breaks that could stand in mid-sentence are weighed all at once, as `seam.torn` would, with what is
dear to find out taken at its best; only texts in which that is enough are read in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text import codes as arrays
from pipeline.text import layout as look
from pipeline.text import seam
from pipeline.text.marks import HAN
from pipeline.text.seam import torn
from pipeline.text.wrapping import MANY, NARROW, WIDEST, Line, may_be_cut

BLANKS = " \t\u3000\xa0\u2000-\u200a\u202f\u205f"
LINE_ENDS = "\r\x85\u2028\u2029"

Places = NDArray[np.intp]
Flags = NDArray[np.uint32]

LINE, BLANK, FOREIGN, STOP, CLOSER, LEFTOVER, SEMI, OPEN = (1 << i for i in range(8))
MARKED, STOPPED, PAIR, LETTER, COMMA, BEYOND_ASCII, SPACED, ITEM = (1 << i for i in range(8, 16))
CREDIT, TICK, SHARP, HEAD = (1 << i for i in range(16, 20))
_EXTRA = 20  # this bit and the next: half columns beyond one

_ITEM_STARTS = "第一二三四五六七八九十百"
_NEVER_FITS = 24
"""Characters of a first word that is cut wherever the line ends (see `wrapping`)."""
_CODE_ENDS = [ord(c) for c in sorted(look.CODE_ENDS)]
_ROUNDING = 0.01
"""Nats by which sums of float32 may be too small."""


@cache
def _table() -> Flags:
    table = arrays.flag_table(
        {
            LINE: "\n",
            BLANK: BLANKS,
            FOREIGN: LINE_ENDS,
            STOP: look.STOPS + ">",
            CLOSER: look.CLOSERS,
            LEFTOVER: look.LEFTOVERS,
            SEMI: "；：;:",
            OPEN: look.OPENERS,
            MARKED: "，。、；：！？",
            STOPPED: "。！？",
            PAIR: "“（《「『",
            LETTER: HAN,
            COMMA: "，、,",
            BEYOND_ASCII: "\x80-\uffff",
            1 << _EXTRA: "\x80-\u07ff\uffff",
            2 << _EXTRA: "\u0800-\uffff",
            SPACED: " \u3000",
            TICK: "`",
            SHARP: "#",
            HEAD: "#<-=_*~",
            CREDIT: "".join(word[-1] for word in look.words("credit")),
        }
    )
    # What surely begins no item of a list: an ideograph that is no number, a quotation.
    plain = (table & LETTER) != 0
    plain[[ord(c) for c in _ITEM_STARTS]] = False
    plain[[ord(c) for c in "“《「『【"]] = True
    table[~plain] |= np.uint32(ITEM)
    return table


def suspects(texts: Sequence[str]) -> list[int]:
    """Return the numbers of the texts in which a line break, indent or blank line could go."""
    found: list[int] = []
    for part in arrays.slices(texts):
        lines = _lines(part)
        hit = _layout(part, lines)
        breaks = _breaks(lines, hit)
        for i, likely, all_of_it in _weighed(lines, breaks, hit):
            text, start = texts[part.first + i], int(part.starts[i])
            # With no odds above 0 the share of cut lines stays at the tenth that is taken at first.
            if any(
                torn(a.text, a.text, b.text, 0.0) > 0 for a, b in _read(text, lines, likely, start)
            ):
                hit[i] = may_be_cut(_read(text, lines, all_of_it, start))
        found += (np.flatnonzero(hit) + part.first).tolist()
    return found


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a slice, its characters and their flags.

    `starts`, `ends`: of each line, without its line end. `owners`: the text it is of. `fenced`:
    whether it is in a fence of code.
    """

    codes: NDArray[np.uint32]
    flags: Flags
    starts: Places
    ends: Places
    owners: Places
    fenced: NDArray[np.bool_]

    def kept(self, which: Places | NDArray[np.bool_]) -> _Lines:
        """Return some of the lines."""
        rows = (self.starts, self.ends, self.owners, self.fenced)
        return _Lines(self.codes, self.flags, *(row[which] for row in rows))

    def at(self, offset: int, which: Places) -> Flags:
        """Return the flags of the characters so far from the ends of some lines."""
        return self.flags[np.clip(self.ends[which] + offset, 0, len(self.flags) - 1)]

    def sizes(self) -> Places:
        """Return the size of each line in characters."""
        return self.ends - self.starts

    def headed(self, which: Places) -> NDArray[np.bool_]:
        """Return which of some lines are headings of Markdown: one to six # and a blank."""
        found = (self.flags[self.starts[which]] & SHARP) != 0
        places = np.flatnonzero(found)
        for size in range(1, 8) if len(places) else ():
            follows = self.codes[np.minimum(self.starts[which[places]] + size, len(self.codes) - 1)]
            found[places[follows != ord("#")]] = (follows[follows != ord("#")] == ord(" ")) & (
                size < 7
            )
            places = places[follows == ord("#")]
        found[places] = False
        return found

    def has(self, which: Places) -> Flags:
        """Return the flags that occur in each of some lines, their line ends among them."""
        bounds = np.column_stack([self.starts[which], self.ends[which] + 1]).ravel()
        if not len(bounds):
            return self.flags[:0]
        last = bounds[-1] == len(self.flags)
        found: Flags = np.bitwise_or.reduceat(self.flags, bounds[:-1] if last else bounds)[::2]
        return found

    def columns(self) -> Places:
        """Return the width of each line in columns, as `layout.columns` has it."""
        more = (self.flags >> np.uint32(_EXTRA)).astype(np.uint8) & np.uint8(3)
        bounds = np.column_stack([self.starts, self.ends]).ravel()
        halves = np.add.reduceat(more, bounds, dtype=np.int64)[::2]
        sizes = self.sizes()
        return sizes + np.where(sizes > 0, halves, 0) // 2


def _lines(part: arrays.Codes) -> _Lines:
    ends = np.flatnonzero(part.codes == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    flags = arrays.flags_of(part.codes, _table())
    fenced = np.zeros(len(ends), np.bool_)
    lines = _Lines(part.codes, flags, starts, ends, part.owners(ends), fenced)
    ticked = np.flatnonzero((flags[starts] & TICK) != 0)
    ticked = ticked[ends[ticked] - starts[ticked] > 2]
    fence = np.zeros(len(ends), np.bool_)
    fence[ticked] = ((flags[starts[ticked] + 1] & flags[starts[ticked] + 2]) & TICK) != 0
    if fence.any():
        depth = np.cumsum(fence)
        first = np.diff(lines.owners, prepend=-1) != 0
        before = (depth - fence)[first][np.cumsum(first) - 1]
        fenced |= fence | ((depth - before) % 2 == 1)
    return lines


def _layout(part: arrays.Codes, lines: _Lines) -> NDArray[np.bool_]:
    """Return which texts have odd line ends, blank lines, indents, or blanks at line ends."""
    hit = np.zeros(len(part.starts) - 1, np.bool_)
    flags, ends, owners = lines.flags, lines.ends, lines.owners
    hit[part.owners(arrays.places(flags, FOREIGN))] = True
    last = ends + 1 == part.starts[owners + 1]  # the line end that `codes` put behind each text
    doubled = ~last & (lines.starts == ends) & (ends > part.starts[owners])
    edges = flags[lines.starts] | flags[ends - 1]
    hit[owners[((edges & BLANK) != 0) & (lines.starts < ends) | doubled]] = True
    heads = flags[part.starts[:-1]]
    empty = np.diff(part.starts) == 1
    hit[((heads & (BLANK | LINE)) != 0) & ~empty] = True
    return hit


def _breaks(lines: _Lines, hit: NDArray[np.bool_]) -> Places:
    """Return the numbers of the lines that may end in mid-sentence; mark the texts where one must.

    Those are the texts with a comma or an opening bracket at a line's end, or a mark at its start.
    """
    ends = lines.ends
    inner = np.append(np.diff(lines.owners) == 0, False)
    inner[:-1] &= ends[1:] > lines.starts[1:]
    mine = np.flatnonzero(inner & ~hit[lines.owners])
    before = lines.at(-1, mine)
    second = lines.at(-2, mine)
    seen = second | np.where((second & CLOSER) != 0, lines.at(-3, mine), 0)
    stopped = ((before & (STOP | SEMI)) != 0) | (((before & CLOSER) != 0) & ((seen & STOP) != 0))
    long = (ends[mine] - lines.starts[mine] >= seam.SHORTEST) | ((before & OPEN) != 0)
    goes_on = (lines.at(1, mine) & LEFTOVER) != 0
    cut = goes_on | (~stopped & long)
    mine, sure = mine[cut], (goes_on | ((before & (COMMA | OPEN)) != 0))[cut]
    sure = mine[sure]
    hit[lines.owners[sure[~_apart(lines, sure)]]] = True
    return mine[~hit[lines.owners[mine]]]


def _apart(lines: _Lines, mine: Places) -> NDArray[np.bool_]:
    """Return after which of some lines no break can go: a heading or code stands beside it."""
    fixed = lines.fenced[mine] | lines.fenced[mine + 1]
    return fixed | lines.headed(mine) | lines.headed(mine + 1)


def _read(text: str, lines: _Lines, mine: Places, start: int) -> list[tuple[Line, Line]]:
    """Return the lines of a text before and after some breaks."""

    def line(i: int) -> Line:
        first, end = int(lines.starts[i]) - start, int(lines.ends[i]) - start
        return Line(first, end, text[first:end], "", False, bool(lines.fenced[i]))

    return [(line(i), line(i + 1)) for i in mine.tolist()]


def _weighed(
    lines: _Lines, mine: Places, hit: NDArray[np.bool_]
) -> Iterator[tuple[int, Places, Places]]:
    """Yield the texts in which the sentence may go on over one of the breaks after lines `mine`.

    With the breaks where that is likely, and all of them. Texts in which there may be a width are
    marked instead.
    """
    if not len(mine):
        return
    n = len(hit)
    owners = lines.owners[mine]
    bonds, odds = _weights(lines, mine)
    likely = odds > 0
    # Only a width could join what the sentence does not.
    head = lines.flags[lines.starts[mine]] | lines.flags[lines.starts[mine + 1]]
    least = np.where((head & HEAD) != 0, np.float32(0.0), np.float32(-1.0))
    asked = np.bincount(owners, np.maximum(bonds, least), n) > 0
    asked[owners[likely]] = True
    asked &= np.bincount(owners, minlength=n) >= MANY
    if asked.any():
        hit |= _of_one_width(lines.kept(asked[lines.owners]), n)
    chosen = mine[likely & ~hit[owners]]
    chosen = chosen[~_apart(lines, chosen) & ((lines.has(chosen) & LETTER) != 0)]
    for first, last in arrays.groups(lines.owners[chosen]):
        i = int(lines.owners[chosen[first]])
        every = mine[np.searchsorted(owners, i) : np.searchsorted(owners, i, "right")]
        yield i, chosen[first:last], every


def _weights(lines: _Lines, mine: Places) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the bond over the breaks after some lines, and the odds that they go, at their best.

    As `seam.torn` has them, with brackets taken to be open and lines to be without a label.
    """
    last, this, first = lines.has(mine), lines.has(mine + 1), lines.flags[lines.starts[mine]]
    sizes = lines.ends[mine] - lines.starts[mine]
    latin = ((last | this) & BEYOND_ASCII) == 0
    bonds = np.where(latin, np.float32(2.0), seam.bonds(lines.codes, lines.ends[mine]))
    odds = np.where(sizes < 16, -3.8, np.where(sizes >= 36, -1.6, -2.3)) + _ROUNDING
    odds += np.where(bonds > 0, 0.8 * bonds, 0.5 * bonds)
    odds += 1.1 * ((last & MARKED) != 0)
    headline = ((last & MARKED) == 0) & ((last & SPACED) != 0)
    odds -= 3.5 * (headline & ((first & ITEM) == 0))
    odds += 2.7 * ((last & STOPPED) != 0)
    odds += 3.7 * ((last & PAIR) != 0)
    odds += 2.6 * ((this & MARKED) != 0)
    odds -= 3.0 * ((lines.at(-1, mine) & CLOSER) != 0)
    odds -= 1.5 * ((lines.at(1, mine) & LETTER) == 0)
    return bonds, np.where(latin, 2.0, odds)


def _of_one_width(lines: _Lines, n: int) -> NDArray[np.bool_]:
    """Return which of n texts may have been wrapped at one width, as `wrap_width` finds it.

    Half their breaks after a line without a mark, and `MANY`, are explained by it; few lines are
    wider.
    """
    flags, owners, sizes = lines.flags, lines.owners, lines.sizes()
    total = np.bincount(owners, minlength=n)
    every = np.arange(len(owners))
    inner = np.append((np.diff(owners) == 0) & (sizes[1:] > 0), False)
    before = lines.at(-1, every)
    bare = inner & ((before & (STOP | SEMI | CLOSER | COMMA | OPEN)) == 0)
    asked = np.bincount(owners, bare & (sizes >= NARROW), n) >= MANY
    asked &= np.bincount(owners, sizes > WIDEST, n) * 10 <= total
    lines = lines.kept(asked[owners])
    if not len(lines.ends):
        return asked
    bare, before, owners, sizes = (row[asked[owners]] for row in (bare, before, owners, sizes))
    columns = lines.columns()
    asked &= np.bincount(owners, columns > WIDEST, n) * 10 <= total
    latin = (lines.has(np.arange(len(owners))) & BEYOND_ASCII) == 0
    code = np.isin(lines.codes[lines.ends - 1], _CODE_ENDS) | lines.fenced
    mine = np.flatnonzero(bare & asked[owners] & ~(latin & code))
    # Not counted: what may be the credit of a picture, or code.
    counted = ((before[mine] & CREDIT) == 0) & ~latin[mine]
    least = np.maximum(np.bincount(owners[mine], counted, n), 2 * MANY)
    after, second = lines.at(1, mine), lines.at(2, mine)
    two = ((second & LEFTOVER) != 0) | ((after & LETTER) == 0)
    word = _latin_words(flags, lines.ends[mine] + 1)
    alike = np.zeros(n, np.bool_)
    for measure, one, narrowest in ((sizes, 1, NARROW), (columns, 2, 2 * NARROW)):
        size = measure[mine]
        grown = size + np.where(word, word + 1, np.where(two, 2 * one, one))
        most = np.zeros(n, np.intp)
        np.maximum.at(most, owners[mine], grown)
        few = np.bincount(owners, measure > most[owners] + 2, n) * 10 <= total
        shared = _overlap(owners[mine], np.maximum(size, narrowest), grown, n)
        alike |= few & (shared * 2 >= least)
    return alike & asked


def _latin_words(flags: Flags, starts: Places) -> Places:
    """Return how many ASCII characters without a blank begin at each place, at most as counted."""
    window = np.minimum(starts[:, None] + np.arange(_NEVER_FITS), len(flags) - 1)
    other = (flags[window] & (BEYOND_ASCII | BLANK | LINE)) != 0
    return np.where(other.any(axis=1), other.argmax(axis=1), _NEVER_FITS)


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
