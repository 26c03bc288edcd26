"""Numbers of a text and where they stand: the same form with other numbers is no copy.

Bulletins of one form (weather, prices, results, notices) may share .7 of their shingles and more
where much of the form is fixed; what they say is in the numbers. A number is known by the four
characters before it, or by the four after: where these stand in both texts and the number does not,
the one says something else at that place. A number that the other text has anywhere does not
count (articles in another order), nor does one in a place of its own (a frame, a byline).

Of 5,838 pairs of made copies of real texts (3 % of the characters drawn anew, and with a Jaccard of
.7 to .95: 1 to 5 % drawn anew, cut, lengthened, in another order) none is told apart; of 1,100
pairs of bulletins of eleven forms, 1,094 are.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.runs import begins
from pipeline.text.sketches.line_hashes import mix
from pipeline.text.sketches.shadow import Units

Numbers = NDArray[np.int64]
Words = NDArray[np.uint64]

_KIND, _NUMBER = np.uint64(1), np.uint64(0xFFFFFFFF)
_BASE = np.uint64(0x100000001B3)
_BESIDE = 4  # characters at either side by which the place of a number is known
_OTHER = 5  # places with another number, each counted from both sides: fewer are noise, or a date
_TIMES = 0.7  # of the places with the same number; of copies with noise it was .6 at most


def figures(units: Units, starts: Numbers) -> tuple[Words, Numbers]:
    """Return the numbers of each text: distinct words, ascending, text i from firsts[i] on.

    A word is the hash of a place above (32 bits) and of a number below, whose last bit says which
    of two kinds it is. What differs is counted in dates, scores, hours and minutes: of numbers that
    one character keeps apart (odd). What is the same is counted in each of them by itself (even).
    """
    n = len(starts) - 1
    digit = (units - np.uint16(ord("0"))) < 10
    if not digit.any():
        return np.zeros(0, np.uint64), np.zeros(n + 1, np.int64)
    letters, places = units[~digit], np.flatnonzero(digit)
    digits = units[places]
    bounds = starts - np.searchsorted(places, starts)
    found = [np.zeros(0, np.uint64)]
    owners = [np.zeros(0, np.int64)]
    for kind, inside in enumerate((digit, _joined(digit, starts))):
        begins, ends = _spans(inside, starts)
        owner = np.searchsorted(starts, begins, "right") - 1
        firsts, lasts = np.searchsorted(places, begins), np.searchsorted(places, ends)
        low, high = bounds[owner], bounds[owner + 1]
        value = _values(digits, firsts, lasts) & ~np.uint64(1) | np.uint64(kind)
        for at, step in ((begins - firsts - 1, -1), (ends - lasts, 1)):
            place = _beside(letters, at, step, low, high)
            found.append((place << np.uint64(32)) | value)
            owners.append(owner)
    return _distinct(np.concatenate(found), np.concatenate(owners), n)


def _joined(digit: NDArray[np.bool_], starts: Numbers) -> NDArray[np.bool_]:
    """Return the digits and what stands alone between two of one text."""
    chain = digit.copy()
    chain[1:-1] |= digit[:-2] & digit[2:]
    edges = np.concatenate((starts[:-1], starts[1:] - 1))
    edges = edges[(edges >= 0) & (edges < len(digit))]
    chain[edges] = digit[edges]
    return chain


def _spans(inside: NDArray[np.bool_], starts: Numbers) -> tuple[Numbers, Numbers]:
    """Return where numbers begin and end; none goes over the end of a text."""
    begin, end = inside.copy(), inside.copy()
    begin[1:] &= ~inside[:-1]
    end[:-1] &= ~inside[1:]
    full = np.diff(starts) > 0
    firsts, lasts = starts[:-1][full], starts[1:][full] - 1
    begin[firsts], end[lasts] = inside[firsts], inside[lasts]
    return np.flatnonzero(begin), np.flatnonzero(end) + 1


def _beside(text: Units, at: Numbers, step: int, low: Numbers, high: Numbers) -> Words:
    """Return a hash of the characters from `at` on, as far as they lie in the same text."""
    place = np.full(len(at), step + 2, np.uint64)
    for turn in range(_BESIDE):
        where = at + step * turn
        inside = (where >= low) & (where < high)
        char = (
            text[np.clip(where, 0, max(len(text) - 1, 0))] if len(text) else np.zeros(1, np.uint16)
        )
        place *= np.uint64(0x9E3779B97F4A7C15)
        place += np.where(inside, char, np.uint16(0)).astype(np.uint64) + np.uint64(1)
    return mix(place) >> np.uint64(32)


def _values(digits: Units, firsts: Numbers, lasts: Numbers) -> Words:
    """Return a hash of each number `digits[firsts[i]:lasts[i]]` (32 bits): a polynomial of them.

    What is between them may be lost in a damaged copy: 2008?3?25. It is the difference of two sums
    of digit / base^place, times a power of the base.
    """
    powers = np.full(len(digits), _BASE)
    inverse = np.full(len(digits), pow(int(_BASE), -1, 1 << 64), np.uint64)
    powers[0] = inverse[0] = 1
    np.cumprod(inverse, out=inverse)
    sums = np.zeros(len(digits) + 1, np.uint64)
    np.cumsum((digits + np.uint64(1)) * inverse, out=sums[1:])
    values = (sums[lasts] - sums[firsts]) * np.cumprod(powers)[lasts - 1]
    return mix(values) >> np.uint64(32)


def _distinct(words: Words, owner: Numbers, n: int) -> tuple[Words, Numbers]:
    order = np.argsort(owner, kind="stable")  # a few runs that ascend
    words, owner = words[order], owner[order]
    for a, b in pairwise(np.searchsorted(owner, np.arange(n + 1)).tolist()):
        words[a:b].sort()  # of few: a quarter of the time of one sort for all
    fresh = begins(words, owner)
    firsts = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(owner[fresh], minlength=n), out=firsts[1:])
    return words[fresh], firsts


def other_figures(one: Words, other: Words) -> bool:
    """Say whether two texts have other numbers in the same places; arguments as of `figures`."""
    if min(len(one), len(other)) < _OTHER:
        return False
    merged = np.concatenate((one, other))
    merged.sort(kind="stable")
    shared = merged[1:][merged[1:] == merged[:-1]] & _KIND
    dates = np.count_nonzero(shared)
    least = max(_OTHER, _TIMES * (len(shared) - dates))
    one, other = (words[(words & _KIND) == 1] for words in (one, other))
    if min(len(one), len(other)) - dates < least:  # so are nearly all copies
        return False
    unknown = min(_unknown(one, other), _unknown(other, one))
    return unknown >= least


def _unknown(one: Words, other: Words) -> int:
    """Count the words of one text whose place the other has too, and whose number it has not."""
    place = _among(one >> np.uint64(32), other >> np.uint64(32))
    number = _among(one & _NUMBER, np.sort(other & _NUMBER))
    return int(np.count_nonzero(place & ~number))


def _among(words: Words, ascending: Words) -> NDArray[np.bool_]:
    """Tell which of the words are among some: `np.isin` takes ten times as long for so few."""
    at = np.minimum(np.searchsorted(ascending, words), len(ascending) - 1)
    found: NDArray[np.bool_] = ascending[at] == words
    return found
