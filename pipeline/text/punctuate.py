"""The rules of the punctuation stage: from a batch of texts to the places that change.

A found place is (rule, start, end, before, after), offsets in code points of its text. One look at
flags per code point finds the candidates of a whole batch; the plain case, an ASCII mark between
two Chinese characters, is decided there, the others one by one.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.text import codes as arrays
from pipeline.text import gaps, pairs
from pipeline.text.marks import (
    ASCII_MARKS,
    CJK_SIDE,
    HAN,
    KANA_HANGUL,
    TO_ASCII,
    TO_WIDE,
    WEAK_SIDE,
    WIDE_MARKS,
    clause_is_chinese,
    is_side,
)
from pipeline.text.protected import protected_spans

Found = tuple[str, int, int, str, str]

_NAMES = {
    ",": "ascii-comma",
    ";": "ascii-semicolon",
    ":": "ascii-colon",
    "!": "ascii-exclamation",
    "?": "ascii-question",
}
_PLAIN = {mark: (rule, TO_WIDE[mark]) for mark, rule in _NAMES.items()}
_WIDEN = str.maketrans(TO_WIDE)
_ALNUM = re.compile("[A-Za-z0-9_]")
_FACE = re.compile("[:;]-?[()DPO]")

SIDE, RIGHT, ASCII, WIDE, PAREN, DRAWN, FOREIGN, QUOTE = (1 << i for i in range(8))
CURLY, BLANK, ALNUM, CLOSING, SEPARATING, LETTER, BREAK, ROUND = (1 << i for i in range(8, 16))
WEAK = 1 << 16
_NUMERALS = "〇○零一二三四五六七八九十０１２３４５６７８９"
_LONGEST_DASH = 6
"""More hyphens rule off a section."""
_STOP_HABIT = 3
"""ASCII full stops after ideographs that make a habit."""
_LIST_NUMBER = 4
"""Characters from the line's start within which a full stop may belong to a list number."""
_DRAWN_LEAST = {".": 3, "…": 3, "—": 3, "-": 2}
"""How many of these in a row are worth a look."""


@cache
def _table() -> NDArray[np.uint32]:
    table = arrays.flag_table(
        {
            SIDE: CJK_SIDE,
            RIGHT: HAN + "0-9“‘《「『",
            ASCII: ASCII_MARKS,
            WIDE: WIDE_MARKS,
            PAREN: "()",
            ROUND: "()（）",
            WEAK: WEAK_SIDE,
            DRAWN: ".…—-",
            FOREIGN: KANA_HANGUL,
            QUOTE: "\"'",
            CURLY: "“”",
            BLANK: " \u3000",
            ALNUM: "A-Za-z0-9_",
            CLOSING: gaps.CLOSING,
            SEPARATING: gaps.SEPARATING,
            LETTER: HAN,
            BREAK: " \n",
        }
    )
    table[0xFFFF] = 0  # stands for all that is beyond the BMP: emoji oftener than ideographs
    return table


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

    def batch(self, texts: Sequence[str]) -> dict[int, list[Found]]:
        """Return what changes in which text, in order, not overlapping."""
        found: dict[int, list[Found]] = {}
        for part in arrays.slices(texts):
            for i, places in _candidates(part).items():
                text = texts[part.first + i]
                items = self._judged(text, places)
                if items:
                    found[part.first + i] = items
        if self.width == "ascii":
            for i, text in enumerate(texts):
                found[i] = found.get(i, []) + _narrowed(text, found.get(i, []))
        kept = {i: _settled_order(texts[i], items) for i, items in found.items()}
        return {i: items for i, items in kept.items() if items}

    def _judged(self, text: str, places: Candidates) -> list[Found]:
        found: list[Found] = []
        if self.width == "cjk":
            for at in places.plain:
                mark = text[at]
                rule, after = _PLAIN[mark]
                found.append((rule, at, at + 1, mark, after))
        found += [item for a, b in places.runs if (item := self._run(text, a, b))]
        found += [item for a, b in places.drawn if (item := _drawn(text, a, b))]
        if self.width == "cjk":
            if places.brackets:
                found += pairs.brackets(text, places.brackets)
            if places.straight:
                found += pairs.straight_quotes(text, places.straight)
            if places.curly:
                found += pairs.curly_quotes(text)
            found += _ascii_stops(text, places.stops)
        return found + gaps.between(text, places.blanks, found)

    def _run(self, text: str, start: int, end: int) -> Found | None:
        """Judge a run of marks, and the blanks beside it."""
        marks = text[start:end]
        narrow = next((mark for mark in marks if mark in _NAMES), None)
        if narrow is None:
            after, rule = settled(marks)
            return (rule, start, end, marks, after) if rule else None
        if not _is_chinese(text, start, end):
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


