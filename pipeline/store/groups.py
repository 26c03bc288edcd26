"""Rows of a table by equal values of some columns.

Arrow's own `group_by` gives its groups in no fixed order and loads the whole of acero (30 ms);
dictionary codes give them in order of their first row, and nothing is sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_ODD = np.uint64(0x9E3779B97F4A7C15)
_WIDE = 1 << 16  # codes that a table may always have


@dataclass(frozen=True, slots=True)
class Groups:
    """k groups of n rows.

    `first` int64 (k,): first row of each, rising. `group` int64 (n,): the group of each row.
    `counts` int64 (k,): how many rows each has.
    """

    first: NDArray[np.int64]
    group: NDArray[np.int64]
    counts: NDArray[np.int64]

    def sums(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the sum of `values` int64 (n,) by group: int64 (k,)."""
        out = np.zeros(len(self.first), np.int64)
        np.add.at(out, self.group, values)
        return out


def groups(table: pa.Table, names: Sequence[str]) -> Groups:
    """Group the rows by the named columns; null is a value like others."""
    codes = np.zeros(len(table), np.int64)
    for name in names:
        column = table.column(name).dictionary_encode().combine_chunks()
        width = len(column.dictionary) + 1
        values = column.indices.fill_null(width - 1).to_numpy()
        codes = ranked(codes * width + values)[1]
    count = int(codes.max(initial=-1)) + 1
    first = np.empty(count, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # of equal places the last one written stays
    order = np.argsort(first)
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    return Groups(first[order], rank[codes], np.bincount(codes, minlength=count)[order])


def ranked(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the codes that occur, rising, and the rank of each among them: int64 (n,).

    Ranks stay below the number of rows, so that no product of widths overflows.
    """
    width = int(codes.max(initial=-1)) + 1
    if width > _WIDE + 8 * len(codes):  # too many for a table
        return np.unique(codes, return_inverse=True)
    there = np.zeros(width, np.bool_)
    there[codes] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[codes]


def path_bytes(path: str) -> bytes:
    """Return the bytes by which paths are ordered and hashed."""
    return path.encode("utf-8", "surrogateescape")


def record_keys(table: pa.Table) -> NDArray[np.uint64]:
    """Return a hash of the key (input_path, record) of each row: uint64 (n,)."""
    import xxhash

    paths = table.column("input_path").dictionary_encode().combine_chunks()
    names = map(path_bytes, paths.dictionary.to_pylist())
    hashes = np.array([*map(xxhash.xxh3_64_intdigest, names), 0], np.uint64)
    record = table.column("record").to_numpy().astype(np.uint64)
    with np.errstate(over="ignore"):
        return np.asarray(hashes[paths.indices.to_numpy()] ^ (record * _ODD))
