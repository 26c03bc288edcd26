"""How every Parquet file of a version is written: each option pinned, no default may alter it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.store.files import output_errors
from pipeline.store.splice import Slab, compressed, spliced

LOOKUP_ROWS = 1 << 16  # rows of a row group where single documents are looked up
PLAIN_TEXT = {"text", "before", "after", "sample", "extra", "content_hash", "id", "url"}
_ONE_PAGE = 1 << 30  # a page does not end inside a slab


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What is the same for every Parquet file of a version."""

    run_id: str
    zstd_level: int

    def of(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the options of pyarrow's writer for a table of these columns."""
        plain = [name for name in names if name not in PLAIN_TEXT]
        # Numbers of records rise: as a dictionary of them all they take twice as much.
        coded = [name for name in plain if name != "record"]
        return {
            "compression": "zstd",
            "compression_level": self.zstd_level,
            "use_dictionary": coded,
            "write_page_checksum": True,
            "write_statistics": plain,
            "data_page_size": 1 << 20,
            "store_schema": True,
            "version": "2.6",
        }


def write_parquet(
    table: pa.Table,
    path: Path,
    options: WriteOptions,
    group_rows: int = LOOKUP_ROWS,
    finish: Callable[[pa.Table], pa.Table] = lambda rows: rows,
) -> None:
    """Write one Parquet file, a row group at a time; `finish` adds what its rows lack."""
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = finish(table.slice(0, 0)).schema.with_metadata({"run_id": options.run_id})
        with pq.ParquetWriter(path, schema, **options.of(schema.names)) as writer:
            for first in range(0, max(len(table), 1), max(group_rows, 1)):
                rows = _whole(finish(table.slice(first, group_rows)))
                writer.write_table(rows.replace_schema_metadata(schema.metadata), group_rows)


def compress_texts(texts: pa.ChunkedArray, options: WriteOptions) -> Slab:
    """Return a slab of the column `text`."""
    table = _whole(pa.table({"text": texts}))
    return compressed(table, **{**options.of(["text"]), "data_page_size": _ONE_PAGE})


def write_spliced(table: pa.Table, slabs: Sequence[Slab], path: Path, options: WriteOptions) -> int:
    """Write a Parquet file with slabs in the place of the column `text`, which is null in `table`.

    Returns the offset of the first slab in the file.
    """
    table = _whole(table).replace_schema_metadata({"run_id": options.run_id})
    column = table.column_names.index("text")
    pieces, first = spliced(table, column, slabs, **options.of(table.column_names))
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(pieces)
    return first


def _whole(table: pa.Table) -> pa.Table:
    """Return a table of one chunk: pages may end where chunks do, which shards may not decide."""
    return table.combine_chunks()
