"""Blanks that layout scattered among ideographs: `主 编，一道工作的还有`.

Text taken from PDF files, from OCR, or from lines that were joined with a blank, has them inside
words. A blank between two ideographs that the writer meant (a headline in two halves, names, the
columns of a table) stands between words that have nothing to do with each other. So the two sides
of all such blanks of a text are asked, by the trigram model, whether they belong
together; only where that is the habit of a text do its blanks go.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.text.codes import Codes, flags_of, those_in
from pipeline.text.marks import WIDE_MARKS
from pipeline.text.reflow.seam import associations

_FEW = 6  # blanks from which on a habit can be seen
_THIN = 0.003  # of the characters: fewer are names and headlines
_DENSE = 0.05  # of the ideographs: from here no blank of the prose is the writer's
_BOUND = 2.0  # nats from which two sides are one word or phrase
_HABIT = 0.35  # of the blanks: half of those scattered at random, 0-.3 of a writer's
_APART = -2.0  # nats below which a blank stays: 14 in 100 of the scattered, half of a writer's
_PROSE_CHARS = 15
_BLANK, _LINE_END = 0x20, 0x0A
_MARKS = np.array([ord(mark) for mark in "，。；！？、"], np.uint32)
_WIDE = np.array([ord(mark) for mark in WIDE_MARKS + "（）「」『』《》“”‘’"], np.uint32)
# 第 八 章 总则, 第八条 为了: how statutes and lists set numbers apart.
_NUMBERED = those_in("第条條章节節款项項编編部篇回卷集步")
_NUMERALS = those_in("一二三四五六七八九十百零〇")
_NEAR = np.array([-3, -2, -1, 1, 2, 3])
_Places = NDArray[np.intp]
_Flags = NDArray[np.bool_]


def scattered(part: Codes, blanks: _Places) -> dict[int, list[int]]:
    """Return for each text of a slice (by its number in it) its scattered blanks, in order.

    `blanks`: all that stand before an ideograph, in order, and perhaps others.
    """
    # What ends a slice, and so stands before its start, is a line end.
    blanks = blanks[_is_han(part.codes[blanks - 1]) & _is_han(part.codes[blanks + 1])]
    left, right = part.codes[blanks - 1], part.codes[blanks + 1]
    numbered = flags_of(right, _NUMBERED) & flags_of(left, _NUMERALS)
    numbered |= flags_of(left, _NUMBERED)
    blanks = blanks[~numbered]
    owners = part.owners(blanks)
    counts = np.bincount(owners, minlength=len(part.starts) - 1)
    often = counts >= np.maximum(_FEW, _THIN * np.diff(part.starts))
    if not often.any():
        return {}
    kept = often[owners]
    blanks, owners = blanks[kept], owners[kept]
    around = _around(part.codes, blanks)
    gains = associations(around)
    kept = (np.bincount(owners, gains > _BOUND) >= _HABIT * _FEW)[owners]
    if not kept.any():
        return {}
    blanks, owners, around, gains = blanks[kept], owners[kept], around[kept], gains[kept]
    # A word set off again and again is one blank's worth: 主张 有命 的人, quotation marks lost.
    _, once = np.unique(np.column_stack([owners, around]), axis=0, return_index=True)
    bound = np.bincount(owners[once], gains[once] > _BOUND, len(counts))
    once_counts = np.bincount(owners[once], minlength=len(counts))
    habit = (once_counts >= _FEW) & (bound >= _HABIT * once_counts)
    found = {}
    for i in np.flatnonzero(habit).tolist():
        start, end = part.starts[i : i + 2].tolist()
        mine = owners == i
        found[i] = _gone(part.codes[start:end], blanks[mine] - start, gains[mine])
    return found


def _gone(codes: NDArray[np.uint32], blanks: _Places, gains: NDArray[np.float32]) -> list[int]:
    """Return the blanks that go, of a text that has the habit."""
    prose = _in_prose(codes, blanks)
    dense = len(blanks) >= _DENSE * np.count_nonzero(_is_han(codes))
    gone = blanks[np.where(prose, dense | (gains > _APART), gains > _BOUND)]
    if dense:
        gone = np.union1d(gone, _beside_marks(codes))
    found: list[int] = gone.tolist()
    return found


def _beside_marks(codes: NDArray[np.uint32]) -> _Places:
    """Return the blanks between a Chinese mark and another, or an ideograph."""
    blanks = np.flatnonzero(codes[:-1] == _BLANK)[1:]
    left, right = codes[blanks - 1], codes[blanks + 1]
    marked = np.isin(left, _WIDE), np.isin(right, _WIDE)
    beside = (marked[0] & (marked[1] | _is_han(right))) | (marked[1] & _is_han(left))
    return blanks[beside & _in_prose(codes, blanks)]


def _is_han(codes: NDArray[np.uint32]) -> _Flags:
    return codes - np.uint32(0x3400) <= np.uint32(0x9FFF - 0x3400)


def _in_prose(codes: NDArray[np.uint32], places: _Places) -> _Flags:
    """Return which places are in a line that is long, and has a mark."""
    ends = np.flatnonzero(codes == _LINE_END)
    marks = np.flatnonzero(np.isin(codes, _MARKS))
    line = np.searchsorted(ends, places)
    first = np.where(line > 0, ends[line - 1] + 1, 0)
    last = ends[np.minimum(line, len(ends) - 1)]
    marked = np.searchsorted(marks, last) > np.searchsorted(marks, first)
    return marked & (last - first >= _PROSE_CHARS)


def _around(codes: NDArray[np.uint32], blanks: _Places) -> NDArray[np.uint32]:
    """Return the two characters before and behind each blank, other blanks left out: (n, 4)."""
    near: NDArray[np.uint32] = codes.take(blanks[:, None] + _NEAR, mode="clip")
    near[:, 1] = np.where(near[:, 1] == _BLANK, near[:, 0], near[:, 1])
    near[:, 4] = np.where(near[:, 4] == _BLANK, near[:, 5], near[:, 4])
    return near[:, 1:5]
