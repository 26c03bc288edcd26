"""Sketches of a batch of texts: MinHash at the price of one permutation.

Every shingle is hashed once and falls into one of 128 bins; of each bin the smallest hash is kept.
Two texts agree in a bin with a probability of their Jaccard, as they do in a value of a signature
of 128 permutations, and a thousand shingles cost 4 µs instead of 40. Bins that stay empty (few
shingles) are filled in further rounds with fresh hashes, so that short texts have as good a sketch
as long ones ("fast similarity sketching", Dahlgaard, Knudsen and Thorup 2017, arXiv:1704.04370).

What is published, and what other programs compare, are `signature.Signer`'s signatures.

Long paragraphs have a *print*: of each of 64 bins one bit of the smallest hash, in one word. Prints
say which of many pairs cannot be alike without reading them.
"""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.signature import EMPTY, Signatures, mixed
from pipeline.text.sketches.shadow import Places, Units
from pipeline.text.sketches.shingles import short_hashes

Words = NDArray[np.uint32]

_ROUNDS = 16
"""46 distinct shingles, the fewest that are compared, then leave 3 of 1,000 bins empty; a text
that repeats itself leaves more, and is found by its exact hash or by its passages."""
_SALT = 0x9E3779B9
_STEP = 1 << 18  # code units of a very long text at a time
_AT_ONCE = 1 << 15  # hashes: their words, places and sums are half a megabyte


def sketches(hashes: Words, starts: Places, ends: Places, columns: int) -> Signatures:
    """Return a sketch of each text: uint32 (n, columns), EMPTY where no round filled a bin.

    Text i has `hashes[starts[i]:ends[i]]`; texts ascend and do not overlap.
    """
    bits = max((columns - 1).bit_length(), 1)
    out = np.full((len(starts), 1 << bits), EMPTY, np.uint32)
    rows = np.flatnonzero(ends > starts)
    for turn in range(_ROUNDS):
        if not len(rows):
            break
        for some in _together(rows, ends - starts):
            pieces = zip(starts[some].tolist(), ends[some].tolist(), strict=True)
            words = np.concatenate([hashes[a:b] for a, b in pieces])
            words += np.uint32(_SALT * turn & 0xFFFFFFFF)
            mixed(words)
            found = _smallest(words, ends[some] - starts[some], bits)
            before = out[some]
            out[some] = np.where(before == EMPTY, found, before)
        rows = rows[(out[rows, :columns] == EMPTY).any(axis=1)]
    return out[:, :columns]


def _together(rows: Places, sizes: Places) -> list[Places]:
    """Cut texts (their numbers) into groups of few hashes: what is made of them stays cached."""
    groups = np.cumsum(sizes[rows]) // _AT_ONCE
    return np.split(rows, np.flatnonzero(groups[1:] != groups[:-1]) + 1)


def _smallest(words: Words, sizes: Places, bits: int) -> Words:
    """Return the smallest word of each bin of texts end to end: uint32 (n, 2^bits).

    The bin of a word is its first `bits` bits. `sizes`: words of each text.
    """
    minima = np.full((len(sizes), 1 << bits), EMPTY, np.uint32)
    place = (words >> np.uint32(32 - bits)).astype(np.intp)
    place += np.repeat(np.arange(len(sizes)) << bits, sizes)
    np.minimum.at(minima.reshape(-1), place, words)
    return minima


def long_sketch(units: Units, ngram: int, columns: int) -> Signatures:
    """Return what `sketches` returns for one very long text, a part of it at a time."""
    bits = max((columns - 1).bit_length(), 1)
    out = np.full((1, 1 << bits), EMPTY, np.uint32)
    room = max(len(units) - ngram + 1, 0)
    for turn in range(_ROUNDS):
        minima = np.full(1 << bits, EMPTY, np.uint32)
        for at in range(0, room, _STEP):
            words = short_hashes(units[at : at + _STEP + ngram - 1], ngram)
            words = words[: min(_STEP, room - at)] + np.uint32(_SALT * turn & 0xFFFFFFFF)
            mixed(words)
            np.minimum.at(minima, (words >> np.uint32(32 - bits)).astype(np.intp), words)
        out[0] = np.where(out[0] == EMPTY, minima, out[0])
        if not (out[0, :columns] == EMPTY).any():
            break
    return out[:, :columns]


_BINS = 64
_MISSED = 1e-4  # share of the pairs at the threshold that prints may tell apart


def prints(hashes: Words, starts: Places, ends: Places) -> NDArray[np.uint64]:
    """Return the print of each paragraph: uint64 (n,); arguments as of `sketches`.

    An empty bin has the bit of EMPTY: bins that both leave empty agree, as their texts do there.
    """
    pieces = [hashes[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    words = np.concatenate([hashes[:0], *pieces])
    minima = _smallest(words, np.maximum(ends - starts, 0), _BINS.bit_length() - 1)
    bits = (minima & np.uint32(1)).astype(np.uint8)
    return np.packbits(bits, axis=1).view("<u8")[:, 0].astype(np.uint64)


def furthest(jaccard: float) -> int:
    """Return in how many bits the prints of two texts of this Jaccard (0-1) may differ.

    Where the smallest hashes of a bin are not the same one, their bits still agree by half. Of the
    pairs just at the threshold, one in 10,000 differs in more; of pairs that share a tenth of
    their shingles, one in 300 in less.

    >>> furthest(0.8), furthest(1.0), furthest(0.1)
    (17, 0, 44)
    """
    p = (1 - jaccard) / 2
    beyond = 1.0
    for bits in range(_BINS):
        beyond -= comb(_BINS, bits) * p**bits * (1 - p) ** (_BINS - bits)
        if beyond <= _MISSED:
            return bits
    return _BINS
