"""The census of a batch, and of a batch that stages have changed."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.census import NAMES, census, class_table, code_points, from_code_points, recount
from pipeline.document import Document
from pipeline.stages import registry
from pipeline.stages.runner import compile_stages, run_stages

TEXTS = st.lists(st.text(st.characters(), max_size=40), min_size=1, max_size=5)


def slowly(text: str) -> list[int]:
    """Count the classes of a text one character at a time."""
    counts = [0] * 64
    for character in text:
        astral = ord(character) > 0xFFFF
        counts[class_table()[0xD800 if astral else ord(character)]] += 1
    return counts


@given(st.text(st.characters()))
@example("\ud800")
@example("a\0\0")
def test_code_points_are_those_of_the_text(text: str) -> None:
    assert code_points(text).tolist() == list(map(ord, text))
    assert from_code_points(code_points(text)) == text


@given(TEXTS)
def test_every_character_is_counted_once(texts: list[str]) -> None:
    counted = census(texts)
    assert counted.counts.tolist() == [slowly(text) for text in texts]
    for mask, counts in zip(counted.masks.tolist(), counted.counts.tolist(), strict=True):
        assert mask == sum(1 << i for i, n in enumerate(counts) if n)


def test_slices_meet_without_loss() -> None:
    texts = ["中" * 9_000 + "a\U00020000\n"] * 9
    counted = census(texts)
    assert set(counted.count("han").tolist()) == {9_000}
    assert set(counted.count("surrogate").tolist()) == {1}
    assert set(counted.count("newline").tolist()) == {1}


def test_a_long_text_is_counted_like_others() -> None:
    text = "中文,a\U00020000\n的" * 19_001
    counted = census(["x", text[:-1], text, "中"])
    assert counted.counts[2].tolist() == [19_001 * n for n in slowly("中文,a\U00020000\n的")]
    assert (counted.counts[2] - counted.counts[1]).tolist() == slowly("的")
    assert counted.counts[3].tolist() == slowly("中")


@given(TEXTS, TEXTS)
def test_recount(before: list[str], after: list[str]) -> None:
    n = min(len(before), len(after))
    counted = census(before)
    recount(counted, list(range(n)), list(zip(before, after, strict=False)))
    assert counted.counts[:n].tolist() == census(after[:n]).counts.tolist()
    assert counted.masks[:n].tolist() == census(after[:n]).masks.tolist()
    assert counted.counts[n:].tolist() == census(before).counts[n:].tolist()


def test_the_census_that_comes_out_is_that_of_the_texts_that_come_out() -> None:
    dirty = "他说:走進(jìn)槐蔭,一個(gè)接一個(gè)走進(jìn)去,,看。\u200b\n\n責任編輯：王明\n" * 3
    short = "雨:&nbsp;一個,,頁"
    outcomes, counted = run_stages(
        compile_stages([(stage, stage.options()) for stage in registry()]),
        [Document("1", dirty), Document("2", short), Document("3", "没有什么。" * 99 + short)],
    )
    texts = [outcome.text for outcome in outcomes if isinstance(outcome, Document)]
    assert len(texts) == 3
    assert texts[0] != dirty
    assert texts[1] != short
    assert counted.counts.tolist() == census(texts).counts.tolist()
    assert len(NAMES) <= 64
