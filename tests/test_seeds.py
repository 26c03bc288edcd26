"""The first test of everything: the five seeds, from raw bytes to published Parquet."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.runs import SEEDS, publish

GOLD = Path(__file__).parent / "gold"
NAMES = ("000", "001", "002", "003", "004")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the published rows by the number of the seed."""
    table = pq.read_table(publish(SEEDS, tmp_path_factory.mktemp("seeds")) / "data")
    return {Path(row["input_path"]).name[:3]: row for row in table.to_pylist()}


@pytest.mark.parametrize("name", NAMES)
def test_text_equals_gold(rows: dict[str, dict[str, Any]], name: str) -> None:
    expected = (GOLD / f"{name}.txt").read_text("utf-8").rstrip("\n").split("\n")
    assert rows[name]["text"].split("\n") == expected


def test_without_the_punctuation_stage_the_clean_seed_is_the_same_to_the_byte(
    tmp_path: Path,
) -> None:
    (seed,) = SEEDS.glob("004*.txt")
    version = publish(seed, tmp_path, punctuation__enabled=False)
    (row,) = pq.read_table(version / "data").to_pylist()
    assert row["text"].encode() == seed.read_bytes()
    assert row["n_edits"] == 0


@pytest.mark.parametrize("name", NAMES)
def test_columns_equal_gold(rows: dict[str, dict[str, Any]], name: str) -> None:
    expected = json.loads((GOLD / "metadata.json").read_text("utf-8"))[name]
    for column, value in expected.items():
        got = rows[name][column]
        if isinstance(got, datetime):
            assert got == datetime.fromisoformat(value)
        else:
            assert got == value, column
