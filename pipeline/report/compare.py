"""What changed between two versions: documents, and the rules and settings that changed them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.report.difference import visible
from pipeline.runs import runs
from pipeline.store.earlier import read_parts
from pipeline.store.groups import groups, path_bytes, record_keys
from pipeline.store.schema import FILES
from pipeline.store.version import read_run

SAMPLE = 5
_CODED = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema([("input_path", _CODED), ("record", pa.int64()), ("status", _CODED)])
_TOLD = ["id", "input_path", "record", "status", "reason"]


def compare(old: Path, new: Path) -> dict[str, Any]:
    """Return the difference of two versions as JSON values.

    Only parts that the versions do not share are read, so that a night's change costs little.
    """
    decided = _changed(old, new, "decided")
    states = _states([(old, decided[0]), (new, decided[1])])
    was, now = _paired(states)
    found = _kinds(states, was, now)
    told = [read_run(old), read_run(new)]
    changed = record_keys(states.table.take(pa.array(now[found["changed"]])))
    made = _changed(old, new, "made")
    rules = _rules(new, made[1], changed)
    rules.subtract(_rules(old, made[0], changed))
    return {
        "old": old.name,
        "new": new.name,
        "totals": {name: int(which.sum()) for name, which in found.items()},
        "recipe": _settings(*told),
        "program": [run["run_id"] for run in told],
        "rules": {f"{s}:{r}": n for (s, r), n in sorted(rules.items()) if n},
        "samples": {
            name: _sample(states, was[which][:SAMPLE], now[which][:SAMPLE])
            for name, which in found.items()
            if which.any()
        },
    }


class _States(NamedTuple):
    """What two versions hold of each record, n rows, those of the old one first.

    `table`: path, number and status. `content` S32 (n,): hash of the text, empty where it was not
    kept. `ledgers`: the files of the rows; those of file i end at `ends[i]`. `split`: rows of the
    old version. `read`: the files of which more was asked.
    """

    table: pa.Table
    content: NDArray[np.bytes_]
    ledgers: list[Path]
    ends: list[int]
    split: int
    read: dict[int, pa.Table]

    def row(self, at: int) -> dict[str, Any]:
        """Return what the ledger says of one record."""
        file = int(np.searchsorted(self.ends, at, "right"))
        first = self.ends[file - 1] if file else 0
        if file not in self.read:
            self.read[file] = pq.ParquetFile(self.ledgers[file]).read(columns=_TOLD)
        return self.read[file].slice(at - first, 1).to_pylist()[0]  # type: ignore[no-any-return]


def _paired(states: _States) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair the rows of one record.

    Returns (row of the old version, row of the new one), int64 (k,), -1 where there is none, in
    order of key.
    """
    paths = states.table.column("input_path").combine_chunks()
    names = [path_bytes(path) for path in paths.dictionary.to_pylist()]
    rank = np.argsort(np.argsort(np.array(names, object)))
    path = rank[paths.indices.to_numpy()] if names else np.zeros(0, np.int64)
    record = states.table.column("record").to_numpy()
    order = np.lexsort((record, path))  # stable: of one record the old row comes first
    first, sizes = runs(path[order], record[order])
    rows, both = order[first], sizes > 1
    after = np.append(order, -1)[first + 1]
    was = np.where(rows < states.split, rows, -1)
    now = np.where(rows >= states.split, rows, np.where(both, after, -1))
    return was, now


