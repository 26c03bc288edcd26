"""The script stage: its cases, the laws, and that every table holds what its rows claim."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.census import census, code_points, from_code_points
from pipeline.document import Document, Edit, replay
from pipeline.stages import script
from pipeline.stages.chain import run_text
from pipeline.stages.runner import compile_stages, run_stages
from pipeline.stages.script import STAGE
from pipeline.text.script import conversion
from pipeline.text.script.mends import mends, pairs_of, read_tables
from pipeline.text.script.neighbours import near
from pipeline.text.script.scripts import detect, read_regions, region
from tests.stage_cases import check, load

ROOT = Path(__file__).parents[1]
TARGETS = ("hans", "hant-tw", "hant-hk", "keep")
# Words that meet in the tables, in both scripts, with what stands between them in real text.
WORDS = re.findall(
    r"\S+| ",
    "這個 们 說 著 著名 原著 看著 草原著火 乾 乾燥 乾安 徵收 魏徵 甚麼 頭髮 头发 发展 学生 "
    "美国历史 后 後 里 裡 裏 范 規範 余先生 只能 隻 座標 坐标 衞生 簷 啟 為 爲 軟體 软件 記憶體 "
    "内存 臺灣 台湾 香港 嘅 咗 の を です 한국 the of 1234 ， 。 （ ）",
)
texts = st.lists(st.sampled_from([*WORDS, "\n"]) | st.text(max_size=3), max_size=40).map("".join)


def convert(text: str, **options: object) -> Document:
    out = run_text(text, ["script"], {"script": options})
    assert isinstance(out, Document)
    return out


@pytest.mark.parametrize("case", load("script"))
def test_case(case: dict[str, Any]) -> None:
    check("script", case)


@given(texts, st.sampled_from(TARGETS), st.booleans())
@settings(max_examples=150, deadline=None)
def test_receipts_replay_and_nothing_is_lost(text: str, target: str, vocabulary: bool) -> None:
    out = convert(text, target=target, vocabulary=vocabulary)
    assert replay(text, out.edits) == out.text
    assert out.text.count("\n") == text.count("\n")
    if not vocabulary:
        assert len(out.text) == len(text)
    if target == "keep":
        assert out.text == text


@given(texts, st.sampled_from(TARGETS))
@settings(max_examples=150, deadline=None)
def test_a_second_run_finds_nothing(text: str, target: str) -> None:
    once = convert(text, target=target)
    assert convert(once.text, target=target).text == once.text


@given(st.lists(texts, min_size=2, max_size=6))
@settings(max_examples=50, deadline=None)
def test_documents_of_a_batch_do_not_meet(batch: list[str]) -> None:
    compiled = compile_stages([(STAGE, STAGE.options())])
    together, _ = run_stages(compiled, [Document("", text) for text in batch])
    assert together == [convert(text) for text in batch]


@given(st.text("的是在有人我他中大年了日本三五市区县与门国乾", max_size=60))
def test_text_without_traditional_characters_stays(text: str) -> None:
    assert convert(text).text == text


def test_linear_in_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each character is converted once, however many documents and lines there are."""
    seen = 0
    real = conversion.convert

    def counting(
        texts: Sequence[str], by: conversion.Step, stage: str
    ) -> list[tuple[str, list[Edit]]]:
        nonlocal seen
        seen += sum(map(len, texts))
        return real(texts, by, stage)

    monkeypatch.setattr(script, "convert", counting)
    text = "這個時候，他看著原著，說乾安縣的糧食乾燥。\n现在还没有，里面都是简体字。\n" * 3000
    for target in ("hans", "hant-tw"):
        seen = 0
        convert(text, target=target)
        assert len(text) / 3 < seen <= len(text)


def test_text_in_the_target_script_is_never_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise AssertionError(given)

    monkeypatch.setattr(script, "convert", refuse)
    convert("乾安县的农民在乾隆年间的后宫里说什么？" * 50)
    convert("行政院依本條例處新臺幣三萬元以下罰鍰。" * 50, target="hant-tw")


PHRASES = [
    line.split("\t")[0]
    for line in (ROOT / "pipeline/tables/script/t2s_phrases.tsv")
    .read_text("utf-8")
    .splitlines()[1:]
]


@given(
    st.lists(
        st.sampled_from(PHRASES)
        | st.text("國說於乾著藉沈瞭徵，\n a⿰\U00020001\U0002a104", max_size=4)
        | st.text(st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF), max_size=3)
    ).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_t2s_by_arrays_is_opencc_s(text: str) -> None:
    ours = from_code_points(conversion.converted_codes("t2s", text, code_points(text)))
    assert ours == conversion.converter("t2s")(text)


def test_the_words_of_t2s_are_those_of_the_installed_opencc() -> None:
    rows = (ROOT / "pipeline/tables/script/t2s_phrases.tsv").read_text("utf-8").splitlines()[1:]
    for row in rows:
        word, after = row.split("\t")
        assert conversion.converter("t2s")(word) == after


