"""What changed between two versions: documents, and the rules and settings that changed them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.store.earlier import read_parts
from pipeline.store.groups import groups, path_bytes, record_keys
from pipeline.store.schema import FILES
from pipeline.store.version import read_run

SAMPLE = 5
KINDS = ("added", "removed", "retracted", "restored", "changed")
_COLUMNS = ["input_path", "record", "id", "status", "reason"]
_SCHEMA = pa.schema(
    [
        ("input_path", pa.string()),
        ("record", pa.int64()),
        *((name, pa.string()) for name in ("id", "status", "reason", "content")),
    ]
)


def compare(old: Path, new: Path) -> dict[str, Any]:
    """Return the difference of two versions as JSON values.

    Only parts that the versions do not share are read, so that a night's change costs little.
    """
    decided = _changed(old, new, "decided")
    before, after = (_states(*which) for which in zip((old, new), decided, strict=True))
    table = pa.concat_tables([before, after])
    was, now = _paired(table, len(before))
    found = _kinds(table, was, now)
    runs = [read_run(old), read_run(new)]
    changed = record_keys(table)[now[found["changed"]]]
    made = _changed(old, new, "made")
    rules = _rules(new, made[1], changed)
    rules.subtract(_rules(old, made[0], changed))
    return {
        "old": old.name,
        "new": new.name,
        "totals": {name: int(which.sum()) for name, which in found.items()},
        "recipe": _settings(*runs),
        "program": [run["run_id"] for run in runs],
        "rules": {f"{s}:{r}": n for (s, r), n in sorted(rules.items()) if n},
        "samples": {
            name: _sample(table, was[which][:SAMPLE], now[which][:SAMPLE])
            for name, which in found.items()
            if which.any()
        },
    }


def _paired(table: pa.Table, split: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair the rows of one record, of which those before `split` are the old version's.

    Returns (row of the old version, row of the new one), int64 (k,), -1 where there is none, in
    order of key.
    """
    paths = table.column("input_path").combine_chunks().dictionary_encode()
    names = [path_bytes(path) for path in paths.dictionary.to_pylist()]
    rank = np.argsort(np.argsort(np.array(names, object)))
    path = rank[paths.indices.to_numpy()] if names else np.zeros(0, np.int64)
    record = table.column("record").to_numpy()
    order = np.lexsort((np.arange(len(record)), record, path))
    same = (path[order][1:] == path[order][:-1]) & (record[order][1:] == record[order][:-1])
    first = np.concatenate(([True], ~same))[: len(order)]
    both = np.concatenate((same, [False]))[: len(order)][first]
    rows = order[first]
    after = np.concatenate((order[1:], [-1]))[: len(order)][first]
    was = np.where(rows < split, rows, -1)
    now = np.where(rows >= split, rows, np.where(both, after, -1))
    return was, now


def _kinds(
    table: pa.Table, was: NDArray[np.int64], now: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    """Return which pairs are of each kind."""
    kept = pc.equal(table.column("status"), "kept").to_numpy()
    states, contents = (
        table.column(name).combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy()
        for name in ("status", "content")
    )
    both = (was >= 0) & (now >= 0)
    moved = both & (states[was] != states[now]) if len(both) else both
    same = both & ~moved
    return {
        "added": was < 0,
        "removed": now < 0,
        "retracted": moved & ~kept[now] if len(both) else both,
        "restored": moved & kept[now] if len(both) else both,
        "changed": same & (contents[was] != contents[now]) if len(both) else both,
    }


def _sample(
    table: pa.Table, was: NDArray[np.int64], now: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Return some pairs as JSON values."""
    rows = []
    for before, after in zip(was.tolist(), now.tolist(), strict=True):
        states = [table.slice(at, 1).to_pylist()[0] if at >= 0 else None for at in (before, after)]
        row = {name: (states[1] or states[0])[name] for name in ("id", "input_path", "record")}  # type: ignore[index]
        rows.append({**row, "was": _fate(states[0]), "now": _fate(states[1])})
    return rows


def _changed(old: Path, new: Path, group: str) -> list[list[int]]:
    """Return for each of two versions the numbers of the parts that the other does not have."""
    parts = [{e[group]["digest"]: e["number"] for e in read_parts(v)} for v in (old, new)]
    shared = parts[0].keys() & parts[1].keys()
    return [[n for digest, n in of.items() if digest not in shared] for of in parts]


def _states(version: Path, parts: Sequence[int]) -> pa.Table:
    """Return what a version holds of each record: _COLUMNS, and `content`, the text's hash."""
    tables = [_SCHEMA.empty_table()]
    for number in parts:
        data, _, ledger, _ = (version / name.format(number) for name in FILES["decided"])
        if not ledger.is_file():
            continue
        rows = pq.read_table(ledger, columns=_COLUMNS).select(_COLUMNS)
        kept = pc.equal(rows.column("status"), "kept")
        hashes = (  # of the rows that were kept, in the same order
            pq.read_table(data, columns=["content_hash"]).column(0).combine_chunks()
            if data.is_file()
            else pa.array([], pa.string())
        )
        at = pc.if_else(kept, pc.subtract(pc.cumulative_sum(kept.cast(pa.int64())), 1), None)
        content = hashes.take(at.combine_chunks())
        tables.append(rows.append_column("content", content).cast(_SCHEMA))
    return pa.concat_tables(tables)


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
            yield f"  {row['id']}" + (f"  {fates}" if row["was"] != row["now"] else "")
    if "changed" in difference["samples"]:
        yield f"the text as it was: python -m pipeline explain ID --version {difference['old']}"
