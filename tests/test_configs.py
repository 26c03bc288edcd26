"""Every recipe of the project runs on a small input and publishes what adds up."""

from __future__ import annotations

import json
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.driver import run
from pipeline.recipe import load
from pipeline.report.terminal import Silent

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_recipe_runs(path: Path, tmp_path: Path) -> None:
    # The seeds are plain text whatever format a recipe is meant for.
    flags = {
        "input.paths": [str(ROOT / "seeds")],
        "input.format": "auto",
        "output.path": str(tmp_path),
    }
    facts = run(load(str(path), flags), Silent()).facts
    documents = facts["funnel"]["documents"]
    assert documents["in"] == documents["kept"] == 5


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_choice_says_why(path: Path) -> None:
    """In a recipe that departs from the default, a comment stands above every departure."""
    lines = path.read_text("utf-8").splitlines()
    for above, line in pairwise(lines):
        departs = "=" in line and not line.startswith(("#", "extends", "paths", "path", "name"))
        assert not departs or above.startswith(("#", "[input]")), line


def test_the_schema_in_configs_is_the_current_one() -> None:
    from pipeline.recipe import schema

    written = json.loads((ROOT / "configs/recipe.schema.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(schema())), (
        "run: python -m pipeline schema > configs/recipe.schema.json"
    )


def test_init_writes_a_recipe_that_loads(tmp_path: Path) -> None:
    from pipeline.cli import run_command_line

    path = tmp_path / "mine.toml"
    assert run_command_line(["init", str(path), "--input", "some/folder"]) == 0
    recipe = load(str(path))
    assert recipe.values["input"].paths == ("some/folder",)
    assert tomllib.loads(path.read_text("utf-8"))
    assert run_command_line(["init", str(path)]) == 2, "an existing file is never overwritten"
