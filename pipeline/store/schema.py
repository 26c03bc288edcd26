"""What is published: the columns of its tables (`tables/columns.tsv`), and its files."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from pipeline.tablefiles import table_rows


class Column(NamedTuple):
    """A published column."""

    name: str
    type: pa.DataType
    doc: str


NAMES = pa.list_(pa.string())

SPANS = pa.list_(
    pa.struct(
        [
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("twin", pa.string()),
            ("jaccard", pa.float32()),
        ]
    )
)
"""Spans of the text, in code points, each with the id of the other document."""

# A time zone with a name, since polars and pandas read names only; +08:00 all year since 1992.
DATE = pa.timestamp("us", tz="Asia/Shanghai")

_TYPES = {
    "string": pa.string(), "binary": pa.binary(), "bool": pa.bool_(),
    "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(), "float32": pa.float32(),
    "names": NAMES, "date": DATE, "spans": SPANS,
}  # fmt: skip


_ROWS = table_rows("columns.tsv")


def _columns(wanted: str) -> tuple[Column, ...]:
    return tuple(Column(name, _TYPES[kind], doc) for of, name, kind, doc in _ROWS if of == wanted)


DATA, EDITS, DROPPED, CLUSTERS, SITE_LINES, QUARANTINE, LEDGER = map(
    _columns, ("data", "edits", "dropped", "clusters", "site_lines", "quarantine", "ledger")
)

FILES = {
    "made": (
        "audit/edits.parquet/part-{:05d}.parquet",
        "audit/dropped.parquet/paragraphs-{:05d}.parquet",
        "quarantine/part-{:05d}.parquet",
        "audit/summaries/made-{:05d}.json",
    ),
    "decided": (
        "data/part-{:05d}.parquet",
        "audit/dropped.parquet/part-{:05d}.parquet",
        "ledger/part-{:05d}.parquet",
        "audit/summaries/decided-{:05d}.json",
    ),
}
"""The files of each group of a part, by its number. A file without a row is left out, but of the
first part: a reader always finds the columns."""


def schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the Arrow schema of a table."""
    return pa.schema([(column.name, column.type) for column in columns])


def select(table: pa.Table, columns: tuple[Column, ...]) -> pa.Table:
    """Return the columns of a table as they are published."""
    arrays = [table.column(column.name).cast(column.type) for column in columns]
    return pa.Table.from_arrays(arrays, schema=schema(columns))
