"""The rules of the punctuation stage: from a batch of texts to the places that change.

A found place is (rule, start, end, before, after), offsets in code points of its text. One look at
flags per code point finds the candidates of a whole batch; the plain case, an ASCII mark between
two Chinese characters, is decided there, the others one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from pipeline.tablefiles import table_toml
from pipeline.text import codes as arrays
from pipeline.text.marks import (
    ASCII_MARKS,
    CLAUSE_CHARS,
    TO_ASCII,
    TO_WIDE,
    WEAK_SIDE,
    WIDE_MARKS,
    clause_is_chinese,
    has_han,
    is_side,
)
from pipeline.text.punctuation import gaps, pairs
from pipeline.text.punctuation.protected import unprotected
from pipeline.text.punctuation.scattered import scattered
from pipeline.text.punctuation.spots import STOP_HABIT, Candidates, candidates

Found = tuple[str, int, int, str, str]


class Changes(NamedTuple):
    """What changes in a text, in order, not overlapping, and what the text is then.

    `final`: a second look finds nothing.
    """

    items: list[Found]
    text: str
    final: bool


_NAMES = {
    ",": "ascii-comma",
    ";": "ascii-semicolon",
    ":": "ascii-colon",
    "!": "ascii-exclamation",
    "?": "ascii-question",
}
_WIDEN = str.maketrans(TO_WIDE)
_START = itemgetter(1)
_ALNUM = re.compile("[A-Za-z0-9_]")
_FACE = re.compile(r"[:;]-?(?:\((?![^()\n]{1,60}\))|[)DPO](?![A-Za-z0-9]))")
"""A face, not the mark before a bracket in a sentence: 包括:(1)货物;(2)服务."""

_SCRAPED = frozenset(("doubled-mark", "prefixed-mark"))
_SCRAPED_HABIT = 3
"""Doubled marks between Chinese characters that make a habit of the text."""
_ASCII_MARK = re.compile(rf"[{ASCII_MARKS}](?:(?<![!-~].)|(?![!-~]))")
"""One that some text could widen: between graphic ASCII characters, as in 12:30, none could."""
_WATCHED = frozenset(ASCII_MARKS + "()\"' \u3000.-…—")
"""Characters that may be judged anew when what stands beside them changes."""
_WIDE = frozenset(WIDE_MARKS)
_STIRRED = _WATCHED | _WIDE
_MARKS = _WIDE | frozenset(ASCII_MARKS)

_SLICE = 1 << 19
"""Code points looked at together: a few passes over them find the marks, which are a thirtieth."""
_OF_QUOTES = frozenset(("straight-quote", "misdirected-quote", "unnested-quote"))

_NUMERALS = "〇○零一二三四五六七八九十０１２３４５６７８９"
_QUOTES = frozenset("“”‘’")
_LONGEST_DASH = 6
"""More hyphens rule off a section."""
_LIST_NUMBER = 4
"""Characters from the line's start within which a full stop may belong to a list number."""


def run_rules() -> list[dict[str, Any]]:
    """Return the rows of tables/punctuation/runs.toml."""
    rows: list[dict[str, Any]] = table_toml("punctuation/runs.toml")["run"]
    return rows


@cache
def _runs() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    return tuple((re.compile(row["run"]), row["becomes"], row["rule"]) for row in run_rules())


