"""A text that stands in itself a second time, whatever its line breaks and small differences.

An article pasted again is found by its stretches of twelve characters (letters, digits and Han, so
that breaks and punctuation do not count): those that occurred before form a diagonal, which small
changes interrupt and a paragraph more or less shifts. Of the two copies the one goes that lies
nearly all in the other; where each has sentences of its own, neither.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import filterfalse, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points, from_code_points
from pipeline.text.codes import those_in
from pipeline.text.sketches.powers import running_sums, stretches

Places = NDArray[np.int64]

_STRETCH = 12
_GAP = 400
"""Characters that a copy may have more, or lack, at one place: a long paragraph, or two."""
_NEAR = 64  # characters by which small changes move a copy
_LIMIT = 1 << 20  # characters of a text above which no copy is looked for
_TRIES = 8  # chains, the longest first, that are looked at
_OPEN = 4  # chains that a run may follow: words that recur elsewhere interrupt a copy
_BEYOND = 3  # times that a copy is lengthened
_LEAST, _MOST = 4, 2 * _STRETCH - 1  # equal characters by which it is
_INSIDE = 0.85  # of the copy that goes, the share that the other has too
_MORE = 10  # characters by which the later copy is the more complete
_NUMBERS = 0.2  # of the numbers of a copy, the share that may be others: a changed digit
_CHARS, _WORDS = 0.05, 0.015
"""Of a copy, the share of single characters, and of words, that may be others: a proof-reader's. Of
two notices of one form, names and titles differ. From _OWN characters on it is another sentence."""
_OWN = 40
_DIGITS = re.compile("[0-9]+")
_PASSED = those_in(
    {*filterfalse(str.isalnum, map(chr, range(0x3100))), *"，。、；：？！（）～－／％＂＇"}
)


class Copy(NamedTuple):
    """Spans of a text, in code points, that say the same: `start:end` goes, `kept` stays.

    `share` (0-1) of the copy that goes is in the other, at `kept`. `pieces`: the spans in the copy
    that goes which the other has.
    """

    start: int
    end: int
    kept: int
    share: float
    pieces: Places

    def share_of(self, start: int, end: int) -> float:
        """Return the share of a span (0-1) that the other copy has."""
        inside = np.minimum(self.pieces[:, 1], end) - np.maximum(self.pieces[:, 0], start)
        return float(np.maximum(inside, 0).sum()) / max(end - start, 1)


class _Run(NamedTuple):
    """Characters `start:end` that stand at `first` as well."""

    start: int
    end: int
    first: int

    @property
    def last(self) -> int:
        """End of the earlier occurrence."""
        return self.first + self.end - self.start

    def aside(self, other: _Run) -> int:
        """Characters that one of the copies has more between two runs."""
        return abs(self.start - self.first - other.start + other.first)

    def follows(self, other: _Run) -> bool:
        """Whether both are of one copy; they may overlap by less than a stretch."""
        ahead, before = self.start - other.end, self.first - other.last
        return -_STRETCH < ahead <= _GAP and -_STRETCH < before <= _GAP


def pasted(text: str, least: int, share: float, exact: bool = False) -> list[Copy]:
    """Return the largest copy of at least `least` characters and `share` (0-1) of the text.

    Or of half as many characters and twice the share. With it come other copies of the same, in
    order. `exact`: those without other characters: in verse, tables and statutes names matter.
    """
    if len(text) > _LIMIT:
        return []
    codes = code_points(text)
    where = np.flatnonzero(~_PASSED.take(codes, mode="clip"))
    seen = from_code_points(codes[where])
    found = _chains(seen, max(least // 2, int(share * len(seen) / 2)))
    found = [_lengthened(chain, seen) for chain in found if 2 * _size(chain) >= least]
    chains = [(_size(chain), chain) for chain in found]
    for size, chain in sorted(chains, reverse=True)[:_TRIES]:
        family = [other for _, other in chains if _of_one(chain, other)]
        # Of what stands three times, a third is half of what would be left.
        others = sum(map(_size, family)) - size
        if size < share * (1 if size >= least else 2) * (len(seen) - others):
            continue
        copies = [_judged(other, seen, where, text, exact) for other in family]
        copy = copies[family.index(chain)]
        if copy:
            more = [other for other in copies if other and other.start > other.kept]
            return more if copy in more else [copy]
    return []


def _of_one(chain: list[_Run], other: list[_Run]) -> bool:
    """Whether both are copies of the same, mostly."""
    shared = min(chain[-1].last, other[-1].last) - max(chain[0].first, other[0].first)
    return 2 * shared > chain[-1].last - chain[0].first


def _size(chain: list[_Run]) -> int:
    return sum(run.end - run.start for run in chain)


def _judged(chain: list[_Run], seen: str, where: Places, text: str, exact: bool) -> Copy | None:
    """Say which of the two copies goes, if either does."""
    if _reworded(chain, seen, exact):
        return None
    later = np.array([(run.start, run.end) for run in chain])
    earlier = np.array([(run.first, run.last) for run in chain])
    lengths = [int(spans[-1, 1] - spans[0, 0]) for spans in (later, earlier)]
    shares = [_size(chain) / length for length in lengths]
    lines = [
        _whole_lines(text, where[side[0, 0]], where[side[-1, 1] - 1]) for side in (later, earlier)
    ]
    more = lines[1] > lines[0] or (lines[1] == lines[0] and lengths[0] > lengths[1] + _MORE)
    turned = shares[1] >= _INSIDE and more
    goes, stays = (earlier, later) if turned else (later, earlier)
    share = shares[turned]
    numbers = [Counter(_DIGITS.findall(seen, side[0, 0], side[-1, 1])) for side in (goes, stays)]
    strange = (numbers[0] - numbers[1]).total()
    if share < _INSIDE or strange > max(1, _NUMBERS * numbers[0].total()):
        return None
    pieces = np.stack((where[goes[:, 0]], where[goes[:, 1] - 1] + 1), axis=1)
    return Copy(int(pieces[0, 0]), int(pieces[-1, 1]), int(where[stays[0, 0]]), share, pieces)


def _whole_lines(text: str, first: int, last: int) -> bool:
    """Whether nothing is said in the lines of these two characters but what is between them."""
    before, after = text.rfind("\n", 0, first) + 1, text.find("\n", last)
    rest = text[before:first] + text[last + 1 : after if after >= 0 else len(text)]
    return not any(map(str.isalnum, rest))


def _reworded(chain: list[_Run], seen: str, exact: bool) -> bool:
    """Whether too much of the one copy stands otherwise in the other, or one name in two places."""
    spans = [
        (seen[run.last : after.first], seen[run.end : after.start])
        for run, after in pairwise(chain)
    ]
    changes = [pair for pair in spans if all(pair)]
    sizes = [min(map(len, pair)) for pair in changes]
    words = [size for size in sizes if 1 < size < _OWN]
    size = _size(chain)
    if len(words) > len({pair for pair, size in zip(changes, sizes, strict=True) if size > 1}):
        return True
    return bool((exact and changes) or sizes.count(1) > _CHARS * size or sum(words) > _WORDS * size)


def _chains(seen: str, least: int) -> list[list[_Run]]:
    """Return the chains of runs that follow each other in both places."""
    chains: list[list[_Run]] = []
    latest: list[list[_Run]] = []
    for run in _runs(seen, least):
        fit = [k for k, chain in enumerate(latest) if run.follows(chain[-1])]
        if fit:
            chain = latest.pop(min(fit, key=lambda k: run.aside(latest[k][-1])))
            _add(chain, run, seen)
        else:
            chain = [run]
            chains.append(chain)
        latest = [*latest[1 - _OPEN :], chain]
    return chains


def _lengthened(chain: list[_Run], seen: str) -> list[_Run]:
    """Return the chain with what is equal beyond a changed character at either end.

    It was too short to be a stretch.
    """
    for _ in range(_BEYOND):
        run = chain[-1]
        start, first = run.end + 1, run.last + 1
        room = min(len(seen) - start, chain[0].start - first, _MOST)
        more = _equal(seen[start : start + room], seen[first : first + room]) if room > 0 else 0
        if more >= _LEAST:
            chain.append(_Run(start, start + more, first))
    for _ in range(_BEYOND):
        run = chain[0]
        start, first = run.start - 1, run.first - 1
        more = _equal_before(seen, start, first, min(first, start - chain[-1].last, _MOST))
        if more >= _LEAST:
            chain.insert(0, _Run(start - more, start, first - more))
    return chain


def _add(chain: list[_Run], run: _Run, seen: str) -> None:
    """Add a run, with what is equal on its diagonal before it and was found elsewhere, too."""
    before = chain[-1]
    room = min(run.start - before.end, run.first - before.last)
    back = _equal_before(seen, run.start, run.first, room)
    start, first, end = run.start - back, run.first - back, run.end
    over = max(before.end - start, before.last - first, 0)  # what both have is of the earlier
    end = min(end, start + max(chain[0].start - first, 0))  # and nothing copies itself
    if start + over < end:
        chain.append(_Run(start + over, end, first + over))


def _equal(one: str, other: str) -> int:
    """Count the equal characters that both begin with."""
    for i, (a, b) in enumerate(zip(one, other, strict=True)):
        if a != b:
            return i
    return len(one)


def _equal_before(seen: str, one: int, other: int, most: int) -> int:
    """Count the equal characters, not above `most`, that stand before two places."""
    if most <= 0:
        return 0
    return _equal(seen[one - most : one][::-1], seen[other - most : other][::-1])


def _runs(seen: str, least: int) -> Iterator[_Run]:
    """Yield the runs of stretches that occurred before, each with its earliest place.

    None where no copy of at least `least` characters can be made of them: half of it lies on one
    diagonal, and no farther along it than the two are apart.
    """
    if len(seen) < 2 * _STRETCH:
        return
    words = stretches(running_sums(code_points(seen)), _STRETCH).astype(np.uint64) << np.uint64(32)
    words |= np.arange(len(words), dtype=np.uint64)
    words.sort()
    order = (words & np.uint64(0xFFFFFFFF)).astype(np.int64)
    fresh = np.ones(len(order), bool)
    fresh[1:] = (words[1:] ^ words[:-1]) >> np.uint64(32) != 0
    first = np.empty(len(order), np.int64)
    first[order] = order[fresh][np.cumsum(fresh) - 1]
    again = np.flatnonzero(first < np.arange(len(first)))
    if not len(again):
        return
    diagonals = np.bincount((again - first[again]) // _NEAR)
    diagonals[:-1] += diagonals[1:]
    if 2 * np.minimum(diagonals, np.arange(2, len(diagonals) + 2) * _NEAR).max() < least:
        return
    broken = (np.diff(again) != 1) | (np.diff(first[again]) != 1)
    heads = np.concatenate(([0], np.flatnonzero(broken) + 1))
    tails = np.append(heads[1:], len(again)) - 1
    starts = again[heads]
    # Of a pattern that runs on (ABABAB), one turn, and none of a short one.
    ends = np.minimum(again[tails] + _STRETCH, 2 * starts - first[starts])
    long = ends - starts >= _STRETCH
    starts, ends = starts[long], ends[long]
    yield from map(_Run, starts.tolist(), ends.tolist(), first[starts].tolist())
