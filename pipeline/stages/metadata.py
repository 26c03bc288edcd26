"""Metadata: what a page says about its article leaves the text and becomes columns.

Only the two ends of a text are looked at. A line goes if it is a byline from its first character to
its last (`pipeline.text.byline`) and at least one of its statements, or of the lines beside it, can
be nothing else. What stands in running text stays: a date in a sentence is not the article's date,
and the reporter in a dateline is named in a column but not cut out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from pipeline.census import ALWAYS, Census
from pipeline.document import Document, Edit
from pipeline.stages.base import Apply, ApplyBatch, Options, Outcome, Stage, option
from pipeline.text import byline, dates, names
from pipeline.text.byline import Statement
from pipeline.text.ends import HEAD_CHARS, TAIL_CHARS, worth_reading
from pipeline.text.fold import fold
from pipeline.text.headline import dateline, is_title, marked_title, original_title, title_above

PEOPLE = ("author", "correspondent", "editor", "photographer", "translator")
COLUMNS = (*PEOPLE, "title", "source", "published_at", "url", "place")
_FORM = re.compile(r"[\s【\[]*[^\s:：]{1,3}(?:\s{0,3}[^\s:：]){1,5}[】\]]?\s*[:：]")
# 1987年9月15日 国务院发布 heads a statute and is its text; pages stamp in figures or to the minute.
_STAMP = re.compile(r"\d{4}[-/.]\d|\d:\d\d")
_RUN = 15  # more byline lines in a row than this are a list of credits, which is content


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataOptions(Options):
    """Options of the metadata stage."""

    head_lines: int = option(8, "lines of the article looked at from its start", ge=1, le=100)
    tail_lines: int = option(12, "lines of the article looked at from its end", ge=1, le=100)
    deep_lines: int = option(
        40, "lines looked at from the end for what is surely a byline", ge=1, le=1000
    )


@dataclass(slots=True)
class _Line:
    """A line that is not blank: its span, its text, what it says, and whether it goes."""

    start: int
    end: int
    text: str
    says: tuple[Statement, ...] = ()
    deep: bool = False
    goes: bool = False


def build_batch(options: MetadataOptions) -> ApplyBatch:
    """Return the stage's function for a batch."""

    def apply_batch(documents: Sequence[Document], _: Census) -> list[Outcome]:
        worth = worth_reading([document.text for document in documents])
        read = map(_with_fields_read, documents)
        return [
            _settled(document, options) if yes else document
            for document, yes in zip(read, worth, strict=True)
        ]

    return apply_batch


def build(options: MetadataOptions) -> Apply:
    """Return the stage's function."""

    def apply(document: Document) -> Document:
        document = _with_fields_read(document)
        return _settled(document, options) if worth_reading([document.text])[0] else document

    return apply


def _settled(document: Document, options: MetadataOptions) -> Document:
    # What one pass takes away can bring another byline within reach. Three layers are more than
    # has been seen, and the bound keeps a hostile page linear.
    for _ in range(3):
        before = document.text
        document = _one_pass(document, options)
        if document.text is before:
            break
    return document


def _with_fields_read(document: Document) -> Document:
    """Bring the fields that came with the record into the form of the columns."""
    read: dict[str, object] = {}
    when = document.columns.get("published_at")
    if isinstance(when, str):
        read["published_at"] = dates.read(when)
    for column in PEOPLE:
        value = document.columns.get(column)
        if isinstance(value, str):
            read[column] = names.people(value) or []
    return document.edited([], **read) if read else document


