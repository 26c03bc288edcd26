"""The lines of a batch of texts as arrays: where they begin and end, what stands at their ends.

One gather from a look-up table answers for all lines at once; `text/reflow/breaks.py` asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.runs import begins
from pipeline.text import codes as arrays
from pipeline.text import layout as look
from pipeline.text.marks import HAN

BLANKS = " \t\u3000\xa0\u2000-\u200a\u202f\u205f"
INLINE = re.sub("(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), BLANKS)
LINE_ENDS = "\r\x85\u2028\u2029"

Places = NDArray[np.intp]
Flags = NDArray[np.uint16]
Bools = NDArray[np.bool_]

# Of the first and last characters of a line.
LINE, BLANK, STOP, CLOSER, LEFTOVER, SEMI, OPEN, COMMA = (1 << i for i in range(8))
CREDIT, HEAD, ITEM, MARKER, HAN_FIRST, CODE_END, COMMAND, LABEL = (1 << i for i in range(8, 16))
# Of any character in a line.
MARKED, STOPPED, PAIR, LETTER, BEYOND_ASCII, SPACED, BAR, ODD_END = (1 << i for i in range(8))

_BEGINNING = 16
"""Characters that say whether a line is an item of a list."""
_ITEM_STARTS = "第一二三四五六七八九十百"
_LABEL = np.arange(11)
"""Characters of a label, and its colon."""
_COLON = 2


@cache
def edges() -> Flags:
    """Return the flags of characters at the ends of lines: uint16 (65536,)."""
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
            MARKER: look.MARKERS,
            HAN_FIRST: HAN,
            CODE_END: "".join(look.CODE_ENDS),
            COMMAND: look.CODE_STARTS,
            LABEL: look.LABEL_STARTS,
        }
    )
    # What surely begins no item of a list: an ideograph that is no number, a quotation.
    plain = (table & HAN_FIRST) != 0
    plain[[ord(c) for c in _ITEM_STARTS]] = False
    plain[[ord(c) for c in "“《「『【"]] = True
    table[~plain] |= np.uint32(ITEM)
    # What is drawn behind a sentence may end it, too: ☆, and all beyond the BMP (see `ending`).
    for first, last in ((0x2600, 0x27BF), (0xFE0F, 0xFE0F), (0xFFFF, 0xFFFF)):
        table[first : last + 1] |= np.uint32(CREDIT)
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
            BAR: "|\t",
            ODD_END: LINE_ENDS,
        }
    )
    return table.astype(np.uint8)


@cache
def _label_ends() -> NDArray[np.uint8]:
    """Return what ends a label: _COLON, or what stands in none (see `layout.is_label`)."""
    table = arrays.that_are(str.isspace).astype(np.uint8)
    table[[ord(c) for c in "，。、；！？"]] = 1
    table[[ord(c) for c in "：:"]] = _COLON
    return table


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a slice, and its characters.

    `joined`, `codes`: the characters, as text and as code points. `flags`: what they are in a line
    (a line end is nothing). `starts`, `ends`: of each line, without its line end. `heads`, `tails`:
    what they are that begin a line (if it is empty its end), and that end it (if it is empty the
    line end before). `owners`: the text it is of. `fenced`: whether it is in a fence of code.
    `blank`: whether it begins or ends with a blank.
    """

    joined: str
    codes: NDArray[np.uint32]
    flags: NDArray[np.uint8]
    starts: Places
    ends: Places
    heads: Flags
    tails: Flags
    owners: Places
    fenced: Bools
    blank: Bools

    def at(self, offset: int, which: Places) -> Flags:
        """Return the flags of the characters so far from the ends of some lines."""
        places = np.minimum(np.maximum(self.ends[which] + offset, 0), len(self.codes) - 1)
        return arrays.flags_of(self.codes[places], edges())

    def text(self, i: int) -> str:
        """Return one of the lines, without the blanks at its ends."""
        return self.joined[self.starts.item(i) : self.ends.item(i)].strip(INLINE)

    def held(self, which: Places) -> NDArray[np.uint8]:
        """Return the flags that occur in some lines."""
        bounds = np.empty(2 * len(which), np.intp)
        bounds[::2], bounds[1::2] = self.starts[which], self.ends[which]
        return np.bitwise_or.reduceat(self.flags, bounds)[::2]

    def _flags(self, which: Places) -> tuple[NDArray[np.uint8], Places]:
        """Return the flags of the characters in some lines, and where each line begins in them.

        The line ends are among them, and have none.
        """
        sizes = self.sizes(which) + 1
        after = np.cumsum(sizes)
        starts = after - sizes
        places = np.arange(after[-1]) + np.repeat(self.starts[which] - starts, sizes)
        return self.flags[places], starts

    def sizes(self, which: Places) -> Places:
        """Return the size of some lines in characters."""
        return self.ends[which] - self.starts[which]

    def columns(self, which: Places) -> Places:
        """Return the width of some lines (not none) in columns: `layout.columns`."""
        flags, starts = self._flags(which)
        wide = np.zeros(len(flags) + 1, np.int32)
        np.cumsum((flags & np.uint8(BEYOND_ASCII)) != 0, out=wide[1:])
        found: Places = self.sizes(which) + wide[np.append(starts[1:], len(flags))] - wide[starts]
        return found

    def plain(self, which: Places) -> Bools:
        """Return which of some lines (ASCII, not none) are surely neither code nor of a table.

        Such begin with a sign or word of code, end in a bracket, or have a bar, a tab or three
        blanks (see `layout.is_code` and `is_table`).
        """
        flags, starts = self._flags(which)
        spaced = (flags & np.uint8(SPACED)) != 0
        odd = (flags & np.uint8(BAR)) != 0
        odd[2:] |= spaced[2:] & spaced[1:-1] & spaced[:-2]
        coded = (self.heads[which] & COMMAND) | (self.tails[which] & (CLOSER | CODE_END))
        found: Bools = ~(np.logical_or.reduceat(odd, starts) | (coded != 0) | self.blank[which])
        return found

    def items(self, which: Places) -> Bools:
        """Return which of some lines begin an item of a list."""
        found: Bools = (self.heads[which] & ITEM) != 0
        for i in np.flatnonzero(found).tolist():
            start = self.starts.item(which.item(i))
            found[i] = look.is_item(self.joined[start : start + _BEGINNING])
        return found

    def labels(self, which: Places) -> Bools:
        """Return which of some lines begin with a label of up to ten characters and a colon."""
        window = self.codes.take(self.starts[which, None] + _LABEL, mode="clip")
        first = arrays.flags_of(window, _label_ends())
        at = (first != 0).argmax(axis=1)
        found: Bools = (at > 0) & (first[np.arange(len(which)), at] == _COLON)
        return found


