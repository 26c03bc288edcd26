"""A very long text, looked at piece by piece, gives what it gives as a whole."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from pipeline.dedup import features as short
from pipeline.dedup import long, passages, sketch, verify
from pipeline.dedup.features import features
from pipeline.dedup.options import DedupOptions
from pipeline.text import longlines, page, removal
from pipeline.text.sketches import line_hashes, longshadow, shadow, shingles
from pipeline.text.sketches.line_hashes import line_records
from tests.hostile import prose
from tests.test_dedup import shingle_sets

TEXTS = [
    prose("short"),
    "\n".join(prose(i, 1 + i % 40) for i in range(40)),
    "",
    "e\u0301\u0300 ㎡\U0001f600 é\n" * 900,  # the shadow of each depends on its neighbours
    "甲\n\n" * 2000,
    "\n" * 3000,
    prose("one line", 60),
    prose("another"),
    "本报讯 [链接](https://example.org/a) 编辑：张三\n" * 500,
]


def same(one: Any, other: Any) -> None:
    for field in fields(one):
        mine, its = getattr(one, field.name), getattr(other, field.name)
        assert mine.dtype == its.dtype
        assert mine.tobytes() == its.tobytes(), field.name


@pytest.mark.parametrize(
    "options", [DedupOptions(), DedupOptions(minhash="affine32"), DedupOptions(ngram=7)]
)
def test_features(options: DedupOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = features(TEXTS, options)
    assert len(whole.paragraphs)
    monkeypatch.setattr(short, "LONG", 1000)
    for module in (long, longshadow, passages, sketch):
        monkeypatch.setattr(module, "_STEP", 300)
    monkeypatch.setattr(shingles, "_AT_ONCE", 100)
    same(features(TEXTS, options), whole)


@pytest.mark.parametrize("most", [2000, 40])
def test_lines(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = line_records(TEXTS, most)
    assert np.any(whole.top >= 15)
    monkeypatch.setattr(line_hashes, "_LONG", 2_000)
    monkeypatch.setattr(line_hashes, "_PIECE", 400)
    assert sum(len(text) > 2_000 for text in TEXTS) == 5
    same(line_records(TEXTS, most), whole)


@pytest.mark.parametrize("text", TEXTS)
def test_lines_are_cut_out_where_they_are_not_held(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = text.split("\n")
    gone = set(range(0, len(whole), 3))
    left = "\n".join(line for n, line in enumerate(whole) if n not in gone)
    monkeypatch.setattr(longlines, "LONG", -1)
    monkeypatch.setattr(longlines, "_STEP", 7)
    lines = longlines.lines_of(text)
    assert isinstance(lines, longlines.Lines)
    assert [*lines] == whole
    assert lines[-2:] == whole[-2:]
    assert lines.without(gone) == left
    assert [line for some in longlines.stretches(text) for line in some] == whole
    drops = {n: removal.Reason("rule") for n in gone}
    pieced = removal.removal("sites", page.page_of(text), drops)
    monkeypatch.setattr(longlines, "_STEP", 1 << 18)
    assert pieced == removal.removal("sites", page.page_of(text), drops)


def test_books_are_compared_by_some_of_their_shingles(monkeypatch: pytest.MonkeyPatch) -> None:
    short = "".join(prose(n) for n in range(40))
    book = short + "".join(prose(n, 20) for n in range(100, 300))
    texts = [*shadow.shadow([book, book[: len(book) * 4 // 5], short]), ""]
    left, right = np.triu_indices(4, 1)
    exact = verify.overlaps(shingle_sets(texts, 5), left, right)
    monkeypatch.setattr(verify, "_LONG", 1000)
    monkeypatch.setattr(verify, "_STEP", 300)
    stepped = shingle_sets(texts, 5)
    assert [a.tolist() for a in verify.overlaps(stepped, left, right)] == [
        a.tolist() for a in exact
    ]
    monkeypatch.setattr(verify, "MOST", 3000)
    sets = shingle_sets(texts, 5)
    assert sets.sizes.max() <= 3000 < stepped.sizes.max()
    assert 0.02 > abs(verify.overlaps(sets, left, right).jaccard - exact.jaccard).max() > 0
    monkeypatch.setattr(verify, "_LONG", 1 << 30)
    again = shingle_sets(texts, 5)
    for name in ("words", "starts", "bounds"):
        assert getattr(again, name).tolist() == getattr(sets, name).tolist()
