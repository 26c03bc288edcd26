"""Finds what lies under a layer of UTF-8 that leaves no East Asian text: GBK as Latin-1, as UTF-8.

Who pastes `ÖÐ¹ú` into a page saves it as UTF-8, and the next program misreads it: `Ã–Ã`, `脰脨`.
What lies between is no East Asian text, so that no layer can be judged by what it leaves; only the
end can. Lines are taken as wholes: a layer is everywhere in one or nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pipeline.census import census, code_points
from pipeline.text.mojibake import gate
from pipeline.text.mojibake.blanks import encoded
from pipeline.text.mojibake.chains import wide
from pipeline.text.mojibake.codecs import FOREIGN
from pipeline.text.mojibake.hopeless import MARK
from pipeline.text.mojibake.pages import Repair, outermost
from pipeline.text.mojibake.utf8 import decoded

Repairing = Callable[[str, int], list[Repair]]
MAX_MARKS = 0.1
"""Share of the characters of a line that a layer may have lost: legacy bytes do not synchronise."""
MIN_COVERED = 0.8
"""Of what is beyond ASCII in an undone line so much must be damage that is repaired."""
MIN_WIDE = 6
"""Characters beyond ASCII of a line, three of two bytes: fewer are letters of a language."""
_PROVING = gate.UTF8_GBK | gate.UTF8_LATIN | gate.UTF8_CYRILLIC | gate.KANA | gate.KOREAN
_PROVING |= gate.UNLIKELY | gate.ALPHABET
"""Kinds of damage that prove themselves; letters and steps may be mended by chance."""


def beneath(text: str, kinds: int, alphabets: Sequence[str], repairing: Repairing) -> list[Repair]:
    """Return the lines of a text whose damage lies under a layer of UTF-8.

    `kinds`, `alphabets`: what the gate suspects of the text. `repairing`: finds the repairs of a
    text by its kinds; it may ask this function again, of a text that is shorter by a third.
    """
    for name in outermost(kinds, alphabets):
        lines = list(_undone(name, text))
        if not lines:
            continue
        inner = "\n".join([line for _, _, line in lines])
        suspected = int(gate.suspects([inner], census([inner]))[0]) & _PROVING
        found = repairing(inner, suspected) if suspected else []
        if repairs := list(_in_lines(lines, found, f"utf8-as-{name}")):
            return repairs
    return []


def _undone(name: str, text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start and end of the lines that were UTF-8 before reading `name`, and their text."""
    data, _ = encoded(name, code_points(text))
    at = 0
    for line, raw in zip(text.split("\n"), data.split(b"\n"), strict=True):
        if wide(line) >= MIN_WIDE and FOREIGN not in raw:
            inner, _ = decoded(name, raw)
            if inner.count(MARK) <= MAX_MARKS * len(inner):
                yield at, at + len(line), inner
        at += len(line) + 1


def _in_lines(
    lines: Sequence[tuple[int, int, str]], found: Sequence[Repair], rule: str
) -> Iterator[Repair]:
    """Yield the lines most of which is in repairs: those `found` in their inner texts."""
    at = first = 0
    for start, end, inner in lines:
        last = first
        while last < len(found) and found[last].end <= at + len(inner):
            last += 1
        mine = found[first:last]
        covered = sum(wide(inner[r.start - at : r.end - at]) for r in mine)
        if mine and covered >= MIN_COVERED * wide(inner):
            pieces, done = [], 0
            for repair in mine:
                pieces += [inner[done : repair.start - at], repair.text]
                done = repair.end - at
            yield Repair(
                start,
                end,
                "".join([*pieces, inner[done:]]),
                (rule, *mine[0].chain),
                sum(r.before for r in mine),
                sum(r.after for r in mine),
                sum(r.sequences for r in mine),
            )
        first, at = last, at + len(inner) + 1
