"""What a mistake in a recipe is answered with: the line where it stands, and what is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin


def key_lines(text: str) -> dict[str, int]:
    """Return the line, from 1, of every section and option ("section.option") of a valid TOML text.

    A statement is the fewest lines that parse by themselves: tomllib tells no places.
    """
    found: dict[str, int] = {}
    header: tuple[str, ...] = ()
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        lines.append(line)
        # What goes over lines ends in one of these: a list of ten thousand inputs is parsed twice.
        if len(lines) > 1 and not any(mark in line for mark in ("]", '"""', "'''")):
            continue
        try:
            content = tomllib.loads("\n".join(lines))
        except tomllib.TOMLDecodeError:
            continue
        names = list(_names(content))
        if line.lstrip().startswith("[") and len(lines) == 1:
            header, names = max(names, key=len, default=()), [()]
        for name in names:
            full = header + name
            for depth in range(1, len(full) + 1):
                found.setdefault(".".join(full[:depth]), number - len(lines) + 1)
        lines = []
    return found


def _names(content: Any) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key in a table."""
    if isinstance(content, list):
        content = content[-1] if content else None
    if isinstance(content, dict):
        for key, value in content.items():
            yield (key,)
            yield from ((key, *rest) for rest in _names(value))


def allowed(hint: Any, limits: Mapping[str, Any]) -> str:
    """Return in words what an option of that type, within those limits, may be."""
    if words := choices(limits):
        one = f"one of {', '.join(words)}"
        return f"a list, each {one}" if get_origin(hint) is tuple else one
    text = _type(hint)
    low, high = limits.get("ge"), limits.get("le")
    if low is not None and high is not None:
        text += f" from {low:,} to {high:,}"
    elif low is not None:
        text += f", {low:,} or more"
    elif high is not None:
        text += f", {high:,} or less"
    for name, words_ in (("gt", "above"), ("lt", "below")):
        if name in limits:
            text += f", {words_} {limits[name]:,}"
    if "pattern" in limits:
        shape = limits.get("shape", "")
        text += f": {shape}" if shape else f" that matches {limits['pattern']}"
    return text


def choices(limits: Mapping[str, Any]) -> Sequence[str]:
    """Return the words that an option may be, where they are listed or its pattern lists them."""
    if listed := limits.get("choices", ()):
        return tuple(listed)
    plain = re.fullmatch(r"\^\(?([\w|-]+)\)?\$", limits.get("pattern", ""))
    return tuple(plain[1].split("|")) if plain else ()


_TYPES = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}


def _type(hint: Any) -> str:
    inner = get_args(hint)
    kind = get_origin(hint)
    if kind in (Union, UnionType):
        return " or ".join(_type(part) for part in inner if part is not type(None))
    if kind is tuple:
        return 'a list of strings, as in ["…"]' if inner[0] is str else "a list"
    return _TYPES.get(hint, 'a table, as in {key = "…"}')


def nearest(name: Any, names: Sequence[str] | Mapping[str, Any]) -> str:
    """Return what may have been meant by an unknown name; all that there are where nothing is."""
    near = get_close_matches(str(name), list(names), 1, 0.5)
    return f": did you mean {near[0]}?" if near else f"; known: {', '.join(names)}"
