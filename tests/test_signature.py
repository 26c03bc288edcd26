"""Signatures are datasketch's, bit for bit, whatever the batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup import signature
from pipeline.dedup.bands import NONE, band_hashes, linked
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.passages import WIDTH, passages
from pipeline.dedup.signature import EMPTY, Signer, permutations
from pipeline.text.sketches.shadow import shadow_units
from pipeline.text.sketches.shingles import shingle_hashes, short_hashes

OPTIONS = DedupOptions()
HAN = st.text(st.sampled_from("天地玄黄宇宙洪荒日月盈昃"), max_size=40)


def sign(texts: list[str]) -> tuple[Any, ...]:
    """Sign texts that are their own shadows."""
    units = np.array([ord(char) for char in "".join(texts)], np.uint16)
    return Signer(OPTIONS).sign_units(units, np.cumsum([0, *map(len, texts)]))


def test_permutations_are_those_of_datasketch() -> None:
    datasketch = pytest.importorskip("datasketch")
    ours = np.array(permutations(128))
    assert np.array_equal(ours, datasketch.MinHash(num_perm=128, seed=1).permutations)


@settings(max_examples=30)
@given(st.lists(HAN, max_size=8))
def test_signatures_are_those_of_datasketch(texts: list[str]) -> None:
    datasketch = pytest.importorskip("datasketch")
    ours, _, counts = sign(texts)
    for row, text, count in zip(ours, texts, counts, strict=True):
        theirs = datasketch.MinHash(num_perm=OPTIONS.num_perm, seed=1, hashfunc=lambda h: h)
        hashes = shingle_hashes(np.frombuffer(text.encode("utf-16-le"), np.uint16), 5)
        theirs.update_batch([int(h) & 0xFFFFFFFF for h in hashes])
        assert np.array_equal(row, theirs.hashvalues)
        assert count == max(len(text) - 4, 0)


def test_slices_and_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["天地玄黄" * k for k in range(12)]
    whole = sign(texts)
    monkeypatch.setattr(signature, "_SLICE", 7)
    sliced = sign(texts)
    alone = [sign([text]) for text in texts]
    for part in range(3):
        assert np.array_equal(whole[part], sliced[part])
        assert np.array_equal(whole[part], np.concatenate([a[part] for a in alone]))


def test_a_signature_is_the_minimum_of_its_parts() -> None:
    signer = Signer(OPTIONS)
    a, b = np.arange(50, dtype=np.uint32), np.arange(40, 90, dtype=np.uint32)
    both = np.union1d(a, b).astype(np.uint32)
    ends = [np.array([0, len(x)]) for x in (a, b, both)]
    parts = [signer.minima(x.copy(), e)[0] for x, e in zip((a, b, both), ends, strict=True)]
    assert np.array_equal(np.minimum(parts[0], parts[1]), parts[2])


def test_empty_and_short_texts_are_in_no_bucket() -> None:
    signatures, hashes, counts = sign(["", "天地", "", "天地玄黄宇" * 20])
    assert (signatures[[0, 1, 2]] == EMPTY).all()
    assert counts.tolist() == [0, 0, 0, 96]
    assert hashes[0] == hashes[2] != hashes[1]
    bands = band_hashes(signatures, np.array([0, 2, 0, 100]), OPTIONS)
    assert (bands[:, :3] == NONE).all()
    assert (bands[:, 3] != NONE).all()


def test_links_are_one_a_document_and_lead_to_the_smallest() -> None:
    first, other = linked(np.array([7 << 40, 0, 9 << 40, 7 << 40, 0, 7 << 40], np.uint64))
    assert sorted(zip(first.tolist(), other.tolist(), strict=True)) == [(0, 3), (0, 5)]


def _passages(texts: list[str], count: int = 8) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    units, starts = shadow_units(texts)
    return passages(units, short_hashes(units, 5), starts[:-1], starts[1:], count)


def test_a_part_shares_passages_with_the_whole() -> None:
    generator = np.random.default_rng(1)
    text = "".join(chr(c) for c in generator.integers(0x4E00, 0x9FA5, 1000))
    found = _passages([text, text[:600], text[::-1]])
    shared = len(set(found[0].tolist()) & set(found[1].tolist()))
    assert shared >= 2
    assert not set(found[0].tolist()) & set(found[2].tolist())


@given(st.lists(HAN, max_size=5))
def test_passages_do_not_depend_on_the_batch(texts: list[str]) -> None:
    texts = [text * 3 for text in texts]
    alone = [_passages([text])[0].tolist() for text in texts]
    assert _passages(texts).tolist() == alone
    for row, text in zip(alone, texts, strict=True):
        assert (len(text) >= WIDTH) == any(row)