def lines_of(part: arrays.Codes) -> Lines:
    """Return the lines of a slice."""
    ends = np.flatnonzero(part.codes == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    owners = part.owners(ends)
    fence = _fences(part, starts, ends)
    fenced = fence
    if fence.any():
        depth = np.cumsum(fence)
        first = np.searchsorted(owners, np.arange(len(part.starts) - 1))  # lines of the texts
        fenced = fence | ((depth - (depth - fence)[first][owners]) % 2 == 1)
    heads = arrays.flags_of(part.codes[starts], edges())
    tails = arrays.flags_of(part.codes[ends - 1], edges())
    blank = (((heads | tails) & BLANK) != 0) & (ends > starts)
    flags = arrays.flags_of(part.codes, _inside())
    return Lines(part.joined, part.codes, flags, starts, ends, heads, tails, owners, fenced, blank)


def by_text(lines: Lines, mine: Places) -> Iterator[tuple[int, Places]]:
    """Yield the numbers of the texts of some lines, with those that are of it."""
    owners = lines.owners[mine]
    for first, last in arrays.groups(owners):
        yield int(owners[first]), mine[first:last]


def _fences(part: arrays.Codes, starts: Places, ends: Places) -> Bools:
    """Return which lines begin with three backticks, behind blanks or at once."""
    fence = np.zeros(len(ends), np.bool_)
    ticks: list[int] = []
    at = part.joined.find("```")  # few texts have any, and arrays would read them all
    while at >= 0:
        ticks.append(at)
        at = part.joined.find("```", at + 3)
    found = np.array(ticks, np.intp)
    which = np.searchsorted(ends, found)
    first = begins(which)  # behind them stands more than blanks
    found, which = found[first], which[first]
    at_once = starts[which] == found
    fence[which[at_once]] = True
    for at, i in zip(found[~at_once].tolist(), which[~at_once].tolist(), strict=True):
        fence[i] = not part.joined[starts.item(i) : at].strip(INLINE)
    return fence
