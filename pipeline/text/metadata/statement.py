"""What a byline says: the unit in which lines, brackets and heads of pages are read."""

from __future__ import annotations

from typing import Any, NamedTuple


class Statement(NamedTuple):
    """One thing that a byline says. `value`: list[str], str, datetime or None (it says nothing).

    A NamedTuple, as a frozen dataclass costs four times as much.

    `alone`: it makes a byline by itself. `deep`: it may stand far from the end of the text.
    """

    rule: str
    column: str
    value: Any
    alone: bool
    deep: bool = False
    likely: bool = False  # a byline by itself at the right place
    open: bool = False  # a label whose value is on the next line, or nowhere
