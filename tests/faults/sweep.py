"""Kills or fails a run at each of its commit-relevant calls; then a reader looks, and it resumes.

    python -m tests.faults.sweep                      every point, with workers (about 2 s a point)
    python -m tests.faults.sweep --inline --every 7   a sample, in one process

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
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.cli import run_command_line
from pipeline.store.verify import verify
from tests import hostile
from tests.faults import inject

# By name; loaded here, not in each process.
RUN: Any = import_module("pipeline.driver")
import_module("pipeline.cleaning")
SITE = Path(__file__).parent / "site"
DATA = ("data", "audit", "ledger", "quarantine")
FAULTS = ("KILL", "EIO", "ENOSPC")


@dataclass(frozen=True)
class Point:
    """The N-th call of a kind, and what happens at it."""

    call: str
    number: int
    fault: str


class Bench:
    """A corpus in two states, and the output that holds its first version."""

    def __init__(self, folder: Path, inline: bool) -> None:
        self.folder = folder
        self.inline = inline
        self.input = folder / "in"
        self.output = folder / "out"
        self.base = folder / "base"
        self.log = folder / "calls"
        self.input.mkdir(parents=True)
        (self.input / "a.jsonl").write_bytes(hostile.rows("a", 8) + b"{oops\n")
        (self.input / "b.txt").write_text(hostile.prose("b"))
        self._must(self.run(), "first run")
        self.first = self.digest()
        shutil.copytree(self.output, self.base, symlinks=True)
        (self.input / "c.jsonl").write_bytes(hostile.rows("c", 8) + hostile.rows("a", 2))
        os.environ["PIPELINE_TEST_CALLS"] = str(self.log)
        self._must(self.run(), "second run")
        del os.environ["PIPELINE_TEST_CALLS"]
        self.second = self.digest()

    def points(self, faults: tuple[str, ...]) -> Iterator[Point]:
        """Yield a point for each call that a process of the undisturbed run made."""
        calls: dict[str, Counter[str]] = {}
        for line in self.log.read_text().splitlines():
            process, call = line.split()
            calls.setdefault(call, Counter())[process] += 1
        for call, by_process in sorted(calls.items()):
            for number in range(1, max(by_process.values()) + 1):
                for fault in faults:
                    yield Point(call, number, fault)

    def try_point(self, point: Point) -> list[str]:
        """Return what went wrong at a point: nothing, if all is well."""
        shutil.rmtree(self.output)
        shutil.copytree(self.base, self.output, symlinks=True)
        os.environ["PIPELINE_TEST_FAULT"] = f"{point.call}:{point.number}:{point.fault}"
        code = self.run()
        del os.environ["PIPELINE_TEST_FAULT"]
        wrong = []
        # 1: every worker was killed at this call, whatever it was given to do.
        if code not in (0, 75, -9) and (code, point.fault) != (1, "KILL"):
            wrong.append(f"exit {code}")
        if self.digest() not in (self.first, self.second):
            wrong.append("a reader sees neither version")
        if again := self.run():
            wrong.append(f"resuming: exit {again}")
        wrong += verify(self.output, deep=True)
        if self.digest() != self.second:
            wrong.append("other bytes than an undisturbed run")
        return wrong

    def digest(self) -> str:
        """Return a hash of what a reader sees through `current`."""
        current = self.output / "current"
        total = hashlib.sha256()
        for folder in DATA:
            for path in sorted(p for p in (current / folder).rglob("*") if p.is_file()):
                total.update(path.relative_to(current).as_posix().encode())
                total.update(path.read_bytes())
        return total.hexdigest()

    def run(self) -> int:
        """Run the main job in a process of its own; return its exit code, -N for a signal."""
        process = os.fork()
        if not process:
            code = 1
            try:
                code = self._main()
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

    def _main(self) -> int:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        if not os.environ.get("PIPELINE_TEST_LOUD"):
            os.dup2(quiet, 2)
        if self.inline:
            RUN.run_isolated = _inline
        os.environ["PIPELINE_TEST_FOLDER"] = str(self.folder)
        sys.path.insert(0, str(SITE))
        inject.install(str(self.folder))
        return run_command_line(
            ["run", "--input", str(self.input), "--output", str(self.output), "--workers", "2",
             "--set", "output.part_bytes=65536"]
        )  # fmt: skip

    @staticmethod
    def _must(code: int, what: str) -> None:
        if code:
            raise SystemExit(f"the undisturbed {what} ended with {code}")


def _inline(task: Any, jobs: Any, *_: Any) -> Iterator[tuple[int, Any]]:
    yield from ((number, task(job)) for number, job in enumerate(jobs))


def sweep(
    folder: Path, inline: bool, every: int, faults: tuple[str, ...]
) -> tuple[Counter[str], int]:
    """Try every K-th point; return how many by fault and call, and how many were bad."""
    bench = Bench(folder, inline)
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
    parser.add_argument("--inline", action="store_true", help="no worker processes")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="one point in K")
    parser.add_argument("--faults", default=",".join(FAULTS))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tried, bad = sweep(
            Path(folder, "t"), args.inline, args.every, tuple(args.faults.split(","))
        )
    for name, count in sorted(tried.items()):
        print(f"{name:20} {count:5} points")
    print(f"{sum(tried.values())} points, {bad} bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
