"""Takes lines out of a text, with a receipt for each and no hole left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.document import Edit

_ORNAMENTS = frozenset("-=*_~+#·•—–─━═ \t\u3000")


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
    at_end = next((drops[n] for n in sorted(drops) if n > last_kept), None)
    size = sum(map(len, lines)) + len(lines) - 1
    edits: list[Edit] = []
    at = 0
    blank_before = True
    going: Reason | None = None  # why the line above went
    for n, line in enumerate(lines):
        end = at + len(line)
        reason = drops.get(n)
        blank = not line or line.isspace() or (n > last_kept)
        if reason is None and blank:
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
        if reason is None:
            blank_before = blank
        going = reason
        at = end + 1
    return edits


def _last_kept(lines: Sequence[str], drops: Mapping[int, Reason]) -> int:
    """Return the number of the last line that stays and says something, -1 if there is none."""
    kept = [n for n, line in enumerate(lines) if n not in drops and line and not line.isspace()]
    if drops and max(drops) > max(kept, default=-1):
        while kept and _ORNAMENTS.issuperset(lines[kept[-1]]):
            kept.pop()
    return kept[-1] if kept else -1
