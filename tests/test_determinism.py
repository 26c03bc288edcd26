"""Law 3: nothing but the documents and the recipe changes a byte of the data."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SEEDS = ROOT / "seeds"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with text files and a JSONL file large enough for several shards."""
    folder = tmp_path_factory.mktemp("corpus") / "in"
    folder.mkdir()
    texts = [path.read_text("utf-8") for path in sorted(SEEDS.glob("*.txt"))]
    for path in SEEDS.glob("*.txt"):
        shutil.copy(path, folder)
    draw = random.Random(7)
    with (folder / "many.jsonl").open("w", encoding="utf-8") as file:
        for i in range(400):
            lines = draw.choice(texts).split("\n")
            start = draw.randrange(len(lines))
            text = "\n".join(lines[start : start + 12])
            file.write(json.dumps({"id": f"m{i}", "text": text}, ensure_ascii=False) + "\n")
    return folder


def publish(inputs: list[str], output: Path, *args: str, seed: str = "0") -> dict[str, str]:
    """Run in a process of its own; return the hash of every data and audit file."""
    command = [sys.executable, "-m", "pipeline", "--output", str(output), *args]
    for path in inputs:
        command += ["--input", path]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    current = output / "current"
    names = sorted(p for p in current.rglob("*.parquet") if p.is_file())
    return {str(p.relative_to(current)): hashlib.sha256(p.read_bytes()).hexdigest() for p in names}


@pytest.fixture(scope="module")
def reference(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of one plain run."""
    return publish([str(corpus)], tmp_path_factory.mktemp("reference"), "--workers", "1")


@pytest.mark.parametrize(
    ("args", "seed"),
    [
        (["--workers", "2", "--set", "run.shard_bytes=65536"], "0"),
        (["--workers", "1"], "4242"),
        (["--workers", "3", "--set", "run.shard_bytes=4096"], "random"),
    ],
    ids=["two-workers", "hash-seed", "small-shards"],
)
def test_same_bytes(
    corpus: Path, tmp_path: Path, reference: dict[str, str], args: list[str], seed: str
) -> None:
    assert publish([str(corpus)], tmp_path, *args, seed=seed) == reference


def test_order_of_inputs_changes_nothing(
    corpus: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    files = sorted(map(str, corpus.iterdir()))
    random.Random(3).shuffle(files)
    assert publish(files, tmp_path) == reference


def test_runs_over_a_growing_input_end_like_one_run(
    corpus: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    files = sorted(map(str, corpus.iterdir()))
    random.Random(5).shuffle(files)
    for n in (2, 4, len(files)):
        last = publish(files[:n], tmp_path)
    assert last == reference
