"""JSON rows (JSONL, NDJSON), and the JSON array that is sold as such."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import orjson

from pipeline.document import RawDocument
from pipeline.readers.base import BadInputError, Fault, Piece
from pipeline.readers.fields import FieldMap, as_json, encodable
from pipeline.readers.lines import rows
from pipeline.readers.options import InputOptions, LimitOptions
from pipeline.readers.plain import too_large

NO_TEXT = 0.1
"""Confidence of `decode` below which bytes are no text: one in twenty is undecodable, or worse."""


def read_jsonl(
    piece: Piece,
    chunks: Iterable[bytes],
    offset: int,
    options: InputOptions,
    limits: LimitOptions,
) -> Iterator[RawDocument | Fault]:
    """Yield a document or a fault per row; blank lines are no rows."""
    path = piece.file.name
    fields = FieldMap(options, limits)
    charset = piece.file.legacy
    for row in rows(chunks, offset, limits.max_record_bytes):
        if piece.stop >= 0 and row.offset >= piece.stop:
            return
        if row.size > limits.max_record_bytes:
            yield too_large(piece, row, limits)
            continue
        data = row.data.removeprefix(b"\xef\xbb\xbf") if row.offset == 0 else row.data
        if not data.strip():
            continue
        try:
            value, columns = parse_row(data, charset)
            document = fields.document(path, row.offset, value)
            yield with_columns(document, columns) if columns else document
        except BadInputError as bad:
            yield bad.fault(path, row.offset, row.offset, data[: limits.max_sample_bytes])


def read_json(
    piece: Piece, chunks: Iterable[bytes], options: InputOptions, limits: LimitOptions
) -> Iterator[RawDocument | Fault]:
    """Yield the objects of a JSON array (their number is their place in it), or the one object.

    What is neither, or too large to be read at once, is read as rows: it may be JSONL whose first
    row is damaged.
    """
    held: list[bytes] = []
    size = 0
    rest = iter(chunks)
    for chunk in rest:
        held.append(chunk)
        size += len(chunk)
        if size > limits.max_record_bytes:
            break
    found: list[Any] | None = None
    if size <= limits.max_record_bytes:
        found, columns = _values(b"".join(held).removeprefix(b"\xef\xbb\xbf"), piece.file.legacy)
    if found is None:
        yield from read_jsonl(piece, chain(held, rest), 0, options, limits)
        return
    path, fields = piece.file.name, FieldMap(options, limits)
    for number, value in enumerate(found):
        if not piece.holds(number):
            continue
        try:
            if not isinstance(value, dict):
                raise BadInputError("not-an-object", f"a JSON {type(value).__name__}")
            document = fields.document(path, number, value)
            yield with_columns(document, columns) if columns else document
        except BadInputError as bad:
            yield bad.fault(path, number, -1, as_json(value).encode()[: limits.max_sample_bytes])


def _values(data: bytes, charset: str) -> tuple[list[Any] | None, dict[str, object]]:
    """Return the elements of an array, or the one object, and columns; None for anything else."""
    from pipeline.decode import is_utf8

    columns: dict[str, object] = {}
    try:
        if charset or not is_utf8(data):
            data, columns = decoded(data, charset)
        value = orjson.loads(data)
    except (orjson.JSONDecodeError, BadInputError):
        return None, {}
    found = value if isinstance(value, list) else [value] if isinstance(value, dict) else None
    return found, columns


def parse_row(data: bytes, charset: str = "") -> tuple[dict[str, Any], dict[str, object]]:
    """Return the object of a row, and columns that say what of it had to be decoded, if any."""
    if not charset:
        try:
            return parse(data)
        except BadInputError as bad:
            if bad.reason != "bad-utf8":
                raise
    data, columns = decoded(data, charset)
    return parse(data)[0], columns


def decoded(data: bytes, charset: str) -> tuple[bytes, dict[str, object]]:
    """Return JSON that is not in UTF-8 as UTF-8, and columns that say what it was in.

    No byte of a character in GB18030, Big5, Shift-JIS or a Korean charset is a quote, so that bad
    bytes stay inside their string. BadInputError where the bytes are no text at all.
    """
    from pipeline.decode import decode_row

    found = decode_row(data, charset)
    if found.confidence < NO_TEXT:
        raise BadInputError("bad-utf8", f"{found.errors} undecodable bytes as {found.encoding}")
    columns: dict[str, object] = {
        "encoding": found.encoding,
        "encoding_confidence": found.confidence,
        "decode_errors": found.errors,
    }
    return found.text.encode("utf-8", "replace"), columns


def with_columns(document: RawDocument, columns: dict[str, object]) -> RawDocument:
    """Return a document that knows what it was decoded from; errors count where its text is."""
    d = document
    if columns["decode_errors"] and isinstance(d.data, str):
        columns = {**columns, "decode_errors": d.data.count("\ufffd")}
    return RawDocument(d.path, d.record, d.data, d.id, d.charset, {**d.fields, **columns}, d.format)


def parse(data: bytes) -> tuple[dict[str, Any], dict[str, object]]:
    """Return the object of a row in UTF-8, and columns where half a character was in it.

    BadInputError with the reason where it is none.
    """
    columns: dict[str, object] = {}
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        value = _second_try(data, error)
        columns = {"encoding": "utf-8", "encoding_confidence": 1.0, "decode_errors": 1}
    if not isinstance(value, dict):
        raise BadInputError("not-an-object", f"a JSON {type(value).__name__}")
    for v in value.values():
        if type(v) is float and abs(v) >= 1 << 63:
            return dict(_exact(data)), columns
    return value, columns


def _second_try(data: bytes, error: orjson.JSONDecodeError) -> Any:
    r"""Read a row with half an emoji in it (\\ud83d alone); other faults get their reason."""
    message = str(error)
    if "depth limit" in message:
        raise BadInputError("json-too-deep", message) from error
    if "valid UTF-8" in message:
        raise BadInputError("bad-utf8", message) from error
    if "surrogate" in message:
        return encodable(_exact(data))
    raise BadInputError("json-syntax", message) from error


def _exact(data: bytes) -> Any:
    """Parse with Python's own parser: integers of any size, lone surrogates."""

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is no JSON")

    try:
        return json.loads(data, parse_constant=refuse)
    except RecursionError as error:
        raise BadInputError("json-too-deep", "recursion") from error
    except ValueError as error:
        raise BadInputError("json-syntax", str(error)) from error
