"""Band hashes: documents that share one are candidates for being near-duplicates.

20 bands of 6 rows propose a pair of Jaccard .7 with probability .92, of .8 with .998, and an
unrelated pair (background similarity .01 on one topic) never. What LSH proposes is verified, so
that a generous setting costs time and no precision.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.options import DedupOptions
from pipeline.dedup.signature import Signatures

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_SLICE = 1 << 20
NONE = np.uint64(0)
"""The band hash of a document that is compared by exact hash only."""


class Bands(Protocol):
    """Band hashes of n documents by band; an array uint64 (bands, n) is one."""

    def __len__(self) -> int: ...

    def __getitem__(self, band: int, /) -> NDArray[np.uint64]: ...


def band_hashes(
    signatures: Signatures, lengths: NDArray[np.integer], options: DedupOptions
) -> NDArray[np.uint64]:
    """Return uint64 (bands, n) from signatures uint32 (n, bands · rows); NONE for short texts.

    `lengths` are those of the shadow texts (characters or code units).
    """
    values = signatures.reshape(len(signatures), options.bands, options.rows)
    hashes = np.tile(np.arange(1, options.bands + 1, dtype=np.uint64), (len(signatures), 1))
    for row in range(options.rows):
        hashes ^= values[:, :, row]
        hashes *= _PRIME
        hashes ^= hashes >> np.uint64(29)
    hashes *= _MIX
    hashes ^= hashes >> np.uint64(32)
    np.maximum(hashes, np.uint64(1), out=hashes)
    hashes[lengths < options.min_chars] = NONE
    return hashes.T


def numbered(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], np.uint64]:
    """Return (the hashes with the document number in their low bits, NONE left out; the mask).

    Works in place and slice by slice: a column of a hundred million takes 800 MB.
    """
    mask = np.uint64((1 << max(len(hashes).bit_length(), 1)) - 1)
    there = hashes != NONE
    for first in range(0, len(hashes), _SLICE):
        piece = hashes[first : first + _SLICE]
        piece &= ~mask
        piece |= np.arange(first, first + len(piece), dtype=np.uint64)
    return hashes[there], mask


def linked(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (first, other) for every document that shares a band hash with an earlier one.

    `first` is the smallest document number of the bucket: one link a document, however large the
    bucket. `hashes` is overwritten: their low bits give way to the document number, so that one
    sort of whole words does all. 40 bits of hash remain for 16 million documents, which link 50
    unrelated pairs a band by chance; they are verified like all others.
    """
    words, mask = numbered(hashes)
    words.sort()
    others = np.flatnonzero((words[1:] ^ words[:-1]) <= mask) + 1
    begins = np.concatenate(([True], others[1:] != others[:-1] + 1))[: len(others)]
    firsts = np.repeat(others[begins] - 1, np.diff(np.append(np.flatnonzero(begins), len(others))))
    return (words[firsts] & mask).astype(np.int64), (words[others] & mask).astype(np.int64)
