"""What the report has to know of receipts, slab by slab: arrays, so that a night adds them up.

Of a slab that did not change yesterday's rows are taken. Sums are sums; of examples, which are the
smallest of hashes and the largest edits, those of a part are among those of its slabs. So what
comes of it is the same as if all receipts of the part were looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from pipeline.runs import begins, find, runs
from pipeline.store.groups import groups, ranked

SAMPLES = 4  # random examples of a stage
LARGEST = 2  # and the largest edits
TOP_LINES = 300  # most-removed lines of a part that are counted on
KNOWN_LINES = 450  # of which the text is kept for the next night, when others may be on top

_NO_RANK = np.uint64(2**64 - 1)  # no rank is greater

Slabs = NDArray[np.int64]
COUNTS = np.dtype([("slab", "<i4"), ("name", "<i4"), ("n", "<i8", (4,))])
"""How often a name occurs in a slab. Of a stage: documents that it changed, its edits, characters
removed and added; else edits, or paragraphs dropped, and three zeros."""
LINES = np.dtype([("slab", "<i4"), ("key", "<u8"), ("n", "<i8"), ("row", "<i8"), ("place", "<i8")])
"""How often a paragraph was removed: a hash of it, and where it was first: its row among those of
the slab, and the place of its document in the slab."""
DRAWN = np.dtype(
    [("slab", "<i4"), ("name", "<i4"), ("large", "?"), ("rank", "<u8"), ("place", "<i8"),
     ("nth", "<i4")]
)  # fmt: skip
"""A receipt that may be an example of its stage: its place in order (the least are shown), the
place of its document in the slab, and its number among the receipts of that."""


@dataclass(frozen=True, slots=True)
class Tallies:
    """What there is to know of some slabs, in order of slab. `names`: (kind, stage[, rule])."""

    names: tuple[tuple[str, ...], ...]
    counts: NDArray[Any]
    lines: NDArray[Any]
    drawn: NDArray[Any]

    def of(self, numbers: Slabs, slabs: Slabs) -> Tallies:
        """Return those of some slabs, by other numbers; both ascend."""
        return Tallies(self.names, *(_renumbered(rows, numbers, slabs) for rows in self._tables()))

    def _tables(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        return self.counts, self.lines, self.drawn

    def pack(self) -> tuple[NDArray[Any], ...]:
        """Return arrays that `unpack` makes the same of."""
        return np.array(["\0".join(name) for name in self.names], np.str_), *self._tables()


def unpack(names: NDArray[Any], *tables: NDArray[Any]) -> Tallies:
    """Return what was packed."""
    return Tallies(tuple(tuple(name.split("\0")) for name in names.tolist()), *tables)


def _renumbered(rows: NDArray[Any], numbers: Slabs, slabs: Slabs) -> NDArray[Any]:
    at = find(numbers, rows["slab"])
    mine = np.flatnonzero(at >= 0)
    out = rows[mine]
    out["slab"] = slabs[at[mine]]
    return out


def joined(parts: Sequence[Tallies]) -> Tallies:
    """Return what is known of all slabs, in order of slab."""
    numbers: dict[tuple[str, ...], int] = {}
    named: list[list[NDArray[Any]]] = [[], []]
    for part in parts:
        codes = np.array([numbers.setdefault(name, len(numbers)) for name in part.names], np.int32)
        for rows, table in zip(named, (part.counts, part.drawn), strict=True):
            rows.append(table.copy())
            rows[-1]["name"] = codes[table["name"]]
    tables = (
        [np.zeros(0, COUNTS), *named[0]],
        [np.zeros(0, LINES), *(part.lines for part in parts)],
        [np.zeros(0, DRAWN), *named[1]],
    )
    every = (np.concatenate(table) for table in tables)
    return Tallies(
        tuple(numbers), *(rows[np.argsort(rows["slab"], kind="stable")] for rows in every)
    )


def tallied(
    edits: pa.Table,
    removed: pa.Table,
    slabs: Sequence[Slabs],
    places: Sequence[Slabs],
    keys: NDArray[np.uint64],
) -> Tallies:
    """Return what there is to know of receipts and of the paragraphs that they dropped.

    `slabs`: of each receipt and of each paragraph the slab; both ascend. `places`: the place of
    their document in the slab. `keys`: of each receipt a hash that draws it.
    """
    names: list[tuple[str, ...]] = []
    parts = [np.zeros(0, COUNTS)]
    stages = _Named(edits, ["stage"], slabs[0])
    sizes = [pc.utf8_length(edits.column(name)).to_numpy() for name in ("before", "after")]
    parts.append(stages.counts("stage", names, _sums(stages, places[0], sizes)))
    parts.append(_Named(edits, ["stage", "rule"], slabs[0]).counts("rule", names))
    parts.append(_Named(removed, ["stage", "reason"], slabs[1]).counts("dropped", names))
    drawn = _drawn(stages, places[0], keys, (sizes[0] + sizes[1]).astype(np.uint64))
    counts = np.concatenate(parts)
    counts = counts[np.argsort(counts["slab"], kind="stable")]
    return Tallies(tuple(names), counts, _lines(removed, slabs[1], places[1]), drawn)


class _Named:
    """Rows of a table by slab and by some columns: `name` of each row, `group` of slab and name."""

    def __init__(self, table: pa.Table, columns: Sequence[str], slabs: Slabs) -> None:
        found = groups(table, columns)
        self.slabs, self.name = slabs, found.group
        self.names = [
            tuple(row.values())
            for row in table.select(columns).take(pa.array(found.first)).to_pylist()
        ]
        self.base = 0
        width = max(len(self.names), 1)
        self.codes, self.group = ranked(slabs * width + found.group)
        self.width = width

    def counts(
        self, kind: str, names: list[tuple[str, ...]], sums: NDArray[np.int64] | None = None
    ) -> NDArray[Any]:
        """Return COUNTS, and add their names to `names`."""
        out = np.zeros(len(self.codes), COUNTS)
        out["slab"] = self.codes // self.width
        self.base = len(names)
        out["name"] = self.codes % self.width + self.base
        if sums is None:
            out["n"][:, 0] = np.bincount(self.group, minlength=len(self.codes))
        else:
            out["n"] = sums
        names += [(kind, *name) for name in self.names]
        return out


def _sums(stages: _Named, places: Slabs, sizes: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Return by slab and stage: documents, receipts, characters removed and added.

    The receipts of a document, and in it those of a stage, stand together.
    """
    n = len(stages.codes)
    columns = [begins(stages.group, places), None, *sizes]
    sums = [np.bincount(stages.group, weights, minlength=n) for weights in columns]
    return np.stack(sums, axis=1).astype(np.int64)


