"""The tasks that an engine runs, by name: the driver schedules them and need not load them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.cleaning import CleanStats
    from pipeline.records import CleanJob


def load() -> None:
    """Load what the tasks need: once for all the workers that are forked from this process."""
    import pipeline.cleaning  # noqa: F401
    from pipeline.text.shadow import table

    table()  # the one large table that this process needs as well


def clean_shard(job: CleanJob) -> CleanStats:
    """Clean the pieces of a job into its folder (`pipeline.cleaning`)."""
    from pipeline.cleaning import clean_shard as work

    return work(job)
