"""A very long text, looked at piece by piece, gives what it gives as a whole."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from pipeline.dedup import features as short
from pipeline.dedup import long, passages, sketch
from pipeline.dedup.features import features
from pipeline.dedup.options import DedupOptions
from pipeline.text import line_hashes, longshadow, shingles
from pipeline.text.line_hashes import line_records
from tests.hostile import prose

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
