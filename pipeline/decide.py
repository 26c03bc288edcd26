"""Decide: the corpus as arrays in, the fate of every record out. No text but that of candidates.

The arrays come from cleaning (`features`), the rules from `pipeline.dedup`; this module maps one to
the other and the answer to the rows that are published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from pipeline.corpus import Corpus
from pipeline.dedup.decide import KINDS, NEVER, CorpusArrays, Decisions, decide
from pipeline.dedup.features import features
from pipeline.dedup.lines import SitesOptions
from pipeline.dedup.options import GLOBAL, DedupOptions
from pipeline.recipe import Recipe
from pipeline.remembered import Remembered
from pipeline.shared import add_removals, as_marks, find_shared
from pipeline.sites import learned
from pipeline.text.shadow import shadow_units

DECISION_SCHEMA = pa.schema(
    [
        ("reason", pa.string()),  # empty where nothing was decided against the record
        ("twin", pa.string()),
        ("jaccard", pa.float32()),
        ("duplicate_cluster", pa.string()),
        ("duplicate_count", pa.int32()),
        ("duplicate_urls", pa.list_(pa.string())),
        ("removals", pa.string()),  # JSON: line -> [rule, note], of the lines that go
        ("shared", pa.string()),  # JSON: hash of a paragraph -> [twin, Jaccard]
    ]
)
REASON = {"exact": "exact-duplicate", "near": "near-duplicate", "contained": "contained-duplicate"}


def decide_corpus(
    corpus: Corpus,
    recipe: Recipe,
    before: Path | None = None,
    remembered: Remembered | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Return a table of DECISION_SCHEMA, a row per record of the corpus, and the lines of sites.

    The metadata of the first say how many pairs were compared, how many documents not with all of
    their group, how many paragraphs not with all that share a passage, and which pairs missed the
    threshold by little (`Decisions`; JSON: rank, rank, Jaccard).

    `before`: the version published last, whose documents stay where the mode is sticky.
    `remembered`: what earlier runs computed; nothing of it changes the result.
    """
    options = recipe.section(DedupOptions)
    remembered = remembered or Remembered()
    removals, lines = learned(corpus, recipe.section(SitesOptions))
    _sign_again(corpus, removals, options, remembered)
    status = corpus.table.column("status")
    alive = np.flatnonzero(pc.equal(status, "kept").to_numpy() & (corpus.arrays["length"] > 0))
    if not options.enabled or not alive.size:
        return _table(len(corpus), {}, removals, {}), lines
    arrays = corpus_arrays(corpus, alive, options)
    if options.mode == "sticky" and before is not None:
        arrays = replace(arrays, settled=_published(corpus, alive, before))
    decisions = decide(
        arrays,
        options,
        lambda ranks: shadow_units(texts_left(corpus, removals, alive[ranks])),
        remembered.documents,
        remembered.groups,
    )
    remembered.texts = arrays.text_hash
    marks: dict[int, str] = {}
    uncompared = 0
    if options.paragraphs != "off":
        kept = decisions.kept
        dates = arrays.published_at[kept]
        shared = find_shared(corpus, alive[kept], dates, options, remembered.paragraphs)
        uncompared = shared.uncompared
        ids = corpus.table.column("id").to_pylist()
        if options.paragraphs == "mark":
            marks = as_marks(shared, ids)
        else:
            removals = add_removals(removals, shared, ids, corpus)
    table = _table(len(corpus), _rows(corpus, alive, decisions), removals, marks)
    table = table.replace_schema_metadata({
        "compared": str(decisions.compared), "uncompared": str(decisions.uncompared),
        "paragraphs_uncompared": str(uncompared), "misses": _misses(decisions, alive),
    })  # fmt: skip
    return table, lines


def _misses(decisions: Decisions, alive: NDArray[np.int64]) -> str:
    left, right, jaccard = decisions.misses
    rows = zip(alive[left].tolist(), alive[right].tolist(), jaccard.tolist(), strict=True)
    return json.dumps(list(rows))


