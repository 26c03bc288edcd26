"""Laws of receipts: they apply, undo, compose and replay, whatever the edits are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import Document, Edit, apply_edits, compose, difference, replay, undo_edits

TEXT = st.text(alphabet="中文字ab，。\n ", max_size=40)


@st.composite
def edits_of(draw: st.DrawFn, text: str, stage: str) -> list[Edit]:
    """Draw sorted, non-overlapping edits of a text."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    edits, last = [], -1
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        if start > last:
            after = draw(st.text(alphabet="新字x", max_size=3))
            edits.append(Edit(stage, "rule", start, end, text[start:end], after))
            last = end
    return edits


@given(st.data())
def test_undo_reverses_apply(data: st.DataObject) -> None:
    text = data.draw(TEXT)
    edits = data.draw(edits_of(text, "s"))
    assert undo_edits(apply_edits(text, edits), edits) == text


@given(st.data())
def test_composed_edits_do_what_both_did(data: st.DataObject) -> None:
    source = data.draw(TEXT)
    first = data.draw(edits_of(source, "s"))
    middle = apply_edits(source, first)
    second = data.draw(edits_of(middle, "s"))
    target = apply_edits(middle, second)
    both = compose(source, first, second, target)
    assert apply_edits(source, both) == target


@given(st.data())
def test_several_passes_of_several_stages_replay(data: st.DataObject) -> None:
    document = Document("", data.draw(TEXT))
    source = document.text
    for stage in ("a", "a", "b", "c", "c"):
        document = document.edited(data.draw(edits_of(document.text, stage)))
    assert replay(source, document.edits) == document.text
    stages = [step[0].stage for step in document.steps]
    assert stages == sorted(set(stages)), "one group of receipts per stage"


@given(TEXT, TEXT)
def test_difference_leads_from_one_text_to_the_other(before: str, after: str) -> None:
    assert apply_edits(before, difference("s", "r", before, after)) == after


def test_difference_is_short_where_little_changed() -> None:
    edits = difference("script", "r", "彰顯著這片熱土" * 50, "彰显着这片热土" * 50)
    assert {(e.before, e.after) for e in edits} == {("顯著這", "显着这"), ("熱", "热")}


def test_a_wrong_receipt_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Document("", "abc").edited([Edit("s", "r", 0, 1, "x", "y")])


def test_an_edit_that_changes_nothing_is_no_edit() -> None:
    document = Document("", "abc")
    assert document.edited([Edit("s", "r", 0, 1, "a", "a")]) is document
