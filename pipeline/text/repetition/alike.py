"""Paragraphs of one document that say nearly the same: found by long stretches, proven exactly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.text.sketches.shadow import shadow_units
from pipeline.text.sketches.shingles import batch_shingles, shingle_hashes

STRETCH = 12
"""Characters that two near-copies always have in common somewhere: of 36, one may differ."""
_LEAST = 10
"""Repeated stretches that make a document worth a look; a name of 20 characters makes nine."""
_COVERED = 0.4  # of the stretches of a near-copy, the share that is repeated; .5 after one change
_LIMIT = 1 << 20  # characters of a document above which only exact repetition is looked for
_LONG = 100  # characters from which 5-grams judge; below, one substitution costs too many of them


class Alike(NamedTuple):
    """Two paragraphs and the Jaccard (0-1) of their shingles; `more` where the later has more."""

    first: int
    later: int
    jaccard: float
    more: bool


def suspects(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Return which texts say at least ten stretches of twelve characters twice: bool (n,).

    A coarse test before anything looks at paragraphs. One document is sorted at a time: a thousand
    words of 32 bits take 5 µs, a batch of fifty documents in one sort six times as long.
    """
    raw = [text.encode("utf-16-le", "surrogatepass") for text in texts]
    starts = np.zeros(len(raw) + 1, np.int64)
    np.cumsum([len(data) // 2 for data in raw], out=starts[1:])
    hashes, firsts = batch_shingles(np.frombuffer(b"".join(raw), np.uint16), starts, STRETCH)
    words = (hashes >> np.uint64(32)).astype(np.uint32)
    return np.fromiter(
        (b - a < _LIMIT and _says_twice(words[a:b]) for a, b in pairwise(firsts.tolist())),
        np.bool_,
        len(texts),
    )


def _says_twice(words: NDArray[np.uint32]) -> bool:
    words.sort()
    again = words[1:] == words[:-1]
    if not again.any():
        return False
    return int(np.count_nonzero(again[1:] > again[:-1])) + int(again[0]) >= _LEAST


def covered(text: str, lines: Sequence[tuple[int, int]]) -> list[int]:
    """Return the numbers of the lines, spans in code points, that mostly occur twice in the text.

    Where the text has characters outside the Basic Multilingual Plane, offsets in code units are
    off by as many; a coarse test may be.
    """
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    hashes = shingle_hashes(units, STRETCH)
    order = np.argsort(hashes)
    same = hashes[order[1:]] == hashes[order[:-1]]
    again = np.zeros(len(units) + 1, np.int64)
    again[order[1:][same] + 1] = 1
    again[order[:-1][same] + 1] = 1
    before = np.cumsum(again)
    spans = np.array(lines, np.int64).reshape(-1, 2)
    room = spans[:, 1] - spans[:, 0] - STRETCH + 1
    ends = np.minimum(spans[:, 0] + np.maximum(room, 0), len(units))
    share = before[ends] - before[np.minimum(spans[:, 0], len(units))]
    return np.flatnonzero((room > 0) & (share >= _COVERED * room)).tolist()


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
        ngram = shingle_units(min(len(a), len(b)))
        one, other = np.unique(shingle_hashes(a, ngram)), np.unique(shingle_hashes(b, ngram))
        shared = len(np.intersect1d(one, other, assume_unique=True))
        jaccard = shared / (len(one) + len(other) - shared)
        if jaccard >= least:
            found.append(Alike(first, later, jaccard, len(b) > len(a)))
    return found


def shingle_units(shorter: int) -> int:
    """Return how many code units the shingles have by which two paragraphs are compared."""
    return 5 if shorter >= _LONG else 3


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
