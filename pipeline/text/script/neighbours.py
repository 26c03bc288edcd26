"""Which characters stand beside which in some words: told of many places at once.

A character that means something in a few hundred words mostly stands in none of them. What stands
before it or behind it tells that, without a look at the words.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
"""Code points of a text: uint32 (n,)."""
Neighbours = NDArray[np.bool_]
"""Bool (2, 65536), by a number of the pair of a character and the one before it, or behind it."""


def neighbours(words: Iterable[tuple[int, str]]) -> Neighbours:
    """Return the pairs of neighbours in words of two characters and more.

    Of each word: the place in it of the character by which it is looked for, and the word.
    """
    pairs: list[list[tuple[int, int]]] = [[], []]
    for offset, word in words:
        pairs[not offset].append((ord(word[offset]), ord(word[offset - 1 if offset else 1])))
    found = np.zeros((2, 1 << 16), np.bool_)
    for side, some in zip(found, pairs, strict=True):
        side[_numbers(*np.array(some, np.uint32).reshape(-1, 2).T)] = True
    return found


def near(table: Neighbours, codes: Codes, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which places may be those of a character in one of the words: bool, as `places`."""
    here = codes[places]
    found: NDArray[np.bool_] = table[0].take(_numbers(here, codes.take(places - 1, mode="clip")))
    found |= table[1].take(_numbers(here, codes.take(places + 1, mode="clip")))
    return found


def _numbers(one: Codes, other: Codes) -> Codes:
    """Return a number of 16 bits for each pair of characters; few of the words share one."""
    mixed: Codes = (one * np.uint32(0x9E3779B1) + other) * np.uint32(0x85EBCA6B)
    return mixed >> np.uint32(16)
