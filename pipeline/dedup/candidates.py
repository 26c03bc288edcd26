"""Which documents are to be compared: groups that share band hashes, or passages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.bands import NONE, Bands, linked, numbered
from pipeline.dedup.clusters import Forest
from pipeline.dedup.options import DedupOptions
from pipeline.runs import begins, find, portions, runs

Ranks = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_SHARED = 2  # passages that make a pair a candidate; one that no third document has counts twice
COMMON = 32
"""Documents with a passage, above which it is a formula and proposes nothing."""
READ_UNITS = 1 << 21
"""Characters of texts that are read at a time: 100 MB until they are hashes."""
_PARTITION = 1 << 23  # passage hashes sorted at a time, or as many as there are documents


class Proposals:
    """The columns of hashes of a corpus, as far as its documents are still to be compared.

    `scope` int64 (n,) or None; `alive` bool (n,). A hash of another scope is another hash.
    """

    def __init__(
        self, bands: Bands, options: DedupOptions, scope: Ranks | None, alive: NDArray[np.bool_]
    ) -> None:
        self.columns, self.options, self.alive = bands, options, alive
        self.scope = None if scope is None else scope.astype(np.uint64) * np.uint64(_SCOPE)

    def column(self, number: int) -> Hashes:
        """Return a column of hashes, NONE where the document is not to be compared."""
        hashes: Hashes = self.columns[number] * self.alive
        if self.scope is not None:
            there = hashes != NONE
            hashes ^= self.scope
            np.maximum(hashes, np.uint64(1), out=hashes)
            hashes *= there
        return hashes

    def groups(self) -> tuple[Ranks, Ranks]:
        """Return (group, member) of every document that shares hashes with another, group by group.

        A group is named by its smallest member, and its members ascend.
        """
        n = len(self.alive)
        forest = Forest(n)
        for band in range(self.options.bands):
            forest.link(*linked(self.column(band)))
        forest.link(*self.passage_pairs)
        group, members = forest.crowds()
        order = np.argsort(group, kind="stable")
        return group[order], members[order]

    @cached_property
    def passage_pairs(self) -> tuple[Ranks, Ranks]:
        """Return the pairs of documents that share two passages, or one that no other has.

        One may be a quotation; yet of the eight of a text that was cut to 60 %, fewer than two are
        left once in a hundred times.
        """
        numbers = range(self.options.bands, len(self.columns))
        parts = max(1, len(numbers) * len(self.alive) // max(_PARTITION, len(self.alive)))
        edges = [(part << 64) // parts for part in range(parts)] + [1 << 64]
        found = [self._passage_pairs(numbers, low, high - 1) for low, high in pairwise(edges)]
        pairs = np.sort(np.concatenate(found)) if found else np.zeros(0, np.uint64)
        again = _SHARED - 1
        often = pairs[again:][pairs[again:] == pairs[: len(pairs) - again]]
        often = often[begins(often)]
        left = often >> np.uint64(32)
        return left.astype(np.int64), (often & np.uint64(0xFFFFFFFF)).astype(np.int64)

    def _passage_pairs(self, numbers: range, low: int, high: int) -> Hashes:
        """Return the pairs, as left << 32 | right, that share a passage from low to high."""
        mask = np.uint64(0)
        found = [np.zeros(0, np.uint64)]
        for number in numbers:
            column = self.column(number)
            column *= (column >= np.uint64(low)) & (column <= np.uint64(high))
            words, mask = numbered(column)
            found.append(words)
        return np.concatenate([found[0], *bucket_pairs(np.concatenate(found), mask, COMMON)])

    def buckets(self, members: Ranks) -> Buckets:
        """Return the band hashes of some documents (ranks, any order), read once for all."""
        members = np.sort(members)
        hashes = np.empty((self.options.bands, len(members)), np.uint64)
        for band in range(self.options.bands if len(members) else 0):
            hashes[band] = self.column(band)[members]
        return Buckets(members, hashes)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Band hashes uint64 (bands, k) of the documents of large groups, `members` ascending."""

    members: Ranks
    hashes: Hashes

    def of(self, ranks: Ranks) -> Buckets:
        """Return those of some documents, by their places among these."""
        row = find(self.members, ranks)
        mine = np.flatnonzero(row >= 0)
        return Buckets(mine, self.hashes[:, row[mine]])

    def neighbours(self, ranks: Ranks, reach: int) -> tuple[Ranks, Ranks]:
        """Return the pairs of places in `ranks` that lie at most `reach` apart in a bucket."""
        rows = np.searchsorted(self.members, ranks)
        pairs = [np.zeros(0, np.int64)]
        for column in self.hashes:
            hashes = column[rows]
            order = np.argsort(hashes, kind="stable")
            order = order[hashes[order] != NONE]
            for step in range(1, reach + 1):
                a, b = order[:-step], order[step:]
                same = hashes[a] == hashes[b]
                pairs.append((a[same] << 32) | b[same])
        distinct = np.unique(np.concatenate(pairs))
        return distinct >> 32, distinct & 0xFFFFFFFF


_SCOPE = 0x9E3779B97F4A7C15


def bucket_pairs(words: Hashes, mask: np.uint64, common: int) -> Iterator[Hashes]:
    """Yield, in parts, left << 32 | right of all pairs of documents with one hash.

    `words`: the high bits of the hash, the document number in the bits of `mask`; sorted in place.
    A pair comes once for each hash that it shares, twice where no other document has it. A hash
    that more than `common` documents have proposes nothing.
    """
    heads, numbers = recurring_words(words, mask)
    _, sizes = runs(heads)
    sparse = np.repeat(sizes <= common, sizes)
    yield from neighbour_pairs(heads[sparse], numbers[sparse], common)
    two = np.repeat(sizes == 2, sizes)
    yield from neighbour_pairs(heads[two], numbers[two], 2)


def recurring_words(words: Hashes, mask: np.uint64) -> tuple[Hashes, Hashes]:
    """Return (hash, number) of the words whose hash several numbers have, by hash and number."""
    words.sort()
    change = words[1:] ^ words[:-1]
    shared = (change <= mask) & (change != 0)  # the same word: a document with a passage twice
    del change
    member = np.zeros(len(words), bool)
    member[1:] = shared
    member[:-1] |= shared
    words = words[member]
    return words | mask, words & mask


def neighbour_pairs(heads: Hashes, numbers: Hashes, reach: int) -> Iterator[Hashes]:
    """Yield left << 32 | right of the pairs less than `reach` apart that have the same hash."""
    for rows, apart in neighbours(heads, reach):
        yield (numbers[rows] << np.uint64(32)) | numbers[rows + apart]


def neighbours(heads: Hashes, reach: int) -> Iterator[tuple[Ranks, int]]:
    """Yield (rows, distance): so far below each of the rows the same hash stands again.

    Equal hashes stand together; distances are less than `reach`.
    """
    first, sizes = runs(heads)
    below = np.repeat(first + sizes, sizes) - np.arange(len(heads))
    rows = np.flatnonzero(below > 1)
    for apart in range(1, reach):
        if not len(rows):
            return
        yield rows, apart
        rows = rows[below[rows] > apart + 1]


def batches(
    group: Ranks, members: Ranks, length: Ranks, units: int
) -> Iterator[tuple[Ranks, Ranks]]:
    """Cut (group, members) into whole groups of about `units` shadow characters together."""
    heads, counts = runs(group)
    sizes = np.add.reduceat(length[members], heads) if len(heads) else heads
    ends = heads + counts
    for some in portions(sizes, units):
        rows = slice(heads[some][0], ends[some][-1])
        yield group[rows], members[rows]
