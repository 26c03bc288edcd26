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


def table_toml(name: str) -> dict[str, Any]:
    """Return what stands in a TOML file, such as "pages/words.toml"."""
    return tomllib.loads((FOLDER / name).read_text("utf-8"))
