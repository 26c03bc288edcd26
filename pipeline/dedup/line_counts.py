"""Counts the lines of sites in bounded memory: a sketch, the reprints, then what may be frequent.

See `pipeline.dedup.lines` for what the counts are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.order import stable_order
from pipeline.runs import begins, find, runs
from pipeline.stages.base import Options, option
from pipeline.text.sketches.line_hashes import PROSE, LineRecords, mix

Words = NDArray[np.uint64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Shares = NDArray[np.float64]
Chunks = Callable[[], Iterable[LineRecords]]
"""Gives the lines of the corpus, `owner` being the rank of the document; called once a pass."""

EXAMPLES = 3
NOBODY = np.iinfo(np.int64).max
HASHES = 3  # of the line, of its template, of this and the next
_SKETCH_BITS = 22  # 4 M counters, 16 MB: a million distinct lines collide in a quarter of the cases
SLOTS = 1 << _SKETCH_BITS
_SALTS = (np.uint64(0), np.uint64(0x9E3779B97F4A7C15))
_ODD = np.uint64(0xFF51AFD7ED558CCD)
_TELLING_CHARS = 10  # letters of a line by which a document is known
_PENDING_ROWS = 1 << 18  # counted before they are merged: merging each chunk would be quadratic


@dataclass(frozen=True, slots=True, kw_only=True)
class SitesOptions(Options):
    """Options of learning the lines of a site."""

    site_documents: int = option(10, "a site with fewer documents learns nothing", ge=2)
    min_documents: int = option(5, "documents of the site in which a line recurs", ge=2)
    min_share: float = option(0.05, "share of the site's documents that have the line", gt=0, le=1)
    home_share: float = option(0.8, "share of a line's documents that are of this site", ge=0, le=1)
    min_chars: int = option(15, "letters and digits of a line that goes by itself", ge=1)
    run_lines: int = option(3, "shorter ones go in a run of this many lines of the site", ge=2)
    run_chars: int = option(40, "letters and digits of such a run", ge=1)
    template_share: float = option(
        0.3, "share of the site's documents that have a line of fixed form", gt=0, le=1
    )
    edge_lines: int = option(20, "sentences and forms are learned this near to an edge", ge=0)
    drift: float = option(4.0, "lines (standard deviation) by which their place may differ", ge=0)
    page_share: float = option(
        0.3, "of a page with this share of learned lines only the article stays; 1.01: off", gt=0
    )
    page_learned: int = option(40, "or this many of them, on however long a page", ge=1)
    page_lines: int = option(60, "a shorter text is not taken for a whole page", ge=1)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of k lines of sites, sorted by key.

    `key` uint64 (k,): site and hash. `line` uint64 (k,): the hash alone. `documents` int64 (k,).
    `sums` int64 (k, 4): top, top², bottom, bottom². `examples` int64 (k, 3): smallest ranks, the
    largest int64 where there are fewer. `sites`: documents per site.
    """

    key: Words
    line: Words
    documents: Ints
    sums: Ints
    examples: Ints
    sites: dict[int, int] = field(default_factory=dict)

    def find(self, keys: Words) -> Ints:
        """Return the row of each key, -1 where it is unknown."""
        return find(self.key, keys)


Tallies = tuple[Tally, Tally, Tally]
"""Counts of lines, of their templates, and of pairs of templates that follow each other."""


def salted(site: Words) -> Words:
    """Return what sets the keys of a document's site apart: uint64 (n,), 0 where it has none."""
    return np.where(site == 0, np.uint64(0), mix(site))


def keys(records: LineRecords, salt: Words) -> Iterator[tuple[Words, Words]]:
    """Yield the hashes of the lines, and their keys: of the hash and the site; 0 without either.

    In turn those of the lines, of their templates, and of pairs: its template and the next's.
    `salt`: of each document of the corpus (`salted`).
    """
    home = salt.take(records.owner)
    homeless = home == 0
    for hashed in (records.exact, records.template, _pairs(records)):
        keyed = hashed ^ home
        keyed |= np.uint64(1)  # both are scrambled already
        keyed[homeless | (hashed == 0)] = 0
        yield hashed, keyed


