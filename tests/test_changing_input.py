"""Inputs that change between plan and reading: faults of theirs, and a later run mends it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.recipe import load
from pipeline.report.terminal import Silent
from tests import hostile

RUN: Any = import_module("pipeline.driver")


def ledger(output: Path) -> list[tuple[str, str, str]]:
    rows = pq.read_table(output / "current" / "ledger").to_pylist()
    return [(Path(r["input_path"]).name, r["status"], r["reason"] or "") for r in rows]


def test_inputs_that_change_under_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("cut", "gone", "grown", "rewritten", "steady"):
        (folder / f"{name}.jsonl").write_bytes(hostile.rows(name, 2))

    def change_then_run(task: Any, jobs: Any, *_: Any) -> Iterator[tuple[int, Any]]:
        (folder / "cut.jsonl").write_bytes(hostile.rows("cut", 2)[:40])
        (folder / "gone.jsonl").unlink()
        with (folder / "grown.jsonl").open("ab") as file:
            file.write(hostile.rows("more", 1))
        (folder / "rewritten.jsonl").write_bytes(hostile.rows("other", 2))
        yield from ((number, task(job)) for number, job in enumerate(jobs))

    recipe = load(None, {"input.paths": [str(folder)], "output.path": str(output)})
    with monkeypatch.context() as patch:
        patch.setattr(RUN, "run_isolated", change_then_run)
        RUN.run(recipe, Silent())
    changed = ("quarantined", "changed-during-run")
    assert ledger(output) == [
        ("cut.jsonl", *changed),
        ("gone.jsonl", "quarantined", "unreadable"),
        ("grown.jsonl", *changed),
        ("rewritten.jsonl", *changed),
        ("steady.jsonl", "kept", ""),
        ("steady.jsonl", "kept", ""),
    ]
    RUN.run(recipe, Silent())
    again = ledger(output)
    assert [name for name, status, _ in again if status == "kept"] == [
        *["grown.jsonl"] * 3, *["rewritten.jsonl"] * 2, *["steady.jsonl"] * 2
    ]  # fmt: skip
    assert [row for row in again if row[1] != "kept"] == [("cut.jsonl", "quarantined", "bad-utf8")]