def _one_pass(document: Document, options: MetadataOptions) -> Document:
    text = document.text
    both = (text, fold(text))
    near, deep = options.head_lines, options.deep_lines
    head = _scan(both, _forwards(text), near, near, HEAD_CHARS)
    stop = head[-1].end + 1 if head else 0
    tail = _scan(both, _backwards(text, stop), options.tail_lines, deep, TAIL_CHARS)[::-1]
    lines = [*head, *tail]
    if tail:
        _judge(head, head=True)
        _judge(tail)
    else:  # one window: what stands near the end of a short text is its tail
        _judge(lines, head=True)
    _spare_lists(lines)
    signed = _signed(tail or head)
    found = _columns(head, lines, signed, document.columns)
    edits = _edits(text, lines, signed)
    return document.edited(edits, **found) if edits or found else document


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
) -> list[_Line]:
    """Return the lines of one end of the text, up to `deep` that are no bylines.

    Bylines do not count, so that taking them away brings no other line within reach; but a long
    run of them is a list, and ends the search.
    """
    text, folded = both
    found: list[_Line] = []
    others = run = 0
    for start, end in spans:
        line = _Line(start, end, "")
        if end - start <= byline.MAX_CHARS * 4:
            line.text = text[start:end]
            if not line.text.strip():
                continue
            line.says = byline.read(line.text, folded[start:end]) or _renamed(line.text)
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


def _judge(lines: Sequence[_Line], *, head: bool = False) -> None:
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


def _is_sure(block: Sequence[_Line]) -> bool:
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


def _is_placed(lines: Sequence[_Line], first: int, last: int, *, head: bool) -> bool:
    """Whether a likely byline stands where bylines stand: under the title, or at the very end."""
    if not any(s.likely for line in lines[first:last] for s in line.says):
        return False
    under_title = head and 1 <= first <= 3 and is_title(lines[first - 1].text)
    return under_title or last >= len(lines) - 1


def _in_form(lines: Sequence[_Line], first: int, last: int) -> bool:
    """Whether other labels stand beside a block (性味：, 索引号：): a form, which is content."""
    if any(s.alone and s.value for line in lines[first:last] for s in line.says):
        return False
    return any(
        _FORM.match(lines[i].text)
        for i in (first - 2, first - 1, last, last + 1)
        if 0 <= i < len(lines) and not lines[i].goes
    )


def _is_dateline(lines: Sequence[_Line], first: int, last: int) -> bool:
    """Whether a date, with a paper or without, dates the page: right under a title."""
    if last - first != 1 or not 1 <= first <= 3 or last >= len(lines):
        return False
    return (
        {s.column for s in lines[first].says} <= {"published_at", "source", ""}
        and any(s.column == "published_at" for s in lines[first].says)
        and _STAMP.search(lines[first].text) is not None
        and is_title(lines[first - 1].text)
        and len(lines[last].text) > len(lines[first - 1].text)
    )


def _value_below(line: _Line, following: _Line | None) -> Statement | None:
    """Return what the line below says for a label that ends a line."""
    label = line.says[-1]
    value = _value_of(label, following.text) if label.open and following else None
    return None if value is None else replace(label, value=value, open=False, alone=True)


def _value_of(label: Statement, text: str) -> object | None:
    """Read a line as the value of the label on the line before it; None where it is none."""
    value = text.strip()
    if label.column in PEOPLE:
        return names.people(value, strict=True) or None
    if label.column == "source" and len(value) <= 16:
        return names.source(value) if names.is_outlet(value) else None
    return None


def _spare_lists(lines: Sequence[_Line]) -> None:
    """Leave the lines of a list in which one role recurs: books and poems with their authors."""
    seen: dict[str, int] = {}
    for before, line in zip((None, *lines), lines, strict=False):
        if line.goes and not (before and before.goes):
            for column in {s.column for s in line.says if s.value is not None}:
                seen[column] = seen.get(column, 0) + 1
    for line in lines:
        if any(seen.get(s.column, 0) > 2 for s in line.says):  # head, tail, and no third
            line.goes = False


@dataclass(frozen=True, slots=True)
class _Signed:
    """The bracketed byline at the end of a paragraph: its span and what it says.

    Editors and sources are cut off; a reporter in brackets belongs to the paragraph and stays.
    """

    start: int
    end: int
    says: tuple[Statement, ...]

    @property
    def goes(self) -> bool:
        return all(s.alone and s.column in ("editor", "source") for s in self.says)


