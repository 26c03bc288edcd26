"""The plan: what may be an input of which output."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import RecipeError, UsageError
from pipeline.plan import check_places
from pipeline.recipe import load


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("in/deep", "out/versions/v1/data", "out/seeds"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "in/a.txt").write_text("好")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ("in", "in/clean"),
        ("in", "in"),
        (".", "out"),
        ("in/**/*.txt", "in/clean"),
        ("**", "out"),
        ("out/versions/v1/data", "out"),
        ("out/current", "out"),
        ("in", "/"),
        ("in", "~"),
        ("in", "in/../in/deep"),
    ],
)
def test_an_output_that_would_be_read_is_refused(given: str, output: str) -> None:
    with pytest.raises(UsageError):
        check_places([given], Path(output).expanduser())


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ("in", "out"),
        ("in/*.txt", "in/clean"),
        ("in/a.txt", "in/clean"),
        ("out/seeds", "out"),
        ("s3://bucket/in", "out"),
        ("in", "into"),
        ("out/versions/v1/data", "other"),
    ],
)
def test_an_output_of_its_own_is_taken(given: str, output: str) -> None:
    check_places([given], Path(output))


def test_a_recipe_that_sets_nothing_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("# nothing\n")
    with pytest.raises(RecipeError, match="sets nothing"):
        load(str(path))
