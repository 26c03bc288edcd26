"""Tells what a file is from its first bytes; the name only breaks ties between kinds of text."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from pipeline.decode import BOMS, decode_row
from pipeline.readers.base import BadInputError, InputFile
from pipeline.readers.options import InputOptions, LimitOptions
from pipeline.readers.streams import (
    check_unchanged,
    compression_of,
    open_input,
    raw_chunks,
    unpacked,
)
from pipeline.tablefiles import table_rows

HEAD = 1 << 16
"""Bytes of the unpacked file that are looked at."""

BINARY = [(bytes.fromhex(magic), what) for magic, what in table_rows("readers/binary.tsv")]
_MAGIC = tuple(magic for magic, _ in BINARY)
WIDE_BOMS = [(mark, name) for mark, name in BOMS if name.startswith(("utf-16", "utf-32"))]
NAMES = {
    "txt": "text", "md": "text", "text": "text", "jsonl": "jsonl", "ndjson": "jsonl",
    "json": "jsonl", "csv": "csv", "tsv": "tsv", "parquet": "parquet", "warc": "warc",
    "wet": "warc", "wat": "warc", "arc": "arc", "html": "html", "htm": "html", "xhtml": "html",
}  # fmt: skip
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1b")) + b"\x7f"
_ASCII = bytes(range(0x80))
MAX_CONTROL_SHARE = 0.05
"""Text has none; random bytes have 11 %; a dropped NUL after each sentence makes about 1 %."""
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body|frameset)\b", re.IGNORECASE)


def sniff(file: InputFile, options: InputOptions, limits: LimitOptions) -> InputFile:
    """Return the file with its format and compression; BadInputError where it is not for us."""
    return sniff_all(file, options, limits)[0]


def sniff_all(
    file: InputFile, options: InputOptions, limits: LimitOptions
) -> tuple[InputFile, bytes | None]:
    """Do as `sniff`; return all bytes of a small file too, which need not be opened twice."""
    if file.format:
        return file, None
    if not file.size and file.path.lower().endswith((".gz", ".zst", ".bz2", ".xz", ".parquet")):
        raise BadInputError("damaged-stream", "zero bytes")
    with open_input(file) as handle:
        read = next(raw_chunks(handle, HEAD), b"")
        compression = compression_of(read)
        small = file.size <= HEAD and not compression
        if not small or len(read) != file.size:
            handle.seek(0)
            read = _head(unpacked(handle, compression, file.size, limits))
        if small:
            check_unchanged(file, handle)
    head = read[:HEAD]
    kind = format_of(head, file.path, options)
    # One document is decoded by `decode`, which asks nobody.
    whole = kind == "html" or (kind == "text" and options.layout == "file")
    charset = "" if whole else charset_of(head, options)
    return file.told(kind, compression, charset), read if small else None


def _head(chunks: Iterable[bytes]) -> bytes:
    """Return the first bytes; damage behind some is for the reader of the format to judge."""
    head = b""
    try:
        for chunk in chunks:
            head += chunk
            if len(head) >= HEAD:
                break
    except BadInputError:
        if not head:
            raise
    return head


def format_of(head: bytes, path: str, options: InputOptions) -> str:
    """Return the format that the first (unpacked) bytes show; BadInputError for what is no text."""
    named = _by_name(path) if options.format == "auto" else options.format
    if head.startswith((b"PAR1", b"PARE")):
        return "parquet"
    if head.startswith(b"WARC/"):
        return "warc"
    if head.startswith(b"filedesc:"):
        return "arc"
    if head.startswith(_MAGIC):
        what = next(what for magic, what in BINARY if head.startswith(magic))
        raise BadInputError("binary", what, head[:64])
    if named in ("parquet", "warc", "arc") and head:
        raise BadInputError("not-what-it-says", f"no {named} file", head[:64])
    wide = wide_charset(head) or _unmarked_wide(head)
    if not wide:
        _refuse_binary(head)
    if options.format != "auto":
        return named
    text = head.decode(wide, "ignore").encode("utf-8", "replace") if wide else head
    return _kind_of_text(_without_bom(text), named)


def charset_of(head: bytes, options: InputOptions) -> str:
    """Return the charset of a file of rows from its beginning; empty for UTF-8.

    A row alone is too short to tell. A few bad bytes do not make a file another charset.
    """
    if wide := wide_charset(head) or _unmarked_wide(head):
        return wide
    whole = head[: head.rfind(b"\n") + 1] or head
    bad = whole.decode("utf-8", "replace").count("\ufffd")
    if bad * 20 <= len(whole.translate(None, _ASCII)):
        return ""
    found = options.charset or decode_row(whole).encoding
    return "" if found == "utf-8" else found


def wide_charset(head: bytes) -> str:
    """Return the UTF-16 or UTF-32 that a byte-order mark shows, or nothing."""
    return next((name for mark, name in WIDE_BOMS if head.startswith(mark)), "")


def _by_name(path: str) -> str:
    parts = path.rsplit("/", 1)[-1].lower().split(".")[1:]
    return next((NAMES[part] for part in reversed(parts) if part in NAMES), "")


def _without_bom(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf")


def _refuse_binary(head: bytes) -> None:
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > MAX_CONTROL_SHARE * len(head):
        share = controls / len(head)
        raise BadInputError("binary", f"{share:.0%} control characters", head[:64])


def _unmarked_wide(head: bytes) -> str:
    """Return the UTF-16 that shows without a mark: nearly all reads as Han, CJK marks or ASCII."""
    if b"\0" not in head:  # of a line end, or of a digit
        return ""
    even = head[: len(head) & ~1]
    for name in ("utf-16-le", "utf-16-be"):
        text = even.decode(name, "replace")
        good = sum(
            "\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u30ff" or "\uff00" <= c <= "\uffef"
            or " " <= c <= "~" or c in "\t\n\r"
            for c in text
        )  # fmt: skip
        if good >= 0.9 * len(text):
            return name
    return ""


def _kind_of_text(head: bytes, named: str) -> str:
    """Tell JSON and pages by their bytes; where both could be, the name decides."""
    start = head.lstrip()[:1]
    if start in (b"{", b"[") and (kind := _kind_of_json(head.strip(), named)):
        return kind
    if named in ("jsonl", "csv", "tsv", "html"):
        return named
    if start == b"<" and _HTML.search(head[:1024]):
        return "html"
    return "text"


def _kind_of_json(head: bytes, named: str) -> str:
    """Return jsonl, or json for an array or an object over many lines; nothing for a text."""
    first, _, more = head.partition(b"\n")
    row = _loads(first)
    if isinstance(row, list) and row[:1] and isinstance(row[0], dict):
        return "json"
    if isinstance(row, dict) or (row is not None and named != "text"):
        return "jsonl"
    if named == "text":
        return ""
    # The first line is no value: an array over many lines, or a row that is broken, or very long.
    return "jsonl" if first.startswith(b"{") and not more else "json"


def _loads(line: bytes) -> object:
    """Return the value of a line of JSON; None where it is none, or null."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
