"""Recipes: TOML files → one frozen, validated recipe that knows where each value came from.

A recipe is a set of sections; a section is the options dataclass of one stage or room, and each
default is written there and nowhere else. A recipe may extend another. Precedence: flag, recipe,
extended recipe, default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

from pipeline.decode import DecodeOptions
from pipeline.dedup.lines import SitesOptions
from pipeline.dedup.options import DedupOptions
from pipeline.errors import RecipeError
from pipeline.readers.options import HtmlOptions, InputOptions, LimitOptions
from pipeline.recipe_help import allowed, choices, key_lines, nearest
from pipeline.stages import registry
from pipeline.stages.base import Options
from pipeline.store.options import OutputOptions, RunOptions

T = TypeVar("T")
DEFAULT = "default"
LIMITS = frozenset({"ge", "gt", "le", "lt", "pattern", "min_length", "max_length"})


@cache
def sections() -> dict[str, type[Any]]:
    """Return the options class of every section, in the order in which the program uses them."""
    return {
        "input": InputOptions,
        "limits": LimitOptions,
        "decode": DecodeOptions,
        "html": HtmlOptions,
        **{stage.name: stage.options for stage in registry()},
        "sites": SitesOptions,
        "dedup": DedupOptions,
        "output": OutputOptions,
        "run": RunOptions,
    }


@dataclass(frozen=True, slots=True)
class Recipe:
    """A resolved recipe: the options of every section, and the origin of every value.

    `origins` maps "section.option" to "default", the path of a recipe file, or a flag.
    """

    values: Mapping[str, Any]
    origins: Mapping[str, str]

    def section(self, kind: type[T]) -> T:
        """Return the options of that class."""
        return next(value for value in self.values.values() if type(value) is kind)

    def stages(self) -> list[tuple[Any, Options]]:
        """Return each stage with its options, in order."""
        return [(stage, self.values[stage.name]) for stage in registry()]

    def resolved(self, *names: str) -> dict[str, dict[str, Any]]:
        """Return the named sections (all where none is named) as plain values."""
        return {
            section: {f.name: getattr(options, f.name) for f in fields(options)}
            for section, options in self.values.items()
            if not names or section in names
        }


def load(
    path: str | None = None, flags: Mapping[str, Any] | None = None, flag_origin: str = "flag"
) -> Recipe:
    """Return the recipe of a file (or of the defaults alone) with `flags` on top.

    `flags` maps "section.option" to a value. Raises RecipeError that lists every mistake found.
    """
    layers = _layers(Path(path), ()) if path else []
    merged: dict[str, dict[str, Any]] = {}
    origins: dict[str, str] = {}
    places: dict[str, str] = {}
    problems: list[str] = []
    for origin, content, lines in layers:
        places.update({name: f"{origin}:{line}" for name, line in lines.items()})
        for section, table in content.items():
            if not isinstance(table, dict):
                where = places[section]
                problems.append(f"{where}: {section}: a section is expected, as in [{section}]")
                continue
            merged.setdefault(section, {}).update(table)
            origins.update({f"{section}.{key}": origin for key in table})
    for name, value in (flags or {}).items():
        section, _, key = name.partition(".")
        merged.setdefault(section, {})[key] = value
        origins[name] = places[name] = flag_origin
        places.setdefault(section, flag_origin)
    values = _validated(merged, places, problems)
    if problems:
        raise RecipeError("\n".join(problems), "run: python -m pipeline schema")
    every = {
        f"{section}.{f.name}": origins.get(f"{section}.{f.name}", DEFAULT)
        for section, options in values.items()
        for f in fields(options)
    }
    return Recipe(values, every)


def parse_setting(text: str) -> tuple[str, Any]:
    """Split a `section.option=value` flag; the value is TOML, or a string where it is not."""
    name, equals, value = text.partition("=")
    if not equals or "." not in name:
        raise RecipeError(
            f"--set {text}: expected section.option=value",
            "for example: --set punctuation.width=keep",
        )
    try:
        return name.strip(), tomllib.loads(f"v = {value}")["v"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a recipe."""
    properties: dict[str, Any] = {
        "extends": {"type": "string", "description": "a recipe to start from"}
    }
    for name, kind in sections().items():
        part = _model(kind).model_json_schema()
        part.pop("title", None)
        part["description"] = (kind.__doc__ or "").split("\n")[0]
        properties[name] = part
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pipeline recipe",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _layers(path: Path, seen: tuple[Path, ...]) -> list[tuple[str, dict[str, Any], dict[str, int]]]:
    """Return (origin, content, its lines) of a file and what it extends, the most basic first."""
    if path in seen:
        chain = " -> ".join(str(p) for p in (*seen, path))
        raise RecipeError(f"{path}: recipes extend each other in a circle: {chain}")
    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        near = get_close_matches(path.name, sorted(p.name for p in path.parent.glob("*.toml")), 1)
        hint = f"did you mean {path.parent / near[0]}?" if near else "recipes are in configs/"
        reason = getattr(error, "strerror", None) or str(error)
        raise RecipeError(f"{path}: cannot read the recipe: {reason.lower()}", hint) from None
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: not valid TOML: {error}") from None
    parent = content.pop("extends", None)
    below = []
    if isinstance(parent, str):
        below = _layers(path.parent / parent, (*seen, path))
    elif parent is not None:
        raise RecipeError(f"{path}: extends: expected the path of a recipe, got {parent!r}")
    return [*below, (str(path), content, key_lines(text))]


