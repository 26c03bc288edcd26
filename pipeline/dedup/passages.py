"""Passages: a few stretches of each text, chosen so that a part of it chooses the same ones.

A copy cut to 60 % shares .6 of its shingles with the whole, and 20 bands of 6 rows propose such a
pair with probability .61 only. Its passages find it: of the places whose shingle hashes are the
smallest of the text, the 40 characters that follow are hashed; where two texts share two of eight,
they are candidates. Two unrelated texts never share 40 characters twice by chance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.text.shadow import Units
from pipeline.text.shingles import Hashes, hash_columns

WIDTH = 40
"""Code units of a passage: longer than names, dates and set phrases, which recur."""
_OVERSAMPLE = 3  # places looked at for one that is wanted: fewer than wanted, once in 10,000 texts


def passages(
    units: Units,
    starts: NDArray[np.int64],
    hashes: Hashes,
    firsts: NDArray[np.int64],
    count: int,
    width: int = WIDTH,
) -> NDArray[np.uint64]:
    """Return the passage hashes of each text of a batch: uint64 (n, count), 0 where it has fewer.

    `units` and `starts` as `shadow_units` gives them, `hashes` and `firsts` as `batch_shingles`.
    """
    out = np.zeros((len(starts) - 1, count), np.uint64)
    owners, places = _places(starts, hashes, firsts, count, width)
    if not places.size:
        return out
    found = hash_columns(units, places, width)
    heads = np.flatnonzero(np.concatenate(([True], owners[1:] != owners[:-1])))
    column = np.arange(len(owners)) - np.repeat(heads, np.diff(np.append(heads, len(owners))))
    out[owners, column] = np.maximum(found, np.uint64(1))
    return out


def _places(
    starts: NDArray[np.int64],
    hashes: Hashes,
    firsts: NDArray[np.int64],
    count: int,
    width: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (text, place in the units) of the chosen places, text by text."""
    room = np.maximum(np.diff(starts) - width + 1, 0)
    share = np.minimum(_OVERSAMPLE * count / np.maximum(room, 1), 1.0)
    limit = (share * 0xFFFFFFFF).astype(np.uint32)
    sizes = np.diff(firsts)
    high = (hashes >> np.uint64(32)).astype(np.uint32)  # signatures use the low half
    index = np.flatnonzero(high <= np.repeat(limit, sizes))
    owner = np.searchsorted(firsts, index, "right") - 1
    offset = index - firsts[owner]
    fits = offset < room[owner]
    index, owner, offset = index[fits], owner[fits], offset[fits]
    order = np.lexsort((offset, high[index], owner))
    index, owner, offset = index[order], owner[order], offset[order]
    fresh = np.ones(len(index), bool)  # a shingle that recurs counts once, at its first place
    fresh[1:] = (owner[1:] != owner[:-1]) | (high[index[1:]] != high[index[:-1]])
    owner, offset = owner[fresh], offset[fresh]
    begins = np.searchsorted(owner, np.arange(len(starts) - 1))
    chosen = np.arange(len(owner)) - begins[owner] < count
    return owner[chosen], starts[owner[chosen]] + offset[chosen]
