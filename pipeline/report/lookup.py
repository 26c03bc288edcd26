"""Finds one document in a published version: its row, its receipts, its fate, its texts.

The ledger is in order of key and cut like the data, so the part that holds the id is the one part
that is read whole: benchmarks/explain.py measures it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.document import Edit, undo_edits
from pipeline.errors import UsageError
from pipeline.readers.base import shown
from pipeline.report.sitelines import told
from pipeline.store import version as versions

_UNDECODED = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Found:
    """A document of a version.

    `text` is what it came out as, None where a dropped document's text is kept nowhere any more.
    `steps` are its receipts, a group per stage. `gone` are its rows of audit/dropped.
    """

    ledger: Mapping[str, Any]
    columns: Mapping[str, Any]
    text: str | None
    steps: Sequence[Sequence[Edit]]
    gone: Sequence[Mapping[str, Any]]

    def texts(self) -> list[tuple[str, str]]:
        """Return (stage, text as it stood after it), from "input" to the last stage."""
        if self.text is None:
            return []
        out = []
        text = self.text
        for step in reversed(self.steps):
            out.append((step[0].stage, text))
            text = undo_edits(text, step)
        return [("input", text), *reversed(out)]


def choose_version(output: Path, name: str = "") -> Path:
    """Return the folder of a version: the current one, or the one of this name or path."""
    for folder in (Path(name), output / "versions" / name) if name else ():
        if (folder / versions.SUCCESS).is_file():
            return folder
    every = versions.versions(output)
    begun = [v for v in every if v.name.startswith(name)] if name else []
    if len(begun) == 1:
        return begun[0]
    found = versions.current(output)
    if name or found is None:
        known = ", ".join(v.name for v in every)
        what = f"no version {name} in {output}" if name else f"nothing is published in {output}"
        raise UsageError(what, f"versions there: {known}" if known else "run: python -m pipeline")
    return found


def version_before(output: Path, version: Path) -> Path:
    """Return the version that was published before this one."""
    earlier = [v for v in versions.versions(output) if v.name < version.name]
    if not earlier:
        raise UsageError(f"there is no version before {version.name}", "name two versions")
    return earlier[-1]


def find(version: Path, name: str) -> list[Found]:
    """Return the documents of this id, path, or path#record; UsageError where there is none.

    The end of a path will do where the ledger has one such path only.
    """
    name = as_text(name)
    path, _, number = name.rpartition("#")
    found = []
    for part in _ledger(version):
        # Not read_table: its dataset machinery takes four times as long over many parts.
        with pq.ParquetFile(part) as file:
            keys = file.read(columns=["id", "input_path", "record"])
        mask = pc.or_(pc.equal(keys["id"], name), pc.equal(keys["input_path"], name))
        if number.isdecimal():
            same = pc.equal(keys["record"], int(number))
            mask = pc.or_(mask, pc.and_(pc.equal(keys["input_path"], path), same))
        places = np.flatnonzero(pc.fill_null(mask, False).to_numpy())
        if places.size:
            with pq.ParquetFile(part) as file:
                rows = file.read().take(pa.array(places)).to_pylist()
            found += [_read(version, part.name, row) for row in rows]
    return found or _by_end(version, name)


def as_text(typed: str) -> str:
    """Return a name as a version has it, where bytes that are no UTF-8 were typed."""
    return shown(typed) if _UNDECODED.search(typed) else typed


def _ledger(version: Path) -> list[Path]:
    return sorted((version / "ledger").glob("*.parquet"))


def _by_end(version: Path, name: str) -> list[Found]:
    """Return the documents of the one path that ends like `name`; UsageError where there is none.

    "b.txt" and "a/b.txt" are ends of "in/a/b.txt"; so is "/anywhere/in/a/b.txt", the same file.
    """
    path, mark, number = name.rpartition("#")
    path, tail = (path, mark + number) if mark and number.isdecimal() else (name, "")
    ends: set[str] = set()
    near: set[str] = set()
    stem = path.rpartition("/")[2]
    for part in _ledger(version) if stem else ():
        with pq.ParquetFile(part) as file:
            paths = file.read(columns=["input_path"]).column("input_path")
        alike = pc.or_(pc.match_substring(paths, "/" + stem), pc.starts_with(paths, stem))
        for found in pc.unique(paths.filter(alike)).to_pylist():
            one, other = (f"/{p.lstrip('/')}" for p in (found, path))
            (ends if one.endswith(other) or other.endswith(one) else near).add(found)
    (whole,) = ends if len(ends) == 1 else (path,)
    if whole + tail != name:
        return find(version, whole + tail)
    named = " or ".join(sorted(ends or near)[:3])
    raise UsageError(
        f"{len(ends)} documents are called {name}" if len(ends) > 1
        else f"no document {name} in {version.name}",
        f"did you mean {named}?" if named
        else "name an id, an input path, or path#record as the ledger has them",
    )  # fmt: skip


def _read(version: Path, part: str, ledger: Mapping[str, Any]) -> Found:
    columns = next(iter(_rows(version / "data" / part, ledger)), {})
    text = columns.get("text")
    if text is None:
        text = _text_in_state(version, ledger)
    rows = _rows(version / "audit/edits.parquet" / part, ledger)
    notes = told(version, (row["note"] for row in rows))
    edits = [
        (row["step"], Edit(**{f: row[f] for f in Edit._fields} | {"note": note}))
        for row in rows
        for note in (notes.get(row["note"], row["note"]),)
    ]
    steps = [[edit for _, edit in group] for _, group in groupby(edits, key=lambda item: item[0])]
    gone = [
        {**row, "detail": notes.get(row["detail"], row["detail"])}
        for name in (part, part.replace("part", "paragraphs"))
        for row in _rows(version / "audit/dropped.parquet" / name, ledger)
    ]
    return Found(ledger, columns, text, steps, gone)


def _rows(path: Path, ledger: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a part that belong to one record."""
    if not path.is_file():
        return []
    rows: list[dict[str, Any]] = []
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            if not _may_hold(file.metadata.row_group(number), ledger["input_path"]):
                continue
            keys = file.read_row_group(number, columns=["input_path", "record"])
            mask = pc.and_(*(pc.equal(keys[name], ledger[name]) for name in keys.column_names))
            if pc.any(mask).as_py():
                rows += file.read_row_group(number).filter(mask).to_pylist()
    return rows


