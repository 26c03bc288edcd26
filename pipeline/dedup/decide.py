"""Decides which documents of a corpus go: exact copies first, then verified near-duplicates.

LSH proposes: documents that share a band hash, or passages, form groups of candidates. Exact
overlap decides (`groups`). Every document that goes has been compared with a twin that it matches,
and shares at least `floor` with the document that stays for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.bands import Bands
from pipeline.dedup.candidates import READ_UNITS, Buckets, Proposals, batches
from pipeline.dedup.clusters import Forest
from pipeline.dedup.groups import SMALL, Group, verify
from pipeline.dedup.memory import Comparer, Memory
from pipeline.dedup.misses import Misses
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.spread import Portable, Read, Spread
from pipeline.dedup.thinning import thinned
from pipeline.dedup.verdicts import GroupMemory, Named, Outcome, outcome
from pipeline.dedup.verify import MOST, ShingleSets, joined, pieces_of_sets
from pipeline.runs import portions

Ranks = NDArray[np.int64]
_Found = tuple[Ranks, Ranks, Ranks, Ranks, NDArray[np.float64]]
"""Of documents that go: gone, stays, twin, kind, jaccard, as in `Decisions`."""

EXACT, NEAR, CONTAINED = 1, 2, 3
KINDS = ("", "exact", "near", "contained")
NEVER = np.iinfo(np.int64).max
_BATCH_UNITS = 1 << 23  # shadow characters compared at a time: 64 MB of shingle hashes
_ALONE = 1 << 21  # shadow characters that are not worth another process, and of a job of one
_SLICE_UNITS = 1 << 24  # shadow characters of a group held at a time: 128 MB of hashes
_SLICE = 1 << 22  # documents looked up at a time
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


@dataclass(frozen=True, slots=True)
class Decisions:
    """What becomes of each of n documents; arrays for those of which there is something to say.

    `gone` int64 (m,): ranks of the documents that go, ascending. Of each: `stays` int64 (m,), the
    rank of the document that stays for it; `twin` int64 (m,), the rank of the document that it was
    found to match, mostly the one that stays, else another copy of it; `kind` uint8 (m,), index
    into KINDS; `jaccard` float32 (m,), with the twin. `members` int64 (k,): ranks of the documents
    that match another, ascending; `root` int64 (k,): smallest rank of all that are connected with
    each by matches, the name of its cluster. `compared`: pairs compared.
    `uncompared`: documents that were not compared with all of their group, which met the cap on
    anchors. `misses`: ranks of some pairs just below the threshold, of which both stay.
    """

    n: int
    gone: Ranks
    stays: Ranks
    twin: Ranks
    kind: NDArray[np.uint8]
    jaccard: NDArray[np.float32]
    members: Ranks
    root: Ranks
    compared: int = 0
    uncompared: int = 0
    misses: Misses = field(default_factory=Misses.none)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which documents stay: bool (n,)."""
        kept = np.ones(self.n, bool)
        kept[self.gone] = False
        return kept


@dataclass(slots=True)
class _Fates:
    """Fates as they are found, step by step."""

    found: list[_Found] = field(default_factory=list)
    compared: int = 0
    uncompared: int = 0
    misses: Misses = field(default_factory=Misses.none)

    def extend(self, other: _Fates, ranks: Ranks) -> None:
        """Add what was found of documents of these ranks, by their places."""
        for gone, stays, twin, kind, jaccard in other.found:
            self.found.append((ranks[gone], ranks[stays], ranks[twin], kind, jaccard))
        self.compared += other.compared
        self.uncompared += other.uncompared
        self.misses = self.misses.plus(_ranked(other.misses, ranks)).closest()

    def closed(self, n: int, clusters: Forest) -> Decisions:
        """Return the decisions. Who went for a document that went later shares its fate."""
        columns = zip((np.zeros(0, np.int64),) * 5, *self.found, strict=True)
        gone, stays, twin, kind, jaccard = map(np.concatenate, columns)
        order = np.argsort(gone)
        gone, stays = gone[order], stays[order]
        while len(gone):
            place = np.minimum(np.searchsorted(gone, stays), len(gone) - 1)
            onward = gone[place] == stays
            if not onward.any():
                break
            stays[onward] = stays[place[onward]]
        root, members = clusters.crowds()
        return Decisions(
            n,
            gone,
            stays,
            twin[order],
            kind[order].astype(np.uint8),
            jaccard[order].astype(np.float32),
            members,
            root,
            self.compared,
            self.uncompared,
            self.misses.where(~np.isin(self.misses.left, gone) & ~np.isin(self.misses.right, gone)),
        )


