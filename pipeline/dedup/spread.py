"""Tasks over texts that are to be compared: here, or in other processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pipeline.text.sketches.shadow import Units

Ranks = NDArray[np.int64]
Read = Callable[[Ranks], tuple[Units, Ranks]]
"""Returns the shadow texts of the documents of the given ranks, as `shadow_units` does."""


Texts = Callable[[Ranks], list[str]]
"""Returns the cleaned texts of the documents of the given ranks."""


Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[tuple[int, Any]]]
"""Runs a module-level task over jobs; yields (number of the job, result) in any order."""


@runtime_checkable
class Portable(Protocol):
    """What reads documents, and gives what reads some of them (`of`) in another process."""

    def __call__(self, ranks: Ranks, /) -> Any:
        """Return the shadow texts of documents, or their texts."""

    def of(self, ranks: Ranks, /) -> Any:
        """Return what reads some of them, by their places in `ranks`."""


def in_turn(task: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Run the jobs here, one after the other."""
    for number, job in enumerate(jobs):
        yield number, task(job)
