"""The corpus as `decide` and `publish` see it: every record of every artifact, in order of key.

No text is read here, only keys, states and arrays. The key of a record is (path, number): paths in
order of their bytes, so that neither shards nor the order of input change what comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from pipeline.dedup.columns import StoredColumns, mapped
from pipeline.plan import PieceName
from pipeline.runs import find
from pipeline.store.groups import path_bytes
from pipeline.store.ipc import read_table, take_rows

KEY_COLUMNS = (
    "piece", "record", "records", "status", "reason", "id", "url", "site", "published_at",
    "damage_marks",
    "size", "n_edits", "n_chars", "n_chars_in", "n_paragraphs", "n_paragraphs_in",
)  # fmt: skip
_GONE = -1  # rank of a path of which the piece is no longer input
_ELSEWHERE = ("lines", "paragraphs", "bands", "bands_low")  # features that are not rows of records


@dataclass(frozen=True, slots=True)
class Artifact:
    """A cleaned shard on disk, the pieces of its rows, and which of them are still input."""

    folder: Path
    pieces: tuple[PieceName, ...]
    current: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """All records of a run, n rows in order of key.

    `artifact` int32 (n,), `row` int64 (n,): where a record lies. `table`: its KEY_COLUMNS and
    `input_path`. `piece` int32 (n,): the piece of its artifact that it is of. `path_hash` uint64
    (n,): a stable hash of the path. `arrays`: the features of cleaning, first axis n, but `bands`,
    which stay on disk. `lines`: per artifact the lines of its documents (LINE_DTYPE);
    `paragraphs` likewise (PARAGRAPH_DTYPE).
    """

    artifacts: Sequence[Artifact]
    artifact: NDArray[np.int32]
    row: NDArray[np.int64]
    table: pa.Table
    piece: NDArray[np.int32]
    path_hash: NDArray[np.uint64]
    arrays: Mapping[str, NDArray[Any]]
    bands: StoredColumns
    lines: Sequence[NDArray[Any]]
    paragraphs: Sequence[NDArray[Any]]

    def __len__(self) -> int:
        return len(self.row)

    def texts(self, ranks: NDArray[np.int64], most: int | None = None) -> list[str]:
        """Return the texts of the records at these ranks, or no more characters of each."""
        return self.places().of(ranks).strings("text", most)

    def strings(self, name: str, ranks: NDArray[np.int64]) -> list[str]:
        """Return a column of strings at these ranks, "" for null."""
        return self.places().of(ranks).strings(name)

    def places(self) -> Places:
        """Return where the records lie."""
        folders = tuple(str(artifact.folder) for artifact in self.artifacts)
        return Places(folders, self.artifact, self.row)


@dataclass(frozen=True, slots=True)
class Places:
    """Where k records lie: in which of the `folders` (`owner`, (k,)), and in which `row` (k,)."""

    folders: tuple[str, ...]
    owner: NDArray[np.int32]
    row: NDArray[np.int64]

    def of(self, ranks: NDArray[np.int64]) -> Places:
        """Return where some of them lie."""
        return Places(self.folders, self.owner[ranks], self.row[ranks])

    def __call__(self, ranks: NDArray[np.int64]) -> list[str]:
        """Return the texts of some of them."""
        return self.of(ranks).strings("text")

    def strings(self, name: str, most: int | None = None) -> list[str]:
        """Return a column of strings, or no more characters of each; each folder is opened once."""
        out: list[str] = [""] * len(self.row)
        for number in np.unique(self.owner).tolist():
            places = np.flatnonzero(self.owner == number)
            folder = Path(self.folders[number])
            taken = take_records(folder, self.row[places], (name,)).column(name)
            if most is not None:
                taken = pc.utf8_slice_codeunits(taken, 0, most)
            for place, text in zip(places.tolist(), taken.to_pylist(), strict=True):
                out[place] = text or ""
        return out


def read_records(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return columns of an artifact's records, memory-mapped."""
    return read_table(folder / "records.arrow", columns)


def take_records(
    folder: Path, rows: NDArray[np.int64], columns: Sequence[str] | None = None
) -> pa.Table:
    """Return some of an artifact's records, in the order given."""
    return take_rows(folder / "records.arrow", rows, columns)


def take_edits(folder: Path, records: NDArray[np.int64]) -> pa.Table:
    """Return the receipts of some of an artifact's records, as they stand in the artifact."""
    path = folder / "edits.arrow"
    owner = read_table(path, ("row",)).column("row").to_numpy()  # rising
    wanted = np.sort(records)
    return take_rows(path, np.flatnonzero(find(wanted, owner) >= 0))


def gather(artifacts: Sequence[Artifact], limit: int = 0) -> Corpus:
    """Read the keys and arrays of all artifacts and put them in order of key."""
    paths = sorted({p.path for a in artifacts for p in a.pieces}, key=path_bytes)
    tables = [read_records(artifact.folder, KEY_COLUMNS) for artifact in artifacts]
    sizes = [len(table) for table in tables]
    table = pa.concat_tables(tables)
    path_rank = _path_ranks(artifacts, tables, {path: i for i, path in enumerate(paths)})
    order = np.lexsort((table.column("record").to_numpy(), path_rank))
    order = order[path_rank[order] != _GONE]
    if limit:
        order = order[:limit]
    sorted_already = bool((order[1:] > order[:-1]).all()) and len(order) == len(table)
    taken = table if sorted_already else table.take(pa.array(order))
    path_rank = path_rank[order]
    bands = [(a.folder / "bands.npy", a.folder / "bands_low.npy") for a in artifacts]
    names = pa.array(paths, pa.string()).take(pa.array(path_rank))
    return Corpus(
        artifacts,
        np.repeat(np.arange(len(artifacts), dtype=np.int32), sizes)[order],
        np.concatenate([np.arange(size, dtype=np.int64) for size in sizes])[order],
        taken.drop_columns(["piece"]).append_column("input_path", names).combine_chunks(),
        taken.column("piece").to_numpy(),
        _path_hashes(paths)[path_rank],
        _arrays(artifacts, order),
        StoredColumns(bands, order),
        [mapped(artifact.folder / "lines.npy") for artifact in artifacts],
        [mapped(artifact.folder / "paragraphs.npy") for artifact in artifacts],
    )


def _path_ranks(
    artifacts: Sequence[Artifact], tables: Sequence[pa.Table], rank_of: Mapping[str, int]
) -> NDArray[np.int32]:
    """Return the rank of the path of each record, _GONE where its piece is no longer input."""
    ranks = []
    for artifact, table in zip(artifacts, tables, strict=True):
        pieces = zip(artifact.pieces, artifact.current, strict=True)
        of_piece = [rank_of[p.path] if current else _GONE for p, current in pieces]
        ranks.append(np.array(of_piece, np.int32)[table.column("piece").to_numpy()])
    return np.concatenate(ranks)


def _path_hashes(paths: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([xxhash.xxh3_64_intdigest(path_bytes(path)) for path in paths], np.uint64)


def _arrays(artifacts: Sequence[Artifact], order: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return by name the features that are held, one row a record, in order of key."""
    found: dict[str, list[NDArray[Any]]] = {}
    for artifact in artifacts:
        for path in sorted(artifact.folder.glob("*.npy")):
            if path.stem not in _ELSEWHERE:
                found.setdefault(path.stem, []).append(mapped(path))
    return {name: np.concatenate(parts)[order] for name, parts in found.items()}
