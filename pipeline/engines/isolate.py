"""Finds the one record that takes a worker with it, so that the rest of its shard is not lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from pipeline.engines.local import Failed, TaskError, Watch, run_tasks

J = TypeVar("J")
R = TypeVar("R")
Halves = Callable[[J, object], Sequence[J]]
"""Cuts a job in two (given the last place that the task named, or None); empty where it cannot."""
Without = Callable[[J, Sequence[tuple[J, str]]], J]
"""Returns a job in which some of its parts are quarantined, each for a reason."""

MAX_CULPRITS = 100
"""Per job. A job in which more records than this kill a worker is not hostile, but we are wrong."""


def run_isolated(
    task: Callable[[J], R],
    jobs: Iterable[J],
    workers: int,
    halves: Halves[J],
    without: Without[J],
    watch: Watch,
) -> Iterator[tuple[int, R]]:
    """Run a task over jobs as `run_tasks` does; a job that fails is done without its culprits."""
    dealt: dict[int, J] = {}

    def dealing() -> Iterator[J]:
        for number, job in enumerate(jobs):
            dealt[number] = job
            yield job

    for number, result in run_tasks(task, dealing(), workers, watch):
        job = dealt.pop(number)
        if isinstance(result, Failed):
            yield number, _without_culprits(task, job, result, halves, without, watch)
        else:
            yield number, result


def _without_culprits(
    task: Callable[[J], R],
    job: J,
    failed: Failed,
    halves: Halves[J],
    without: Without[J],
    watch: Watch,
) -> R:
    once = replace(watch, attempts=1)
    culprits: list[tuple[J, str]] = []
    waiting: list[tuple[J, Failed]] = [(job, failed)]
    while waiting and len(culprits) < MAX_CULPRITS:
        part, why = waiting.pop()
        parts = list(halves(part, why.at))
        if not parts:
            culprits.append((part, why.reason))
        for number, result in run_tasks(task, parts, 1, once):
            if isinstance(result, Failed):
                waiting.append((parts[number], result))
    if waiting:
        raise TaskError(f"more than {MAX_CULPRITS} records of one shard end a worker")
    for _, result in run_tasks(task, [without(job, culprits)], 1, watch):
        if not isinstance(result, Failed):
            return result
        raise TaskError(f"a shard ends its worker, but no record of it does: {result.reason}")
    raise AssertionError("one job gives one result")
