"""Inputs → shards, and the names by which everything computed from them is known.

A piece is a byte range of one input file with the hash of its bytes; a shard is some pieces; a
shard's artifact is named by a hash of its pieces and of the program that cleans them. That one name
answers three questions with no special case: is there anything new (no-op), what was done before a
crash (resume), what was done in an earlier run (incremental).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline.readers import Piece, discover, split
from pipeline.recipe import Recipe

# What may change a byte of the output, beside our own code and tables.
DEPENDENCIES = (
    "charset-normalizer", "fastwarc", "ftfy", "google-re2", "numpy", "opencc", "orjson", "pyarrow",
    "pypinyin", "rapidfuzz", "resiliparse", "xxhash", "zstandard",
)  # fmt: skip

# The unit in which a growing file is recognised. A constant, not an option: it is part of what an
# input is called, and 4 MiB is large enough to hash and small enough to share among workers.
PIECE_BYTES = 4 << 20
# Sections that shape the output only after cleaning, or not at all.
AFTER_CLEANING = ("dedup", "sites", "output", "run")


@dataclass(frozen=True, slots=True)
class PlannedPiece:
    """A piece of input and the SHA-256 (hex) of its bytes."""

    piece: Piece
    digest: str


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
    suffixes = {".pyc", ".so"}
    paths = sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and path.suffix not in suffixes and "__pycache__" not in path.parts
    )
    return sha(*(part for p in paths for part in (str(p.relative_to(root)).encode(), _bytes(p))))


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


@cache
def dependency_versions() -> Mapping[str, str]:
    """Return the installed version of each dependency that may change the output."""
    found = {}
    for name in DEPENDENCIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def clean_id(recipe: Recipe) -> str:
    """Return the hash of all that shapes a cleaned shard besides its input."""
    sections = {
        name: values
        for name, values in recipe.resolved().items()
        if name not in AFTER_CLEANING
    }
    sections["input"] = {k: v for k, v in sections["input"].items() if k != "paths"}
    signing = recipe.resolved("dedup")
    return sha(
        code_digest().encode(),
        canonical(dependency_versions()),
        canonical(sections),
        canonical(signing),
    )


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
    return sha(program_id(recipe).encode(), canonical(limit), canonical(sorted(piece_rows(pieces))))


def list_pieces(recipe: Recipe) -> list[PlannedPiece]:
    """List the inputs in sorted order of path, cut into pieces, each with its hash."""
    options = recipe.values["input"]
    pieces = []
    for file in discover(options.paths, options):
        for piece in split(file, PIECE_BYTES):
            pieces.append(PlannedPiece(piece, _piece_digest(piece)))
    return pieces


def _piece_digest(piece: Piece) -> str:
    """Return the SHA-256 of a piece's bytes; of the reason where they cannot be read."""
    digest = hashlib.sha256()
    try:
        with open(piece.path, "rb") as file:
            file.seek(piece.start)
            left = piece.stop - piece.start
            while left > 0 and (block := file.read(min(left, 1 << 20))):
                digest.update(block)
                left -= len(block)
    except OSError as error:
        return f"unreadable: {error.errno}"
    return digest.hexdigest()


def cut_shards(pieces: Sequence[PlannedPiece], shard_bytes: int, cleaner: str) -> list[Shard]:
    """Pack pieces, in order, into shards of about `shard_bytes` input bytes."""
    shards: list[Shard] = []
    pending: list[PlannedPiece] = []
    size = 0
    for item in pieces:
        pending.append(item)
        # A small file costs about as much as 2 kB more: opening, a row, a census slot.
        size += item.piece.stop - item.piece.start + 2048
        if size >= shard_bytes:
            shards.append(_shard(pending, cleaner))
            pending, size = [], 0
    if pending:
        shards.append(_shard(pending, cleaner))
    return shards


def _shard(pieces: Sequence[PlannedPiece], cleaner: str) -> Shard:
    return Shard(tuple(pieces), sha(cleaner.encode(), canonical(piece_rows(pieces)))[:32])


def piece_rows(pieces: Iterable[PlannedPiece]) -> list[tuple[str, int, int, str]]:
    """Return pieces as plain rows: path, first byte, byte after the last, hash."""
    return [(p.piece.path, p.piece.start, p.piece.stop, p.digest) for p in pieces]