def _signed(lines: Sequence[_Line]) -> _Signed | None:
    """Return the 【编辑：某某】 that was set behind the last sentence instead of below it."""
    for line in [line for line in lines if not line.goes][-3:][::-1]:
        inner = byline.trailing(line.text)
        if inner is not None:
            at, says = inner
            return _Signed(line.start + at, line.start + len(line.text.rstrip()), says)
    return None


def _columns(
    head: Sequence[_Line],
    lines: Sequence[_Line],
    signed: _Signed | None,
    known: Mapping[str, object],
) -> dict[str, object]:
    """Return the columns that the lines fill; a column that the record brought is left alone."""
    found: dict[str, Any] = {}
    statements = [s for line in lines if line.goes for s in line.says]
    statements += signed.says if signed and signed.goes else ()
    for statement in statements:
        if statement.value is None or not statement.column:
            continue
        if statement.column in PEOPLE:
            so_far = found.setdefault(statement.column, [])
            so_far += [name for name in statement.value if name not in so_far]
        else:
            found.setdefault(statement.column, statement.value)
    if title := _title(head):
        found["title"] = title
    for line in [line for line in head if not line.goes][:4]:
        if said := dateline(line.text):
            for column, value in said.items():
                found.setdefault(column, value)
            break
    for statement in signed.says if signed else ():
        if statement.column in PEOPLE and statement.value:
            found.setdefault(statement.column, statement.value)
    return {c: v for c, v in found.items() if c in COLUMNS and not known.get(c)}


def _title(head: Sequence[_Line]) -> str | None:
    if head and (marked := marked_title(head[0].text)):
        return marked
    above: list[str] = []
    for line in head:
        if line.goes and above:
            if title := title_above(above):
                return title
            break
        if not line.goes:
            above.append(line.text)
    return next((t for line in head if line.goes and (t := original_title(line.text))), None)


def _edits(text: str, lines: Sequence[_Line], signed: _Signed | None) -> list[Edit]:
    """Return one edit a line that goes, with the line breaks that would be left doubled."""
    edits: list[Edit] = []
    run: list[_Line] = []
    for line in [line for line in lines if line.goes]:
        if run and text[run[-1].end : line.start].strip("\n"):
            edits += _run_edits(text, run)
            run = []
        run.append(line)
    edits += _run_edits(text, run) if run else []
    if signed and signed.goes:
        edits.append(_edit(text, signed.start, signed.end, signed.says))
    return sorted(edits, key=lambda edit: edit.start)


def _run_edits(text: str, run: Sequence[_Line]) -> list[Edit]:
    """Return the edits for lines with nothing but line breaks between them."""
    start, end = run[0].start, run[-1].end
    after = end
    while after < len(text) and text[after] == "\n":
        after += 1
    if after == len(text):  # the last line: the breaks before it go, those behind it stay
        while start and text[start - 1] == "\n":
            start -= 1
    elif start == 0 or text[max(start - 2, 0) : start] == "\n\n":
        end = after
    else:
        end += 1
    cuts = [start, *(line.start for line in run[1:]), end]
    return [_edit(text, cuts[i], cuts[i + 1], line.says) for i, line in enumerate(run)]


def _edit(text: str, start: int, end: int, says: Sequence[Statement]) -> Edit:
    rule = "+".join(dict.fromkeys(s.rule for s in says))
    return Edit("metadata", rule, start, end, text[start:end], "", 1.0, _note(says))


def _note(says: Sequence[Statement]) -> str:
    """Say where the values went: `author=张龙; published_at=… (zone assumed)`."""
    parts: list[str] = []
    for statement in says:
        if statement.value is None or not statement.column:
            continue
        value = statement.value
        if isinstance(value, list):
            shown = "、".join(value)
        elif isinstance(value, str):
            shown = value
        else:
            shown = value.isoformat() + ("" if statement.zoned else " (zone assumed)")
        parts.append(f"{statement.column}={shown}")
    return "; ".join(parts)


STAGE = Stage(
    name="metadata",
    summary="title, author, source, date, editor leave the text and become columns",
    wakes=ALWAYS,
    options=MetadataOptions,
    build=build,
    build_batch=build_batch,
    adds=COLUMNS,
)
