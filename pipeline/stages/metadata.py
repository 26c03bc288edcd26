"""Metadata: what a page says about its article leaves the text and becomes columns.

Only the two ends of a text are looked at. A line goes if it is a byline from its first character to
its last (`pipeline.text.byline`) and at least one of its statements, or of the lines beside it, can
be nothing else. What stands in running text stays: a date in a sentence is not the article's date,
and the reporter in a dateline is named in a column but not cut out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.census import ALWAYS
from pipeline.document import Document, Edit
from pipeline.stages.base import Apply, Options, Stage, option
from pipeline.text import byline, dates, names
from pipeline.text.byline import Statement
from pipeline.text.headline import dateline, original_title, title_above

PEOPLE = ("author", "correspondent", "editor", "photographer", "translator")
COLUMNS = (*PEOPLE, "title", "source", "published_at", "url", "place")
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


def build(options: MetadataOptions) -> Apply:
    """Return the stage's function."""

    def apply(document: Document) -> Document:
        document = _with_fields_read(document)
        # What one pass takes away can bring another byline within reach. Three layers are more
        # than has been seen, and the bound keeps a hostile page linear.
        for _ in range(3):
            before = document.text
            document = _one_pass(document, options)
            if document.text is before:
                break
        return document

    return apply


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
    head = _scan(text, _forwards(text), options.head_lines, options.head_lines)
    stop = head[-1].end + 1 if head else 0
    tail = _scan(text, _backwards(text, stop), options.tail_lines, options.deep_lines)[::-1]
    lines = [*head, *tail]
    _judge(head)
    if stop > len(text):  # one window: what stands near the end of a short text is its tail
        _judge(lines)
    else:
        _judge(tail)
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


def _scan(text: str, spans: Iterable[tuple[int, int]], near: int, deep: int) -> list[_Line]:
    """Return the lines of one end of the text, up to `deep` that are no bylines.

    Bylines do not count, so that taking them away brings no other line within reach; but a long
    run of them is a list, and ends the search.
    """
    found: list[_Line] = []
    others = run = 0
    for start, end in spans:
        line = _Line(start, end, "")
        if end - start <= byline.MAX_CHARS * 4:
            line.text = text[start:end]
            if not line.text.strip():
                continue
            line.says = byline.read(line.text)
        if line.says:
            run += 1
            if run > _RUN:
                return found[: len(found) - _RUN]
        else:
            others += 1
            run = 0
        line.deep = others > near
        found.append(line)
        if others >= deep:
            break
    return found


def _judge(lines: Sequence[_Line]) -> None:
    """Mark the lines that go: bylines with a sure statement in them or in a line beside them."""
    i = 0
    while i < len(lines):
        if not lines[i].says:
            i += 1
            continue
        block = i
        while i < len(lines) and lines[i].says:
            i += 1
        if not any(s.alone for line in lines[block:i] for s in line.says):
            continue
        for line in lines[block:i]:
            line.goes = not line.deep or any(s.deep for s in line.says)
        last = lines[i - 1].says[-1]
        if last.open and lines[i - 1].goes and i < len(lines):
            value = _value_of(last, lines[i].text)
            if value is not None:
                lines[i].says = (replace(last, value=value, open=False),)
                lines[i].goes = True
                i += 1


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
    return {c: v for c, v in found.items() if not known.get(c)}


def _title(head: Sequence[_Line]) -> str | None:
    for i, line in enumerate(head):
        if line.goes and i:
            return title_above([other.text for other in head[:i] if not other.goes])
        if line.goes:
            break
    return next((t for line in head if (t := original_title(line.text))), None)


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
    adds=COLUMNS,
)
