"""Whole runs, for tests of what they publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.driver import run
from pipeline.recipe import load
from pipeline.report.terminal import Silent

SEEDS = Path(__file__).parents[1] / "seeds"


def publish(inputs: Path | str, output: Path, **settings: Any) -> Path:
    """Run the defaults over a file or folder into `output`; return the version that is current.

    Settings are options by section and name with two underscores between: `dedup__enabled=False`.
    """
    flags = {"input.paths": [str(inputs)], "output.path": str(output)}
    flags |= {name.replace("__", ".", 1): value for name, value in settings.items()}
    run(load(None, flags), Silent())
    return (output / "current").resolve()


def seeds_in(folder: Path) -> Path:
    """Return a folder `in` of that folder, with copies of the seeds."""
    source = folder / "in"
    source.mkdir()
    for path in SEEDS.glob("*.txt"):
        (source / path.name).write_bytes(path.read_bytes())
    return source
