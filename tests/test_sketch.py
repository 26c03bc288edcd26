"""Sketches by one permutation: they agree as often as the texts share shingles, however short."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dedup.features import features
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.signature import EMPTY
from pipeline.dedup.sketch import sketches

HASHES = st.lists(st.integers(0, 1 << 31), max_size=300)


@pytest.mark.parametrize("size", [60, 200, 1500])
@pytest.mark.parametrize("shared", [0.5, 0.8])
def test_columns_agree_as_often_as_shingles_are_shared(size: int, shared: float) -> None:
    generator = np.random.default_rng(size)
    agree, jaccard = [], 0.0
    for _ in range(60):
        words = generator.permutation(1 << 20)[: 2 * size].astype(np.uint32)
        both = round(size * 2 * shared / (1 + shared))
        one, other = words[:size], words[size - both : 2 * size - both]
        jaccard = both / (2 * size - both)
        ends = np.array([size, 2 * size])
        a, b = sketches(np.concatenate((one, other)), np.array([0, size]), ends, 120)
        agree.append(float((a == b).mean()))
    assert abs(float(np.mean(agree)) - jaccard) < 0.02


@given(st.lists(HASHES, max_size=6))
def test_batches_do_not_matter(texts: list[list[int]]) -> None:
    words = np.array([word for text in texts for word in text], np.uint32)
    ends = np.cumsum([0, *map(len, texts)])
    together = sketches(words, ends[:-1], ends[1:], 120)
    for row, text in zip(together, texts, strict=True):
        alone = sketches(np.array(text, np.uint32), np.array([0]), np.array([len(text)]), 120)
        assert np.array_equal(row, alone[0])
        assert (row == EMPTY).all() == (not text)


@pytest.mark.parametrize("minhash", ["one-permutation", "affine32"])
def test_either_kind_of_bands_proposes_copies_and_no_others(minhash: str) -> None:
    generator = np.random.default_rng(2)
    one, other = ("".join(map(chr, generator.integers(0x4E00, 0x9FA0, 800))) for _ in range(2))
    options = DedupOptions(minhash=minhash)
    bands = features([one, one[:-20] + other[:20], other], options).bands[:, : options.bands]
    assert (bands[0] == bands[1]).any()
    assert not (bands[0] == bands[2]).any()
