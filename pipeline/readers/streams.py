"""Bytes of a file, unpacked: gzip, zstd, bzip2 and xz, in bounded memory and with every check.

A cut or damaged stream raises BadInputError; none is ever taken for a shorter whole one. zlib, bz2
and lzma are driven by hand, because their decompressors bound the *output* of a call (a few bytes
can hold gigabytes) and say where a member ends. python-zstandard passes a truncated frame in
silence, so zstd goes through Arrow, whose window is bounded to 128 MiB by the library's default.
"""

from __future__ import annotations

import bz2
import lzma
import os
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from pipeline.readers.base import BadInputError, InputFile
from pipeline.readers.options import MIB, LimitOptions
from pipeline.readers.remote import is_remote, open_remote

CHUNK = 1 << 18
"""Bytes per read: large enough for the disk, small enough that members are cheap to cut off."""
FREE_EXPANSION = 64 * MIB
"""Unpacked bytes below which no expansion is a danger: they fit in any worker."""

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
)


def compression_of(head: bytes) -> str:
    """Return the compression that the first bytes of a file show, or nothing."""
    for magic, name in MAGIC:
        if head.startswith(magic):
            return name
    # A skippable frame may come first (pzstd, seekable zstd): 0x184D2A50 to 0x184D2A5F.
    if len(head) >= 4 and head[0] & 0xF0 == 0x50 and head[1:4] == b"\x2a\x4d\x18":
        return "zst"
    return ""


def open_input(file: InputFile) -> BinaryIO:
    """Open a file that was planned; BadInputError where it is gone, or no longer the same."""
    if is_remote(file.path):
        return open_remote(file)
    try:
        handle = os.fdopen(os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", 0)
        about = os.fstat(handle.fileno())
    except OSError as error:
        raise BadInputError("unreadable", error.strerror or str(error)) from error
    if file.mtime_ns and (about.st_size, about.st_mtime_ns) != (file.size, file.mtime_ns):
        handle.close()
        raise BadInputError("changed-during-run", f"size was {file.size}, is {about.st_size}")
    return handle


def check_unchanged(file: InputFile, handle: BinaryIO) -> None:
    """Raise BadInputError where a file was written to while it was read.

    What was read of it before stays; that it is not all of one file is told in the quarantine.
    """
    if not file.mtime_ns or is_remote(file.path):  # an object is replaced, never written to
        return
    about = os.fstat(handle.fileno())
    if (about.st_size, about.st_mtime_ns) != (file.size, file.mtime_ns):
        raise BadInputError("changed-during-run", f"size was {file.size}, is {about.st_size}")


def raw_chunks(handle: BinaryIO, size: int = CHUNK) -> Iterator[bytes]:
    """Read a file to its end; an error of the disk is an input fault."""
    while True:
        try:
            chunk = handle.read(size)
        except OSError as error:
            raise BadInputError("unreadable", error.strerror or str(error)) from error
        if not chunk:
            return
        yield chunk


def unpacked(
    handle: BinaryIO, compression: str, packed_size: int, limits: LimitOptions
) -> Iterator[bytes]:
    """Yield the unpacked bytes of an open file, in chunks of at most 1 MiB."""
    if not compression:
        yield from raw_chunks(handle)
        return
    allowed = max(FREE_EXPANSION, packed_size * limits.max_expansion)
    total = 0
    for chunk in _zstd(handle) if compression == "zst" else _members(handle, compression):
        total += len(chunk)
        if total > allowed:
            raise BadInputError(
                "expands-too-far", f"{packed_size} bytes give more than {allowed}", chunk[:200]
            )
        yield chunk


def _new(compression: str) -> Any:
    if compression == "gz":
        return zlib.decompressobj(31)
    return bz2.BZ2Decompressor() if compression == "bz2" else lzma.LZMADecompressor()


def _members(handle: BinaryIO, compression: str) -> Iterator[bytes]:
    """Unpack one member after another; zero padding behind the last one is allowed."""
    unpacker = _new(compression)
    fresh = True  # nothing of this member has been read
    for data in raw_chunks(handle):
        while data:
            if fresh:
                data = data if data.strip(b"\0") else b""  # noqa: PLW2901
                if not data:
                    break
            try:
                out = unpacker.decompress(data, MIB)
            except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
                raise BadInputError("damaged-stream", str(error), data[:64]) from error
            fresh = False
            if out:
                yield out
            if unpacker.eof:
                data = unpacker.unused_data  # noqa: PLW2901
                unpacker, fresh = _new(compression), True
            elif compression == "gz":
                data = unpacker.unconsumed_tail  # noqa: PLW2901
            else:
                data = b""  # noqa: PLW2901
                while not (unpacker.needs_input or unpacker.eof):
                    yield _more(unpacker)
                if unpacker.eof:
                    data = unpacker.unused_data  # noqa: PLW2901
                    unpacker, fresh = _new(compression), True
    if not fresh:
        yield from _rest(unpacker, compression)


def _more(unpacker: Any) -> bytes:
    try:
        out: bytes = unpacker.decompress(b"", MIB)
    except (OSError, lzma.LZMAError, EOFError) as error:
        raise BadInputError("damaged-stream", str(error)) from error
    return out


def _rest(unpacker: Any, compression: str) -> Iterator[bytes]:
    """At the end of the file a member must be at its end too."""
    if compression == "gz":
        out = unpacker.flush()
        if out:
            yield out
    if not unpacker.eof:
        raise BadInputError("damaged-stream", "the file ends inside the compressed stream")


class _Kept:
    """A handle that Arrow may close, and that stays open for the second reading."""

    def __init__(self, handle: BinaryIO) -> None:
        self.read = handle.read
        self.closed = False

    def close(self) -> None:
        self.closed = True


def _zstd(handle: BinaryIO) -> Iterator[bytes]:
    import pyarrow as pa

    try:
        stream = pa.CompressedInputStream(pa.PythonFile(cast("Any", _Kept(handle)), "r"), "zstd")
        while chunk := stream.read(MIB):
            yield chunk
    except (OSError, pa.ArrowException) as error:
        raise BadInputError("damaged-stream", str(error)) from error
