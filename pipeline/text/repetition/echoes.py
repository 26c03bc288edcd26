"""Which texts of a batch may say something twice: asked of all lines together, in array work.

Nearly all documents repeat nothing, and of those that do, most repeat rows, short lines and names.
Two questions are answered here, both generously: what is no echo here is none for anybody, and the
few texts that are left are read line by line (`stages.repetition`).

- *Equal lines.* A line is its length and a polynomial hash of its code points, without the white
  space at its ends.
- *Near-copies of lines.* Two lines of which four fifths are the same have long stretches in common.
  Of the hashes of all stretches of eight characters the local minima are kept (one in three), so
  that two copies keep the same ones; of a stretch of fifteen equal characters one is missed once in
  a hundred times, and of two copies of 30 characters with one difference, which have two such
  stretches, once in 20,000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.runs import find, firsts
from pipeline.text.codes import Codes, flags_of, slices, those_in
from pipeline.text.sketches.powers import powers_to, running_sums, stretches

Ints = NDArray[np.int64]
Words = NDArray[np.uint32]

_STRETCH = 8
_SHARE = 0.25  # of a near-copy's stretches that recur in other lines; .65 after one change in 30
_OWNER = 47  # bits of a key below the number of its text, of which a slice has 2^17 at most
_JOINED = 150  # characters from which a line may be a text whose breaks were lost
_CJK = 0x2E80
_TOLD = 0.1  # of the stretches of a text: below, it says little twice
_THREE = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B)  # odd: three stretches as one word
_DRIFT = 16  # stretches by which small changes move a copy
_LINE_BITS = 12  # of a word, for the number of its line: texts of more take words of 64 bits
_INDENT = 8  # white space at either end of a line that is stepped over one by one
_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))


class Places(NamedTuple):
    """k lines in order: number of the text, start and end in its code points; int64 (k,) each.

    Of lines that follow one another in their text `line` is a number and the next.
    """

    owner: Ints
    start: Ints
    end: Ints
    line: Ints


@dataclass(frozen=True, slots=True)
class Echoes:
    """What may recur in n texts.

    `again`: lines that an earlier line of their text equals. `near`: of the long lines that do not,
    those that share stretches with others. `size` int64 (n,): code points of each text's lines.
    `told` float64 (n,): of the stretches of a text's long lines, the share that occurred before;
    1 where there is one line, which may have a part twice.
    """

    again: Places
    near: Places
    size: Ints
    told: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Lines:
    """The m lines of a slice that are not blank, white space at their ends left out.

    `start`, `end` int64 (m,): places in the slice. `owner` int64 (m,): number of the text in the
    slice. `hashes` uint32 (m,).
    """

    codes: Codes
    start: Ints
    end: Ints
    owner: Ints
    hashes: Words

    def places(self, rows: Ints) -> Places:
        """Return some of the lines, by text of the batch."""
        owner = self.owner[rows]
        before = self.codes.starts[owner]
        start, end = self.start[rows] - before, self.end[rows] - before
        return Places(owner + self.codes.first, start, end, rows)


def echoes(texts: Sequence[str], min_chars: int, endings: str) -> Echoes:
    """Return what may recur in a batch of texts.

    Near-copies are looked for among lines of at least `min_chars` that end in one of `endings`.
    """
    again, near = [_NOWHERE], [_NOWHERE]
    size = np.zeros(len(texts), np.int64)
    told = np.zeros(len(texts))
    for codes in slices(texts):
        sums = running_sums(codes.codes)
        lines = _lines(codes, sums)
        chars = lines.end - lines.start
        here = slice(codes.first, codes.first + len(codes.starts) - 1)
        size[here] = np.bincount(lines.owner, chars, len(codes.starts) - 1)
        repeats = _repeats(lines)
        again.append(lines.places(repeats))
        sentences = flags_of(codes.codes[lines.end - 1], _endings(endings)) > 0
        fresh = np.ones(len(chars), np.bool_)
        fresh[repeats] = False
        long = fresh & (chars >= np.where(sentences, min_chars, _JOINED))
        rows = np.flatnonzero(long)
        several = _several(lines, rows)
        some, told[here] = _near(lines, rows[several], sums)
        if not several.all():
            told[_glued(texts, lines.places(rows[~several]))] = 1.0
        some = some[sentences[some]]
        near.append(lines.places(some[_several(lines, some)]))
    return Echoes(_joined(again), _joined(near), size, told)


_NOWHERE = Places(*(np.zeros(0, np.int64) for _ in range(4)))


def _joined(parts: list[Places]) -> Places:
    return Places(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@cache
def _endings(chars: str) -> NDArray[np.uint32]:
    table = np.zeros(0x10000, np.uint32)
    table[[ord(char) for char in chars]] = 1
    return table


@cache
def _spaces() -> NDArray[np.bool_]:
    return those_in(_SPACE)


def _lines(codes: Codes, sums: Words) -> _Lines:
    end = np.flatnonzero(codes.codes == ord("\n"))
    start = np.concatenate(([0], end[:-1] + 1))
    full = start < end
    start, end = start[full], end[full]
    blank = _spaces()
    for step in range(_INDENT + 1):
        wide = np.flatnonzero(blank.take(codes.codes[start], mode="clip") & (start < end))
        if not wide.size:
            break
        if step == _INDENT:
            start[wide] = _next_visible(codes.codes, start[wide])
        else:
            start[wide] += 1
    full = start < end
    start, end = start[full], end[full]
    for step in range(_INDENT + 1):
        wide = np.flatnonzero(blank.take(codes.codes[end - 1], mode="clip"))
        if not wide.size:
            break
        if step == _INDENT:
            end[wide] = _past_visible(codes.codes, end[wide])
        else:
            end[wide] -= 1
    hashes = (sums[end] - sums[start]) * powers_to(len(codes.codes))[1][start]
    counts = np.diff(np.searchsorted(start, codes.starts))
    return _Lines(codes, start, end, np.repeat(np.arange(len(counts)), counts), hashes)


def _visible(codes: NDArray[np.uint32]) -> Ints:
    return np.flatnonzero(~flags_of(codes, _spaces()))


def _next_visible(codes: NDArray[np.uint32], places: Ints) -> Ints:
    visible = np.append(_visible(codes), len(codes))
    return visible[np.searchsorted(visible, places)]


def _past_visible(codes: NDArray[np.uint32], places: Ints) -> Ints:
    visible = _visible(codes)
    return visible[np.searchsorted(visible, places) - 1] + 1


def _repeats(lines: _Lines) -> Ints:
    """Return the lines that an earlier line of the text equals."""
    keys = lines.hashes.astype(np.uint64) << np.uint64(15)
    keys ^= (lines.end - lines.start).astype(np.uint64)
    keys |= lines.owner.astype(np.uint64) << np.uint64(_OWNER)
    rising = np.sort(keys)
    twice = rising[1:][rising[1:] == rising[:-1]]
    if not twice.size:
        return np.zeros(0, np.int64)
    concerned = np.zeros(len(lines.codes.starts), np.bool_)
    concerned[(twice >> np.uint64(_OWNER)).astype(np.int64)] = True
    rows = np.flatnonzero(concerned[lines.owner])
    keys = keys[rows]
    some = np.flatnonzero(find(twice, keys) >= 0)
    return rows[np.delete(some, np.unique(keys[some], return_index=True)[1])]


def _glued(texts: Sequence[str], alone: Places) -> list[int]:
    """Return of the texts of one long line those that may say it twice, end to end."""
    rows = zip(*(column.tolist() for column in alone), strict=True)
    return [i for i, start, end, _ in rows if goes_on_again(texts[i], start, end)]


def goes_on_again(text: str, start: int, end: int) -> bool:
    """Whether a long line may say a great part of it twice, end to end.

    If two fifths of it are what stands before them, what stands at .3 and at .4 recurs.
    """
    if end - start < _JOINED:
        return False
    places = (start + (end - start) * tenths // 10 for tenths in (3, 4))
    return any(text.find(text[k : k + 12], k + 12) > 0 for k in places)


def _several(lines: _Lines, rows: Ints) -> NDArray[np.bool_]:
    """Return of which of the lines their text has others among them."""
    owner = lines.owner[rows]
    return (np.bincount(owner, minlength=1) > 1)[owner]


def _near(lines: _Lines, long: Ints, sums: Words) -> tuple[Ints, NDArray[np.float64]]:
    """Return those of the long lines that share a good part of their stretches with others.

    And of each text, the share of the stretches of its long lines that occurred before.
    """
    told = np.zeros(len(lines.codes.starts) - 1)
    if not long.size:
        return long, told
    owner = lines.owner[long]
    number = np.arange(len(long))
    local = number - np.searchsorted(owner, owner)  # number of the line in its text
    counts, words, at = _sampled(lines, long, sums)
    bits = max(_LINE_BITS, int(local.max()).bit_length())
    bounds = np.append(0, np.cumsum(counts))[np.append(firsts(owner), len(owner))]
    if not words.size:
        return long[:0], told
    in_order = words
    words = words.astype(np.uint32 if bits == _LINE_BITS else np.uint64)
    words &= ~words.dtype.type((1 << bits) - 1)
    words |= np.repeat(local, counts).astype(words.dtype)
    for a, b in pairwise(bounds.tolist()):
        words[a:b].sort()  # 400 words take 1 µs, in one sort of the slice thirty times as long
    change = words[1:] ^ words[:-1]
    same = change < words.dtype.type(1 << bits)
    same[bounds[(bounds > 0) & (bounds < len(words))] - 1] = False
    texts, sizes = owner[firsts(owner)], np.diff(bounds)
    often = np.add.reduceat(np.append(same, False), bounds[:-1]) >= _TOLD * sizes
    if often.any():
        mine = np.flatnonzero(np.repeat(often, sizes))
        # Addresses and code recur at any distance.
        mine = mine[lines.codes.codes[at[mine]] >= _CJK]
        han = np.diff(np.searchsorted(mine, bounds))[often]
        told[texts[often]] = _told(in_order[mine], han) * han / sizes[often]
    same &= change != 0
    shared = np.zeros(len(words), np.bool_)
    shared[1:] = same
    shared[:-1] |= same
    places = np.flatnonzero(shared)
    base = firsts(owner)[np.searchsorted(bounds, places, "right") - 1]
    line = base + (words[places] & words.dtype.type((1 << bits) - 1)).astype(np.int64)
    often = np.bincount(line, minlength=len(long))
    return long[(often > 0) & (often >= _SHARE * counts)], told


def _told(words: Words, sizes: Ints) -> NDArray[np.float64]:
    """Return of texts of so many words the share of those before, with the two after them.

    All about so many words before, whatever that is, and no more than that: words that recur here
    and there, or again and again, are no copy.
    """
    threes = (words[:-2] * _THREE[0] + words[1:-1] * _THREE[1] + words[2:]).astype(np.uint64)
    threes <<= np.uint64(32)
    threes |= np.arange(len(threes), dtype=np.uint64)
    ends = np.cumsum(sizes)
    for a, size in zip((ends - sizes).tolist(), sizes.tolist(), strict=True):
        threes[a : a + max(size - 2, 0)].sort()
    rows = np.flatnonzero(threes[1:] ^ threes[:-1] < np.uint64(1 << 32))
    text = np.searchsorted(ends, rows, "right")
    inside = rows + 3 < ends[text]
    rows, text = rows[inside], text[inside]
    apart = (threes[rows + 1] - threes[rows]).astype(np.int64) // _DRIFT
    bins = sizes // _DRIFT + 2  # the last one of a text stays empty
    first = np.cumsum(bins) - bins
    counts = np.bincount(first[text] + apart, minlength=int(bins.sum()))
    counts[:-1] += counts[1:]
    counts[first[1:] - 1] = 0
    turns = np.arange(2, len(counts) + 2) - np.repeat(first, bins)
    most = np.minimum(counts, turns * _DRIFT)  # the rest are rows of a form
    return np.maximum.reduceat(most, first) / np.maximum(sizes - 2, 1)


def _sampled(lines: _Lines, long: Ints, sums: Words) -> tuple[Ints, Words, Ints]:
    """Return how many stretches of each long line are sampled, their hashes and places."""
    hashes = stretches(sums, _STRETCH)
    middle = hashes[1:-1]
    least = np.flatnonzero((middle < hashes[:-2]) & (middle <= hashes[2:])) + 1
    bounds = np.stack((lines.start[long], lines.end[long] - (_STRETCH - 1)), axis=1)
    first, past = np.searchsorted(least, bounds).T  # the places rise: one pass over what is cached
    counts = np.maximum(past - first, 0)
    offset = first - (np.cumsum(counts) - counts)
    rows = np.arange(int(counts.sum())) + np.repeat(offset, counts)
    places = least.take(rows)
    return counts, hashes.take(places), places