class Punctuation:
    """The rules for one width: "cjk", "ascii" or "keep"."""

    def __init__(self, width: str) -> None:
        self.width = width

    def batch(self, texts: Sequence[str]) -> dict[int, Changes]:
        """Return what changes in which text."""
        found: dict[int, Changes] = {}
        for part in arrays.slices(texts, size=_SLICE):
            spots, spaces = candidates(part)
            blanks = scattered(part, spaces)
            for i in sorted({*spots, *blanks}):
                text = texts[part.first + i]
                places = spots.get(i, Candidates())
                items = self.judged(text, places)
                if i in blanks:
                    items += gaps.scattered(blanks[i], items)
                items = _in_order(text, items)
                if items:
                    after, spans = _applied(text, items)
                    final = self.width == "cjk" and i not in blanks
                    final = final and _is_final(text, after, spans, places, items)
                    found[part.first + i] = Changes(items, after, final)
        if self.width == "ascii":
            for i, text in enumerate(texts):
                items = found[i].items if i in found else []
                if items := _in_order(text, items + _narrowed(text, items)):
                    found[i] = Changes(items, _applied(text, items)[0], False)
        return found

    def judged(self, text: str, places: Candidates) -> list[Found]:
        """Return what changes at these places, each kind in order."""
        found: list[Found] = []
        if self.width == "cjk" and places.plain:
            found = [
                (_NAMES[mark], at, at + 1, mark, TO_WIDE[mark])
                for at in places.plain
                for mark in text[at]
            ]
        if places.runs:
            found += [item for a, b in places.runs if (item := self._run(text, a, b))]
        if places.doubled:
            found += self._doubled(text, places.doubled, found)
        if places.drawn:
            found += [item for a, b in places.drawn if (item := _drawn(text, a, b))]
        if self.width == "cjk":
            if places.brackets:
                found += pairs.brackets(text, places.brackets)
            if places.straight:
                found += pairs.straight_quotes(text, places.straight)
            if places.curly:
                found += pairs.curly_quotes(text)
            if places.stops:
                found += _ascii_stops(text, places.stops)
        return found + gaps.between(text, places.blanks, found)

    def _doubled(self, text: str, places: Sequence[int], found: Sequence[Found]) -> list[Found]:
        """Judge `,,` between letters that are not Chinese: in a text whose marks were doubled.

        Elsewhere it is an empty field of a row, or code.
        """
        if sum(item[0] in _SCRAPED for item in found) < _SCRAPED_HABIT:
            return []
        near = (at for at in places if _beside_chinese(text, at))
        return [item for at in near if (item := self._run(text, at, at + 2, sure=True))]

    def _run(self, text: str, start: int, end: int, *, sure: bool = False) -> Found | None:
        """Judge a run of marks, and the blanks beside it; `sure`: it stands in Chinese text."""
        marks = text[start:end]
        narrow = next((mark for mark in marks if mark in _NAMES), None)
        if narrow is None:
            after, rule = settled(marks)
            return (rule, start, end, marks, after) if rule else None
        # Nobody writes an ASCII comma before a full-width mark: E65,、E66.
        prefixed = marks[0] == "," and not marks[-1].isascii()
        if not (sure or prefixed or _is_chinese(text, start, end)):
            return None
        wide = marks.translate(_WIDEN)
        after, rule = settled(wide)
        rule = rule or _NAMES[narrow]
        if self.width == "cjk":
            blank = gaps.after_mark(text, end)
            return rule, start, end + blank, text[start : end + blank], after
        after = marks if after == wide else after
        if self.width == "ascii" or marks[-1] in ASCII_MARKS:
            after = "".join(TO_ASCII.get(mark, mark) for mark in after)
        return (rule, start, end, marks, after) if after != marks else None


def _beside_chinese(text: str, at: int) -> bool:
    """Whether an ideograph stands on the line of a place, a clause away at most."""
    start = max(text.rfind("\n", 0, at), at - CLAUSE_CHARS, 0)
    end = text.find("\n", at, at + CLAUSE_CHARS)
    return has_han(text, start, end if end >= 0 else at + CLAUSE_CHARS)


def settled(run: str) -> tuple[str, str]:
    """Return what a run of full-width marks should be, and the rule ("" where it stays)."""
    if len(run) > 1:
        for pattern, becomes, rule in _runs():
            if pattern.fullmatch(run):
                return (run[-1] if becomes == "last" else becomes), rule
        if len(run) % 2 == 0 and set(run[::2]) == {"，"}:  # ，？，？: before each of several marks
            return settled(run[1::2])[0], "prefixed-mark"
    return run, ""


def _ascii_stops(text: str, places: Sequence[int]) -> list[Found]:
    """Return the ASCII full stops of a text that ends its sentences with them.

    One or two may be abbreviations or list numbers (一.总则).
    """
    places = [at for at in places if at - text.rfind("\n", 0, at) > _LIST_NUMBER]
    if len(places) < STOP_HABIT or len(places) < text.count("。"):
        return []
    ends = [at + 1 + gaps.after_mark(text, at + 1) for at in places]
    return [
        ("ascii-stop", at, end, text[at:end], "。") for at, end in zip(places, ends, strict=True)
    ]


def _drawn(text: str, start: int, end: int) -> Found | None:
    """Judge a run of dots or dashes: …… and —— beside Chinese."""
    before = text[start:end]
    if before[0] in "─－―":
        return ("drawn-dash", start, end, before, "——") if _is_dash(text, start, end) else None
    if before[0] in ".-":
        at_line_end = before[0] == "." and text[end : end + 1] in ("", "\n")
        if not is_side(text, start - 1) or not (at_line_end or is_side(text, end)):
            return None
        ranged = text[start - 1] in _NUMERALS and text[end : end + 1] in _NUMERALS
        if before[0] == "-" and (ranged or len(before) > _LONGEST_DASH):
            return None
    after = "……" if before[0] in ".…" else "——"
    return ("dotted-ellipsis" if after == "……" else "drawn-dash"), start, end, before, after


