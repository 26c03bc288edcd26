"""The group `made` of a part: receipts, the paragraphs that they dropped, quarantine, summary.

All of a slab of records is made anew or taken over from the version before, compressed. What is
written is the same as if all of it were made anew.
"""

from __future__ import annotations

import json
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.part_records import PartRecords
from pipeline.report import tallies
from pipeline.report.summary import SHOWN, examples, receipt_keys, summarise_quarantine
from pipeline.report.tallies import Tallies, saved
from pipeline.runs import find, firsts, portions
from pipeline.store.files import output_errors
from pipeline.store.parquet import LOOKUP_ROWS, WriteOptions, write_parquet
from pipeline.store.pieces import Bounds, Piece, assembled, piece_dtype, pressed, taken
from pipeline.store.schema import (
    DROPPED,
    EDITS,
    QUARANTINE,
    Column,
    schema,
    select,
)
from pipeline.store.texts import Slabs, read_receipts, save_receipts

Places = NDArray[np.int64]

# Stages whose removals of whole lines count as dropped paragraphs.
REMOVING = ("metadata", "boilerplate", "repetition", "sites", "decide")
_FOLDERS = ("audit/edits.parquet", "audit/dropped.parquet", "quarantine")
BOUNDED = ("input_path", "record")  # by which a document is looked up


class Receipts(NamedTuple):
    """What a worker has to know of the receipts of a part.

    `slabs` (SLAB_DTYPE) of all its records: `file` is the part that has the receipts (-1: none),
    `row` the number of the slab in it. `earlier`: of each part its receipts, its dropped paragraphs
    and what was saved of them. `saved`: in which folder to save it, and under which digest.
    """

    slabs: Slabs
    earlier: tuple[tuple[str, str, str], ...]
    saved: tuple[str, str]


_Mark = tuple[int, str, bool, int, int]


def _mark(row: Any, names: Sequence[tuple[str, ...]]) -> _Mark:
    """Return what tells a drawn receipt (DRAWN) from all others of the part."""
    place, nth = int(row["place"]), int(row["nth"])
    return int(row["slab"]), names[row["name"]][1], bool(row["large"]), place, nth


class Made:
    """What is taken over of the receipts of a part, and which records have to be read for the rest.

    `slabs` have -1 for `file` where the receipts have to be made. `pieces`: of both tables, what is
    taken over; `paragraphs`: by file its path, and where those of each slab begin in it;
    `examples` and `lines` that the report of the version before showed.
    """

    def __init__(self, receipts: Receipts, plan: pa.Table) -> None:
        self.receipts = receipts
        self.plan = plan
        self.slabs = receipts.slabs.copy()
        self.pieces: tuple[list[Piece], list[Piece]] = ([], [])
        self.parts: list[Tallies] = []
        self.paragraphs: dict[int, tuple[str, Places]] = {}
        self.examples: dict[_Mark, dict[str, Any]] = {}
        self.lines: dict[int, dict[str, Any]] = {}
        for number, paths in enumerate(receipts.earlier):
            mine = np.flatnonzero(self.slabs["file"] == number)
            if len(mine):
                try:
                    self._read(number, paths, mine)
                except (OSError, ValueError, EOFError, IndexError, pa.ArrowException):
                    self.slabs["file"][mine] = -1  # as good as not there
        self.fresh = np.zeros(len(plan), np.bool_)
        self.quarantined = pc.equal(plan.column("status"), "quarantined").to_numpy()
        for slab in self.slabs[self.slabs["file"] < 0]:
            self.fresh[slab["first"] : slab["last"]] = True
        self.known = tallies.joined(self.parts)

    def _read(self, number: int, paths: tuple[str, str, str], mine: Places) -> None:
        stored = tallies.loaded(read_receipts(paths[2]))
        numbers = self.slabs["row"][mine].astype(np.int64)
        order = np.argsort(numbers, kind="stable")
        numbers, mine = numbers[order], mine[order]
        found: list[list[Piece]] = []
        for path, places in zip(paths[:2], stored[:2], strict=True):
            rows = _rows_of(places, numbers)
            slabs = mine[np.searchsorted(numbers, places["slab"][rows])]
            content = memoryview(Path(path).read_bytes() if len(rows) else b"")
            found.append(taken(places[rows], content, slabs.tolist()))
            if len(found[-1]) < len(rows):
                raise ValueError(f"{path} has rotted")
        known = tallies.unpack(*stored[2:6])
        examples, lines = (json.loads(told.tobytes()) for told in (stored[7], stored[9]))
        sizes = np.bincount(stored[1]["slab"], stored[1]["rows"], int(numbers[-1]) + 1)
        firsts = np.full(len(self.slabs), -1, np.int64)
        firsts[mine] = (np.cumsum(sizes) - sizes)[numbers].astype(np.int64)
        self.paragraphs[number] = (paths[1], firsts)
        self.parts.append(known.of(numbers, mine))
        slab_of = dict(zip(numbers.tolist(), mine.tolist(), strict=True))
        for row, example in zip(stored[6], examples, strict=True):
            if int(row["slab"]) in slab_of:
                row["slab"] = slab_of[int(row["slab"])]
                self.examples[_mark(row, known.names)] = example
        self.lines.update(zip(stored[8].tolist(), lines, strict=True))
        for pieces, more in zip(self.pieces, found, strict=True):
            pieces.extend(more)

    def wanted(self) -> NDArray[np.bool_]:
        """Return of which records the receipts are read: also where an example may be from."""
        out: NDArray[np.bool_] = self.fresh | self.quarantined
        drawn = tallies.shown(self.known.drawn)
        unknown = [_mark(row, self.known.names) not in self.examples for row in drawn]
        out[self.place(drawn[np.array(unknown, np.bool_)])] = True
        return out

    def place(self, rows: NDArray[Any]) -> Places:
        """Return the places in the part of the documents that rows of slabs mean."""
        places: Places = self.slabs["first"][rows["slab"]] + rows["place"]
        return places


