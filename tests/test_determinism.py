"""Law 3: nothing but the documents and the recipe changes a byte of the data."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import driver
from pipeline.engines.local import Failed
from pipeline.recipe import load
from pipeline.report.terminal import Silent

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
        for i in range(150):
            lines = draw.choice(texts).split("\n")
            start = draw.randrange(len(lines))
            text = "\n".join(lines[start : start + 12])
            file.write(json.dumps({"id": f"m{i}", "text": text}, ensure_ascii=False) + "\n")
    return folder


PLAIN = ("-m", "pipeline")
# A clock that nobody has set, then one from the next century, then one that goes back.
MAD_CLOCK = """
import itertools, time
ticks = itertools.cycle([0.0, 4e9, 1e9, 1.7e9])
time.time = lambda: next(ticks)
from pipeline.__main__ import main
main()
"""


def publish(
    inputs: list[str],
    output: Path,
    *args: str,
    python: Sequence[str] = PLAIN,
    umask: int = 0o022,
    **environment: str,
) -> dict[str, str]:
    """Run in a process of its own; return the hash of every data and audit file."""
    command = [sys.executable, *python, "run", "--output", str(output), *args]
    for path in inputs:
        command += ["--input", path]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0", **environment},
        umask=umask,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    current = output / "current"
    names = sorted(p for p in current.rglob("*.parquet") if p.is_file())
    return {str(p.relative_to(current)): hashlib.sha256(p.read_bytes()).hexdigest() for p in names}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of one plain run."""
    return tmp_path_factory.mktemp("reference")


@pytest.fixture(scope="module")
def reference(corpus: Path, plain: Path) -> dict[str, str]:
    """The files of that run."""
    return publish([str(corpus)], plain, "--workers", "1")


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
    assert publish([str(corpus)], tmp_path, *args, PYTHONHASHSEED=seed) == reference


WORKER_WRITES = """
import pipeline.writing
pipeline.writing.SMALL_PART = 0
from pipeline.__main__ import main
main()
"""


def test_a_part_that_a_worker_writes_alone_is_the_same(
    corpus: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    assert publish([str(corpus)], tmp_path, python=("-c", WORKER_WRITES)) == reference


def test_the_place_and_its_customs_change_nothing(
    corpus: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    customs = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
               "TZ": "America/St_Johns", "COLUMNS": "40", "HOME": str(tmp_path)}  # fmt: skip
    assert publish([str(corpus)], tmp_path / "out", umask=0o077, **customs) == reference


def test_a_clock_that_jumps_changes_nothing(
    corpus: Path, tmp_path: Path, reference: dict[str, str]
) -> None:
    some = sorted(map(str, corpus.iterdir()))[:3]
    publish(some, tmp_path, python=("-c", MAD_CLOCK))
    assert publish([str(corpus)], tmp_path, python=("-c", MAD_CLOCK)) == reference


def texts(output: Path) -> list[str]:
    table = pq.read_table(output / "current" / "data", columns=["text"])
    return table.column("text").to_pylist()  # type: ignore[no-any-return]


@pytest.mark.usefixtures("reference")
def test_names_of_inputs_change_no_text(corpus: Path, tmp_path: Path, plain: Path) -> None:
    """Other names are other ids; the documents, their order and what stays of them are the same."""
    renamed = tmp_path / "renamed"
    shutil.copytree(corpus, renamed)
    for path in sorted(renamed.iterdir()):
        path.rename(path.with_name(f"x{path.name}"))
    publish([str(renamed)], tmp_path / "out")
    assert texts(tmp_path / "out") == texts(plain)


def test_a_touched_input_is_nothing_new(corpus: Path, tmp_path: Path) -> None:
    copy = tmp_path / "in"
    shutil.copytree(corpus, copy)
    first = publish([str(copy)], tmp_path / "out")
    for path in copy.iterdir():
        os.utime(path, (1, 1))
    assert publish([str(copy)], tmp_path / "out") == first
    assert len(list((tmp_path / "out" / "versions").iterdir())) == 1


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


def test_what_finds_no_room_in_a_worker_is_done_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = driver._Run(load(None, {"output.path": str(tmp_path)}), tmp_path, "none", Silent())
    monkeypatch.setattr(
        job.crew,
        "run",
        lambda _task, jobs, _watch: (
            (n, Failed("worker-died:memory") if n % 2 else "there") for n, _ in enumerate(jobs)
        ),
    )
    assert list(job._elsewhere(str.upper, iter("ab"))) == [(0, "there"), (1, "B")]
