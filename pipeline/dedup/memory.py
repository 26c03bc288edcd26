"""What earlier runs have computed: overlaps of pairs of texts, known by the hashes of the texts.

A night brings few new documents, but `decide` compares all candidates, as the result must be that
of one run over everything. Who overlaps whom, and by how much, is a function of the two texts
alone: it is looked up, and only pairs that no run has seen are read and compared again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.verify import Numbers, Overlap, ShingleSets, joined, overlaps
from pipeline.text.sketches.line_hashes import mix

Hashes = NDArray[np.uint64]

PAIR_DTYPE = np.dtype(
    [
        ("key", "<u8"), ("high", "<u8"),
        ("shared", "<i4"), ("low_size", "<i4"), ("high_size", "<i4"), ("apart", "?"),
    ]
)  # fmt: skip
"""A pair of texts: a hash of both, the larger of their hashes, shared shingles, shingles of the
text with the smaller hash and of that with the larger, and whether their numbers are others."""


class Memory:
    """Overlaps of pairs of texts: those known from the run before, and those that this one used.

    `known`: PAIR_DTYPE, sorted by key.
    """

    def __init__(self, known: NDArray[Any] | None = None) -> None:
        self.known = np.zeros(0, PAIR_DTYPE) if known is None else known
        self.used: list[NDArray[Any]] = []

    def overlap(
        self, left: Hashes, right: Hashes, compare: Callable[[Numbers], Overlap]
    ) -> Overlap:
        """Return the overlap of pairs of texts; `compare` is asked about the rows not known."""
        pairs = np.zeros(len(left), PAIR_DTYPE)
        turned = left > right
        pairs["high"] = np.where(turned, left, right)
        pairs["key"] = mix(np.where(turned, right, left) ^ mix(pairs["high"]))
        fresh = np.arange(len(pairs))
        if len(self.known):
            place = np.searchsorted(self.known["key"], pairs["key"])
            found = self.known[np.minimum(place, len(self.known) - 1)]
            same = (found["key"] == pairs["key"]) & (found["high"] == pairs["high"])
            pairs[same] = found[same]
            fresh = np.flatnonzero(~same)
        if fresh.size:
            shared, ours, theirs, pairs["apart"][fresh] = compare(fresh)
            pairs["shared"][fresh] = shared
            pairs["low_size"][fresh] = np.where(turned[fresh], theirs, ours)
            pairs["high_size"][fresh] = np.where(turned[fresh], ours, theirs)
        self.used.append(pairs)
        low, high = pairs["low_size"].astype(np.int64), pairs["high_size"].astype(np.int64)
        shared = pairs["shared"].astype(np.int64)
        sizes = (np.where(turned, high, low), np.where(turned, low, high))
        return Overlap(shared, *sizes, pairs["apart"].copy())

    def to_remember(self, hashes: Hashes | None = None) -> NDArray[Any]:
        """Return what the next run should know: the pairs of this one, sorted by key.

        And known pairs of texts whose `hashes` are still there: their group was not looked into.
        """
        still = np.isin(self.known["high"], hashes) if hashes is not None else slice(0, 0)
        pairs = np.concatenate([self.known[still], *self.used])
        return pairs[np.unique(pairs["key"], return_index=True)[1]]


class Comparer:
    """Compares texts of a batch; reads those of which a pair is not remembered, once.

    `hashes` uint64 (m,): of the texts. `company` int64 (m,): texts of one number are read together,
    as where one pair is new others will be. `read` gives the shingle sets of some texts.
    """

    def __init__(
        self,
        hashes: Hashes,
        company: Numbers,
        read: Callable[[Numbers], ShingleSets],
        memory: Memory,
    ) -> None:
        self.hashes, self.company, self.read, self.memory = hashes, company, read, memory
        self.row = np.full(len(hashes), -1, np.int64)
        self.sets: ShingleSets | None = None

    def overlap(self, left: Numbers, right: Numbers) -> Overlap:
        """Return how much the texts left[i] and right[i] share, and the size of each."""

        def compare(rows: Numbers) -> Overlap:
            sets = self._read(np.concatenate((left[rows], right[rows])))
            a, b = self.row[left[rows]], self.row[right[rows]]
            return overlaps(sets, a, b)

        return self.memory.overlap(self.hashes[left], self.hashes[right], compare)

    def _read(self, texts: Numbers) -> ShingleSets:
        missing = texts[self.row[texts] < 0]
        if missing.size:
            together = np.isin(self.company, self.company[missing])
            fresh = np.flatnonzero(together & (self.row < 0))
            before = self.sets
            more = self.read(fresh)
            self.row[fresh] = np.arange(len(fresh)) + (len(before.sizes) if before else 0)
            self.sets = joined([before, more]) if before else more
        assert self.sets is not None
        return self.sets
