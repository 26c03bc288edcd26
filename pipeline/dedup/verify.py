"""What LSH proposed, decided: exact overlap of the shingle sets of pairs of documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.options import DedupOptions
from pipeline.text.shadow import Units
from pipeline.text.shingles import batch_shingles

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

    def plus(self, more: ShingleSets) -> ShingleSets:
        """Return these and more documents after them."""
        words = np.concatenate((self.words, more.words))
        return ShingleSets(words, np.append(self.starts, more.starts[1:] + len(self.words)))


def shingle_sets(shadows: Sequence[str], ngram: int) -> ShingleSets:
    """Return the sets of the shingles of each text; a text below `ngram` characters has none."""
    raw = [text.encode("utf-16-le", "surrogatepass") for text in shadows]
    starts = np.zeros(len(raw) + 1, np.int64)
    np.cumsum([len(data) // 2 for data in raw], out=starts[1:])
    return unit_sets(np.frombuffer(b"".join(raw), np.uint16), starts, ngram)


def unit_sets(units: Units, starts: Numbers, ngram: int) -> ShingleSets:
    """As `shingle_sets`, of shadows as `shadow_units` gives them."""
    words, firsts = batch_shingles(units, starts, ngram)
    for a, b in pairwise(firsts.tolist()):
        words[a:b].sort()  # one text fits the cache: a third of the time of one sort for all
    fresh = np.ones(len(words), bool)
    fresh[1:] = words[1:] != words[:-1]
    fresh[firsts[:-1][firsts[:-1] < len(words)]] = True
    kept = np.zeros(len(words) + 1, np.int64)
    np.cumsum(fresh, out=kept[1:])
    return ShingleSets(words[fresh], kept[firsts])


def overlaps(sets: ShingleSets, left: Numbers, right: Numbers) -> Numbers:
    """Return the number of shingles that documents left[i] and right[i] share: int64 (pairs,).

    Two sorted sets laid end to end are two runs, which a stable sort merges in 6 µs per thousand;
    equal neighbours are shared.
    """
    starts, words = sets.starts.tolist(), sets.words
    out = np.empty(len(left), np.int64)
    for row, (i, j) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        merged = np.concatenate(
            (words[starts[i] : starts[i + 1]], words[starts[j] : starts[j + 1]])
        )
        merged.sort(kind="stable")
        out[row] = np.count_nonzero(merged[1:] == merged[:-1])
    return out


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


class Overlap(NamedTuple):
    """Of each pair: shingles that both have, and shingles of the one and of the other."""

    shared: Numbers
    left: Numbers
    right: Numbers

    @property
    def jaccard(self) -> NDArray[np.float64]:
        """Shared shingles by all (0-1)."""
        either = np.maximum(self.left + self.right - self.shared, 1)
        jaccard: NDArray[np.float64] = self.shared / either
        return jaccard


def judge(overlap: Overlap, options: DedupOptions) -> Verdicts:
    """Return the verdict on each pair of documents."""
    smaller = np.minimum(overlap.left, overlap.right)
    larger = np.maximum(overlap.left, overlap.right)
    containment = overlap.shared / np.maximum(smaller, 1)
    near = overlap.jaccard >= options.jaccard
    contained = (containment >= options.containment) & (smaller >= options.size_ratio * larger)
    return Verdicts(overlap.jaccard, containment, near, contained & ~near)
