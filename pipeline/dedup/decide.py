"""Decides which documents of a corpus go: exact copies, then verified near-duplicates.

LSH proposes: documents that share a band hash form groups of candidates. Exact overlap decides: in
each group the best document (a total order) is an anchor and compared with every other; those that
match are its duplicates, the best of the rest is the next anchor, and so on. So every document that
goes has been compared with the one that stays for it, and no two that stay in a group match each
other. The groups of a batch take each step together, in whole arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.bands import Bands, linked
from pipeline.dedup.clusters import Forest
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.verify import judge, shingle_sets

Ranks = NDArray[np.int64]
Read = Callable[[Ranks], list[str]]
"""Returns the shadow texts of the documents of the given ranks."""

KEPT, EXACT, NEAR, CONTAINED = range(4)
KINDS = ("", "exact", "near", "contained")
NEVER = np.iinfo(np.int64).max
_BATCH_UNITS = 1 << 24  # shadow characters read at a time


@dataclass(frozen=True, slots=True)
class CorpusArrays:
    """A corpus of n documents sorted by key; the index of a document is its rank.

    `text_hash` uint64 (n,) and `length` int64 (n,) of the shadow text; `bands` as `band_hashes`
    gives them; `damage` int64 (n,) damage marks; `published_at` int64 (n,) seconds, the largest
    int64 where unknown; `scope` int64 (n,), equal where documents are compared; `settled` bool
    (n,): published earlier, and to stay (mode sticky).
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


@dataclass(frozen=True, slots=True)
class Decisions:
    """What becomes of each of n documents.

    `duplicate_of` int64 (n,): rank of the document that stays for it, -1 where it stays itself.
    `cluster` int64 (n,): smallest rank of its connected group, -1 where it has no duplicate.
    `kind` uint8 (n,): index into KINDS. `jaccard`, `containment` float32 (n,): with the document
    that stays; NaN where it stays itself. `compared`: pairs compared. `uncompared`: documents that
    stayed because their group met the cap on anchors.
    """

    duplicate_of: Ranks
    cluster: Ranks
    kind: NDArray[np.uint8]
    jaccard: NDArray[np.float32]
    containment: NDArray[np.float32]
    compared: int = 0
    uncompared: int = 0

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which documents stay: bool (n,)."""
        return self.duplicate_of < 0

    def copies(self) -> Ranks:
        """Return how many documents each stands for, itself not counted: int64 (n,)."""
        gone = self.duplicate_of[self.duplicate_of >= 0]
        return np.bincount(gone, minlength=len(self.duplicate_of))


def decide(corpus: CorpusArrays, options: DedupOptions, read: Read) -> Decisions:
    """Return what becomes of each document. `read` is called for candidates only."""
    n = len(corpus)
    out = Decisions(
        np.full(n, -1, np.int64),
        np.full(n, -1, np.int64),
        np.zeros(n, np.uint8),
        np.full(n, np.nan, np.float32),
        np.full(n, np.nan, np.float32),
    )
    forest = Forest(n)
    if options.exact:
        _exact(corpus, options, out, forest)
    compared = uncompared = 0
    if options.near:
        for group, members in _batches(corpus, out):
            more, left = _anchored(corpus, options, read, out, forest, group, members)
            compared += more
            uncompared += left
    _name_clusters(out, forest)
    return Decisions(
        out.duplicate_of, out.cluster, out.kind, out.jaccard, out.containment, compared, uncompared
    )


def precedence(corpus: CorpusArrays, options: DedupOptions, ranks: Ranks) -> Ranks:
    """Return the places of the given documents in the order of who stays (0 is the best)."""
    keys: list[NDArray[np.int64]] = [ranks]
    rules = {
        "fewest-damage": lambda: corpus.damage[ranks],
        "longest": lambda: -corpus.length[ranks],
        "earliest": lambda: corpus.published_at[ranks],
    }
    keys += [rules[rule]() for rule in reversed(options.survivor)]
    if corpus.settled is not None:
        keys.append((~corpus.settled[ranks]).astype(np.int64))
    places = np.empty(len(ranks), np.int64)
    places[np.lexsort(keys)] = np.arange(len(ranks))
    return places


def _scoped(corpus: CorpusArrays, hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return hashes that differ where the scopes do; NONE (0) stays 0."""
    if corpus.scope is None:
        return hashes
    mixed = hashes ^ (corpus.scope.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return np.where(hashes == 0, hashes, np.maximum(mixed, np.uint64(1)))


def _exact(corpus: CorpusArrays, options: DedupOptions, out: Decisions, forest: Forest) -> None:
    hashes = _scoped(corpus, corpus.text_hash)
    order = np.argsort(hashes, kind="stable")
    same = hashes[order[1:]] == hashes[order[:-1]]
    same &= corpus.length[order[1:]] == corpus.length[order[:-1]]
    inside = np.concatenate((same, [False])) | np.concatenate(([False], same))
    ranks = order[inside]
    group = np.cumsum(np.concatenate(([True], ~same)))[inside]
    _drop_but_best(corpus, options, out, forest, ranks, group)


def _drop_but_best(
    corpus: CorpusArrays,
    options: DedupOptions,
    out: Decisions,
    forest: Forest,
    ranks: Ranks,
    group: Ranks,
) -> None:
    """Drop all but the best of each group of identical documents (`group` ascending)."""
    if not ranks.size:
        return
    order = np.lexsort((precedence(corpus, options, ranks), group))
    ranks, group = ranks[order], group[order]
    heads = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    best = np.repeat(ranks[heads], np.diff(np.append(heads, len(ranks))))
    gone = ranks != best
    if corpus.settled is not None:
        gone &= ~corpus.settled[ranks]
    forest.link(best[gone], ranks[gone])
    _drop(out, ranks[gone], best[gone], np.full(int(gone.sum()), EXACT), 1.0, 1.0)


def _drop(
    out: Decisions,
    gone: Ranks,
    stays: Ranks,
    kind: NDArray[np.integer],
    jaccard: NDArray[np.float64] | float,
    containment: NDArray[np.float64] | float,
) -> None:
    out.duplicate_of[gone] = stays
    out.kind[gone] = kind
    out.jaccard[gone] = jaccard
    out.containment[gone] = containment


def _batches(corpus: CorpusArrays, out: Decisions) -> Iterator[tuple[Ranks, Ranks]]:
    """Yield (group, members) of candidates, whole groups, about _BATCH_UNITS characters each."""
    n = len(corpus)
    candidates = Forest(n)
    alive = out.kept
    for band in range(len(corpus.bands)):
        hashes = np.where(alive, _scoped(corpus, corpus.bands[band]), np.uint64(0))
        candidates.link(*linked(hashes))
    group = candidates.roots(np.arange(n, dtype=np.int64))
    crowd = np.bincount(group, minlength=n)[group] > 1
    members = np.flatnonzero(crowd)
    members = members[np.argsort(group[members], kind="stable")]
    group = group[members]
    heads = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))[: len(members)]
    units = np.cumsum(corpus.length[members])
    at = 0
    while at < len(members):
        limit = (int(units[at - 1]) if at else 0) + _BATCH_UNITS
        to = int(np.searchsorted(units, limit, "right"))
        cut = heads[np.searchsorted(heads, to, "right") - 1] if to < len(members) else to
        if cut <= at:  # one group above the limit is read whole
            after = np.searchsorted(heads, at, "right")
            cut = heads[after] if after < len(heads) else len(members)
        yield group[at:cut], members[at:cut]
        at = int(cut)


