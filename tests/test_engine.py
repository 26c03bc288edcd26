"""The engine on one machine: what a worker may do to itself, and what may come of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from pipeline import records
from pipeline.corpus import read_records
from pipeline.engines.isolate import Isolation, run_isolated
from pipeline.engines.local import Crew, Failed, TaskError, Watch, run_tasks
from pipeline.errors import OutputError
from pipeline.readers import InputOptions, Piece, discover
from pipeline.recipe import load
from pipeline.records import CleanJob
from pipeline.report.terminal import Silent
from tests import engine_tasks

QUICK = Watch(seconds=1.5, attempts=2)


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: Sequence[int], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(map(alive, pids)):
        time.sleep(0.05)
    return not any(map(alive, pids))


def test_every_job_gives_its_result() -> None:
    results = dict(run_tasks(engine_tasks.square, range(50), 2))
    assert results == {n: n * n for n in range(50)}


def test_jobs_are_taken_as_workers_become_free() -> None:
    taken = []

    def jobs() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    running = run_tasks(engine_tasks.square, jobs(), 2)
    next(running)
    assert len(taken) < 10
    running.close()  # type: ignore[attr-defined]


def test_a_killed_worker_costs_an_attempt(tmp_path: Path) -> None:
    jobs = [str(tmp_path / name) for name in "abc"]
    assert dict(run_tasks(engine_tasks.die_once, jobs, 2)) == dict.fromkeys(range(3), "alive")


@pytest.mark.parametrize(
    ("deadly", "reason"),
    [
        (7, "worker-died:SIGKILL"),
        (77, "worker-died:SIGSEGV"),
        (70, "timeout"),
        (700, "worker-died:memory"),
        (701, "worker-died:memory"),
    ],
)
def test_a_deadly_job_is_given_back(deadly: int, reason: str) -> None:
    watch = Watch(seconds=1.5, attempts=2, memory_mb=4096)
    results = dict(run_tasks(engine_tasks.die_on_seven, [[1], [2, deadly, 3], [4]], 2, watch))
    assert results == {0: [1], 1: Failed(reason, deadly), 2: [4]}


def careful(job: list[int], at: object, culprits: Sequence[tuple[object, str]]) -> list[int]:
    return without(job, culprits)


def without(job: list[int], culprits: Sequence[tuple[object, str]]) -> list[int]:
    bad = {at for at, _ in culprits}
    return [-n if n in bad else n for n in job]


def test_the_deadly_records_alone_are_left_out() -> None:
    jobs = [[1, 2, 3], list(range(4, 12)), [5, 77, 6, 7]]
    isolation = Isolation(careful, without, lambda job: [])
    with Crew(2, QUICK) as crew:
        done = dict(run_isolated(engine_tasks.die_on_seven, jobs, crew, isolation))
    assert done == {0: [1, 2, 3], 1: list(range(4, 12)), 2: [5, 77, 6, 7]}


def test_a_machine_that_kills_every_worker_is_no_culprit() -> None:
    isolation = Isolation(careful, without, lambda job: [])
    with Crew(1, QUICK) as crew, pytest.raises(TaskError, match="whatever record is left out"):
        list(run_isolated(engine_tasks.always_die, [[1, 2]], crew, isolation))


def test_a_worker_that_dies_behind_the_last_record_ends_the_run_at_once(tmp_path: Path) -> None:
    """Each life costs seconds: as many as there are records may not be spent on it."""
    (tmp_path / "in").mkdir()
    pieces = deadly_corpus(tmp_path / "in")[:1]
    job = CleanJob(tuple(pieces), load().values, str(tmp_path / "out"))
    lives: list[CleanJob] = []

    def nothing(job: CleanJob) -> CleanJob:
        lives.append(job)
        return records.nothing(job)

    isolation = Isolation(records.careful, records.without, nothing)
    with (
        Crew(1, Watch(attempts=1)) as crew,
        pytest.raises(TaskError, match="whatever record is left out"),
    ):
        list(run_isolated(engine_tasks.die_at_the_end, [job], crew, isolation))
    assert len(lives) == 1


def deadly_corpus(folder: Path) -> list[Piece]:
    rows = {
        "a.jsonl": [f"第{i}条记录" + "死" * (i in (30, 31)) for i in range(40)],
        "b.jsonl": ["好的", "等一等", "也好"],
        "deadly.jsonl": ["一", "二", "三", "四"],
        "together.jsonl": ["众人", "众人一"],
    }
    for name, texts in rows.items():
        lines = [json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts]
        (folder / name).write_text("".join(lines))
    return [Piece(file) for file in discover([str(folder)], InputOptions())]


def test_a_shard_is_cleaned_without_what_kills_its_worker(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pieces = deadly_corpus(tmp_path / "in")
    values = load().values
    jobs = [
        CleanJob(tuple(part), values, str(tmp_path / f"out{i}"))
        for i, part in enumerate((pieces[:3], pieces[3:]))
    ]
    isolation = Isolation(records.careful, records.without, records.nothing)
    watch = Watch(seconds=2, attempts=1)
    with Crew(2, watch) as crew:
        done = dict(run_isolated(engine_tasks.deadly_clean, jobs, crew, isolation))
    first, second = done[0], done[1]
    assert (first.records, first.quarantined) == (46, 4)
    # Two records that kill together and not apart are cleaned apart.
    assert (second.records, second.quarantined) == (2, 0)
    table = read_records(tmp_path / "out0")
    reasons = Counter(table.column("reason").to_pylist())
    assert reasons == {"": 42, "worker-died:SIGSEGV": 2, "timeout": 1, "worker-died:SIGBUS": 1}
    assert table.column("record").to_pylist() == sorted_by_piece(table)


def test_a_run_with_a_limit_is_watched_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    deadly_corpus(tmp_path / "in")
    driver: Any = import_module("pipeline.driver")
    monkeypatch.setattr(driver, "clean_shard", engine_tasks.deadly_clean)
    flags = {"input.paths": [str(tmp_path / "in")], "output.path": str(tmp_path / "out"),
             "run.limit": 42, "limits.max_seconds": 2}  # fmt: skip
    result = driver.run(load(None, flags), Silent())
    assert result.facts["funnel"]["documents"]["in"] == 42
    assert result.facts["reasons"]["worker-died:SIGSEGV"] == 2


def sorted_by_piece(table: Any) -> list[int]:
    """Return the record numbers as they must stand: rising within each piece."""
    pairs = zip(table.column("piece").to_pylist(), table.column("record").to_pylist(), strict=True)
    return [record for _, record in sorted(pairs)]


def test_an_exception_of_ours_ends_the_run() -> None:
    with pytest.raises(TaskError, match="ValueError: no 3"):
        list(run_tasks(engine_tasks.wrong, [3], 1))


def test_an_output_fault_stays_one() -> None:
    with pytest.raises(OutputError) as caught:
        list(run_tasks(engine_tasks.disk_full, range(9), 2))
    assert (caught.value.exit_code, caught.value.hint) == (75, "free some")


def test_workers_that_cannot_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(TaskError, match="end at once"):
        list(run_tasks(engine_tasks.square, [1], 2))


def test_a_forked_worker_is_as_good_as_a_started_one(tmp_path: Path) -> None:
    code = """
