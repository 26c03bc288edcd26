"""Which texts of a batch have blank lines, indents or blanks at line ends that reflow would touch.

Between two lines of code, or of a table, the layout stays as it is, and so do the indents of a
program: most blanks of technical articles are such, and those texts need not be put together anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from pipeline.text import codes as arrays
from pipeline.text import layout as look
from pipeline.text.code import program_lines
from pipeline.text.lines import HAN_FIRST, INLINE, ODD_END, Bools, Lines, Places, by_text


def moved(texts: Sequence[str], part: arrays.Codes, lines: Lines) -> Bools:
    """Return which texts of a slice have odd line ends, or blanks that go: bool (n,)."""
    hit = np.zeros(len(part.starts) - 1, np.bool_)
    ends, owners = lines.ends, lines.owners
    hit[part.owners(arrays.places(lines.flags, ODD_END))] = True
    last = ends + 1 == part.starts[owners + 1]  # the line end that `codes` put behind each text
    empty = lines.starts == ends
    # The layout of code in a fence stays, but for what ends the text.
    kept = np.zeros(len(ends), np.bool_)
    kept[1:-1] = lines.fenced[:-2] & lines.fenced[1:-1] & lines.fenced[2:]
    kept[1:-1] &= (owners[:-2] == owners[2:]) & ~(last & empty)[2:]
    odd = np.flatnonzero((lines.blank | (empty & ~last)) & ~kept)
    for i, mine in by_text(lines, odd[~hit[owners[odd]]]):
        hit[i] = _Blanks(texts[part.first + i], lines, i).go(mine)
    return hit


class _Blanks:
    """The lines of one text, counted from its first; they are what `split` of reflow returns."""

    def __init__(self, text: str, lines: Lines, owner: int) -> None:
        self._first, end = np.searchsorted(lines.owners, [owner, owner + 1]).tolist()
        self._rows = text.split("\n")
        self._fenced = lines.fenced[self._first : end]
        # No program goes on over a line that begins with an ideograph, or a fence.
        other = ((lines.heads[self._first : end] & HAN_FIRST) != 0) | self._fenced
        self._other: Places = np.flatnonzero(other)
        self._indented = "\n " in text or "\n\t" in text
        self._programs: dict[int, bool] = {}
        self._fixed: dict[int, bool] = {}
        self._written: list[int] | None = None  # lines that are not blank

    def go(self, odd: Places) -> bool:
        """Whether blanks go in one of the lines `odd`, which are empty or have some at an end."""
        return any(self._go(i) for i in (odd - self._first).tolist())

    def _go(self, i: int) -> bool:
        row = self._rows[i]
        if not row.strip(INLINE):
            return not (self._is_fixed(self._full(i, -1)) and self._is_fixed(self._full(i, 1)))
        if row[-1] in INLINE and not (self._is_fixed(i) and self._is_fixed(self._full(i, 1))):
            return True
        if row[0] not in INLINE or self._is_program(i):
            return False
        return not (self._is_fixed(i) and self._is_fixed(self._full(i, -1)))

    def _full(self, i: int, step: int) -> int:
        """Return the next line before or behind i that is not blank, or -1."""
        if self._written is None:
            rows = enumerate(self._rows)
            self._written = [n for n, row in rows if row.strip(INLINE)]
        at = bisect_left(self._written, i + 1) if step > 0 else bisect_left(self._written, i) - 1
        return self._written[at] if 0 <= at < len(self._written) else -1

    def _is_fixed(self, i: int) -> bool:
        """Whether line i is code or a row of a table; the ends of the text (-1) are not."""
        if i < 0 or self._fenced[i]:
            return i >= 0
        if i not in self._fixed:
            line = self._rows[i].strip(INLINE)
            self._fixed[i] = look.is_code(line) or look.is_table(line) or self._is_program(i)
        return self._fixed[i]

    def _is_program(self, i: int) -> bool:
        if i not in self._programs:
            at = int(np.searchsorted(self._other, i))
            end = int(self._other[at]) if at < len(self._other) else len(self._rows)
            if end == i or not self._indented:
                return False
            first = int(self._other[at - 1]) + 1 if at else 0
            self._programs.update(enumerate(program_lines(self._rows[first:end]), first))
        return self._programs[i]