def _published(corpus: Corpus, alive: NDArray[np.int64], before: Path) -> NDArray[np.bool_]:
    """Return which of the records at ranks `alive` the version `before` has published."""
    files = sorted((before / "data").rglob("*.parquet"))
    keys = pa.concat_tables(
        [pq.read_table(file, columns=["input_path", "id"], partitioning=None) for file in files]
    )
    known = set(zip(*(column.to_pylist() for column in keys.columns), strict=True))
    now = corpus.table.select(["input_path", "id"]).take(pa.array(alive))
    found = zip(*(column.to_pylist() for column in now.columns), strict=True)
    return np.fromiter((key in known for key in found), np.bool_, len(alive))


def texts_left(corpus: Corpus, removals: Mapping[int, str], ranks: NDArray[np.int64]) -> list[str]:
    """Return texts at ranks, without the lines of their sites: good for a shadow, not to publish.

    Blank lines and rules that publishing takes out with them have no part in a shadow.
    """
    texts = corpus.texts(ranks)
    return [
        lines_left(text, removals[rank]) if rank in removals else text
        for rank, text in zip(ranks.tolist(), texts, strict=True)
    ]


def lines_left(text: str, removals: str) -> str:
    """Return the lines of a text that are not removed."""
    gone = set(map(int, orjson.loads(removals)))
    return "\n".join(line for n, line in enumerate(text.split("\n")) if n not in gone)


def _sign_again(
    corpus: Corpus, removals: Mapping[int, str], options: DedupOptions, remembered: Remembered
) -> None:
    """Put the features of what is left in the place of those of the whole text."""
    ranks = np.array(sorted(removals), np.int64)
    columns = options.bands + options.passages
    dtype = np.dtype(
        [("key", "<u8"), ("hash", "<u8"), ("length", "<i4"), ("bands", "<u8", (columns,))]
    )
    signed = np.zeros(len(ranks), dtype)
    signed["key"] = _removal_keys(corpus, removals, ranks)
    known = remembered.signatures(dtype)
    place = np.searchsorted(known["key"], signed["key"])
    if len(known):
        place = np.minimum(place, len(known) - 1)
        same = known["key"][place] == signed["key"]
        signed[same] = known[place[same]]
    fresh = np.flatnonzero(signed["length"] == 0) if len(known) else np.arange(len(ranks))
    options = replace(options, paragraphs="off")  # those of cleaning hold: lines go whole
    for first in range(0, len(fresh), 1024):
        some = fresh[first : first + 1024]
        found = features(texts_left(corpus, removals, ranks[some]), options)
        signed["hash"][some] = found.text_hash
        signed["length"][some] = found.length
        signed["bands"][some] = found.bands
    corpus.arrays["text_hash"][ranks] = signed["hash"]
    corpus.arrays["length"][ranks] = signed["length"]
    corpus.bands.replace(ranks, signed["bands"])
    remembered.signed = signed[np.argsort(signed["key"])]


