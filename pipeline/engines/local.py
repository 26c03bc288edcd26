"""The engine of one machine: worker processes, watched one by one.

A worker that dies (killed, segfault, out of memory) or stays silent for too long is replaced and
its job tried again; a job that has failed at every attempt is given back as `Failed`, and the
caller narrows it down (`isolate`). multiprocessing.Pool waits for ever for a worker that was
killed; ProcessPoolExecutor fails everything that was waiting.

Workers are forked where that is safe (`startup.may_fork`) and started anew elsewhere; one crew
serves a whole run, so that what a worker has loaded is loaded once.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pipeline.engines import worker as child
from pipeline.errors import PipelineError
from pipeline.startup import may_fork, one_thread_variables

J = TypeVar("J")
R = TypeVar("R")

START_SECONDS = 120.0
"""A worker that has not named a place yet is importing, however slow the machine is."""
MAX_FALSE_STARTS = 3
"""Workers in a row that end before their first job: it is not the job, then."""


@dataclass(frozen=True, slots=True)
class Watch:
    """When a worker is given up: silence in seconds, memory in MiB (0: no limit)."""

    seconds: float = 60.0
    memory_mb: int = 0
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class Failed:
    """A job that took its worker with it at every attempt.

    `reason` is `worker-died:<signal>`, `worker-died:memory` or `timeout`; `at` the last place that
    the task named (`pulse.beat`).
    """

    reason: str
    at: object = None


class TaskError(PipelineError):
    """A task raised an exception: a fault of ours."""


@dataclass(slots=True)
class _Job(Generic[J]):
    number: int
    job: J
    failures: int = 0


class _Forked:
    """A forked child; it is waited for once, by whoever asks first."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.code: int | None = None

    def kill(self) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        if self.code is None:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code


_Process = _Forked | subprocess.Popen[bytes]
"""To kill one that is dead does nothing; to wait for one gives its exit code, -N for signal N."""


@dataclass(slots=True)
class _Worker:
    process: _Process
    connection: Connection
    job: _Job[Any] | None = None
    heard: float = field(default_factory=time.monotonic)
    at: object = None
    ready: bool = False


def run_tasks(
    task: Callable[[J], R], jobs: Iterable[J], workers: int, watch: Watch | None = None
) -> Iterator[tuple[int, R | Failed]]:
    """Run a module-level task over jobs; yield (number of the job, result) as they are done.

    Jobs are taken as workers become free. Raises what a task raised if it is a PipelineError
    (the output is full, ...), TaskError for anything else; no worker is left when this returns,
    raises or is closed.
    """
    with Crew(workers, watch or Watch()) as crew:
        yield from crew.run(task, jobs)


