"""Parquet files of which every column is put together from pages that were compressed earlier.

What `store/splice.py` does for the texts, for tables that hold nothing else: of some rows, a
*piece*, the pages of all columns stand by themselves, and the next version copies the pieces that
it shares with this one. No column has a dictionary, which would belong to all pieces of a row group
together: names that repeat compress to next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from pipeline.store import splice
from pipeline.store.thrift import BINARY, I64, STRUCT, Reader, Struct, written

_NULL_COUNT, _MAX, _MIN = 3, 5, 6  # fields of Statistics in parquet.thrift
_MAGIC = b"PAR1"
Bounds = Mapping[str, tuple[bytes, bytes]]
"""Of some columns the least and the largest value, as Parquet stores them."""


def piece_dtype(columns: int) -> np.dtype[Any]:
    """Return how it is told where a piece lies in a file.

    `slab`: what it is of; `rows`; of each column where its pages begin (`offset`), their `bytes`,
    and what they take uncompressed (`raw`); `check`: a hash of all its pages.
    """
    wide = (columns,)
    return np.dtype(
        [("slab", "<i4"), ("rows", "<i8"), ("offset", "<i8", wide), ("bytes", "<i8", wide),
         ("raw", "<i8", wide), ("check", "<u8")]
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table: by column their compressed pages, and the bytes of these unpacked."""

    slab: int
    rows: int
    pages: Sequence[bytes | memoryview]
    raw: Sequence[int]


def pressed(
    schema: pa.Schema, tables: Iterable[tuple[int, pa.Table]], **options: Any
) -> list[Piece]:
    """Compress tables, each with the number of its slab; `options` are those of a ParquetWriter."""
    file = BytesIO()
    slabs = []
    with pq.ParquetWriter(file, schema, **options) as writer:
        for slab, table in tables:
            writer.write_table(table, len(table))
            slabs.append(slab)
    content = memoryview(file.getbuffer())
    about = pq.read_metadata(pa.BufferReader(content))
    out = []
    for number, slab in enumerate(slabs):
        group = about.row_group(number)
        chunks = [group.column(i) for i in range(group.num_columns)]
        spans = [(chunk.data_page_offset, chunk.total_compressed_size) for chunk in chunks]
        pages = [content[first : first + size] for first, size in spans]
        raw = [chunk.total_uncompressed_size for chunk in chunks]
        out.append(Piece(slab, group.num_rows, pages, raw))
    return out


def taken(places: NDArray[Any], content: memoryview, slabs: Sequence[int]) -> list[Piece]:
    """Return pieces of a file as pieces of other slabs; those that have rotted are left out."""
    out = []
    rows = zip(
        slabs, places["rows"].tolist(), places["offset"].tolist(), places["bytes"].tolist(),
        places["raw"].tolist(), places["check"].tolist(), strict=True,
    )  # fmt: skip
    for slab, count, offsets, sizes, raw, check in rows:
        pages = [content[at : at + size] for at, size in zip(offsets, sizes, strict=True)]
        if _check(pages) == check:
            out.append(Piece(slab, count, pages, raw))
    return out


def _check(pages: Iterable[bytes | memoryview]) -> int:
    state = xxhash.xxh3_64()
    for page in pages:
        state.update(page)
    return state.intdigest()


def assembled(
    schema: pa.Schema, groups: Sequence[Sequence[Piece]], bounds: Sequence[Bounds], **options: Any
) -> tuple[list[bytes | memoryview], NDArray[Any]]:
    """Return a Parquet file in parts, a row group for each list of pieces, and where these lie.

    `bounds`: of each group. `options`: those with which the pieces were compressed.
    """
    footer = _footer_of_nulls(schema, groups, options)
    footer[splice.ROWS] = (I64, sum(piece.rows for group in groups for piece in group))
    out: list[bytes | memoryview] = [_MAGIC]
    places = np.zeros(sum(map(len, groups)), piece_dtype(len(schema)))
    at, first = len(_MAGIC), 0
    for group, told, least in zip(groups, footer[splice.GROUPS][1].values, bounds, strict=True):
        mine = places[first : first + len(group)]
        first += len(group)
        mine["slab"] = [piece.slab for piece in group]
        mine["rows"] = [piece.rows for piece in group]
        mine["raw"] = [piece.raw for piece in group]
        mine["bytes"] = [[len(page) for page in piece.pages] for piece in group]
        mine["check"] = [_check(piece.pages) for piece in group]
        by_column = mine["bytes"].T.ravel()  # as they lie: column by column
        mine["offset"] = (at + np.cumsum(by_column) - by_column).reshape(len(schema), -1).T
        out += [piece.pages[i] for i in range(len(schema)) for piece in group]
        _tell(told, schema.names, mine, least)
        at += int(by_column.sum())
    tail = written(footer)
    return [*out, tail, len(tail).to_bytes(4, "little"), _MAGIC], places


def _footer_of_nulls(
    schema: pa.Schema, groups: Sequence[Sequence[Piece]], options: Mapping[str, Any]
) -> Struct:
    """Return the footer of a file of as many groups, each of one row of nulls."""
    file = BytesIO()
    nulls = pa.Table.from_arrays([pa.nulls(1, field.type) for field in schema], schema=schema)
    with pq.ParquetWriter(file, schema, **options) as writer:
        for _ in groups:
            writer.write_table(nulls)
    content = file.getbuffer()
    end = len(content) - 8
    begin = end - int.from_bytes(content[end : end + 4], "little")
    return Reader(bytes(content[begin:end])).struct()


def _tell(group: Struct, names: Sequence[str], pieces: NDArray[Any], bounds: Bounds) -> None:
    """Tell the footer's row group where its columns lie, and of some what they hold."""
    rows = int(pieces["rows"].sum())
    sizes, raws = pieces["bytes"].sum(axis=0).tolist(), pieces["raw"].sum(axis=0).tolist()
    starts = pieces["offset"][0].tolist()
    for name, chunk, start, size, raw in zip(
        names, group[splice.COLUMNS][1].values, starts, sizes, raws, strict=True
    ):
        meta = chunk[splice.META][1]
        for what, value in (
            (splice.VALUES, rows),
            (splice.COMPRESSED, size),
            (splice.RAW, raw),
            (splice.DATA_OFFSET, start),
        ):
            meta[what] = (I64, value)
        for what in splice.OF_NULLS:
            if what != splice.STATISTICS or name not in bounds:
                meta.pop(what, None)
        if name in bounds:
            least, most = bounds[name]
            held = {_NULL_COUNT: (I64, 0), _MAX: (BINARY, most), _MIN: (BINARY, least)}
            meta[splice.STATISTICS] = (STRUCT, held)
        if chunk[splice.CHUNK_OFFSET][1]:  # where the metadata stand once more, 0: nowhere
            chunk[splice.CHUNK_OFFSET] = (I64, start)
    told = (
        (splice.GROUP_RAW, sum(raws)),
        (splice.GROUP_ROWS, rows),
        (splice.GROUP_COMPRESSED, sum(sizes)),
    )
    for what, value in told:
        group[what] = (I64, value)
    if splice.GROUP_OFFSET in group:
        group[splice.GROUP_OFFSET] = (I64, starts[0])
