"""The metadata stage: its cases, the examples in its tables, and what holds for every text."""

from __future__ import annotations

import doctest
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.document import Document, replay
from pipeline.report.rules import explain_role
from pipeline.stages.chain import run_text
from pipeline.stages.metadata import MetadataOptions, build
from pipeline.text import fold
from pipeline.text.boilerplate.rules import builtin_rules
from pipeline.text.metadata import (
    behind,
    byline,
    dates,
    firstlook,
    headline,
    links,
    names,
    signature,
)
from pipeline.text.metadata.ends import BYLINE, DATELINE, HEADING, SIGNATURE, what_to_read
from pipeline.text.metadata.placement import find_bylines
from pipeline.text.metadata.roles import Role, roles
from pipeline.text.metadata.statement import Statement
from tests.stage_cases import check, check_batch, load, settled


@pytest.mark.parametrize("case", load("metadata"))
def test_case(case: dict[str, Any]) -> None:
    wanted = case.get("columns", {})
    if "published_at" in wanted:
        wanted["published_at"] = datetime.fromisoformat(wanted["published_at"])
    check("metadata", case)


@pytest.mark.parametrize("role", roles(), ids=lambda role: role.id)
def test_examples_in_the_table(role: Role) -> None:
    assert role.catch
    assert role.leave
    for line in role.catch:
        says = byline.read(line)
        assert any(s.alone for s in says), line
    for line in role.leave:
        assert not any(s.alone for s in byline.read(line)), line


def test_a_role_is_explained_with_its_examples() -> None:
    said = explain_role(roles()[0])
    assert roles()[0].catch[0] in said
    assert roles()[0].reason in said


def test_ids_and_labels_are_unique() -> None:
    rows = roles()
    assert len({row.id for row in rows}) == len(rows)
    assert not {row.id for row in rows} & {rule.id for rule in builtin_rules()}
    labels = [label for row in rows for label in row.labels]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize(
    "module",
    [behind, byline, dates, fold, headline, links, names, signature],
    ids=lambda m: m.__name__,
)
def test_doctests(module: Any) -> None:
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed


LINES = st.sampled_from(
    [
        "槐荫区召开大会部署重点工作",
        "会议指出，要以项目建设赋能高质量发展。",
        "2025-02-24 07:24:36 来源：大众日报",
        "2023-06-29",
        "作者：",
        "来源：",
        "大众日报",
        "记者 王健",
        "□记者 王健 报道",
        "（责任编辑：高原）",
        "目标如期实现。【编辑：高原】",
        "编辑：张龙 校对：李明",
        "原标题：旧题",
        "",
        "阅读 539",
        "本报济南讯 6月21日，记者获悉有关情况。",
    ]
)


TITLE = "某地召开大会部署重点工作\n"


# Without its bylines, the head reaches the line that is signed.
@example(f"记者 王健\n作者：\n{TITLE}大众日报\n{TITLE * 6}目标如期实现。【编辑：高原】\n{TITLE}")
@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=20).map("\n".join))
def test_replay_and_idempotence(text: str) -> None:
    settled("metadata", text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="作者：:编辑 来源张龙/|【】（）()2025-0年月日\n记，。", max_size=200))
def test_any_text_replays(text: str) -> None:
    out = run_text(text, ["metadata"])
    assert isinstance(out, Document)
    assert replay(text, out.edits) == out.text


WHEN = "2024-03-05T15:20:00+08:00"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("2024-03-05 15:20", WHEN),
        ("2024/3/5 15:20:00", WHEN),
        ("2024.03.05 15:20", WHEN),
        ("2024年3月5日15时20分", WHEN),
        ("2024年03月05日 (星期二) 15:20", WHEN),
        ("2024-03-05T15:20:00+08:00", WHEN),
        ("2024-03-05T07:20:00Z", WHEN),
        ("2024-03-05T12:50:00+05:30", WHEN),
        ("2024-03-05T02:20:00-05:00", WHEN),
        ("2024-03-05T15:20:00+15:00", WHEN),  # no place has it: taken for China
        ("2024-03-05T15:20:00.000+0800", WHEN),
        ("2024-03-05 下午3:20", WHEN),
        ("中華民國113年3月5日 下午3時20分", WHEN),
        ("3/5/2024 3:20:00 PM", WHEN),
        ("Mar 5, 2024 3:20 PM", WHEN),
        ("２０２４－０３－０５ １５：２０", WHEN),
        ("20240305152000", WHEN),
        ("5 March 2024", "2024-03-05T00:00:00+08:00"),
        ("二〇二四年三月五日", "2024-03-05T00:00:00+08:00"),
        ("民国一百一十三年三月五日", "2024-03-05T00:00:00+08:00"),
        ("民國元年1月1日", "1912-01-01T00:00:00+08:00"),
        ("2024-03-05 15:20 本报讯某某报道", None),
        ("2024-02-30", None),
        ("2024-03", None),
        ("3小时前", None),
        ("昨天 15:20", None),
        ("03-05 15:20", None),
        ("12345-03-05", None),
        ("", None),
    ],
)
def test_dates(written: str, wanted: str | None) -> None:
    assert dates.read(written) == (datetime.fromisoformat(wanted) if wanted else None)


def test_a_zone_is_stated_or_assumed() -> None:
    def zone(line: str) -> object:
        out = run_text(
            f"某地召开会议部署工作\n{line} 来源：某某日报\n会议强调要抓落实。", ["metadata"]
        )
        assert isinstance(out, Document)
        return out.columns["published_at_zone"]

    assert zone("2024-03-05T15:20:00+08:00") == "stated"
    assert zone("2024-03-05 15:20:00") == "assumed"


