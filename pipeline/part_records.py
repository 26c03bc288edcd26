"""The records of a part that have to be read, from the artifacts, with the lines of sites gone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.corpus import take_edits, take_records
from pipeline.cutting import apply_removals
from pipeline.removals import reasons_of
from pipeline.runs import runs
from pipeline.store.shard import EDIT_SCHEMA

Places = NDArray[np.int64]

_RUN = 16  # rows that are sorted as one, on average: a slice costs as much as copying so many


class PartRecords:
    """Records and receipts of some places of a part, with what was decided about their lines.

    `table`: in order of place, with `input_path`; `plan`: what was decided about them. `fresh`:
    the places of which all columns are wanted (None: only receipts are); of the `headless` the head
    of the text. Of those that are `told` the receipts are read, too; `edits.row` is the row of the
    table.
    """

    def __init__(
        self,
        plan: pa.Table,
        sources: Sequence[str],
        fresh: NDArray[np.bool_] | None,
        headless: Places,
        told: NDArray[np.bool_] | None,
    ) -> None:
        hashed = np.zeros(len(plan), np.bool_) if fresh is None else fresh
        read = hashed.copy()
        if fresh is not None:
            read[headless] = True
        if told is not None:
            read |= told
        self.places: Places = np.flatnonzero(read)
        places = self.places
        self.plan = plan.take(pa.array(places)) if len(places) < len(plan) else plan
        mine = None if told is None else told[places]
        records, edits = _collect(self.plan, sources, mine)
        reasons = reasons_of((plan.schema.metadata or {}).get(b"reasons"))
        removals = self.plan.column("removals")
        self.table, self.edits = apply_removals(
            records, edits, removals, reasons, mine, hashed[places]
        )
        self.table = self.table.append_column("input_path", self.plan.column("input_path"))

    def at(self, places: Places) -> pa.Table:
        """Return the records of some of the places, which ascend."""
        if len(places) == len(self.places):
            return self.table
        wanted = np.zeros(len(self.places), np.bool_)
        wanted[np.searchsorted(self.places, places)] = True
        # `take` would first lay all batches end to end: five times as long.
        return self.table.filter(pa.array(wanted))


def _collect(
    plan: pa.Table, sources: Sequence[str], told: NDArray[np.bool_] | None
) -> tuple[pa.Table, pa.Table]:
    """Read the records of a plan, and the receipts of those that are `told`, in its order.

    The receipts' `row` becomes the place in the plan.
    """
    owners = plan.column("artifact").to_numpy()
    rows = plan.column("row").to_numpy()
    nothing = np.zeros(0, np.int64)
    pieces: list[pa.Table] = [take_records(Path(sources[0]), nothing)]
    edits: list[pa.Table] = [EDIT_SCHEMA.empty_table()]
    places: list[NDArray[np.int64]] = [nothing]
    numbers, firsts = np.unique(owners, return_index=True)
    for number in numbers[np.argsort(firsts)]:  # mostly the order of the plan already
        folder = Path(sources[number])
        mine = np.flatnonzero(owners == number)
        pieces.append(take_records(folder, rows[mine]))
        places.append(mine)
        if told is None:
            continue
        mine = mine[told[mine]]
        if len(found := take_edits(folder, rows[mine])):
            by_row = np.argsort(rows[mine], kind="stable")
            at = np.searchsorted(rows[mine][by_row], found.column("row").to_numpy())
            place = mine[by_row][at]
            edits.append(found.set_column(0, "row", pa.array(place.astype(np.int32))))
    records = in_place(pa.concat_tables(pieces), np.concatenate(places))
    every = pa.concat_tables(edits)
    return records, in_place(every, every.column("row").to_numpy())


def in_place(table: pa.Table, places: NDArray[Any]) -> pa.Table:
    """Return the rows of a table in order of their places.

    Runs of them stay where they lie: a shard has pieces of several files, and to copy the texts of
    a part took as long as compressing them.
    """
    if bool((places[1:] >= places[:-1]).all()):
        return table
    order = np.argsort(places, kind="stable")
    starts, sizes = runs(order - np.arange(len(order)))
    if len(starts) * _RUN > len(order):
        return table.take(pa.array(order))
    slices = zip(order[starts].tolist(), sizes.tolist(), strict=True)
    return pa.concat_tables([table.slice(first, size) for first, size in slices])
