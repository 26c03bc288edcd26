"""Rows of an Arrow IPC file, reading no more of it than the batches that hold them.

A shard may be far larger than a part: a single compressed file of gigabytes is one shard, and every
part takes some of its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

COMPRESSION = b"compression"
"""Stands in the metadata of the schema where batches are compressed."""


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return some columns (None: all) of all rows."""
    with pa.memory_map(str(path)) as source:
        return _opened(source, columns).read_all()


def take_rows(
    path: Path, rows: NDArray[np.int64], columns: Sequence[str] | None = None
) -> pa.Table:
    """Return the rows of these numbers, in this order; a run of rows is not copied."""
    order = np.argsort(rows, kind="stable")
    rising = rows[order]
    with pa.memory_map(str(path)) as source:
        reader = _Reader(source, columns)
        starts = _batch_starts(path, reader)
        if len(rows) and bool(np.all(rows[1:] == rows[:-1] + 1)):
            return _slice(reader, starts, int(rows[0]), int(rows[-1]) + 1)
        owners = np.searchsorted(starts, rising, "right") - 1
        batches = [
            reader.batch(int(owner)).take(pa.array(rising[owners == owner] - starts[owner]))
            for owner in np.unique(owners)
        ]
        table = pa.Table.from_batches(batches, reader.schema)
    if bool(np.all(rows[1:] >= rows[:-1])):
        return table
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return table.take(pa.array(back))


def _slice(reader: _Reader, starts: NDArray[np.int64], first: int, stop: int) -> pa.Table:
    """Return the rows from `first` to `stop` (exclusive)."""
    begin = int(np.searchsorted(starts, first, "right")) - 1
    end = int(np.searchsorted(starts, stop, "left"))
    table = pa.Table.from_batches([reader.batch(i) for i in range(begin, end)], reader.schema)
    return table.slice(first - int(starts[begin]), stop - first)


class _Reader:
    """Gives some columns (None: all) of the batches of a file, without copying where that can be.

    Arrow copies what is read of some columns only. Batches that are not compressed are therefore
    taken whole, as they lie in the file: of a text that is read the others cost nothing. `narrow`
    reads no more of a batch than tells how many rows it has.
    """

    def __init__(self, source: pa.MemoryMappedFile, columns: Sequence[str] | None) -> None:
        self.file = self.narrow = _opened(source)
        if COMPRESSION in (self.file.schema.metadata or {}):
            self.narrow = _opened(source, self.file.schema.names[:1])  # numbers, in every file
            if columns is not None:
                self.file = _opened(source, columns)
        self.columns = self.file.schema.names if columns is None else list(columns)
        fields = [self.file.schema.field(name) for name in self.columns]
        self.schema = pa.schema(fields)

    def batch(self, number: int) -> pa.RecordBatch:
        """Return a batch by its number."""
        return self.file.get_batch(number).select(self.columns)


_starts: dict[Path, NDArray[np.int64]] = {}
_KNOWN = 1 << 14  # artifacts of which it is remembered where their batches begin


def _batch_starts(path: Path, reader: _Reader) -> NDArray[np.int64]:
    """Return the number of each batch's first row. An artifact does not change."""
    if path not in _starts:
        if len(_starts) >= _KNOWN:
            _starts.clear()
        file = reader.narrow
        sizes = [file.get_batch(i).num_rows for i in range(file.num_record_batches)]
        _starts[path] = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])[:-1]
    return _starts[path]


def _opened(
    source: pa.MemoryMappedFile, columns: Sequence[str] | None = None
) -> pa.RecordBatchFileReader:
    options = pa.ipc.IpcReadOptions(use_threads=False)
    if columns is not None:
        names = pa.ipc.open_file(source).schema.names
        options = pa.ipc.IpcReadOptions(
            use_threads=False, included_fields=[names.index(c) for c in columns]
        )
    return pa.ipc.open_file(source, options=options)
