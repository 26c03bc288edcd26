"""Which texts of a batch reflow has to look at: those with a line break that could be changed.

Most clean texts have none: every line ends a sentence and begins with neither blank nor comma. The
breaks that could stand in mid-sentence are weighed all at once, as `seam.torn` would, with what is
dear to find out taken at its best; only texts in which that is enough are read in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text import codes as arrays
from pipeline.text import layout as look
from pipeline.text import seam
from pipeline.text.marks import HAN
from pipeline.text.seam import alone
from pipeline.text.width import MANY, NARROW, WIDEST, Line, wrap_width
from pipeline.text.wrapping import may_be_cut, may_be_sure

BLANKS = " \t\u3000\xa0\u2000-\u200a\u202f\u205f"
LINE_ENDS = "\r\x85\u2028\u2029"

Places = NDArray[np.intp]
Flags = NDArray[np.uint16]
Bools = NDArray[np.bool_]

# Of the first and last characters of a line.
LINE, BLANK, STOP, CLOSER, LEFTOVER, SEMI, OPEN, COMMA = (1 << i for i in range(8))
CREDIT, HEAD, ITEM, ASCII, HAN_FIRST = (1 << i for i in range(8, 13))
# Of any character in a line.
MARKED, STOPPED, PAIR, LETTER, BEYOND_ASCII, SPACED = (1 << i for i in range(6))

_ITEM_STARTS = "第一二三四五六七八九十百"
_NEVER_FITS = 24
"""Characters of a first word that is cut wherever the line ends (see `wrapping`)."""
_CODE_ENDS = [ord(c) for c in sorted(look.CODE_ENDS)]
_ROUNDING = 0.01
"""Nats by which sums of float32 may be too small."""


@cache
def _edges() -> Flags:
    table = arrays.flag_table(
        {
            LINE: "\n",
            BLANK: BLANKS,
            STOP: look.STOPS + ">",
            CLOSER: look.CLOSERS,
            LEFTOVER: look.LEFTOVERS,
            SEMI: "；：;:",
            OPEN: look.OPENERS,
            COMMA: "，、,",
            CREDIT: "".join(word[-1] for word in look.words("credit")),
            HEAD: "#<-=_*~",
            ASCII: "\x00-\x7f",
            HAN_FIRST: HAN,
        }
    )
    # What surely begins no item of a list: an ideograph that is no number, a quotation.
    plain = (table & HAN_FIRST) != 0
    plain[[ord(c) for c in _ITEM_STARTS]] = False
    plain[[ord(c) for c in "“《「『【"]] = True
    table[~plain] |= np.uint32(ITEM)
    return table.astype(np.uint16)


@cache
def _inside() -> NDArray[np.uint8]:
    table = arrays.flag_table(
        {
            MARKED: "，。、；：！？",
            STOPPED: "。！？",
            PAIR: "“（《「『",
            LETTER: HAN,
            BEYOND_ASCII: "\x80-\uffff",
            SPACED: " \u3000",
        }
    )
    return table.astype(np.uint8)


def suspects(texts: Sequence[str]) -> list[int]:
    """Return the numbers of the texts in which a line break, indent or blank line could go."""
    found: list[int] = []
    for part in arrays.slices(texts):
        lines = _lines(part)
        hit, held = _layout(part, lines)
        breaks = _breaks(lines, hit)
        likely, odds, narrow = _weighed(lines, breaks, held)
        for i, mine in _by_text(lines, narrow):
            read = _read(texts[part.first + i], int(part.starts[i]), lines)
            hit[i] = _has_width(lines, mine, read)
        open_ = ~hit[lines.owners[likely]]
        likely, odds = likely[open_], odds[open_].tolist()
        owners = lines.owners[breaks]
        for first, last in arrays.groups(lines.owners[likely]):
            if not may_be_sure(odds[first:last]):
                continue
            i = int(lines.owners[likely[first]])
            read = _read(texts[part.first + i], int(part.starts[i]), lines)
            pairs = [(read(j).text, read(j + 1).text) for j in likely[first:last].tolist()]
            if may_be_sure([alone(*pair) for pair in pairs]):
                every = breaks[slice(*np.searchsorted(owners, [i, i + 1]))]
                every = every[~(lines.fenced[every] | lines.fenced[every + 1])]
                hit[i] = may_be_cut([(read(j), read(j + 1)) for j in every.tolist()])
        found += (np.flatnonzero(hit) + part.first).tolist()
    return found


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a slice, its characters and their flags.

    `starts`, `ends`: of each line, without its line end. `owners`: the text it is of. `held`: the
    flags that occur in it, or in its line end. `fenced`: whether it is in a fence of code.
    """

    codes: NDArray[np.uint32]
    inside: NDArray[np.uint8]
    starts: Places
    ends: Places
    owners: Places
    held: NDArray[np.uint8]
    fenced: Bools

    def at(self, offset: int, which: Places) -> Flags:
        """Return the flags of the characters so far from the ends of some lines."""
        places = np.minimum(np.maximum(self.ends[which] + offset, 0), len(self.codes) - 1)
        return arrays.flags_of(self.codes[places], _edges())

    def first(self, which: Places) -> Flags:
        """Return the flags of the first characters of some lines, or of their ends if empty."""
        return arrays.flags_of(self.codes[self.starts[which]], _edges())

    def has(self, which: Places, mask: int) -> Bools:
        """Return in which of some lines one of the flags of a mask occurs."""
        found: Bools = (self.held[which] & np.uint8(mask)) != 0
        return found

    def sizes(self, which: Places) -> Places:
        """Return the size of some lines in characters."""
        found: Places = self.ends[which] - self.starts[which]
        return found

    def columns(self, which: Places) -> Places:
        """Return the width of some lines (not none, in order) in columns: `layout.columns`."""
        low, high = int(self.starts[which[0]]), int(self.ends[which[-1]]) + 1
        wide = (self.inside[low:high] & np.uint8(BEYOND_ASCII)) != 0
        bounds = np.column_stack([self.starts[which], self.ends[which]]).ravel() - low
        more = np.add.reduceat(wide, bounds, dtype=np.int64)[::2]
        sizes = self.sizes(which)
        found: Places = sizes + np.where(sizes > 0, more, 0)
        return found

    def headed(self, which: Places) -> Bools:
        """Return which of some lines are headings of Markdown: one to six # and a blank."""
        found: Bools = self.codes[self.starts[which]] == ord("#")
        for i in np.flatnonzero(found).tolist():
            start = self.starts[which[i]]
            found[i] = look.is_heading("".join(map(chr, self.codes[start : start + 7].tolist())))
        return found


