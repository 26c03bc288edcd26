"""The state of an output: cleaned shards that later runs use, each a folder named by its content.

    state/clean/<key>/     records.arrow, edits.arrow, *.npy, meta.json
    state/inputs.json      what the input files were (`pipeline.stamps`)
    state/texts/           where compressed texts lie (`pipeline.store.texts`)
    state/decide/<key>/    what `decide` need not compute again (`pipeline.remembered`)

A folder without meta.json is not there: it is renamed into place when it is complete.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pyarrow.compute as pc

from pipeline.corpus import Artifact, read_records
from pipeline.errors import ConservationError
from pipeline.plan import PieceName, PlannedPiece, Shard
from pipeline.store.files import output_errors, sync, sync_all


class State:
    """The cleaned shards kept under an output folder."""

    def __init__(self, output: Path) -> None:
        self.folder = output / "state"
        self.clean = self.folder / "clean"
        self.inputs = self.folder / "inputs.json"
        self.texts = self.folder / "texts"
        self.work = self.folder / "work"

    def workplace(self, shard: Shard) -> Path:
        """Return the folder in which a worker may write this shard."""
        return self.work / f"{shard.key}.{os.getpid()}"

    def commit(self, shard: Shard, cleaner: str, records: int) -> None:
        """Make a finished shard durable and visible; `records` is what its reader counted."""
        folder = self.workplace(shard)
        written = pc.sum(read_records(folder, ("records",)).column("records")).as_py() or 0
        if written != records:
            raise ConservationError(f"{folder}: {records} records read, {written} written")
        meta = {
            "cleaner": cleaner,
            "pieces": [tuple(p.name) for p in shard.pieces],
        }
        with output_errors(folder):
            (folder / "meta.json").write_bytes(orjson.dumps(meta))
            sync_all([*folder.iterdir(), folder])
            self.clean.mkdir(parents=True, exist_ok=True)
            target = self.clean / shard.key
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
            sync(self.clean)

    def known(self, cleaner: str) -> Iterator[tuple[Path, tuple[PieceName, ...]]]:
        """Yield the shards that the program `cleaner` has cleaned, in order of name."""
        for meta in sorted(self.clean.glob("*/meta.json")):
            content = orjson.loads(meta.read_bytes())
            if content["cleaner"] == cleaner:
                yield meta.parent, tuple(PieceName(*row) for row in content["pieces"])

    def match(
        self, pieces: Sequence[PlannedPiece], cleaner: str
    ) -> tuple[list[Artifact], list[PlannedPiece]]:
        """Return the artifacts that hold some of `pieces`, and the pieces that none holds."""
        wanted = {p.name: p.name for p in pieces}
        artifacts = []
        for folder, held in self.known(cleaner):
            current = tuple(name in wanted for name in held)
            if any(current):
                # Of the names of a hundred thousand files one copy is held.
                names = tuple(wanted.pop(name, name) for name in held)
                artifacts.append(Artifact(folder, names, current))
        return artifacts, [p for p in pieces if p.name in wanted]

    def forget_quarantined(self) -> None:
        """Remove the shards that hold a quarantined record: they will be cleaned again."""
        for meta in self.clean.glob("*/meta.json"):
            status = read_records(meta.parent, ("status",)).column("status")
            if "quarantined" in status.unique().to_pylist():
                shutil.rmtree(meta.parent)

    def clear_work(self) -> None:
        """Remove what an interrupted run left half-written."""
        shutil.rmtree(self.work, ignore_errors=True)
