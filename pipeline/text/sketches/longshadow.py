"""The shadow of a text that may be a book: made a stretch at a time, two bytes a character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.runs import portions
from pipeline.text.sketches.shadow import BOUND, Places, Units, shadow_at, shadow_units

LONG = 1 << 21
"""Characters above which a text is one of these."""
_STEP = 1 << 18


class Shadow(NamedTuple):
    """The shadow of a text, and its long lines: the `line`-th is `units[first:last]`."""

    units: Units
    line: Places
    first: Places
    last: Places


def shadow_of(text: str, least: int) -> Shadow:
    """Return the shadow of a text and of those of its lines that have `least` characters."""
    whole = np.empty(len(text), np.uint16)  # what is not written to takes no memory
    found: list[tuple[Places, Places, Places]] = []
    chars = size = lines = 0  # before this stretch: characters, units, line ends
    begin = at = 0  # where the open line began: character, unit
    for codes in _stretches(text):
        ends = np.flatnonzero(codes == ord("\n"))
        units, cuts = shadow_at(codes, ends)
        until, last = ends + chars, cuts + size
        first = np.concatenate(([at], last))[:-1]  # a line end has no shadow
        long = np.flatnonzero(until - np.concatenate(([begin], until + 1))[:-1] >= least)
        found.append((long + lines, first[long], last[long]))
        if size + len(units) > len(whole):  # ㎡ is m2
            whole = np.concatenate((whole[:size], np.empty(len(whole) + len(units), np.uint16)))
        whole[size : size + len(units)] = units
        if len(ends):
            begin, at = int(until[-1]) + 1, int(last[-1])
        chars, size, lines = chars + len(codes), size + len(units), lines + len(ends)
    return Shadow(whole[:size], *map(np.concatenate, zip(*found, strict=True)))


def shadows(texts: Sequence[str]) -> tuple[Units, Places]:
    """Return what `shadow_units` returns, in no more memory than that where a text is long."""
    found, sizes = [np.zeros(0, np.uint16)], [np.zeros(1, np.int64)]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    for some in portions(lengths, _STEP):  # so little that the arrays stay in the cache
        if lengths[some.start] > LONG:  # alone
            found.append(shadow_of(texts[some.start], int(lengths[some.start]) + 1).units)
            sizes.append(np.array([len(found[-1])]))
        else:
            units, starts = shadow_units(texts[some])
            found.append(units)
            sizes.append(np.diff(starts))
    starts = np.cumsum(np.concatenate(sizes))
    return found[1] if len(found) == 2 else np.concatenate(found), starts


def _stretches(text: str) -> Iterator[NDArray[np.uint32]]:
    """Yield the code points of a text and of a line end, cut where nothing joins what follows."""
    start = 0
    while start <= len(text):
        bound = BOUND.search(text, start + _STEP)
        end = bound.start() if bound else len(text) + 1
        piece = text[start:end] + ("" if bound else "\n")
        yield code_points(piece)
        start = end