def _may_hold(group: pq.RowGroupMetaData, path: str) -> bool:
    """Return whether the statistics of a row group leave it open that a path is in it."""
    columns = (group.column(i) for i in range(group.num_columns))
    found = next(c.statistics for c in columns if c.path_in_schema == "input_path")
    if found is None or not found.has_min_max:
        return True
    return bool(found.min <= path <= found.max)


def _text_in_state(version: Path, ledger: Mapping[str, Any]) -> str | None:
    """Return the text of a record that was dropped, from the shard that cleaned it."""
    from pipeline.corpus import read_records  # 0.2 s of imports that few documents need

    clean = version.parents[1] / "state" / "clean"
    for key in versions.read_run(version).get("shards", ()):
        folder = clean / key
        if not (folder / "meta.json").is_file():
            continue
        pieces = json.loads((folder / "meta.json").read_bytes())["pieces"]
        numbers = [i for i, piece in enumerate(pieces) if piece[0] == ledger["input_path"]]
        if numbers:
            table = read_records(folder, ("piece", "record", "text"))
            mask = pc.and_(
                pc.is_in(table["piece"], pa.array(numbers, pa.int32())),
                pc.equal(table["record"], ledger["record"]),
            )
            for text in table.filter(mask)["text"].to_pylist():
                return str(text) if text is not None else None
    return None
