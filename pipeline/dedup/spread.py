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


class Spread(Protocol):
    """Runs a module-level task over jobs; yields (number of the job, result) in any order."""

    def __call__(  # noqa: D102
        self, task: Callable[[Any], Any], jobs: Iterable[Any]
    ) -> Iterator[tuple[int, Any]]: ...


@runtime_checkable
class Portable(Protocol):
    """What reads documents, and gives what reads some of them (`of`) in another process."""

    def __call__(self, ranks: Ranks, /) -> tuple[Units, Ranks]:
        """Return the shadow texts of documents."""

    def of(self, ranks: Ranks, /) -> Read:
        """Return what reads some of them, by their places in `ranks`."""


@runtime_checkable
class PortableTexts(Protocol):
    """Texts of documents, some of which (`of`) another process may read."""

    def __call__(self, ranks: Ranks, /) -> list[str]:
        """Return the texts of documents."""

    def of(self, ranks: Ranks, /) -> Texts:
        """Return what gives those of some of them, by their places in `ranks`."""


def in_turn(task: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Run the jobs here, one after the other."""
    for number, job in enumerate(jobs):
        yield number, task(job)
