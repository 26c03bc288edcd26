"""Lines that go because of other documents: as arrays, on their way from `decide` to the texts."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from pipeline.runs import begins
from pipeline.text.longlines import Lines, lines_of
from pipeline.text.removal import Reason
from pipeline.text.sketches.line_hashes import mix

STAGE = "sites"
COLUMN = pa.list_(pa.int64())
"""Of each record the lines that go, ascending: number of the line << 32 | number of the reason."""

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
LOW = 0xFFFFFFFF  # of a value of COLUMN: the number of the reason


@dataclass(frozen=True, slots=True)
class Removals:
    """m lines that go, sorted by record and line: each int64 (m,).

    `rank`: of the record; `line`: number of the line in its text; `why`: number of the reason.
    """

    rank: Ints
    line: Ints
    why: Ints
    reasons: tuple[Reason, ...] = ()

    @classmethod
    def none(cls) -> Removals:
        """Return no lines."""
        return cls(*np.zeros((3, 0), np.int64))

    def ranks(self) -> Ints:
        """Return the records that lose lines, ascending."""
        return np.unique(self.rank)

    def lines(self, ranks: Ints) -> list[set[int]]:
        """Return the numbers of the lines that some records lose."""
        bounds = np.searchsorted(self.rank, np.stack((ranks, ranks + 1)))
        return [set(self.line[a:b].tolist()) for a, b in bounds.T.tolist()]

    def of(self, ranks: Ints) -> Removals:
        """Return the lines of some records, `rank` being the place among them."""
        first, last = np.searchsorted(self.rank, np.stack((ranks, ranks + 1)))
        sizes = last - first
        rows = np.arange(sizes.sum()) + np.repeat(first - (np.cumsum(sizes) - sizes), sizes)
        owner = np.repeat(np.arange(len(ranks)), sizes)
        return Removals(owner, self.line[rows], self.why[rows], self.reasons)

    def plus(self, rank: Ints, line: Ints, why: Ints, reasons: Sequence[Reason]) -> Removals:
        """Return these and other lines; of a line that is in both, with the reason that it has."""
        own = np.concatenate((np.zeros(len(self.rank), np.int64), np.ones(len(rank), np.int64)))
        ranks, lines = np.concatenate((self.rank, rank)), np.concatenate((self.line, line))
        whys = np.concatenate((self.why, why + len(self.reasons)))
        order = np.lexsort((own, lines, ranks))
        ranks, lines, whys = ranks[order], lines[order], whys[order]
        fresh = begins(ranks, lines)
        return Removals(ranks[fresh], lines[fresh], whys[fresh], (*self.reasons, *reasons))

    def column(self, n: int) -> pa.Array:
        """Return the lines of n records, as a column of type COLUMN."""
        offsets = np.searchsorted(self.rank, np.arange(n + 1)).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(self.line << 32 | self.why))

    def metadata(self) -> bytes:
        """Return the reasons, as `reasons_of` reads them."""
        return json.dumps(self.reasons, ensure_ascii=False).encode()


def reasons_of(metadata: bytes | None) -> tuple[Reason, ...]:
    """Return the reasons that stand in the metadata of a schema."""
    return tuple(Reason(*reason) for reason in json.loads(metadata or b"[]"))


def words(column: pa.ChunkedArray, reasons: Sequence[Reason]) -> Words:
    """Return a hash of the lines that go of each record, and of their reasons: 0 where none."""
    told = [xxhash.xxh3_64_intdigest("\0".join(reason).encode()) for reason in reasons]
    lists = column.combine_chunks()
    values = lists.flatten().to_numpy()
    marks = mix((values >> 32).astype(np.uint64) ^ np.array([*told, 0], np.uint64)[values & LOW])
    return summed(marks, np.concatenate(([0], np.cumsum(lists.value_lengths().to_numpy()))))


def summed(values: Words, bounds: Ints) -> Words:
    """Return the sums of runs of values, that from bounds[i] to bounds[i + 1] for each i."""
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)))
    return np.asarray(sums[bounds[1:]] - sums[bounds[:-1]])


def lines_left(text: str, gone: Collection[int]) -> str:
    """Return the lines of a text that are not removed."""
    lines = lines_of(text)
    if isinstance(lines, Lines):
        return lines.without(gone)
    return "\n".join(line for n, line in enumerate(lines) if n not in gone)
