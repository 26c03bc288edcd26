"""Cuts a stream of bytes into rows, with their offsets, without ever holding a row too large."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Row(NamedTuple):
    """A row without its line end. `data` is cut at the limit, `size` is the true length in bytes.

    `offset` is that of its first byte; `closed` tells whether a separator ended it.
    """

    offset: int
    data: bytes
    size: int
    closed: bool


def rows(
    chunks: Iterable[bytes], offset: int, limit: int, separator: bytes = b"\n"
) -> Iterator[Row]:
    """Cut `chunks` at every `separator`. What follows the last one is a row, unless it is empty.

    A row longer than `limit` bytes is passed on with its beginning only. Only the separator cuts:
    U+2028 and U+0085 are text.
    """
    held: list[bytes] = []  # pieces of the row that is open, up to `limit` bytes in all
    kept = size = 0
    seam = len(separator) - 1
    carry = b""
    for chunk in chunks:
        parts = (carry + chunk).split(separator) if carry else chunk.split(separator)
        carry = b""
        for part in parts[:-1]:
            if not size:
                yield Row(offset, part[: limit + 1], len(part), closed=True)
                offset += len(part) + len(separator)
                continue
            size += len(part)
            held.append(part[: max(0, limit + 1 - kept)])
            yield Row(offset, b"".join(held), size, closed=True)
            offset += size + len(separator)
            held, kept, size = [], 0, 0
        last = parts[-1]
        if seam and last:  # a separator may be cut by the end of the chunk
            last, carry = last[:-seam], last[-seam:]
        if last:
            held.append(last[: max(0, limit + 1 - kept)])
            kept += len(held[-1])
            size += len(last)
    if carry:
        held.append(carry[: max(0, limit + 1 - kept)])
        size += len(carry)
    if size:
        yield Row(offset, b"".join(held), size, closed=False)


def from_first_row(
    chunks: Iterable[bytes], offset: int, stop: int = -1
) -> Iterator[tuple[int, bytes]]:
    """Skip to behind the first line end; yield (offset, chunk) from there.

    For a reader that begins in the middle of a file, one byte before its piece: the row that the
    piece before began is that one's. A piece that ends (`stop`) within that row has no row.
    """
    skipping = True
    for chunk in chunks:
        if not skipping:
            yield offset, chunk
        elif (end := chunk.find(b"\n")) >= 0:
            skipping = False
            yield offset + end + 1, chunk[end + 1 :]
        offset += len(chunk)
        if skipping and 0 <= stop <= offset:  # a row of half a gigabyte is not read for each piece
            return


def as_utf8(chunks: Iterable[bytes], charset: str) -> Iterator[bytes]:
    """Return UTF-16 or UTF-32 bytes as UTF-8 without the mark; half a unit becomes U+FFFD."""
    decoder = codecs.getincrementaldecoder(charset)("replace")
    first = True
    for chunk in chunks:
        text = decoder.decode(chunk)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        yield text.encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
