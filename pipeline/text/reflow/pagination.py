"""Where pages end in a text that was taken from a file of pages: page numbers, running heads.

PDF files and scans leave them between two lines of a sentence: `社会资本⏎- 12 -⏎参与`. A line is a
page number if it can be nothing else (第 3 页 共 10 页), or is one of several that count, a page
apart: 第 11 页, 第 12 页. `- 12 -` may head a part of a text, a bare figure a chapter: these are
page numbers if most of them cut a sentence; and `— 12 —`, as official papers have it, if the last
of several closes the text, below which no part would follow. A running head stands beside them
again and again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.text.codes import those_in
from pipeline.text.layout import ending
from pipeline.text.lines import Lines
from pipeline.text.reflow.width import Line

_LONGEST = 24  # characters of a page number
_HEADS = 3  # times that one stands beside a page number
_PROSE_CHARS = 15  # of a line; a shorter one without a stop is a heading
_PAGE_CHARS = 150  # of the smallest page: numbers in a table stand closer
_STEP = 3  # pages between two numbers that were found
_BARE_ROW = 3  # bare figures that count
_SURE = re.compile(
    r"第\s*(\d{1,4})\s*[页頁][\s,，/·|-]*[(（]?共\s*\d{1,4}\s*[页頁][)）]?"
    r"|[Pp]age\s+(\d{1,4})\s+of\s+\d{1,4}"
)
_COUNTED = (
    re.compile(r"()第\s*(\d{1,4})\s*[页頁]"),
    re.compile(r"()(?:[Pp]age|[Pp]\.)\s*(\d{1,4})"),
    re.compile(r"()([1-9]\d{0,2})\s*/\s*[1-9]\d{0,2}"),
)
_COUNTS = 2  # that count, a page apart
_HEAD = re.compile("[^，。；！？]{1,40}")
# These may head parts of a text as well: most have to cut a sentence.
_DASHED = re.compile(r"([-—–－~～·•∙]{1,2})\s*(\d{1,4})\s*\1")
_BARE = re.compile(r"()(\d{1,4})")
_CUTTING = {_DASHED: 1, _BARE: _BARE_ROW}
_LEAST = {_SURE: 1, **dict.fromkeys(_COUNTED, _COUNTS), **_CUTTING}
_FIRST = frozenset("0123456789第-—–－~～·•∙Pp")
_LAST = frozenset("0123456789页頁-—–－~～·•∙)）")


def furniture(lines: Sequence[Line]) -> set[int]:
    """Return the numbers of the lines that belong to the page and not to the text."""
    short = [i for i, line in enumerate(lines) if _may_be(line.text) and not line.fenced]
    if not short:
        return set()
    found = {i for i in short if _SURE.fullmatch(lines[i].text)}
    for pattern in (*_COUNTED, *_CUTTING):
        matches = ((i, pattern.fullmatch(lines[i].text)) for i in short)
        numbered = [(i, int(m[2])) for i, m in matches if m]
        row = _counting(lines, numbered, _LEAST[pattern])
        if pattern is _DASHED and row and row[-1] == len(lines) - 1:
            found.update(_counting(lines, numbered, _COUNTS))
        if pattern in _COUNTED or 2 * sum(_cuts(lines, i) for i in row) > len(row):
            found.update(row)
    return found | _running_heads(lines, found)


def _cuts(lines: Sequence[Line], i: int) -> bool:
    """Say whether a line of prose stands before line i, and does not end its sentence."""
    before = lines[i - 1].text if i else ""
    return len(before) >= _PROSE_CHARS and ending(before) in ("bare", "comma", "open")


def _may_be(text: str) -> bool:
    return len(text) <= _LONGEST and text[0] in _FIRST and text[-1] in _LAST


def _counting(lines: Sequence[Line], numbered: Sequence[tuple[int, int]], least: int) -> list[int]:
    """Return the lines (line, page) that count up, a page apart: runs of at least so many."""
    found: list[int] = []
    run = [i for i, _ in numbered[:1]]
    for (last, page), (this, following) in pairwise(numbered):
        far = lines[this].start - lines[last].start >= _PAGE_CHARS
        if not (far and 0 < following - page <= _STEP):
            found += run if len(run) >= least else []
            run = []
        run.append(this)
    return found + run if len(run) >= least else found


def _running_heads(lines: Sequence[Line], pages: set[int]) -> set[int]:
    beside = [
        j
        for i in sorted(pages)
        for j in (i - 1, i + 1)
        if 0 < j < len(lines) and j not in pages and _HEAD.fullmatch(lines[j].text)
    ]
    # The head of the first page opens the text, and stays as its title.
    counts = Counter([lines[0].text, *(lines[j].text for j in beside)])
    often = max(_HEADS, len(pages) // 3)
    return {j for j in beside if counts[lines[j].text] >= often}


def may_have_pages(lines: Lines, n: int) -> NDArray[np.bool_]:
    """Return which of n texts may have page numbers: one sure one, or several: bool (n,)."""
    sizes = lines.ends - lines.starts
    short = np.flatnonzero((sizes > 0) & (sizes <= _LONGEST) & ~lines.fenced)
    first, last = lines.codes[lines.starts[short]], lines.codes[lines.ends[short] - 1]
    fits = _FIRST_TABLE[np.minimum(first, 0xFFFF)] & _LAST_TABLE[np.minimum(last, 0xFFFF)]
    found: Counter[tuple[int, re.Pattern[str]]] = Counter()
    for i in short[fits].tolist():
        text = lines.text(i)
        found.update((lines.owners.item(i), kind) for kind in _LEAST if kind.fullmatch(text))
    pages = np.zeros(n, np.bool_)
    pages[[i for (i, kind), count in found.items() if count >= _LEAST[kind]]] = True
    return pages


# Lines may begin and end with blanks.
_FIRST_TABLE = those_in([*_FIRST, *" \t\u3000"])
_LAST_TABLE = those_in([*_LAST, *" \t\u3000\r"])
