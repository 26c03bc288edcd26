"""The tasks that an engine runs, by name: the driver schedules them and need not load them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.cleaning import CleanStats
    from pipeline.records import CleanJob


def load(values: Mapping[str, Any], workers: int) -> None:
    """Load what the tasks need: once for all the workers that are forked from this process.

    A worker that is alone loads its tables when it first needs them.
    """
    import numpy.ma  # noqa: F401  which `np.unique` loads when it is first asked, here and there

    import pipeline.cleaning  # noqa: F401
    from pipeline.text.sketches.shadow import table

    table()  # the one large table that this process needs as well
    if workers > 1:
        from pipeline.warm import warm

        warm(values)


def clean_shard(job: CleanJob) -> CleanStats:
    """Clean the pieces of a job into its folder (`pipeline.cleaning`)."""
    from pipeline.cleaning import clean_shard as work

    return work(job)
