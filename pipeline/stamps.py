"""Which input files are still those whose bytes an earlier run hashed: a night reads what is new.

    state/inputs.json    of each file its stamp (size, times, inode), its pieces and their hashes

A file is taken to be the same while its stamp is: writing to it, or putting another in its place,
sets the time of its last change (ctime), which no program can set back. A change in the same tick
of the clock would not show, so that a file is trusted only if it was hashed two seconds or more
after its last change (as git does with its index).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import xxhash

from pipeline.readers import InputFile
from pipeline.store.files import write_bytes

if TYPE_CHECKING:
    from pipeline.plan import PlannedPiece

_SETTLED_NS = 2_000_000_000


class Stamped(NamedTuple):
    """A piece as it was planned: first record, first record after it, hash, bytes."""

    start: int
    stop: int
    digest: str
    size: int


class _Noted(tuple["PlannedPiece", ...]):
    """The pieces of a file that this run has hashed. They are written as rows, one at a time."""

    __slots__ = ()

    def row(self) -> list[Any]:
        """Return what is written of the file."""
        file = self[0].piece.file
        told = (file.format, file.compression, file.charset)
        return [file.stamp, told, [(*piece.name[1:], piece.size) for piece in self]]


class Stamps:
    """The files that earlier runs of a program have hashed; `path`: where they are noted."""

    def __init__(self, path: Path | None = None, program: str = "") -> None:
        self.path, self.program = path, program
        self.known: dict[str, list[Any]] = {}
        self.now: dict[str, list[Any] | _Noted] = {}
        self.fresh = False  # a file was hashed
        try:
            check, _, content = path.read_bytes().partition(b"\n") if path else (b"", b"", b"")
        except OSError:
            return  # as good as none: all is hashed again
        if path and check == _check(program, content):
            self.known = orjson.loads(content)

    def pieces(self, file: InputFile) -> tuple[InputFile, list[Stamped]] | None:
        """Return a file as it was when its bytes were looked at, and its pieces, if it is."""
        row = self.known.get(file.name)
        if row is None or row[0] != list(file.stamp):
            return None
        _, told, pieces = row
        self.now[file.name] = row
        return file.told(*told), [Stamped(*piece) for piece in pieces]

    def note(self, begun_ns: int, pieces: Sequence[PlannedPiece]) -> None:
        """Note the pieces of a file that was hashed from the time `begun_ns` on."""
        file = pieces[0].piece.file
        if not file.fault and any(file.stamp) and begun_ns - file.stamp[2] >= _SETTLED_NS:
            self.now[file.name] = _Noted(pieces)
            self.fresh = True

    def save(self) -> None:
        """Write what this run has seen, and forget it."""
        if self.path and (self.fresh or len(self.now) != len(self.known)):
            content = orjson.dumps(self.now, default=_Noted.row)
            write_bytes(self.path, _check(self.program, content) + b"\n" + content)
        self.known, self.now = {}, {}


def _check(program: str, content: bytes) -> bytes:
    """Return what stands above the stamps: an end that has moved would lose records in silence."""
    return f"{program} {xxhash.xxh3_64_hexdigest(content)}".encode()
