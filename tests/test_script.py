"""The script stage: its cases, and that every table holds what its rows claim."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.text.conversion import converter, read_tables
from tests.stage_cases import check, load


@pytest.mark.parametrize("case", load("script"))
def test_case(case: dict[str, Any]) -> None:
    check("script", case)


@pytest.mark.parametrize("table", read_tables("hans"), ids=lambda table: table["id"])
def test_table_catches_and_leaves(table: dict[str, Any]) -> None:
    convert = converter("t2s", "hans")
    for before, after in table["catch"]:
        assert convert(before) == after
    for text in table.get("leave", []):
        kept = [c for c in text if c in table["keep"]]
        assert [c for c in convert(text) if c in table["keep"]] == kept
