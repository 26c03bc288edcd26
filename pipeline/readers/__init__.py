"""Files to records: `discover` finds them, `split` cuts them, `read` reads a piece.

Every record of a piece is yielded exactly once, in order, as a RawDocument or as a Fault, whatever
the bytes are. Errors of the input never leave `read`; errors of this program do.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

from pipeline.document import RawDocument
from pipeline.readers.base import REASONS, BadInputError, Fault, InputFile, Piece, shown
from pipeline.readers.discover import discover
from pipeline.readers.options import InputOptions, LimitOptions
from pipeline.readers.sniff import sniff, sniff_all
from pipeline.readers.sound import Alive, idle, sound_chunks
from pipeline.readers.streams import open_input

__all__ = [
    "REASONS",
    "Fault",
    "InputFile",
    "InputOptions",
    "LimitOptions",
    "Piece",
    "discover",
    "opened",
    "read",
    "shown",
    "split",
]

Record = RawDocument | Fault


def read(
    piece: Piece, options: InputOptions, limits: LimitOptions, alive: Alive = idle
) -> Iterator[Record]:
    """Yield the records of a piece in order, each exactly once, as a document or as a fault.

    Bad rows beyond `max_bad_rows` are counted by reason and come last, in one fault a reason.
    `alive` is called while nothing is yielded for long: a stream is being checked, rows are bad.
    """
    counted: dict[str, Fault] = {}
    singly = limits.max_bad_rows
    for item in _read(piece, options, limits, alive):
        if isinstance(item, RawDocument):
            yield item
        elif singly > 0 or item.record < 0:
            singly -= 1
            yield item
        else:
            alive()
            first = counted.get(item.reason)
            counted[item.reason] = (
                first._replace(records=first.records + item.records) if first else item
            )
    yield from counted.values()


def _read(
    piece: Piece, options: InputOptions, limits: LimitOptions, alive: Alive
) -> Iterator[Record]:
    file = piece.file
    try:
        if file.fault:
            raise BadInputError(file.fault, file.detail)
        file, data = sniff_all(file, options, limits)
        yield from _read_as(Piece(file, piece.start, piece.stop), data, options, limits, alive)
    except BadInputError as bad:
        yield bad.fault(file.name, -1, -1, bad.sample[: limits.max_sample_bytes])


def _read_as(
    piece: Piece, data: bytes | None, options: InputOptions, limits: LimitOptions, alive: Alive
) -> Iterator[Record]:
    """Hand the piece to the reader of its format. Readers are imported where they are needed.

    `data`: all bytes of a small file, where they have been read.
    """
    from pipeline.readers import jsonl, parquet, plain, table, warc

    layout = options.layout if piece.file.format == "text" else piece.file.format
    if layout == "parquet":
        yield from parquet.read_parquet(piece, options, limits)
        return
    if data is not None and layout in ("file", "html"):
        yield from plain.read_whole(piece, [data], options, limits)
        return
    if layout in ("file", "html", "warc", "arc"):
        with sound_chunks(piece, limits, alive, rows=False) as (_, chunks):
            if layout in ("warc", "arc"):
                yield from warc.read_warc(piece, chunks, limits)
            else:
                yield from plain.read_whole(piece, chunks, options, limits)
        return
    readers = {"jsonl": jsonl.read_jsonl, "csv": table.read_table, "tsv": table.read_table}
    reader = readers.get(layout, plain.read_rows)
    with sound_chunks(piece, limits, alive, rows=True) as (offset, chunks):
        if layout == "json":
            found = jsonl.read_json(piece, chunks, options, limits)
        else:
            found = reader(piece, chunks, offset, options, limits)
        yield from _from_wide(found, piece.file.charset) if piece.file.wide else found


def _from_wide(records: Iterable[Record], charset: str) -> Iterator[Record]:
    """Note on rows that came as UTF-8 (`sound.as_utf8`) what they were in their file."""
    for record in records:
        if isinstance(record, RawDocument):
            text = record.data if isinstance(record.data, str) else record.data.decode()
            fields = {**record.fields, "encoding": charset, "encoding_confidence": 1.0}
            record = replace(record, data=text, fields=fields)  # noqa: PLW2901
        yield record


@contextmanager
def opened(file: InputFile) -> Iterator[BinaryIO]:
    """Open the bytes of a file as they lie on disk or in a store; OSError where that fails."""
    try:
        handle = open_input(file)
    except BadInputError as bad:
        raise OSError(f"{bad.reason}: {bad.detail}") from bad
    with handle, _buffered(handle) as stream:
        yield stream


def _buffered(handle: BinaryIO) -> BinaryIO:
    return io.BufferedReader(handle) if isinstance(handle, io.RawIOBase) else handle


def split(file: InputFile, size: int, options: InputOptions, limits: LimitOptions) -> list[Piece]:
    """Cut a file into pieces of about `size` bytes that can be read apart.

    Only what can be entered in the middle is cut: uncompressed rows, and Parquet between its row
    groups. Looks at the bytes of files larger than `size` only.
    """
    if file.fault or file.size <= size:
        return [Piece(file)]
    try:
        file = sniff(file, options, limits)
    except BadInputError as bad:
        return [Piece(_at_fault(file, bad))]
    if file.format == "parquet":
        return _row_groups(file, size)
    rows = file.format == "jsonl" or (file.format == "text" and options.layout == "line")
    if not rows or file.compression or file.charset.startswith("utf-"):
        return [Piece(file)]
    # fixed, so that a file that grows keeps its first pieces
    return _between(file, list(range(0, file.size, size)))


def _row_groups(file: InputFile, size: int) -> list[Piece]:
    """Cut a Parquet file between row groups, as soon as `size` bytes are together."""
    from pipeline.readers.parquet import row_group_sizes

    try:
        groups = row_group_sizes(Piece(file))
    except BadInputError as bad:
        return [Piece(_at_fault(file, bad))]
    edges, row, held = [0], 0, 0
    for rows, packed in groups:
        if held >= size:
            edges.append(row)
            held = 0
        row, held = row + rows, held + packed
    return _between(file, edges)


def _between(file: InputFile, edges: list[int]) -> list[Piece]:
    return [Piece(file, a, b) for a, b in zip(edges, [*edges[1:], -1], strict=True)]


def _at_fault(file: InputFile, bad: BadInputError) -> InputFile:
    return replace(file, fault=bad.reason, detail=bad.detail)
