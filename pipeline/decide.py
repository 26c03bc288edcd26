"""Decide: the corpus as arrays in, the fate of every record out. No text but that of candidates.

The arrays come from cleaning (`features`), the rules from `pipeline.dedup`; this module maps one to
the other and the answer to the rows that are published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from pipeline.corpus import Corpus, Places
from pipeline.dedup.candidates import READ_UNITS
from pipeline.dedup.columns import halves, whole
from pipeline.dedup.decide import KINDS, NEVER, CorpusArrays, Decisions, decide
from pipeline.dedup.features import features
from pipeline.dedup.lines import SitesOptions
from pipeline.dedup.options import GLOBAL, DedupOptions
from pipeline.dedup.order import stable_order
from pipeline.dedup.spread import Spread, in_turn
from pipeline.recipe import Recipe
from pipeline.remembered import Remembered
from pipeline.removals import COLUMN, Removals, lines_left, summed
from pipeline.runs import portions
from pipeline.shared import add_removals, as_marks, find_shared
from pipeline.sites import learned
from pipeline.text.sketches.line_hashes import mix
from pipeline.text.sketches.longshadow import shadows
from pipeline.text.sketches.shadow import Units

Ranks = NDArray[np.int64]

DECISION_SCHEMA = pa.schema(
    [
        ("reason", pa.string()),  # empty where nothing was decided against the record
        ("twin", pa.string()),
        ("jaccard", pa.float32()),
        ("duplicate_cluster", pa.string()),
        ("duplicate_count", pa.int32()),
        ("duplicate_urls", pa.list_(pa.string())),
        ("removals", COLUMN),  # the lines that go; the reasons are in the metadata
        ("shared", pa.string()),  # JSON: hash of a paragraph -> [twin, Jaccard]
    ]
)
# By number of the kind, as `KINDS`.
_REASONS = pa.array(["", *(f"decide:{kind}-duplicate" for kind in KINDS[1:])])


def decide_corpus(
    corpus: Corpus,
    recipe: Recipe,
    before: Path | None = None,
    remembered: Remembered | None = None,
    spread: Spread | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Return a table of DECISION_SCHEMA, a row per record of the corpus, and the lines of sites.

    The metadata of the first say how many pairs were compared, how many documents not with all of
    their group, how many paragraphs not with all that share a passage, and which pairs missed the
    threshold by little (`Decisions`; JSON: rank, rank, Jaccard).

    `before`: the version published last, whose documents stay where the mode is sticky.
    `remembered`: what earlier runs computed; nothing of it changes the result. `spread` runs tasks
    over texts in other processes; None: there are none.
    """
    options = recipe.section(DedupOptions)
    remembered = remembered or Remembered()
    removals, lines = learned(corpus, recipe.section(SitesOptions))
    left = Left(corpus.places(), removals)
    _sign_again(corpus, left, options, remembered, spread)
    status = corpus.table.column("status")
    alive = np.flatnonzero(pc.equal(status, "kept").to_numpy() & (corpus.arrays["length"] > 0))
    if not options.enabled or not alive.size:
        return _table(corpus, removals), lines
    arrays = corpus_arrays(corpus, alive, options)
    if options.mode == "sticky" and before is not None:
        arrays = replace(arrays, settled=_published(corpus, alive, before))
    decisions = decide(
        arrays,
        options,
        left.of(alive),
        remembered.documents,
        remembered.groups,
        spread,
    )
    remembered.texts = arrays.text_hash
    marks = None
    uncompared = 0
    if options.paragraphs != "off":
        kept = decisions.kept
        dates = arrays.published_at[kept]
        shared = find_shared(corpus, alive[kept], dates, options, remembered.paragraphs, spread)
        uncompared = shared.uncompared
        if options.paragraphs == "mark":
            marks = as_marks(shared, corpus.table.column("id"))
        else:
            removals = add_removals(removals, shared, corpus.table.column("id"), corpus)
    told = {
        "compared": str(decisions.compared), "uncompared": str(decisions.uncompared),
        "paragraphs_uncompared": str(uncompared), "misses": _misses(decisions, alive),
    }  # fmt: skip
    return _table(corpus, removals, _ranked(decisions, alive), marks, told), lines


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


@dataclass(frozen=True, slots=True)
class Left:
    """Texts of some records without the lines of their sites: good for a shadow, not to publish.

    Blank lines and rules that publishing takes out with them have no part in a shadow. It holds no
    text, and can be sent to another process.
    """

    places: Places
    removals: Removals

    def __call__(self, ranks: Ranks) -> tuple[Units, Ranks]:
        """Return shadows."""
        return shadows(self.texts(ranks))

    def texts(self, ranks: Ranks) -> list[str]:
        """Return texts."""
        places, gone = self.places.of(ranks), self.removals.lines(ranks)
        texts = zip(places.strings("text"), gone, strict=True)
        return [lines_left(text, lines) if lines else text for text, lines in texts]

    def of(self, ranks: Ranks) -> Left:
        """Return what gives some of them, by their place in `ranks`."""
        return Left(self.places.of(ranks), self.removals.of(ranks))


