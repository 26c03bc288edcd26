"""What the report needs to know of one part: small, mergeable, written beside the part.

A summary is a function of the rows of its part, so an unchanged part brings its summary with it,
and the report of a night's run costs what the night brought. Samples are drawn by the smallest
hashes (a random sample that merges and that every run draws alike); counts are sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.report.tallies import LARGEST, SAMPLES, TOP_LINES
from pipeline.runs import firsts
from pipeline.store.groups import groups, record_keys
from pipeline.text.sketches.line_hashes import mix

LENGTH_BITS = 24  # lengths are counted by power of two
CONTEXT = 24
SHOWN = 240  # characters of a text that an example shows


def summarise_quarantine(quarantine: pa.Table) -> dict[str, Any]:
    """Return what the report needs to know of a part's quarantine, as JSON values.

    The first records, and how many there are by reason: a row may stand for several.
    """
    found = groups(quarantine, ["reason"])
    reasons = quarantine.column("reason").take(pa.array(found.first)).to_pylist()
    sums = found.sums(quarantine.column("records").to_numpy())
    rows = quarantine.slice(0, 50).to_pylist()
    for row in rows:
        row["sample"] = repr(bytes(row["sample"] or b"")[:60])
        row["detail"] = row["detail"][:SHOWN]
    return {
        "quarantine": rows,
        "quarantined": [[*pair] for pair in zip(reasons, sums.tolist(), strict=True)],
    }


def summarise_decided(tables: Mapping[str, pa.Table]) -> dict[str, Any]:
    """Return what the report needs to know of what was decided about a part, as JSON values."""
    data = tables["data"]
    return {
        "lengths": length_counts(data.column("n_chars")),
        "columns": {
            name: {str(key[0]): n for key, n in _counts(data, name).items()}
            for name in ("script", "language", "encoding")
        },
        "damage": {
            "documents": int(pc.sum(pc.greater(data.column("damage_marks"), 0)).as_py() or 0),
            "marks": pc.sum(data.column("damage_marks")).as_py() or 0,
            "decode_errors": pc.sum(data.column("decode_errors")).as_py() or 0,
        },
        "sites": [[*key, n] for key, n in _counts(data, "site").items() if key[0]],
        "dropped": [
            [*key, n]
            for key, n in _counts(
                tables["audit/dropped.parquet"], "unit", "stage", "reason"
            ).items()
        ],
    }


def merge(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the summary of a version from those of its parts, of either kind."""
    rows = list(parts)
    made = [row for row in rows if "stages" in row]
    decided = [row for row in rows if "lengths" in row]
    stages = {stage for part in made for stage in part["examples"]}
    sums = ("documents", "marks", "decode_errors")
    return {
        "stages": _added_all(row for part in made for row in part["stages"]),
        "rules": _added(made, "rules", 2),
        "examples": {
            stage: _best_examples([p["examples"].get(stage, []) for p in made]) for stage in stages
        },
        "removed": _merged_lines([part["removed"] for part in made]),
        "lengths": np.sum([part["lengths"] for part in decided], axis=0).astype(int).tolist()
        if decided
        else [0] * LENGTH_BITS,
        "columns": {
            name: dict(sum((Counter(p["columns"][name]) for p in decided), Counter[str]()))
            for name in ("script", "language", "encoding")
        },
        "damage": {name: sum(part["damage"][name] for part in decided) for name in sums},
        "sites": _added(decided, "sites", 1),
        "quarantined": _added(made, "quarantined", 1),
        "quarantine": [row for part in made for row in part["quarantine"]][:50],
        "dropped": _added(rows, "dropped", 3),
    }


def _counts(table: pa.Table, *names: str) -> dict[tuple[Any, ...], int]:
    found = groups(table, names)
    keys = table.select(names).take(pa.array(found.first)).to_pylist()
    counts = zip(keys, found.counts.tolist(), strict=True)
    return dict(
        sorted(
            ((tuple(key.values()), n) for key, n in counts),
            key=lambda item: (-item[1], str(item[0])),
        )
    )


def _added(rows: Sequence[Mapping[str, Any]], name: str, width: int) -> list[list[Any]]:
    total: Counter[tuple[Any, ...]] = Counter()
    for part in rows:
        for row in part[name]:
            total[tuple(row[:width])] += row[width]
    return [[*key, n] for key, n in sorted(total.items(), key=lambda i: (-i[1], str(i[0])))]


def _added_all(rows: Iterable[Sequence[Any]]) -> dict[str, list[int]]:
    """Add up rows of a name and numbers, by name."""
    total: dict[str, list[int]] = {}
    for name, *numbers in rows:
        total[name] = [a + b for a, b in zip(total.get(name, [0] * 4), numbers, strict=True)]
    return total


def length_counts(column: pa.ChunkedArray) -> list[int]:
    """Count lengths by power of two: [0] is empty, [k] has 2^(k-1) to 2^k - 1 characters."""
    bits = np.frexp(column.to_numpy().astype(np.float64))[1]
    counts: list[int] = np.bincount(
        np.minimum(bits, LENGTH_BITS - 1), minlength=LENGTH_BITS
    ).tolist()
    return counts


