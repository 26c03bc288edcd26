"""Paragraphs that another document has: from the arrays of cleaning to a column, or to removals."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.corpus import Corpus
from pipeline.dedup.candidates import READ_UNITS
from pipeline.dedup.memory import Memory
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.paragraphs import (
    PARAGRAPH_DTYPE,
    Shared,
    may_be_shared,
    shared_paragraphs,
)
from pipeline.dedup.signature import Signer, text_hashes
from pipeline.dedup.spread import Spread
from pipeline.removals import Removals, lines_left
from pipeline.runs import portions
from pipeline.store.schema import SPANS
from pipeline.text.longlines import stretches
from pipeline.text.removal import Reason
from pipeline.text.sketches.longshadow import shadows

RULE = "shared-paragraph"


def find_shared(
    corpus: Corpus,
    kept: NDArray[np.int64],
    dates: NDArray[np.int64],
    options: DedupOptions,
    memory: Memory | None = None,
    spread: Spread | None = None,
) -> Shared:
    """Return the paragraphs of the kept records that an earlier one of them has, in ranks.

    `kept` int64 (k,): ranks, ascending; `dates` int64 (k,): when each was published.
    """
    records, ranks = _records(corpus, kept)
    place = np.zeros(len(corpus), np.int64)
    place[kept[np.lexsort((kept, dates))]] = np.arange(len(kept))
    length = corpus.arrays["length"].astype(np.int64)
    return shared_paragraphs(
        records, ranks, place, length, options, corpus.places(), memory, spread
    )


def _records(corpus: Corpus, kept: NDArray[np.int64]) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Return the paragraphs of the kept records that may be shared, and the rank of each."""
    of: list[NDArray[np.int64]] = []
    rows: list[NDArray[np.intp]] = []
    owners = corpus.artifact[kept]
    order = np.argsort(owners, kind="stable")
    bounds = np.searchsorted(owners[order], np.arange(len(corpus.paragraphs) + 1))
    for stored, (first, last) in zip(corpus.paragraphs, pairwise(bounds.tolist()), strict=True):
        mine = kept[order[first:last]]
        rank = np.full(int(stored["owner"].max(initial=-1)) + 1, -1, np.int64)
        mine = mine[corpus.row[mine] < len(rank)]
        rank[corpus.row[mine]] = mine
        of.append(rank[stored["owner"]])
        rows.append(np.flatnonzero(of[-1] >= 0))
    some = may_be_shared(corpus.paragraphs, rows)
    records = [stored[mine] for stored, mine in zip(corpus.paragraphs, some, strict=True)]
    ranks = [owner[mine] for owner, mine in zip(of, some, strict=True)]
    return (
        np.concatenate([np.zeros(0, PARAGRAPH_DTYPE), *records]),
        np.concatenate([np.zeros(0, np.int64), *ranks]),
    )


def as_marks(shared: Shared, ids: pa.ChunkedArray) -> pa.Array:
    """Return for each record JSON, hash of the paragraph → [id of the earlier document, Jaccard].

    Null where no paragraph is shared.
    """
    marks: dict[int, dict[str, tuple[str, float]]] = {}
    twins = ids.take(pa.array(shared.twin)).to_pylist()
    columns = (shared.rank, shared.hash, np.round(shared.jaccard, 4))
    rows = zip(*(column.tolist() for column in columns), twins, strict=True)
    for rank, value, jaccard, twin in rows:
        marks.setdefault(rank, {})[f"{value:016x}"] = (twin, jaccard)
    told = [orjson.dumps(of).decode() for of in marks.values()]  # ranks ascend
    which = np.full(len(ids), -1, np.int64)
    which[list(marks)] = np.arange(len(marks))
    return pa.array(told, pa.string()).take(pa.array(which, mask=which < 0))


def add_removals(
    removals: Removals, shared: Shared, ids: pa.ChunkedArray, corpus: Corpus
) -> Removals:
    """Return the removals of lines with the shared paragraphs added; no text is emptied."""
    twins = ids.take(pa.array(shared.twin)).to_pylist()
    notes = zip(twins, shared.jaccard.tolist(), strict=True)
    reasons = [Reason(RULE, f"as in {twin}, Jaccard {jaccard:.2f}") for twin, jaccard in notes]
    numbers = np.arange(len(reasons))
    every = removals.plus(shared.rank, shared.line, numbers, reasons)
    ranks = np.unique(shared.rank)
    size = corpus.table.column("size").to_numpy()[ranks]
    some: list[bool] = []
    for run in portions(size, 4 * READ_UNITS):  # bytes: one to four a character
        left = zip(corpus.texts(ranks[run]), every.lines(ranks[run]), strict=True)
        some += [bool(lines_left(text, gone).strip()) for text, gone in left]
    mine = np.isin(shared.rank, ranks[np.array(some, np.bool_)])
    return removals.plus(shared.rank[mine], shared.line[mine], numbers[mine], reasons)


def spans(texts: pa.ChunkedArray, marks: pa.ChunkedArray) -> pa.Array:
    """Return the spans (code points) of the marked paragraphs of each text; null where none is."""
    marked = marks.is_valid()
    out: list[list[dict[str, object]] | None] = [None] * len(texts)
    # Filtered: `take` would first lay the texts of all batches end to end.
    some = (column.filter(marked).to_pylist() for column in (texts, marks))
    for place, text, mark in zip(np.flatnonzero(marked.to_numpy()).tolist(), *some, strict=True):
        out[place] = _spans(text, orjson.loads(mark)) if text else None
    return pa.array(out, SPANS)


def _spans(text: str, marks: Mapping[str, tuple[str, float]]) -> list[dict[str, object]]:
    found = []
    start = 0
    for lines in stretches(text):
        hashes = text_hashes(*shadows(lines)).tolist()
        for line, value in zip(lines, hashes, strict=True):
            if mark := marks.get(f"{value:016x}"):
                end = start + len(line)
                found.append({"start": start, "end": end, "twin": mark[0], "jaccard": mark[1]})
            start += len(line) + 1
    return found


def with_signatures(data: pa.Table, options: DedupOptions) -> pa.Table:
    """Append the column `signature`: list of uint32, of the text as it is published."""
    signer = Signer(options)
    parts = [
        signer.sign_units(*shadows(batch.column("text").to_pylist()))[0]
        for batch in data.select(["text"]).to_batches(max_chunksize=1024)
    ]
    values = np.concatenate([np.zeros((0, options.num_perm), np.uint32), *parts])
    offsets = pa.array(np.arange(len(data) + 1, dtype=np.int32) * options.num_perm)
    return data.append_column("signature", pa.ListArray.from_arrays(offsets, values.ravel()))
