"""Texts as arrays of code points, a few hundred thousand at a time, and flags per code point.

One gather from a 64 KiB table answers for a whole batch what a regular expression would ask at
every character; Python then looks only at the places found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.runs import cut, firsts

_Flags = TypeVar("_Flags", bound=np.generic)

SLICE = 1 << 18
"""Code points a slice: its arrays stay in the cache, and outweigh the calls that make them."""
STRETCH = 1 << 15
"""Code points looked up at once: numpy widens them to eight bytes first, which is half of the price
where these do not stay in the cache."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Some texts of a batch, one after the other, each followed by a line end.

    `codes`: uint32 (n,). `starts`: int64 (k + 1,), where text i begins; the last is n.
    `first`: the number in the batch of the first text. `joined`: what `codes` are the codes of, if
    it was asked for: one substring in it is found faster than in an array.
    """

    first: int
    codes: NDArray[np.uint32]
    starts: NDArray[np.int64]
    joined: str = ""

    def owners(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return for each place (sorted) the number of its text within the slice."""
        return np.searchsorted(self.starts, places, side="right") - 1


def slices(texts: Sequence[str], joined: bool = False, size: int = SLICE) -> Iterator[Codes]:
    """Cut a batch into slices of `size` code points, with their `joined` texts or without."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    for first, last in cut(sizes, size):
        starts = np.zeros(last - first + 1, np.int64)
        np.cumsum(sizes[first:last], out=starts[1:])
        yield _encoded(first, texts[first:last], starts, joined)


def _encoded(first: int, texts: Sequence[str], starts: NDArray[np.int64], kept: bool) -> Codes:
    joined = "\n".join([*texts, ""])
    return Codes(first, code_points(joined), starts, joined if kept else "")


def flag_table(rows: Mapping[int, str]) -> NDArray[np.uint32]:
    """Return the flags of every code point of the BMP: uint32 (65536,).

    `rows` maps a flag (one bit) to the body of a regular-expression class: characters and ranges.
    """
    table = np.zeros(65536, np.uint32)
    for flag, body in rows.items():
        i = 0
        while i < len(body):
            last = i + 2 if body[i + 1 : i + 2] == "-" and i + 2 < len(body) else i
            table[min(ord(body[i]), 0xFFFF) : min(ord(body[last]), 0xFFFF) + 1] |= np.uint32(flag)
            i = last + 1
    return table


def those_in(chars: Iterable[str]) -> NDArray[np.bool_]:
    """Return which code points of the BMP are among some: bool (65536,)."""
    table = np.zeros(65536, np.bool_)
    table[[ord(char) for char in chars]] = True
    return table


@cache
def that_are(says: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Return of which code points of the BMP a method of str (str.isalnum) holds: bool (65536,)."""
    every = np.arange(65536, dtype=np.uint32).view("U1")
    found: NDArray[np.bool_] = getattr(np.strings, says.__name__)(every)
    return found


def groups(owners: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Return the stretches of equal numbers: (first, past the last)."""
    if not len(owners):
        return iter(())
    return pairwise([*firsts(owners).tolist(), len(owners)])


def places(flags: NDArray[np.unsignedinteger[Any]], mask: int) -> NDArray[np.intp]:
    """Return where one of the flags in `mask` is set.

    Of booleans numpy finds the true ones ten times as fast as of numbers those that are not 0.
    """
    return np.flatnonzero((flags & flags.dtype.type(mask)) != 0)


def flags_of(codes: NDArray[np.uint32], table: NDArray[_Flags]) -> NDArray[_Flags]:
    """Return the flags of each code point, in the same shape; beyond the BMP those of U+FFFF."""
    if len(codes) <= STRETCH:
        return table.take(codes, mode="clip")
    flags = np.empty(codes.shape, table.dtype)
    for at in range(0, len(codes), STRETCH):
        stretch = codes[at : at + STRETCH]
        table.take(stretch, mode="clip", out=flags[at : at + len(stretch)])
    return flags
