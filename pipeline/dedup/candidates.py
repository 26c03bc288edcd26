"""Which documents are to be compared: groups that share band hashes, or passages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.bands import NONE, Bands, linked
from pipeline.dedup.clusters import Forest
from pipeline.dedup.options import DedupOptions

Ranks = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_SHARED = 2  # passages that make a pair a candidate: one may be a quotation
_COMMON = 32  # documents with a passage, above which it is a formula and proposes nothing
_PARTITION = 1 << 24  # passage hashes sorted at a time


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
        hashes = np.where(self.alive, self.columns[number], NONE)
        if self.scope is not None:
            hashes = np.where(hashes == NONE, NONE, np.maximum(hashes ^ self.scope, np.uint64(1)))
        return hashes

    def groups(self) -> tuple[Ranks, Ranks]:
        """Return (group, member) of every document that shares hashes with another, group by group.

        A group is named by its smallest member, and its members ascend.
        """
        n = len(self.alive)
        forest = Forest(n)
        for band in range(self.options.bands):
            forest.link(*linked(self.column(band)))
        forest.link(*self.passage_pairs())
        group = forest.roots(np.arange(n, dtype=np.int64))
        members = np.flatnonzero(np.bincount(group, minlength=n)[group] > 1)
        members = members[np.argsort(group[members], kind="stable")]
        return group[members], members

    def passage_pairs(self) -> tuple[Ranks, Ranks]:
        """Return the pairs of documents that share at least two passages."""
        numbers = range(self.options.bands, len(self.columns))
        parts = max(1, len(numbers) * len(self.alive) // _PARTITION)
        edges = [(part << 64) // parts for part in range(parts)] + [1 << 64]
        found = [self._passage_pairs(numbers, low, high - 1) for low, high in pairwise(edges)]
        pairs = np.sort(np.concatenate(found)) if found else np.zeros(0, np.uint64)
        again = _SHARED - 1
        often = pairs[again:][pairs[again:] == pairs[: len(pairs) - again]]
        often = often[np.concatenate(([True], often[1:] != often[:-1]))[: len(often)]]
        left = often >> np.uint64(32)
        return left.astype(np.int64), (often & np.uint64(0xFFFFFFFF)).astype(np.int64)

    def _passage_pairs(self, numbers: range, low: int, high: int) -> Hashes:
        """Return the pairs, as left << 32 | right, that share a passage from low to high."""
        hashes, documents = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint64)]
        for number in numbers:
            column = self.column(number)
            inside = np.flatnonzero(
                (column >= np.uint64(low)) & (column <= np.uint64(high)) & (column != NONE)
            )
            hashes.append(column[inside])
            documents.append(inside.astype(np.uint64))
        return bucket_pairs(np.concatenate(hashes), np.concatenate(documents), len(self.alive))

    def near_in_bands(self, members: Ranks, reach: int) -> tuple[Ranks, Ranks]:
        """Return pairs of places in `members` that lie at most `reach` apart in a bucket."""
        pairs = [np.zeros(0, np.int64)]
        for band in range(self.options.bands):
            hashes = self.column(band)[members]
            order = np.argsort(hashes, kind="stable")
            order = order[hashes[order] != NONE]
            for step in range(1, reach + 1):
                a, b = order[:-step], order[step:]
                same = hashes[a] == hashes[b]
                pairs.append((a[same] << 32) | b[same])
        distinct = np.unique(np.concatenate(pairs))
        return distinct >> 32, distinct & 0xFFFFFFFF


_SCOPE = 0x9E3779B97F4A7C15


def bucket_pairs(hashes: Hashes, documents: Hashes, n: int) -> Hashes:
    """Return left << 32 | right of all pairs of documents with one hash, in buckets not too full.

    `documents` uint64, below n. A pair comes once for each hash that it shares.
    """
    bits = np.uint64(max(n.bit_length(), 1))
    words = (hashes >> bits << bits) | documents
    words.sort()
    words = words[np.concatenate(([True], words[1:] != words[:-1]))[: len(words)]]
    heads = words >> bits
    begins = np.flatnonzero(np.concatenate(([True], heads[1:] != heads[:-1]))[: len(words)])
    sizes = np.diff(np.append(begins, len(words)))
    size = np.repeat(sizes, sizes)
    numbers = words & ((np.uint64(1) << bits) - np.uint64(1))
    crowded = np.flatnonzero((size > 1) & (size <= _COMMON))
    heads, numbers = heads[crowded], numbers[crowded]
    found = [np.zeros(0, np.uint64)]
    for step in range(1, min(_COMMON, len(heads))):
        same = heads[step:] == heads[:-step]
        if not same.any():
            break
        found.append((numbers[:-step][same] << np.uint64(32)) | numbers[step:][same])
    return np.concatenate(found)


def batches(
    group: Ranks, members: Ranks, length: Ranks, units: int
) -> Iterator[tuple[Ranks, Ranks]]:
    """Cut (group, members) into whole groups of about `units` shadow characters together."""
    heads = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))[: len(members)]
    ends = np.append(heads[1:], len(members))
    total = np.cumsum(length[members])[ends - 1] if len(members) else np.zeros(0, np.int64)
    at = 0
    while at < len(heads):
        before = int(total[at - 1]) if at else 0
        to = max(int(np.searchsorted(total, before + units, "right")), at + 1)
        rows = slice(int(heads[at]), int(ends[to - 1]))
        yield group[rows], members[rows]
        at = to