class Candidates:
    """The places of one text that are worth a look.

    `plain`: ASCII marks between Chinese characters. `runs`, `drawn`: (start, end) of other runs of
    marks, and of dots and dashes. `blanks`: blanks beside Chinese characters. `straight`: straight
    quotes. `stops`: ASCII full stops after ideographs. `brackets`: all, where there are ASCII
    ones. `curly`: curly quotes out of their order.
    """

    __slots__ = ("blanks", "brackets", "curly", "drawn", "plain", "runs", "stops", "straight")

    def __init__(self) -> None:
        self.plain: list[int] = []
        self.runs: list[tuple[int, int]] = []
        self.drawn: list[tuple[int, int]] = []
        self.blanks: list[int] = []
        self.straight: list[int] = []
        self.stops: list[int] = []
        self.brackets: list[int] = []
        self.curly: list[int] = []


def _candidates(part: arrays.Codes) -> dict[int, Candidates]:
    """Return the places worth a look, by the number of the text in the slice."""
    flags = arrays.flags_of(part.codes, _table())
    foreign = _foreign(part, flags)
    found: dict[int, Candidates] = {}

    def give(name: str, places: NDArray[np.intp], ends: NDArray[np.intp] | None = None) -> None:
        owners = part.owners(places)
        local = (places - part.starts[owners]).tolist()
        until = None if ends is None else (ends - part.starts[owners]).tolist()
        cuts = np.flatnonzero(np.diff(owners, prepend=-1)).tolist()
        for a, b in pairwise([*cuts, len(local)]):
            i = int(owners[a])
            if i not in foreign:
                item = found.get(i) or found.setdefault(i, Candidates())
                mine = local[a:b]
                setattr(item, name, list(zip(mine, until[a:b], strict=True)) if until else mine)

    starts, ends, plain = _mark_runs(flags)
    give("plain", starts[plain])
    give("runs", starts[~plain], ends[~plain])
    give("drawn", *_drawn_runs(part.codes, flags))
    give("blanks", _blanks(flags))
    give("stops", _stops(part.codes, flags))
    give("brackets", _brackets(part, flags))
    give("straight", np.flatnonzero(flags & QUOTE))
    give("curly", _odd_quotes(part, flags))
    return found


