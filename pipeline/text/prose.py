"""Lines of a page: what is left of one without its marks, which are items, which are prose."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text.codes import that_are
from pipeline.text.fold import fold, fold_table, variants

_LINK = re.compile(r"\[([^\[\]\n]{0,200})\](?:\([^()\n]{0,600}\)|\[[^\[\]\n]{0,20}\])")
_REFERENCE = re.compile(r"\s*\[[^\[\]\n]{1,40}\]:\s*\S")
_SENTENCE_ENDS = "".join(map(variants, "。!?…;\")'"))
_STOPS = tuple(variants("。")) + tuple(a + b for a in variants("…") for b in variants("…"))
_FULL_STOPS = tuple(variants("."))
_CLOSERS = "".join(map(variants, "\")']"))
_PAUSE = re.compile(f"[{variants(',')}{variants('。')}]")
_MAY_END = frozenset(
    "".join((_SENTENCE_ENDS, *_FULL_STOPS, _CLOSERS, *filter(str.isspace, map(chr, range(0x3001)))))
)
"""What a short line of prose can end with: spaces are not looked at."""
_BRACKETS = variants("[")
_BULLETS = "·-*>#■◆►▶★☆+|"
_MARKS = "".join(map(variants, _BULLETS))
PROSE_CHARS = 10  # a shorter line is no paragraph even where it ends like a sentence
_WEAK_PROSE_CHARS = 30  # ends in ? ! ” ), as headlines do as well
FOOTER_CHARS = 40  # a longer sentence below the lists of a page is taken for the article's own
LONG_CHARS = 70  # with a comma: a paragraph whose last mark was lost
BLANK, OTHER, LIKELY, PLAIN = range(4)
"""Of a line: white space or nothing; surely no prose; perhaps, `is_prose` knows; prose."""


def core(folded: str) -> str:
    """Return a folded line without link targets and without the marks at its two ends.

    >>> core("- 相关阅读:")
    '相关阅读'
    >>> core("本文由 [某某](https://example.org/a) 翻译。")
    '本文由 某某 翻译'
    """
    if "](" in folded or "][" in folded:
        folded = _LINK.sub(r"\1", folded)
    first, last = 0, len(folded)
    while first < last and not folded[first].isalnum():
        first += 1
    while last > first and not folded[last - 1].isalnum():
        last -= 1
    return folded[first:last]


def is_bulleted(folded: str) -> bool:
    """Say whether a folded line looks like an item of a list.

    >>> is_bulleted("  · 1某地新闻"), is_bulleted("某地新闻")
    (True, False)
    """
    line = folded.strip()
    return bool(line) and (line[0] in _BULLETS or line[0] == "[" or line[0].isdecimal())


def is_prose(line: str) -> bool:
    """Say whether a line, folded or not, is a sentence or a paragraph, and no heading or item.

    >>> is_prose("会议于昨日上午在京召开。"), is_prose("某地召开重要会议 部署下一步工作")
    (True, False)
    """
    if len(line) < LONG_CHARS and line[-1:] not in _MAY_END:
        return False  # most lines that are none: the rest need not be asked
    line = line.strip()
    size = len(line)
    if size < PROSE_CHARS:
        return False
    first = line[0]
    if first in _BRACKETS and _REFERENCE.match(fold(line)):
        return False
    if size >= LONG_CHARS:
        if _PAUSE.search(line):
            return True
    elif first in _MARKS:
        return False
    if line.rstrip(_CLOSERS).endswith(_STOPS):
        return True
    if size < _WEAK_PROSE_CHARS:
        return False
    return line.endswith(_FULL_STOPS) or (
        line[-1] in _SENTENCE_ENDS and _PAUSE.search(line) is not None
    )


def plain_sentences(
    codes: NDArray[np.uint32], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Say which lines are certainly prose, by their two ends alone; `is_prose` finds more.

    `starts`, `ends` (m,): where each line begins and ends in `codes`.
    """
    last = codes.take(np.maximum(ends - 1, 0))
    closed = _closers().take(last, mode="clip")
    last = np.where(closed, codes.take(np.maximum(ends - 2, 0)), last)
    first = _openers().take(codes.take(starts), mode="clip")
    sentence: NDArray[np.bool_] = (ends - starts > PROSE_CHARS) & (last == ord("。")) & first
    return sentence


def line_kinds(
    codes: NDArray[np.uint32],
    starts: NDArray[np.intp],
    ends: NDArray[np.intp],
    plain: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """Return BLANK, OTHER, LIKELY or PLAIN for each line; `plain` is what `plain_sentences` says.

    A line is blank from its first character to its last or has others at one of its ends: few are
    looked at in between.
    """
    size = ends - starts
    first = codes.take(starts)
    last = codes.take(np.maximum(ends - 1, 0))
    before = codes.take(np.maximum(ends - 2, 0))
    flags = _edges()
    ending = flags.take(last, mode="clip")
    # A letter before the bracket that ends the line, or a weak mark: then the line must be long.
    inner = (ending & _CLOSER != 0) & (flags.take(before, mode="clip") & _ALNUM != 0)
    weak = (ending & _WEAK_END != 0) | inner
    likely = (ending & _END != 0) & (size >= np.where(weak, _WEAK_PROSE_CHARS, PROSE_CHARS))
    likely &= flags.take(first, mode="clip") & _BULLET == 0
    likely |= size >= LONG_CHARS
    kinds = np.where(likely, np.uint8(LIKELY), np.uint8(OTHER))
    kinds[plain] = PLAIN
    spaces = that_are(str.isspace)
    outer = spaces.take(first, mode="clip") & spaces.take(last, mode="clip")
    for i in np.flatnonzero(outer & (size > 0)).tolist():
        if spaces.take(codes[starts[i] : ends[i]], mode="clip").all():
            kinds[i] = BLANK
    kinds[size == 0] = BLANK
    return kinds


_END, _WEAK_END, _CLOSER, _ALNUM, _BULLET = (np.uint8(1 << bit) for bit in range(5))


@cache
def _edges() -> NDArray[np.uint8]:
    """Return what the characters at the ends of a line say of `is_prose`: uint8 (65536,)."""
    table = np.where(that_are(str.isalnum), _ALNUM, np.uint8(0))
    for bit, marks in (
        (_END, _MAY_END),
        (_WEAK_END, ".!?;"),
        (_CLOSER, _CLOSERS),
        (_BULLET, _BULLETS),
    ):
        table |= np.where(np.isin(fold_table(), [ord(mark) for mark in marks]), bit, np.uint8(0))
    return table


@cache
def _openers() -> NDArray[np.bool_]:
    """Return with which characters a line is no item of a list: letters, and quotation marks."""
    letters = that_are(str.isalpha).copy()
    letters[[ord(mark) for mark in "\"'《"]] = True
    return letters.take(fold_table())


@cache
def _closers() -> NDArray[np.bool_]:
    """Return the marks that may follow the last mark of a sentence."""
    return np.isin(fold_table(), [ord(mark) for mark in "\")'】]"])
