"""Lines of a site: from the arrays of cleaning to the removals that `publish` applies.

`decide` answers with a JSON object per document, line number → [rule, note]; the text itself is
touched where it is read: here, to compare what is left, and in `publish`, to write it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from pipeline.corpus import Corpus
from pipeline.dedup.lines import NOTED, SiteRemovals, SitesOptions, learn
from pipeline.document import Edit, apply_edits
from pipeline.store.schema import SITE_LINES, schema, select
from pipeline.text.line_hashes import LineRecords, unpack
from pipeline.text.removal import Reason, removal

STAGE = "sites"


def learned(corpus: Corpus, options: SitesOptions) -> tuple[dict[int, str], pa.Table]:
    """Return rank → removals (JSON) of every document that has lines of its site, and those lines.

    The lines (SITE_LINES) are what receipts name, with the counts of the day.
    """
    none: tuple[dict[int, str], pa.Table] = {}, schema(SITE_LINES).empty_table()
    if not options.enabled or not any(part.size for part in corpus.lines):
        return none
    sites = _site_hashes(corpus)
    _, documents = np.unique(sites[sites != 0], return_counts=True)
    if documents.max(initial=0) < options.site_documents:
        return none
    found, _ = learn(_chunks(corpus), sites, options)
    removals = {
        rank: orjson.dumps({str(line): list(reason) for line, reason in lines.items()}).decode()
        for rank, lines in found.reasons().items()
    }
    return removals, _site_lines(corpus, found)


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
    return lambda: (unpack(stored, rank) for stored, rank in parts)


def _site_hashes(corpus: Corpus) -> NDArray[np.uint64]:
    """Return a hash of each record's site; 0 where it has none or is not kept."""
    column = corpus.table.column("site").combine_chunks().dictionary_encode()
    values = [xxhash.xxh3_64_intdigest(v.encode()) | 1 for v in column.dictionary.to_pylist()]
    table = np.array([*values, 0], np.uint64)
    hashes: NDArray[np.uint64] = table[column.indices.fill_null(len(values)).to_numpy()]
    return hashes


def without_lines(text: str, removals: str) -> tuple[str, list[Edit]]:
    """Return a text without the lines of its site, and the receipts."""
    drops = {int(line): Reason(*why) for line, why in orjson.loads(removals).items()}
    edits = removal(STAGE, text.split("\n"), drops)
    return apply_edits(text, edits), edits


def apply_removals(
    records: pa.Table, edits: pa.Table, removals: pa.ChunkedArray
) -> tuple[pa.Table, pa.Table]:
    """Return records and receipts (both in order of the part) with the removals applied.

    `removals` is JSON per record, null where nothing goes; `edits.row` is the place in `records`.
    """
    import hashlib

    fewer = removals.is_valid().combine_chunks()
    places = np.flatnonzero(fewer.to_numpy(zero_copy_only=False))
    if not places.size:
        return records, edits
    wanted = records.select(["text", "n_edits"]).filter(fewer)
    texts, receipts, owners = [], [], []
    for place, text, why in zip(
        places.tolist(),
        wanted.column("text").to_pylist(),
        removals.filter(fewer).to_pylist(),
        strict=True,
    ):
        new, made = without_lines(text, why)
        texts.append(new)
        receipts += made
        owners += [place] * len(made)
    counts = np.bincount(owners, minlength=len(records))[places]
    updates = {
        "text": texts,
        "n_chars": [len(text) for text in texts],
        "n_paragraphs": [text.count("\n") + 1 if text else 0 for text in texts],
        "damage_marks": [text.count("�") for text in texts],
        "n_edits": (wanted.column("n_edits").to_numpy() + counts).tolist(),
        "content_hash": [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts],
    }
    for name, values in updates.items():
        index = records.column_names.index(name)
        column = records.column(name)
        changed = pc.replace_with_mask(column, fewer, pa.array(values, column.type))
        records = records.set_column(index, name, changed)
    return records, _with_receipts(edits, receipts, owners)


def _with_receipts(edits: pa.Table, receipts: list[Edit], owners: list[int]) -> pa.Table:
    """Append receipts, each in a step after the last of its record; order by record."""
    rows, steps = (edits.column(name).to_numpy() for name in ("row", "step"))
    last = np.full(max(int(rows.max(initial=-1)), *owners, -1) + 1, -1)
    np.maximum.at(last, rows, steps)
    added = pa.table(
        {
            "row": pa.array(owners, pa.int32()),
            "step": pa.array(last[owners] + 1, pa.int16()),
            **{
                field.name: pa.array([getattr(e, field.name) for e in receipts], field.type)
                for field in list(edits.schema)[2:]
            },
        },
        schema=edits.schema,
    )
    both = pa.concat_tables([edits, added])
    return both.take(pa.array(np.argsort(both.column("row").to_numpy(), kind="stable")))
