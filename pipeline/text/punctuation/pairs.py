"""Brackets and quotation marks, which are judged in pairs."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from pipeline.text.marks import has_han, is_side

Found = tuple[str, int, int, str, str]

_ALNUM = re.compile("[A-Za-z0-9_]")
_BRACKET_CHARS = 200
"""The two halves of a pair of brackets stand no farther apart."""
_APART = re.compile(r"[\s()]")
_NO_FIRST = " \u3000，。、；：！？）》」』”,;:!?)"
_NO_OPENING = frozenset(["", "\n", *" \u3000，。、；：！？）》」』”,.;:!?)"])
"""What no opening quotation mark stands before: "" is the end of the text."""
_NO_LAST = " \u3000（《「『“("
_GOES_ON = re.compile("[,;]? [A-Za-z]")
_CLAUSE = 12
"""Characters before a bracket that are Latin in a Latin sentence."""
_CURLY = re.compile("[“”]")
_NUMBER = re.compile(r"[；：，。、;:,\u3000 ]([0-9]{1,2}|[A-Za-z])\Z")
_CODE = re.compile(r"""=\s?["']|["'][:,]\s?["']|\\["']|[{}]|["']\s?[+|]\s?["']""")


def brackets(text: str, places: Sequence[int]) -> list[Found]:
    """Pair the brackets (of either width, at `places`); widen the pairs in Chinese text."""
    found: list[Found] = []
    open_at: list[int] = []
    for at in places:
        if text[at] in "(（":
            open_at.append(at)
            continue
        if not open_at or at - open_at[-1] > _BRACKET_CHARS:
            open_at.clear()
            if text[at] == ")" and _is_enumerator(text, at):
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


def nearly_pairs(places: Sequence[int], less: int) -> bool:
    """Whether some of these brackets are a little too far from each other, by `less` or fewer."""
    for at in places:
        i = bisect_right(places, at + _BRACKET_CHARS)
        if i == len(places):
            return False
        if places[i] <= at + _BRACKET_CHARS + less:
            return True
    return False


def _pair_is_chinese(text: str, start: int, end: int, pair: str) -> bool:
    if pair != "()":
        return True
    if has_han(text, start + 1, end):
        if start and text[start - 1] == "]" and not _APART.search(text, start + 1, end):
            return False  # the target of a link
        if _is_latin_aside(text, start, end):
            return False  # Deep learning (深度学习) is a class of …
        called = start > 0 and _ALNUM.match(text, start - 1) is not None
        return not (called and text[start + 1] in "\"'")  # print("文本")
    alone = start == 0 or text[start - 1] in " \u3000\n"
    return is_side(text, end + 1 if alone else start - 1)


def _is_latin_aside(text: str, start: int, end: int) -> bool:
    """Whether a bracket stands in a Latin sentence: words on both sides, blanks between."""
    before = text[max(0, start - _CLAUSE) : start]
    return (
        before[-1:] == " "
        and before[-2:-1].isalpha()
        and before.isascii()
        and _GOES_ON.match(text, end + 1) is not None
    )


def _is_enumerator(text: str, at: int) -> bool:
    """Whether `)` ends a list number, at the start of a line or behind a mark: 1)文本；2)文本."""
    head = text[max(0, at - 4) : at].rpartition("\n")[2].strip(" \u3000\t")
    whole = at <= 3 or "\n" in text[max(0, at - 4) : at]
    if not whole and (number := _NUMBER.search(text, at - 4, at)):
        head, whole = number[1], True
    return whole and 0 < len(head) <= 3 and head.isalnum() and is_side(text, at + 1)


def straight_quotes(text: str, places: Sequence[int]) -> list[Found]:
    """Pair straight quotes (at `places`) around Chinese, line by line.

    A line of code, or one whose marks do not pair, is left as it is.
    """
    corner = text.count("「") > text.count("“")
    found: list[Found] = []
    for start, end, within in _by_line(text, places):
        if not _CODE.search(text, start, end) and text.find("`", start, end) < 0:
            for mark in "\"'":
                marks = [at for at in within if text[at] == mark and not _apostrophe(text, at)]
                if marks and len(marks) % 2 == 0:
                    found += _straight(text, marks, mark, corner)
    return found


def curly_quotes(text: str) -> list[Found]:
    """Turn curly quotes that face the wrong way, and nest, line by line."""
    found: list[Found] = []
    for _, _, within in _by_line(text, [m.start() for m in _CURLY.finditer(text)]):
        shape = {text[at] for at in within}
        if not has_han(text, within[0], within[-1]):
            continue
        if len(within) % 2 == 0 and len(shape) == 1:
            found += _alternated(text, within)
        else:
            found += _nested(text, within)
    return found


def _by_line(text: str, places: Sequence[int]) -> Iterator[tuple[int, int, list[int]]]:
    """Group places by line: start and end of the line, and the places on it."""
    i = 0
    while i < len(places):
        start = text.rfind("\n", 0, places[i]) + 1
        end = text.find("\n", places[i])
        end = len(text) if end < 0 else end
        within = list(places[i : bisect_left(places, end, i)])
        yield start, end, within
        i += len(within)


def _straight(text: str, places: list[int], mark: str, corner: bool) -> list[Found]:
    """Turn the straight quotes of a line into pairs; none where one pair is not what it seems."""
    shapes = ("「」" if corner else "“”", "『』" if corner else "‘’")
    found: list[Found] = []
    for first, last, depth in _quotations(text, places):
        if text[first + 1] in _NO_FIRST or text[last - 1] in _NO_LAST or last - first == 1:
            return []
        between = is_side(text, first - 1) and is_side(text, last + 1)
        if has_han(text, first + 1, last) or (between and mark == '"'):
            shape = shapes[1 if mark == "'" else depth]
            found.append(("straight-quote", first, first + 1, mark, shape[0]))
            found.append(("straight-quote", last, last + 1, mark, shape[1]))
    return found


def _quotations(text: str, places: list[int]) -> Iterator[tuple[int, int, int]]:
    """Pair the quotes of a line: first, last, and 1 for a quotation within a quotation.

    Speech is announced (他说:) and ends behind a full stop, or with a mark that can open nothing
    (说:"不去",又说:"好。"); what is quoted in between lies inside: 他说:"我读过"红楼梦"三遍。".
    All else pairs in order.
    """
    ends: list[int] = []
    i = 0
    while i + 1 < len(places):
        last = i + 1
        if places[i] and text[places[i] - 1] in "：:":
            ends = ends or _speech_ends(text, places)
            last = ends[last] or last
        yield places[i], places[last], 0
        for j in range(i + 1, last, 2):
            yield places[j], places[j + 1], 1
        i = last + 1


def _speech_ends(text: str, places: list[int]) -> list[int]:
    """Return for each quote the first of it, the next but one, ... that ends speech; 0: none."""
    ends = [0] * (len(places) + 2)
    for i in range(len(places) - 1, -1, -1):
        ends[i] = i if _ends_speech(text, places[i]) else ends[i + 2]
    return ends


def _ends_speech(text: str, at: int) -> bool:
    following = text[at + 1 : at + 2]
    return text[at - 1] in "。！？…!?" or following in _NO_OPENING


def _apostrophe(text: str, at: int) -> bool:
    """Whether a single mark belongs to a Latin word (it's), or a double one to a measure (5")."""
    left = text[at - 1 : at] if at else ""
    right = text[at + 1 : at + 2]
    if text[at] == "'":
        return (left + right).isascii() and (left.isalnum() or right.isalnum())
    return left.isdigit() and has_han(right) and '"' not in text[max(0, at - 20) : at]


def _alternated(text: str, places: list[int]) -> list[Found]:
    """Turn every second mark of a line whose marks all face one way."""
    return [
        ("misdirected-quote", at, at + 1, text[at], "“”"[i % 2])
        for i, at in enumerate(places)
        if text[at] != "“”"[i % 2]
    ]


def _nested(text: str, places: list[int]) -> list[Found]:
    """Give the quotations inside quotations their own marks (GB/T 15834: ‘ within “).

    Only where every mark of the line finds its partner.
    """
    found: list[Found] = []
    depth = 0
    for at in places:
        closes = text[at] == "”"
        depth -= closes
        if depth < 0:
            return []
        if depth % 2:
            found.append(("unnested-quote", at, at + 1, text[at], "’" if closes else "‘"))
        depth += not closes
    return found if depth == 0 else []