class Crew:
    """The workers of one run, and the jobs that they hold; none is left when the block ends."""

    def __init__(self, size: int, watch: Watch) -> None:
        self.size = size
        self.watch = watch
        self.workers: list[_Worker] = []
        self.again: deque[_Job[Any]] = deque()
        self.false_starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(
        self, task: Callable[[J], R], jobs: Iterable[J], watch: Watch | None = None
    ) -> Iterator[tuple[int, R | Failed]]:
        """Run a task over jobs, as `run_tasks` does; one call at a time."""
        before, self.watch = self.watch, watch or self.watch
        work = f"{task.__module__}:{task.__qualname__}"
        done = False
        try:
            yield from self._dealt(enumerate((work, job) for job in jobs))
            done = True
        finally:
            self.watch = before
            if not done:  # somebody lost interest: no worker goes on for nobody
                self.stop()

    def start(self, jobs: int, load: Callable[[], None]) -> None:
        """Start workers for so many jobs, before a thread of the caller's keeps them from forking.

        `load` imports what the tasks need; it is called where the workers will share it.
        """
        if jobs and may_fork():
            load()
        while len(self.workers) < min(jobs, self.size):
            self._start()

    def _dealt(self, jobs: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Deal out jobs until there are none left, here or with a worker."""
        heard: list[tuple[int, Any]] = []
        while True:
            for worker in self.workers:
                if worker.job is None and (job := self._next(jobs)):
                    self._give(worker, job)
            while len(self.workers) < self.size and (job := self._next(jobs)):
                self._give(self._start(), job)
            yield from heard  # while it is looked at, nobody waits for a job
            if all(worker.job is None for worker in self.workers):
                return
            heard = list(self._listen())

    def dismiss(self) -> None:
        """Kill the workers as there is no more work, and let them end meanwhile.

        The kernel takes a tenth of a second to free what a worker holds.
        """
        for worker in self.workers:
            worker.process.kill()

    def stop(self) -> None:
        """Kill every worker; what they were writing is temporary by contract."""
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.wait()
            worker.connection.close()
        self.workers.clear()
        self.again.clear()

    def _next(self, jobs: Iterator[tuple[int, Any]]) -> _Job[Any] | None:
        if self.again:
            return self.again.popleft()
        item = next(jobs, None)
        return None if item is None else _Job(*item)

    def _start(self) -> _Worker:
        ours, theirs = Pipe()
        process = self._forked(theirs) if may_fork() else self._spawned(theirs)
        theirs.close()
        worker = _Worker(process, ours)
        self.workers.append(worker)
        return worker

    def _forked(self, theirs: Connection) -> _Process:
        parent = os.getpid()
        pid = os.fork()
        if not pid:
            child.serve_forked(theirs, parent, self.watch.memory_mb)  # never returns
        return _Forked(pid)

    def _spawned(self, theirs: Connection) -> _Process:
        root = str(Path(__file__).parents[2])
        paths = [root, *(p for p in sys.path if p and p != root)]
        command = [
            sys.executable, "-m", "pipeline.engines.worker",
            str(theirs.fileno()), str(os.getpid()), str(self.watch.memory_mb),
        ]  # fmt: skip
        return subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno() if _has_descriptor(sys.stderr) else subprocess.DEVNULL,
            env={
                **one_thread_variables(),
                "MALLOC_ARENA_MAX": "2",
                **os.environ,
                "PYTHONPATH": os.pathsep.join(paths),
            },
        )

    def _give(self, worker: _Worker, job: _Job[Any]) -> None:
        worker.job, worker.at, worker.heard = job, None, time.monotonic()
        with suppress(OSError):  # it is dead, which the next look at its connection tells
            worker.connection.send_bytes(pickle.dumps(job.job))

    def _listen(self) -> Iterator[tuple[int, Any]]:
        busy = {worker.connection: worker for worker in self.workers if worker.job is not None}
        now = time.monotonic()
        deadline = min(self._deadline(worker) for worker in busy.values())
        for connection in wait(list(busy), timeout=max(0.0, deadline - now)):
            yield from self._hear(busy[connection])  # type: ignore[index]
        now = time.monotonic()
        for worker in list(self.workers):  # those that are left
            late = worker.job is not None and now > self._deadline(worker)
            if late and not worker.connection.poll():
                worker.process.kill()
                yield from self._lost(worker, "timeout")

    def _deadline(self, worker: _Worker) -> float:
        begun = worker.ready and worker.at is not None
        return worker.heard + (
            self.watch.seconds if begun else max(START_SECONDS, self.watch.seconds)
        )

    def _hear(self, worker: _Worker) -> Iterator[tuple[int, Any]]:
        try:
            kind, value = pickle.loads(worker.connection.recv_bytes())  # noqa: S301  our own child's
        except (EOFError, OSError):
            yield from self._lost(worker, "")
            return
        worker.heard = time.monotonic()
        if kind == "ready":
            worker.ready, self.false_starts = True, 0
        elif kind == "at":
            worker.at = value
        elif kind == "memory":  # a process that ran out of memory once is not used again
            worker.process.kill()
            yield from self._lost(worker, "worker-died:memory")
        elif kind == "error":
            _raise(*value)
        elif worker.job is not None:
            number, worker.job = worker.job.number, None
            yield number, value

    def _lost(self, worker: _Worker, reason: str) -> Iterator[tuple[int, Any]]:
        """Bury a worker; its job is tried again, or given back as failed."""
        code = worker.process.wait()
        worker.connection.close()
        self.workers.remove(worker)
        if not worker.ready:
            self.false_starts += 1
            if self.false_starts >= MAX_FALSE_STARTS:
                raise TaskError(
                    f"worker processes end at once (exit {code})",
                    f"see the messages above; try {sys.executable} -c 'import pipeline'",
                )
        job = worker.job
        if job is None:
            return
        job.failures += worker.ready
        if job.failures < self.watch.attempts:
            self.again.append(job)
        else:
            yield job.number, Failed(reason or f"worker-died:{_signal_name(code)}", worker.at)


def _raise(error: BaseException, trace: str) -> None:
    if isinstance(error, PipelineError):
        raise error
    raise TaskError(f"{type(error).__name__}: {error}", "a fault of the program; see below") from (
        RuntimeError(trace)
    )


def _signal_name(code: int) -> str:
    """Return the name of the signal that ended a process, or its exit code."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit-{code}"


def _has_descriptor(stream: Any) -> bool:
    try:
        stream.fileno()
    except (AttributeError, OSError, ValueError):
        return False
    return True
