"""The reflow stage against its cases and its laws."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Document, replay
from pipeline.stages.chain import run_text
from pipeline.text.layout import ending
from pipeline.text.seam import opening
from tests.stage_cases import check, load

TABLES = Path(__file__).parents[1] / "pipeline/tables/reflow"
PIECES = st.sampled_from(
    ["中文", "，", "。", "：", "“", "”", "\n", "\n\n", "\r\n", "\u3000\u3000", " ", "word", "in-",
     "一、", "(1)", "|", "```", "今天天气很好我们一起去公园散步吧", "Linux ", "1.5", "\t"]
)  # fmt: skip


@pytest.mark.parametrize("case", load("reflow"))
def test_case(case: dict[str, Any]) -> None:
    check("reflow", case)


def _hits(kind: str, text: str) -> bool:
    if kind == "credit":
        return ending(text) == "stop"
    return opening(text) == (-1.7 if kind == "goes_on" else 1.0)


@pytest.mark.parametrize("kind", ["goes_on", "opens", "credit"])
def test_word_table_catches_and_leaves_what_it_says(kind: str) -> None:
    table = tomllib.loads((TABLES / "words.toml").read_text("utf-8"))[kind]
    assert all(_hits(kind, text) for text in table["catch"])
    assert not any(_hits(kind, text) for text in table["leave"])


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_only_layout_changes_and_a_second_pass_finds_nothing(text: str) -> None:
    out = run_text(text, ["reflow"])
    assert isinstance(out, Document)
    assert replay(text, out.edits) == out.text
    undone = {e.rule for e in out.edits if "hyphenation" in e.rule}
    if not undone:
        assert re.sub(r"\s", "", out.text) == re.sub(r"\s", "", text)
    again = run_text(out.text, ["reflow"])
    assert isinstance(again, Document)
    assert again.text == out.text
