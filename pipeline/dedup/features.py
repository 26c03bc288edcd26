"""What `decide` has to know of a document, computed while its text is at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.bands import NONE, band_hashes
from pipeline.dedup.long import long_features
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.paragraphs import NGRAM, PARAGRAPH_DTYPE, paragraph_records
from pipeline.dedup.passages import passages
from pipeline.dedup.signature import Signatures, Signer, span_hashes
from pipeline.dedup.sketch import sketches
from pipeline.text.codes import Codes, slices
from pipeline.text.sketches.longshadow import LONG
from pipeline.text.sketches.shadow import Places, Units, shadow_at
from pipeline.text.sketches.shingles import short_hashes

_AT_ONCE = 1 << 20
"""Code points looked at together: a third of the time at a quarter of it goes into some hundred
calls; the arrays take 20 MB."""


@dataclass(frozen=True, slots=True)
class Features:
    """The features of n documents.

    `text_hash` uint64 (n,) and `length` int32 (n,) in code units, of the shadow text; `bands`
    uint64 (n, bands + passages); `paragraphs` (PARAGRAPH_DTYPE), the long ones of all documents,
    whose `owner` is 0..n-1.
    """

    text_hash: NDArray[np.uint64]
    length: NDArray[np.int32]
    bands: NDArray[np.uint64]
    paragraphs: NDArray[Any]


def features(texts: Sequence[str], options: DedupOptions) -> Features:
    """Return the features of a batch of texts."""
    parts: list[Features] = []
    for long, run in groupby(enumerate(texts), key=lambda item: len(item[1]) > LONG):
        numbers, some = zip(*run, strict=True)
        if long:
            parts += map(_long_features, some, numbers, repeat(options))
        else:
            parts += [
                _features(codes, numbers[0], options) for codes in slices(some, size=_AT_ONCE)
            ]
    return Features(
        np.concatenate([np.zeros(0, np.uint64), *(part.text_hash for part in parts)]),
        np.concatenate([np.zeros(0, np.int32), *(part.length for part in parts)]),
        np.concatenate(
            [np.zeros((0, options.bands + options.passages), np.uint64), *(p.bands for p in parts)]
        ),
        np.concatenate([np.zeros(0, PARAGRAPH_DTYPE), *(part.paragraphs for part in parts)]),
    )


def _long_features(text: str, number: int, options: DedupOptions) -> Features:
    text_hash, length, bands, paragraphs = long_features(text, options)
    paragraphs["owner"] = number
    return Features(text_hash, np.array([length], np.int32), bands, paragraphs)


def _features(codes: Codes, number: int, options: DedupOptions) -> Features:
    owner, line, first, last = _long_lines(codes, options)
    n = len(codes.starts)
    units, cuts = shadow_at(codes.codes, np.concatenate((codes.starts, first, last)))
    starts, ends = cuts[: n - 1], cuts[1:n]
    hashes = short_hashes(units, options.ngram)
    found = passages(units, hashes, starts, ends, options.passages)
    found[ends - starts < options.min_chars] = NONE
    signatures = _minhash(units, hashes, cuts[:n], options)
    bands = band_hashes(signatures, ends - starts, options).T
    first, last = np.split(cuts[n:], 2)
    if options.ngram != NGRAM:
        hashes = short_hashes(units, NGRAM)
    records = paragraph_records(units, hashes, first, last)
    records["owner"], records["line"] = owner + codes.first + number, line
    return Features(
        span_hashes(units, starts, ends),
        (ends - starts).astype(np.int32),
        np.concatenate((bands, found), axis=1),
        records[last - first >= options.paragraph_chars],
    )


def _minhash(
    units: Units, hashes: NDArray[np.uint32], starts: Places, options: DedupOptions
) -> Signatures:
    if options.minhash == "affine32":
        return Signer(options).sign_units(units, starts)[0]
    ends = np.maximum(starts[1:] - options.ngram + 1, starts[:-1])
    return sketches(hashes, starts[:-1], ends, options.num_perm)


def _long_lines(codes: Codes, options: DedupOptions) -> tuple[Places, Places, Places, Places]:
    """Return text, number in it, start and end of the lines that may be long paragraphs."""
    ends = np.flatnonzero(codes.codes == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    long = np.flatnonzero(ends - starts >= options.paragraph_chars)
    if not options.enabled or options.paragraphs == "off":
        long = long[:0]
    owner = codes.owners(starts[long])
    line = long - np.searchsorted(ends, codes.starts)[owner]
    return owner, line, starts[long], ends[long]
