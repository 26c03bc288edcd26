"""Faults at the calls by which a version becomes visible: a sample of `tests.faults.sweep`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.sweep import Bench, Point

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_sample_of_the_sweep() -> None:
    """In a process of its own, as it forks and patches `os`."""
    command = [sys.executable, "-m", "tests.faults.sweep", "--every", "97"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.splitlines()[-1].split()[0]) >= 3


def test_the_sweep_sees_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that cannot fail proves nothing: a torn version must be found."""
    monkeypatch.delenv("PIPELINE_TEST_FAULT", raising=False)
    bench = Bench(tmp_path / "t")
    data = next((bench.base / "current" / "data").glob("*.parquet"))
    os.truncate(data.resolve(), 100)
    wrong = bench.try_point(Point("fsync", 1, "KILL"))
    assert "a reader sees neither version" in wrong
    assert any("in the manifest" in line for line in wrong)
