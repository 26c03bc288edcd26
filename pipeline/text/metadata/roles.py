"""The statements of a byline as data; the head of `tables/metadata/roles.toml` explains them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.tablefiles import table_toml


@dataclass(frozen=True, slots=True)
class Role:
    """One row of the table: see the head of roles.toml."""

    id: str
    name: str
    labels: tuple[str, ...]
    column: str
    value: str
    alone: bool
    spaced: bool
    deep: bool
    reason: str
    catch: tuple[str, ...]
    leave: tuple[str, ...]
    outlet: bool = False
    strict: bool = False
    spaced_alone: bool = True
    separators: str = ":|/丨"


@cache
def roles() -> tuple[Role, ...]:
    """Return the rows of roles.toml."""
    rows = table_toml("metadata/roles.toml")["rule"]
    return tuple(Role(**{key: _frozen(row[key]) for key in row}) for row in rows)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
