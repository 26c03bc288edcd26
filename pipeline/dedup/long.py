"""The features of one very long text, a stretch at a time: the same to the bit, in little memory.

Of the whole text only its shadow is held (`text/sketches/longshadow.py`). The hashes of its
shingles would take four more, and ten times as much while they are made; but a sketch, a
signature and the places of passages are minima, and those of stretches can be merged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.bands import NONE, band_hashes
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.paragraphs import NGRAM, PARAGRAPH_DTYPE, paragraph_records
from pipeline.dedup.passages import long_passages
from pipeline.dedup.signature import Signatures, Signer, span_hashes
from pipeline.dedup.sketch import long_sketch
from pipeline.text.sketches.longshadow import Shadow, shadow_of
from pipeline.text.sketches.shadow import Units
from pipeline.text.sketches.shingles import shingle_hashes, short_hashes

_STEP = 1 << 18


def long_features(
    text: str, options: DedupOptions
) -> tuple[NDArray[np.uint64], int, NDArray[np.uint64], NDArray[np.void]]:
    """Return hash of the shadow (1,), its length, bands and passages (1, n), paragraphs."""
    shadow = shadow_of(text, options.paragraph_chars)
    n = len(shadow.units)
    whole = np.zeros(1, np.int64), np.full(1, n)
    found = long_passages(shadow.units, options.ngram, options.passages)
    if n < options.min_chars:
        found[:] = NONE
    bands = band_hashes(_minhash(shadow.units, options), whole[1], options).T
    return (
        span_hashes(shadow.units, *whole),
        n,
        np.concatenate((bands, found), axis=1),
        _paragraphs(shadow, options),
    )


def _minhash(units: Units, options: DedupOptions) -> Signatures:
    if options.minhash != "affine32":
        return long_sketch(units, options.ngram, options.num_perm)
    signer = Signer(options)
    overlap = options.ngram - 1
    signature = signer.minima(np.zeros(0, np.uint32), np.zeros(2, np.int64))
    for at in range(0, max(len(units) - overlap, 0), _STEP):
        hashes = shingle_hashes(units[at : at + _STEP + overlap], options.ngram)
        part = signer.minima(hashes.astype(np.uint32), np.array([0, len(hashes)]))
        np.minimum(signature, part, out=signature)
    return signature


def _paragraphs(shadow: Shadow, options: DedupOptions) -> NDArray[np.void]:
    """Return the records of the long lines, whose owner is 0."""
    parts = [np.zeros(0, PARAGRAPH_DTYPE)]
    if options.enabled and options.paragraphs != "off":
        i = 0
        while i < len(shadow.line):
            base = int(shadow.first[i])
            j = max(int(np.searchsorted(shadow.last, base + _STEP, "right")), i + 1)
            units = shadow.units[base : int(shadow.last[j - 1])]
            hashes = short_hashes(units, NGRAM)
            first, last = shadow.first[i:j] - base, shadow.last[i:j] - base
            records = paragraph_records(units, hashes, first, last)
            records["line"] = shadow.line[i:j]
            parts.append(records[last - first >= options.paragraph_chars])
            i = j
    return np.concatenate(parts)
