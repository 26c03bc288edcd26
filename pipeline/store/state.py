"""The state of an output: cleaned shards that later runs use, each a folder named by its content.

    state/clean/<key>/     records.arrow, edits.arrow, *.npy, meta.json

A folder without meta.json is not there: it is renamed into place when it is complete.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from pipeline.clean import CleanStats
from pipeline.corpus import Artifact
from pipeline.plan import PlannedPiece, Shard, piece_rows
from pipeline.readers import Piece
from pipeline.store.files import output_errors, sync_file, sync_folder, write_bytes


class State:
    """The cleaned shards kept under an output folder."""

    def __init__(self, output: Path) -> None:
        self.clean = output / "state" / "clean"
        self.work = output / "state" / "work"

    def workplace(self, shard: Shard) -> Path:
        """Return the folder in which a worker may write this shard."""
        return self.work / f"{shard.key}.{os.getpid()}"

    def commit(self, shard: Shard, cleaner: str, stats: CleanStats) -> None:
        """Make a finished shard durable and visible."""
        folder = self.workplace(shard)
        meta = {"cleaner": cleaner, "pieces": piece_rows(shard.pieces), "stats": pack(stats)}
        with output_errors(folder):
            write_bytes(folder / "meta.json", orjson.dumps(meta))
            for path in folder.iterdir():
                sync_file(path)
            sync_folder(folder)
            self.clean.mkdir(parents=True, exist_ok=True)
            target = self.clean / shard.key
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
            sync_folder(self.clean)

    def known(self, cleaner: str) -> Iterator[tuple[Path, list[PlannedPiece], CleanStats]]:
        """Yield the shards that the program `cleaner` has cleaned, in order of name."""
        for meta in sorted(self.clean.glob("*/meta.json")):
            content = orjson.loads(meta.read_bytes())
            if content["cleaner"] == cleaner:
                pieces = [
                    PlannedPiece(Piece(path, start, stop), digest)
                    for path, start, stop, digest in content["pieces"]
                ]
                yield meta.parent, pieces, unpack(content["stats"])

    def match(
        self, pieces: Sequence[PlannedPiece], cleaner: str
    ) -> tuple[list[Artifact], list[PlannedPiece]]:
        """Return the artifacts that hold some of `pieces`, and the pieces that none holds."""
        wanted = {_name(p): p for p in pieces}
        artifacts = []
        for folder, held, _ in self.known(cleaner):
            current = tuple(wanted.pop(_name(p), None) is not None for p in held)
            if any(current):
                artifacts.append(Artifact(folder, tuple(held), current))
        missing = [p for p in pieces if _name(p) in wanted]
        return artifacts, missing

    def clear_work(self) -> None:
        """Remove what an interrupted run left half-written."""
        shutil.rmtree(self.work, ignore_errors=True)


def _name(item: PlannedPiece) -> tuple[str, int, int, str]:
    return (item.piece.path, item.piece.start, item.piece.stop, item.digest)


def pack(stats: CleanStats) -> dict[str, Any]:
    """Return statistics as JSON values."""
    plain = asdict(stats)
    plain["edits"] = [[stage, rule, n] for (stage, rule), n in sorted(stats.edits.items())]
    return plain


def unpack(plain: dict[str, Any]) -> CleanStats:
    """Return statistics from JSON values."""
    edits = Counter({(stage, rule): n for stage, rule, n in plain["edits"]})
    return CleanStats(**{**plain, "edits": edits, "reasons": Counter(plain["reasons"])})
