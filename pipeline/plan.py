"""Inputs → shards, and the names by which everything computed from them is known.

A piece is a byte range of one input file with the hash of its bytes; a shard is some pieces; a
shard's artifact is named by a hash of its pieces and of the program that cleans them. That one name
answers three questions with no special case: is there anything new (no-op), what was done before a
crash (resume), what was done in an earlier run (incremental).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import UsageError
from pipeline.readers import InputFile, Piece, discover, opened, split
from pipeline.readers.options import InputOptions, LimitOptions
from pipeline.readers.remote import is_remote
from pipeline.recipe import Recipe
from pipeline.stamps import Stamps

# What may change a byte of the output, beside our own code and tables.
DEPENDENCIES = (
    "charset-normalizer", "fastwarc", "ftfy", "google-re2", "numpy", "opencc", "orjson", "pyarrow",
    "pypinyin", "rapidfuzz", "resiliparse", "xxhash", "zstandard",
)  # fmt: skip

# The unit in which a growing file is recognised. A constant, not an option: it is part of what an
# input is called, and 2 MiB is large enough to hash and small enough to share among workers.
PIECE_BYTES = 2 << 20
_UNREAD = ("fault:", "unreadable:")  # begin what stands for the hash of what cannot be read
_OPENING, _SMALLEST = 2048, 1 << 20
# Sections that shape the output only after cleaning, or not at all.
AFTER_CLEANING = ("dedup", "sites", "output", "run")


class PieceName(NamedTuple):
    """What a piece of input is known by: path, record numbers [start, stop), hash of its bytes."""

    path: str
    start: int
    stop: int
    digest: str


@dataclass(frozen=True, slots=True)
class PlannedPiece:
    """A piece of input, its name, and its size in bytes."""

    piece: Piece
    name: PieceName
    size: int


@dataclass(frozen=True, slots=True)
class Shard:
    """Pieces that are cleaned together, and the name of the result."""

    pieces: tuple[PlannedPiece, ...]
    key: str
    limit: int = 0


def canonical(value: Any) -> bytes:
    """Return a value as JSON bytes that depend on the value alone."""
    return json.dumps(
        value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str
    ).encode()


def sha(*parts: bytes) -> str:
    """Return the SHA-256 (hex) of parts, each with its length, so that joints cannot move."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


@cache
def code_digest() -> str:
    """Return a hash of every source file and table of the package."""
    root = Path(__file__).parent
    names = sorted(os.path.relpath(path, root) for path in _sources(root))
    return sha(*(part for n in names for part in (n.encode(), (root / n).read_bytes())))


