"""Blanks that layout left between Chinese characters, or beside their marks.

Left alone: the blank between the halves of a headline, between names, after a full stop or colon
(where it may stand for a lost quotation mark), and runs of blanks that make columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from operator import sub

from pipeline.text import ngram
from pipeline.text.marks import HAN

Found = tuple[str, int, int, str, str]

_SPACED = re.compile(f"(?<![{HAN}])[{HAN}](?: [{HAN}]){{4,}}(?![{HAN}])")
_LONGEST_LIST = 12
"""Characters: the twelve beasts. Longer ones are text."""
_LEAST_BOND = 0.5
"""Nats a character: lists of single characters have -1 to 0.5, words and headings 0.7 to 4."""
_GRAMMAR = frozenset("的了是在和与與")
"""Characters that no list of characters has, and most sentences."""
_IS_HAN = re.compile(f"[{HAN}]")
CLOSING = "，。、；：！？）》」』】〉"
SEPARATING = "，、；"


def after_mark(text: str, end: int) -> int:
    """Return 1 where one blank follows a mark that becomes wide and carries its own."""
    return int(text[end : end + 1] == " " and text[end + 1 : end + 2] not in (" ", "\u3000", ""))


def between(text: str, blanks: Sequence[int], found: Sequence[Found]) -> list[Found]:
    """Return the blanks among the candidates that go."""
    if not blanks:
        return []
    taken = {at for _, start, end, _, _ in found for at in range(start, end)} if found else set()
    items = [item for at in blanks if at not in taken and (item := _blank_rule(text, at))]
    # Five characters with blanks between: four of these at every second place.
    if len(blanks) > 3 and 6 in map(sub, blanks[3:], blanks):
        items += _letter_spaced(text, {at for _, at, _, _, _ in items} | taken)
    return items


def scattered(blanks: Iterable[int], found: Iterable[Found]) -> list[Found]:
    """Return the blanks that layout scattered, as far as they are not gone already."""
    taken = {at for _, start, end, _, _ in found for at in range(start, end)}
    return [("scattered-blank", at, at + 1, " ", "") for at in blanks if at not in taken]


def _is_word(text: str) -> bool:
    """Whether characters follow each other as in a text: beyond how frequent each of them is."""
    if _GRAMMAR.intersection(text):
        return True
    model = ngram.load()
    alone = sum(float(model.uni[model.fold[ord(char)]]) for char in text) / len(text)
    return model.scores([text])[0] - alone > _LEAST_BOND


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
    """Return the blanks inside words set with a blank after every character: 关 于 印 发.

    In a list of characters, 天 地 人 日 月, they part the items: few, which make no word together.
    """
    return [
        ("letter-spacing", at, at + 1, " ", "")
        for m in _SPACED.finditer(text)
        # 第 八 章: statutes set their headings so
        if m[0][0] != "第" and (len(m[0]) > 2 * _LONGEST_LIST or _is_word(m[0].replace(" ", "")))
        for at in range(m.start() + 1, m.end(), 2)
        if at not in taken
    ]