import signal, threading
from pipeline import startup
startup.own_process()
startup.one_thread()
from pipeline.engines.local import Crew, Watch
from tests.engine_tasks import die_on_seven, square
assert startup.may_fork()
with Crew(2, Watch(seconds=20, attempts=2)) as crew:
    crew.start(2, lambda: None)
    forked = [worker.process.pid for worker in crew.workers]
    args = [open(f"/proc/{pid}/cmdline").read() for pid in forked]
    assert args == [open("/proc/self/cmdline").read()] * 2, args
    assert dict(crew.run(square, range(9))) == {n: n * n for n in range(9)}
    assert [worker.process.pid for worker in crew.workers] == forked
    results = dict(crew.run(die_on_seven, [[1], [2, 7, 3], [4]]))
    assert (results[0], results[2], results[1].reason) == ([1], [4], "worker-died:SIGKILL")
    thread = threading.Thread(target=signal.pause, daemon=True)
    thread.start()
    assert not startup.may_fork()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


PARENT = """
import sys
from pipeline.engines.local import run_tasks
from tests.engine_tasks import sleep_and_tell
list(run_tasks(sleep_and_tell, [sys.argv[1]] * 2, 2))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_worker_outlives_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    root = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL) as parent:
        deadline = time.monotonic() + 30
        while len(os.listdir(tmp_path)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = [int(name) for name in os.listdir(tmp_path)]
        assert len(workers) == 2
        assert all(map(alive, workers))
        parent.send_signal(how)
        parent.wait(10)
    assert gone(workers)
