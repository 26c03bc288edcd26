"""CSV and TSV, row by row, so that an open quote costs its row and not the rest of the file.

Cells stay bytes: the file is read as Latin-1, which maps every byte to one character and back, and
no byte of a GB18030, Big5, Shift-JIS or UTF-8 character can be a comma, a tab, a quote or a line
end. `decode` sees the cell as it stood.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from pipeline.document import RawDocument
from pipeline.readers.base import BadInputError, Fault, Piece
from pipeline.readers.fields import FieldMap
from pipeline.readers.lines import Row, rows
from pipeline.readers.options import MIB, InputOptions, LimitOptions

MAX_LINES = 100_000
"""Lines in one quoted cell; above it the quote is taken for one that never closes."""
MAX_REREAD = 256 * MIB
"""Bytes of a file that may be read again behind open quotes: it bounds the cost of many of them."""
DELIMITERS = b",\t;|"
HEAD = 1 << 16
"""Bytes of a file that tell how its rows end."""
_QUOTED = re.compile(rb'"[^"]*(?:"|\Z)')


def read_table(
    piece: Piece,
    chunks: Iterable[bytes],
    offset: int,
    options: InputOptions,
    limits: LimitOptions,
) -> Iterator[RawDocument | Fault]:
    """Yield a document or a fault per row under the header; blank lines are no rows."""
    path, charset = piece.file.name, piece.file.legacy
    csv.field_size_limit(limits.max_record_bytes)
    chunks, end = _line_end(chunks)
    lines = rows(chunks, offset, limits.max_record_bytes, end)
    first = next((row for row in lines if row.data.strip()), None)
    if first is None:
        return
    fields = FieldMap(options, limits)
    table = _Table(lines, end, _delimiter(first.data, piece.file.format), limits)
    header = _header(table, first, charset, fields)
    for row, cells in table:
        if not piece.holds(row.offset):
            continue
        try:
            record = _record(header, cells, fields.text, charset)
            document = fields.document(path, row.offset, record)
        except BadInputError as bad:
            yield bad.fault(path, row.offset, row.offset, row.data[: limits.max_sample_bytes])
        else:
            yield document if document.charset else _with(document, options.charset or charset)


def _record(
    header: Sequence[str], cells: Sequence[str] | BadInputError, text: str, charset: str
) -> dict[str, str | bytes]:
    """Return the cells of a row by name; that of the text as bytes, which `decode` reads."""
    if isinstance(cells, BadInputError):
        raise cells
    if len(cells) != len(header):
        detail = f"{len(cells)} cells, the header has {len(header)}"
        raise BadInputError("csv-row-shape", detail)
    return {
        name: data if name == text else _text(data, charset)
        for name, data in zip(header, (cell.encode("latin-1") for cell in cells), strict=True)
        if data or name == text
    }


def _line_end(chunks: Iterable[bytes]) -> tuple[Iterable[bytes], bytes]:
    """Return the chunks again, and what ends their rows: CR alone in what an old Mac has written.

    A cell in quotes may hold either, so that only what stands outside of them counts; one line feed
    among that, and carriage returns are text or stand before it.
    """
    rest = iter(chunks)
    head: list[bytes] = []
    while sum(map(len, head)) < HEAD and (chunk := next(rest, None)) is not None:
        head.append(chunk)
    outside = _QUOTED.sub(b"", b"".join(head)[:HEAD])
    end = b"\r" if b"\r" in outside and b"\n" not in outside else b"\n"
    return chain(head, rest), end


def _with(document: RawDocument, charset: str) -> RawDocument:
    d = document
    return RawDocument(d.path, d.record, d.data, d.id, charset, d.fields) if charset else d


def _delimiter(header: bytes, kind: str) -> str:
    """Return the mark that cuts the header most often; a comma, or a tab in TSV, wins a tie."""
    order = b"\t,;|" if kind == "tsv" else DELIMITERS
    return chr(max(order, key=header.count))


def _header(table: _Table, first: Row, charset: str, fields: FieldMap) -> list[str]:
    table.put_back([Row(0, first.data.removeprefix(b"\xef\xbb\xbf"), first.size, first.closed)])
    _, cells = next(iter(table))
    if isinstance(cells, BadInputError):
        raise BadInputError(cells.reason, f"in the header: {cells.detail}", first.data)
    names = [_text(cell.encode("latin-1"), charset).strip() for cell in cells]
    fields.settle(names)
    if (n := names.count(fields.text)) != 1:
        found = ", ".join(names[:20])[:300]
        raise BadInputError("no-text-column", f"{n} columns named {fields.text!r} among: {found}")
    return names


def _text(cell: bytes, charset: str) -> str:
    if not charset:
        try:
            return cell.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if cell.isascii():
        return cell.decode("ascii")
    from pipeline.decode import decode_row

    return decode_row(cell, charset).text


class _Table:
    """Rows of cells, each with the line it begins on; a row that is no CSV gives its error.

    `csv.reader` pulls as many lines as it needs for a row. Where it fails, only the first of them
    is at fault, and the others are read again.
    """

    def __init__(
        self, lines: Iterator[Row], end: bytes, delimiter: str, limits: LimitOptions
    ) -> None:
        self.lines = lines
        self.end = end.decode()
        self.delimiter = delimiter
        self.limit = limits.max_record_bytes
        self.again: deque[Row] = deque()
        self.taken: list[Row] = []
        self.reread = 0

    def put_back(self, lines: list[Row]) -> None:
        self.again.extendleft(reversed(lines))

    def __iter__(self) -> Iterator[tuple[Row, list[str] | BadInputError]]:
        while True:
            # strict: without it an open quote swallows the rest of the file in silence
            reader = csv.reader(self._feed(), delimiter=self.delimiter, strict=True)
            try:
                for cells in reader:
                    first = self.taken[0]
                    self.taken.clear()
                    if cells:
                        yield first, cells
                return
            except csv.Error as error:
                first, *others = self.taken
                self.taken.clear()
                too_large = first.size > self.limit
                yield (
                    first,
                    BadInputError("record-too-large" if too_large else "csv-syntax", str(error)),
                )
                self.put_back(others)
                self.reread += sum(row.size for row in others)
                if self.reread > MAX_REREAD:
                    raise BadInputError("csv-syntax", "too many open quotes") from error

    def _feed(self) -> Iterator[str]:
        size = 0
        while True:
            row = self.again.popleft() if self.again else next(self.lines, None)
            if row is None:
                return
            if not self.taken:
                size = 0
            self.taken.append(row)
            size += row.size
            if size > self.limit or len(self.taken) > MAX_LINES:
                raise csv.Error(f"more than {self.limit} bytes or {MAX_LINES} lines in a row")
            yield row.data.decode("latin-1") + self.end