class Finished:
    """The group of a part: what it counts, its summary, and what writes it."""

    def __init__(self, made: Made, records: PartRecords, write: WriteOptions) -> None:
        self.made, self.records, self.options = made, records, write
        slabs = made.slabs
        place = records.places[records.edits.column("row").to_numpy()]
        mine = made.fresh[place]
        self.edits = records.edits if mine.all() else records.edits.filter(pa.array(mine))
        self.removed = dropped_paragraphs(self.edits)
        places = [records.places[t.column("row").to_numpy()] for t in (self.edits, self.removed)]
        self.slabs = [np.searchsorted(slabs["first"], at, "right") - 1 for at in places]
        within = [at - slabs["first"][of] for at, of in zip(places, self.slabs, strict=True)]
        keys = receipt_keys(records.table, self.edits)
        new = tallies.tallied(self.edits, self.removed, self.slabs, within, keys)
        self.tallies = tallies.joined([made.known, new])
        gone = pc.equal(records.plan.column("status"), "quarantined")
        self.quarantine = select(records.table.filter(gone), QUARANTINE)
        self.written: list[NDArray[Any]] = []

    def counts(self) -> dict[str, dict[str, int]]:
        """Return rows by folder, and receipts by stage."""
        counts = tallies.counted(self.tallies)
        quarantined = pc.sum(self.quarantine.column("records")).as_py() or 0
        rows = [sum(row[2] for row in counts["stage"]), sum(row[-1] for row in counts["dropped"])]
        return {
            "rows": dict(zip(_FOLDERS, [*rows, quarantined], strict=True)),
            "edits": {row[0]: row[2] for row in counts["stage"]},
        }

    def summary(self) -> dict[str, Any]:
        """Return what the report needs to know of the group, as JSON values."""
        counts = tallies.counted(self.tallies)
        return {
            "stages": counts["stage"],
            "rules": counts["rule"],
            "examples": self._examples(),
            "removed": self._removed(),
            **summarise_quarantine(self.quarantine),
            "dropped": [["paragraph", *row] for row in counts["dropped"]],
        }

    def _examples(self) -> dict[str, list[dict[str, Any]]]:
        """Return by stage a random sample of the receipts, and the largest, in their context."""
        drawn, known = tallies.shown(self.tallies.drawn), self.made.examples
        marks = [_mark(row, self.tallies.names) for row in drawn]
        places = self.records.places[self.records.edits.column("row").to_numpy()]
        rows = np.searchsorted(places, self.made.place(drawn)) + drawn["nth"]
        ranks = np.where(drawn["large"], 0, drawn["rank"])
        new = [i for i, mark in enumerate(marks) if mark not in known]
        picked = [(int(rows[i]), int(ranks[i]), bool(drawn["large"][i])) for i in new]
        made = examples(self.records.table, self.records.edits, picked)
        told = {**known, **dict(zip((marks[i] for i in new), made, strict=True))}
        said = [told[mark] for mark in marks]
        self.shown = (drawn, _json(said))
        out: dict[str, list[dict[str, Any]]] = {}
        for i in np.lexsort((drawn["rank"], drawn["large"])).tolist():
            out.setdefault(marks[i][1], []).append(said[i])
        return dict(sorted(out.items()))

    def _removed(self) -> list[dict[str, Any]]:
        """Return the lines that were removed most often."""
        top = tallies.top_lines(self.tallies.lines)
        ids = self.made.plan.column("id").take(pa.array(self.made.place(top))).to_pylist()
        known = self.made.lines
        new = np.flatnonzero([key not in known for key in top["key"].tolist()])
        known = {**known, **self._lines(top[new])}
        rows = [known[key] for key in top["key"].tolist()]
        self.lines = (top["key"], _json(rows))
        told = zip(rows, top["n"].tolist(), ids, strict=True)
        return [{**row, "n": n, "example": name} for row, n, name in told][: tallies.TOP_LINES]

    def _lines(self, top: NDArray[Any]) -> dict[int, dict[str, Any]]:
        """Read some lines, of this part or of what the version before has."""
        files = self.made.slabs["file"][top["slab"]]
        names = ["stage", "reason", "text"]
        out: dict[int, dict[str, Any]] = {}
        for number in np.unique(files).tolist():
            mine = top[files == number]
            if number < 0:
                rows = mine["row"] + np.searchsorted(self.slabs[1], mine["slab"])
                table = self.removed.select(names)
            else:
                path, firsts = self.made.paragraphs[number]
                rows = mine["row"] + firsts[mine["slab"]]
                with pq.ParquetFile(path) as file:
                    table = file.read(columns=names).select(names)
            found = table.take(pa.array(rows)).to_pylist()
            for key, r in zip(mine["key"].tolist(), found, strict=True):
                cut = max(len(r["text"]) - SHOWN, 0)
                out[key] = {"stage": r["stage"], "rule": r["reason"], "text": r["text"][:SHOWN],
                            "cut": cut}  # fmt: skip
        return out

    def writers(self, paths: Sequence[Path], empty: bool) -> Iterator[Callable[[], None]]:
        """Yield what writes each file; `empty`: also where it has no row."""
        tables = zip((EDITS, DROPPED), (self.edits, self.removed), strict=True)
        self.written = [np.zeros(0, piece_dtype(len(columns))) for columns in (EDITS, DROPPED)]
        for number, (columns, table) in enumerate(tables):
            yield partial(self._write, number, columns, table, paths[number], empty)
        if len(self.quarantine) or empty:
            yield partial(write_parquet, self.quarantine, paths[2], self.options)

    def _write(
        self, number: int, columns: tuple[Column, ...], rows: pa.Table, path: Path, empty: bool
    ) -> None:
        form = schema(columns).with_metadata({"run_id": self.options.run_id})
        options = {**self.options.of(form.names), "use_dictionary": False}
        finish = partial(_finished, self.records.plan, columns)
        cut = _cut(rows, self.slabs[number], finish)
        new = pressed(form, cut, **{**options, "write_statistics": False})
        pieces = sorted(self.made.pieces[number] + new, key=attrgetter("slab"))
        if not pieces:
            if empty:
                write_parquet(finish(rows), path, self.options)
            return
        sizes = np.array([piece.rows for piece in pieces], np.int64)
        groups = [pieces[run] for run in portions(sizes, LOOKUP_ROWS)]  # larger: one piece
        bounds = [self._bounds(group[0].slab, group[-1].slab) for group in groups]
        options["write_statistics"] = [*BOUNDED]
        content, self.written[number] = assembled(form, groups, bounds, **options)
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.writelines(content)

    def _bounds(self, first: int, last: int) -> Bounds:
        """Return between which keys the records of some slabs lie."""
        slabs, plan = self.made.slabs, self.made.plan
        begin, end = int(slabs["first"][first]), int(slabs["last"][last])
        paths = plan.column("input_path")
        records = plan.column("record").slice(begin, end - begin).to_numpy()
        numbers = [struct.pack("<q", int(n)) for n in (records.min(), records.max())]
        names = [paths[i].as_py().encode() for i in (begin, end - 1)]
        return {"input_path": (names[0], names[1]), "record": (numbers[0], numbers[1])}

    def save(self) -> None:
        """Save where the receipts lie, and what there is to know of them, for the next version."""
        slabs = self.made.slabs.copy()
        slabs["row"] = np.arange(len(slabs))
        arrays = (*self.written, *self.tallies.pack(), *self.shown, *self.lines)
        save_receipts(self.made.receipts.saved, slabs, saved(arrays))


