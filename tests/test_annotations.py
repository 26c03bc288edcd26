from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.annotations import IS_HAN, lesson_words
from pipeline.text.annotations.brackets import HAN
from pipeline.text.annotations.readings import kana_span, pinyin_span, toneless, zhuyin_span
from tests.stage_cases import check, load, settled


@pytest.mark.parametrize("case", load("annotations"))
def test_cases(case: dict[str, Any]) -> None:
    check("annotations", case)


@pytest.mark.parametrize(
    ("content", "before", "span"),
    [
        ("jìn", "走進", 1),
        ("jin4", "走進", 1),
        ("jian4", "走進", 0),
        ("jìn", "走", 0),
        ("huái yīn", "到槐蔭", 2),
        ("xī'ān", "西安", 2),
        ("xiān", "西安", 0),
        ("bàba", "爸爸", 2),
        ("lǜ", "綠", 1),
        ("lv4", "綠", 1),
        ("lu:4", "綠", 1),
        ("xian", "先", 0),
        ("", "先", 0),
    ],
)
def test_a_true_reading_of_pinyin(content: str, before: str, span: int) -> None:
    assert pinyin_span(content, before) == span


@pytest.mark.parametrize(
    ("content", "before", "span"),
    [
        ("ㄐㄧㄣˋ", "進", 1),
        ("˙ㄉㄜ", "的", 1),
        ("ㄉㄜ˙", "的", 1),
        ("ㄐㄧㄣ", "進", 0),
        ("ㄉ", "我", 0),
    ],
)
def test_a_true_reading_of_zhuyin(content: str, before: str, span: int) -> None:
    assert zhuyin_span(content, before) == span


@pytest.mark.parametrize(
    ("content", "before", "span"),
    [
        ("がっこう", "学校", 2),
        ("てがみ", "手紙", 2),
        ("たべもの", "食べ物", 3),
        ("か", "を書", 1),
        ("がっこう", "先生", 0),
        ("べもの", "べ物", 0),
    ],
)
def test_a_true_reading_of_kana(content: str, before: str, span: int) -> None:
    assert kana_span(content, before) == span


@pytest.mark.parametrize(("name", "columns"), [("readings", 4), ("kana", 3)])
def test_the_tables_are_sorted_unique_and_whole(name: str, columns: int) -> None:
    path = Path(__file__).parents[1] / f"pipeline/tables/annotations/{name}.tsv"
    rows = [r.split("\t") for r in path.read_text("utf-8").splitlines() if not r.startswith("#")]
    assert all(len(row) == columns and row[-1] for row in rows)
    keys = [tuple(row[: columns - 1]) for row in rows]
    assert keys == sorted(set(keys))
    assert all("".join(sorted(set(row[-1]))) == row[-1] for row in rows)


def test_toneless_keeps_the_umlaut() -> None:
    assert toneless("lǜ") == "lü"
    assert toneless("jìn") == "jin"


def test_the_lesson_words_catch_their_examples() -> None:
    root = Path(__file__).parents[1] / "pipeline/tables/annotations/lesson_words.tsv"
    for row in root.read_text("utf-8").splitlines():
        if not row.startswith("#"):
            word, example = row.split("\t")
            assert lesson_words().search(example), row
            assert lesson_words().fullmatch(word)


READINGS = (
    *("進(jìn)", "個(gè)", "項(xiàng)", "的(de5)", "發ㄈㄚ", "長（zhǎng）", "(jìn)", "進 (jìn)"),
    *("学校（がっこう）", "が（が）", "(", "，", "槐蔭", "\n", "GDP", "ㄈㄚ"),
)


@given(st.lists(st.sampled_from(READINGS), max_size=40).map("".join))
def test_receipts_replay_no_han_is_lost_and_the_second_run_changes_nothing(text: str) -> None:
    out = settled("annotations", text)
    assert IS_HAN.findall(out.text) == IS_HAN.findall(text)


def test_the_class_of_han_has_no_brackets() -> None:
    assert "(" not in HAN
