"""Undoes one layer over a whole text: lines damaged throughout at once, others token by token.

Most damage is that of a whole document. Its lines are then valid UTF-8 but for marked holes, which
array operations over all the bytes tell at once; only what is not so plain is cut into tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from pipeline.text.mojibake.codecs import FOREIGN, UNKNOWN
from pipeline.text.mojibake.utf8 import (
    CORE,
    CORE_SINGLE,
    LITERAL,
    MAX_HOLE,
    SINGLE,
    Line,
    Undone,
    view,
)

_LATIN_LEADS = np.isin(np.arange(256), (0xC2, 0xC3, 0xC5, 0xCB, 0xE2))
_LEAD = (np.arange(256) >= 0xC2) & (np.arange(256) <= 0xF4)
_LITERAL = np.isin(np.arange(65536), sorted(LITERAL))
_NEVER_STRONG = 0xE0
"""Lead bytes below begin sequences of two bytes, which two clean characters make by chance."""
_WEDGES = np.isin(np.arange(256), (0x24, *range(0x60, 0x70)))
"""ASCII whose full-width form has the last byte of a sequence and the first one of the next."""

_Places = NDArray[np.intp]
_Mask = NDArray[np.bool_]


def undo(
    name: str, codes: NDArray[np.uint32], core: re.Pattern[bytes] | None = None
) -> list[Undone]:
    """Return the stretches of a text that were UTF-8 before reading `name` hit them, in order.

    `core` is what a stretch must hold; by default what proves itself.
    """
    data, starts = view(name).encode(codes)
    core = core or (CORE_SINGLE if name in SINGLE else CORE)
    array = np.frombuffer(data, np.uint8)
    parsed = _parsed(array)
    lines = _hit(data, array, parsed, core)
    alone = _alone(data, array, starts, parsed) if name == "gbk" and core is CORE else []
    if not len(lines):
        return alone
    plain, found = _Whole(name, codes, data, array, starts, parsed).undone(*lines.T)
    if len(found) < len(lines):
        for begin, end in lines[~plain].tolist():
            found += Line(name, core, data, (begin, end), starts, codes).stretches()
        found.sort(key=attrgetter("start"))
    return sorted([*found, *_outside(alone, found)], key=attrgetter("start")) if alone else found


def undo_line(name: str, codes: NDArray[np.uint32]) -> list[Undone]:
    """Return the same for one line, token by token: for little text array operations are dear."""
    data, starts = view(name).encode(codes)
    core = CORE_SINGLE if name in SINGLE else CORE
    if core.search(data) is None:
        return []
    return list(Line(name, core, data, (0, len(data)), starts, codes).stretches())


def _alone(
    data: bytes, array: NDArray[np.uint8], starts: NDArray[np.int64], parsed: _Parsed
) -> list[Undone]:
    """Return what is two sequences between ASCII characters, in lines without other bytes."""
    edge = np.append(array, 10)
    at = np.flatnonzero(parsed.three[:-3] & parsed.three[3:])
    at = at[(edge[at - 1] < 0x80) & (edge[at + 6] < 0x80)]
    if not len(at):
        return []
    first, last = np.searchsorted(starts, at), np.searchsorted(starts, at + 6)
    whole = (starts[first] == at) & (starts[last] == at + 6)
    breaks = np.concatenate(([-1], np.flatnonzero(array == 10), [len(array)]))
    line = np.searchsorted(breaks, at)
    whole &= _counted(np.flatnonzero(parsed.bad), breaks[line - 1] + 1, breaks[line]) == 0
    rows = zip(at[whole].tolist(), first[whole].tolist(), last[whole].tolist(), strict=True)
    return [Undone(a, b, data[i : i + 6].decode(), 2, ()) for i, a, b in rows]


def _outside(alone: list[Undone], found: list[Undone]) -> list[Undone]:
    ends = [undone.end for undone in found]
    return [
        undone
        for undone in alone
        if (i := bisect_right(ends, undone.start)) == len(found) or found[i].start >= undone.end
    ]


@dataclass(frozen=True, slots=True)
class _Parsed:
    """UTF-8 as it stands in some bytes; masks of their length.

    `first`: a valid sequence begins here; `three`: one of three bytes; `bad`: beyond ASCII and part
    of none.
    """

    first: _Mask
    three: _Mask
    bad: _Mask


def _parsed(array: NDArray[np.uint8]) -> _Parsed:
    n = len(array)
    b = np.zeros(n + 3, np.uint8)
    b[:n] = array
    trail = (b & 0xC0) == 0x80
    one, two = trail[1 : n + 1], trail[2 : n + 2]
    lead, second = b[:n], b[1 : n + 1]
    three = ((lead & 0xF0) == 0xE0) & one & two
    three &= (lead != 0xE0) | (second >= 0xA0)
    three &= (lead != 0xED) | (second < 0xA0)
    pair = (lead >= 0xC2) & (lead <= 0xDF) & one
    four = (lead == 0xF0) & (second >= 0x90) & one & two & trail[3 : n + 3]
    good = np.zeros(n + 3, bool)
    good[:n] = pair | three | four | (lead < 0x80)
    good[1 : n + 1] |= pair | three | four
    good[2 : n + 2] |= three | four
    good[3 : n + 3] |= four
    return _Parsed(pair | three | four, three, ~good[:n])


def _hit(
    data: bytes, array: NDArray[np.uint8], parsed: _Parsed, core: re.Pattern[bytes]
) -> _Places:
    """Return begin and end of each line that holds a core: intp (n, 2)."""
    three = parsed.three
    run = three[:-3] & three[3:]
    # Three characters, of which two may have a middle dot between them; two, in other cores.
    middle = core is CORE and b"\xc2\xb7" in data
    sure = run[:-3] & run[3:] if core is CORE else run
    hits = _some(run if middle else sure, _latin(array))
    if not len(hits):
        return np.zeros((0, 2), np.intp)
    ends = np.append(np.flatnonzero(array == 10), len(array))
    lines = np.stack((np.append(0, ends[:-1] + 1), ends), axis=1)
    lines = lines[_counted(hits, *lines.T) > 0]
    asked = np.flatnonzero(_counted(np.flatnonzero(sure), *lines.T) == 0)
    spans = zip(asked.tolist(), *lines[asked].T.tolist(), strict=True)
    without = [i for i, begin, end in spans if core.search(data, begin, end) is None]
    return np.delete(lines, without, axis=0) if without else lines


def _latin(array: NDArray[np.uint8]) -> _Mask:
    """Mark where what may be three Latin letters in UTF-8 follow each other."""
    # They begin with these bytes, and marks of three bytes with 0xE2.
    trail = (array & 0xC0) == 0x80
    letter = _LATIN_LEADS.take(array)
    letter[:-1] &= trail[1:]
    latin = letter
    for _ in range(2):
        n = max(len(latin) - 3, 0)
        latin = letter[:n] & np.where(array[:n] == 0xE2, latin[3:], latin[2 : n + 2])
    return latin


def _some(one: _Mask, two: _Mask) -> _Places:
    """Return where one of two masks holds, each of which may end early."""
    longer, shorter = (one, two) if len(one) > len(two) else (two, one)
    both = longer.copy()
    both[: len(shorter)] |= shorter
    return np.flatnonzero(both)


@dataclass(frozen=True, slots=True)
class _Whole:
    """Lines that are one damaged stretch from end to end."""

    name: str
    codes: NDArray[np.uint32]
    data: bytes
    array: NDArray[np.uint8]
    starts: NDArray[np.int64]
    parsed: _Parsed

    def undone(self, begins: _Places, ends: _Places) -> tuple[_Mask, list[Undone]]:
        """Return which lines need not be looked at token by token, and these undone, in order."""
        high = np.flatnonzero(self.array >= 0x80)
        first = high[np.searchsorted(high, begins)]
        until = high[np.searchsorted(high, ends) - 1] + 1
        plain = self._is_plain(first, until)
        if not plain.any():
            return plain, []
        first, until = self._with_questions(first[plain], until[plain])
        if self.name not in SINGLE:
            until = until + (self.starts[np.searchsorted(self.starts, until)] != until)
        texts, holes = self._decoded(first, until)
        counts = _counted(np.flatnonzero(self.parsed.first), first, until)
        if self.name not in SINGLE:
            first, until = np.searchsorted(self.starts, (first, until))
        rows = zip(first.tolist(), until.tolist(), texts, counts.tolist(), holes, strict=True)
        return plain, list(map(Undone._make, rows))

    def _with_questions(self, first: _Places, until: _Places) -> tuple[_Places, _Places]:
        """Return the stretches with up to three `?` beside them: lost bytes of another layer."""
        edge = np.append(self.array, 0)  # the one behind is the one before the first as well
        before = after = np.ones(len(first), np.bool_)
        for _ in range(3):
            before = before & (edge[first - 1] == 0x3F)
            after = after & (edge[until] == 0x3F)
            if not (before.any() or after.any()):
                break
            first, until = first - before, until + after
        return first, until

    def _is_plain(self, first: _Places, until: _Places) -> _Mask:
        """Tell which stretches (bytes `first` to before `until`) have no doubt about them.

        Each hole holds a mark and is small; nothing is foreign, nothing stands for itself, and
        neither end is a sequence of two bytes or in the middle of a character.
        """
        array, bad = self.array, self.parsed.bad
        edge = np.append(array, 0)
        plain = np.ones(len(first), np.bool_)
        if self.name not in SINGLE:
            plain = (self.starts[np.searchsorted(self.starts, until)] == until) | (
                edge[until] < 0x80  # an ASCII character that became the second byte of a pair
            )
        if self.name not in SINGLE:
            begun = np.flatnonzero(self.parsed.first)
            opening = array[begun[np.searchsorted(begun, first)]]
            closing = array[begun[np.searchsorted(begun, until) - 1]]
            plain &= (opening >= _NEVER_STRONG) & (closing >= _NEVER_STRONG)
        marks = _any_mark(array)  # of an earlier layer: no holes of this one
        if not (marks or bad.any()):
            return plain
        # A `?` beside a stretch with holes may belong to one.
        asked = (edge[until] == 0x3F) | (edge[first - 1] == 0x3F)
        plain &= ~asked | (_counted(np.flatnonzero(bad), first, until) == 0)
        odd = np.zeros(len(array), bool)
        odd[np.flatnonzero(array == FOREIGN)] = True
        literal = self.starts[np.flatnonzero(_LITERAL.take(self.codes, mode="clip"))]
        odd[literal] = bad[literal]
        padded = np.zeros(len(bad) + 2, bool)
        padded[1:-1] = bad
        step = np.flatnonzero(padded[1:] != padded[:-1])
        runs, stops = step[::2], step[1::2]
        lost = _counted(np.flatnonzero(array == UNKNOWN), runs, stops)
        # A `?` beside a hole belongs to it, and an ASCII character may have been a wide one: the
        # rest of a sequence after its first byte, and some after the second.
        after, before = edge[np.minimum(stops, len(array))], array[stops - 1]
        narrow = (after < 0x80) & (after >= 0x20) & (before >= 0xE0) & (before != UNKNOWN)
        narrow |= _WEDGES.take(after) & (before < 0xC0)
        # One stray byte behind a character: both are what is left of two (`_CROSSED`).
        second = edge[runs + 1]
        crossed = (array[runs] < 0xC0) & ((second < 0x80) | (second >= 0xC0)) & (second != 0x3F)
        crossed &= (second != UNKNOWN) & self.parsed.three[runs - 3] & (self.name == "gbk")
        asked = (after == 0x3F) | (edge[runs - 1] == 0x3F)
        odd[runs[(stops - runs > MAX_HOLE * lost) | asked | narrow | crossed]] = True
        # `€` is 0xA2E3 as well.
        euros = np.flatnonzero((array[1:-1] == 0x80) & bad[2:]) + 1
        euros = euros[~_LEAD[array[euros - 1]]]
        which = np.searchsorted(self.starts, euros)
        odd[euros[(self.starts[which] == euros) & (self.starts[which + 1] == euros + 1)]] = True
        if marks:
            odd[np.flatnonzero((array == 0xEF) & (np.append(array[1:], 0) == 0xBF))] = True
        plain &= _counted(np.flatnonzero(odd), first, until) == 0
        return plain

    def _decoded(self, first: _Places, last: _Places) -> tuple[list[str], list[tuple[bytes, ...]]]:
        """Return the texts of the stretches, with `�` for each hole, and the bytes of the holes."""
        array, bad = self.array, self.parsed.bad
        if not bad.any():
            pairs = zip(first.tolist(), last.tolist(), strict=True)
            texts = [self.data[a:b].decode() for a, b in pairs]
            return texts, [()] * len(texts)
        # A hole begins at a byte after valid ones, or at a lead byte.
        lost = np.flatnonzero(bad)
        begun = np.append(True, lost[1:] != lost[:-1] + 1)[: len(lost)] | _LEAD[array[lost]]
        heads = np.flatnonzero(begun)
        at, sizes = lost[heads], np.diff(np.append(heads, len(lost)))
        ends, marks = at + sizes, np.maximum((sizes + 1) // 3, 1)
        # So many of its bytes as it has marks are made invalid, which gives one each; others go.
        kept = _ranges(at, marks)
        keep = ~bad
        keep[kept] = True
        gone = np.flatnonzero(~keep)
        out = array.copy()
        out[kept] = UNKNOWN
        data = out[keep].tobytes()
        spans = ((x - np.searchsorted(gone, x)).tolist() for x in (first, last))
        texts = [data[a:b].decode("utf-8", "replace") for a, b in zip(*spans, strict=True)]
        line = np.searchsorted(first, at, side="right") - 1
        mine = (line >= 0) & (at < last[line])
        at, ends, marks = at[mine], ends[mine], marks[mine]
        holes = [self.data[a:b] for a, b in zip(at.tolist(), ends.tolist(), strict=True)]
        if len(marks) and marks.max() > 1:
            rows = zip(holes, marks.tolist(), strict=True)
            holes = [raw for hole, n in rows for raw in (hole, *[b""] * (n - 1))]
        before = np.append(0, np.cumsum(marks))
        edges = zip(*(before[np.searchsorted(at, x)].tolist() for x in (first, last)), strict=True)
        return texts, [tuple(holes[a:b]) for a, b in edges]


def _ranges(starts: _Places, counts: NDArray[np.int64]) -> _Places:
    """Return `counts` places from each start on: one array."""
    before = np.cumsum(counts) - counts
    places: _Places = np.repeat(starts - before, counts) + np.arange(counts.sum())
    return places


def _counted(places: _Places, first: _Places, last: _Places) -> NDArray[np.int64]:
    """Return how many of some places (in order) lie in each span."""
    found: NDArray[np.int64] = np.searchsorted(places, last) - np.searchsorted(places, first)
    return found


def _any_mark(array: NDArray[np.uint8]) -> bool:
    """Tell whether there is a `�` in UTF-8: three times as fast as a search in the bytes."""
    return bool(((array[:-2] == 0xEF) & (array[1:-1] == 0xBF) & (array[2:] == 0xBD)).any())