def _lines(part: arrays.Codes) -> _Lines:
    ends = np.flatnonzero(part.codes == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    inside = _inside().take(part.codes, mode="clip")
    held = np.bitwise_or.reduceat(inside, starts)
    owners = part.owners(ends)
    fence = _fences(part.codes, starts, ends)
    fenced = fence
    if fence.any():
        depth = np.cumsum(fence)
        first = np.diff(owners, prepend=-1) != 0
        fences_before: Places = (depth - fence)[first][np.cumsum(first) - 1]
        fenced = fence | ((depth - fences_before) % 2 == 1)
    return _Lines(part.codes, inside, starts, ends, owners, held, fenced)


def _fences(codes: NDArray[np.uint32], starts: Places, ends: Places) -> Bools:
    """Return which lines begin with three backticks, behind blanks or at once."""
    fence = np.zeros(len(ends), np.bool_)
    tick = codes == ord("`")
    threes = np.flatnonzero(tick[2:] & tick[1:-1] & tick[:-2])
    line = np.searchsorted(ends, threes)
    fence[line[starts[line] == threes]] = True
    for at, i in zip(threes.tolist(), line.tolist(), strict=True):
        if at > starts[i] and not fence[i]:
            before = arrays.flags_of(codes[int(starts[i]) : at], _edges())
            fence[i] = bool(((before & BLANK) != 0).all())
    return fence


def _layout(part: arrays.Codes, lines: _Lines) -> tuple[Bools, Bools]:
    """Return which texts have odd line ends, blank lines, indents, or blanks at line ends.

    And which have some in code, where they stay.
    """
    hit = np.zeros(len(part.starts) - 1, np.bool_)
    codes, ends, owners = part.codes, lines.ends, lines.owners
    for odd in map(ord, LINE_ENDS):
        hit[part.owners(np.flatnonzero(codes == odd))] = True
    last = ends + 1 == part.starts[owners + 1]  # the line end that `codes` put behind each text
    empty = lines.starts == ends
    edges = arrays.flags_of(codes[lines.starts], _edges()) | arrays.flags_of(
        codes[ends - 1], _edges()
    )
    # The layout of code in a fence stays, but for what ends the text.
    kept = np.zeros(len(ends), np.bool_)
    kept[1:-1] = lines.fenced[:-2] & lines.fenced[1:-1] & lines.fenced[2:]
    kept[1:-1] &= (owners[:-2] == owners[2:]) & ~(last & empty)[2:]
    odd = (((edges & BLANK) != 0) & ~empty) | (empty & ~last)
    hit[owners[odd & ~kept]] = True
    held = np.zeros(len(hit), np.bool_)
    held[owners[odd & kept]] = True
    # In these no width is looked for below, so that there must be none.
    plain = np.flatnonzero(held[owners] & ~lines.fenced)
    if len(plain):
        plain = plain[lines.columns(plain) > WIDEST]
    wide = np.bincount(owners[plain], minlength=len(hit))
    hit |= held & (wide * 10 <= np.bincount(owners, ~empty, len(hit)))
    return hit, held


def _breaks(lines: _Lines, hit: Bools) -> Places:
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
    spoken = mine[cut & ~goes_on & ((before & (COMMA | OPEN)) != 0)]
    spoken = spoken[lines.has(spoken, LETTER)]
    sure, mine = np.concatenate([mine[goes_on], spoken]), mine[cut]
    hit[lines.owners[sure[~_apart(lines, sure)]]] = True
    left: Places = mine[~hit[lines.owners[mine]]]
    return left


def _apart(lines: _Lines, mine: Places) -> Bools:
    """Return after which of some lines no break can go: a heading or code stands beside it."""
    fixed = lines.fenced[mine] | lines.fenced[mine + 1]
    return fixed | lines.headed(mine) | lines.headed(mine + 1)


def _by_text(lines: _Lines, mine: Places) -> Iterator[tuple[int, Places]]:
    """Yield the numbers of the texts of some lines, with those that are of it."""
    owners = lines.owners[mine]
    for first, last in arrays.groups(owners):
        yield int(owners[first]), mine[first:last]


def _read(text: str, start: int, lines: _Lines) -> Callable[[int], Line]:
    """Return what reads one of the lines of a text, which begins at `start` in the slice."""
    starts, ends, fenced = lines.starts.item, lines.ends.item, lines.fenced.item

    def read(i: int) -> Line:
        first, end = starts(i) - start, ends(i) - start
        return Line(first, end, text[first:end], "", False, fenced(i))

    return read


def _has_width(lines: _Lines, bare: Places, read: Callable[[int], Line]) -> bool:
    """Whether a text was wrapped at a width; only its lines `bare` may end without a mark."""
    first, last = np.searchsorted(lines.owners, lines.owners[bare[0]] + np.arange(2)).tolist()
    every = [line for line in map(read, range(first, last)) if line.text]
    kinds = [""] * len(every)
    for i in (bare - first).tolist():
        kinds[i] = look.ending(every[i].text)
    return wrap_width(every, kinds) is not None


def _weighed(
    lines: _Lines, mine: Places, held: Bools
) -> tuple[Places, NDArray[np.float64], Places]:
    """Return after which of the lines `mine` the sentence is likely to go on, and the odds.

    And the lines without a mark in those texts that may have been wrapped at a width: only that
    could join what the sentence does not. None is looked for in the texts `held`.
    """
    n = len(held)
    owners = lines.owners[mine]
    if not len(mine):
        return mine, np.zeros(0), mine
    # A width could join what the sentence does not, in texts whose lines are not too wide for one.
    total = np.bincount(lines.owners, minlength=n)
    wide = lines.ends - lines.starts > WIDEST
    asked = ~held & (np.bincount(lines.owners, wide, n) * 10 <= total)
    asked &= np.bincount(owners, minlength=n) >= MANY
    bonds, odds = _weights(lines, mine, asked[owners])
    head = lines.first(mine) | lines.first(mine + 1)
    least = np.where((head & HEAD) != 0, np.float32(0.0), np.float32(-1.0))
    hopeful = np.bincount(owners, np.maximum(bonds, least), n) > 0
    hopeful[owners[odds > 0]] = True
    asked &= hopeful
    above = np.flatnonzero(odds > 0)
    above = above[~_apart(lines, mine[above]) & lines.has(mine[above], LETTER)]
    return mine[above], odds[above], _of_one_width(lines, asked)


def _weights(
    lines: _Lines, mine: Places, all_of: Bools
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the bond over the breaks after some lines, and the odds that they go, at their best.

    As `seam.torn` has them, with brackets taken to be open and lines to be without a label. Bonds
    that could not bring the odds above 0 are looked up only where `all_of` (bool) wants them all.
    """
    last, this, first = lines.held[mine], lines.held[mine + 1], lines.first(mine)
    sizes = lines.ends[mine] - lines.starts[mine]
    latin = ((last | this) & BEYOND_ASCII) == 0
    # Latin prose goes on with a small letter; all else ends with its line.
    small = lines.codes[lines.starts[mine + 1]] - np.uint32(ord("a")) <= ord("z") - ord("a")
    prose = np.where(small & (sizes >= seam.LATIN_LINE), np.float32(2.0), np.float32(-2.0))
    odds = np.where(sizes < 16, -3.8, np.where(sizes >= 36, -1.6, -2.3)) + _ROUNDING
    odds += 1.1 * ((last & MARKED) != 0)
    headline = ((last & MARKED) == 0) & ((last & SPACED) != 0)
    odds -= 3.5 * (headline & ((first & ITEM) == 0))
    odds += 2.7 * ((last & STOPPED) != 0)
    odds += 3.7 * ((last & PAIR) != 0)
    odds += 2.6 * ((this & MARKED) != 0)
    odds -= 3.0 * ((lines.at(-1, mine) & CLOSER) != 0)
    odds -= 1.5 * ((lines.first(mine + 1) & HAN_FIRST) == 0)
    wanted = np.flatnonzero(~latin & (all_of | (odds + 0.8 * seam.MOST_BOND > 0)))
    bonds = np.where(latin, prose, np.float32(0.0))
    bonds[wanted] = seam.bonds(lines.codes, lines.ends[mine[wanted]])
    odds += np.where(bonds > 0, 0.8 * bonds, 0.5 * bonds)
    return bonds, np.where(latin, prose, odds)


def _of_one_width(lines: _Lines, asked: Bools) -> Places:
    """Return the lines without a mark of those texts that may have been wrapped at one width.

    As `wrap_width` finds it: half the breaks after such a line, and `MANY`, are explained by it,
    and few lines are wider. Of the n texts those `asked` (bool (n,)) are looked at.
    """
    n = len(asked)
    total = np.bincount(lines.owners, minlength=n)
    every = np.flatnonzero(asked[lines.owners])
    if not len(every):
        return every
    owners, sizes, columns = lines.owners[every], lines.sizes(every), lines.columns(every)
    before = lines.at(-1, every)
    bare = np.append((np.diff(owners) == 0) & (sizes[1:] > 0), False)
    bare &= (before & (STOP | SEMI | CLOSER | COMMA | OPEN)) == 0
    asked &= np.bincount(owners, bare & (sizes >= NARROW), n) >= MANY
    asked &= np.bincount(owners, columns > WIDEST, n) * 10 <= total
    latin = ~lines.has(every, BEYOND_ASCII)
    # Code does not count: what is in a fence, ends or looks so.
    code = np.isin(lines.codes[lines.ends[every] - 1], _CODE_ENDS) | lines.fenced[every]
    mine = np.flatnonzero(bare & asked[owners] & ~(latin & code))
    if not len(mine):
        return mine
    votes = _Votes(owners[mine], list(_stretches(lines, every[mine])), (before[mine] & CREDIT) == 0)
    few = []
    for measure, (_, grown, _) in zip((sizes, columns), votes.stretches, strict=True):
        most = np.zeros(n, np.intp)
        np.maximum.at(most, votes.owners, grown)
        few.append(np.bincount(owners, measure > most[owners] + 2, n) * 10 <= total)
    asked &= votes.agree(~latin[mine], few)
    doubtful = np.flatnonzero(latin[mine] & asked[votes.owners])
    prose = np.ones(len(mine), np.bool_)
    prose[doubtful] = [_is_prose(lines, i) for i in every[mine[doubtful]].tolist()]
    asked &= votes.of(prose).agree(prose[prose], few)
    return every[bare & asked[owners]]


def _is_prose(lines: _Lines, i: int) -> bool:
    line = "".join(map(chr, lines.codes[lines.starts[i] : lines.ends[i]].tolist()))
    return not (look.is_code(line) or look.is_table(line))


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


def _stretches(lines: _Lines, mine: Places) -> Iterator[tuple[Places, Places, int]]:
    """Yield the widths that explain the breaks after some lines: from, to, and the least.

    In characters, then in columns: the line fitted, and with the next one's first word it did not.
    """
    two = ((lines.at(2, mine) & LEFTOVER) != 0) | ((lines.at(1, mine) & HAN_FIRST) == 0)
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
