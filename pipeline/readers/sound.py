"""The unpacked bytes of a piece, after the whole stream has been found sound.

A checksum stands at the end of a stream, when its rows have long been passed on and cannot be taken
back. So a compressed file is unpacked twice: once to check it, once to read it; what unpacks to
64 MiB or less is kept from the first time. Unpacking runs at some 300 MB/s, cleaning at a tenth of
that, so the check costs a few percent of the largest files and nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from pipeline.readers.base import Piece
from pipeline.readers.lines import as_utf8, from_first_row
from pipeline.readers.options import LimitOptions
from pipeline.readers.streams import (
    FREE_EXPANSION,
    check_unchanged,
    open_input,
    raw_chunks,
    unpacked,
)

Alive = Callable[[], None]
"""Called now and then while a reader works without yielding."""


def idle() -> None:
    """Do nothing: nobody watches."""


@contextmanager
def sound_chunks(
    piece: Piece, limits: LimitOptions, alive: Alive, *, rows: bool
) -> Iterator[tuple[int, Iterable[bytes]]]:
    """Give (offset, chunks) of the piece's bytes, beginning at a row; the piece's end is not cut.

    With `rows`, a compressed stream is checked to its end first, and UTF-16 comes as UTF-8; a
    whole file needs neither: it is one record, and `decode` reads its mark. Raises BadInputError.
    """
    with open_input(piece.file) as handle:
        if piece.file.compression:
            found = _checked(handle, piece, limits, alive) if rows else _all(handle, piece, limits)
            yield 0, _wide(piece, found, rows=rows)
        elif (
            rows
            and piece.start > 0
            and piece.file.format not in ("csv", "tsv")
            and not piece.file.charset.startswith("utf-")
        ):
            handle.seek(piece.start - 1)
            yield _entered(handle, piece.start - 1, piece.stop)
        else:
            yield 0, _wide(piece, raw_chunks(handle), rows=rows)
        check_unchanged(piece.file, handle)


def _all(handle: BinaryIO, piece: Piece, limits: LimitOptions) -> Iterator[bytes]:
    return unpacked(handle, piece.file.compression, piece.file.size, limits)


def _checked(handle: BinaryIO, piece: Piece, limits: LimitOptions, alive: Alive) -> Iterable[bytes]:
    kept: list[bytes] | None = []
    size = 0
    for chunk in _all(handle, piece, limits):
        alive()
        size += len(chunk)
        if kept is not None:
            kept.append(chunk)
        if size > FREE_EXPANSION:
            kept = None
    if kept is not None:
        return kept
    handle.seek(0)
    return _all(handle, piece, limits)


def _entered(handle: BinaryIO, offset: int, stop: int) -> tuple[int, Iterable[bytes]]:
    """Return the offset of the first row that begins behind `offset`, and the bytes from there."""
    rest = from_first_row(raw_chunks(handle), offset, stop)
    first = next(rest, None)
    if first is None:
        return offset, []

    def chunks() -> Iterator[bytes]:
        yield first[1]
        for _, chunk in rest:
            yield chunk

    return first[0], chunks()


def _wide(piece: Piece, chunks: Iterable[bytes], *, rows: bool) -> Iterable[bytes]:
    return as_utf8(chunks, piece.file.charset) if piece.file.wide and rows else chunks
