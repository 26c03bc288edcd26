"""Paragraphs of one document that say nearly the same: found by long stretches, proven exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.text.shadow import shadow_units
from pipeline.text.shingles import batch_shingles, shingle_hashes

STRETCH = 12
"""Characters that two near-copies always have in common somewhere: of 30, one may differ."""
_LEAST = 6
"""Repeated stretches that make a document worth a look; a name of 16 characters makes five."""
_LONG = 100  # characters from which 5-grams judge; below, one substitution costs too many of them


class Alike(NamedTuple):
    """Two paragraphs and the Jaccard (0-1) of their shingles; `more` where the later has more."""

    first: int
    later: int
    jaccard: float
    more: bool


def suspects(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Return which texts say at least six stretches of twelve characters twice: bool (n,).

    A coarse test in whole arrays, before anything looks at paragraphs.
    """
    raw = [text.encode("utf-16-le", "surrogatepass") for text in texts]
    starts = np.zeros(len(raw) + 1, np.int64)
    np.cumsum([len(data) // 2 for data in raw], out=starts[1:])
    hashes, firsts = batch_shingles(np.frombuffer(b"".join(raw), np.uint16), starts, STRETCH)
    owners = np.repeat(np.arange(len(texts), dtype=np.uint64), np.diff(firsts))
    words = (hashes >> np.uint64(20)) | (owners << np.uint64(44))
    words.sort()
    again = words[1:] == words[:-1]
    again[1:] &= ~again[:-1]  # each repeated stretch counts once
    counts = np.bincount((words[1:][again] >> np.uint64(44)).astype(np.int64), minlength=len(texts))
    return counts >= _LEAST


def alike(paragraphs: Sequence[str], least: float, min_chars: int) -> list[Alike]:
    """Return the pairs of paragraphs with a Jaccard of at least `least`, later ones in order.

    Paragraphs below `min_chars` of shadow are not looked at: one substitution in 30 characters
    leaves .81 of the 3-grams, in 20 less than .74. Every paragraph is compared with the earlier
    ones that it shares stretches with, as neighbours in the order of their hashes.
    """
    units, starts = shadow_units(paragraphs)
    sizes = np.diff(starts)
    found = []
    for first, later in _candidates(units, starts, sizes >= min_chars):
        a, b = units[starts[first] : starts[first + 1]], units[starts[later] : starts[later + 1]]
        ngram = 5 if min(len(a), len(b)) >= _LONG else 3
        one, other = np.unique(shingle_hashes(a, ngram)), np.unique(shingle_hashes(b, ngram))
        shared = len(np.intersect1d(one, other, assume_unique=True))
        jaccard = shared / (len(one) + len(other) - shared)
        if jaccard >= least:
            found.append(Alike(first, later, jaccard, len(b) > len(a)))
    return found


def _candidates(
    units: NDArray[np.uint16], starts: NDArray[np.int64], long: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    hashes, firsts = batch_shingles(units, starts, STRETCH)
    owner = np.repeat(np.arange(len(long)), np.diff(firsts))
    hashes, owner = hashes[long[owner]], owner[long[owner]]
    order = np.lexsort((owner, hashes))
    hashes, owner = hashes[order], owner[order]
    near = (hashes[1:] == hashes[:-1]) & (owner[1:] != owner[:-1])
    pairs, counts = np.unique(
        np.stack((owner[:-1][near], owner[1:][near]), axis=1), axis=0, return_counts=True
    )
    chosen = pairs[counts >= 2]
    return sorted(map(tuple, chosen.tolist()), key=lambda pair: (pair[1], pair[0]))
