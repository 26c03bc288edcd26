import unicodedata
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.census import census
from pipeline.document import Document, replay
from pipeline.stages.chain import run_text
from pipeline.stages.unicode import STAGE, UnicodeOptions, build_one
from pipeline.text.unicode.compose import MAX_MARKS, excess_marks
from pipeline.text.unicode.oddities import _HANDLERS, _NAMES, HAN, _group_table, table
from tests.stage_cases import check, load

TABLES = ("wide", "small", "vertical", "radicals", "private")


@pytest.mark.parametrize("case", load("unicode"))
def test_cases(case: dict[str, Any]) -> None:
    check("unicode", case)


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_sorted_unique_and_true(name: str) -> None:
    text = files("pipeline").joinpath(f"tables/unicode/{name}.tsv").read_text("utf-8")
    rows = [row.split("\t") for row in text.splitlines() if not row.startswith("#")]
    codes = [int(code[2:], 16) for code, _, _ in rows]
    assert codes == sorted(set(codes))
    for code, character, to in rows:
        assert chr(int(code[2:], 16)) == character != to
        assert unicodedata.is_normalized("NFC", to)


def test_no_table_maps_to_what_another_maps_on() -> None:
    sources = {c for name in TABLES for c in table(name)}
    for name in ("wide", "small", "vertical"):
        assert not sources & set("".join(table(name).values()))


def test_every_odd_character_wakes_the_stage() -> None:
    """A character that a rule changes, in a class that does not wake the stage, is never seen."""
    odd = [chr(c) for c, group in enumerate(_group_table(True)) if group]
    masks = census(odd).masks
    asleep = [c for c, mask in zip(odd, masks.tolist(), strict=True) if not mask & STAGE.wakes]
    assert not asleep
    assert set(_NAMES[1:]) == set(_HANDLERS)


def test_characters_that_form_c_changes_wake_the_stage() -> None:
    changed = [chr(c) for c in range(0x110000) if not unicodedata.is_normalized("NFC", chr(c))]
    masks = census(changed).masks.tolist()
    assert [c for c, mask in zip(changed, masks, strict=True) if not mask & STAGE.wakes] == []


def test_a_run_of_marks_is_cut_before_it_costs_quadratic_time() -> None:
    out = run_text("字" + "\u0301\u0323" * 50_000 + "句", ["unicode"])
    assert isinstance(out, Document)
    assert len(out.text) <= MAX_MARKS + 2
    assert [*excess_marks("e" + "\u0301" * MAX_MARKS)] == []
    assert [*excess_marks("e" + "\u0301" * (MAX_MARKS + 5))] == [(MAX_MARKS + 1, MAX_MARKS + 6)]


ALPHABET = st.one_of(
    st.sampled_from(
        "中文字 aB１Ｂ，。\n\r\t&;#`<>\u200b\u200d\ufe0f\u0301\u0323e\u00ad\u00a0\x1b[]😀"
    ),
    st.sampled_from(["&amp;", "&nbsp;", "&#8203;", "```\n", "ｶﾞ", "︵", "︶", "⼀", "\U000e0100"]),
    st.characters(),
)


@given(st.lists(ALPHABET, max_size=60).map("".join))
def test_receipts_replay_the_second_run_changes_nothing_and_batches_agree(text: str) -> None:
    document = Document("", text)
    out = build_one(UnicodeOptions())(document)
    assert isinstance(out, Document)
    assert replay(text, out.edits) == out.text
    again = build_one(UnicodeOptions())(Document("", out.text))
    assert isinstance(again, Document)
    assert again.text == out.text
    assert run_text(text, ["unicode"]) == out


@given(st.text(st.sampled_from("中文字的，。①㎏１Ａ\u200b\u0301 "), max_size=60))
def test_no_han_is_lost(text: str) -> None:
    out = run_text(text, ["unicode"])
    assert isinstance(out, Document)
    assert HAN.findall(out.text) == HAN.findall(text)
