"""The body of an HTTP response in an archive: chunks joined, content encodings undone."""

from __future__ import annotations

import io
import re
import zlib

from pipeline.readers.base import BadInputError

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


def response(data: bytes, max_bytes: int) -> tuple[str, str, bytes]:
    """Return (media type, declared charset, body) of an HTTP response.

    Archives often undo an encoding and keep its header: where the body does not look encoded, it
    is taken as it is. Raises BadInputError where it looks so and cannot be undone.
    """
    end = data.find(b"\r\n\r\n")
    at, size = (end, 4) if end >= 0 else (data.find(b"\n\n"), 2)
    if not data.startswith(b"HTTP/") or at < 0:
        return "", "", data
    headers = _headers(data[:at])
    body = data[at + size :]
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _joined(body)
    for encoding in reversed(headers.get("content-encoding", "").lower().split(",")):
        body = _undone(body, encoding.strip(), max_bytes)
    mime = headers.get("content-type", "text/html")
    declared = _CHARSET.search(mime)
    return mime, declared[1] if declared else "", body


def _headers(head: bytes) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for line in head.split(b"\n")[1:]:
        name, _, value = line.partition(b":")
        pairs.setdefault(name.strip().lower().decode("latin-1"), value.strip().decode("latin-1"))
    return pairs


def _joined(body: bytes) -> bytes:
    """Join the chunks of a chunked body."""
    parts: list[bytes] = []
    at = 0
    while True:
        end = body.find(b"\n", at, at + 64)
        length = body[at : max(end, 0)].partition(b";")[0].strip()
        if end < 0 or not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", length):
            if at == 0:
                return body  # joined already, by the archive
            raise BadInputError("http-body", f"no chunk size at {at}")
        size = int(length, 16)
        if not size:
            return b"".join(parts)
        at = end + 1
        if at + size > len(body):
            raise BadInputError("http-body", f"a chunk of {size} bytes, {len(body) - at} are left")
        parts.append(body[at : at + size])
        at += size
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)


def _undone(body: bytes, encoding: str, max_bytes: int) -> bytes:
    if encoding in ("gzip", "x-gzip") and body.startswith(b"\x1f\x8b"):
        return _inflated(body, 31, max_bytes)
    if encoding == "deflate" and body[:1] == b"\x78":
        return _inflated(body, 15, max_bytes)
    if encoding == "br":
        return _brotli(body, max_bytes)
    return body


def _inflated(body: bytes, bits: int, max_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(bits)
    try:
        out = unpacker.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise BadInputError("http-body", str(error)) from error
    return _bounded(out, max_bytes)


def _brotli(body: bytes, max_bytes: int) -> bytes:
    from fastwarc.stream_io import BrotliReader

    try:
        return _bounded(BrotliReader(io.BytesIO(body)).read(max_bytes + 1), max_bytes)
    except (OSError, ValueError) as error:
        raise BadInputError("http-body", str(error)) from error


def _bounded(out: bytes, max_bytes: int) -> bytes:
    if len(out) > max_bytes:
        raise BadInputError("expands-too-far", f"a body of more than {max_bytes} bytes")
    return out
