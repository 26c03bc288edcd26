"""Plain text and pages: one document a file, one a line, or cut at a separator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.document import RawDocument
from pipeline.readers.base import BadInputError, Fault, Piece
from pipeline.readers.lines import Row, rows
from pipeline.readers.options import InputOptions, LimitOptions


def read_whole(
    piece: Piece, chunks: Iterable[bytes], options: InputOptions, limits: LimitOptions
) -> Iterator[RawDocument | Fault]:
    """Yield the file as one document, record 0, empty or not."""
    if not piece.holds(0):
        return
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size > limits.max_record_bytes:
            raise BadInputError(
                "record-too-large", f"more than {limits.max_record_bytes} bytes", held[0][:200]
            )
    whole, name = b"".join(held), piece.file.name
    held.clear()
    document = RawDocument(name, 0, whole, name, options.charset, {}, piece.file.format)
    del whole  # its document lets go of it once it is decoded
    yield document


def read_rows(
    piece: Piece,
    chunks: Iterable[bytes],
    offset: int,
    options: InputOptions,
    limits: LimitOptions,
) -> Iterator[RawDocument | Fault]:
    """Yield a document per line or per separated part; blank ones are none."""
    separator = b"\n" if options.layout == "line" else options.separator.encode()
    charset = "utf-8" if piece.file.charset.startswith("utf-") else piece.file.charset
    for row in rows(chunks, offset, limits.max_record_bytes, separator):
        if piece.stop >= 0 and row.offset >= piece.stop:
            return
        if row.offset < piece.start:
            continue
        if row.size > limits.max_record_bytes:
            yield too_large(piece, row, limits)
        elif row.data.strip():
            yield RawDocument(
                piece.file.name,
                row.offset,
                row.data.rstrip(b"\r\n"),
                "",
                options.charset or charset,
            )


def too_large(piece: Piece, row: Row, limits: LimitOptions) -> Fault:
    """Return the fault of a row above the limit, with its beginning."""
    return Fault(
        piece.file.name,
        row.offset,
        row.offset,
        "record-too-large",
        f"{row.size} bytes, more than {limits.max_record_bytes}",
        row.data[: limits.max_sample_bytes],
    )