def _sources(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (os.path.join(folder, n) for n in names if not n.endswith((".pyc", ".so")))


@cache
def dependency_versions() -> Mapping[str, str]:
    """Return the installed version of each dependency that may change the output."""
    found: dict[str, str] = {}
    for path in sys.path:
        with suppress(OSError):  # an archive, or not there
            for name in os.listdir(path or "."):
                if name.endswith(".dist-info"):
                    package, _, number = name.removesuffix(".dist-info").partition("-")
                    found.setdefault(package.replace("_", "-").lower(), number)
    return {name: found.get(name) or _asked(name) for name in DEPENDENCIES}


def _asked(name: str) -> str:
    """Ask for a version: to parse metadata takes 1 ms a package, and 15 to load what does."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def clean_id(recipe: Recipe) -> str:
    """Return the hash of all that shapes a cleaned shard besides its input."""
    sections = {
        name: values for name, values in recipe.resolved().items() if name not in AFTER_CLEANING
    }
    sections["input"] = {k: v for k, v in sections["input"].items() if k != "paths"}
    # Whether lines are kept for learning is cleaning's; what is learned from them is not.
    signing = [recipe.resolved("dedup"), recipe.resolved("sites")["sites"]["enabled"]]
    return sha(
        code_digest().encode(),
        canonical(dependency_versions()),
        canonical(sections),
        canonical(signing),
    )


def tables_id() -> str:
    """Return the hash of all that tables are made by and of: code, tables, dependencies, Python."""
    return sha(code_digest().encode(), sys.version.encode(), canonical(dependency_versions()))


def program_id(recipe: Recipe) -> str:
    """Return the hash of recipe, code, tables and dependencies: the run id of every row.

    Inputs are not in it: a row does not change because another document arrived, and its data file
    can then be the same file in every version.
    """
    sections = recipe.resolved()
    sections.pop("run")
    sections["input"] = {k: v for k, v in sections["input"].items() if k != "paths"}
    sections["output"] = {k: v for k, v in sections["output"].items() if k != "path"}
    return sha(code_digest().encode(), canonical(dependency_versions()), canonical(sections))


def identity(recipe: Recipe, pieces: Iterable[PlannedPiece]) -> str:
    """Return the identity of a run: the program and every piece of input."""
    limit = recipe.resolved("run")["run"]["limit"]
    names = sorted(p.name for p in pieces)
    return sha(program_id(recipe).encode(), canonical(limit), canonical(names))


OWN = ("versions", "state", "current")
"""What a run writes into its output folder, and must never read as input."""


def check_places(paths: Sequence[str], output: Path) -> None:
    """Raise UsageError where a run could not write, would read its output, or own the disk."""
    place = output.resolve()
    if os.fsencode(place) != str(place).encode("utf-8", "replace"):
        raise UsageError(f"{output} is not UTF-8, as Arrow's names of files are", "name another")
    if place == Path(place.anchor) or place == Path.home():
        raise UsageError(f"{output} cannot be an output", "name a folder of its own")
    for given in paths:
        if not given:  # a shell variable that is not set, not the folder where one stands
            raise UsageError("an input has no name", "name a file, a folder or a glob")
        if is_remote(given):
            continue
        named, deep, _ = given.partition("**")
        root = Path(named or ".").resolve()
        inside = place == root or (root in place.parents and (deep or root.is_dir()))
        own = place in root.parents and root.relative_to(place).parts[0] in OWN
        if inside or own:
            raise UsageError(
                f"the output {output} and the input {given} lie within each other",
                "name an output outside the input: a later run would read what this one wrote",
            )


def list_pieces(recipe: Recipe, stamps: Stamps | None = None) -> list[PlannedPiece]:
    """List the inputs in sorted order of path, cut into pieces, each with its hash.

    `stamps`: files that are known not to have changed since they were hashed.
    """
    options, stamps = recipe.section(InputOptions), stamps or Stamps()
    pieces = []
    for file in discover(options.paths, options):
        found = stamps.pieces(file)
        if found is None:
            planned = _pieces(file, recipe, stamps)
        else:
            file, rows = found  # noqa: PLW2901
            planned = [_planned(Piece(file, row.start, row.stop), *row[2:]) for row in rows]
        pieces += planned
    return pieces


def _pieces(file: InputFile, recipe: Recipe, stamps: Stamps) -> list[PlannedPiece]:
    """Cut a file into pieces and hash them."""
    begun = time.time_ns()
    options, limits = recipe.section(InputOptions), recipe.section(LimitOptions)
    planned = [_planned(p, *_digest(p)) for p in split(file, PIECE_BYTES, options, limits)]
    if not any(p.name.digest.startswith(_UNREAD) for p in planned):
        stamps.note(begun, planned)
    return planned


def _planned(piece: Piece, digest: str, size: int) -> PlannedPiece:
    name = PieceName(piece.file.name, piece.start, piece.stop, digest)
    return PlannedPiece(piece, name, size)


def _digest(piece: Piece) -> tuple[str, int]:
    """Return the SHA-256 of the bytes that a piece depends on, and about how many are its own.

    A piece of a file of lines depends on its lines, the last of which may end beyond it; a piece of
    anything else on the whole file.
    """
    file = piece.file
    if file.fault:
        return f"{_UNREAD[0]} {file.fault}", 0
    cut = piece.start > 0 or piece.stop >= 0
    try:
        if cut and file.format in ("jsonl", "text"):
            return _digest_range(file, piece.start, piece.stop)
        if not cut:
            return _digest_range(file, 0, -1)
        digest, size = _digest_whole(file)
        share = size // max(1, -(-size // PIECE_BYTES))
        return digest, share
    except OSError as error:
        # The reader meets the same error and quarantines the file; a later run looks again.
        return f"{_UNREAD[1]} {error.errno}", 0


@lru_cache(maxsize=1)
def _digest_whole(file: InputFile) -> tuple[str, int]:
    """Hash a file of which several pieces depend on all, once: they come one after the other."""
    return _digest_range(file, 0, -1)


def _digest_range(file: InputFile, first: int, last: int) -> tuple[str, int]:
    digest = hashlib.sha256(f"{file.format} {file.compression}".encode())
    size = 0
    with opened(file) as stream:
        stream.seek(max(first - 1, 0))
        begins = first == 0 or stream.read(1) == b"\n"  # whether any row begins in the range
        left = last - first if last >= 0 else 1 << 62
        # Small blocks stay in the cache, and need no new memory each: two thirds of the time.
        while left > 0 and (block := stream.read(min(left, 1 << 16))):
            digest.update(block)
            left -= len(block)
            size += len(block)
            begins = begins or b"\n" in block
        if last >= 0 and begins:  # the end of its last row
            digest.update(stream.readline(1 << 26))
    return digest.hexdigest(), size


def cut_shards(
    pieces: Sequence[PlannedPiece], shard_bytes: int, cleaner: str, share: int = 0
) -> list[Shard]:
    """Pack pieces, in order, into shards of about `shard_bytes` input bytes.

    Of what is left a shard takes one part in `share` at most: the last ones are small, so that all
    workers end at about the same time.
    """
    # A small file costs about as much as 2 kB more: opening, a row, a census slot.
    left = sum(item.size + _OPENING for item in pieces)
    shards: list[Shard] = []
    pending: list[PlannedPiece] = []
    size = 0
    for item in pieces:
        pending.append(item)
        size += item.size + _OPENING
        if size >= min(shard_bytes, max(left // share, _SMALLEST) if share else shard_bytes):
            shards.append(_shard(pending, cleaner))
            left -= size
            pending, size = [], 0
    if pending:
        shards.append(_shard(pending, cleaner))
    return shards


def _shard(pieces: Sequence[PlannedPiece], cleaner: str) -> Shard:
    names = [p.name for p in pieces]
    return Shard(tuple(pieces), sha(cleaner.encode(), canonical(names))[:32])
