"""Groups of candidates, verified: who stays, who goes for whom, and which groups are one cluster.

Three steps, each for all groups of a batch together:

1. *Anchors.* The best document of a group (members come in the order of who stays) is compared with
   all others; those that match go for it. The best of the rest is the next anchor, up to a cap.
2. *Joins.* Documents that went for different anchors, or for none, may still match each other: all
   pairs of a small group are compared, and neighbours in the buckets of a large one.
3. *Adoption.* A document that stays, and matches one that went, is the copy of a copy: it goes too,
   with all that went for it, where each still shares enough with the better document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.clusters import Forest
from pipeline.dedup.memory import Comparer
from pipeline.dedup.misses import Misses
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.verify import Verdicts, judge
from pipeline.runs import begins, runs

Places = NDArray[np.int64]
Neighbours = Callable[[Places], tuple[Places, Places]]
"""Given the places of a large group, returns the pairs of places that share a bucket closely."""

_TRIES = 8  # stars that a star may try to go for
SMALL = 48
"""Members up to which all pairs are compared: 1,128 pairs of 1,000 characters take 25 ms."""


class Group:
    """The members of a batch of groups, 0..m-1, best first within each group.

    `group` int64 (m,) ascending; `settled` bool (m,): may not go. Filled in by `verify`: `star`
    int64 (m,), the member that stays for each (itself where it stays); `twin` int64 (m,), the
    member that it was compared with and matches, and `jaccard` with that one; `contained` bool (m,)
    where only the containment matched; `turn` int64 (m,): which anchor it was, or went for; `pairs`
    int64 (m,), how many it was compared with, each pair counted once; `unmet` bool (m,): not
    compared with all of its group.
    """

    def __init__(self, comparer: Comparer, group: Places, settled: NDArray[np.bool_]) -> None:
        m = len(group)
        self.comparer, self.group, self.settled = comparer, group, settled
        self.star: Places = np.arange(m, dtype=np.int64)
        self.twin = self.star.copy()
        self.jaccard = np.full(m, np.nan)
        self.contained = np.zeros(m, bool)
        self.turn = np.full(m, _NEVER)
        self.pairs: Places = np.zeros(m, np.int64)
        self.unmet = np.zeros(m, bool)
        self.misses: list[Misses] = []

    def judge(self, left: Places, right: Places, options: DedupOptions) -> Verdicts:
        """Compare pairs of members, count them, and note those that nearly match."""
        np.add.at(self.pairs, left, 1)
        verdicts = judge(self.comparer.overlap(left, right), options)
        self.misses.append(Misses.of(left, right, verdicts, options))
        return verdicts

    def go(
        self,
        gone: Places,
        stays: Places | int,
        twin: Places | int,
        verdicts: Verdicts,
        rows: Places,
    ) -> None:
        """Record that members go, each for another and on the evidence of a verdict."""
        self.star[gone] = stays
        self.twin[gone] = twin
        self.jaccard[gone] = verdicts.jaccard[rows]
        self.contained[gone] = verdicts.contained[rows]


_NEVER = np.iinfo(np.int64).max


class Touch(NamedTuple):
    """A match between the members of two stars, seen from one of them; `row` of the verdicts."""

    own: int
    other: int
    row: int


def verify(group: Group, clusters: Forest, options: DedupOptions, neighbours: Neighbours) -> None:
    """Decide the groups; `clusters` (of the members) learns of every pair that matches."""
    _anchor(group, clusters, options)
    left, right = _open_pairs(group, neighbours)
    if not left.size:
        return
    verdicts = group.judge(left, right, options)
    match = np.flatnonzero(verdicts.match)
    clusters.link(left[match], right[match])
    touches = [
        Touch(int(ends[row]), int(others[row]), row)
        for row in match.tolist()
        for ends, others in ((left, right), (right, left))
    ]
    _adopt(group, options, touches, verdicts)


def _anchor(group: Group, clusters: Forest, options: DedupOptions) -> None:
    left = np.arange(len(group.group), dtype=np.int64)
    for turn in range(options.max_anchors):
        heads = begins(group.group[left])
        anchors = left[heads]
        group.turn[anchors] = turn
        others = left[~heads]
        if not others.size:
            return
        anchor = anchors[np.cumsum(heads)[~heads] - 1]
        verdicts = group.judge(anchor, others, options)
        clusters.link(anchor[verdicts.match], others[verdicts.match])
        goes = verdicts.match & ~group.settled[others]
        rows = np.flatnonzero(goes)
        group.turn[others[goes]] = turn
        group.go(others[goes], anchor[goes], anchor[goes], verdicts, rows)
        left = others[~goes]  # what is settled and matches is an anchor itself
    group.unmet[left] = True


def _open_pairs(group: Group, neighbours: Neighbours) -> tuple[Places, Places]:
    """Return the pairs of members of different stars that have not been compared."""
    heads, sizes = runs(group.group)
    gone = np.add.reduceat((group.star != np.arange(len(group.star))).astype(np.int64), heads)
    idle = np.add.reduceat((group.turn == _NEVER).astype(np.int64), heads)
    # Of one star there is nothing to join; of no match all pairs have been compared.
    mixed = (idle > 0) | ((gone > 0) & (gone < sizes - 1))
    lefts, rights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for size in np.unique(sizes[mixed & (sizes <= SMALL)]).tolist():
        i, j = np.triu_indices(size, 1)
        starts = heads[mixed & (sizes == size)]
        lefts.append((starts[:, None] + i).ravel())
        rights.append((starts[:, None] + j).ravel())
    for head, size in zip(
        heads[mixed & (sizes > SMALL)].tolist(),
        sizes[mixed & (sizes > SMALL)].tolist(),
        strict=True,
    ):
        i, j = neighbours(np.arange(head, head + size))
        lefts.append(np.minimum(i, j))
        rights.append(np.maximum(i, j))
    left, right = np.concatenate(lefts), np.concatenate(rights)
    apart = group.star[left] != group.star[right]
    # An anchor was compared with all that had not gone before its turn, which stand below it.
    anchors = group.star == np.arange(len(group.star))
    done = anchors[left] & (group.turn[left] != _NEVER) & (group.turn[right] >= group.turn[left])
    open_ = apart & ~done
    return left[open_], right[open_]


def _adopt(group: Group, options: DedupOptions, touches: list[Touch], verdicts: Verdicts) -> None:
    """Let a star go for a better one that it touches, worst first, where all of it may."""
    of_head: dict[int, list[Touch]] = {}
    for touch in touches:
        of_head.setdefault(int(group.star[touch.own]), []).append(touch)
    order = np.argsort(group.star, kind="stable")
    stars = _Stars(order, group.star[order])
    for head in sorted(of_head, reverse=True):
        better: dict[int, Touch] = {}  # one touch for each star
        for touch in sorted(of_head[head]):
            better.setdefault(int(group.star[touch.other]), touch)
        for stays in sorted(better)[:_TRIES]:
            if stays < head and _may_go(group, options, stars.of(head), stays):
                stars.move(head, stays)
                _move(group, head, stars.of(stays), better[stays], verdicts)
                break


class _Stars:
    """The members of each star, kept while stars move; `order` sorts the members by star."""

    def __init__(self, order: Places, star: Places) -> None:
        self.order, self.star = order, star
        self.changed: dict[int, Places] = {}

    def of(self, head: int) -> Places:
        """Return the members of a star."""
        if head not in self.changed:
            first, last = np.searchsorted(self.star, [head, head + 1])
            self.changed[head] = self.order[first:last]
        return self.changed[head]

    def move(self, head: int, stays: int) -> None:
        """Add the members of a star to another."""
        self.changed[stays] = np.concatenate((self.of(stays), self.of(head)))


def _may_go(group: Group, options: DedupOptions, star: Places, stays: int) -> bool:
    if group.settled[star].any():
        return False
    verdicts = group.judge(np.full(len(star), stays, np.int64), star, options)
    return bool(verdicts.follows.all())


def _move(group: Group, head: int, star: Places, touch: Touch, verdicts: Verdicts) -> None:
    """Move the star of `head` along a touch into `star`: its own member leads to the other's."""
    own, stays = touch.own, int(group.star[touch.other])
    if own != head:  # the head goes on the evidence on which that member went for it
        group.jaccard[head], group.contained[head] = group.jaccard[own], group.contained[own]
        group.twin[head] = own
    group.star[star] = stays
    group.go(np.array([own]), stays, touch.other, verdicts, np.array([touch.row]))
