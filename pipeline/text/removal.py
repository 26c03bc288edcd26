"""Takes lines out of a text, with a receipt for each and no hole left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from pipeline.document import Edit

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
    lines: Sequence[str],
    drops: Mapping[int, Reason],
    cuts: Mapping[int, Cut] | None = None,
) -> list[Edit]:
    """Return the edits that take `drops` (by line number) and `cuts` out of a text.

    `lines` is the text split at newlines. Blank lines that would pile up where a line went go with
    it, and blank lines and rules (`----`) that would be left over at the end.
    """
    last_kept = _last_kept(lines, drops)
    after = [n for n in drops if n > last_kept]
    at_end = drops[min(after)] if after else None
    touched = sorted({*drops, *(cuts or ()), *((last_kept + 1,) if at_end else ())})
    chars = list(accumulate(map(len, lines), initial=0))  # above each line, without line ends
    size = chars[-1] + len(lines) - 1
    edits: list[Edit] = []
    n = 0  # the line after the last one looked at, which stays: a blank line goes with one above it
    for first in touched:
        if first < n:
            continue
        n = first
        blank_before = n == 0 or _is_blank(lines[n - 1])
        going: Reason | None = None  # why the line above went
        while n < len(lines):
            line, at = lines[n], chars[n] + n
            end = at + len(line)
            reason = drops.get(n)
            if reason is None and (n > last_kept or _is_blank(line)):
                reason = (going or at_end) if n > last_kept else (going if blank_before else None)
            if reason is not None:
                # The newline before goes at the end of a text, the one after everywhere else.
                start, stop = (max(0, at - 1), end) if n > last_kept else (at, min(end + 1, size))
                before = ("\n" if start < at else "") + line + ("\n" if stop > end else "")
                edits.append(Edit(stage, reason.rule, start, stop, before, "", note=reason.note))
            elif cuts and n in cuts:
                cut = cuts[n]
                before = line[cut.start : cut.end]
                edits.append(Edit(stage, cut.rule, at + cut.start, at + cut.end, before, ""))
            n += 1
            if reason is None:
                break
            going = reason
    return edits


def _is_blank(line: str) -> bool:
    return not line or line.isspace()


def _last_kept(lines: Sequence[str], drops: Mapping[int, Reason]) -> int:
    """Return the number of the last line that stays and says something, -1 if there is none."""
    kept = (n for n in range(len(lines) - 1, -1, -1) if n not in drops and not _is_blank(lines[n]))
    last = next(kept, -1)
    if drops and max(drops) > last:
        while last >= 0 and ORNAMENTS.issuperset(lines[last]):
            last = next(kept, -1)
    return last
