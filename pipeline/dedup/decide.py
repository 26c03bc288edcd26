"""Decides which documents of a corpus go: exact copies first, then verified near-duplicates.

LSH proposes: documents that share a band hash, or passages, form groups of candidates. Exact
overlap decides (`groups`). Every document that goes has been compared with a twin that it matches,
and shares at least `floor` with the document that stays for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.bands import Bands
from pipeline.dedup.candidates import Proposals, batches
from pipeline.dedup.clusters import Forest
from pipeline.dedup.groups import Group, verify
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.verify import shingle_sets

Ranks = NDArray[np.int64]
Read = Callable[[Ranks], list[str]]
"""Returns the shadow texts of the documents of the given ranks."""

KEPT, EXACT, NEAR, CONTAINED = range(4)
KINDS = ("", "exact", "near", "contained")
NEVER = np.iinfo(np.int64).max
_BATCH_UNITS = 1 << 23  # shadow characters read at a time: 64 MB of shingle hashes
_REACH = 4  # how far apart in a bucket of a large group two documents are still compared


@dataclass(frozen=True, slots=True)
class CorpusArrays:
    """A corpus of n documents sorted by key; the index of a document is its rank.

    `text_hash` uint64 (n,) and `length` int64 (n,) of the shadow text; `bands`: the columns of
    `Features.bands`, by column; `damage` int64 (n,) damage marks; `published_at` int64 (n,)
    seconds, NEVER where unknown; `scope` int64 (n,), equal where documents are compared; `settled`
    bool (n,): published earlier, and to stay (mode sticky).
    """

    text_hash: NDArray[np.uint64]
    length: Ranks
    bands: Bands
    damage: Ranks
    published_at: Ranks
    scope: Ranks | None = None
    settled: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.text_hash)


@dataclass(slots=True)
class Decisions:
    """What becomes of each of n documents.

    `duplicate_of` int64 (n,): rank of the document that stays for it, -1 where it stays itself.
    `twin` int64 (n,): rank of the document that it was found to match, -1 likewise; mostly the one
    that stays, else another copy of it. `jaccard`, `containment` float32 (n,): with the twin; NaN
    where it stays. `kind` uint8 (n,): index into KINDS. `cluster` int64 (n,): smallest rank of all
    that are connected by matches, -1 where it matches none. `compared`: pairs compared.
    `uncompared`: documents that were not compared with all of their group, as it met the cap on
    anchors.
    """

    n: int
    duplicate_of: Ranks = field(init=False)
    twin: Ranks = field(init=False)
    cluster: Ranks = field(init=False)
    kind: NDArray[np.uint8] = field(init=False)
    jaccard: NDArray[np.float32] = field(init=False)
    containment: NDArray[np.float32] = field(init=False)
    compared: int = 0
    uncompared: int = 0

    def __post_init__(self) -> None:
        self.duplicate_of = np.full(self.n, -1, np.int64)
        self.twin = np.full(self.n, -1, np.int64)
        self.cluster = np.full(self.n, -1, np.int64)
        self.kind = np.zeros(self.n, np.uint8)
        self.jaccard = np.full(self.n, np.nan, np.float32)
        self.containment = np.full(self.n, np.nan, np.float32)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which documents stay: bool (n,)."""
        return self.duplicate_of < 0

    def copies(self) -> Ranks:
        """Return how many documents each stands for, itself not counted: int64 (n,)."""
        return np.bincount(self.duplicate_of[~self.kept], minlength=self.n)


def decide(corpus: CorpusArrays, options: DedupOptions, read: Read) -> Decisions:
    """Return what becomes of each document. `read` is called for candidates only."""
    out = Decisions(len(corpus))
    clusters = Forest(len(corpus))
    if options.exact:
        _exact(corpus, options, out, clusters)
    if options.near:
        _near(corpus, options, out, clusters, read)
    _share_fate(out)
    cluster, members = clusters.crowds()
    out.cluster[members] = cluster
    return out


def precedence(corpus: CorpusArrays, options: DedupOptions, ranks: Ranks, group: Ranks) -> Ranks:
    """Return the order that sorts `ranks` by group, and within it by who stays, best first."""
    rules = {
        "fewest-damage": lambda: corpus.damage[ranks],
        "longest": lambda: -corpus.length[ranks],
        "earliest": lambda: corpus.published_at[ranks],
    }
    keys = [ranks, *(rules[rule]() for rule in reversed(options.survivor))]
    if corpus.settled is not None:
        keys.append((~corpus.settled[ranks]).astype(np.int64))
    return np.lexsort((*keys, group))


