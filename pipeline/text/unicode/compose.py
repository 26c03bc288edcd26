"""Normalization form C, piece by piece, with the places that it changes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.tablefiles import table_rows

MAX_MARKS = 30
"""Combining marks on one character, as in the Stream-Safe Text Format (UAX #15, section 13).
Normalizing is quadratic in the length of a run: 240 kB of marks take 17 s."""

# What neither composes nor is decomposed: ASCII, Han of the main blocks, CJK and full-width marks.
_INERT = "\x00-\x7f\u3001-\u3029\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff60"


@cache
def _is_mark() -> NDArray[np.bool_]:
    """Return whether a code point is a combining mark (category Mn or Me): bool (0x110000,)."""
    table = np.zeros(0x110000, np.bool_)
    for first, last in table_rows("unicode/marks.tsv"):
        table[int(first, 16) : int(last, 16) + 1] = True
    return table


def excess_marks(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the marks beyond `MAX_MARKS` of every run."""
    if text.isascii():
        return
    # A run with an excess is so long that it reaches one of these places.
    if not _is_mark().take(code_points(text[:: MAX_MARKS + 1])).any():
        return
    places = np.flatnonzero(_is_mark().take(code_points(text)))
    if len(places) <= MAX_MARKS:
        return
    # A mark is in excess where the thirtieth before it stands exactly thirty places before.
    excess = places[MAX_MARKS:][places[MAX_MARKS:] - places[:-MAX_MARKS] == MAX_MARKS]
    if excess.size:
        for run in np.split(excess, np.flatnonzero(np.diff(excess) != 1) + 1):
            yield int(run[0]), int(run[-1]) + 1


@cache
def _piece() -> re.Pattern[str]:
    return re.compile(f"[^{_INERT}]+|[{_INERT}](?:[^{_INERT}]+)")  # takes 3 ms, and is asked seldom


def uncomposed(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, composed) for every piece of text that is not in form C.

    Cut the runs of marks first (`excess_marks`).
    """
    if unicodedata.is_normalized("NFC", text):
        return
    for match in _piece().finditer(text):
        before = match[0]
        if not unicodedata.is_normalized("NFC", before):
            start, end, after = _trimmed(before, unicodedata.normalize("NFC", before))
            yield match.start() + start, match.start() + end, after


def _trimmed(before: str, after: str) -> tuple[int, int, str]:
    """Return the changed part of a piece: (start, end in `before`, replacement)."""
    start = 0
    shorter = min(len(before), len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, len(before) - end, after[start : len(after) - end]
