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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pyarrow.compute as pc
import xxhash

from pipeline.corpus import Artifact, read_records
from pipeline.errors import ConservationError, OutputError, PipelineError, VerifyError
from pipeline.plan import PieceName, PlannedPiece, Shard
from pipeline.store.files import output_errors, sync, sync_all
from pipeline.store.verify import MEND, verify


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
            "files": {p.name: [p.stat().st_size, _hash(p)] for p in sorted(folder.iterdir())},
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
        """Yield the shards that the program `cleaner` has cleaned, in order of name.

        One that lacks a file, or the end of one, is not there: its input will be cleaned again.
        """
        for folder, content in self._shards():
            if content.get("cleaner") == cleaner and _is_whole(folder, content["files"]):
                yield folder, tuple(PieceName(*row) for row in content["pieces"])

    def _shards(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield the folders of cleaned shards with what their meta.json says: {} if damaged."""
        for meta in sorted(self.clean.glob("*/meta.json")):
            try:
                yield meta.parent, orjson.loads(meta.read_bytes())
            except orjson.JSONDecodeError:
                yield meta.parent, {}

    def rotten(self) -> Iterator[Path]:
        """Yield the shards of which a file is not as it was committed; reads them all."""
        for folder, content in self._shards():
            if not _is_whole(folder, content.get("files"), deep=True):
                yield folder

    @contextmanager
    def damage_told(self) -> Iterator[None]:
        """Where a run breaks, look whether its own files have rotted: that is not our fault.

        Shards that have are removed, so that the next run cleans them again. To read them all in
        each run would cost a night as much as a full run.
        """
        try:
            yield
        except Exception as error:
            if isinstance(error, PipelineError) and error.exit_code != PipelineError.exit_code:
                raise
            rotten = list(self.rotten())
            for folder in rotten:
                shutil.rmtree(folder)
            if rotten:
                raise OutputError(
                    f"files in {self.clean} are damaged; removed: {len(rotten)} cleaned shards",
                    "run the same command again: it cleans them anew",
                ) from error
            if faults := list(verify(self.folder.parent, deep=True)):
                raise VerifyError("\n".join(faults), MEND) from error
            raise

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
        for folder, _ in self._shards():
            status = read_records(folder, ("status",)).column("status")
            if "quarantined" in status.unique().to_pylist():
                shutil.rmtree(folder)

    def clear_work(self) -> None:
        """Remove what an interrupted run left half-written."""
        shutil.rmtree(self.work, ignore_errors=True)


def _hash(path: Path) -> str:
    """Return a hash of a file, which may be larger than memory."""
    found = xxhash.xxh3_64()
    with path.open("rb", buffering=0) as file:
        while block := file.read(1 << 16):  # stays in the cache: a third of the time of 1 MiB
            found.update(block)
    return found.hexdigest()


def _is_whole(folder: Path, files: Mapping[str, Sequence[Any]] | None, deep: bool = False) -> bool:
    """Tell whether the files of a shard have their sizes (`deep`: their bytes) of its commit."""
    try:
        return files is not None and all(
            (folder / name).stat().st_size == size and not (deep and _hash(folder / name) != known)
            for name, (size, known) in files.items()
        )
    except FileNotFoundError:
        return False
