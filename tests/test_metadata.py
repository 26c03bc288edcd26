"""The metadata stage: its cases, the examples in its tables, and what holds for every text."""

from __future__ import annotations

import doctest
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Document, replay
from pipeline.stages.chain import run_text
from pipeline.text import byline, dates, headline, names
from pipeline.text.roles import Role, explain, roles
from pipeline.text.rules import builtin_rules
from tests.stage_cases import check, load


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
    said = explain(roles()[0])
    assert roles()[0].catch[0] in said
    assert roles()[0].reason in said


def test_ids_and_labels_are_unique() -> None:
    rows = roles()
    assert len({row.id for row in rows}) == len(rows)
    assert not {row.id for row in rows} & {rule.id for rule in builtin_rules()}
    labels = [label for row in rows for label in row.labels]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("module", [byline, dates, headline, names], ids=lambda m: m.__name__)
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


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=20).map("\n".join))
def test_replay_and_idempotence(text: str) -> None:
    out = run_text(text, ["metadata"])
    assert isinstance(out, Document)
    assert replay(text, out.edits) == out.text
    again = run_text(out.text, ["metadata"])
    assert isinstance(again, Document)
    assert again.text == out.text


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="作者：:编辑 来源张龙/|【】（）()2025-0年月日\n记，。", max_size=200))
def test_any_text_replays(text: str) -> None:
    out = run_text(text, ["metadata"])
    assert isinstance(out, Document)
    assert replay(text, out.edits) == out.text
