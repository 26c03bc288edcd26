"""The hashes of a corpus by column, where they lie in many files: one column at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.int64]


def mapped(path: Path) -> NDArray[Any]:
    """Return the array of a file without reading it."""
    # A plain array: each slice of numpy's own class for these costs 20 µs.
    return np.asarray(np.load(path, mmap_mode="r"))


class StoredColumns:
    """Columns of hashes of n documents; a `Bands`.

    `paths`: .npy files of uint64 (rows, columns), in Fortran order so that a column is one piece;
    `order` int64 (n,): for each document, its row in the files laid end to end.
    """

    def __init__(self, paths: Sequence[Path], order: Ranks) -> None:
        self.parts = [mapped(path) for path in paths]
        self.order = order
        self.changed: Ranks = np.zeros(0, np.int64)
        self.changes: NDArray[np.uint64] = np.zeros((0, len(self)), np.uint64)

    def __len__(self) -> int:
        return int(self.parts[0].shape[1]) if self.parts else 0

    def __getitem__(self, column: int) -> NDArray[np.uint64]:
        hashes: NDArray[np.uint64] = np.concatenate([part[:, column] for part in self.parts])
        hashes[self.changed] = self.changes[:, column]
        return hashes[self.order]

    def replace(self, ranks: Ranks, rows: NDArray[np.uint64]) -> None:
        """Put uint64 (k, columns) in the place of the hashes of k documents, in memory only."""
        self.changed = np.concatenate((self.changed, self.order[ranks]))
        self.changes = np.concatenate((self.changes, rows))

    def of(self, ranks: Ranks) -> StoredColumns:
        """Return the columns of some documents only."""
        some = StoredColumns((), self.order[ranks])
        some.parts, some.changed, some.changes = self.parts, self.changed, self.changes
        return some
