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

from pipeline.census import code_points
from pipeline.document import Document
from pipeline.stages.chain import run_text
from pipeline.stages.reflow import ReflowOptions, build, line_edits
from pipeline.text.layout import columns, ending
from pipeline.text.reflow import seam
from pipeline.text.reflow.breaks import suspects
from pipeline.text.reflow.fullstop import FullStops, opening
from pipeline.text.reflow.joinable import may_be_joined
from pipeline.text.reflow.seam import bond, bonds, torn
from pipeline.text.reflow.width import Line
from tests.stage_cases import check, check_batch, load, settled

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
    return opening(text) == 4.0


@pytest.mark.parametrize("kind", ["introduces", "credit"])
def test_word_table_catches_and_leaves_what_it_says(kind: str) -> None:
    table = tomllib.loads((TABLES / "words.toml").read_text("utf-8"))[kind]
    assert all(_hits(kind, text) for text in table["catch"])
    assert not any(_hits(kind, text) for text in table["leave"])


@pytest.mark.parametrize(("line", "how"), [
    ("会议结束了。", "stop"), ("他说：“好。”", "stop"), ("做同样的事情。（第二期）", "stop"),
    ("写得不好，请指正。😅", "stop"), ("他说：“不错。“", "stop"), ("王明摄", "stop"),
    ("他说：“", "open"), ("完了。“", "open"), ("会议（第二期）", "closed"),
    ("好看的花🌸", "closed"), ("如下：", "semi"), ("首先，", "comma"), ("项目", "bare"),
])  # fmt: skip
def test_how_a_line_ends(line: str, how: str) -> None:
    assert ending(line) == how


def test_width_of_what_chinese_fonts_draw_wide() -> None:
    assert [columns(text) for text in ("", "ab", "让·雷", "±1°", "“好”", "α—β")] == [
        0,
        2,
        6,
        5,
        6,
        6,
    ]


SEVERAL = ["甲方案已经通过，", "乙方案还没有。", "丙方案也一样。", "丁方案再议。"]


@pytest.mark.parametrize(("paragraph", "this", "opens"), [
    ("他说：“丙方案也一样。", "”他又说，丁方案再议。", False),
    ("他说：“丙方案也一样。", "丁方案再议。”", False),
    ("上升了3.", "75个百分点。", False),
    ("丙方案也一样。", "，丁方案再议。", False),
    ("丙方案也一样。", "但丁方案再议。", False),
    ("丙方案也一样。", "二、丁方案再议。", True),
    ("丙方案也一样。", "【编辑：王明】", True),
])  # fmt: skip
def test_what_opens_a_paragraph_behind_a_full_line(paragraph: str, this: str, opens: bool) -> None:
    found = FullStops([*SEVERAL, this], [False, True, True, False])
    assert (found.odds(paragraph, 4) > 0) == opens


def test_words_that_come_back_and_a_short_paragraph_speak_against_its_end() -> None:
    lines = ["丙方案也一样。", "各区今年都要修建新的公园。", "图书馆的书可以借一个月。"]
    short = [False, False, True]
    found = FullStops([*lines, *SEVERAL], [*short, True, True, True, True])
    long = "今年各区都要修建公园，公园里有树有水，大家都可以去。" * 4
    assert found.odds(long, 1) < found.odds(long, 2)
    assert found.odds(long[:26], 2) < found.odds(long, 2)


def test_openings_are_found_by_the_longest_beginning() -> None:
    assert opening("但他们") < opening("他们") < 0 < opening("据统计") < opening("二、财政")
    assert opening("但") == opening("但 ") != 0 == opening("霎")
    assert opening("３月5日") == opening("8月5日")


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_only_layout_changes_and_a_second_pass_finds_nothing(text: str) -> None:
    out = settled("reflow", text)
    undone = {e.rule for e in out.edits if "hyphenation" in e.rule}
    if not undone:
        assert re.sub(r"\s", "", out.text) == re.sub(r"\s", "", text)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=12).map("".join), min_size=1, max_size=6))