def _anchored(
    corpus: CorpusArrays,
    options: DedupOptions,
    read: Read,
    out: Decisions,
    forest: Forest,
    group: Ranks,
    members: Ranks,
) -> tuple[int, int]:
    """Verify the groups of one batch; returns the pairs compared and the documents left over."""
    order = np.lexsort((precedence(corpus, options, members), group))
    members, group = members[order], group[order]
    sets = shingle_sets(read(members), options.ngram)
    left = np.arange(len(members), dtype=np.int64)
    compared = 0
    for _ in range(options.max_anchors):
        heads = np.concatenate(([True], group[left[1:]] != group[left[:-1]]))
        anchor = left[np.flatnonzero(heads)[np.cumsum(heads) - 1]]
        others, anchor = left[~heads], anchor[~heads]
        if not others.size:
            return compared, 0
        compared += len(others)
        verdict = judge(sets, anchor, others, options)
        match = verdict.near | verdict.contained
        forest.link(members[anchor[match]], members[others[match]])
        goes = match
        if corpus.settled is not None:
            goes = match & ~corpus.settled[members[others]]
        _drop(
            out,
            members[others[goes]],
            members[anchor[goes]],
            np.where(verdict.near, NEAR, CONTAINED)[goes],
            verdict.jaccard[goes],
            verdict.containment[goes],
        )
        left = others[~goes]  # what is settled and matches stays an anchor itself
    return compared, len(left)


def _name_clusters(out: Decisions, forest: Forest) -> None:
    """Give each document that has a duplicate the smallest rank of its connected group."""
    roots = forest.roots(np.arange(len(out.cluster), dtype=np.int64))
    crowd = np.bincount(roots, minlength=len(roots))[roots] > 1
    out.cluster[crowd] = roots[crowd]
    # A copy of a document that was then dropped as a near-duplicate shares its fate.
    gone = np.flatnonzero(out.duplicate_of >= 0)
    twin = out.duplicate_of[gone]
    moved = out.duplicate_of[twin] >= 0
    gone, twin = gone[moved], twin[moved]
    for column in (out.kind, out.jaccard, out.containment, out.duplicate_of):
        column[gone] = column[twin]
