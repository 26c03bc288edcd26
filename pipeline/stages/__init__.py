"""The ordered registry of the document stages. The order is a claim; each line defends its own."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.stages.base import Stage

# `decode` stands before all of these and takes bytes; `decide` stands after them and takes the
# corpus. Both have protocols of their own.
ORDER: tuple[tuple[str, str], ...] = (
    ("mojibake", "first: every later rule reads text, not the wreck of it"),
    ("unicode", "before any rule compares characters: one form for each"),
    ("annotations", "before punctuation, which would widen the brackets of a reading"),
    ("punctuation", "before reflow, which reads sentence ends"),
    ("reflow", "before any line rule: a broken line is not a line"),
    ("metadata", "before boilerplate: a byline is data first and clutter second"),
    (
        "boilerplate",
        "before script: what goes need not be converted, and rules match in either script",
    ),
    ("script", "before hashing, so that both scripts of one reprint meet"),
    ("repetition", "last: what the others removed must not count as a repetition"),
)


@cache
def registry() -> tuple[Stage, ...]:
    """Return the stages in the order in which they run."""
    return tuple(import_module(f"pipeline.stages.{name}").STAGE for name, _ in ORDER)