def _merged_lines(parts: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    total: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in (row for part in parts for row in part):
        key = (row["stage"], row["rule"], row["text"])
        if key in total:
            total[key]["n"] += row["n"]
        else:
            total[key] = dict(row)
    return sorted(total.values(), key=lambda row: (-row["n"], row["text"]))[:TOP_LINES]


def receipt_keys(records: pa.Table, edits: pa.Table) -> NDArray[np.uint64]:
    """Return a hash by which each receipt is drawn; its `row` is that of `records`."""
    starts = edits.column("start").to_numpy().astype(np.uint64)
    return mix(record_keys(records)[edits.column("row").to_numpy()] ^ mix(starts))


def examples(
    records: pa.Table, edits: pa.Table, picked: Sequence[tuple[int, int, bool]]
) -> list[dict[str, Any]]:
    """Return receipts in their context: (row, hash that drew it, whether it is a large one).

    `edits.row`, which rises, is the row of `records`.
    """
    some = records.select(["id", "status", "text"])  # each slice of a table slices all it has
    shown = _Shown(some, edits, edits.column("row").to_numpy())
    return [{"draw": draw, "large": large, **shown.row(n)} for n, draw, large in picked]


class _Shown:
    """Receipts as examples, in their context; one text at a time is held, which may be a book."""

    def __init__(self, records: pa.Table, edits: pa.Table, owner: NDArray[Any]) -> None:
        self.records, self.edits, self.owner = records, edits, owner
        self.at = -1

    def row(self, place: int) -> dict[str, Any]:
        """Return a receipt as JSON values."""
        row = self.edits.slice(place, 1).to_pylist()[0]
        at = int(self.owner[place])
        if at != self.at:
            self.at = at
            self.first, last = np.searchsorted(self.owner, [at, at + 1]).tolist()
            mine = self.edits.slice(self.first, last - self.first)
            self.original = _Original(self.records.slice(at), mine)
        left, right = self.original.around(place - self.first)
        return {
            "size": len(row["before"]) + len(row["after"]),
            "id": self.records.column("id")[at].as_py(),
            "rule": row["rule"], "confidence": row["confidence"], "note": row["note"][:SHOWN],
            "left": left, "before": row["before"][:SHOWN], "after": row["after"][:SHOWN],
            "right": right,
            "cut": [max(len(row[side]) - SHOWN, 0) for side in ("before", "after")],
        }  # fmt: skip


class _Original:
    """A record as it was before each step, of which only what is asked for is put together.

    `steps`: the first receipt of each step, and one behind the last; the other arrays are of the
    receipts in their order. `moved` says by how much those of the step before one moved the text.
    """

    def __init__(self, record: pa.Table, edits: pa.Table) -> None:
        kept = record.column("status")[0].as_py() == "kept"
        self.text: str | None = record.column("text")[0].as_py() if kept else None
        self.edits = edits
        self.step, self.start, self.end = (
            edits.column(name).to_numpy() for name in ("step", "start", "end")
        )
        fresh = firsts(self.step)
        self.steps = [*fresh.tolist(), len(edits)]
        longer = pc.utf8_length(edits.column("after")).to_numpy() - (self.end - self.start)
        self.moved = np.concatenate(([0], np.cumsum(longer)))

    def around(self, place: int) -> tuple[str, str]:
        """Return the text on either side of a receipt, in its stage's input."""
        if self.text is None:
            return "", ""
        step = int(np.searchsorted(self.steps, place, "right")) - 1
        start, end = int(self.start[place]), int(self.end[place])
        left = self._input(step, max(0, start - CONTEXT), start)
        return left, self._input(step, end, end + CONTEXT)

    def _input(self, step: int, first: int, last: int) -> str:
        """Return characters `first` to `last` (exclusive) of what a step was given."""
        if step == len(self.steps) - 1:
            assert self.text is not None
            return self.text[first:last]
        begin, stop = self.steps[step : step + 2]
        i = begin + int(np.searchsorted(self.end[begin:stop], first, "right"))
        out = []
        while i < stop and self.start[i] < last:
            start, end = int(self.start[i]), int(self.end[i])
            if start > first:
                out.append(self._output(step, i, first, start))
            before = self.edits.column("before")[i].as_py()
            out.append(before[max(first - start, 0) : last - start])
            first = max(first, end)
            i += 1
        if first < last:
            out.append(self._output(step, i, first, last))
        return "".join(out)

    def _output(self, step: int, i: int, first: int, last: int) -> str:
        """Return what a step left as it was: its first receipt behind that is number `i`."""
        moved = int(self.moved[i] - self.moved[self.steps[step]])
        return self._input(step + 1, first + moved, last + moved)


def _best_examples(parts: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    every = [row for part in parts for row in part]
    drawn = nsmallest(SAMPLES, (r for r in every if not r["large"]), key=lambda r: r["draw"])
    shown = {(r["id"], r["left"], r["before"]) for r in drawn}
    large = [r for r in every if r["large"] and (r["id"], r["left"], r["before"]) not in shown]
    return drawn + sorted(large, key=lambda r: -r["size"])[:LARGEST]
