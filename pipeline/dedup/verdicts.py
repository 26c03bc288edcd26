"""What earlier runs found of whole groups: who goes for whom, known by the texts of the group.

What becomes of a group is a function of its texts in order of precedence and of the recipe. A night
leaves nearly all groups as they were; they are looked up, and the others compared (`memory`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.groups import SMALL, Group
from pipeline.dedup.misses import Misses
from pipeline.runs import runs
from pipeline.text.sketches.line_hashes import mix

Numbers = NDArray[np.int64]
Words = NDArray[np.uint64]

MEMBER_DTYPE = np.dtype(
    [
        ("key", "<u8"), ("check", "<u8"),
        ("star", "<i4"), ("twin", "<i4"), ("root", "<i4"), ("contained", "?"),
        ("jaccard", "<f8"), ("size", "<i4"), ("pairs", "<i4"), ("unmet", "?"),
    ]
)  # fmt: skip
"""A member of a group: two hashes of the group; the member for which it goes (itself: it stays),
the one that it matches, and the smallest that it is connected with, as places in the group; the
evidence; the size of the group; how many it was compared with, and whether not with all."""

MISS_DTYPE = np.dtype([("key", "<u8"), ("left", "<i4"), ("right", "<i4"), ("jaccard", "<f8")])
"""Members of a group that both stay and match by nearly enough."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of m members of some groups; names and shapes are those of `Group`."""

    star: Numbers
    twin: Numbers
    root: Numbers
    contained: NDArray[np.bool_]
    jaccard: NDArray[np.float64]
    pairs: Numbers
    unmet: NDArray[np.bool_]
    misses: list[Misses]


def outcome(group: Group, root: Numbers) -> Outcome:
    """Return what `verify` made of a group; misses are those of members that both stay."""
    stays = group.star == np.arange(len(group.star))
    misses = [some.where(stays[some.left] & stays[some.right]) for some in group.misses]
    return Outcome(
        group.star, group.twin, root, group.contained, group.jaccard, group.pairs, group.unmet,
        misses,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """Members of groups, group by group in order of precedence, and the names of the groups.

    `heads` int64 (k,): the first member of each; `sizes` int64 (k,); `key`, `check` uint64 (k,).
    """

    heads: Numbers
    sizes: Numbers
    key: Words
    check: Words

    @classmethod
    def of(cls, hashes: Words, settled: NDArray[np.bool_], group: Numbers) -> Named:
        """Name groups by the texts of their members (uint64 hashes) and by which are settled."""
        heads, sizes = runs(group)
        place = np.arange(len(group)) - np.repeat(heads, sizes)
        words = mix(hashes ^ mix((place * 2 + settled + 1).astype(np.uint64)))
        if not len(heads):
            return cls(heads, sizes, words, words)
        again = np.add.reduceat(mix(words + np.uint64(1)), heads)
        return cls(heads, sizes, np.add.reduceat(words, heads), again)


@dataclass(slots=True)
class GroupMemory:
    """The groups that the run before knew (sorted by key), and those that this one had."""

    known: NDArray[Any] = field(default_factory=lambda: np.zeros(0, MEMBER_DTYPE))
    missed: NDArray[Any] = field(default_factory=lambda: np.zeros(0, MISS_DTYPE))
    used: list[NDArray[Any]] = field(default_factory=list)
    used_misses: list[NDArray[Any]] = field(default_factory=list)

    def find(self, named: Named) -> Numbers:
        """Return the row of `known` at which each group begins, -1 where it is not known."""
        if not len(self.known):
            return np.full(len(named.key), -1, np.int64)
        row = np.searchsorted(self.known["key"], named.key)
        found = self.known[np.minimum(row, len(self.known) - 1)]
        same = (found["key"] == named.key) & (found["check"] == named.check)
        return np.where(same & (found["size"] == named.sizes), row, -1)

    def recall(self, rows: Numbers, named: Named) -> Outcome:
        """Return what is known of groups that begin at some rows of `known`."""
        starts = np.cumsum(named.sizes) - named.sizes
        offset = np.repeat(starts, named.sizes)
        members = self.known[np.repeat(rows, named.sizes) + np.arange(len(offset)) - offset]
        self.used.append(members)
        order = np.argsort(named.key)
        keys = named.key[order]
        place = np.minimum(np.searchsorted(keys, self.missed["key"]), max(len(keys) - 1, 0))
        mine = keys[place] == self.missed["key"] if len(keys) else np.zeros(0, bool)
        missed = self.missed[: len(mine)][mine]
        self.used_misses.append(missed)
        start = starts[order][place[mine]]
        return Outcome(
            members["star"] + offset, members["twin"] + offset, members["root"] + offset,
            members["contained"], members["jaccard"],
            members["pairs"].astype(np.int64), members["unmet"],
            [Misses(missed["left"] + start, missed["right"] + start, missed["jaccard"])],
        )  # fmt: skip

    def remember(self, found: Outcome, named: Named) -> None:
        """Note what became of groups; of the larger ones it depends on their neighbours, too."""
        offset = np.repeat(named.heads, named.sizes)
        members = np.zeros(len(offset), MEMBER_DTYPE)
        for name in ("key", "check"):
            members[name] = np.repeat(getattr(named, name), named.sizes)
        members["size"] = np.repeat(named.sizes, named.sizes)
        for name in ("star", "twin", "root"):
            members[name] = getattr(found, name) - offset
        for name in ("contained", "jaccard", "pairs", "unmet"):
            members[name] = getattr(found, name)
        small = named.sizes <= SMALL
        self.used.append(members[np.repeat(small, named.sizes)])
        for some in found.misses:
            group = np.searchsorted(named.heads, some.left, "right") - 1
            rows = np.zeros(len(some.left), MISS_DTYPE)
            rows["key"] = named.key[group]
            rows["left"], rows["right"] = (x - named.heads[group] for x in (some.left, some.right))
            rows["jaccard"] = some.jaccard
            self.used_misses.append(rows[small[group]])

    def to_remember(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return what the next run should know: members and misses of the groups of this one."""
        members = np.concatenate([np.zeros(0, MEMBER_DTYPE), *self.used])
        misses = np.concatenate([np.zeros(0, MISS_DTYPE), *self.used_misses])
        order = np.argsort(members["key"], kind="stable")
        return _once(members[order]), misses[np.lexsort((misses["right"], misses["key"]))]


def _once(members: NDArray[Any]) -> NDArray[Any]:
    """Keep one of groups of the same texts: two of them have different scopes."""
    heads, sizes = runs(members["key"])
    place = np.arange(len(members)) - np.repeat(heads, sizes)
    return members[place < members["size"]]