def test_the_characters_of_t2s_are_those_of_the_installed_opencc() -> None:
    codes = [*range(0x3400, 0xA000), *range(0xF900, 0xFB00), *range(0x20000, 0x31350)]
    text = "\n".join(map(chr, codes))  # a line feed keeps them from meeting as words
    ours = from_code_points(conversion.converted_codes("t2s", text, code_points(text)))
    assert ours == conversion.converter("t2s")(text)


def simplified(text: str) -> str:
    """Convert a text within a document that is Traditional beyond doubt."""
    return convert(f"這書寫與觀點還會變嗎\n{text}").text.split("\n")[1]


def traditional(text: str) -> str:
    """Convert a text within a document that is Simplified beyond doubt, to Taiwan's forms."""
    return convert(f"这书写与观点还会变吗\n{text}", target="hant-tw").text.split("\n")[1]


def regional(target: str, text: str) -> str:
    """Convert a text within a document that is Traditional to the forms of a region."""
    return convert(f"這書寫與觀點還會變嗎\n{text}", target=target).text.split("\n")[1]


def _own_tables(target: str) -> list[dict[str, Any]]:
    borrowed = [table["id"] for table in read_tables("hans")]
    return [table for table in read_tables(target) if table["id"] not in borrowed]


@pytest.mark.parametrize(
    ("table", "run"),
    [(table, simplified) for table in read_tables("hans")]
    + [(table, traditional) for table in read_tables("hant")]
    + [(table, partial(regional, "hant-tw")) for table in read_tables("hant_tw")]
    + [(table, partial(regional, "hant-hk")) for table in _own_tables("hant_hk")],
    ids=lambda value: value["id"] if isinstance(value, dict) else "",
)
def test_table_catches_and_leaves(table: dict[str, Any], run: Callable[[str], str]) -> None:
    for before, after in table["catch"]:
        assert run(before) == after
    for text in table.get("leave", []):
        kept = [c for c in text if c in table["chars"]]
        assert [c for c in run(text) if c in table["chars"]] == kept


@pytest.mark.parametrize("target", ["hans", "hant", "hant_tw", "hant_hk"])
def test_rows_are_well_formed(target: str) -> None:
    """A word keeps its length, and holds a character that the table is about."""
    for table in read_tables(target):
        assert table["reason"]
        assert table["source"]
        assert table["catch"]
        for before, after in pairs_of(table):
            assert len(before) == len(after)
            assert len(before) == 1 or set(before) & set(table["chars"]), before


@pytest.mark.parametrize("table", read_regions(), ids=lambda table: table["id"])
def test_region_is_where_it_was_written_not_what_it_is_about(table: dict[str, Any]) -> None:
    for text in table.get("catch", []):
        assert region(text) == table["script"]
    for text in table["leave"]:
        assert region(text) == "Hant"


def test_detect_looks_at_lines_where_kana_leave_it_open() -> None:
    quoting = "他們說這本書還沒有翻譯，讀者對從前的版本很熟悉。\n書類の変換を行う設定です。"
    japanese = "設定\n書類の変換を行うための設定です。"
    assert detect([quoting, japanese], census([quoting, japanese])) == ["Hant", "Japanese"]


def test_a_lone_surrogate_stays_in_its_place() -> None:
    text = "這書\ud800寫與\udfff觀點還會變嗎"
    out = convert(text)
    assert out.text == "这书\ud800写与\udfff观点还会变吗"
    assert replay(text, out.edits) == out.text
    assert "软件\ud800" in convert(text + "，軟體\ud800", vocabulary=True).text


def test_an_empty_document_has_its_columns() -> None:
    assert convert("").columns == {"script": "other", "language": "other"}


def test_columns_follow_the_text() -> None:
    columns = {"title": "臺灣的書與畫", "author": ["劉德華", "張三"], "url": "https://例.tw/臺灣"}
    out = run_text("這書寫與觀點還會變嗎", ["script"], columns=columns)
    assert isinstance(out, Document)
    assert out.columns["title"] == "台湾的书与画"
    assert out.columns["author"] == ["刘德华", "张三"]
    assert out.columns["url"] == columns["url"]


def test_receipts_name_the_mend_and_are_few() -> None:
    out = convert("項目建設的熱潮彰顯著槐蔭這片熱土強勁的發展脈動。" * 40)
    assert len(out.edits) <= 40
    assert {e.rule for e in out.edits} <= {
        "traditional-form",
        "traditional-form+aspect-particle",
        "traditional-form+zhu-after-all",
    }
    assert any("zhu-after-all" in e.rule for e in out.edits)


@pytest.mark.parametrize("target", ["hans", "hant", "hant_tw", "hant_hk"])
def test_neighbours_give_every_word_of_a_mend_away(target: str) -> None:
    table = mends(target)
    rows = [
        (before, word)
        for choice in table.choices.values()
        for before, _, words in choice.words
        for word in words
    ]
    codes = code_points("\n".join(word for _, word in rows))
    starts = np.cumsum([0, *(len(word) + 1 for _, word in rows)])[:-1]
    places = starts + np.array([before for before, _ in rows])
    assert near(table.neighbours, codes, places).all()
    assert not near(table.neighbours, code_points("一" * 9), np.arange(9)).any()
