"""Who runs the tasks. An engine only schedules: a task is a pure function and a job."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

J = TypeVar("J")
R = TypeVar("R")


def run_all(task: Callable[[J], R], jobs: Sequence[J], workers: int) -> Iterator[tuple[int, R]]:
    """Run a task over jobs; yield (number of the job, result) as they are done.

    One job, or one worker, needs no process of its own.
    """
    count = min(workers or len(os.sched_getaffinity(0)), len(jobs))
    if count <= 1:
        for number, job in enumerate(jobs):
            yield number, task(job)
        return
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        futures = {pool.submit(task, job): number for number, job in enumerate(jobs)}
        for future in as_completed(futures):
            yield futures[future], future.result()
