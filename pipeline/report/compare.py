"""What changed between two versions: documents, and the rules and settings that changed them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from pipeline.store.version import read_run

SAMPLE = 5
Key = tuple[str, int]


class State(NamedTuple):
    """What a version holds of one record."""

    id: str
    status: str
    reason: str
    content: str


def compare(old: Path, new: Path) -> dict[str, Any]:
    """Return the difference of two versions as JSON values.

    Only parts that the versions do not share are read, so that a night's change costs little.
    """
    digests = [set(_parts(version)) for version in (old, new)]
    shared = digests[0] & digests[1]
    before, after = _states(old, shared), _states(new, shared)
    groups: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("added", "removed", "retracted", "restored", "changed")
    }
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        name = _kind(was, now)
        if name:
            row = {"id": (now or was).id, "input_path": key[0], "record": key[1]}  # type: ignore[union-attr]
            groups[name].append({**row, "was": _fate(was), "now": _fate(now)})
    runs = [read_run(old), read_run(new)]
    changed = {(row["input_path"], row["record"]) for row in groups["changed"]}
    rules = _rules(new, shared, changed)
    rules.subtract(_rules(old, shared, changed))
    return {
        "old": old.name,
        "new": new.name,
        "totals": {name: len(rows) for name, rows in groups.items()},
        "recipe": _settings(*runs),
        "program": [run["run_id"] for run in runs],
        "rules": {f"{s}:{r}": n for (s, r), n in sorted(rules.items()) if n},
        "samples": {name: rows[:SAMPLE] for name, rows in groups.items() if rows},
    }


def _parts(version: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((version / "parts.json").read_bytes())
    return content


def _files(version: Path, shared: set[str]) -> list[str]:
    return [
        f"part-{entry['number']:05d}.parquet"
        for digest, entry in _parts(version).items()
        if digest not in shared
    ]


def _states(version: Path, shared: set[str]) -> dict[Key, State]:
    states: dict[Key, State] = {}
    for name in _files(version, shared):
        content: dict[Key, str] = {}
        data = version / "data" / name
        if data.is_file():
            rows = pq.read_table(data, columns=["input_path", "record", "content_hash"])
            for row in rows.to_pylist():
                content[row["input_path"], row["record"]] = row["content_hash"]
        ledger = version / "ledger" / name
        for row in pq.read_table(ledger).to_pylist() if ledger.is_file() else ():
            key = (row["input_path"], row["record"])
            states[key] = State(row["id"], row["status"], row["reason"], content.get(key, ""))
    return states


def _kind(was: State | None, now: State | None) -> str:
    """Return how a record changed; empty where it did not."""
    if was is None or now is None:
        return "added" if was is None else "removed"
    if was.status != now.status:
        return "restored" if now.status == "kept" else "retracted"
    return "changed" if was.content != now.content else ""


def _fate(state: State | None) -> str:
    return "" if state is None else state.reason or state.status


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


def _rules(version: Path, shared: set[str], keys: set[Key]) -> Counter[tuple[str, str]]:
    """Count the receipts, by rule, of the documents whose text changed."""
    counts: Counter[tuple[str, str]] = Counter()
    for name in _files(version, shared):
        path = version / "audit/edits.parquet" / name
        if keys and path.is_file():
            columns = ["input_path", "record", "stage", "rule"]
            for row in pq.read_table(path, columns=columns).to_pylist():
                if (row["input_path"], row["record"]) in keys:
                    counts[row["stage"], row["rule"]] += 1
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
        yield f"{name}:"
        for row in rows:
            yield f"  {row['id']}  {row['was']} -> {row['now']}".rstrip(" ->")
