"""Finds one document in a published version: its row, its receipts, its fate, its texts.

The ledger is in order of key and cut like the data, so the part that holds the id is the one part
that is read whole: benchmarks/explain.py measures it.
"""

from __future__ import annotations

import json
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
from pipeline.store import version as versions


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
    found = versions.current(output)
    if name or found is None:
        known = ", ".join(v.name for v in versions.versions(output)) or "none"
        what = f"no version {name} in {output}" if name else f"nothing is published in {output}"
        raise UsageError(what, f"versions there: {known}")
    return found


def find(version: Path, name: str) -> list[Found]:
    """Return the documents of this id, path, or path#record; UsageError where there is none."""
    path, _, number = name.rpartition("#")
    found = []
    for part in sorted((version / "ledger").glob("*.parquet")):
        # Not read_table: its dataset machinery takes four times as long over many parts.
        with pq.ParquetFile(part) as file:
            keys = file.read(columns=["id", "input_path", "record"])
        mask = pc.or_(pc.equal(keys["id"], name), pc.equal(keys["input_path"], name))
        if number.isdecimal():
            same = pc.equal(keys["record"], int(number))
            mask = pc.or_(mask, pc.and_(pc.equal(keys["input_path"], path), same))
        places = np.flatnonzero(pc.fill_null(mask, False).to_numpy())
        if places.size:
            rows = pq.read_table(part).take(pa.array(places)).to_pylist()
            found += [_read(version, part.name, row) for row in rows]
    if not found:
        raise UsageError(
            f"no document {name} in {version.name}",
            _meant(version, name)
            or "name an id, an input path, or path#record as the ledger has them",
        )
    return found


def _meant(version: Path, name: str) -> str:
    """Return a hint at the first documents whose path ends like the name that was not found."""
    stem = name.rpartition("/")[2]
    for part in sorted((version / "ledger").glob("*.parquet")) if stem else ():
        paths = pq.read_table(part, columns=["input_path"]).column("input_path")
        near = pc.unique(paths.filter(pc.match_substring(paths, "/" + stem))).to_pylist()[:3]
        if near:
            return f"did you mean {' or '.join(near)}?"
    return ""


def _read(version: Path, part: str, ledger: Mapping[str, Any]) -> Found:
    columns = next(iter(_rows(version / "data" / part, ledger)), {})
    text = columns.get("text")
    if text is None:
        text = _text_in_state(version, ledger)
    edits = [
        (row["step"], Edit(*(row[field] for field in Edit._fields)))
        for row in _rows(version / "audit/edits.parquet" / part, ledger)
    ]
    steps = [[edit for _, edit in group] for _, group in groupby(edits, key=lambda item: item[0])]
    gone = _rows(version / "audit/dropped.parquet" / part, ledger)
    return Found(ledger, columns, text, steps, gone)


def _rows(path: Path, ledger: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a part that belong to one record."""
    if not path.is_file():
        return []
    filters = [(name, "==", ledger[name]) for name in ("input_path", "record")]
    rows: list[dict[str, Any]] = pq.read_table(path, filters=filters).to_pylist()
    return rows


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