def _lines(removed: pa.Table, slabs: Slabs, places: Slabs) -> NDArray[Any]:
    named = removed.select(["stage", "reason", "text"]).append_column("slab", pa.array(slabs))
    found = groups(named, ["slab", "stage", "reason", "text"])
    out = np.zeros(len(found.first), LINES)
    out["slab"], out["n"] = slabs[found.first], found.counts
    starts = np.searchsorted(slabs, out["slab"])
    out["row"], out["place"] = found.first - starts, places[found.first]
    texts = named.drop_columns(["slab"]).take(pa.array(found.first))
    joined_texts = pc.binary_join_element_wise(*texts.columns, "\0").cast(pa.binary())
    out["key"] = [xxhash.xxh3_64_intdigest(text) for text in joined_texts.to_pylist()]
    return out


def _drawn(
    stages: _Named, places: Slabs, keys: NDArray[np.uint64], sizes: NDArray[np.uint64]
) -> NDArray[Any]:
    parts = [np.zeros(0, DRAWN)]
    nth = np.arange(len(places)) - np.repeat(*runs(stages.slabs, places))
    for large, ranks, most in ((False, keys, SAMPLES), (True, ~sizes, LARGEST)):
        rows = _least(stages.group, ranks, most)
        out = np.zeros(len(rows), DRAWN)
        out["slab"], out["name"] = stages.slabs[rows], stages.name[rows] + stages.base
        out["large"], out["rank"], out["place"] = large, ranks[rows], places[rows]
        out["nth"] = nth[rows]
        parts.append(out)
    every = np.concatenate(parts)
    return every[np.argsort(every["slab"], kind="stable")]


def _least(
    group: NDArray[Any], ranks: NDArray[np.uint64], most: int | NDArray[np.int64]
) -> NDArray[np.intp]:
    """Return the rows of the least ranks of each group, in their order; of equal ones the first.

    `most`: so many of a group, or by row so many of its group.
    """
    # With the rows of a group dealt out to as many hands, the greatest of their least ranks bounds
    # what is looked for: few are left to be sorted.
    hands = int(np.max(most, initial=1))
    least = np.full((int(group.max(initial=-1)) + 1, hands), _NO_RANK)
    np.minimum.at(least.reshape(-1), group * hands + np.arange(len(group)) % hands, ranks)
    some = np.flatnonzero(ranks <= least.max(axis=1)[group])
    group, limits = group[some], np.broadcast_to(most, len(ranks))[some]
    order = np.lexsort((ranks[some], group))
    starts = np.searchsorted(group[order], group[order])
    return np.sort(some[order[np.arange(len(order)) - starts < limits[order]]])


def shown(drawn: NDArray[Any]) -> NDArray[Any]:
    """Return those of some receipts (DRAWN) that may be examples of a part that has them all."""
    group = drawn["name"] * 2 + drawn["large"]
    limits = np.where(drawn["large"], LARGEST, SAMPLES)
    return drawn[_least(group, drawn["rank"], limits)]


def top_lines(lines: NDArray[Any]) -> NDArray[Any]:
    """Return the most-removed lines of all slabs: `n` of all, and where the first is."""
    _, first, group = np.unique(lines["key"], return_index=True, return_inverse=True)
    out = lines[first]
    out["n"] = np.bincount(group, lines["n"], len(first)).astype(np.int64)
    return out[np.lexsort((out["key"], -out["n"]))[:KNOWN_LINES]]


def counted(tallies: Tallies) -> Mapping[str, list[list[Any]]]:
    """Return of each kind its names and their sums over all slabs."""
    sums = np.zeros((len(tallies.names), 4), np.int64)
    np.add.at(sums, tallies.counts["name"], tallies.counts["n"])
    out: dict[str, list[list[Any]]] = {"stage": [], "rule": [], "dropped": []}
    for (kind, *name), numbers in zip(tallies.names, sums.tolist(), strict=True):
        if numbers[0]:
            out[kind].append([*name, *numbers[: 4 if kind == "stage" else 1]])
    out["stage"].sort()
    for kind in ("rule", "dropped"):
        out[kind].sort(key=lambda row: (-row[-1], str(tuple(row[:-1]))))
    return out


def saved(arrays: Iterable[NDArray[Any]]) -> bytes:
    """Return arrays as bytes, one after the other."""
    file = BytesIO()
    for array in arrays:
        np.save(file, array, allow_pickle=False)
    return file.getvalue()


def loaded(content: bytes) -> list[NDArray[Any]]:
    """Return the arrays that were saved."""
    file = BytesIO(content)
    out = []
    while file.tell() < len(content):
        out.append(np.load(file, allow_pickle=False))
    return out
