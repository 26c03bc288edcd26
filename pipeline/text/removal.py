"""Takes lines out of a text, with a receipt for each and no hole left behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.document import Edit
from pipeline.text.page import Page
from pipeline.text.prose import BLANK

_edit = Edit._make  # half as long as by its name
ORNAMENTS = frozenset("-=*_~+#·•—–─━═ \t\u3000")


class Reason(NamedTuple):
    """Why a line goes: the rule, and what there is to say besides."""

    rule: str
    note: str = ""


class Cut(NamedTuple):
    """A part of a line that goes: from `start` to `end`, code points of the line."""

    start: int
    end: int
    rule: str


def removal(
    stage: str,
    page: Page,
    drops: Mapping[int, Reason],
    cuts: Mapping[int, Cut] | None = None,
) -> list[Edit]:
    """Return the edits that take `drops` (by line number) and `cuts` out of a text.

    Blank lines that would pile up where a line went go with it, and blank lines and rules (`----`)
    that would be left over at the end.
    """
    text, starts, ends, kinds = page.text, page.starts, page.ends, page.kinds
    last_kept = _last_kept(page, drops)
    after = [n for n in drops if n > last_kept]
    at_end = drops[min(after)] if after else None
    touched = sorted({*drops, *(cuts or ()), *((last_kept + 1,) if at_end else ())})
    size, lines = len(text), len(kinds)
    edits: list[Edit] = []
    n = 0  # the line after the last one looked at, which stays: a blank line goes with one above it
    for first in touched:
        if first < n:
            continue
        n = first
        blank_before = n == 0 or kinds[n - 1] == BLANK
        going: Reason | None = None  # why the line above went
        while n < lines:
            reason = drops.get(n)
            if reason is None and (n > last_kept or kinds[n] == BLANK):
                reason = (going or at_end) if n > last_kept else (going if blank_before else None)
            if reason is None:
                if cuts and n in cuts:
                    cut = cuts[n]
                    start, end = starts[n] + cut.start, starts[n] + cut.end
                    edits.append(Edit(stage, cut.rule, start, end, text[start:end], ""))
                n += 1
                break
            # The newline before goes at the end of a text, the one after everywhere else.
            start, end = starts[n], ends[n] + 1
            if n > last_kept:
                start, end = max(0, start - 1), end - 1
            rule, note = reason
            end = min(end, size)
            edits.append(_edit((stage, rule, start, end, text[start:end], "", 1.0, note)))
            n += 1
            going = reason
    return edits


def _last_kept(page: Page, drops: Mapping[int, Reason]) -> int:
    """Return the number of the last line that stays and says something, -1 if there is none."""
    kinds = page.kinds

    def above(number: int) -> int:
        number -= 1
        while number >= 0 and (number in drops or kinds[number] == BLANK):
            number -= 1
        return number

    last = above(len(kinds))
    if drops and max(drops) > last:
        while last >= 0 and ORNAMENTS.issuperset(page.line(last)):
            last = above(last)
    return last
