"""Recipes and stages as text: what `check` and `stages` print."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pipeline.recipe import Recipe
from pipeline.stages import ORDER, registry


def render_recipe(recipe: Recipe) -> str:
    """Return a resolved recipe as TOML, each value with its origin in a comment."""
    lines = []
    for section, options in recipe.values.items():
        lines.append(f"[{section}]")
        rows = [
            (f"{f.name} = {toml_value(getattr(options, f.name))}", f"{section}.{f.name}")
            for f in fields(options)
        ]
        width = min(max((len(row) for row, _ in rows), default=0), 60)
        lines += [f"{row:<{width}}  # {recipe.origins[name]}" for row, name in rows]
        lines.append("")
    return "\n".join(lines)


def toml_value(value: Any) -> str:
    """Return a plain value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {toml_value(v)}" for k, v in value.items()) + "}"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def render_stages() -> str:
    """Return the stages in order, a line each: name, summary, why it stands there."""
    reasons = dict(ORDER)
    rows = [("decode", "bytes to text", "nothing else sees bytes")]
    rows += [(stage.name, stage.summary, reasons[stage.name]) for stage in registry()]
    rows += [("decide", "duplicates across the corpus", "after all that works on one document")]
    width = max(len(name) for name, _, _ in rows)
    return "".join(
        f"{i:>2}  {name:<{width}}  {summary} ({reason})\n"
        for i, (name, summary, reason) in enumerate(rows, 1)
    )
