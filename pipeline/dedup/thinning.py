"""Takes large groups of candidates apart where chance alone holds them together.

Two texts that share a third of their shingles share a band hash once in forty times (20 bands of
6 rows), and two that share a twentieth once in three million. Once there are so many texts of a
kind that each has a neighbour by chance, nearly all of them are one group, and comparing its
members with one anchor after the other costs far more than the few true pairs in it. So the pairs
that share a bucket are looked at first, by the smallest hashes of each text: where those say that
a pair is far below the thresholds, it holds nothing together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.candidates import COMMON, READ_UNITS, Proposals, neighbours
from pipeline.dedup.clusters import Forest
from pipeline.dedup.memory import Comparer, Memory
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.spread import Read
from pipeline.dedup.verify import ShingleSets, joined, judge, smallest, unit_sets
from pipeline.runs import find, portions, runs

Ranks = NDArray[np.int64]

_HELD = 128
"""Hashes of a text that are compared: they tell a Jaccard of .5 to .04 (one standard deviation)."""
_MARGIN = 0.2
_PAIRS = 1 << 18  # pairs looked at together: their texts take a kilobyte each
_SALT = np.uint64(0xD1B54A32D192ED03)  # what a pair is remembered by, beside its exact overlap


def thinned(
    groups: Ranks,
    candidates: Ranks,
    large: NDArray[np.bool_],
    proposals: Proposals,
    text_hash: NDArray[np.uint64],
    length: Ranks,
    read: Read,
    memory: Memory,
    options: DedupOptions,
) -> tuple[Ranks, Ranks]:
    """Return (group, member) as `Proposals.groups` does, the `large` groups (by row) taken apart.

    A bucket of more than COMMON documents still holds together what is in it: of a flood not
    all pairs can be looked at, and never more than anchors would be compared with. `memory`
    gets the pairs that were looked at, so that a night reads the texts of new ones only.
    """
    members = np.sort(candidates[large])
    forest = Forest(len(members))
    left, right = _pairs(members, proposals, forest, options.max_anchors * len(members))
    hashes, size = text_hash[members] ^ _SALT, length[members]

    def sets(places: Ranks) -> ShingleSets:
        return joined([
            smallest(unit_sets(*read(members[places[some]]), options.ngram), _HELD)
            for some in portions(size[places], READ_UNITS)
        ])  # fmt: skip

    alone = np.arange(len(members), dtype=np.int64)
    for first in range(0, len(left), _PAIRS):
        some = slice(first, first + _PAIRS)
        comparer = Comparer(hashes, alone, sets, memory)
        verdicts = judge(comparer.overlap(left[some], right[some]), options)
        close = verdicts.jaccard >= options.jaccard - _MARGIN
        close |= verdicts.containment >= options.containment - _MARGIN
        forest.link(left[some][close], right[some][close])
    roots, places = forest.crowds()
    group = np.concatenate((groups[~large], members[roots]))
    member = np.concatenate((candidates[~large], members[places]))
    order = np.lexsort((member, group))
    return group[order], member[order]


def _pairs(members: Ranks, proposals: Proposals, forest: Forest, room: int) -> tuple[Ranks, Ranks]:
    """Return the pairs of places in `members` to look at, each once, by the left one.

    What shares a bucket of many is linked in `forest`, and not looked at again; so is what shares
    one of a band with more pairs than there is `room` for.
    """
    codes = []
    for hashes in proposals.buckets(members).hashes:
        order = np.argsort(hashes, kind="stable")
        order = order[hashes[order] != 0]
        word = hashes[order]
        heads, sizes = runs(word)
        many = sizes > COMMON
        pairs = int((sizes * (sizes - 1) // 2)[~many].sum())
        if pairs > room:
            many[:] = True
        else:
            room -= pairs
        crowd = np.repeat(many, sizes)
        forest.link(np.repeat(order[heads], sizes)[crowd], order[crowd])
        few = order[~crowd]
        codes += [(few[a] << 32) | few[a + d] for a, d in neighbours(word[~crowd], COMMON)]
    left, right = proposals.passage_pairs
    place = find(members, left)
    mine = place >= 0
    codes.append((place[mine] << 32) | np.searchsorted(members, right[mine]))
    every = np.unique(np.concatenate(codes))
    left, right = every >> 32, every & 0xFFFFFFFF
    apart = forest.roots(left) != forest.roots(right)
    return left[apart], right[apart]