def test_fields_of_a_record_come_first_and_take_the_form_of_columns() -> None:
    given = {"title": "原题", "author": "张龙、李明", "published_at": "2024-03-05"}
    text = "某地召开会议部署工作\n2023-01-01 08:00 来源：某某日报 作者：王健\n会议强调要抓落实。"
    out = run_text(text, ["metadata"], columns=given)
    assert isinstance(out, Document)
    assert out.columns["title"] == "原题"
    assert out.columns["author"] == ["张龙", "李明"]
    assert out.columns["published_at"] == datetime.fromisoformat("2024-03-05T00:00:00+08:00")
    assert out.columns["source"] == "某某日报"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(LINES, max_size=8).map("\n".join), max_size=5))
def test_a_batch_decides_as_one_by_one(texts: list[str]) -> None:
    check_batch(build(MetadataOptions()), texts)


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=12).map("\n".join))
def test_what_is_not_worth_reading_says_nothing(text: str) -> None:
    if not what_to_read([text]).bits[0] & BYLINE:
        starts = {0: (), **{i + 1: () for i, char in enumerate(text) if char == "\n"}}
        head, tail = find_bylines(text, starts, 8, 12, 40)
        assert not any(line.goes for line in (*head, *tail))


def test_what_stands_at_the_ends_of_a_batch_is_seen_in_each_text() -> None:
    sentence = "会议强调，要把工作做细做实。"
    texts = {
        f"题目一行\n来源：某某日报\n{sentence}": BYLINE,
        f"题目一行\n2024-03-05 10:20\n{sentence}": BYLINE,
        f"{sentence}\n责任编辑高原": BYLINE,
        f"作　者：张龙\n{sentence}": BYLINE,
        f"\U00020000{sentence}\n責任編輯：高原": BYLINE,
        f"本报济南讯 6月21日，记者获悉，{sentence}": DATELINE,
        f"{sentence}（常书香 马丹阳）\n\n": SIGNATURE,
        f"{sentence * 60}（责任编辑：高原）\n（完）": SIGNATURE,
        f"# 题目一行\n{sentence}": HEADING,
        f"{sentence}\n记者获悉，有关情况如下：{sentence}": 0,
        "": 0,
    }
    assert what_to_read(list(texts)).bits.tolist() == list(texts.values())
    assert [int(what_to_read([text]).bits[0]) for text in texts] == list(texts.values())


def test_a_line_far_from_both_ends_is_not_seen() -> None:
    far = "会议强调，要把工作做细做实。\n" * 1000
    assert what_to_read([f"{far}来源：某某日报\n{far}"]).bits[0] == 0
    out = run_text(f"题目一行\n来源：某某日报\n{far * 3}责任编辑：高原\n（完）", ["metadata"])
    assert isinstance(out, Document)
    assert out.text == f"题目一行\n{far * 3}（完）"
    assert out.columns == {"title": "题目一行", "source": "某某日报", "editor": ["高原"]}


PIECES = st.sampled_from(
    [
        *(label for role in roles() for label in role.labels),
        *"：:|/丨 　·-—□●（(【[《)）】]》,、",
        *("張龍", "王 健", "买买提·艾力", "Kesk noren", "新京报", "大公報", "example.com", "本报"),
        *(
            "2025-02-24",
            "２０２５年2月24日",
            "Feb 24, 2025",
            "民國114年2月24日",
            "07:24:36",
            "二〇二五年",
        ),
        *(
            "第3版",
            "A2版",
            "打印",
            "字體：大 中 小",
            "星期二",
            "北京",
            "1234次",
            "https://example.org/a",
        ),
        *("報道", "供稿", "獨家", "本文来源于网络", "責任編輯", "特约撰稿人", "。", "的"),
    ]
)


@settings(max_examples=700, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=5).map("".join))
def test_the_first_look_refuses_no_byline(line: str) -> None:
    if byline._parsed(line):
        assert firstlook.begins(line)


@settings(max_examples=700, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=5).map("".join))
def test_a_batch_shows_every_line_that_is_sure(line: str) -> None:
    sure = [s for s in byline.read(line) if s.alone]
    if sure and not what_to_read([f"会议强调要抓落实。\n{line}"]).bits[0] & BYLINE:
        raise AssertionError(sure)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=20).map("\n".join))
def test_what_goes_is_whole_lines_or_a_bracket(text: str) -> None:
    out = run_text(text, ["metadata"])
    assert isinstance(out, Document)
    for edit in out.edits:
        assert edit.after == ""
        starts_line = edit.start == 0 or text[edit.start - 1] == "\n" or edit.before[0] in "\n【（"
        assert starts_line, edit


def test_only_the_ends_of_a_text_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    known = byline.read

    def counted(line: str) -> tuple[Statement, ...]:
        nonlocal read
        read += len(line)
        return known(line)

    monkeypatch.setattr(byline, "read", counted)
    text = "会议指出，要抓项目、促开工：见下文\n" * 50_000 + "责任编辑：高原"
    out = run_text(text, ["metadata"])
    assert isinstance(out, Document)
    assert out.columns["editor"] == ["高原"]
    assert read < 30_000


def test_surnames_are_unique() -> None:
    single, compound = names._surnames()
    table = (Path(names.__file__).parents[2] / "tables/metadata/surnames.tsv").read_text("utf-8")
    row = next(line for line in table.splitlines() if line.startswith("single"))
    assert len(row.split("\t")[1]) == len(single)
    assert all(len(surname) == 2 for surname in compound)
