"""Who runs the tasks. An engine only schedules: a task is a pure function and a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

J = TypeVar("J")
R = TypeVar("R")


def run_all(
    task: Callable[[J], R], jobs: Sequence[J], workers: int
) -> Iterator[tuple[int, R]]:
    """Run a task over jobs; yield (number of the job, result) as they are done."""
    for number, job in enumerate(jobs):
        yield number, task(job)
