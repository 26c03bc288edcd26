"""What the readers pass on: files, pieces of files, and faults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from pipeline.tablefiles import table_rows

REASONS: dict[str, str] = dict(table_rows("readers/reasons.tsv"))
"""Codes, and what they mean."""


class Fault(NamedTuple):
    """One quarantined record, file, or run of records.

    `record` is the record's number as in RawDocument, or -1 where the file itself is at fault;
    `offset` its place in the (unpacked) file in bytes, or -1; `reason` a code of REASONS;
    `sample` a bounded piece of the bytes; `records` how many it accounts for: 1, or more
    where bad rows beyond max_bad_rows are only counted.
    """

    path: str
    record: int
    offset: int
    reason: str
    detail: str = ""
    sample: bytes = b""
    records: int = 1


class BadInputError(Exception):
    """An input fault below the level of a record; the reader turns it into a `Fault`."""

    def __init__(
        self, reason: str, detail: str = "", sample: bytes = b"", records: int = 1
    ) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.sample = sample
        self.records = records

    def fault(self, path: str, record: int, offset: int, sample: bytes) -> Fault:
        """Return the fault of the record, or of the file, that this happened to."""
        return Fault(path, record, offset, self.reason, self.detail, sample, self.records)


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file as it was found.

    `path` is as the operating system wants it (bytes that are no UTF-8 are surrogates). `format`
    and `compression` are empty until the bytes have been looked at (`sniff`); `charset` is what
    the beginning of a file of rows looks like, empty for UTF-8. `fault` is a code of REASONS where
    the file cannot be read at all; it is still read, and gives that fault. `stamp`: size, times of
    the last writing and of the last change in nanoseconds, and inode; zeros where there are none.
    """

    path: str
    size: int = 0
    mtime_ns: int = 0
    format: str = ""
    compression: str = ""
    charset: str = ""
    fault: str = ""
    detail: str = ""
    stamp: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def name(self) -> str:
        """The path as text that any output can hold: `shown(path)`."""
        return shown(self.path)

    @property
    def legacy(self) -> str:
        """The charset of rows that do not reach their reader as UTF-8; empty where they do."""
        return "" if self.charset.startswith("utf-") else self.charset

    @property
    def wide(self) -> bool:
        """Whether rows are in UTF-16 or UTF-32, and turned into UTF-8 for their reader."""
        return self.charset.startswith(("utf-16", "utf-32"))

    def told(self, format: str, compression: str, charset: str) -> InputFile:  # noqa: A002
        """Return this file with what its bytes said."""
        return replace(self, format=format, compression=compression, charset=charset)


@dataclass(frozen=True, slots=True)
class Piece:
    """The records of a file whose number is in [start, stop); stop -1 is the end.

    Numbers are byte offsets in files of lines (in the unpacked bytes, where the file is
    compressed), offsets of the record in WARC and ARC, row numbers in tables. A record has the
    same number wherever a file is cut, because a number never depends on a count of what came
    before in another piece: so cutting changes no byte of the data, and a piece can be halved
    until it holds one record.
    """

    file: InputFile
    start: int = 0
    stop: int = -1

    @property
    def path(self) -> str:
        """Path of the file, as the operating system wants it."""
        return self.file.path

    def holds(self, record: int) -> bool:
        """Tell whether the record of this number belongs to the piece."""
        return record >= self.start and (self.stop < 0 or record < self.stop)


def shown(path: str) -> str:
    r"""Return a path as valid text, different for different paths: bytes that are no UTF-8 as \xNN.

    A backslash is doubled, so that no name can look like an escaped one.

    >>> shown("a/b.txt")
    'a/b.txt'
    >>> shown("bad" + chr(0xDCFF))
    'bad\\xff'
    """
    doubled = path.replace("\\", "\\\\")
    text = doubled.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return path if text == path else text  # of a hundred thousand paths there is one copy
