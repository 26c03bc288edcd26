"""GBK by pairs of bytes: which gives which character, and what a text says a byte further on.

`shift` and `dropped` both look for text whose characters are made of the halves of two others.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from pipeline.census import from_code_points
from pipeline.text.mojibake.codecs import reading
from pipeline.text.mojibake.hopeless import MARK


@cache
def characters() -> list[str]:
    """Return the character of each two-byte code, or an empty string: 65,536 entries."""
    full = reading("gbk")
    chars = np.flatnonzero(full.size == 2)[::-1]  # the smallest last: it stays
    table = np.zeros(65536, np.uint32)
    table[full.first[chars].astype(np.int64) << 8 | full.second[chars]] = chars
    every = from_code_points(table)
    return ["" if char == "\0" else char for char in every]


@cache
def pairs() -> list[int]:
    """Return the two-byte code of each BMP character, or 0: 65,536 entries."""
    full = reading("gbk")
    codes = full.first.astype(np.int64) << 8 | full.second
    found: list[int] = np.where(full.size == 2, codes, 0).tolist()
    return found


def moved(run: str) -> str:
    """Return what a run of characters says one byte further on; it is one character shorter."""
    table, codes = characters(), [pairs()[min(ord(char), 0xFFFF)] for char in run]
    return "".join(table[(a & 0xFF) << 8 | b >> 8] or MARK for a, b in pairwise(codes))
