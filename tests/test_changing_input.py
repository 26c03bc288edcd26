"""Inputs that change between plan and reading: faults of theirs, and a later run mends it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.recipe import load
from pipeline.report.terminal import Silent
from pipeline.stamps import Stamps
from tests import hostile

RUN: Any = import_module("pipeline.driver")
PLAN: Any = import_module("pipeline.plan")
DIGEST = PLAN._digest


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


def planned(folder: Path, state: Path) -> tuple[list[str], list[str]]:
    """Plan as a run does; return the hashes of the pieces, and the files that were read."""
    read: list[str] = []

    def hashed(piece: Any) -> Any:
        read.append(Path(piece.path).name)
        return DIGEST(piece)

    recipe = load(None, {"input.paths": [str(folder)]})
    stamps = Stamps(state, "program")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PLAN, "_digest", hashed)
        pieces = PLAN.list_pieces(recipe, stamps)
    stamps.save()
    return [piece.name.digest for piece in pieces], read


def test_what_is_as_it_was_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, state = tmp_path / "in", tmp_path / "state.json"
    folder.mkdir()
    for name in ("kept", "rewritten", "replaced"):
        (folder / name).write_bytes(b"one line\n")
    first = planned(folder, state)
    assert planned(folder, state) == first, "a file hashed within two seconds of its change"
    monkeypatch.setattr("pipeline.stamps._SETTLED_NS", 0)
    time.sleep(0.05)  # a tick of the clock of files
    planned(folder, state)
    assert planned(folder, state) == (first[0], [])
    for name in ("rewritten", "replaced"):
        path = folder / name
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        written = path if name == "rewritten" else tmp_path / "other"
        written.write_bytes(b"two line\n")
        os.utime(written, ns=times)
        written.rename(path)
        assert path.stat().st_mtime_ns == times[1]
    digests, read = planned(folder, state)
    assert read == ["replaced", "rewritten"]
    assert digests[0] == first[0][0]
    assert digests[1] == digests[2] != first[0][1]
    state.write_text("[torn")
    assert planned(folder, state) == (digests, ["kept", "replaced", "rewritten"])
