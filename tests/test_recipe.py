"""Recipes: precedence, provenance, and mistakes that are all listed with what was meant."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from pipeline.errors import RecipeError
from pipeline.recipe import load, parse_setting, schema, sections
from pipeline.recipe_help import key_lines
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
    assert f"{path}:2: unknown option dedup.jacard: did you mean jaccard?" in text
    assert f"{path}:5: unknown section [punctuatoin]: did you mean punctuation?" in text
    assert f"{path}:3: dedup.ngram: expected a whole number from 2 to 32, got 'five'" in text
    assert f"{path}:4: dedup.bands: expected a whole number from 1 to 64, got 0" in text
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[punctuation]\nwidth = 'cjkk'", "2: punctuation.width: expected one of cjk, ascii, keep, "
         "got 'cjkk': did you mean cjk?"),
        ("[dedup]\nsurvivor = [\n'longst']", "2: dedup.survivor: expected a list, each one of "
         "fewest-damage, longest, earliest, got 'longst': did you mean longest?"),
        ("[input]\npaths = 'seeds'", "2: input.paths: expected a list of strings, as in"),
        ("[input]\nhidden = 1\nfields.text = 3", "3: input.fields.text: expected a string, got 3"),
        ("# a\n\ndedup.near = 'yes'", "3: dedup.near: expected true or false, got 'yes'"),
        ("[dedup]\njaccard = 0.0", "2: dedup.jaccard: expected a number, 1 or less, above 0, got"),
        ("[dedup]\njaccard = nan", "2: dedup.jaccard: expected a number, 1 or less, above 0, got"),
        ("[limits]\nmax_seconds = inf", "2: limits.max_seconds: expected a number, "),
        ("[unicode]\nsquared = 'expanded'", "2: unicode.squared: expected one of keep, expand"),
    ],
)  # fmt: skip
def test_a_mistake_says_where_and_what_is_allowed(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load(write(tmp_path, "bad.toml", content))
    assert f"bad.toml:{said}" in caught.value.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[input]\npaths = " + b"[" * 5000 + b"]" * 5000, "not valid TOML"),
        (b"[run]\nworkers = " + b"9" * 6000, "not valid TOML"),
        ('[output]\nname = "语料"'.encode("gbk"), "not UTF-8, at byte 18"),
    ],
)
def test_what_cannot_be_parsed_is_the_users_mistake(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(RecipeError, match=said):
        load(str(tmp_path / "bad.toml"))


def test_a_long_list_is_parsed_once_and_not_once_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "[input]\npaths = [\n" + '"a.jsonl",\n' * 1000 + "]\nhidden = false\n"
    parsed: list[str] = []
    plain = tomllib.loads

    def counted(text: str) -> dict[str, object]:
        parsed.append(text)
        return plain(text)

    monkeypatch.setattr(tomllib, "loads", counted)
    assert key_lines(text) == {"input": 1, "input.paths": 2, "input.hidden": 1004}
    assert len(parsed) <= 5


def test_the_line_is_that_of_the_file_in_which_the_mistake_stands(tmp_path: Path) -> None:
    write(tmp_path, "base.toml", "\n\n[dedup]\nngram = 0\n")
    child = write(tmp_path, "child.toml", "extends = 'base.toml'\n[dedup]\nbands = 3\n")
    with pytest.raises(RecipeError, match=r"base\.toml:4: dedup\.ngram"):
        load(child, {"dedup.rows": 3}, "--set")
    with pytest.raises(RecipeError, match=r"^--set: dedup\.ngram"):
        load(child, {"dedup.ngram": 0}, "--set")


def test_key_lines_are_those_of_the_statements() -> None:
    text = """# comment = 1
extends = "x"
[a]
b = '''
c = 1
'''
d = [
  1,
]

[e.f]
g.h = {i = 1}
"""
    assert key_lines(text) == {
        "extends": 2, "a": 3, "a.b": 4, "a.d": 7, "e": 11, "e.f": 11, "e.f.g": 12, "e.f.g.h": 12,
        "e.f.g.h.i": 12,
    }  # fmt: skip


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
