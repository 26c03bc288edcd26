"""What `decide` has to know of a document, computed while its text is at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.bands import NONE, band_hashes
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.passages import passages
from pipeline.dedup.signature import Signatures, Signer, text_hashes
from pipeline.text.shadow import shadow_units
from pipeline.text.shingles import batch_shingles


@dataclass(frozen=True, slots=True)
class Features:
    """The features of n documents.

    `text_hash` uint64 (n,) and `length` int32 (n,) in code units, of the shadow text; `bands`
    uint64 (n, bands + passages); `signatures` uint32 (n, num_perm).
    """

    text_hash: NDArray[np.uint64]
    length: NDArray[np.int32]
    bands: NDArray[np.uint64]
    signatures: Signatures


def features(texts: Sequence[str], signer: Signer, options: DedupOptions) -> Features:
    """Return the features of a batch of texts."""
    units, starts = shadow_units(texts)
    lengths = np.diff(starts)
    hashes, firsts = batch_shingles(units, starts, options.ngram)
    found = passages(units, starts, hashes, firsts, options.passages)
    found[lengths < options.min_chars] = NONE
    signatures = signer.minima(hashes.astype(np.uint32), firsts)
    bands = band_hashes(signatures, lengths, options).T
    return Features(
        text_hashes(units, starts),
        lengths.astype(np.int32),
        np.concatenate((bands, found), axis=1),
        signatures,
    )