def _mark_runs(
    flags: NDArray[np.uint32],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return start, end and "plain" of each run of marks that is not one full-width mark.

    Left out are ASCII marks that no Chinese neighbour and no line end could widen.
    """
    places = np.flatnonzero(flags & (ASCII | WIDE))
    if not len(places):
        return places, places, places.astype(bool)
    first = np.flatnonzero(np.diff(places, prepend=-2) != 1)
    sizes = np.diff(first, append=len(places))
    narrow = np.logical_or.reduceat((flags[places] & ASCII) != 0, first)
    kept = narrow | (sizes > 1)
    starts, sizes, narrow = places[first[kept]], sizes[kept], narrow[kept]
    ends = starts + sizes
    right = flags[ends]
    left = flags[starts - 1]
    beside = (left & SIDE) != 0
    beyond = flags[np.minimum(ends + 1, len(flags) - 1)]
    open_end = ((right & BREAK) != 0) & ((beyond & ALNUM) == 0)
    kept = ~narrow | ((left & (SIDE | WEAK)) != 0) | ((right & (SIDE | WEAK)) != 0) | open_end
    framed = beside | (((left & WEAK) != 0) & ((right & LETTER) != 0))
    plain = narrow & (sizes == 1) & framed & ((right & RIGHT) != 0)
    return starts[kept], ends[kept], plain[kept]


def _brackets(part: arrays.Codes, flags: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Return the brackets of either width in the texts that have ASCII ones."""
    narrow = np.flatnonzero(flags & PAREN)
    if not len(narrow):
        return narrow
    mixed = np.zeros(len(part.starts) - 1, np.bool_)
    mixed[part.owners(narrow)] = True
    places = np.flatnonzero(flags & ROUND)
    return np.compress(mixed[part.owners(places)], places)


def _stops(codes: NDArray[np.uint32], flags: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Return the ASCII full stops between an ideograph and another, a blank or a line end."""
    places = np.flatnonzero(codes == ord("."))
    after = ((flags[places - 1] & LETTER) != 0) & ((flags[places + 1] & (LETTER | BREAK)) != 0)
    return np.compress(after, places)


def _blanks(flags: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Return the blanks before a closing mark, after a separating one, and between ideographs."""
    places = np.flatnonzero(flags & BLANK)
    left, right = flags[places - 1], flags[np.minimum(places + 1, len(flags) - 1)]
    closing = (right & CLOSING) != 0
    lettered = ((left & (LETTER | SEPARATING)) != 0) & ((right & LETTER) != 0)
    return np.compress(closing | lettered, places)


def _drawn_runs(
    codes: NDArray[np.uint32], flags: NDArray[np.uint32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return start and end of each long run of one kind of dot or dash."""
    places = np.flatnonzero(flags & DRAWN)
    if not len(places):
        return places, places
    kinds = codes[places]
    changes = (np.diff(places, prepend=-2) != 1) | (np.diff(kinds, prepend=0) != 0)
    first = np.flatnonzero(changes)
    sizes = np.diff(first, append=len(places))
    least = np.zeros(len(first), np.int64)
    for char, count in _DRAWN_LEAST.items():
        least[kinds[first] == ord(char)] = count
    kept = sizes >= least
    return places[first[kept]], places[first[kept]] + sizes[kept]


def _odd_quotes(part: arrays.Codes, flags: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Return curly quotes that follow one of the same direction, or close what is not open."""
    places = np.flatnonzero(flags & CURLY)
    if not len(places):
        return places
    closing = part.codes[places] == ord("”")
    first = np.diff(part.owners(places), prepend=-1) != 0
    same = np.concatenate([closing[:1], closing[1:] == closing[:-1]])
    return places[np.where(first, closing, same)]


def _foreign(part: arrays.Codes, flags: NDArray[np.uint32]) -> frozenset[int]:
    """Return the texts that are Japanese or Korean: a kana or hangul for every four ideographs.

    A Chinese text with a Japanese name in it has one for a hundred.
    """
    places = np.flatnonzero(flags & FOREIGN)
    if not len(places):
        return frozenset()
    size = len(part.starts) - 1
    foreign = np.bincount(part.owners(places), minlength=size)
    han = np.bincount(part.owners(np.flatnonzero(flags & LETTER)), minlength=size)
    return frozenset(np.flatnonzero(foreign * 4 > han).tolist())


def settled(run: str) -> tuple[str, str]:
    """Return what a run of full-width marks should be, and the rule ("" where it stays)."""
    if len(run) > 1:
        for pattern, becomes, rule in _runs():
            if pattern.fullmatch(run):
                return (run[-1] if becomes == "last" else becomes), rule
    return run, ""


def _ascii_stops(text: str, places: Sequence[int]) -> list[Found]:
    """Return the ASCII full stops of a text that ends its sentences with them.

    One or two may be abbreviations or list numbers (一.总则).
    """
    places = [at for at in places if at - text.rfind("\n", 0, at) > _LIST_NUMBER]
    if len(places) < _STOP_HABIT or len(places) < text.count("。"):
        return []
    ends = [at + 1 + gaps.after_mark(text, at + 1) for at in places]
    return [
        ("ascii-stop", at, end, text[at:end], "。") for at, end in zip(places, ends, strict=True)
    ]


def _drawn(text: str, start: int, end: int) -> Found | None:
    """Judge a run of dots or dashes: …… and —— beside Chinese."""
    before = text[start:end]
    if before[0] in ".-":
        at_line_end = before[0] == "." and text[end : end + 1] in ("", "\n")
        if not is_side(text, start - 1) or not (at_line_end or is_side(text, end)):
            return None
        ranged = text[start - 1] in _NUMERALS and text[end : end + 1] in _NUMERALS
        if before[0] == "-" and (ranged or len(before) > _LONGEST_DASH):
            return None
    after = "……" if before[0] in ".…" else "——"
    return ("dotted-ellipsis" if after == "……" else "drawn-dash"), start, end, before, after


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


def _settled_order(text: str, found: list[Found]) -> list[Found]:
    """Sort, and leave out what stands in addresses and code."""
    spans = protected_spans(text)
    if spans:
        found = [item for item in found if not _inside(spans, item[1])]
    found.sort(key=itemgetter(1))
    return found


def _inside(spans: list[tuple[int, int]], at: int) -> bool:
    i = bisect_right(spans, (at, 1 << 62)) - 1
    return i >= 0 and spans[i][0] <= at < spans[i][1]
