"""Undoes one layer over a whole text: lines damaged throughout at once, others token by token.

Most damage is that of a whole document. Its lines are then valid UTF-8 but for marked holes. Python
decodes all the bytes at once, those that are not UTF-8 as lone surrogates, and array operations
over the characters tell which lines are that plain; only the others are cut into tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points, from_code_points
from pipeline.text.mojibake.blanks import encoded
from pipeline.text.mojibake.codecs import FOREIGN, UNKNOWN
from pipeline.text.mojibake.hopeless import MARK
from pipeline.text.mojibake.utf8 import (
    CORE,
    CORE_SINGLE,
    LITERAL,
    MAX_HOLE,
    SINGLE,
    Line,
    Stretches,
    Undone,
)

_ESCAPE = 0xDC00
"""A byte that is no UTF-8 is decoded to this and itself."""
_LEAD = (np.arange(256) >= 0xC2) & (np.arange(256) <= 0xF4)
_LITERAL = np.isin(np.arange(65536), sorted(LITERAL))
_NEVER_STRONG = 0x800
"""Characters below are sequences of two bytes, which two clean characters make by chance."""
_WEDGES = np.isin(np.arange(256), (0x24, *range(0x60, 0x70)))
"""ASCII whose full-width form has the last byte of a sequence and the first one of the next."""
_BEYOND = re.compile("[\U00040000-\U0010ffff]")
"""No text has these; their lead bytes are not taken for such."""
# What a character of the bytes is: how many they are, and flags.
_SIZE, _THREE, _TWO, _LATIN, _BAD = 7, 8, 16, 32, 64

_Places = NDArray[np.intp]
_Mask = NDArray[np.bool_]


def undo(name: str, codes: NDArray[np.uint32], core: re.Pattern[bytes] | None = None) -> Stretches:
    """Return the stretches of a text that were UTF-8 before reading `name` hit them, in order.

    `core` is what a stretch must hold; by default what proves itself.
    """
    data, starts = encoded(name, codes)
    core = core or (CORE_SINGLE if name in SINGLE else CORE)
    parsed = _parsed(data)
    lines = _hit(parsed, core)
    alone = _alone(starts, parsed) if name == "gbk" and core is CORE else []
    if not len(lines):
        return Stretches.of(alone)
    marks = MARK in parsed.text  # of an earlier layer: no holes of this one
    parsed, lines = parsed.of(lines)
    plain, whole = _Whole(name, codes, data, starts, parsed, marks).undone(*lines.T)
    more: list[Undone] = []
    for begin, end in parsed.at[lines[~plain]].tolist():
        more += Line(name, core, data, (begin, end), starts, codes).stretches()
    found = whole.beside(more)
    if alone:
        return found.beside(_outside(alone, found.starts.tolist(), found.ends.tolist()))
    return found


def undo_line(name: str, codes: NDArray[np.uint32]) -> list[Undone]:
    """Return the same for one line, token by token: for little text array operations are dear."""
    data, starts = encoded(name, codes)
    core = CORE_SINGLE if name in SINGLE else CORE
    if core.search(data) is None:
        return []
    return list(Line(name, core, data, (0, len(data)), starts, codes).stretches())


def _alone(starts: NDArray[np.int64], parsed: _Parsed) -> list[Undone]:
    """Return what is two sequences between ASCII characters, in lines without other bytes."""
    edge = np.append(parsed.chars, 10)
    three = parsed.have(_THREE)
    at = np.flatnonzero(three[:-1] & three[1:])
    at = at[(edge[at - 1] < 0x80) & (edge[at + 2] < 0x80)]
    if not len(at):
        return []
    begin, end = parsed.at[at], parsed.at[at + 2]
    first, last = np.searchsorted(starts, begin), np.searchsorted(starts, end)
    whole = (starts[first] == begin) & (starts[last] == end)
    breaks = np.concatenate(([-1], np.flatnonzero(parsed.chars == 10), [len(parsed.chars)]))
    line = np.searchsorted(breaks, at)
    whole &= _counted(np.flatnonzero(parsed.bad), breaks[line - 1] + 1, breaks[line]) == 0
    rows = zip(at[whole].tolist(), first[whole].tolist(), last[whole].tolist(), strict=True)
    return [Undone(a, b, parsed.text[i : i + 2], 2, ()) for i, a, b in rows]


def _outside(alone: list[Undone], starts: list[int], ends: list[int]) -> list[Undone]:
    return [
        undone
        for undone in alone
        if (i := bisect_right(ends, undone.start)) == len(ends) or starts[i] >= undone.end
    ]


@dataclass(frozen=True, slots=True)
class _Parsed:
    """The UTF-8 in some bytes: its characters, and each byte that is none as a lone surrogate.

    `chars`: uint32 (n,), those of `text`; `kinds`: uint8 (n,), their sizes and flags; `at`: int64
    (n + 1,), where each stands in the bytes.
    """

    text: str
    chars: NDArray[np.uint32]
    kinds: NDArray[np.uint8]
    at: NDArray[np.int64]

    @property
    def bad(self) -> _Mask:
        """Return which characters are bytes without meaning: bool (n,)."""
        return self.have(_BAD)

    def have(self, flag: int) -> _Mask:
        """Return which characters have a flag: bool (n,)."""
        found: _Mask = (self.kinds & np.uint8(flag)) != 0
        return found

    def of(self, lines: _Places) -> tuple[_Parsed, _Places]:
        """Return some lines alone, each with its line end, and where they now begin and end.

        Next to a damaged line there are often clean ones, which are nothing but bytes without
        meaning.
        """
        sizes = lines[:, 1] - lines[:, 0] + 1
        ends = np.cumsum(sizes)
        if ends[-1] > 0.9 * len(self.chars):
            return self, lines
        chosen = _ranges(lines[:, 0], sizes)
        chars = np.append(self.chars, np.uint32(10))[chosen]
        kinds = np.append(self.kinds, np.uint8(1))[chosen]
        at = self.at[chosen]
        some = _Parsed(from_code_points(chars), chars, kinds, np.append(at, at[-1] + 1))
        return some, np.stack((ends - sizes, ends - 1), axis=1)


def _parsed(data: bytes) -> _Parsed:
    text = data.decode("utf-8", "surrogateescape")
    chars = code_points(text)
    if len(chars) and chars.max() >= 0x40000:
        text = _BEYOND.sub(lambda match: match[0].encode().decode("ascii", "surrogateescape"), text)
        chars = code_points(text)
    kinds = _kinds().take(chars, mode="clip")
    at = np.zeros(len(chars) + 1, np.int64)
    np.cumsum(kinds & np.uint8(_SIZE), out=at[1:])
    return _Parsed(text, chars, kinds, at)


@cache
def _kinds() -> NDArray[np.uint8]:
    """Return size and flags of each code point of the BMP, and of all beyond: uint8 (65537,)."""
    table = np.full(65537, 3 | _THREE, np.uint8)
    table[:0x800] = 2 | _TWO
    table[:0x80] = 1
    table[_ESCAPE + 0x80 : _ESCAPE + 0x100] = 1 | _BAD
    table[-1] = 4
    for first, last in ((0x80, 0xFF), (0x140, 0x17F), (0x2C0, 0x2FF), (0x2000, 0x213F)):
        table[first : last + 1] |= _LATIN
    return table


def _hit(parsed: _Parsed, core: re.Pattern[bytes]) -> _Places:
    """Return begin and end of each line that holds a core: intp (n, 2)."""
    three = parsed.have(_THREE)
    if core is CORE:
        hits = _in_row(three, 3)
        if "\xb7" in parsed.text:  # a middle dot may stand between, as in names
            dot = parsed.chars == 0xB7
            two = _next(three, dot) & three
            hits = two & _next(two, dot)
        hits |= _in_row(parsed.have(_LATIN), 6)
    else:
        hits = _in_row(three, 2)
        if core is CORE_SINGLE:
            hits |= _in_row(parsed.have(_TWO), 4)
    places = np.flatnonzero(hits)
    if not len(places):
        return np.zeros((0, 2), np.intp)
    ends = np.append(np.flatnonzero(parsed.chars == 10), len(parsed.chars))
    lines = np.stack((np.append(0, ends[:-1] + 1), ends), axis=1)
    return lines[_counted(places, *lines.T) > 0]


def _in_row(mask: _Mask, count: int) -> _Mask:
    """Mark from where on so many characters in a row are marked: bool, as long as `mask`."""
    found = np.zeros(len(mask), np.bool_)
    n = len(mask) - count + 1
    if n > 0:
        np.logical_and.reduce([mask[i : i + n] for i in range(count)], out=found[:n])
    return found


def _next(mask: _Mask, between: _Mask) -> _Mask:
    """Mark where the next character is marked, or the one behind a `between`."""
    found = np.zeros(len(mask), np.bool_)
    found[:-1] = mask[1:]
    found[:-2] |= between[1:-1] & mask[2:]
    return found


@dataclass(frozen=True, slots=True)
class _Whole:
    """Lines that are one damaged stretch from end to end; places are characters of `parsed`."""

    name: str
    codes: NDArray[np.uint32]
    data: bytes
    starts: NDArray[np.int64]
    parsed: _Parsed
    marks: bool

    def undone(self, begins: _Places, ends: _Places) -> tuple[_Mask, Stretches]:
        """Return which lines need not be looked at token by token, and these undone, in order."""
        chars, at = self.parsed.chars, self.parsed.at
        high = np.flatnonzero(chars >= 0x80)
        first = high[np.searchsorted(high, begins)]
        until = high[np.searchsorted(high, ends) - 1] + 1
        valid = np.flatnonzero((chars >= 0x80) & ~self.parsed.bad)
        plain = self._is_plain(first, until, valid)
        if not plain.any():
            return plain, Stretches.of([])
        first, until = self._with_questions(first[plain], until[plain])
        if self.name not in SINGLE:
            until = until + (self.starts[np.searchsorted(self.starts, at[until])] != at[until])
        texts, holes = self._decoded(first, until)
        counts = _counted(valid, first, until)
        first, until = at[first], at[until]
        if self.name not in SINGLE:
            first, until = np.searchsorted(self.starts, (first, until))
        return plain, Stretches(first, until, texts, counts, holes)

    def _with_questions(self, first: _Places, until: _Places) -> tuple[_Places, _Places]:
        """Return the stretches with up to three `?` beside them: lost bytes of another layer."""
        edge = np.append(self.parsed.chars, 0)  # behind it all is before the first as well
        before = after = np.ones(len(first), np.bool_)
        for _ in range(3):
            before = before & (edge[first - 1] == 0x3F)
            after = after & (edge[until] == 0x3F)
            if not (before.any() or after.any()):
                break
            first, until = first - before, until + after
        return first, until

    def _is_plain(self, first: _Places, until: _Places, valid: _Places) -> _Mask:
        """Tell which stretches (characters `first` to before `until`) have no doubt about them.

        Each hole holds a mark and is small; nothing is foreign, nothing stands for itself, and
        neither end is a sequence of two bytes or in the middle of a character. `valid`: where
        sequences stand.
        """
        chars, bad = self.parsed.chars, self.parsed.bad
        edge = np.append(chars, 0)
        plain = np.ones(len(first), np.bool_)
        if self.name not in SINGLE:
            end = self.parsed.at[until]
            plain = (self.starts[np.searchsorted(self.starts, end)] == end) | (
                edge[until] < 0x80  # an ASCII character that became the second byte of a pair
            )
            opening = chars[valid[np.searchsorted(valid, first)]]
            closing = chars[valid[np.searchsorted(valid, until) - 1]]
            plain &= (opening >= _NEVER_STRONG) & (closing >= _NEVER_STRONG)
        if not (self.marks or bad.any()):
            return plain
        lost = np.flatnonzero(bad)
        # A `?` beside a stretch with holes may belong to one.
        asked = (edge[until] == 0x3F) | (edge[first - 1] == 0x3F)
        plain &= ~asked | (_counted(lost, first, until) == 0)
        odd = np.zeros(len(chars), np.bool_)
        if len(lost):
            self._mark_odd(odd, edge, lost)
        if self.marks:
            odd |= (chars >= 0xFFC0) & (chars < 0x10000)  # in UTF-8 they begin as a mark does
            odd[:-1] |= (chars[:-1] == _ESCAPE + 0xEF) & (chars[1:] == _ESCAPE + 0xBF)
        plain &= _counted(np.flatnonzero(odd), first, until) == 0
        return plain

    def _mark_odd(self, odd: _Mask, edge: NDArray[np.uint32], lost: _Places) -> None:
        """Mark what leaves a doubt; `lost`: the bytes without meaning, `edge`: all, and a 0."""
        starts, bad = self.starts, self.parsed.bad
        # What stands for itself, and what is foreign.
        begin = self.parsed.at[lost]
        which = np.searchsorted(starts, begin)
        alone = (starts[which] == begin) & _LITERAL.take(
            self.codes.take(which, mode="clip"), mode="clip"
        )
        odd[lost] = alone | (edge[lost] == _ESCAPE + FOREIGN)
        heads = np.flatnonzero(np.append(True, lost[1:] != lost[:-1] + 1))
        runs, sizes = lost[heads], np.diff(np.append(heads, len(lost)))
        unknown = np.flatnonzero(edge == _ESCAPE + UNKNOWN)
        known = _counted(unknown, runs, runs + sizes)
        # A `?` beside a hole belongs to it, and an ASCII character may have been a wide one: the
        # rest of a sequence after its first byte, and some after the second.
        after, before = edge[runs + sizes], edge[runs + sizes - 1] - _ESCAPE
        narrow = (after < 0x80) & (after >= 0x20) & (before >= 0xE0) & (before != UNKNOWN)
        narrow |= _WEDGES.take(after, mode="clip") & (before < 0xC0)
        # One stray byte behind a character: both are what is left of two (`_CROSSED`).
        second = edge[runs + 1]
        stray = (second >= _ESCAPE + 0x80) & (second < _ESCAPE + 0xC0)
        crossed = (edge[runs] < _ESCAPE + 0xC0) & ~stray & (second != 0x3F)
        crossed &= (second != _ESCAPE + UNKNOWN) & (self.name == "gbk")
        crossed &= self.parsed.have(_THREE)[runs - 1]
        asked = (after == 0x3F) | (edge[runs - 1] == 0x3F)
        odd[runs[(sizes > MAX_HOLE * known) | asked | narrow | crossed]] = True
        # `€` is 0xA2E3 as well.
        ahead = lost[lost > 0] - 1
        char = edge[ahead]
        euro = (char >= 0x800) & ~bad[ahead] & (char & 0x3F == 0)
        behind = _LEAD.take(edge[ahead - 1] - _ESCAPE, mode="clip")
        euro |= (char == _ESCAPE + 0x80) & (ahead > 0) & ~behind
        ahead = ahead[euro]
        last = self.parsed.at[ahead + 1] - 1
        which = np.searchsorted(starts, last)
        odd[ahead[(starts[which] == last) & (starts[which + 1] == last + 1)]] = True

    def _decoded(self, first: _Places, last: _Places) -> tuple[list[str], list[tuple[bytes, ...]]]:
        """Return the texts of the stretches, with `�` for each hole, and the bytes of the holes."""
        chars, bad = self.parsed.chars, self.parsed.bad
        if not bad.any():
            pairs = zip(first.tolist(), last.tolist(), strict=True)
            texts = [self.parsed.text[a:b] for a, b in pairs]
            return texts, [()] * len(texts)
        # A hole begins at a byte after valid ones, or at a lead byte.
        lost = np.flatnonzero(bad)
        begun = np.append(True, lost[1:] != lost[:-1] + 1) | _LEAD[chars[lost] - _ESCAPE]
        heads = np.flatnonzero(begun)
        at, sizes = lost[heads], np.diff(np.append(heads, len(lost)))
        marks = np.maximum((sizes + 1) // 3, 1)
        # So many of its bytes as it has marks become one each; the others go.
        kept = _ranges(at, marks)
        keep = ~bad
        keep[kept] = True
        gone = np.flatnonzero(~keep)
        out = chars.copy()
        out[kept] = ord(MARK)
        text = from_code_points(out[keep])
        spans = ((x - np.searchsorted(gone, x)).tolist() for x in (first, last))
        texts = [text[a:b] for a, b in zip(*spans, strict=True)]
        line = np.searchsorted(first, at, side="right") - 1
        mine = (line >= 0) & (at < last[line])
        at, sizes, marks = at[mine], sizes[mine], marks[mine]
        begin = self.parsed.at[at]
        holes = [
            self.data[a:b] for a, b in zip(begin.tolist(), (begin + sizes).tolist(), strict=True)
        ]
        if len(marks) and marks.max() > 1:
            rows = zip(holes, marks.tolist(), strict=True)
            holes = [raw for hole, n in rows for raw in (hole, *[b""] * (n - 1))]
        before = np.append(0, np.cumsum(marks))
        edges = zip(*(before[np.searchsorted(at, x)].tolist() for x in (first, last)), strict=True)
        return texts, [tuple(holes[a:b]) for a, b in edges]


def _ranges(starts: _Places, counts: NDArray[np.int64]) -> _Places:
    """Return `counts` places from each start on: one array."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(counts.sum())


def _counted(places: _Places, first: _Places, last: _Places) -> NDArray[np.int64]:
    """Return how many of some places (in order) lie in each span."""
    return np.searchsorted(places, last) - np.searchsorted(places, first)
