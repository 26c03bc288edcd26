"""What LSH proposed, decided: overlap of the shingle sets of pairs of documents.

It is exact but for books: of a text that has more than MOST shingles those are compared whose
hashes lie below a bound, the same ones in both texts. A quarter of a million of them tell a Jaccard
to .001 (one standard deviation), and a book of 50 MB takes 4 MB instead of 400.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.figures import figures, other_figures
from pipeline.dedup.options import DedupOptions
from pipeline.runs import begins, portions
from pipeline.text.sketches.shadow import Units
from pipeline.text.sketches.shingles import batch_shingles, shingle_hashes

Numbers = NDArray[np.int64]
Words = NDArray[np.uint64]

MOST = 1 << 19
"""Distinct shingles of one text that are held."""
_LONG, _STEP = 1 << 20, 1 << 18  # code units of a text that is read in steps, and of a step
_EVERY = np.uint64(2**64 - 1)
_ALIKE, _CERTAIN = 0.2, 0.95
"""Jaccard between which numbers are asked: below, none is a copy, nor the quarter of a text that it
is contained in; above, a page with another counter or date is likelier than a form."""


@dataclass(frozen=True, slots=True)
class ShingleSets:
    """The distinct shingle hashes of documents, end to end; document i has words[starts[i]:...].

    `bounds` uint64 (n,): of document i those are there that are not above bounds[i]. `figures`:
    its numbers, likewise, from figure_starts[i] on; of a book there are none.
    """

    words: Words
    starts: Numbers
    bounds: Words
    figures: Words
    figure_starts: Numbers

    @property
    def sizes(self) -> Numbers:
        """Shingles of each document that are there."""
        return np.diff(self.starts)


def joined(parts: Sequence[ShingleSets]) -> ShingleSets:
    """Return the sets of several batches of documents as those of one."""
    if len(parts) == 1:
        return parts[0]
    return ShingleSets(
        np.concatenate([np.zeros(0, np.uint64), *(part.words for part in parts)]),
        _end_to_end([part.starts for part in parts]),
        np.concatenate([np.zeros(0, np.uint64), *(part.bounds for part in parts)]),
        np.concatenate([np.zeros(0, np.uint64), *(part.figures for part in parts)]),
        _end_to_end([part.figure_starts for part in parts]),
    )


def _end_to_end(starts: Sequence[Numbers]) -> Numbers:
    return np.cumsum(np.concatenate([np.zeros(1, np.int64), *map(np.diff, starts)]))


def unit_sets(units: Units, starts: Numbers, ngram: int) -> ShingleSets:
    """Return the sets of the shingles of texts, whose shadows are as `shadow_units` gives them.

    A text below `ngram` characters has none.
    """
    return joined([*pieces_of_sets(units, starts, ngram)])


def pieces_of_sets(units: Units, starts: Numbers, ngram: int) -> Iterator[ShingleSets]:
    """Yield the sets of some texts after the other: so few that the arrays stay in the cache."""
    for some in portions(np.diff(starts), _STEP):
        edges = starts[some.start : some.stop + 1]
        piece = units[edges[0] : edges[-1]]
        long = len(piece) > _LONG  # is one text
        yield _long_set(piece, ngram) if long else _sets(piece, edges - edges[0], ngram)


def _sets(units: Units, starts: Numbers, ngram: int) -> ShingleSets:
    words, firsts = batch_shingles(units, starts, ngram)
    for a, b in pairwise(firsts.tolist()):
        words[a:b].sort()  # one text fits the cache: a third of the time of one sort for all
    fresh = begins(words)
    fresh[firsts[:-1][firsts[:-1] < len(words)]] = True
    kept = np.zeros(len(words) + 1, np.int64)
    np.cumsum(fresh, out=kept[1:])
    bounds = np.full(len(starts) - 1, _EVERY)
    sets = ShingleSets(words[fresh], kept[firsts], bounds, *figures(units, starts))
    if bool((sets.sizes <= MOST).all()):
        return sets
    return joined([_alone(*_bounded(sets.words[a:b], _EVERY)) for a, b in pairwise(sets.starts)])


def _long_set(units: Units, ngram: int) -> ShingleSets:
    """Return the set of one long text: no more of it is held at a time than a few times MOST."""
    words, bound = np.zeros(0, np.uint64), _EVERY
    fresh: list[Words] = []
    size = 0
    for at in range(0, max(len(units) - ngram + 1, 0), _STEP):
        hashes = shingle_hashes(units[at : at + _STEP + ngram - 1], ngram)
        fresh.append(hashes[hashes <= bound])
        size += len(fresh[-1])
        if size >= MOST:
            words, bound = _bounded(_distinct(words, *fresh), bound)
            fresh, size = [], 0
    return _alone(*_bounded(_distinct(words, *fresh), bound))


def _distinct(*parts: Words) -> Words:
    words = np.sort(np.concatenate(parts))  # `np.unique` hashes, and takes ten times as long
    return words[begins(words)]


def _bounded(words: Words, bound: np.uint64) -> tuple[Words, np.uint64]:
    """Halve the bound until no more than MOST of the words, which ascend, are left."""
    while len(words) > MOST:
        bound >>= np.uint64(1)
        words = words[: np.searchsorted(words, bound, "right")].copy()
    return words, bound


def _alone(words: Words, bound: np.uint64) -> ShingleSets:
    none = np.zeros(0, np.uint64)
    return ShingleSets(words, np.array([0, len(words)]), np.array([bound]), none, np.zeros(2, int))


def smallest(sets: ShingleSets, most: int) -> ShingleSets:
    """Return no more than the `most` smallest hashes of each document, and no figures."""
    held = np.minimum(sets.sizes, most)
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(held)))
    rows = np.arange(starts[-1]) + np.repeat(sets.starts[:-1] - starts[:-1], held)
    words = sets.words[rows]
    bounds = sets.bounds.copy()
    cut = held < sets.sizes
    bounds[cut] = words[starts[1:][cut] - 1]
    none = np.zeros(len(held) + 1, np.int64)
    return ShingleSets(words, starts, bounds, sets.figures[:0], none)


def overlaps(sets: ShingleSets, left: Numbers, right: Numbers) -> Overlap:
    """Return how many shingles documents left[i] and right[i] share, and how many each has.

    Of those that are below the lower of their bounds. Two sorted sets laid end to end are two runs,
    which a stable sort merges in 6 µs per thousand; equal neighbours are shared.
    """
    words, starts = sets.words, sets.starts.tolist()
    shared, ours, theirs = np.empty((3, len(left)), np.int64)
    out = Overlap(shared, ours, theirs, np.zeros(len(left), bool))
    uneven = sets.bounds[left] != sets.bounds[right]
    for row, (i, j) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        one, other = (words[starts[k] : starts[k + 1]] for k in (i, j))
        if uneven[row]:
            bound = min(sets.bounds[i], sets.bounds[j])
            one, other = (w[: np.searchsorted(w, bound, "right")] for w in (one, other))
        merged = np.concatenate((one, other))
        merged.sort(kind="stable")
        out.shared[row] = np.count_nonzero(merged[1:] == merged[:-1])
        out.left[row], out.right[row] = len(one), len(other)
    first = sets.figure_starts.tolist()
    for row in np.flatnonzero((out.jaccard >= _ALIKE) & (out.jaccard < _CERTAIN)).tolist():
        one, other = (sets.figures[first[k] : first[k + 1]] for k in (left[row], right[row]))
        out.apart[row] = other_figures(one, other)
    return out


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of each pair: Jaccard and containment (0-1); near by the one, contained by the other only.

    `follows`: as the copy of a copy, the right one may go where the left one stays.
    """

    jaccard: NDArray[np.float64]
    containment: NDArray[np.float64]
    near: NDArray[np.bool_]
    contained: NDArray[np.bool_]
    follows: NDArray[np.bool_]

    @property
    def match(self) -> NDArray[np.bool_]:
        """Whether either holds: bool (pairs,)."""
        return self.near | self.contained


class Overlap(NamedTuple):
    """Of each pair: shingles that both have, and shingles of the one and of the other.

    `apart` bool (pairs,): both are of one form, with other numbers.
    """

    shared: Numbers
    left: Numbers
    right: Numbers
    apart: NDArray[np.bool_]

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
    same = ~overlap.apart if options.same_numbers else np.ones(len(smaller), bool)
    near = (overlap.jaccard >= options.jaccard) & same
    inside = (containment >= options.containment) & same
    contained = inside & (smaller >= options.size_ratio * larger)
    # Contained in what is contained: half of a half.
    follows = inside & (overlap.right <= overlap.left)
    follows &= smaller >= options.size_ratio * options.size_ratio * larger
    follows |= (overlap.jaccard >= options.floor) & same
    return Verdicts(overlap.jaccard, containment, near, contained & ~near, follows)