def _json(value: Any) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(value, ensure_ascii=False, default=str).encode(), np.uint8)


def _finished(plan: pa.Table, columns: tuple[Column, ...], some: pa.Table) -> pa.Table:
    """Return some rows that belong to records of a part as they are published."""
    owner = some.column("row")
    for name in ("id", "input_path", "record"):
        some = some.append_column(name, plan.column(name).take(owner))
    if columns is DROPPED:
        itself = pc.equal(some.column("stage"), "repetition")
        twin = pc.if_else(itself, some.column("id"), pa.scalar(None, pa.string()))
        unit = pa.repeat("paragraph", len(some))
        some = some.append_column("twin", twin).append_column("unit", unit)
        some = some.append_column("jaccard", pa.nulls(len(some), pa.float32()))
    return select(some, columns)


def _cut(
    rows: pa.Table, slabs: Places, finish: Callable[[pa.Table], pa.Table]
) -> Iterator[tuple[int, pa.Table]]:
    """Yield slab after slab, in pieces of LOOKUP_ROWS; so many rows are finished at a time."""
    starts = firsts(slabs)
    edges = [
        edge
        for first, last in pairwise([*starts.tolist(), len(rows)])
        for edge in range(first, last, LOOKUP_ROWS)
    ]
    edges.append(len(rows))
    begin, done = 0, rows.slice(0, 0)
    for first, last in pairwise(edges):
        if last > begin + len(done):
            begin = first
            stop = edges[bisect_right(edges, first + LOOKUP_ROWS) - 1]
            done = finish(rows.slice(first, stop - first)).combine_chunks()
        yield int(slabs[first]), done.slice(first - begin, last - first)


def dropped_paragraphs(edits: pa.Table) -> pa.Table:
    """Return the receipts by which whole paragraphs went: row, stage, reason, detail and text."""
    parts = [_whole_lines(edits.slice(0, 0))]
    for first in range(0, len(edits), LOOKUP_ROWS):
        parts.append(_whole_lines(edits.slice(first, LOOKUP_ROWS)))
    return pa.concat_tables(parts)


def _whole_lines(edits: pa.Table) -> pa.Table:
    mine = edits.filter(pc.is_in(edits.column("stage"), pa.array(REMOVING)))
    before = pc.utf8_trim_whitespace(mine.column("before"))
    empty = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(mine.column("after"))), 0)
    names = {"row": "row", "stage": "stage", "rule": "reason", "note": "detail"}
    lines = mine.select([*names]).rename_columns([*names.values()]).append_column("text", before)
    return lines.filter(pc.and_(empty, pc.greater(pc.utf8_length(before), 0)))


def _rows_of(places: NDArray[Any], numbers: Places) -> Places:
    """Return the rows whose slab is among the numbers, which ascend."""
    return np.flatnonzero(find(numbers, places["slab"]) >= 0)