def _sign_again(
    corpus: Corpus,
    left: Left,
    options: DedupOptions,
    remembered: Remembered,
    spread: Spread | None,
) -> None:
    """Put the features of what is left in the place of those of the whole text."""
    ranks = left.removals.ranks()
    columns = options.bands + options.passages
    dtype = np.dtype(
        [("key", "<u8"), ("hash", "<u8"), ("length", "<i4"),
         ("bands", "<u4", (columns,)), ("bands_low", "u1", (columns,))]
    )  # fmt: skip
    signed = np.zeros(len(ranks), dtype)
    signed["key"] = _removal_keys(corpus, left.removals, ranks)
    known = remembered.signatures(dtype)
    place = np.searchsorted(known["key"], signed["key"])
    if len(known):
        place = np.minimum(place, len(known) - 1)
        same = known["key"][place] == signed["key"]
        signed[same] = known[place[same]]
    fresh = np.flatnonzero(signed["length"] == 0) if len(known) else np.arange(len(ranks))
    options = replace(options, paragraphs="off")  # those of cleaning hold: lines go whole
    size = corpus.table.column("size").to_numpy()
    runs = list(portions(size[ranks[fresh]], 4 * READ_UNITS))  # bytes: one to four a character
    jobs = ((left.of(ranks[fresh[some]]), options) for some in runs)
    run = in_turn if spread is None or len(runs) < 2 else spread
    for number, found in run(sign, jobs):
        for name, values in zip(("hash", "length", "bands", "bands_low"), found, strict=True):
            signed[name][fresh[runs[number]]] = values
    corpus.arrays["text_hash"][ranks] = signed["hash"]
    corpus.arrays["length"][ranks] = signed["length"]
    corpus.bands.replace(ranks, whole([(signed["bands"], signed["bands_low"])]))
    remembered.signed = signed[stable_order(signed["key"])]


def sign(job: tuple[Left, DedupOptions]) -> tuple[NDArray[Any], ...]:
    """Return hash, length and bands of texts: a task."""
    left, options = job
    found = features(left.texts(np.arange(len(left.places.row))), options)
    return found.text_hash, found.length, *halves(found.bands)


def _removal_keys(
    corpus: Corpus, removals: Removals, ranks: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return a hash of each text (its artifact never changes) and of the lines that go."""
    folders = [xxhash.xxh3_64_intdigest(a.folder.name.encode()) for a in corpus.artifacts]
    artifact = np.array([*folders, 0], np.uint64)[corpus.artifact[ranks]]
    texts = mix(artifact ^ mix(corpus.row[ranks].astype(np.uint64)))
    bounds = np.append(np.searchsorted(removals.rank, ranks), len(removals.rank))
    return mix(texts ^ summed(mix(removals.line.astype(np.uint64)), bounds))


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


@dataclass(frozen=True, slots=True)
class _Fates:
    """What was decided against documents, in ranks; names and shapes are those of `Decisions`."""

    gone: Ranks
    stays: Ranks
    twin: Ranks
    kind: NDArray[np.uint8]
    jaccard: NDArray[np.float32]
    members: Ranks
    root: Ranks


def _ranked(decisions: Decisions, alive: Ranks) -> _Fates:
    return _Fates(
        alive[decisions.gone],
        alive[decisions.stays],
        alive[decisions.twin],
        decisions.kind,
        decisions.jaccard,
        alive[decisions.members],
        alive[decisions.root],
    )


def _table(
    corpus: Corpus,
    removals: Removals,
    fates: _Fates | None = None,
    marks: pa.Array | None = None,
    told: Mapping[str, str] | None = None,
) -> pa.Table:
    """Return the table of decisions; `told`: what its metadata say beside the reasons."""
    n = len(corpus)
    fates = fates or _Fates(*np.zeros((7, 0), np.int64))
    ids, urls = corpus.table.column("id"), corpus.table.column("url")
    kinds = _spread(n, fates.gone, fates.kind.astype(np.int64), 0)
    jaccard = _spread(n, fates.gone, fates.jaccard.astype(np.float64), np.nan)
    by_stay = np.argsort(fates.stays, kind="stable")
    counts = np.bincount(fates.stays, minlength=n)
    copies = pa.array(fates.gone[by_stay])
    addresses = urls.take(copies)
    there = pc.greater(pc.fill_null(pc.binary_length(addresses), 0), 0)
    names = pc.if_else(there, addresses, ids.take(copies))
    columns = {
        "reason": _REASONS.take(pa.array(kinds)),
        "twin": _names(ids, _spread(n, fates.gone, fates.twin, -1)),
        "jaccard": pc.if_else(pa.array(np.isnan(jaccard)), None, pa.array(jaccard, pa.float32())),
        "duplicate_cluster": _names(ids, _spread(n, fates.members, fates.root, -1)),
        "duplicate_count": counts.astype(np.int32),
        "duplicate_urls": pa.ListArray.from_arrays(
            pa.array(np.concatenate(([0], np.cumsum(counts))).astype(np.int32)), _whole(names)
        ),
        "removals": removals.column(n),
        "shared": pa.nulls(n, pa.string()) if marks is None else marks,
    }
    metadata = {**(told or {}), "reasons": removals.metadata()}
    return pa.table(columns, schema=DECISION_SCHEMA.with_metadata(metadata))


def _spread(n: int, ranks: Ranks, values: NDArray[Any], other: float) -> NDArray[Any]:
    """Return `values` at some ranks of n, `other` at all others."""
    out = np.full(n, other, values.dtype)
    out[ranks] = values
    return out


def _names(ids: pa.ChunkedArray, ranks: Ranks) -> pa.Array:
    """Return the ids of records; null for rank -1."""
    return _whole(ids.take(pa.array(ranks, mask=ranks < 0)))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
