"""What a reader and a second run may see, and what a full or read-only disk leaves behind."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.store.verify import verify
from tests import hostile
from tests.faults.sweep import Bench, Runs

VERSIONS = int(os.environ.get("PIPELINE_TEST_VERSIONS", "20"))
"""Versions that are published under a reader."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs fork, flock and tmpfs")

SCRIPT = """
import sys
from pathlib import Path
from {module} import {name}
{name}(Path(sys.argv[1]))
"""


def in_a_process(function: Callable[[Path], None], folder: Path) -> None:
    """Run a function in a process that may fork: it has no threads yet."""
    script = SCRIPT.format(module=function.__module__, name=function.__name__)
    command = [sys.executable, "-c", script, str(folder)]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_reader_never_sees_a_torn_version(tmp_path: Path) -> None:
    in_a_process(publish_under_a_reader, tmp_path / "t")


def publish_under_a_reader(folder: Path) -> None:
    """Publish version after version while another process reads what is current."""
    bench = Bench(folder)
    reader = os.fork()
    if not reader:
        read_for_ever(bench.output, folder / "reads")
    for i in range(VERSIONS):
        (bench.input / f"more{i}.jsonl").write_bytes(hostile.rows(f"more{i}", 3))
        assert bench.run() == 0
    os.kill(reader, signal.SIGTERM)
    os.waitpid(reader, 0)
    reads = (folder / "reads").read_text().splitlines()
    assert not [line for line in reads if line.startswith("torn")]
    assert len(set(reads)) > VERSIONS // 2, "the reader saw too few versions to prove anything"


def read_for_ever(output: Path, log: Path) -> None:
    """Resolve `current`, read every file of it, and compare with its manifest, again and again."""
    with log.open("w", buffering=1) as told:
        while True:
            try:
                version = (output / "current").resolve(strict=True)
                files = json.loads((version / "MANIFEST.json").read_bytes())["files"]
                for name, facts in files.items():
                    data = (version / name).read_bytes()
                    assert hashlib.sha256(data).hexdigest() == facts["sha256"], name
                assert pq.read_table(version / "data").num_rows
                told.write(f"{version.name}\n")
            except Exception as error:
                told.write(f"torn: {type(error).__name__}: {error}\n")
            time.sleep(0.02)


def test_a_second_run_is_refused(tmp_path: Path) -> None:
    in_a_process(run_while_locked, tmp_path / "t")


def run_while_locked(folder: Path) -> None:
    """Run while another process holds the lock: exit 11, and nothing is touched."""
    bench = Bench(folder)
    before = bench.digest()
    (bench.input / "new.txt").write_text(hostile.prose("new"))
    with (bench.output / ".lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert bench.run() == 11
    assert bench.digest() == before
    assert bench.run() == 0


def test_of_two_runs_at_once_one_publishes(tmp_path: Path) -> None:
    in_a_process(run_twice_at_once, tmp_path / "t")


def run_twice_at_once(folder: Path) -> None:
    """Start several runs in one moment: the others are refused, or find nothing new to do."""
    runs = Runs(folder)
    (runs.input / "a.jsonl").write_bytes(hostile.rows("a", 50))
    started = []
    for _ in range(4):
        pid = os.fork()
        if not pid:
            os._exit(runs.run() & 0xFF)
        started.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in started]
    assert set(codes) <= {0, 11}, codes
    assert 0 in codes
    assert len(list((runs.output / "versions").iterdir())) == 1
    assert not list(verify(runs.output, deep=True))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a tmpfs, where that is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64M", "none", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_stops_the_run_and_no_more(small_disk: Path) -> None:
    in_a_process(run_on_ever_larger_disks, small_disk)


def run_on_ever_larger_disks(disk: Path) -> None:
    """Leave more and more room, so that the disk is full in each phase; then make it read-only."""
    bench = Bench(disk / "t")
    (bench.input / "new.jsonl").write_bytes(hostile.rows("new", 200))
    codes = []
    filler = disk / "filler"
    for room in (0, 1, 4, 16, 64, 256, 1024, 5120):
        fill(filler, room * 4096)
        codes.append(bench.run())
        assert codes[-1] in (0, 75), codes
        if codes[-1] == 0:
            break
        assert bench.digest() == bench.second
    assert codes.count(75) >= 3
    filler.unlink()
    published = bench.digest()
    assert published != bench.second
    (bench.input / "newer.txt").write_text(hostile.prose("newer"))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert bench.run() == 75
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert bench.digest() == published
    assert bench.run() == 0


def fill(filler: Path, room: int) -> None:
    """Write a file that leaves `room` bytes of the disk."""
    filler.unlink(missing_ok=True)
    free = os.statvfs(filler.parent)
    size = free.f_bavail * free.f_frsize - room
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