def _is_dash(text: str, start: int, end: int) -> bool:
    """Whether two characters that draw tables, or wide hyphens, are a dash in Chinese text."""
    left, right = text[start - 1 : start], text[end : end + 1]
    if end - start > 2 or (left in _NUMERALS and right in _NUMERALS):
        return False
    sides = is_side(text, start - 1), is_side(text, end)
    return any(sides) and (sides[0] or left in _QUOTES) and (sides[1] or right in _QUOTES)


def _is_chinese(text: str, start: int, end: int) -> bool:
    """Whether the marks text[start:end] stand in Chinese text.

    One Chinese neighbour is enough. Between two letters or digits they stay. Beside neutral
    characters (%, brackets, line ends) the clause before decides.
    """
    if _FACE.match(text, start) and end - start == 1 and not is_side(text, end + 1):
        return False
    if text.startswith("![", end - 1) or (text[start:end] == "::" and not is_side(text, end)):
        return False  # a picture in Markdown; a scope in code
    right = end
    while right < len(text) and text[right] in " \n" and right - end < 3:
        right += 1
    if is_side(text, start - 1):
        return not (text.startswith("//", end) or text.startswith("=", end))
    if start and text[start - 1] in WEAK_SIDE:
        return is_side(text, end) or clause_is_chinese(text, start)
    if is_side(text, right):
        same_line = "\n" not in text[end:right]
        spoken = same_line and text[start - 1 : start].isalnum()
        return right == end or spoken or clause_is_chinese(text, start)
    if right < len(text) and text[right] in WEAK_SIDE:
        return clause_is_chinese(text, start)
    if start == 0 or (right < min(len(text), end + 2) and _ALNUM.match(text, right)):
        return False
    return right > end and clause_is_chinese(text, start)


def _narrowed(text: str, found: list[Found]) -> list[Found]:
    taken = {at for _, start, end, _, _ in found for at in range(start, end)}
    return [
        ("full-width-mark", m.start(), m.end(), m[0], TO_ASCII[m[0]])
        for m in re.finditer("[，；：！？（）]", text)
        if m.start() not in taken
    ]


def _in_order(text: str, found: list[Found]) -> list[Found]:
    """Sort, and leave out what stands in addresses and code."""
    if not found:
        return found
    found.sort(key=_START)
    free = unprotected(text, list(map(_START, found)))
    return found if len(free) == len(found) else [found[i] for i in free]


def _applied(text: str, items: Sequence[Found]) -> tuple[str, list[tuple[int, int]]]:
    """Return the changed text, and where the changes are in it."""
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    cursor = size = 0
    for _, start, end, _, after in items:
        pieces += (text[cursor:start], after)
        size += start - cursor
        spans.append((size, size + len(after)))
        size += len(after)
        cursor = end
    pieces.append(text[cursor:])
    return "".join(pieces), spans


def _stirs(beside: str, after: str) -> bool:
    """Whether what stands beside a change, from the nearest on, may be judged anew."""
    if beside[:1] in _WIDE:
        return after[:1] in _WIDE or beside[1:] in _MARKS
    return beside[:1] in _WATCHED


def _is_final(
    old: str,
    text: str,
    spans: Sequence[tuple[int, int]],
    places: Candidates,
    items: Sequence[Found],
) -> bool:
    """Say whether nothing more can be found in a text that `items` made of `old`, at `spans`.

    A mark is judged by what stands beside it (four characters to its right at most) and by the
    clause before it, whose window moves with its length; a bracket by what stands beside it, and by
    how far its partner is; a quote by the others; a dot, a blank by what stands beside it.
    """
    if places.stops or places.doubled:  # which are counted
        return False
    shorter = len(old) - len(text)
    if shorter and pairs.nearly_pairs(places.brackets, shorter):
        return False
    for (start, end), (rule, _, _, before, after) in zip(spans, items, strict=True):
        if rule in _OF_QUOTES:
            return False
        # A full-width mark matters to a mark, with which it makes a run, or in a run of its own.
        if text[end : end + 1] in _STIRRED and _stirs(text[end : end + 2], after):
            return False
        left = text[start - 1 : start]
        stirred = left in _STIRRED and left + after != " （"
        if stirred and _stirs(text[max(0, start - 2) : start][::-1], after):
            return False
        moved = CLAUSE_CHARS + 1 if len(before) != len(after) else 0
        if _ASCII_MARK.search(text, max(0, start - 4), end + moved):
            return False
    return True
