"""The punctuation stage against its cases and its laws."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Document, Edit, apply_edits
from pipeline.stages.chain import run_text
from pipeline.stages.punctuation import PunctuationOptions, build
from pipeline.text.codes import SLICE
from pipeline.text.punctuation import pairs, protected
from pipeline.text.punctuation.protected import unprotected
from pipeline.text.punctuation.punctuate import Punctuation, run_rules
from pipeline.text.punctuation.spots import Candidates
from tests.stage_cases import check, check_batch, load, settled

ALPHABET = "中文,，、。.;:!?()（）\"'“”…—- \n1aA%《》"


@pytest.mark.parametrize("case", load("punctuation"))
def test_case(case: dict[str, Any]) -> None:
    check("punctuation", case)


@pytest.mark.parametrize("row", run_rules(), ids=lambda row: str(row["rule"]))
def test_run_table_catches_and_leaves_what_it_says(row: dict[str, Any]) -> None:
    for text in row["catch"]:
        out = run_text(text, ["punctuation"])
        assert isinstance(out, Document)
        assert [edit.rule for edit in out.edits] == [row["rule"]], text
    for text in row["leave"]:
        out = run_text(text, ["punctuation"])
        assert isinstance(out, Document)
        assert not out.edits, text


@settings(max_examples=300, deadline=None)
@given(st.text(ALPHABET, max_size=40), st.sampled_from(["cjk", "ascii", "keep"]))
def test_receipts_replay_and_a_second_pass_finds_nothing(text: str, width: str) -> None:
    options = {"punctuation": {"width": width}}
    settled("punctuation", text, options)


@settings(max_examples=200, deadline=None)
@given(st.text(ALPHABET, max_size=60))
def test_letters_digits_and_line_ends_survive(text: str) -> None:
    out = run_text(text, ["punctuation"])
    assert isinstance(out, Document)
    kept = [c for c in text if c.isalnum() or c == "\n"]
    assert [c for c in out.text if c.isalnum() or c == "\n"] == kept


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(ALPHABET, max_size=30), min_size=1, max_size=6))
def test_a_batch_is_its_documents(texts: list[str]) -> None:
    check_batch(build(PunctuationOptions()), texts)


def everything(text: str) -> Candidates:
    """Return all places of every kind, whatever stands around them."""
    places = Candidates()
    places.runs = [m.span() for m in re.finditer("[,;:!?，；：！？、。]+", text)]
    places.drawn = [m.span() for m in re.finditer(r"(\.|…|—){3,}|-{2,}", text)]
    places.drawn = [span for span in places.drawn if len(set(text[slice(*span)])) == 1]
    places.brackets = [m.start() for m in re.finditer("[()（）]", text)]
    places.straight = [m.start() for m in re.finditer("[\"']", text)]
    places.curly = [m.start() for m in re.finditer("[“”]", text)]
    places.stops = [m.start() for m in re.finditer(r"(?<=[中文])\.(?=[中文 \n])", text + "\n")]
    places.blanks = [m.start() for m in re.finditer(r" (?=[^\n])", text)]
    return places


@settings(max_examples=400, deadline=None)
@given(st.text(ALPHABET, max_size=40))
def test_no_place_with_something_to_change_is_passed_over(text: str) -> None:
    rules = Punctuation("cjk")
    changes = rules.batch([text]).get(0)
    found = {start: after for _, start, _, _, after in changes.items} if changes else {}
    for _, start, end, before, after in rules.judged(text, everything(text)):
        if text[start:end] != after and unprotected(text, [start]):
            assert found.get(start) == after, before


# Chinese with few marks in it: after one or two changes it is settled.
CALM = st.lists(
    st.sampled_from(
        ["中文", "的", "abc", "7", ",", "，", " ", "。", "：", ":", "\n", "”", "）", "(a)", "-"]
    )
    | st.sampled_from("中文在有的是"),
    max_size=14,
).map("".join)


@settings(max_examples=600, deadline=None)
@given(CALM | st.text(ALPHABET, max_size=12), st.text("中文a", max_size=45))
def test_what_is_called_final_needs_no_second_look(text: str, between: str) -> None:
    rules = Punctuation("cjk")
    text = text.replace("在", between)
    changes = rules.batch([text]).get(0)
    if changes:
        edits = [Edit("punctuation", *item) for item in changes.items]
        assert changes.text == apply_edits(text, edits)
        assert not (changes.final and rules.batch([changes.text]))


def test_marks_of_long_texts_are_found_in_every_slice() -> None:
    text = "春天来了,花开了;" * (SLICE // 4)
    out = run_text(text, ["punctuation"])
    assert isinstance(out, Document)
    assert out.text == "春天来了，花开了；" * (SLICE // 4)


def test_the_end_of_speech_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[int] = Counter()
    ends = pairs._ends_speech

    def counted(text: str, at: int) -> bool:
        asked[at] += 1
        return ends(text, at)

    monkeypatch.setattr(pairs, "_ends_speech", counted)
    text = '他说:"好"' * 300 + "完"
    assert pairs.straight_quotes(text, [at for at, char in enumerate(text) if char == '"'])
    assert set(asked.values()) == {1}


QUOTED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)


@settings(max_examples=400, deadline=None)
@given(st.text("`\na", max_size=24), st.integers(0, 24))
def test_stretches_between_back_quotes_are_what_markdown_pairs(text: str, last: int) -> None:
    spans = [match.span() for match in QUOTED.finditer(text) if match.start() <= last]
    assert list(protected._fenced(text, last)) == spans
