"""Passages: a few stretches of each text, chosen so that a part of it chooses the same ones.

A copy cut to 60 % shares .6 of its shingles with the whole, and 20 bands of 6 rows propose such a
pair with probability .61 only. Its passages find it: of the places whose shingle hashes are the
smallest of the text, the 40 characters that follow are hashed; where two texts share two of eight,
or one that no third has, they are candidates. Unrelated texts never share 40 characters by chance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.runs import begins
from pipeline.text.sketches.shadow import Places, Units
from pipeline.text.sketches.shingles import Hashes, hash_columns, short_hashes

WIDTH = 40
"""Code units of a passage: longer than names, dates and set phrases, which recur."""
_OVERSAMPLE = 3  # places looked at for one that is wanted: fewer than wanted, once in 10,000 texts
_STEP = 1 << 18  # code units of a very long text at a time


def passages(
    units: Units,
    hashes: NDArray[np.uint32],
    starts: Places,
    ends: Places,
    count: int,
    width: int = WIDTH,
) -> Hashes:
    """Return the passage hashes of each text of a batch: uint64 (n, count), 0 where it has fewer.

    Text i is `units[starts[i]:ends[i]]`; texts ascend and do not overlap. `hashes` uint32: of the
    shingle that begins at each unit.
    """
    out = np.zeros((len(starts), count), np.uint64)
    owners, places = _places(hashes, starts, ends - width + 1, count)
    if places.size:
        found = hash_columns(units, places, width)
        out[owners, _turns(owners, len(starts))] = np.maximum(found, np.uint64(1))
    return out


def long_passages(units: Units, ngram: int, count: int, width: int = WIDTH) -> Hashes:
    """Do as `passages` for one very long text, a stretch at a time: uint64 (1, count)."""
    room = max(len(units) - width + 1, 0)
    # In the arithmetic of `_places`, to the bit.
    share = np.minimum(_OVERSAMPLE * count / np.maximum(np.array([room]), 1), 1.0)
    bound = (share * 0xFFFFFFFF).astype(np.uint32)[0]
    index, values = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)]
    for at in range(0, room, _STEP):
        hashes = short_hashes(units[at : at + _STEP + ngram - 1], ngram)[: min(_STEP, room - at)]
        small = np.flatnonzero(hashes < bound)
        index.append(small + at)
        values.append(hashes[small])
    places, words = np.concatenate(index), np.concatenate(values)
    first = np.unique(words, return_index=True)[1][:count]  # the smallest, each at its first place
    out = np.zeros((1, count), np.uint64)
    if first.size:
        found = hash_columns(units, places[first], width)
        out[0, : len(first)] = np.maximum(found, np.uint64(1))
    return out


def _places(
    hashes: NDArray[np.uint32], starts: Places, stops: Places, count: int
) -> tuple[Places, Places]:
    """Return (text, place in the units) of the chosen places, text by text.

    A place is chosen from `starts[i]` to before `stops[i]`, where a passage still fits.
    """
    room = np.maximum(stops - starts, 0)
    share = np.minimum(_OVERSAMPLE * count / np.maximum(room, 1), 1.0)
    index = np.flatnonzero(hashes < _spread(share * 0xFFFFFFFF, starts, room, len(hashes)))
    first = np.searchsorted(index, starts)
    owner = np.repeat(np.arange(len(starts)), np.diff(np.append(first, len(index))))
    words = (owner.astype(np.uint64) << np.uint64(32)) | hashes[index]
    order = np.argsort(words, kind="stable")
    words = words[order]
    fresh = begins(words)  # a shingle that recurs counts once, at its first place
    owner, index = owner[fresh], index[order[fresh]]
    chosen = _turns(owner, len(starts)) < count
    return owner[chosen], index[chosen]


def _turns(owners: Places, texts: int) -> Places:
    """Return of each text's places (`owners` ascend) which one it is: 0, 1, ..."""
    counts = np.bincount(owners, minlength=texts)
    return np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)


def _spread(
    values: NDArray[np.float64], starts: Places, sizes: Places, total: int
) -> NDArray[np.uint32]:
    """Return `values[i]` at `sizes[i]` places from `starts[i]` on, 0 between: uint32 (total,)."""
    bounds = np.stack((starts, starts + sizes), axis=1).ravel()
    repeats = np.append(bounds, total)
    repeats[1:] -= bounds
    spread = np.zeros(len(repeats), np.uint32)
    spread[1::2] = values.astype(np.uint32)
    return np.repeat(spread, repeats)