def _kinds(
    states: _States, was: NDArray[np.int64], now: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    """Return which pairs are of each kind."""
    column = states.table.column("status").combine_chunks()
    status, content = column.indices.to_numpy(), states.content
    kept = status == pc.index(column.dictionary, "kept").as_py()
    both = (was >= 0) & (now >= 0)
    moved = both & (status[was] != status[now]) if len(both) else both
    same = both & ~moved
    return {
        "added": was < 0,
        "removed": now < 0,
        "retracted": moved & ~kept[now] if len(both) else both,
        "restored": moved & kept[now] if len(both) else both,
        "changed": same & (content[was] != content[now]) if len(both) else both,
    }


def _sample(
    states: _States, was: NDArray[np.int64], now: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Return some pairs as JSON values."""
    rows = []
    for before, after in zip(was.tolist(), now.tolist(), strict=True):
        told = [states.row(at) if at >= 0 else None for at in (before, after)]
        row = {name: (told[1] or told[0])[name] for name in ("id", "input_path", "record")}  # type: ignore[index]
        rows.append({**row, "was": _fate(told[0]), "now": _fate(told[1])})
    return rows


def _changed(old: Path, new: Path, group: str) -> list[list[int]]:
    """Return for each of two versions the numbers of the parts that the other does not have."""
    parts = [{e[group]["digest"]: e["number"] for e in read_parts(v)} for v in (old, new)]
    shared = parts[0].keys() & parts[1].keys()
    return [[n for digest, n in of.items() if digest not in shared] for of in parts]


def _states(versions: Sequence[tuple[Path, Sequence[int]]]) -> _States:
    """Return what parts of two versions hold of each record."""
    tables, contents = [_SCHEMA.empty_table()], [np.zeros(0, "S32")]
    ledgers: list[Path] = []
    ends = [0]
    split = 0
    for version, parts in versions:
        split = ends[-1]
        for number in parts:
            data, _, ledger, _ = (version / name.format(number) for name in FILES["decided"])
            if ledger.is_file():
                coded = [name for name in _SCHEMA.names if _SCHEMA.field(name).type == _CODED]
                with pq.ParquetFile(ledger, read_dictionary=coded) as file:
                    tables.append(file.read(columns=_SCHEMA.names).cast(_SCHEMA))
                contents.append(_contents(tables[-1], data))
                ledgers.append(ledger)
                ends.append(ends[-1] + len(tables[-1]))
    table = pa.concat_tables(tables).unify_dictionaries()
    return _States(table, np.concatenate(contents), ledgers, ends[1:], split, {})


def _contents(ledger: pa.Table, data: Path) -> NDArray[np.bytes_]:
    """Return the hashes of the texts of the records of a ledger, S32, empty where there is none."""
    out = np.zeros(len(ledger), "S32")
    if data.is_file():  # it has the rows that were kept, in the same order
        kept = pc.equal(ledger.column("status"), "kept").to_numpy()
        with pq.ParquetFile(data) as file:
            hashes = file.read(columns=["content_hash"]).column(0).cast(pa.binary(32))
        out[kept] = np.frombuffer(hashes.combine_chunks().buffers()[1] or b"", "S32")
    return out


def _fate(state: Mapping[str, Any] | None) -> str:
    return "" if state is None else state["reason"] or state["status"]


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    changes = []
    flat = [
        {f"{s}.{k}": v for s, options in run["recipe"].items() for k, v in options.items()}
        | {f"version of {k}": v for k, v in run["dependencies"].items()}
        for run in (old, new)
    ]
    for name in sorted(flat[0].keys() | flat[1].keys()):
        was, now = (values.get(name) for values in flat)
        if was != now and not name.startswith("run."):
            changes.append({"setting": name, "was": was, "now": now})
    return changes


def _rules(
    version: Path, parts: Sequence[int], keys: NDArray[np.uint64]
) -> Counter[tuple[str, str]]:
    """Count the receipts, by rule, of the documents of these keys, whose text changed."""
    counts: Counter[tuple[str, str]] = Counter()
    for number in parts:
        path = version / FILES["made"][0].format(number)
        if len(keys) and path.is_file():
            edits = pq.read_table(path, columns=["input_path", "record", "stage", "rule"])
            mine = edits.filter(pa.array(np.isin(record_keys(edits), keys)))
            found = groups(mine, ["stage", "rule"])
            rules = mine.select(["stage", "rule"]).take(pa.array(found.first)).to_pylist()
            for row, n in zip(rules, found.counts.tolist(), strict=True):
                counts[row["stage"], row["rule"]] += n
    return counts


def render(difference: Mapping[str, Any]) -> Iterator[str]:
    """Yield the difference as lines."""
    yield f"{difference['old']} -> {difference['new']}"
    yield "  " + ", ".join(f"{name} {n:,}" for name, n in difference["totals"].items())
    for change in difference["recipe"]:
        yield f"  {change['setting']}: {change['was']} -> {change['now']}"
    if len(set(difference["program"])) > 1 and not difference["recipe"]:
        yield "  the code or its tables changed"
    for rule, n in difference["rules"].items():
        yield f"  {rule}: {n:+,} edits in documents that changed"
    for name, rows in difference["samples"].items():
        total = difference["totals"][name]
        yield f"{name}:" if total == len(rows) else f"{name} ({len(rows)} of {total:,}):"
        for row in rows:
            fates = " -> ".join(fate for fate in (row["was"], row["now"]) if fate)
            yield f"  {visible(row['id'])}" + (f"  {fates}" if row["was"] != row["now"] else "")
    if "changed" in difference["samples"]:
        yield f"the text as it was: python -m pipeline explain ID --version {difference['old']}"