def decide(
    corpus: CorpusArrays,
    options: DedupOptions,
    read: Read,
    memory: Memory | None = None,
    known: GroupMemory | None = None,
    spread: Spread | None = None,
) -> Decisions:
    """Return what becomes of each document.

    `read` is called for candidates only, and not for pairs that `memory` knows, nor for groups
    that are `known`; where there is much to read, in the processes of `spread`.
    """
    fates = _Fates()
    clusters = Forest(len(corpus))
    if options.exact:
        _exact(corpus, options, fates, clusters)
    if options.near:
        memory, known = memory or Memory(), known or GroupMemory()
        _near(corpus, options, fates, clusters, read, memory, known, spread)
    return fates.closed(len(corpus), clusters)


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


def _exact(corpus: CorpusArrays, options: DedupOptions, fates: _Fates, clusters: Forest) -> None:
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
    n = int(gone.sum())
    evidence = np.full(n, EXACT), np.ones(n)
    fates.found.append((ranks[gone], best[gone], best[gone], *evidence))


def _identical(corpus: CorpusArrays) -> tuple[Ranks, Ranks]:
    """Return (rank, group) of the documents whose shadow text another has too.

    64 bits of hash and the length: of 100 million texts two differ unnoticed once in a million.
    """
    hashes = corpus.text_hash
    if corpus.scope is not None:
        hashes = hashes ^ (corpus.scope.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    words = np.sort(hashes)
    twice = words[1:][words[1:] == words[:-1]]
    del words
    found = [np.zeros(0, np.int64)]
    for first in range(0, len(hashes) if len(twice) else 0, _SLICE):
        piece = hashes[first : first + _SLICE]
        place = np.minimum(np.searchsorted(twice, piece), len(twice) - 1)
        found.append(np.flatnonzero(twice[place] == piece) + first)
    ranks = np.concatenate(found)
    hashes = hashes[ranks]
    by_length = np.lexsort((ranks, corpus.length[ranks], hashes))
    ranks, hashes = ranks[by_length], hashes[by_length]
    same = (hashes[1:] == hashes[:-1]) & (corpus.length[ranks[1:]] == corpus.length[ranks[:-1]])
    return ranks, np.cumsum(np.concatenate(([False], ~same)))[: len(ranks)]


def _near(
    corpus: CorpusArrays,
    options: DedupOptions,
    fates: _Fates,
    clusters: Forest,
    read: Read,
    memory: Memory,
    known: GroupMemory,
    spread: Spread | None,
) -> None:
    alive = np.ones(len(corpus), bool)
    for gone, *_ in fates.found:
        alive[gone] = False
    proposals = Proposals(corpus.bands, options, corpus.scope, alive)
    groups, candidates = proposals.groups()
    large = _large(groups)
    if large.any():
        groups, candidates = thinned(
            groups, candidates, large, proposals, corpus.text_hash, np.minimum(corpus.length, MOST),
            read, memory, options,
        )  # fmt: skip
        large = _large(groups)
    buckets = proposals.buckets(candidates[large])
    judge = _Judge(
        corpus.text_hash, corpus.length, corpus.settled, options, read, buckets, fates, clusters,
        memory, known,
    )  # fmt: skip
    order = precedence(corpus, options, candidates, groups)
    ranks = candidates[order]
    left = judge.recall(ranks, groups)
    ranks, groups = ranks[left], groups[left]
    held = np.minimum(corpus.length, MOST)
    if spread is None or not isinstance(read, Portable) or held[ranks].sum() < _ALONE:
        for group, members in batches(groups, ranks, held, _BATCH_UNITS):
            judge.decide(members, group)
        return
    parts = list(batches(groups, ranks, held, _ALONE))
    jobs = (judge.job(read, members, group) for group, members in parts)
    for number, done in spread(judged, jobs):
        judge.add(parts[number][1], done)


def _large(groups: Ranks) -> NDArray[np.bool_]:
    """Return which rows belong to a group of more than SMALL."""
    size = np.bincount(np.searchsorted(np.unique(groups), groups)) if len(groups) else groups
    return np.repeat(size > SMALL, size)


class _Job(NamedTuple):
    """Groups that another process verifies: what `_Judge` has of their m members, 0..m-1."""

    text_hash: NDArray[np.uint64]
    length: Ranks
    settled: NDArray[np.bool_] | None
    options: DedupOptions
    read: Read
    buckets: Buckets
    known: NDArray[Any]
    group: Ranks


class _Done(NamedTuple):
    """What became of the groups of a job, in places of its members, and what to remember of it."""

    fates: _Fates
    root: Ranks
    pairs: list[NDArray[Any]]
    members: list[NDArray[Any]]
    misses: list[NDArray[Any]]


def judged(job: _Job) -> _Done:
    """Verify the groups of a job: a task."""
    m = len(job.group)
    fates, clusters, known = _Fates(), Forest(m), GroupMemory()
    memory = Memory(job.known)
    judge = _Judge(*job[:6], fates, clusters, memory, known)
    judge.decide(np.arange(m, dtype=np.int64), job.group)
    roots = clusters.roots(np.arange(m, dtype=np.int64))
    return _Done(fates, roots, memory.used, known.used, known.used_misses)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Verifies batches of groups and records what becomes of their members."""

    text_hash: NDArray[np.uint64]
    length: Ranks
    settled: NDArray[np.bool_] | None
    options: DedupOptions
    read: Read
    buckets: Buckets
    fates: _Fates
    clusters: Forest
    memory: Memory
    known: GroupMemory

    def job(self, read: Portable, ranks: Ranks, group: Ranks) -> _Job:
        """Return the job of verifying some groups."""
        hashes = self.text_hash[ranks]
        settled = None if self.settled is None else self.settled[ranks]
        pairs = self.memory.known
        mine = pairs[np.isin(pairs["high"], hashes)]
        some = self.buckets.of(ranks)
        length = self.length[ranks]
        return _Job(hashes, length, settled, self.options, read.of(ranks), some, mine, group)

    def add(self, ranks: Ranks, done: _Done) -> None:
        """Add what became of the groups of a job."""
        self.fates.extend(done.fates, ranks)
        self.clusters.link(ranks, ranks[done.root])
        self.memory.used += done.pairs
        self.known.used += done.members
        self.known.used_misses += done.misses

    def recall(self, ranks: Ranks, group: Ranks) -> NDArray[np.bool_]:
        """Decide the groups that earlier runs knew; return which members are left."""
        named = self._named(ranks, group)
        rows = self.known.find(named)
        found = np.repeat(rows >= 0, named.sizes)
        if found.any():
            mine = rows >= 0
            some = Named(named.heads[mine], named.sizes[mine], named.key[mine], named.check[mine])
            self._record(self.known.recall(rows[mine], some), ranks[found])
        return ~found

    def _named(self, ranks: Ranks, group: Ranks) -> Named:
        return Named.of(self.text_hash[ranks], self._settled(ranks), group)

    def _settled(self, ranks: Ranks) -> NDArray[np.bool_]:
        settled = self.settled
        return np.zeros(len(ranks), bool) if settled is None else settled[ranks]

    def decide(self, ranks: Ranks, group: Ranks) -> None:
        """Decide whole groups; a group too large for the memory in slices, best first.

        Those that stay of one slice are carried into the next: each later document is compared
        with them, as it would be in one piece.
        """
        carried = ranks[:0]
        for mine in portions(np.minimum(self.length[ranks], MOST), _SLICE_UNITS):
            some = np.concatenate((carried, ranks[mine]))
            name = np.concatenate((np.full(len(carried), group[mine.start]), group[mine]))
            stays = self._verify(some, name, whole=mine == slice(0, len(ranks)))
            if mine.stop < len(ranks):
                carried = some[stays & (name == group[mine.stop])][: self.options.max_anchors]

    def _verify(self, ranks: Ranks, group: Ranks, *, whole: bool) -> NDArray[np.bool_]:
        """Decide `whole` groups, or a slice of one; return which documents stay."""
        hashes = self.text_hash[ranks]
        batch = Group(
            Comparer(hashes, group, lambda some: self._sets(ranks[some]), self.memory),
            group,
            self._settled(ranks),
        )
        local = Forest(len(ranks))

        def neighbours(places: Ranks) -> tuple[Ranks, Ranks]:
            left, right = self.buckets.neighbours(ranks[places], _REACH)
            return places[left], places[right]

        verify(batch, local, self.options, neighbours)
        places = np.arange(len(ranks), dtype=np.int64)
        found = outcome(batch, local.roots(places))
        if whole:
            self.known.remember(found, self._named(ranks, group))
        self._record(found, ranks)
        stays: NDArray[np.bool_] = batch.star == places
        return stays

    def _record(self, found: Outcome, ranks: Ranks) -> None:
        """Record what became of the members of groups."""
        self.clusters.link(ranks, ranks[found.root])
        gone = np.flatnonzero(found.star != np.arange(len(ranks)))
        kind = np.where(found.contained[gone], CONTAINED, NEAR)
        fates = self.fates
        who = ranks[gone], ranks[found.star[gone]], ranks[found.twin[gone]]
        fates.found.append((*who, kind, found.jaccard[gone]))
        fates.compared += int(found.pairs.sum())
        fates.uncompared += int(found.unmet.sum())
        for some in found.misses:
            if some.left.size:
                fates.misses = fates.misses.plus(_ranked(some, ranks)).closest()

    def _sets(self, ranks: Ranks) -> ShingleSets:
        length = self.length[ranks]
        return joined([
            sets
            for some in portions(length, READ_UNITS)
            for sets in pieces_of_sets(*self.read(ranks[some]), self.options.ngram)
        ])  # fmt: skip


def _ranked(misses: Misses, ranks: Ranks) -> Misses:
    a, b = ranks[misses.left], ranks[misses.right]
    return Misses(np.minimum(a, b), np.maximum(a, b), misses.jaccard)
