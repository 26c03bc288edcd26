"""Tasks over texts that are to be compared: here, or in other processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pipeline.text.shadow import Units

Ranks = NDArray[np.int64]
Read = Callable[[Ranks], tuple[Units, Ranks]]
"""Returns the shadow texts of the documents of the given ranks, as `shadow_units` does."""


class Spread(Protocol):
    """Runs a module-level task over jobs; yields (number of the job, result) in any order."""

    def __call__(  # noqa: D102
        self, task: Callable[[Any], Any], jobs: Sequence[Any]
    ) -> Iterator[tuple[int, Any]]: ...


@runtime_checkable
class Portable(Protocol):
    """What reads documents, and gives what reads some of them (`of`) in another process."""

    def __call__(self, ranks: Ranks, /) -> tuple[Units, Ranks]:
        """Return the shadow texts of documents."""

    def of(self, ranks: Ranks, /) -> Read:
        """Return what reads some of them, by their places in `ranks`."""


def in_turn(task: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Run the jobs here, one after the other."""
    for number, job in enumerate(jobs):
        yield number, task(job)
