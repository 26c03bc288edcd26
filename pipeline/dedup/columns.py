"""The hashes of a corpus by column, where they lie in many files: one column at a time.

Of a hash that proposes candidates 40 bits are kept, five bytes of eight: of a hundred million
documents, 5,000 unrelated pairs a column then agree by chance. They are compared like all others.
"""

from __future__ import annotations

import math
import re
from ast import literal_eval
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ranks = NDArray[np.int64]
Hashes = NDArray[np.uint64]
_DROPPED = (1 << 24) - 1


_HEADER = re.compile(
    rb"\{'descr': (.+), 'fortran_order': (True|False), 'shape': \(([\d, ]*)\), \}\s*"
)


def mapped(path: Path) -> NDArray[Any]:
    """Return the array of a .npy file without reading it, read-only.

    A corpus of years has thousands of them. numpy's own reader takes 300 µs a file, for the header
    as Python, and for a class of arrays of which each slice costs 20 µs; and as Python's `mmap` it
    holds every file open, of which a process may have a thousand. Arrow's mappings do not.
    """
    with pa.memory_map(str(path)) as file:
        content = file.read_buffer()
    head = content[:10].to_pybytes()
    size = int.from_bytes(head[8:10], "little")
    told = _HEADER.fullmatch(content[10 : 10 + size].to_pybytes()) if head[6] == 1 else None
    if told is None:
        return np.asarray(np.load(path, mmap_mode="r"))
    shape = tuple(int(n) for n in told[3].split(b",") if n.strip())
    order = "F" if told[2] == b"True" else "C"
    values = np.frombuffer(content, _dtype(told[1]), math.prod(shape), 10 + size)
    return values.reshape(shape, order=order)  # type: ignore[call-overload, no-any-return]


@lru_cache(maxsize=64)
def _dtype(description: bytes) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(literal_eval(description.decode()))
    return dtype


def shortened(hashes: Hashes) -> Hashes:
    """Return hashes of which the upper 40 bits are left; none but 0 becomes 0."""
    short = hashes & ~np.uint64(_DROPPED)
    short[(short == 0) & (hashes != 0)] = _DROPPED + 1
    return short


def halves(hashes: Hashes) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return hashes as they are stored: their upper 32 bits, and the eight below."""
    short = shortened(hashes)
    return (short >> np.uint64(32)).astype(np.uint32), (short >> np.uint64(24)).astype(np.uint8)


def whole(parts: Sequence[tuple[NDArray[np.uint32], NDArray[np.uint8]]]) -> Hashes:
    """Return stored hashes, part after part: uint64, of the shape of the parts laid end to end."""
    size = sum(len(upper) for upper, _ in parts)
    shape = parts[0][0].shape[1:] if parts else ()
    hashes = np.zeros((size, *shape), "<u8")
    # In place: shifts and sums would take four times as long.
    words = hashes.view("<u4").reshape(*hashes.shape, 2)
    octets = hashes.view(np.uint8).reshape(*hashes.shape, 8)
    at = 0
    for upper, lower in parts:
        words[at : at + len(upper), ..., 1] = upper
        octets[at : at + len(upper), ..., 3] = lower
        at += len(upper)
    return hashes


class StoredColumns:
    """Columns of hashes of n documents; a `Bands`.

    `paths`: .npy files of (rows, columns), in Fortran order so that a column is one piece: of each
    part that with the upper 32 bits (uint32) and that with the eight below (uint8). `order` int64
    (n,): for each document, its row in the files laid end to end.
    """

    def __init__(self, paths: Sequence[tuple[Path, Path]], order: Ranks) -> None:
        self.parts = [(mapped(upper), mapped(lower)) for upper, lower in paths]
        self.order = order
        self.changed: Ranks = np.zeros(0, np.int64)
        self.changes: Hashes = np.zeros((0, len(self)), np.uint64)

    def __len__(self) -> int:
        return int(self.parts[0][0].shape[1]) if self.parts else 0

    def __getitem__(self, column: int) -> Hashes:
        hashes = whole([(upper[:, column], lower[:, column]) for upper, lower in self.parts])
        hashes[self.changed] = self.changes[:, column]
        return hashes[self.order]

    def replace(self, ranks: Ranks, rows: Hashes) -> None:
        """Put uint64 (k, columns) in the place of the hashes of k documents, in memory only."""
        self.changed = np.concatenate((self.changed, self.order[ranks]))
        self.changes = np.concatenate((self.changes, rows))

    def of(self, ranks: Ranks) -> StoredColumns:
        """Return the columns of some documents only."""
        some = StoredColumns((), self.order[ranks])
        some.parts, some.changed, some.changes = self.parts, self.changed, self.changes
        return some
