"""Repetition: cases, laws, and that clean text costs no look at its paragraphs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.census import census
from pipeline.document import Document
from pipeline.stages import repetition
from pipeline.stages.chain import run_text
from pipeline.stages.repetition import RepetitionOptions, build
from pipeline.text.repetition.alike import alike, suspects
from pipeline.text.sketches.shadow import shadow
from tests import stage_cases

PARAGRAPHS = (
    "春天的南村，细雨刚停，田里的水光一片连着一片，农机手老周把插秧机开下了田。",
    "春天的南村，细雨刚停，田里的水光一片连着一片，农机手老周把插秧机开进了田。",
    "问起今年的打算，老周说要多种三十亩优质稻，合作社已经把秧苗和肥料都送到了地头。",
    "春耕时节访南村 稻田里的新把式 机械化带来好年景",
    "归来吧，归来哟",
    "第三条 出席会议的董事应当在会议记录上签名。",
    "",
    "　",
    "| 合计 | 0 |",
)
TEXTS = st.lists(st.sampled_from(PARAGRAPHS), max_size=14).map("\n".join)


@pytest.mark.parametrize("case", stage_cases.load("repetition"))
def test_case(case: dict[str, Any]) -> None:
    stage_cases.check("repetition", case)


@given(TEXTS)
def test_receipts_replay_and_a_second_run_changes_nothing(text: str) -> None:
    stage_cases.settled("repetition", text)


@given(TEXTS)
def test_every_line_is_still_said_at_least_nearly(text: str) -> None:
    out = run_text(text, ["repetition"])
    assert isinstance(out, Document)
    left = {line.strip() for line in out.text.split("\n")}
    near = [set(PARAGRAPHS[:2]) if p in PARAGRAPHS[:2] else {p.strip()} for p in PARAGRAPHS]
    said = {line.strip() for line in text.split("\n")}
    for paragraph, forms in zip(PARAGRAPHS, near, strict=True):
        assert paragraph.strip() not in said or not paragraph.strip() or forms & left


@settings(max_examples=30)
@given(st.lists(TEXTS, max_size=5))
def test_batch_decides_as_one_by_one(texts: list[str]) -> None:
    stage_cases.check_batch(build(RepetitionOptions()), texts)


def test_clean_text_is_not_cut_into_paragraphs(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(repetition, "lines_of", calls.append)
    clean = "\n".join(PARAGRAPHS[i] for i in (0, 2, 3))
    documents = [Document("", clean)]
    assert build(RepetitionOptions())(documents, census([clean])) == documents
    assert not calls


def test_near_copies_can_be_left_alone() -> None:
    text = "\n".join((PARAGRAPHS[0], "甲。", "乙。", PARAGRAPHS[1]))
    assert run_text(text, ["repetition"]).text != text  # type: ignore[union-attr]
    off = {"repetition": {"near_jaccard": 1.1}}
    assert run_text(text, ["repetition"], off).text == text  # type: ignore[union-attr]


def test_alike_measures_and_says_which_has_more() -> None:
    longer = PARAGRAPHS[0] + "他笑了。"
    pairs = alike([PARAGRAPHS[0], PARAGRAPHS[2], PARAGRAPHS[1], longer], 0.8, 30)
    assert [(p.first, p.later, p.more) for p in pairs] == [
        (0, 2, False),
        (0, 3, True),
    ]
    assert 0.8 <= pairs[0].jaccard < 1


@given(st.text("甲乙丙丁一二，。a \u3000", min_size=30, max_size=140), st.data())
def test_what_is_alike_is_not_sorted_out_before(text: str, data: st.DataObject) -> None:
    """The comparison of shadows is a necessary condition of the one that decides."""
    at = data.draw(st.integers(0, len(text) - 1))
    other = text[:at] + data.draw(st.text("甲戊，己", max_size=3)) + text[at + 1 :]
    options = RepetitionOptions()
    if alike([text, other], options.near_jaccard, options.near_chars):
        one, two = shadow([text, other])
        assert repetition._may_be_alike(one, two, options)


def test_suspects_need_more_than_a_long_name() -> None:
    name = "国家市场监督管理总局特种设备局"
    once = name + "发布通知，要求各地加强检查。"
    assert suspects([once + name + "有关负责人说。", PARAGRAPHS[0] * 2]).tolist() == [False, True]


def test_a_long_document_of_one_line_is_linear() -> None:
    text = "\n".join([PARAGRAPHS[3]] * 20_000)
    assert run_text(text, ["repetition"]).text == PARAGRAPHS[3]  # type: ignore[union-attr]
