"""Hashes of the character n-grams of shadow texts, for a whole batch in a few array operations.

Character 5-grams, as words are wrong for Chinese: under 3 % of changed characters the expected
recall of 14 × 8 bands is .805 with them and .271 with segmented words.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.text.sketches.powers import running_sums, stretches
from pipeline.text.sketches.shadow import Units

Hashes = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: odd, and its bits look random
_MIX = np.uint64(0xFF51AFD7ED558CCD)  # of MurmurHash3's 64-bit finalizer
_AT_ONCE = 1 << 18  # units: the powers of a base are kept, and those of a book would be gigabytes


def shingle_hashes(units: Units, n: int) -> Hashes:
    """Return the hash of the n code units that begin at each position: uint64 (len - n + 1,).

    A polynomial of the units modulo 2^64, finished so that every bit depends on every unit: the low
    32 bits serve signatures, all 64 serve exact comparison.
    """
    if len(units) < n:
        return np.zeros(0, np.uint64)
    power = units.astype(np.uint64)  # polynomials of 1, 2, 4, ... units
    power += np.uint64(1)  # so that no unit is zero
    hashes, width, done = power[:0], 1, 0
    while True:
        if n & width:
            hashes = _joined(hashes, done, power, width) if done else power
            done += width
        if done == n:
            return _finished(hashes.copy() if hashes is power else hashes)
        power = _joined(power, width, power, width)
        width *= 2


def _joined(left: Hashes, width: int, right: Hashes, more: int) -> Hashes:
    """Return the polynomials of `width + more` units from those of the two parts."""
    count = len(left) - more
    hashes = left[:count] * np.uint64(pow(int(_STEP), more, 1 << 64))
    hashes += right[width : width + count]
    return hashes


def hash_columns(units: Units, places: NDArray[np.int64], n: int) -> Hashes:
    """Return the hash of the n code units that begin at each of the places: uint64 (places,)."""
    rows = sliding_window_view(units, n)[places]
    weights = np.array([pow(int(_STEP), n - 1 - k, 1 << 64) for k in range(n)], np.uint64)
    hashes: Hashes = rows.astype(np.uint64) @ weights  # no unit is zero: each counts one more
    hashes += weights.sum()
    return _finished(hashes)


def short_hashes(units: Units, n: int) -> NDArray[np.uint32]:
    """Return the hash of the n code units that begin at each position: uint32 (len,).

    Half as wide as `shingle_hashes`, and made in a fifth of the time. The last n - 1
    are of no use, nor is any that reaches over the end of a text.
    """
    hashes = np.zeros(len(units), np.uint32)
    for at in range(0, len(units), _AT_ONCE):
        found = stretches(running_sums(units[at : at + _AT_ONCE + n - 1]), n)
        hashes[at : at + len(found)] = found
    hashes ^= hashes >> np.uint32(15)
    hashes *= np.uint32(0x85EBCA6B)
    hashes ^= hashes >> np.uint32(13)
    return hashes


def _finished(hashes: Hashes) -> Hashes:
    hashes ^= hashes >> np.uint64(33)
    hashes *= _MIX
    hashes ^= hashes >> np.uint64(33)
    return hashes


def batch_shingles(
    units: Units, starts: NDArray[np.int64], n: int
) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the shingle hashes of each document of a batch end to end, and where each begins.

    Documents of fewer than n units have none. Shapes as in `shadow_units`.
    """
    hashes = shingle_hashes(units, n)
    counts = np.maximum(np.diff(starts) - (n - 1), 0)
    firsts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=firsts[1:])
    if len(counts) == 1:
        return hashes, firsts
    keep = np.ones(len(hashes), bool)
    for back in range(1, n):  # the n-grams that reach over the end of a document
        ends = starts[1:] - back
        ends = ends[(ends >= 0) & (ends < len(hashes))]
        keep[ends] = False
    return hashes[keep], firsts
