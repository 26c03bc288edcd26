"""Stages by name with their default options, for tests and tools that need no recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.document import Document
from pipeline.stages import registry
from pipeline.stages.base import Outcome
from pipeline.stages.runner import compile_stages, run_stages


def run_text(
    text: str,
    names: Sequence[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    columns: Mapping[str, object] | None = None,
) -> Outcome:
    """Run the named stages (all where none is named) over one text."""
    given = options or {}
    chosen = [
        (stage, stage.options(**given.get(stage.name, {})))
        for stage in registry()
        if not names or stage.name in names
    ]
    outcomes, _ = run_stages(compile_stages(chosen), [Document("", text, columns or {})])
    return outcomes[0]