def _validated(
    merged: Mapping[str, Mapping[str, Any]], places: Mapping[str, str], problems: list[str]
) -> dict[str, Any]:
    known = sections()
    for section in merged:
        if section not in known:
            where = places.get(section, "recipe")
            problems.append(f"{where}: unknown section [{section}]{nearest(section, known)}")
    values: dict[str, Any] = {}
    for section, kind in known.items():
        table = merged.get(section, {})
        names = [f.name for f in fields(kind)]
        for key in table:
            if key not in names:
                where = places[f"{section}.{key}"]
                problems.append(f"{where}: unknown option {section}.{key}{nearest(key, names)}")
        known_keys = {key: value for key, value in table.items() if key in names}
        checked = _checked(section, kind, known_keys, places, problems)
        if checked is not None:
            values[section] = checked
    return values


def _checked(
    section: str,
    kind: type[Any],
    table: Mapping[str, Any],
    places: Mapping[str, str],
    problems: list[str],
) -> Any:
    """Return the options of a section, or None where a problem was found and added."""
    if not table:  # defaults need no checking, and pydantic takes 7 ms a section
        return kind()
    from pydantic import ValidationError

    hints = get_type_hints(kind)
    limits = {f.name: f.metadata for f in fields(kind)}
    wrong: dict[str, Any] = {}
    try:
        model = _model(kind).model_validate(dict(table))
    except ValidationError as error:
        for item in error.errors():
            wrong.setdefault(str(item["loc"][0]), (item["loc"], item["input"]))
    else:
        for f in fields(kind):
            listed = f.metadata.get("choices", ())
            found = [v for v in getattr(model, f.name) if v not in listed] if listed else []
            wrong.update({f.name: ((f.name,), found[0])} if found else {})
    for name, (loc, value) in wrong.items():
        key = ".".join(str(part) for part in (section, *loc))
        where = places.get(key) or places.get(f"{section}.{name}", "recipe")
        words = choices(limits[name])
        meant = nearest(value, words) if words else ""
        meant = meant if meant.startswith(": ") else ""
        inner = len(loc) > 1  # an entry of a list or of a table: all of those are strings
        wanted = allowed(str if inner else hints[name], limits[name])
        problems.append(f"{where}: {key}: expected {wanted}, got {value!r:.80}{meant}")
    if wrong:
        return None
    return kind(**{f.name: getattr(model, f.name) for f in fields(kind)})


def _model(kind: type[Any]) -> Any:
    """Build the pydantic model of an options dataclass; the dataclass stays free of pydantic."""
    from pydantic import ConfigDict, Field, create_model

    hints = get_type_hints(kind)
    spec: dict[str, Any] = {}
    for f in fields(kind):
        limits = {key: value for key, value in f.metadata.items() if key in LIMITS}
        if "choices" in f.metadata:
            limits["json_schema_extra"] = {"choices": list(f.metadata["choices"])}
        if get_origin(hints[f.name]) is tuple:
            limits["strict"] = False  # TOML has lists only
        default: dict[str, Any] = (
            {"default": f.default}
            if f.default is not MISSING
            else {"default_factory": f.default_factory}
        )
        spec[f.name] = (
            hints[f.name],
            Field(**default, description=f.metadata.get("doc", ""), **limits),
        )
    return create_model(kind.__name__, __config__=ConfigDict(extra="forbid", strict=True), **spec)
