"""Which lines at the two ends of a text are its byline: what stands where, and beside what.

`pipeline.text.byline` reads one line; here lines vouch for one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.text import byline, names
from pipeline.text.byline import Statement
from pipeline.text.ends import HEAD_CHARS, TAIL_CHARS
from pipeline.text.fold import fold
from pipeline.text.headline import is_title, original_title

PEOPLE = ("author", "correspondent", "editor", "photographer", "translator")
_FORM = re.compile(r"[\s【\[]*[^\s:：](?:\s{0,3}[^\s:：]){1,5}[】\]]?\s*[:：]")
# 1987年9月15日 国务院发布 heads a statute and is its text; pages stamp in figures or to the minute.
_STAMP = re.compile(r"\d{4}[-/.]\d|\d:\d\d|\d版")
_RUN = 15  # more byline lines in a row than this are a list of credits, which is content


@dataclass(slots=True)
class Line:
    """A line that is not blank: its span, its text, what it says, and whether it goes."""

    start: int
    end: int
    text: str
    says: tuple[Statement, ...] = ()
    deep: bool = False
    goes: bool = False


def find_bylines(
    text: str, head_lines: int, tail_lines: int, deep_lines: int
) -> tuple[list[Line], list[Line]]:
    """Return the lines of the head and of the tail of a text, those marked that are bylines.

    The tail is empty where the head reaches the end of the text.
    """
    both = (text, fold(text))
    head = _scan(both, _forwards(text), head_lines, head_lines, HEAD_CHARS)
    stop = head[-1].end + 1 if head else 0
    tail = _scan(both, _backwards(text, stop), tail_lines, deep_lines, TAIL_CHARS)[::-1]
    if tail:
        _judge(head, head=True)
        _judge(tail)
    else:  # one window: what stands near the end of a short text is its tail
        _judge(head, head=True)
    _spare_lists([*head, *tail])
    return head, tail


def _forwards(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _backwards(text: str, stop: int) -> Iterator[tuple[int, int]]:
    """Lines from the end; none of them begins before `stop`, which is the start of a line."""
    end = len(text)
    while end > stop:
        start = max(text.rfind("\n", stop, end) + 1, stop)
        yield start, end
        end = start - 1


def _scan(
    both: tuple[str, str], spans: Iterable[tuple[int, int]], near: int, deep: int, chars: int
) -> list[Line]:
    """Return the lines of one end of the text, up to `deep` that are no bylines.

    Bylines do not count, so that taking them away brings no other line within reach; but a long
    run of them is a list, and ends the search.
    """
    text, folded = both
    found: list[Line] = []
    others = run = 0
    for start, end in spans:
        line = Line(start, end, "")
        if end - start <= byline.MAX_CHARS * 4:
            line.text = text[start:end]
            if not line.text.strip():
                continue
            line.says = byline.read(line.text, folded[start:end])
            if not line.says and "原" in line.text[:8]:
                line.says = _renamed(line.text)
        if line.says:
            run += 1
            if run > _RUN:
                return found[: len(found) - _RUN]
        else:
            others += 1
            chars -= end - start + 1
            run = 0
        line.deep = others > near
        found.append(line)
        if others >= deep or chars < 0:
            break
    return found


def _renamed(line: str) -> tuple[Statement, ...]:
    title = original_title(line)
    return (Statement("original-title", "original_title", title, True),) if title else ()


def _judge(lines: Sequence[Line], *, head: bool = False) -> None:
    """Mark the lines that go: bylines with a sure statement in them or in a line beside them."""
    i = 0
    while i < len(lines):
        if not lines[i].says:
            i += 1
            continue
        first = i
        while i < len(lines) and lines[i].says:
            i += 1
        block = lines[first:i]
        following = lines[i] if i < len(lines) else None
        value = _value_below(block[-1], following)
        sure = value or _is_sure(block) or (head and _is_dateline(lines, first, i))
        if not (sure or _is_placed(lines, first, i, head=head)) or _in_form(lines, first, i):
            continue
        for line in block:
            line.goes = not line.deep or any(s.deep for s in line.says)
        if value and following and block[-1].goes:
            following.says, following.goes = (value,), True
            i += 1


def _is_sure(block: Sequence[Line]) -> bool:
    """Whether lines that could be bylines are: one sure statement, or three kinds of weak ones."""
    says = [s for line in block for s in line.says]
    kinds = {s.column for s in says if s.column and (s.value or s.open)}
    answered = any(
        one.says[-1].open and one.says[-1].column == other.says[0].column and other.says[0].value
        for one, other in pairwise(block)
    )
    beside = any(
        any(s.likely for s in line.says) and any(s.column == "published_at" for s in line.says)
        for line in block
    )
    return answered or beside or any(s.alone for s in says) or len(kinds) >= 3


def _is_placed(lines: Sequence[Line], first: int, last: int, *, head: bool) -> bool:
    """Whether a likely byline stands where bylines stand: under the title, or at the very end."""
    if not any(s.likely for line in lines[first:last] for s in line.says):
        return False
    under_title = head and 1 <= first <= 3 and is_title(lines[first - 1].text)
    return under_title or last >= len(lines) - 1


def _in_form(lines: Sequence[Line], first: int, last: int) -> bool:
    """Whether other labels stand beside a block (性味：, 索引号：): a form, which is content."""
    labels = sum(
        _FORM.match(lines[i].text) is not None
        for i in (first - 2, first - 1, last, last + 1)
        if 0 <= i < len(lines) and not lines[i].says and _is_short(lines[i].text)
    )
    sure = any(s.alone and s.value for line in lines[first:last] for s in line.says)
    return labels > int(sure)


def _is_short(text: str) -> bool:
    return len(text) <= 40 and "。" not in text


def _is_dateline(lines: Sequence[Line], first: int, last: int) -> bool:
    """Whether a date, with a paper or without, dates the page: right under a title."""
    if last - first > 2 or not 1 <= first <= 3 or last >= len(lines):
        return False
    block = lines[first:last]
    columns = {s.column for line in block for s in line.says}
    return (
        "published_at" in columns <= {"published_at", "source", ""}
        and any(_STAMP.search(line.text) for line in block)
        and is_title(lines[first - 1].text)
        and len(lines[last].text) > len(lines[first - 1].text)
    )


def _value_below(line: Line, following: Line | None) -> Statement | None:
    """Return what the line below says for a label that ends a line."""
    label = line.says[-1]
    value = _value_of(label, following.text) if label.open and following else None
    return None if value is None else replace(label, value=value, open=False, alone=True)


def _value_of(label: Statement, text: str) -> object | None:
    """Read a line as the value of the label on the line before it; None where it is none."""
    value = text.strip()
    if label.column in PEOPLE:
        return names.people(value, strict=True) or None
    if label.rule == "byline-view-count":
        return value if value.isdecimal() else None
    if label.column == "source" and len(value) <= 16:
        return names.source(value) if names.is_outlet(value) else None
    return None


def _spare_lists(lines: Sequence[Line]) -> None:
    """Leave the lines of a list in which one role recurs: books and poems with their authors."""
    seen: dict[str, int] = {}
    for before, line in zip((None, *lines), lines, strict=False):
        if line.goes and not (before and before.goes):
            for column in {s.column for s in line.says if s.value is not None}:
                seen[column] = seen.get(column, 0) + 1
    for line in lines:
        if any(seen.get(s.column, 0) > 2 for s in line.says):  # head, tail, and no third
            line.goes = False
