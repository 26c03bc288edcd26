"""Paragraphs that another document has: which are found, and how many are read for it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dedup import paragraphs
from pipeline.dedup.features import features
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.paragraphs import Ranks, Shared, shared_paragraphs
from pipeline.dedup.sketch import furthest, prints
from pipeline.text.sketches.shadow import shadow_units
from pipeline.text.sketches.shingles import short_hashes
from tests.test_dedup import changed, prose

OPTIONS = DedupOptions()


class Reader:
    """Gives the texts of documents, and counts them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts, self.read = texts, 0

    def __call__(self, ranks: Ranks) -> list[str]:
        self.read += len(ranks)
        return [self.texts[rank] for rank in ranks.tolist()]


def find(texts: Sequence[str], place: Sequence[int] | None = None) -> tuple[Shared, Reader]:
    found = features(texts, OPTIONS)
    reader = Reader(texts)
    order = np.arange(len(texts)) if place is None else np.array(place)
    records = found.paragraphs
    ranks = records["owner"].astype(np.int64)
    length = found.length.astype(np.int64)
    return shared_paragraphs(records, ranks, order, length, OPTIONS, reader), reader


def test_equal_and_alike_paragraphs_are_marked_with_the_earlier_document() -> None:
    quoted = prose(1, 200)
    texts = [
        prose(2, 300) + "\n" + quoted,
        quoted + "\n" + prose(3, 300),
        prose(4, 300) + "\n" + changed(quoted, 0.01) + "\n短",
    ]
    shared, _ = find(texts)
    assert list(zip(shared.rank.tolist(), shared.line.tolist(), strict=True)) == [(1, 0), (2, 1)]
    assert shared.twin.tolist() == [0, 0]
    assert shared.jaccard[0] == 1 > shared.jaccard[1] >= 0.8
    shared, _ = find(texts, place=[2, 1, 0])  # the last came first
    assert shared.rank.tolist() == [0, 1]
    assert shared.twin.tolist() == [1, 2]


@given(st.lists(st.integers(2, 70), max_size=9), st.randoms(use_true_random=False))
def test_all_of_a_bucket_that_are_near_meet_and_no_others(sizes: list[int], draw: Random) -> None:
    heads = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes)
    prints_ = np.array([draw.randrange(8) for _ in heads], np.uint64)
    numbers = np.array(draw.sample(range(len(heads)), len(heads)), np.uint64)
    pairs = paragraphs._close(heads, numbers, prints_, 1)
    found = {pair for both in pairs for pair in zip(*(n.tolist() for n in both), strict=True)}
    order = numbers.tolist()
    assert found == {
        (order[i], order[j])
        for j in range(len(order))
        for i in range(max(0, j - paragraphs._REACH + 1), j)
        if heads[i] == heads[j] and int(prints_[order[i]] ^ prints_[order[j]]).bit_count() <= 1
    }


def test_a_formula_is_not_read() -> None:
    formula = prose(5, 80)
    texts = [prose(1000 + k, 120) + formula + prose(2000 + k, 120) for k in range(400)]
    shared, reader = find(texts)
    assert not len(shared.rank)
    assert 0 < shared.uncompared <= 400 - 32
    assert reader.read < 200  # of 400, with thousands of pairs that share it


def test_of_many_copies_every_later_one_is_marked() -> None:
    notice = prose(6, 240)
    texts = [prose(300 + k, 200) + "\n" + changed(notice, 0.004, k) for k in range(200)]
    shared, reader = find(texts)
    assert shared.rank.tolist() == list(range(1, 200))
    assert reader.read <= 200
    assert shared.uncompared == 0


def test_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [changed(prose(k % 7, 300), 0.004, k) for k in range(40)]
    whole, _ = find(texts)
    monkeypatch.setattr(paragraphs, "_PIECE", 8)
    monkeypatch.setattr(paragraphs, "_BATCH", 5)
    cut, _ = find(texts)
    assert len(whole.rank) > 30
    for name in ("rank", "line", "twin", "jaccard"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name)), name


def test_documents_of_one_crowd_are_read_once() -> None:
    texts = [changed(prose(k % 50, 300), 0.004, k) for k in range(150)]
    shared, reader = find(texts)
    assert len(shared.rank) > 95
    assert reader.read <= 150


@pytest.mark.parametrize(("share", "alike"), [(0.02, 1.0), (1.0, 0.0)])
def test_prints_tell_what_is_alike(share: float, alike: float) -> None:
    texts = [prose(k, 200) for k in range(400)]
    units, starts = shadow_units([*texts, *(changed(t, share, k) for k, t in enumerate(texts))])
    found = prints(short_hashes(units, 5), starts[:-1], starts[1:] - 4)
    apart = np.bitwise_count(found[:400] ^ found[400:])
    assert abs(float((apart <= furthest(0.8)).mean()) - alike) <= 0.01


def test_prints_of_nothing() -> None:
    assert prints(np.zeros(3, np.uint32), np.array([0, 2]), np.array([0, 2])).tolist()[0] > 0
    assert prints(np.zeros(0, np.uint32), np.zeros(0, np.int64), np.zeros(0, np.int64)).size == 0
