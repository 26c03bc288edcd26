"""Parquet, in small batches: a footer may lie, and a few bytes may hold gigabytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.document import RawDocument
from pipeline.readers.base import BadInputError, Fault, Piece
from pipeline.readers.fields import FieldMap
from pipeline.readers.options import MIB, InputOptions, LimitOptions
from pipeline.readers.streams import FREE_EXPANSION, check_unchanged, open_input

BATCH_BYTES = 4 * MIB
MAX_BATCH_ROWS = 32
"""Rows a batch: a dictionary can make each row a megabyte without any size that shows it."""
MAX_THRIFT = 100 * MIB
"""Largest footer; a footer that claims more is a lie."""


def read_parquet(
    piece: Piece, options: InputOptions, limits: LimitOptions
) -> Iterator[RawDocument | Fault]:
    """Yield a document or a fault per row; the record's number is the row's."""
    import pyarrow as pa

    with open_input(piece.file) as handle:
        try:
            yield from _rows(_opened(handle), piece, options, limits)
        except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError) as error:
            raise BadInputError("parquet-damaged", str(error)[:300]) from error
        check_unchanged(piece.file, handle)


def row_group_sizes(piece: Piece) -> list[tuple[int, int]]:
    """Return (rows, packed bytes) of each row group, as the footer has them."""
    import pyarrow as pa

    with open_input(piece.file) as handle:
        try:
            about = _opened(handle).metadata
            groups = [about.row_group(i) for i in range(about.num_row_groups)]
            return [
                (g.num_rows, sum(g.column(j).total_compressed_size for j in range(g.num_columns)))
                for g in groups
            ]
        except (pa.ArrowException, OSError, ValueError) as error:
            raise BadInputError("parquet-damaged", str(error)[:300]) from error


def _opened(handle: Any) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetFile(
        handle,
        buffer_size=MIB,
        pre_buffer=False,
        thrift_string_size_limit=MAX_THRIFT,
        thrift_container_size_limit=1_000_000,
    )


def _rows(
    table: Any, piece: Piece, options: InputOptions, limits: LimitOptions
) -> Iterator[RawDocument | Fault]:
    fields = FieldMap(options, limits)
    columns = _columns(table, fields)
    about = table.metadata
    allowed = max(FREE_EXPANSION, piece.file.size * limits.max_expansion)
    if not 0 <= about.num_rows <= allowed:
        raise BadInputError("parquet-damaged", f"the footer claims {about.num_rows} rows")
    first = read = 0
    for i in range(about.num_row_groups):
        group = about.row_group(i)
        n = group.num_rows
        if first + n > piece.start and (piece.stop < 0 or first < piece.stop):
            _refuse_bomb(group, limits)
            row = first
            for batch in table.iter_batches(
                _batch_rows(group), row_groups=[i], columns=columns, use_threads=False
            ):
                for item in _batch(batch, row, piece, fields, limits):
                    # A dictionary is small however often its entries are used: count the texts.
                    read += len(item.data) if isinstance(item, RawDocument) else 0
                    if read > allowed:
                        left = about.num_rows - item.record
                        detail = f"more than {allowed} bytes"
                        name = piece.file.name
                        yield Fault(name, item.record, -1, "expands-too-far", detail, b"", left)
                        return
                    if piece.holds(item.record):
                        yield item
                row += batch.num_rows
            if row != first + n:
                raise BadInputError("parquet-damaged", f"{row - first} rows of {n} in group {i}")
        first += n


def _columns(table: Any, fields: FieldMap) -> list[str]:
    import pyarrow.types as kinds

    schema = table.schema_arrow
    fields.settle(schema.names)
    if schema.names.count(fields.text) != 1:
        found = ", ".join(schema.names[:20])[:300]
        n = schema.names.count(fields.text)
        raise BadInputError("no-text-column", f"{n} columns named {fields.text!r} among: {found}")
    kind = schema.field(fields.text).type
    kind = kind.value_type if kinds.is_dictionary(kind) else kind
    tests = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
    if not any(getattr(kinds, f"is_{test}")(kind) for test in tests):
        rows = max(table.metadata.num_rows, 1)
        raise BadInputError("text-not-a-string", f"{fields.text!r} is {kind}", records=rows)
    return [name for name in schema.names if fields.keep or name in fields.mapped]


def _refuse_bomb(group: Any, limits: LimitOptions) -> None:
    for j in range(group.num_columns):
        column = group.column(j)
        raw, packed = column.total_uncompressed_size, column.total_compressed_size
        if raw > max(FREE_EXPANSION, packed * limits.max_expansion):
            raise BadInputError("expands-too-far", f"a column of {packed} bytes gives {raw}")


def _batch_rows(group: Any) -> int:
    size: int = max(1, group.total_byte_size // max(1, group.num_rows))
    return max(1, min(MAX_BATCH_ROWS, BATCH_BYTES // size))


def _batch(
    batch: Any, first: int, piece: Piece, fields: FieldMap, limits: LimitOptions
) -> Iterator[RawDocument | Fault]:
    path = piece.file.name
    names = batch.schema.names
    columns = [_values(column) for column in batch.columns]
    for i in range(batch.num_rows):
        record = {
            name: column[i] for name, column in zip(names, columns, strict=True)
            if column[i] is not None
        }  # fmt: skip
        try:
            document = fields.document(path, first + i, record)
            if len(document.data) > limits.max_record_bytes:
                raise BadInputError("record-too-large", f"{len(document.data)} characters")
        except BadInputError as bad:
            yield bad.fault(path, first + i, -1, bad.sample)
        else:
            yield document


def _values(column: Any) -> list[Any]:
    """Return a column's values; strings that are no UTF-8 come as bytes, for `decode` to judge.

    Where Python has no such date (nanoseconds, the year 40,000), values come as Arrow shows them.
    """
    import pyarrow as pa

    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        values = [_decoded(v) for v in column.cast(pa.large_binary()).to_pylist()]
    except (ValueError, OverflowError):
        values = column.cast(pa.string()).to_pylist()
    return values


def _decoded(value: bytes | None) -> str | bytes | None:
    if value is None:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value
