"""What LSH proposed, decided: exact overlap of the shingle sets of pairs of documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.options import DedupOptions
from pipeline.text.shingles import shingle_hashes

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ShingleSets:
    """The distinct shingle hashes of documents, end to end; document i has words[starts[i]:...]."""

    words: NDArray[np.uint64]
    starts: Numbers

    @property
    def sizes(self) -> Numbers:
        """Distinct shingles of each document."""
        return np.diff(self.starts)


def shingle_sets(shadows: Sequence[str], ngram: int) -> ShingleSets:
    """Return the sets of the shingles of each text; a text below `ngram` characters has none."""
    sets = [
        np.unique(shingle_hashes(np.frombuffer(text.encode("utf-16-le"), np.uint16), ngram))
        for text in shadows
    ]
    starts = np.zeros(len(sets) + 1, np.int64)
    np.cumsum([len(s) for s in sets], out=starts[1:])
    return ShingleSets(np.concatenate(sets) if sets else np.zeros(0, np.uint64), starts)


_SLICE = 1 << 20  # words compared at a time


def overlaps(sets: ShingleSets, left: Numbers, right: Numbers) -> Numbers:
    """Return the number of shingles that documents left[i] and right[i] share: int64 (pairs,).

    The sets of a pair are laid side by side under the number of the pair and sorted: equal
    neighbours are shared. 50 bits of hash remain beside 2^14 pairs: two sets of a thousand are
    wrong by one shingle once in a billion pairs.
    """
    out = np.zeros(len(left), np.int64)
    cost = np.cumsum(sets.sizes[left] + sets.sizes[right])
    at = 0
    while at < len(left):
        before = int(cost[at - 1]) if at else 0
        to = max(int(np.searchsorted(cost, before + _SLICE, "right")), at + 1)
        to = min(to, at + (1 << 14))
        out[at:to] = _overlaps(sets, left[at:to], right[at:to])
        at = to
    return out


def _overlaps(sets: ShingleSets, left: Numbers, right: Numbers) -> Numbers:
    documents = np.concatenate((left, right))
    sizes = sets.sizes[documents]
    pair = np.tile(np.arange(len(left), dtype=np.uint64), 2)
    words = sets.words[_ranges(sets.starts[documents], sizes)]
    words >>= np.uint64(14)
    words |= np.repeat(pair << np.uint64(50), sizes)
    words.sort()
    shared = words[1:][words[1:] == words[:-1]] >> np.uint64(50)
    return np.bincount(shared.astype(np.int64), minlength=len(left))


def _ranges(begins: Numbers, sizes: Numbers) -> Numbers:
    """Return the numbers begins[i] .. begins[i] + sizes[i] - 1 of all i end to end."""
    ends = np.cumsum(sizes)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(begins - ends + sizes, sizes)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of each pair: Jaccard and containment (0-1); near by the one, contained by the other only."""

    jaccard: NDArray[np.float64]
    containment: NDArray[np.float64]
    near: NDArray[np.bool_]
    contained: NDArray[np.bool_]

    @property
    def match(self) -> NDArray[np.bool_]:
        """Whether either holds: bool (pairs,)."""
        return self.near | self.contained


def judge(sets: ShingleSets, left: Numbers, right: Numbers, options: DedupOptions) -> Verdicts:
    """Return the verdict on each pair of documents."""
    shared = overlaps(sets, left, right)
    a, b = sets.sizes[left], sets.sizes[right]
    smaller, larger = np.minimum(a, b), np.maximum(a, b)
    jaccard = shared / np.maximum(a + b - shared, 1)
    containment = shared / np.maximum(smaller, 1)
    near = jaccard >= options.jaccard
    contained = (containment >= options.containment) & (smaller >= options.size_ratio * larger)
    return Verdicts(jaccard, containment, near, contained & ~near)