def _exact(corpus: CorpusArrays, options: DedupOptions, out: Decisions, clusters: Forest) -> None:
    """Of each set of documents with one shadow text, keep the best."""
    order, group = _identical(corpus)
    if not order.size:
        return
    best_first = precedence(corpus, options, order, group)
    ranks, group = order[best_first], group[best_first]
    heads = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    best = np.repeat(ranks[heads], np.diff(np.append(heads, len(ranks))))
    gone = ranks != best
    if corpus.settled is not None:
        clusters.link(best, ranks)
        gone &= ~corpus.settled[ranks]
    clusters.link(best[gone], ranks[gone])
    out.duplicate_of[ranks[gone]] = out.twin[ranks[gone]] = best[gone]
    out.kind[ranks[gone]] = EXACT
    out.jaccard[ranks[gone]] = out.containment[ranks[gone]] = 1.0


def _identical(corpus: CorpusArrays) -> tuple[Ranks, Ranks]:
    """Return (rank, group) of the documents whose shadow text another has too.

    64 bits of hash and the length: of 100 million texts two differ unnoticed once in a million.
    """
    hashes = corpus.text_hash
    if corpus.scope is not None:
        hashes = hashes ^ (corpus.scope.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    words = np.sort(hashes)
    twice = words[1:][words[1:] == words[:-1]]
    place = np.searchsorted(twice, hashes)
    place[place == len(twice)] = 0
    ranks = np.flatnonzero(twice[place] == hashes) if len(twice) else np.zeros(0, np.int64)
    hashes = hashes[ranks]
    by_length = np.lexsort((ranks, corpus.length[ranks], hashes))
    ranks, hashes = ranks[by_length], hashes[by_length]
    same = (hashes[1:] == hashes[:-1]) & (corpus.length[ranks[1:]] == corpus.length[ranks[:-1]])
    return ranks, np.cumsum(np.concatenate(([False], ~same)))[: len(ranks)]


def _near(
    corpus: CorpusArrays, options: DedupOptions, out: Decisions, clusters: Forest, read: Read
) -> None:
    proposals = Proposals(corpus.bands, options, corpus.scope, out.kept)
    groups, candidates = proposals.groups()
    for group, members in batches(groups, candidates, corpus.length, _BATCH_UNITS):
        order = precedence(corpus, options, members, group)
        ranks = members[order]
        settled = np.zeros(len(ranks), bool) if corpus.settled is None else corpus.settled[ranks]
        batch = Group(shingle_sets(read(ranks), options.ngram), group[order], settled)
        local = Forest(len(ranks))

        def neighbours(places: Ranks, ranks: Ranks = ranks) -> tuple[Ranks, Ranks]:
            left, right = proposals.near_in_bands(ranks[places], _REACH)
            return places[left], places[right]

        verify(batch, local, options, neighbours)
        clusters.link(ranks, ranks[local.roots(np.arange(len(ranks), dtype=np.int64))])
        _record(out, batch, ranks)


def _record(out: Decisions, batch: Group, ranks: Ranks) -> None:
    gone = np.flatnonzero(batch.star != np.arange(len(ranks)))
    out.duplicate_of[ranks[gone]] = ranks[batch.star[gone]]
    out.twin[ranks[gone]] = ranks[batch.twin[gone]]
    out.kind[ranks[gone]] = np.where(batch.contained[gone], CONTAINED, NEAR)
    out.jaccard[ranks[gone]] = batch.jaccard[gone]
    out.containment[ranks[gone]] = batch.containment[gone]
    out.compared += batch.compared
    out.uncompared += batch.uncompared


def _share_fate(out: Decisions) -> None:
    """Let the exact copies of a document that went as a near-duplicate share its fate."""
    gone = np.flatnonzero(out.kind == EXACT)
    twin = out.duplicate_of[gone]
    moved = out.duplicate_of[twin] >= 0
    out.duplicate_of[gone[moved]] = out.duplicate_of[twin[moved]]
