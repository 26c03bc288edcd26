"""Kills or fails a run at each of its commit-relevant calls; then a reader looks, and it resumes.

    python -m tests.faults.sweep                     every point (about 1 s a point)
    python -m tests.faults.sweep --every 9           a sample
    python -m tests.faults.sweep --spawn --every 9   the same with workers as new interpreters

For each point, from an output that holds version 1: run on more input with the fault. Then
`current` must be version 1 or version 2, whole; the exit code 0, 75 or the signal's; the same run
again must end with 0; `verify --deep` must find nothing; and the data must equal, byte for byte,
that of a run which nothing disturbed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pipeline.cleaning import Cleaner
from pipeline.cli import run_command_line
from pipeline.document import RawDocument
from pipeline.recipe import load
from pipeline.records import Placed
from pipeline.startup import own_process
from pipeline.store.verify import verify
from tests import hostile
from tests.faults import inject

import_module("pipeline.driver")  # loaded here, not in each process
SITE = Path(__file__).parent / "site"
DATA = ("data", "audit", "ledger", "quarantine")
FAULTS = ("KILL", "EIO", "ENOSPC")
FILE_SIZES = (0, 1, 100, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000)
"""Bytes beyond which no file grows: it strikes writes of Arrow, which no patched function sees."""


@dataclass(frozen=True)
class Point:
    """The N-th call of a kind, and what happens at it."""

    call: str
    number: int
    fault: str


class Runs:
    """Runs over a folder `in` that publish to a folder `out`, each in processes of its own.

    They are forks of this process, which has loaded what they need.
    """

    def __init__(self, folder: Path, spawn: bool = False) -> None:
        self.folder = folder
        self.spawn = spawn
        self.told = ""
        self.input = folder / "in"
        self.output = folder / "out"
        self.input.mkdir(parents=True)
        _warm()

    def digest(self) -> str:
        """Return a hash of what a reader sees through `current`."""
        current = self.output / "current"
        total = hashlib.sha256()
        for folder in DATA:
            for path in sorted(p for p in (current / folder).rglob("*") if p.is_file()):
                total.update(path.relative_to(current).as_posix().encode())
                total.update(path.read_bytes())
        return total.hexdigest()

    def run(self, fault: Point | None = None, *args: str) -> int:
        """Run, with a fault or without; return the exit code, -N for a signal.

        `told` is what it wrote on stderr: a pipe, since a limit of file sizes would hit a file.
        """
        ours, theirs = os.pipe()
        process = os.fork()
        if not process:
            code = 1
            try:
                os.dup2(theirs, 2)
                os.close(ours)
                code = self._main(fault, args)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        os.close(theirs)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        os.set_blocking(ours, False)
        self.told = ""
        with suppress(BlockingIOError):  # nothing was written, and a worker is still dying
            self.told = os.read(ours, 1 << 16).decode("utf-8", "replace")
        os.close(ours)
        return code

    def _main(self, fault: Point | None, args: tuple[str, ...]) -> int:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.environ["PIPELINE_TEST_FOLDER"] = str(self.folder)
        sys.path.insert(0, str(SITE))
        if not self.spawn:
            own_process()  # workers are forked then, with all that this process has loaded
        if fault:
            os.environ["PIPELINE_TEST_FAULT"] = f"{fault.call}:{fault.number}:{fault.fault}"
        inject.install(str(self.folder))
        return run_command_line(
            ["run", "--input", str(self.input), "--output", str(self.output), "--workers", "2",
             "--set", "output.part_bytes=65536", "--set", "run.shard_bytes=4096",
             # Workers inherit the address space of this process, which has verified much.
             "--set", "limits.worker_memory_mb=16384", *args]
        )  # fmt: skip


class Bench(Runs):
    """A corpus in two states, and the output that holds its first version."""

    def __init__(self, folder: Path, spawn: bool = False) -> None:
        super().__init__(folder, spawn)
        self.base = folder / "base"
        self.log = folder / "calls"
        (self.input / "a.jsonl").write_bytes(hostile.rows("a", 8) + b"{oops\n")
        (self.input / "b.txt").write_text(hostile.prose("b"))
        self._must(self.run(), "first run")
        self.first = self.digest()
        shutil.copytree(self.output, self.base, symlinks=True)
        # Enough for every worker to clean a shard and to write a part.
        for name in "cde":
            rows = hostile.rows(name, 70) + hostile.rows("a", 2)
            (self.input / f"{name}.jsonl").write_bytes(rows)
        os.environ["PIPELINE_TEST_CALLS"] = str(self.log)
        self._must(self.run(), "second run")
        del os.environ["PIPELINE_TEST_CALLS"]
        self.second = self.digest()

    def points(self, faults: tuple[str, ...]) -> Iterator[Point]:
        """Yield a point for each call that a process of the undisturbed run made.

        A process counts for itself, so that a number may strike the main process, or any worker.
        """
        calls: dict[str, Counter[str]] = {}
        for line in self.log.read_text().splitlines():
            process, call = line.split()
            calls.setdefault(call, Counter())[process] += 1
        for call, by_process in sorted(calls.items()):
            for number in range(1, max(by_process.values()) + 1):
                for fault in faults:
                    yield Point(call, number, fault)
        for size in FILE_SIZES:
            yield Point("size", size, "EFBIG")

    def try_point(self, point: Point) -> list[str]:
        """Return what went wrong at a point: nothing, if all is well."""
        shutil.rmtree(self.output)
        shutil.copytree(self.base, self.output, symlinks=True)
        code = self.run(point)
        wrong = []
        # 1: every worker was killed at this call, whatever it was given to do.
        if code not in (0, 75, -9) and (code, point.fault) != (1, "KILL"):
            wrong.append(f"exit {code}: {self.told[-2000:]}")
        if self.digest() not in (self.first, self.second):
            wrong.append("a reader sees neither version")
        if again := self.run():
            wrong.append(f"resuming: exit {again}: {self.told[-2000:]}")
        wrong += verify(self.output, deep=True)
        if self.digest() != self.second:
            wrong.append("other bytes than an undisturbed run")
        return wrong

    def _must(self, code: int, what: str) -> None:
        if code:
            raise SystemExit(f"the undisturbed {what} ended with {code}: {self.told}")


def _warm() -> None:
    """Load here what every run would load: it is a fork of this process."""
    values = load().values
    text = RawDocument("warm", 0, hostile.prose("warm").encode())
    Cleaner(values).rows([Placed(0, text)])


def sweep(bench: Bench, every: int, faults: tuple[str, ...]) -> tuple[Counter[str], int]:
    """Try every K-th point; return how many by fault and call, and how many were bad."""
    tried: Counter[str] = Counter()
    bad = 0
    for i, point in enumerate(bench.points(faults)):
        if i % every:
            continue
        tried[f"{point.fault} at {point.call}"] += 1
        if wrong := bench.try_point(point):
            bad += 1
            print(f"{point.call} {point.number} {point.fault}: {'; '.join(wrong)}", flush=True)
        print(f"\r{sum(tried.values())} points, {bad} bad", end="", file=sys.stderr, flush=True)
    return tried, bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--spawn", action="store_true", help="workers are new interpreters")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="one point in K")
    parser.add_argument("--faults", default=",".join(FAULTS))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder, "t"), args.spawn)
        tried, bad = sweep(bench, args.every, tuple(args.faults.split(",")))
    for name, count in sorted(tried.items()):
        print(f"{name:20} {count:5} points")
    print(f"{sum(tried.values())} points, {bad} bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