def _pairs(records: LineRecords) -> Words:
    pair = np.zeros(len(records), np.uint64)
    pair[:-1] = mix(records.template[:-1] + _ODD * records.template[1:])
    pair[:-1] *= follows_above(records)[1:]
    return pair


def follows_above(records: LineRecords) -> NDArray[np.bool_]:
    """Say which lines come directly after the line before them in the same document."""
    out = np.zeros(len(records), bool)
    out[1:] = (records.owner[1:] == records.owner[:-1]) & (records.top[1:] == records.top[:-1] + 1)
    return out


def slots(keyed: Words) -> Ints:
    """Return the place of each key in a table of `SLOTS`."""
    return (keyed >> np.uint64(64 - _SKETCH_BITS)).view(np.int64)


def count(chunks: Chunks, site: Words, options: SitesOptions) -> tuple[Tallies, Flags]:
    """Count the lines that recur, by each hash; and say which documents may have one: bool (n,)."""
    salt = salted(site)
    sketches = [np.zeros(SLOTS, np.uint32) for _ in range(HASHES)]
    for records in chunks():
        # A line that a document has twice counts twice here: the sketch only has to count enough.
        for sketch, (_, keyed) in zip(sketches, keys(records, salt), strict=True):
            # Of the type of the sketch: NumPy is sixty times slower where it has to convert.
            np.add.at(sketch, slots(keyed), np.uint32(1))
    first = first_of_reprints(chunks, site, sketches[0])
    concerned = np.zeros(len(site), bool)
    pending: list[list[Tally]] = [[_empty()] for _ in range(HASHES)]
    for records in chunks():
        for parts, sketch, (hashed, keyed) in zip(
            pending, sketches, keys(records, salt), strict=True
        ):
            often = sketch.take(slots(keyed), mode="clip") >= options.min_documents
            places = np.flatnonzero(often & (keyed != 0))
            owner = records.owner[places]
            concerned[owner] = True
            places = places[first[owner]]
            parts.append(_frequent(records.take(places), keyed[places], hashed[places]))
            if sum(len(part.key) for part in parts[1:]) > max(_PENDING_ROWS, len(parts[0].key)):
                parts[:] = [_merged(parts)]
    homes, documents = np.unique(site[first & (site != 0)], return_counts=True)
    sites = dict(zip(homes.tolist(), documents.tolist(), strict=True))
    exact, template, pair = (replace(_merged(parts), sites=sites) for parts in pending)
    return (exact, template, pair), concerned


def _frequent(records: LineRecords, key: Words, hashed: Words) -> Tally:
    """Count some lines of a chunk, once a document."""
    owner = records.owner
    # Smallest ranks first; of a line that a document has twice its first place counts.
    order = stable_order(key)
    if bool((owner[1:] < owner[:-1]).any()):
        order = np.lexsort((owner, key))
    order = order[begins(key[order], owner[order])]
    return _tallied(records.take(order), key[order], hashed[order])