def _removal_keys(
    corpus: Corpus, removals: Mapping[int, str], ranks: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return a hash of each text (its artifact never changes) and of the lines that go."""
    folders = [artifact.folder.name for artifact in corpus.artifacts]
    places = zip(corpus.artifact[ranks].tolist(), corpus.row[ranks].tolist(), strict=True)
    texts = (
        f"{folders[artifact]} {row} {' '.join(orjson.loads(removals[rank]))}".encode()
        for rank, (artifact, row) in zip(ranks.tolist(), places, strict=True)
    )
    return np.fromiter(map(xxhash.xxh3_64_intdigest, texts), np.uint64, len(ranks))


def corpus_arrays(corpus: Corpus, alive: NDArray[np.int64], options: DedupOptions) -> CorpusArrays:
    """Return the arrays of the records at ranks `alive`."""
    table = corpus.table.select(["published_at", "damage_marks", "site"]).take(pa.array(alive))
    dates = pc.fill_null(table.column("published_at").cast(pa.int64()), NEVER).to_numpy()
    scope = None
    for field in options.scope.split("+") if options.scope != GLOBAL else ():
        numbers = _scope(corpus, field, alive)
        if scope is not None:
            numbers = np.unique(np.stack((scope, numbers)), axis=1, return_inverse=True)[1]
        scope = numbers
    return CorpusArrays(
        text_hash=corpus.arrays["text_hash"][alive],
        length=corpus.arrays["length"][alive].astype(np.int64),
        bands=corpus.bands.of(alive),
        damage=table.column("damage_marks").to_numpy().astype(np.int64),
        published_at=dates,
        scope=scope,
    )


def _scope(corpus: Corpus, field: str, alive: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number per record, equal where the field is; records without it are alike."""
    if field == "date":
        dates = corpus.table.column("published_at").take(pa.array(alive))
        column = dates.cast(pa.timestamp("s")).cast(pa.date32())
    elif field in corpus.table.column_names:
        column = corpus.table.column(field).take(pa.array(alive))
    else:
        column = pa.chunked_array([pa.array(corpus.strings(field, alive))])
    numbers = column.combine_chunks().dictionary_encode("encode").indices
    return np.asarray(numbers, dtype=np.int64)


def _rows(
    corpus: Corpus, alive: NDArray[np.int64], decisions: Decisions
) -> Mapping[int, dict[str, Any]]:
    """Return rank → row of the records that are dropped or that others were dropped for."""
    members, gone, twins = alive[decisions.members], alive[decisions.gone], alive[decisions.twin]
    ids, urls = (_strings(corpus, name, members) for name in ("id", "url"))
    rows: dict[int, dict[str, Any]] = {
        member: {
            "reason": "",
            "duplicate_cluster": ids[root],
            "duplicate_count": 0,
            "duplicate_urls": [],
        }
        for member, root in zip(members.tolist(), alive[decisions.root].tolist(), strict=True)
    }
    columns = (gone, twins, alive[decisions.stays], decisions.kind, decisions.jaccard)
    for rank, twin, stays, kind, jaccard in zip(*(c.tolist() for c in columns), strict=True):
        rows[rank] = {
            "reason": f"decide:{REASON[KINDS[kind]]}",
            "twin": ids[twin],
            "jaccard": jaccard,
            "duplicate_cluster": rows[rank]["duplicate_cluster"],
        }
        rows[stays]["duplicate_count"] += 1
        rows[stays]["duplicate_urls"].append(urls[rank] or ids[rank])
    return rows


def _strings(corpus: Corpus, name: str, ranks: NDArray[np.int64]) -> dict[int, str]:
    """Return rank → value of a column of strings, of some ranks."""
    values = corpus.table.column(name).take(pa.array(ranks)).to_pylist()
    return dict(zip(ranks.tolist(), values, strict=True))


def _table(
    n: int,
    rows: Mapping[int, Mapping[str, Any]],
    removals: Mapping[int, str],
    marks: Mapping[int, str],
) -> pa.Table:
    """Spread the few rows that say something over n ranks: one row for all the others."""
    nothing = {"reason": "", "duplicate_count": 0, "duplicate_urls": []}
    ranks = sorted(rows.keys() | removals.keys() | marks.keys())
    some = [nothing] + [
        {
            **nothing,
            **rows.get(rank, {}),
            "removals": removals.get(rank),
            "shared": marks.get(rank),
        }
        for rank in ranks
    ]
    arrays = [pa.array([row.get(f.name) for row in some], f.type) for f in DECISION_SCHEMA]
    which = np.zeros(n, np.int64)
    which[ranks] = np.arange(1, len(ranks) + 1)
    return pa.Table.from_arrays(arrays, schema=DECISION_SCHEMA).take(pa.array(which))
