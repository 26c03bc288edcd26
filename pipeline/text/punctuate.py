"""The rules of the punctuation stage, as functions from a text to the places that change.

A found place is (rule, start, end, before, after), offsets in code points of the text.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from functools import cache
from importlib.resources import files
from typing import Any

from pipeline.text.marks import ASCII_MARKS, CJK_SIDE, HAN, MARKS, TO_ASCII, TO_WIDE, WIDE_MARKS
from pipeline.text.protected import protected_spans

Found = tuple[str, int, int, str, str]

_NAMES = {
    ",": "ascii-comma",
    ";": "ascii-semicolon",
    ":": "ascii-colon",
    "!": "ascii-exclamation",
    "?": "ascii-question",
    "(": "ascii-bracket",
    ")": "ascii-bracket",
}
_WIDEN = str.maketrans(TO_WIDE)

_MARK = re.compile(
    # 1: between Chinese characters, the common case: no further question is asked
    f"(?<=[{CJK_SIDE}])([{ASCII_MARKS}])(?=[{HAN}0-9“‘《「『])"
    # 2: any other run with an ASCII mark, and the blank that layout left around it
    f"|( ?[{ASCII_MARKS}][{MARKS}]* ?|[{WIDE_MARKS}]+[{ASCII_MARKS}][{MARKS}]* ?)"
    # 3: a run of full-width marks
    f"|([{WIDE_MARKS}]{{2,}})"
    # 4: ellipses and dashes
    r"|(\.{3,}|…{3,}|—{3,}|-{2,})"
)
_SIDE = re.compile(f"[{CJK_SIDE}]")
_IS_HAN = re.compile(f"[{HAN}]")
_LATIN = re.compile("[A-Za-z]")
_ALNUM = re.compile("[A-Za-z0-9_]")
_FACE = re.compile("[:;]-?[()DPO]")
_CLAUSE_CHARS = 40
"""How far back the context of a mark between two neutral characters is read."""
_BRACKET_CHARS = 200
"""The two halves of a pair of brackets stand no farther apart."""


def run_rules() -> list[dict[str, Any]]:
    """Return the rows of tables/punctuation/runs.toml."""
    table = files("pipeline").joinpath("tables/punctuation/runs.toml").read_text("utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(table)["run"]
    return rows


@cache
def _runs() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    return tuple((re.compile(row["run"]), row["becomes"], row["rule"]) for row in run_rules())


class Punctuation:
    """The rules for one width: "cjk", "ascii" or "keep"."""

    def __init__(self, width: str) -> None:
        self.width = width

    def edits(self, text: str) -> list[Found]:
        """Return what changes, in order, not overlapping."""
        found = self._marks(text)
        if self.width == "cjk" and ("(" in text or ")" in text):
            found += _brackets(text)
        if self.width == "ascii":
            found += _narrowed(text, {at for item in found for at in range(item[1], item[2])})
        if not found:
            return found
        spans = protected_spans(text)
        if spans:
            found = [item for item in found if not _inside(spans, item[1])]
        found.sort(key=lambda item: item[1])
        return found

    def _marks(self, text: str) -> list[Found]:
        found: list[Found] = []
        widen = self.width == "cjk"
        for match in _MARK.finditer(text):
            kind, start, end = match.lastindex, match.start(), match.end()
            before = match[0]
            if kind == 1:
                if widen:
                    found.append((_NAMES[before], start, end, before, TO_WIDE[before]))
            elif kind == 2:
                item = self._run(text, start, end, before)
                if item:
                    found.append(item)
            elif kind == 3:
                after, rule = _settled(before)
                if after != before:
                    found.append((rule, start, end, before, after))
            else:
                item = _drawn(text, start, end, before)
                if item:
                    found.append(item)
        return found

    def _run(self, text: str, start: int, end: int, before: str) -> Found | None:
        """Judge a run with an ASCII mark in it, and the blanks beside it."""
        marks = before.strip(" ")
        first = start + (before[0] == " ")
        last = first + len(marks)
        if not _is_chinese(text, first, last):
            return None
        wide = marks.translate(_WIDEN)
        after, rule = _settled(wide)
        rule = rule or _NAMES[next(mark for mark in marks if mark in _NAMES)]
        if self.width != "cjk":
            after = marks if after == wide else after
            if self.width == "ascii" or marks[-1] in ASCII_MARKS:
                after = "".join(TO_ASCII.get(mark, mark) for mark in after)
            return (rule, first, last, marks, after) if after != marks else None
        if before[0] == " " and not _blank_goes(text, start - 1):
            start = first
        if before[-1] == " " and text[end : end + 1] in (" ", ""):
            end = last  # more than one blank is a column, none of ours
        return rule, start, end, text[start:end], after


def _blank_goes(text: str, at: int) -> bool:
    return at >= 0 and _SIDE.match(text, at) is not None


def _settled(run: str) -> tuple[str, str]:
    """Return what a run of full-width marks should be, and the rule ("" where it stays)."""
    if len(run) > 1:
        for pattern, becomes, rule in _runs():
            if pattern.fullmatch(run):
                return (run[-1] if becomes == "last" else becomes), rule
    return run, ""


def _drawn(text: str, start: int, end: int, before: str) -> Found | None:
    """Judge a run of dots or dashes: …… and —— beside Chinese."""
    if before[0] in ".-" and not _side_at(text, start - 1):
        return None
    at_line_end = before[0] == "." and text[end : end + 1] in ("", "\n")
    if before[0] in ".-" and not (at_line_end or _side_at(text, end)):
        return None
    after = "……" if before[0] in ".…" else "——"
    if before == after:
        return None
    return ("dotted-ellipsis" if after == "……" else "drawn-dash"), start, end, before, after


def _side_at(text: str, at: int) -> bool:
    return 0 <= at < len(text) and _SIDE.match(text, at) is not None


def _is_chinese(text: str, start: int, end: int) -> bool:
    """Whether the marks text[start:end] stand in Chinese text.

    One Chinese neighbour is enough. Between two letters or digits they stay. Beside neutral
    characters (%, brackets, line ends) the clause before decides.
    """
    if _FACE.match(text, start) and end - start == 1 and not _side_at(text, end + 1):
        return False
    right = end
    while right < len(text) and text[right] in " \n" and right - end < 3:
        right += 1
    if _side_at(text, start - 1):
        return not (text.startswith("//", end) or text.startswith("=", end))
    if right < len(text) and _SIDE.match(text, right):
        return right == end or text[start - 1 : start].isalnum() or _clause_is_chinese(text, start)
    if start == 0 or (right < min(len(text), end + 2) and _ALNUM.match(text, right)):
        return False
    return right > end and _clause_is_chinese(text, start)


def _clause_is_chinese(text: str, at: int) -> bool:
    clause = text[max(0, at - _CLAUSE_CHARS) : at].rpartition("\n")[2]
    return len(_IS_HAN.findall(clause)) > len(_LATIN.findall(clause))


def _brackets(text: str) -> list[Found]:
    """Pair the brackets of either width; widen the pairs that stand in Chinese text."""
    found: list[Found] = []
    open_at: list[int] = []
    for match in re.finditer("[()（）]", text):
        at = match.start()
        if match[0] in "(（":
            open_at.append(at)
            continue
        if not open_at or at - open_at[-1] > _BRACKET_CHARS:
            open_at.clear()
            if match[0] == ")" and _is_enumerator(text, at):
                found.append(("ascii-bracket", at, at + 1, ")", "）"))
            continue
        start = open_at.pop()
        pair = text[start] + text[at]
        if pair == "（）" or not _pair_is_chinese(text, start, at, pair):
            continue
        for place, wide in ((start, "（"), (at, "）")):
            if text[place] != wide:
                found.append(("ascii-bracket", place, place + 1, text[place], wide))
    return found


def _pair_is_chinese(text: str, start: int, end: int, pair: str) -> bool:
    if pair != "()":
        return True
    if _IS_HAN.search(text, start + 1, end):
        return True
    left = text[start - 1 : start]
    if left and _ALNUM.match(left):
        return False  # f(x), printf(3)
    return _side_at(text, start - 1) or _side_at(text, end + 1)


def _is_enumerator(text: str, at: int) -> bool:
    """Whether `)` ends a list number at the start of a line: 1)文本."""
    head = text[max(0, at - 4) : at].rpartition("\n")[2].strip(" \u3000\t")
    whole = at <= 3 or "\n" in text[max(0, at - 4) : at]
    return whole and 0 < len(head) <= 3 and head.isalnum() and _side_at(text, at + 1)


def _narrowed(text: str, taken: set[int]) -> list[Found]:
    return [
        ("full-width-mark", m.start(), m.end(), m[0], TO_ASCII[m[0]])
        for m in re.finditer("[，；：！？（）]", text)
        if m.start() not in taken
    ]


def _inside(spans: list[tuple[int, int]], at: int) -> bool:
    i = bisect_right(spans, (at, 1 << 62)) - 1
    return i >= 0 and spans[i][0] <= at < spans[i][1]