def test_a_batch_is_its_documents(texts: list[str]) -> None:
    check_batch(build(ReflowOptions()), texts)


LINES = st.sampled_from([
    "某市召开会议", "据悉，会议由", "会议由市长主持", "关于“十四五”规划的通知", "# 标题",
    "```", "x = f(a,", "第一条", "标题：一", "今天天气很好我们一起去公园散步吧", "他说：“好。",
    "好。”", "The quick brown fox jumps over it and", "a lazy dog", "，然后走了",
    "本报记者 王明 摄", "会议指出，要", "坚持。要推动", "}", "-一二三四五六七八九十一二",
    "aéb",
    "", "  ```", "    x = 1", " ", "``` ", "    今天天气",
    "![](a.png)", "    }", "$ ls ", "", "import a", "    f(x);", "def f(x):", "    return x",
    "for the rest of them all it is so",
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=16).map("\n".join))
def test_no_text_with_something_to_change_is_passed_over(text: str) -> None:
    if not suspects([text]):
        assert line_edits(text) == []


def test_bonds_are_those_of_single_breaks() -> None:
    pairs = [("召开会议", "会议指出"), ("今天天", "气很好"), ("𠀀x中", "国人"), ("，他", "“好”")]
    codes = code_points("\n".join(a + "\n" + b for a, b in pairs) + "\n")
    ends = np.flatnonzero(codes == ord("\n"))[::2]
    expected = [bond(a, b) for a, b in pairs]
    assert bonds(codes, ends).tolist() == np.array(expected, np.float32).tolist()


HAN = st.text("的一是不了在人有我他这中大来上国", min_size=2, max_size=2)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(HAN, HAN), min_size=1, max_size=9))
def test_a_bond_is_one_number_however_it_was_found(pairs: list[tuple[str, str]]) -> None:
    seam._BONDS.clear()
    alone = [bond(*pair) for pair in pairs]
    seam._BONDS.clear()
    seam.associations(np.array([[*map(ord, left + right)] for left, right in pairs], np.uint32))
    assert [bond(*pair) for pair in pairs] == alone


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

    monkeypatch.setattr("pipeline.text.reflow.wrapping.torn", counted)
    work = []
    for n in (200, 800):
        seen[0] = 0
        lines = [f"今天天气很好，我们{i}一起去公园散步吧然后再去" for i in range(n)]
        run_text("\n".join(lines), ["reflow"])
        work.append(seen[0])
    assert 0 < work[1] <= 5 * work[0]


class Counted(str):
    """A text that counts how often it is cut into lines."""

    __slots__ = ("cuts",)

    def split(self, *args: Any, **kwargs: Any) -> list[str]:
        self.cuts = getattr(self, "cuts", 0) + 1
        return super().split(*args, **kwargs)


def test_likely_breaks_between_lines_that_recur_cost_one_look_at_the_text() -> None:
    one = "这是第一种很长的一行文字还要再写长一些才会超过二十个字，"
    two = "那么这里是另外一种很长的一行文字也要超过二十个字才行，"
    text = Counted(f"{one}\n{two}\n" * 50)
    assert not may_be_joined([(one, two), (two, one)] * 50, text)
    assert text.cuts == 1


@pytest.mark.parametrize("end", ["。☆", "。😀"])
def test_lines_that_end_their_sentence_do_not_hide_a_width(end: str) -> None:
    """Beside four wrapped lines there are nine ends that only `ending` knows as such."""
    wrapped = "后汛期珠三角粤东和粤西沿海地区偏多两成\n至三成西北江可能出现洪水部分中小河流也\n" * 2
    text = wrapped + "可能出现较大的洪水。\n"
    text += "".join("这里是另外一段的结尾还有很多很多"[:n] + end + "\n" for n in range(8, 17))
    assert any(edit.rule == "hard-wrap" for edit in line_edits(text))
    assert suspects([text]) == {0: True}
