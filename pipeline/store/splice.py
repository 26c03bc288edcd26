"""Parquet files of which one column is put together from pieces that were compressed earlier.

Compressing the texts is nearly all that writing a data file costs, and a night changes few of them.
So the texts are compressed in slabs, whose pages stand one after the other in the column, and the
next version copies the slabs that it shares with this one. All the rest of the file pyarrow writes,
anew each time: it writes the column as nulls, and the pages are put in the place of those.

A page of Parquet says all about itself and nothing of where it stands; only the footer knows
places (`FileMetaData` in https://github.com/apache/parquet-format, parquet.thrift).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.store.thrift import I64, Reader, Struct, written

# Fields of FileMetaData, RowGroup, ColumnChunk and ColumnMetaData in parquet.thrift.
ROWS, GROUPS = 3, 4
COLUMNS, GROUP_RAW, GROUP_ROWS, GROUP_OFFSET, GROUP_COMPRESSED = 1, 2, 3, 5, 6
CHUNK_OFFSET, META = 2, 3
VALUES, RAW, COMPRESSED, DATA_OFFSET, DICTIONARY_OFFSET = 5, 6, 7, 9, 11
# True of the nulls and not of the texts; all of them may be left out.
STATISTICS = 12
OF_NULLS = (STATISTICS, 13, 16)  # encoding_stats, size_statistics


@dataclass(frozen=True, slots=True)
class Slab:
    """Compressed pages of some rows of a column; `raw`: bytes that they take uncompressed."""

    pages: bytes
    rows: int
    raw: int


def compressed(column: pa.Table, **options: Any) -> Slab:
    """Compress a table of one column; `options` are those of `pyarrow.parquet.write_table`."""
    file = BytesIO()
    pq.write_table(column, file, row_group_size=max(len(column), 1), **options)
    content = file.getvalue()
    chunk = pq.read_metadata(pa.BufferReader(content)).row_group(0).column(0)
    first = chunk.data_page_offset
    pages = content[first : first + chunk.total_compressed_size]
    return Slab(pages, len(column), chunk.total_uncompressed_size)


def spliced(
    table: pa.Table, column: int, slabs: Sequence[Slab], **options: Any
) -> tuple[list[bytes], int]:
    """Return a Parquet file of one row group, in pieces, and where in it the slabs begin.

    Column number `column` of `table` is nulls, of a type without children and with no dictionary;
    the rows of `slabs` come in their place.
    """
    file = BytesIO()
    pq.write_table(table, file, row_group_size=len(table), **options)
    content = file.getvalue()
    end = len(content) - 8
    begin = end - int.from_bytes(content[end : end + 4], "little")
    footer = Reader(content[begin:end]).struct()
    (group,) = footer[GROUPS][1].values
    number = _leaf(table.schema, column)
    first, length = _fill(group, number, slabs)
    tail = written(footer)
    size = len(tail).to_bytes(4, "little")
    pages = (slab.pages for slab in slabs)
    return [
        content[:first], *pages, content[first + length : begin], tail, size, content[-4:],
    ], first  # fmt: skip


def _leaf(schema: pa.Schema, column: int) -> int:
    """Return the number of a column among the leaves of a schema: a struct has several."""
    return sum(_leaves(schema.field(i).type) for i in range(column))


def _leaves(kind: pa.DataType) -> int:
    fields = [kind.field(i) for i in range(kind.num_fields)]
    return sum(_leaves(field.type) for field in fields) if fields else 1


def _fill(group: Struct, number: int, slabs: Sequence[Slab]) -> tuple[int, int]:
    """Tell the footer's row group of the slabs; return offset and length of what they replace."""
    metas = [chunk[META][1] for chunk in group[COLUMNS][1].values]
    chunk, meta = group[COLUMNS][1].values[number], metas[number]
    first, length = meta[DATA_OFFSET][1], meta[COMPRESSED][1]
    more = sum(len(slab.pages) for slab in slabs) - length
    more_raw = sum(slab.raw for slab in slabs) - meta[RAW][1]
    _add(meta, COMPRESSED, more)
    _add(meta, RAW, more_raw)
    for name in OF_NULLS:
        meta.pop(name, None)
    _add(group, GROUP_COMPRESSED, more)
    _add(group, GROUP_RAW, more_raw)
    for chunk, meta in zip(group[COLUMNS][1].values, metas, strict=True):
        if meta[DATA_OFFSET][1] > first:
            _add(meta, DATA_OFFSET, more)
            _add(meta, DICTIONARY_OFFSET, more)
            if chunk[CHUNK_OFFSET][1]:  # where the metadata stand once more, 0: nowhere
                _add(chunk, CHUNK_OFFSET, more)
    return first, length


def _add(fields: Struct, name: int, more: int) -> None:
    if name in fields:
        fields[name] = (I64, fields[name][1] + more)
