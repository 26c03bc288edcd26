"""Lines of a site: from the arrays of cleaning to the removals that `publish` applies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from pipeline.corpus import Corpus
from pipeline.dedup.lines import NOTED, SiteRemovals, SitesOptions, learn
from pipeline.removals import Removals
from pipeline.runs import portions
from pipeline.store.schema import SITE_LINES, schema, select
from pipeline.text.sketches.line_hashes import LineRecords, joined, unpack

_CHUNK = 1 << 16  # lines that are looked at together, or those of one artifact
_HELD = 1 << 21  # lines that are unpacked once for all passes: 65 MB


def learned(corpus: Corpus, options: SitesOptions) -> tuple[Removals, pa.Table]:
    """Return the lines that go as they are their site's, and the lines of sites.

    The latter (SITE_LINES) are what receipts name, with the counts of the day.
    """
    none = Removals.none(), schema(SITE_LINES).empty_table()
    if not options.enabled or not any(part.size for part in corpus.lines):
        return none
    sites = _site_hashes(corpus)
    _, documents = np.unique(sites[sites != 0], return_counts=True)
    if documents.max(initial=0) < options.site_documents:
        return none
    found, _ = learn(_chunks(corpus), sites, options)
    why, reasons = found.reasons()
    return Removals(found.owner, found.line, why, reasons), _site_lines(corpus, found)


def _site_lines(corpus: Corpus, found: SiteRemovals) -> pa.Table:
    rows = found.of_sites()
    ids = corpus.table.column("id")
    examples = found.examples[rows]
    there = examples >= 0
    offsets = np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int32)
    names = found.name[rows]
    columns = {
        "line": pa.array([f"{NOTED} {name:016x}" for name in names.tolist()], pa.string()),
        "site": corpus.table.column("site").take(pa.array(found.owner[rows])).combine_chunks(),
        "kind": pa.array(np.where(names % np.uint64(2), "line", "form").tolist(), pa.string()),
        "documents": pa.array(found.documents[rows]),
        "site_documents": pa.array(found.site_documents[rows]),
        "examples": pa.ListArray.from_arrays(
            pa.array(offsets), ids.take(pa.array(examples[there])).combine_chunks()
        ),
    }
    return select(pa.table(columns), SITE_LINES)


def _chunks(corpus: Corpus) -> Callable[[], Iterator[LineRecords]]:
    """Return what yields the lines of each artifact, owners as ranks of the corpus."""
    order = np.argsort(corpus.artifact, kind="stable")
    bounds = np.searchsorted(corpus.artifact[order], np.arange(len(corpus.lines) + 1))
    parts: list[tuple[NDArray[Any], NDArray[np.int64]]] = []
    for stored, (first, last) in zip(corpus.lines, pairwise(bounds.tolist()), strict=True):
        if stored.size:
            mine = order[first:last]
            rows = max(int(stored["owner"].max()), int(corpus.row[mine].max(initial=0))) + 1
            rank = np.full(rows, -1, np.int64)
            rank[corpus.row[mine]] = mine
            parts.append((stored, rank))
    if sum(len(stored) for stored, _ in parts) <= _HELD:
        held = list(_joined(parts))
        return lambda: iter(held)
    return lambda: _joined(parts)


def _joined(parts: Sequence[tuple[NDArray[Any], NDArray[np.int64]]]) -> Iterator[LineRecords]:
    """Yield lines, those of small artifacts together: a chunk costs 2 ms, however few it has.

    Their columns lie in one piece each, which all that counts and judges reads three times as fast.
    """
    sizes = np.array([len(stored) for stored, _ in parts], np.int64)
    for run in portions(sizes, _CHUNK):
        yield joined([unpack(stored, rank) for stored, rank in parts[run]])


def _site_hashes(corpus: Corpus) -> NDArray[np.uint64]:
    """Return a hash of each record's site; 0 where it has none or is not kept."""
    column = corpus.table.column("site").combine_chunks().dictionary_encode()
    values = [xxhash.xxh3_64_intdigest(v.encode()) | 1 for v in column.dictionary.to_pylist()]
    table = np.array([*values, 0], np.uint64)
    hashes: NDArray[np.uint64] = table[column.indices.fill_null(len(values)).to_numpy()]
    return hashes
