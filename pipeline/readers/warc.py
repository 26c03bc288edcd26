"""WARC, WET and ARC: records by their headers, each fault where it is, the rest still read.

The framing is our own, because a lying Content-Length must cost its record and not the ones behind
it: after each body the next header is expected, and where it is not, reading goes on at the next
one that there is. (FastWARC skips such records in silence, and does not read ARC.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipeline.document import RawDocument
from pipeline.readers.base import BadInputError, Fault, Piece
from pipeline.readers.fields import as_json
from pipeline.readers.http import response
from pipeline.readers.options import LimitOptions

MAX_HEADER = 1 << 16
"""Bytes of a record's header; real ones have under a thousand."""
_NEXT = {
    "warc": re.compile(rb"(?m)^WARC/1\.\d\r?$"),
    "arc": re.compile(rb"(?m)^\w+://\S+ \S+ \d{14} \S+ \d+$"),
}
_DOCUMENTS = ("response", "conversion", "resource")


class Header(NamedTuple):
    """What the header of a record says: `length` in bytes of the body, or what is wrong with it."""

    kind: str
    length: int
    uri: str
    mime: str
    id: str
    date: str


class _Bytes:
    """A stream of chunks with a look ahead. `at` is the offset of the next byte."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)
        self.held = b""
        self.start = 0  # of the next byte, in `held`
        self.at = 0
        self.fault: BadInputError | None = None

    def have(self, size: int) -> int:
        """Hold the next `size` bytes, fewer at the end; return how many there are."""
        left = len(self.held) - self.start
        if left < size:
            parts = [self.held[self.start :]]
            while left < size and (chunk := self._chunk()):
                parts.append(chunk)
                left += len(chunk)
            self.held, self.start = b"".join(parts), 0
        return min(left, size)

    def look(self, size: int, skip: int = 0) -> bytes:
        """Return `size` bytes, `skip` bytes ahead, fewer at the end, without taking them."""
        self.have(skip + size)
        return self.held[self.start + skip : self.start + skip + size]

    def _chunk(self) -> bytes:
        if self.fault is not None:
            return b""
        try:
            return next(self.chunks, b"")
        except BadInputError as bad:  # what came before the damage is sound, record by record
            self.fault = bad
            return b""

    def take(self, size: int) -> bytes:
        data = self.look(size)
        self.start += len(data)
        self.at += len(data)
        return data

    def skip_to(self, pattern: re.Pattern[bytes]) -> bool:
        """Go to the next match at the beginning of a line; False at the end of the file."""
        while size := self.have(MAX_HEADER):
            whole = size < MAX_HEADER
            found = pattern.search(self.held, self.start, self.start + size)
            if found and (whole or found.end() < self.start + size):
                self.take(found.start() - self.start)
                return True
            line = size if whole else self.held.rfind(b"\n", self.start, self.start + size)
            # A line that fills the window is no header; `^` needs the line end before the next.
            self.take(size if whole or line <= self.start else line - self.start)
        return False


def read_warc(
    piece: Piece, chunks: Iterable[bytes], limits: LimitOptions
) -> Iterator[RawDocument | Fault]:
    """Yield a document or a fault per record that is a page or a text; others are none.

    The record's number is its offset in the unpacked file.
    """
    stream = _Bytes(chunks)
    for item in _records(stream, piece.file.format, piece.file.name, limits):
        if piece.stop >= 0 and item.record >= piece.stop:
            return
        if item.record >= piece.start:
            yield item
    if stream.fault is not None:
        raise stream.fault


def _records(
    stream: _Bytes, kind: str, path: str, limits: LimitOptions
) -> Iterator[RawDocument | Fault]:
    while True:
        _skip_blank(stream)
        at = stream.at
        head = _head(stream)
        if not head:
            return
        try:
            header, size = _warc_header(head) if kind == "warc" else _arc_header(head)
            stream.take(size)
            body = _body(stream, header, kind, limits)
            if header.kind in _DOCUMENTS:
                yield _page(header, body, at, path, limits)
        except BadInputError as bad:
            if stream.fault is not None:
                return  # the record was cut with the stream, whose fault is told once
            yield bad.fault(path, at, at, head[: limits.max_sample_bytes])
            if stream.at == at:
                stream.take(1)
            if not stream.skip_to(_NEXT[kind]):
                return


def _head(stream: _Bytes) -> bytes:
    """Return what is certain to hold the header: usually 4 kB, 64 kB where it is longer."""
    head = stream.look(4096)
    return head if b"\n\r\n" in head or b"\n\n" in head else stream.look(MAX_HEADER)


def _skip_blank(stream: _Bytes) -> None:
    while (window := stream.look(64)) and (blank := len(window) - len(window.lstrip(b"\r\n"))):
        stream.take(blank)


def _warc_header(head: bytes) -> tuple[Header, int]:
    ends = [end for mark in (b"\r\n\r\n", b"\n\n") if (end := head.find(mark)) >= 0]
    if not head.startswith(b"WARC/") or not ends:
        raise BadInputError("warc-header", "no end of the header" if not ends else "no header")
    end = min(ends)
    size = end + (4 if head.startswith(b"\r\n\r\n", end) else 2)
    pairs: dict[str, str] = {}
    for line in head[:end].splitlines()[1:]:
        name, _, value = line.partition(b":")
        pairs.setdefault(
            name.strip().lower().decode("latin-1"), value.strip().decode("utf-8", "replace")
        )
    length = pairs.get("content-length", "")
    return Header(
        pairs.get("warc-type", ""),
        int(length) if re.fullmatch(r"[0-9]{1,18}", length) else -1,
        pairs.get("warc-target-uri", "").strip("<>"),
        pairs.get("content-type", ""),
        pairs.get("warc-record-id", "").strip("<>"),
        pairs.get("warc-date", ""),
    ), size


def _arc_header(head: bytes) -> tuple[Header, int]:
    end = head.find(b"\n")
    parts = head[: max(end, 0)].decode("utf-8", "replace").split(" ")
    if len(parts) < 5:
        raise BadInputError("warc-header", "no header")
    uri, _, date, mime, length = (*parts[:4], parts[-1].strip())
    kind = "warcinfo" if uri.startswith("filedesc:") else "response"
    size = int(length) if re.fullmatch(r"[0-9]{1,18}", length) else -1
    http = "application/http" if uri.startswith("http") else mime
    return Header(kind, size, uri, http, "", date), end + 1


def _body(stream: _Bytes, header: Header, kind: str, limits: LimitOptions) -> bytes:
    """Take the body of a record, and make sure that the next one begins where it ends."""
    if header.length < 0:
        raise BadInputError("warc-length", "no Content-Length that is a number")
    if header.length > limits.max_record_bytes:
        raise BadInputError("record-too-large", f"{header.length} bytes")
    if stream.have(header.length) < header.length:
        raise BadInputError("warc-length", f"{header.length} bytes, the file ends before")
    following = stream.look(64, header.length).lstrip(b"\r\n")
    if following and kind == "warc" and not following.startswith(b"WARC/"):
        raise BadInputError("warc-length", "no header behind the body")
    return stream.take(header.length)


def _page(
    header: Header, body: bytes, at: int, path: str, limits: LimitOptions
) -> RawDocument | Fault:
    try:
        return _document(header, body, at, path, limits)
    except BadInputError as bad:
        return bad.fault(path, at, at, body[: limits.max_sample_bytes])


def _document(header: Header, body: bytes, at: int, path: str, limits: LimitOptions) -> RawDocument:
    fields: dict[str, object] = {"url": header.uri}
    if header.date:
        fields["extra"] = as_json({"archived_at": header.date})
    mime, charset = header.mime, ""
    # A response is HTTP, though some writers do not say so.
    if mime.startswith("application/http") or (not mime and body.startswith(b"HTTP/")):
        mime, charset, body = response(body, limits.max_record_bytes)
    bare = mime.partition(";")[0].strip().lower()
    page = "html" in bare
    if not page and bare and not bare.startswith("text/") and bare != "unknown":
        raise BadInputError("binary", bare)
    return RawDocument(path, at, body, header.id, charset, fields, "html" if page else "text")