def first_of_reprints(chunks: Chunks, site: Words, sketch: NDArray[np.uint32]) -> Flags:
    """Say which documents are the first of their site with their text: bool (n,).

    A text that a site has five times (scraped again, printed again, updated, a statute in its
    versions) would otherwise make its own sentences recur. A document is known by two of its
    sentences, chosen by their hashes (MinHash: texts that share most sentences share these), but
    by none that a fifth of the site has; where it has no sentence, by its rarest line. It is a
    reprint if an earlier one is known by the first and an earlier one by the second.
    """
    fifth = _fifth_of_site(site)
    salt = salted(site)
    # A document without lines is its own.
    marks = np.tile(mix(np.arange(len(site), dtype=np.uint64)), (len(_SALTS), 1))
    for records in chunks():
        _, keyed = next(keys(records, salt))
        known = np.flatnonzero((keyed != 0) & (records.chars >= _TELLING_CHARS))
        owner, key = records.owner[known], keyed[known]
        count = sketch.take(slots(key), mode="clip")
        telling = ((records.shape[known] & PROSE) != 0) & (count <= fifth.take(owner))
        if not len(owner):
            continue
        best = _least(np.where(telling, np.uint32(0), count), *runs(owner))
        owner, key = owner[best], key[best]
        heads, lines = runs(owner)
        for mark, other in zip(marks, _SALTS, strict=True):
            least = _least(mix(key ^ other), heads, lines)
            mark[owner[least]] = key[least]
    first = np.zeros(len(site), bool)
    for mark in marks:
        order = stable_order(mark)
        first[order[begins(mark[order])]] = True
    return first


def _least(rank: NDArray[Any], heads: Ints, lines: Ints) -> Ints:
    """Return the places of the least rank of each document: one or, of equal ranks, several."""
    return np.flatnonzero(rank == np.repeat(np.minimum.reduceat(rank, heads), lines))


def _fifth_of_site(site: Words) -> NDArray[np.uint32]:
    """Return for each document a fifth of the number of documents of its site."""
    _, inverse, sizes = np.unique(site, return_inverse=True, return_counts=True)
    return np.asarray((sizes // 5).astype(np.uint32)[inverse])


def _empty() -> Tally:
    none = np.zeros(0, np.int64)
    words = np.zeros(0, np.uint64)
    return Tally(words, words, none, np.zeros((0, 4), np.int64), np.zeros((0, EXAMPLES), np.int64))


def _tallied(records: LineRecords, keyed: Words, hashes: Words) -> Tally:
    """Count lines in order of key and rank, of which no document has two with the same key."""
    first, counts = runs(keyed)
    if not len(first):
        return _empty()
    top, bottom = records.top.astype(np.int64), records.bottom.astype(np.int64)
    sums = np.stack([top, top * top, bottom, bottom * bottom], axis=1)
    examples = np.full((len(first), EXAMPLES), NOBODY, np.int64)
    for place in range(EXAMPLES):
        enough = counts > place
        examples[enough, place] = records.owner[first[enough] + place]
    added = np.add.reduceat(sums, first, axis=0)
    return Tally(keyed[first], hashes[first], counts, added, examples)


def _merged(parts: list[Tally]) -> Tally:
    if len(parts) == 1:
        return parts[0]
    return _grouped(
        replace(
            parts[0],
            key=np.concatenate([part.key for part in parts]),
            line=np.concatenate([part.line for part in parts]),
            documents=np.concatenate([part.documents for part in parts]),
            sums=np.concatenate([part.sums for part in parts]),
            examples=np.concatenate([part.examples for part in parts]),
        )
    )


def _grouped(tally: Tally) -> Tally:
    """Add up the rows of each key and keep the smallest examples."""
    order = stable_order(tally.key)
    key = tally.key[order]
    first, sizes = runs(key)
    if not len(first):
        return tally
    group = np.repeat(np.arange(len(first)), sizes)
    ranks = tally.examples[order].ravel()
    owner = np.repeat(group, EXAMPLES)
    by_rank = np.lexsort((ranks, owner))
    place = np.arange(len(ranks)) - (first * EXAMPLES)[owner]
    chosen = place < EXAMPLES  # the sorted ranks of a group start where its rows do
    examples = np.full((len(first), EXAMPLES), NOBODY, np.int64)
    examples[owner[chosen], place[chosen]] = ranks[by_rank][chosen]
    return Tally(
        key[first],
        tally.line[order][first],
        np.add.reduceat(tally.documents[order], first),
        np.add.reduceat(tally.sums[order], first, axis=0),
        examples,
        tally.sites,
    )
