"""The reflow stage against its cases and its laws."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.census import census
from pipeline.document import Document, replay
from pipeline.stages.chain import run_text
from pipeline.stages.reflow import ReflowOptions, build, build_batch, line_edits
from pipeline.text.breaks import suspects
from pipeline.text.conversion import codes_of
from pipeline.text.layout import ending
from pipeline.text.seam import bond, bonds, opening, torn
from pipeline.text.wrapping import Line
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
    return opening(text) == {"goes_on": -1.7, "opens": 1.0, "introduces": 4.0}[kind]


@pytest.mark.parametrize("kind", ["goes_on", "opens", "introduces", "credit"])
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


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=12).map("".join), min_size=1, max_size=6))
def test_a_batch_is_its_documents(texts: list[str]) -> None:
    documents = [Document(str(i), text) for i, text in enumerate(texts)]
    together = build_batch(ReflowOptions())(documents, census(texts))
    assert together == [build(ReflowOptions())(document) for document in documents]


LINES = st.sampled_from([
    "某市召开会议", "据悉，会议由", "会议由市长主持", "关于“十四五”规划的通知", "# 标题",
    "```", "x = f(a,", "第一条", "标题：一", "今天天气很好我们一起去公园散步吧", "他说：“好。",
    "好。”", "The quick brown fox jumps over it and", "a lazy dog", "，然后走了",
    "本报记者 王明 摄", "会议指出，要", "坚持。要推动", "}", "-一二三四五六七八九十一二",
    "aéb",
    "", "  ```", "    x = 1", " ", "``` ", "    今天天气",
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=16).map("\n".join))
def test_no_text_with_something_to_change_is_passed_over(text: str) -> None:
    if not suspects([text]):
        assert line_edits(text) == []


def test_bonds_are_those_of_single_breaks() -> None:
    pairs = [("召开会议", "会议指出"), ("今天天", "气很好"), ("𠀀x中", "国人"), ("，他", "“好”")]
    codes = codes_of("\n".join(a + "\n" + b for a, b in pairs) + "\n")
    ends = np.flatnonzero(codes == ord("\n"))[::2]
    expected = [bond(a, b) for a, b in pairs]
    assert bonds(codes, ends).tolist() == pytest.approx(expected, abs=1e-4)


def test_clean_paragraphs_are_never_cut_into_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str) -> list[Line]:
        raise AssertionError(text[:20])

    monkeypatch.setattr("pipeline.stages.reflow.split", fail)
    text = "春天来了，花开了。\n" * 50 + "他说：“好。”\n完了！\n"
    assert run_text(text, ["reflow"]) == Document("", text)


def test_lines_looked_at_grow_with_the_text_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A paragraph put together from n lines must not be read n times."""
    seen = [0]

    def counted(paragraph: str, last: str, this: str, worth: float) -> float:
        seen[0] += len(paragraph)
        return torn(paragraph, last, this, worth)

    monkeypatch.setattr("pipeline.text.wrapping.torn", counted)
    work = []
    for n in (200, 800):
        seen[0] = 0
        lines = [f"今天天气很好，我们{i}一起去公园散步吧然后再去" for i in range(n)]
        run_text("\n".join(lines), ["reflow"])
        work.append(seen[0])
    assert 0 < work[1] <= 5 * work[0]
