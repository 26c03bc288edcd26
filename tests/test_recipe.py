"""Recipes: precedence, provenance, and mistakes that are all listed with what was meant."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from pipeline.errors import RecipeError
from pipeline.recipe import load, parse_setting, schema, sections
from pipeline.report.recipes import render_recipe

CONFIGS = Path(__file__).parents[1] / "configs"


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_flag_over_recipe_over_extended_over_default(tmp_path: Path) -> None:
    write(tmp_path, "base.toml", "[dedup]\njaccard = 0.8\nngram = 4\nbands = 10\n")
    child = write(tmp_path, "child.toml", 'extends = "base.toml"\n[dedup]\nngram = 6\nbands = 11\n')
    recipe = load(child, {"dedup.bands": 12}, "--set")
    dedup = recipe.values["dedup"]
    assert (dedup.jaccard, dedup.ngram, dedup.bands, dedup.rows) == (0.8, 6, 12, 6)
    origin = recipe.origins
    assert origin["dedup.jaccard"] == str(tmp_path / "base.toml")
    assert origin["dedup.ngram"] == child
    assert origin["dedup.bands"] == "--set"
    assert origin["dedup.rows"] == "default"


def test_all_mistakes_of_a_file_are_listed_with_the_nearest_name(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "bad.toml",
        "[dedup]\njacard = 0.8\nngram = 'five'\nbands = 0\n[punctuatoin]\nwidth = 'cjk'\n",
    )
    with pytest.raises(RecipeError) as caught:
        load(path)
    text = caught.value.message
    assert "dedup.jacard: did you mean jaccard?" in text
    assert "[punctuatoin]: did you mean punctuation?" in text
    assert "dedup.ngram" in text
    assert "dedup.bands" in text
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.toml", "extends = 'a.toml'", "circle"),
        ("a.toml", "extends = 'missing.toml'", "cannot read"),
        ("a.toml", "extends = 3", "expected the path"),
        ("a.toml", "[dedup\n", "not valid TOML"),
        ("a.toml", "dedup = 1", "a section is expected"),
    ],
)
def test_a_broken_recipe_is_an_error_that_says_so(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        load(write(tmp_path, name, content))


def test_settings_are_toml_or_text() -> None:
    assert parse_setting("dedup.jaccard=0.9") == ("dedup.jaccard", 0.9)
    assert parse_setting("punctuation.width=keep") == ("punctuation.width", "keep")
    assert parse_setting("script.enabled=false") == ("script.enabled", False)
    with pytest.raises(RecipeError):
        parse_setting("nonsense")


def test_every_option_is_documented_and_in_the_schema() -> None:
    properties = schema()["properties"]
    for name, kind in sections().items():
        for field in fields(kind):
            assert field.metadata.get("doc"), f"{name}.{field.name} has no doc"
            assert field.name in properties[name]["properties"]


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda p: p.name)
def test_recipes_of_the_project_load_and_render(path: Path) -> None:
    text = render_recipe(load(str(path)))
    assert "[dedup]" in text
    assert "# default" in text
