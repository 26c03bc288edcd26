"""The Python interface: `clean(text)` for one text, `run(recipe)` for a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.document import Document, Dropped, Edit
from pipeline.recipe import Recipe, load
from pipeline.stages.runner import Compiled, run_stages


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cleaned text: `edits` replay on the input; `dropped` is the reason, or empty."""

    text: str
    edits: tuple[Edit, ...]
    columns: Mapping[str, Any]
    dropped: str = ""


def clean(text: str, config: str | None = None, stages: Sequence[str] = ()) -> Cleaned:
    """Run the document stages (all, or the named ones) of a recipe over one text.

    Raises RecipeError where `config` does not validate.
    """
    compiled = _stages(config, tuple(stages))
    (outcome,), _ = run_stages(compiled, [Document("", text)])
    if isinstance(outcome, Dropped):
        document = outcome.document
        reason = f"{outcome.stage}:{outcome.reason}"
        return Cleaned(document.text, document.edits, document.columns, reason)
    return Cleaned(outcome.text, outcome.edits, outcome.columns)


@lru_cache(maxsize=8)
def _stages(config: str | None, names: tuple[str, ...]) -> list[Compiled]:
    from pipeline.pipe import choose

    return choose(load(config), names)


def run(recipe: Recipe | str | Path, **settings: Any) -> Any:
    """Run a recipe (a path, or a loaded one) and return its `Result`.

    `settings` are options by section and name with two underscores between:
    `run("configs/news.toml", output__path="out")`. Raises PipelineError.
    """
    from pipeline.driver import run as run_recipe
    from pipeline.report.terminal import Silent

    if not isinstance(recipe, Recipe):
        flags = {name.replace("__", ".", 1): value for name, value in settings.items()}
        recipe = load(str(recipe), flags, "keyword")
    return run_recipe(recipe, Silent())


__all__ = ["Cleaned", "clean", "run"]
