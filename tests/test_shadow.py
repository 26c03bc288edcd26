"""The shadow of a text: the fast form equals the definition, and what it makes equal."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.sketches.shadow import folds, reference, shadow, shadow_units
from pipeline.text.sketches.shingles import batch_shingles, shingle_hashes

AWKWARD = "aé\u0301\u0327가ᄀ\u1161\u11a8한著乾㎡½ﾊﾞｶﾞß𠮷🙂🇨İσς①⑩ﬁ\ud800\u0e48कि"
TEXTS = st.lists(st.text(st.one_of(st.characters(), st.sampled_from(AWKWARD))), max_size=6)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("他说:“今天(周一)”!", "他说：「今天（周一）」！"),
        ("２０２５年　Ｘ", "2025年x"),
        ("槐蔭區著力發展臺灣後裏", "槐荫区着力发展台湾后里"),
        ("100㎡、①", "100m2 1"),
        ("e\u0301a", "éa"),
        ("", " \n，。🙂"),
    ],
)
def test_copies_have_one_shadow(one: str, other: str) -> None:
    assert shadow([one]) == shadow([other])


@pytest.mark.parametrize(("one", "other"), [("十一条", "十二条"), ("3.5亿", "36亿"), ("上", "下")])
def test_other_facts_have_another_shadow(one: str, other: str) -> None:
    assert shadow([one]) != shadow([other])


@given(TEXTS)
def test_fast_form_is_the_definition(texts: list[str]) -> None:
    assert shadow(texts) == [reference(text) for text in texts]


def test_code_points_of_every_block() -> None:
    chars = [chr(code) for code in (*range(0, 0x10000, 3), *range(0x10000, 0x110000, 101))]
    assert shadow(chars) == [reference(c) for c in chars]


def test_a_shadow_is_its_own_shadow() -> None:
    once = shadow([AWKWARD, "槐蔭區著力發展"])
    assert shadow(once) == once


def test_folds_end_where_they_arrive() -> None:
    table = folds()
    assert len(table) > 3500
    assert not {to for to in table.values() if ord(to) in table}


def test_batches_do_not_matter() -> None:
    texts = ["上海，北京", "", "１㎡", "é\u0301"]
    units, starts = shadow_units(texts)
    parts = [units[a:b].tolist() for a, b in pairwise(starts)]
    alone = [shadow_units([text])[0].tolist() for text in texts]
    assert parts == alone


@given(st.lists(st.text("甲乙丙a", max_size=12), max_size=6), st.integers(2, 6))
def test_batch_shingles_never_reach_over_the_end_of_a_text(texts: list[str], n: int) -> None:
    units, starts = shadow_units(texts)
    hashes, firsts = batch_shingles(units, starts, n)
    for i, text in enumerate(texts):
        alone = shingle_hashes(np.frombuffer(text.encode("utf-16-le"), np.uint16), n)
        assert hashes[firsts[i] : firsts[i + 1]].tolist() == alone.tolist()
