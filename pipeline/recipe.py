"""Recipes: TOML files → one frozen, validated recipe that knows where each value came from.

A recipe is a set of sections; a section is the options dataclass of one stage or room, and each
default is written there and nowhere else. A recipe may extend another. Precedence: flag, recipe,
extended recipe, default.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_origin, get_type_hints

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
    path: str | None = None,
    flags: Mapping[str, Any] | None = None,
    flag_origin: str = "command line",
) -> Recipe:
    """Return the recipe of a file (or of the defaults alone) with `flags` on top.

    `flags` maps "section.option" to a value. Raises RecipeError that lists every mistake found.
    """
    given = _Given({}, {}, {}, [])
    for origin, content, lines in _layers(Path(path), ()) if path else ():
        given.add_file(origin, content, lines)
    if path and not given.tables and not given.problems:
        raise RecipeError(f"{path}: sets nothing", "leave out --config to run with the defaults")
    for name, value in (flags or {}).items():
        given.add_flag(name, value, flag_origin)
    values = _validated(given.tables, given.places, given.problems)
    if given.problems:
        raise RecipeError("\n".join(given.problems), "run: python -m pipeline schema")
    every = (f"{section}.{f.name}" for section, o in values.items() for f in fields(o))
    return Recipe(values, {name: given.origins.get(name, DEFAULT) for name in every})


@dataclass(frozen=True, slots=True)
class _Given:
    """What was set so far: by section and option, with the origin, and the place in its file."""

    tables: dict[str, dict[str, Any]]
    origins: dict[str, str]
    places: dict[str, str]
    problems: list[str]

    def add_file(self, origin: str, content: Mapping[str, Any], lines: Mapping[str, int]) -> None:
        self.places.update({name: f"{origin}:{line}" for name, line in lines.items()})
        for section, table in content.items():
            if isinstance(table, dict):
                self.tables.setdefault(section, {}).update(table)
                self.origins.update({f"{section}.{key}": origin for key in table})
            else:
                where = f"{self.places[section]}: {section}"
                self.problems.append(f"{where}: a section is expected, as in [{section}]")

    def add_flag(self, name: str, value: Any, origin: str) -> None:
        section, _, key = name.partition(".")
        self.tables.setdefault(section, {})[key] = value
        self.origins[name] = self.places[name] = origin
        self.places.setdefault(section, origin)


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
    except (ValueError, RecursionError):
        return name.strip(), value


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a recipe."""
    properties: dict[str, Any] = {
        "extends": {"type": "string", "description": "a recipe to start from"}
    }
    for name, kind in sections().items():
        properties[name] = {
            "type": "object",
            "description": (kind.__doc__ or "").split("\n")[0],
            "additionalProperties": False,
            "properties": _option_schemas(kind),
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pipeline recipe",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def default_of(option: Field[Any]) -> Any:
    """Return the default of an option of a section."""
    return option.default if option.default_factory is MISSING else option.default_factory()


def _option_schemas(kind: type[Any]) -> dict[str, Any]:
    import msgspec

    hints = get_type_hints(kind)
    out: dict[str, Any] = {}
    for f in fields(kind):
        part = msgspec.json.schema(_annotated(hints[f.name], f.metadata))
        out[f.name] = {**part, "default": default_of(f)}
    return out


def _layers(path: Path, seen: tuple[Path, ...]) -> list[tuple[str, dict[str, Any], dict[str, int]]]:
    """Return (origin, content, its lines) of a file and what it extends, the most basic first."""
    if path in seen:
        chain = " -> ".join(str(p) for p in (*seen, path))
        raise RecipeError(f"{path}: recipes extend each other in a circle: {chain}")
    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text)
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1}"
        raise RecipeError(f"{path}: not UTF-8, at {place}", "save it as UTF-8") from None
    except OSError as error:
        others = sorted(p.name for p in path.parent.glob("*.toml") if p != path)
        near = get_close_matches(path.name, others, 1)
        hint = f"did you mean {path.parent / near[0]}?" if near else "recipes are in configs/"
        reason = error.strerror or str(error)
        raise RecipeError(f"{path}: cannot read the recipe: {reason.lower()}", hint) from None
    except (ValueError, RecursionError) as error:  # a number too long, lists too deep
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
    hints = get_type_hints(kind) if table else {}
    given: dict[str, Any] = {}
    before = len(problems)
    for f in fields(kind):
        if f.name not in table:
            continue
        try:
            given[f.name] = _converted(table[f.name], hints[f.name], f.metadata)
        except _MisfitError as wrong:
            inner = wrong.place is not None
            key = ".".join((section, f.name, *([str(wrong.place)] if inner else [])))
            where = places.get(key) or places.get(f"{section}.{f.name}", "recipe")
            words = choices(f.metadata)
            meant = nearest(wrong.value, words) if words else ""
            meant = meant if meant.startswith(": ") else ""
            # An entry of a list or of a table: all of those are strings.
            wanted = allowed(str if inner else hints[f.name], f.metadata)
            problems.append(f"{where}: {key}: expected {wanted}, got {wrong.value!r:.80}{meant}")
    return kind(**given) if len(problems) == before else None


class _MisfitError(Exception):
    """A value that an option cannot have; `place` is that of the entry of a list or a table."""

    def __init__(self, value: Any, place: object = None) -> None:
        self.value = value
        self.place = place


def _converted(value: Any, hint: Any, metadata: Mapping[str, Any]) -> Any:
    """Return a TOML value as the type of its option; _MisfitError where it is none."""
    import msgspec

    try:
        found = msgspec.convert(value, _annotated(hint, metadata))
    except msgspec.ValidationError:
        raise _misfit(value, hint) from None
    if isinstance(found, float) and not math.isfinite(found):  # every limit lets infinity pass
        raise _MisfitError(found)
    listed = metadata.get("choices", ())
    if wrong := [entry for entry in found if entry not in listed] if listed else ():
        raise _MisfitError(wrong[0])
    return found


def _misfit(value: Any, hint: Any) -> _MisfitError:
    """Return what is wrong: the entry of a list or of a table that is no string, or all of it."""
    entries: Iterable[tuple[object, Any]] = ()
    if get_origin(hint) is tuple and isinstance(value, list):
        entries = enumerate(value)
    elif get_origin(hint) is dict and isinstance(value, dict):
        entries = value.items()
    wrong = ((entry, place) for place, entry in entries if not isinstance(entry, str))
    return _MisfitError(*next(wrong, (value, None)))


def _annotated(hint: Any, metadata: Mapping[str, Any]) -> Any:
    """Return the type of an option with its limits, as msgspec reads them."""
    import msgspec

    limits = {key: value for key, value in metadata.items() if key in LIMITS}
    extra = {"choices": list(metadata["choices"])} if "choices" in metadata else None
    meta = msgspec.Meta(**limits, description=metadata.get("doc", ""), extra_json_schema=extra)
    return Annotated[hint, meta]
