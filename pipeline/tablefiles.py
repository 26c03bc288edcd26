"""The files of `pipeline/tables`: rows of cells, or TOML. A line that begins with # is none."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "tables"


def table_rows(name: str) -> list[list[str]]:
    """Return the cells of a table of tab-separated values, such as "script/only.tsv"."""
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and line[0] != "#"]


def code_points_of(cell: str) -> list[slice]:
    """Return the ranges of code points that a cell names, as in "0041-005A 00B5"."""
    ranges = (item.partition("-") for item in cell.split())
    return [slice(int(first, 16), int(last or first, 16) + 1) for first, _, last in ranges]


def table_toml(name: str) -> dict[str, Any]:
    """Return what stands in a TOML file, such as "pages/words.toml"."""
    return tomllib.loads((FOLDER / name).read_text("utf-8"))
