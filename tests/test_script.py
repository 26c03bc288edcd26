"""The script stage: its cases, and that every table holds what its rows claim."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.document import Document
from pipeline.stages.chain import run_text
from pipeline.text.mends import read_tables
from tests.stage_cases import check, load


@pytest.mark.parametrize("case", load("script"))
def test_case(case: dict[str, Any]) -> None:
    check("script", case)


@pytest.mark.parametrize("table", read_tables("hans"), ids=lambda table: table["id"])
def test_table_catches_and_leaves(table: dict[str, Any]) -> None:
    for before, after in table["catch"]:
        assert simplified(before) == after
    for text in table.get("leave", []):
        kept = [c for c in text if c in table["chars"]]
        assert [c for c in simplified(text) if c in table["chars"]] == kept


def simplified(text: str) -> str:
    """Convert a text within a document that is Traditional beyond doubt."""
    out = run_text(f"這書寫與觀點還會變嗎\n{text}", ["script"])
    assert isinstance(out, Document)
    return out.text.split("\n")[1]


def test_columns_follow_the_text() -> None:
    columns = {"title": "臺灣的書與畫", "author": ["劉德華", "張三"], "url": "https://例.tw/臺灣"}
    out = run_text("這書寫與觀點還會變嗎", ["script"], columns=columns)
    assert isinstance(out, Document)
    assert out.columns["title"] == "台湾的书与画"
    assert out.columns["author"] == ["刘德华", "张三"]
    assert out.columns["url"] == columns["url"]
