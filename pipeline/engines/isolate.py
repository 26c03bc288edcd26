"""Finds the one record that takes a worker with it, so that the rest of its shard is not lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pipeline.engines.local import Crew, Failed, TaskError, Watch, run_tasks

J = TypeVar("J")
R = TypeVar("R")
Careful = Callable[[J, object, Sequence[tuple[object, str]]], J]
"""Returns a job that works record by record and says so: near a place, or all of it for None."""
Without = Callable[[J, Sequence[tuple[object, str]]], J]
"""Returns a job in which the records at some places are quarantined, each for a reason."""

MAX_CULPRITS = 100
"""Per job. A job in which more records than this kill a worker is not hostile, but we are wrong."""


@dataclass(frozen=True, slots=True)
class Isolation(Generic[J]):
    """How jobs are taken apart. `nothing` returns a job of the same kind without any record."""

    careful: Careful[J]
    without: Without[J]
    nothing: Callable[[J], J]


def run_isolated(
    task: Callable[[J], R],
    jobs: Iterable[J],
    crew: Crew,
    isolation: Isolation[J],
) -> Iterator[tuple[int, R]]:
    """Run a task over jobs as `Crew.run` does; a job that fails is done without its culprits."""
    dealt: dict[int, J] = {}

    def dealing() -> Iterator[J]:
        for number, job in enumerate(jobs):
            dealt[number] = job
            yield job

    for number, result in crew.run(task, dealing()):
        job = dealt.pop(number)
        if isinstance(result, Failed):
            yield number, _without_culprits(task, job, result, crew.watch, isolation)
        else:
            yield number, result


def _without_culprits(
    task: Callable[[J], R], job: J, failed: Failed, watch: Watch, isolation: Isolation[J]
) -> R:
    """Clean a job by finding its culprits, batch by batch, and leaving them out."""
    # Asked first: where no record is needed to end a worker, each search would find another one.
    if isinstance(_try(task, isolation.nothing(job), replace(watch, attempts=1)), Failed):
        raise _no_culprit(failed)
    culprits: list[tuple[object, str]] = []
    at: object = failed.at
    while len(culprits) <= MAX_CULPRITS:
        known = len(culprits)
        _find(task, job, at, culprits, watch, isolation)
        if len(culprits) == known:  # no record kills alone: do them all alone, then
            _find(task, job, None, culprits, watch, isolation)
            return _one(task, isolation.careful(job, None, culprits), watch)
        result = _try(task, isolation.without(job, culprits), watch)
        if not isinstance(result, Failed):
            return result
        at = result.at
    raise TaskError(f"more than {MAX_CULPRITS} records of one shard end a worker")


def _find(
    task: Callable[[J], R],
    job: J,
    at: object,
    culprits: list[tuple[object, str]],
    watch: Watch,
    isolation: Isolation[J],
) -> None:
    """Add the culprits at a place to `culprits`: one worker's life for each."""
    once = replace(watch, attempts=1)
    while len(culprits) <= MAX_CULPRITS:
        result = _try(task, isolation.careful(job, at, culprits), once)
        if not isinstance(result, Failed):
            return
        if result.at is None or result.at in [at for at, _ in culprits]:
            raise _no_culprit(result)
        culprits.append((result.at, result.reason))


def _no_culprit(failed: Failed) -> TaskError:
    return TaskError(
        f"workers die ({failed.reason}) whatever record is left out",
        "look at the machine (memory, disk, limits); the run can be resumed",
    )


def _try(task: Callable[[J], R], job: J, watch: Watch) -> R | Failed:
    (((_, result)),) = run_tasks(task, [job], 1, watch)
    return result


def _one(task: Callable[[J], R], job: J, watch: Watch) -> R:
    result = _try(task, job, watch)
    if isinstance(result, Failed):
        raise TaskError(f"a shard ends its worker, but no record of it does: {result.reason}")
    return result
