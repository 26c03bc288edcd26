"""Blanks that layout left between Chinese characters, or beside their marks.

Left alone: the blank between the halves of a headline, between names, after a full stop or colon
(where it may stand for a lost quotation mark), and runs of blanks that make columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.text.marks import HAN

Found = tuple[str, int, int, str, str]

_SPACED = re.compile(f"(?<![{HAN}])[{HAN}](?: [{HAN}]){{4,}}(?![{HAN}])")
_IS_HAN = re.compile(f"[{HAN}]")
CLOSING = "，。、；：！？）》」』】〉"
SEPARATING = "，、；"


def after_mark(text: str, end: int) -> int:
    """Return 1 where one blank follows a mark that becomes wide and carries its own."""
    return int(text[end : end + 1] == " " and text[end + 1 : end + 2] not in (" ", "\u3000", ""))


def between(text: str, blanks: Sequence[int], found: Iterable[Found]) -> list[Found]:
    """Return the blanks among the candidates that go."""
    if not blanks:
        return []
    taken = {at for _, start, end, _, _ in found for at in range(start, end)}
    gone = [_blank_rule(text, at) for at in blanks if at not in taken]
    items = [item for item in gone if item]
    # Five characters with blanks between: four of these at every second place.
    if any(blanks[i + 3] - blanks[i] == 6 for i in range(len(blanks) - 3)):
        items += _letter_spaced(text, {at for _, at, _, _, _ in items} | taken)
    return items


def scattered(blanks: Iterable[int], found: Iterable[Found]) -> list[Found]:
    """Return the blanks that layout scattered, as far as they are not gone already."""
    taken = {at for _, start, end, _, _ in found for at in range(start, end)}
    return [("scattered-blank", at, at + 1, " ", "") for at in blanks if at not in taken]


def _blank_rule(text: str, at: int) -> Found | None:
    start = at
    while start and text[start - 1] in " \u3000":
        start -= 1
    before, after = text[start - 1 : start], text[at + 1]
    if not start or before == "\n":
        return None
    if after in CLOSING and (before.isalnum() or before in "”’）》」』"):
        return "blank-before-mark", start, at + 1, text[start : at + 1], ""
    if start == at and before in SEPARATING and _IS_HAN.match(after):
        return "blank-after-mark", start, at + 1, text[start : at + 1], ""
    return None


def _letter_spaced(text: str, taken: set[int]) -> list[Found]:
    """Return the blanks inside words set with a blank after every character: 关 于 印 发."""
    return [
        ("letter-spacing", at, at + 1, " ", "")
        for m in _SPACED.finditer(text)
        if m[0][0] != "第"  # 第 八 章: statutes set their headings so
        for at in range(m.start() + 1, m.end(), 2)
        if at not in taken
    ]
