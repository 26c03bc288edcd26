r"""Takes plain blanks inside UTF-8 read in a table of bytes for the no-break spaces that they were.

`ä½\xa0` is 你 in Windows-1252; what shows a page, or saves it, writes a plain blank for 0xA0, and
the character is lost. Left alone: a blank with no other damaged character beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.text.mojibake.utf8 import SINGLE, view

_IS_TRAIL = (np.arange(256) >= 0x80) & (np.arange(256) < 0xC0)
_IS_THIRD = (np.arange(256) >= 0xE1) & (np.arange(256) < 0xF0)
"""Bytes that go on with a sequence, and those that begin one of three."""
_AROUND = 5
"""Bytes looked at before a blank, and more than are behind it."""


def encoded(name: str, codes: NDArray[np.uint32]) -> tuple[bytes, NDArray[np.int64]]:
    """Return the bytes of a text, and where each character begins.

    No-break spaces, which pages and editors make plain ones, are again the bytes that they were:
    0xA0 inside 校, at the end of 你, and behind 0xC2 where the text was damaged twice; 0x9A in the
    tables of KOI8.
    """
    data, starts = view(name).encode(codes)
    byte = int(view(name).first[0xA0])
    if name not in SINGLE or not 0x80 <= byte < 0xC0 or b" " not in data:
        return data, starts
    raw = np.frombuffer(data + b"\n" * _AROUND, np.uint8)  # behind it all is before the first
    at = np.flatnonzero(raw == 0x20)
    at = at[raw[at - 1] >= 0x80]
    if not len(at):
        return data, starts
    before, behind = raw[at - 1], raw[at + 1]
    # Marks that lost their last byte before a blank: ” is 0xE2809D, ！ 0xEFBC81, 、 0xE38081.
    lead = raw[at - 2]
    mark = (lead == 0xE2) | (lead == 0xEF) | ((lead == 0xE3) & (before == 0x80))
    last = _IS_THIRD[lead] & _IS_TRAIL[before] & ~mark
    inside = _IS_THIRD[before] & _IS_TRAIL[behind] & (before != 0xE2)
    first, end = at - np.where(inside, 1, 2), at + np.where(inside, 2, 1)
    beside = _IS_THIRD[raw[first - 3]] & _IS_TRAIL[raw[first - 2]] & _IS_TRAIL[raw[first - 1]]
    beside |= _IS_THIRD[raw[end]] & _IS_TRAIL[raw[end + 1]]
    twice = (before == 0xC2) & _IS_TRAIL[lead] & (behind >= 0xC2)
    # Of 再, 0xE5868D: 0x86 is † in Windows.
    dagger = (lead == 0xE2) & (before == 0x80) & _IS_TRAIL[raw[at - 3]]
    twice |= dagger & (behind >= 0xC2) & (behind < 0xC6)
    found = at[(last | inside) & beside | (twice & (name == "cp1252"))]
    if not len(found):
        return data, starts
    mended = bytearray(data)
    for i in found.tolist():
        mended[i] = byte
    return bytes(mended), starts
