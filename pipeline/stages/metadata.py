"""Metadata: what a page says about its article leaves the text and becomes columns.

Only the two ends of a text are looked at. A line goes if it is a byline from its first character
to its last (`text/metadata/byline.py`) and at least one of its statements, or of the lines beside
it, can be nothing else. What stands in running text stays: a date in a sentence is not the
article's date, and the reporter in a dateline is named in a column but not cut out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np

from pipeline.census import ALWAYS, Census
from pipeline.document import Document, Edit
from pipeline.stages.base import Apply, Options, Outcome, Stage, option
from pipeline.text.metadata import byline, dates, headline, names
from pipeline.text.metadata.ends import BYLINE, DATELINE, HEADING, SIGNATURE, Wanted, what_to_read
from pipeline.text.metadata.placement import (
    BESIDE,
    PEOPLE,
    Labelled,
    Line,
    find_bylines,
    is_out_of_reach,
    outer_lines,
)
from pipeline.text.metadata.signature import trailing
from pipeline.text.metadata.statement import Statement

COLUMNS = (*PEOPLE, "title", "source", "published_at", "published_at_zone", "url", "place")
_TITLE_CHARS = 6  # a shorter one (院會紀錄) heads parts of a record as well


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataOptions(Options):
    """Options of the metadata stage."""

    head_lines: int = option(8, "lines of the article looked at from its start", ge=1, le=100)
    tail_lines: int = option(12, "lines of the article looked at from its end", ge=1, le=100)
    deep_lines: int = option(
        40, "lines looked at from the end for what is surely a byline", ge=1, le=1000
    )


def build(options: MetadataOptions) -> Apply:
    """Return the stage's function for a batch."""

    def apply_batch(documents: Sequence[Document], _: Census) -> list[Outcome]:
        outcomes: list[Outcome] = [
            _with_fields_read(document) if document.columns else document for document in documents
        ]
        wanted = what_to_read([document.text for document in documents])
        for i in np.flatnonzero(wanted.bits).tolist():
            outcomes[i] = _read(outcomes[i], wanted, i, options)  # type: ignore[arg-type]
        return outcomes

    return apply_batch


def _read(document: Document, wanted: Wanted, number: int, options: MetadataOptions) -> Document:
    bits = int(wanted.bits[number])
    if bits & BYLINE:
        return _settled(document, options, wanted.labelled.get(number, {}), bits)
    if bits & (DATELINE | SIGNATURE):
        return _outside_read(document, options)
    return _with_marked_title(document) if bits & HEADING else document


def _outside_read(document: Document, options: MetadataOptions) -> Document:
    """Read the first and the last lines of a text in which no line is a byline."""
    head, tail = outer_lines(document.text, options.head_lines, BESIDE)
    signed = _signed(tail or head)
    found = _columns(head, (), signed, document.columns, wired=True)
    edits = _edits(document.text, (), signed)
    document = document.edited(edits, **found) if edits or found else document
    if signed and edits and signed.leaves_byline:
        return _settled(document, options, {signed.line.start: ()}, 0)
    return document


def _with_marked_title(document: Document) -> Document:
    title = headline.marked_title(document.text[:200].partition("\n")[0])
    if title is None or document.columns.get("title"):
        return document
    return document.edited([], title=title)


def _settled(
    document: Document, options: MetadataOptions, labelled: Labelled, bits: int
) -> Document:
    # What one pass takes away can bring another byline within reach. Three layers are more than
    # has been seen, and the bound keeps a hostile page linear.
    for _ in range(3):
        document, left = _one_pass(document, options, labelled, bits)
        if left is None:
            break
        labelled = left
    return document


def _with_fields_read(document: Document) -> Document:
    """Bring the fields that came with the record into the form of the columns."""
    read: dict[str, object] = {}
    when = document.columns.get("published_at")
    if isinstance(when, str):
        when = read["published_at"] = dates.read(when)
    if isinstance(when, datetime) and "published_at_zone" not in document.columns:
        read["published_at_zone"] = dates.zone_of(when)
    for column in PEOPLE:
        value = document.columns.get(column)
        if isinstance(value, str):
            read[column] = names.people(value) or []
    return document.edited([], **read) if read else document


def _one_pass(
    document: Document, options: MetadataOptions, labelled: Labelled, bits: int
) -> tuple[Document, Labelled | None]:
    """Return the document after one reading of its ends, and the `labelled` of what it is now.

    None where another reading would find nothing.
    """
    text = document.text
    reach = (options.head_lines, options.tail_lines, options.deep_lines)
    whole = bits & (DATELINE | HEADING) != 0
    head, tail = find_bylines(text, labelled, *reach, whole=whole)
    lines = [*head, *tail]
    # Bylines above do not count: once they are gone, the head reaches further down.
    near = lines if len(tail) < BESIDE and _touch(text, head, tail) else tail
    signed = _signed(near)
    going = [line for line in lines if line.goes]
    found = _columns(head, going, signed, document.columns, wired=bits & DATELINE != 0)
    twice = _mark_repeated(head, document.columns.get("title") or found.get("title"))
    edits = _edits(text, going if not twice else [x for x in lines if x.goes], signed)
    if not edits and not found:
        return document, None
    document = document.edited(edits, **found)
    if not edits or (not twice and _is_settled(head, tail, signed)):
        return document, None
    stays = {*labelled, *(line.start for line in lines if line.says)}
    if signed:
        stays.add(signed.line.start)
    return document, _moved(stays.difference(line.start for line in lines if line.goes), edits)


def _touch(text: str, head: Sequence[Line], tail: Sequence[Line]) -> bool:
    """Whether nothing stands between the head and the tail of a text."""
    return not (head and tail) or not text[head[-1].end : tail[0].start].strip()


def _mark_repeated(head: Sequence[Line], title: object) -> bool:
    """Mark the title where it stands once more, as pages print it; say whether it did."""
    if not isinstance(title, str) or len(title) < _TITLE_CHARS:
        return False
    same = [line for line in head if not line.goes and line.text.strip(" #\t\r\u3000") == title]
    for line in same[1:]:
        line.says, line.goes = (Statement("repeated-title", "", None, True),), True
    return len(same) > 1


def _moved(starts: Iterable[int], edits: Sequence[Edit]) -> Labelled:
    """Return where lines begin once cuts above them are made, to be read again."""
    return {
        start - sum(edit.end - edit.start for edit in edits if edit.end <= start): ()
        for start in sorted(starts)
    }


def _is_settled(head: Sequence[Line], tail: Sequence[Line], signed: _Signed | None) -> bool:
    """Whether what stays can become no byline: bylines do not count, so no line comes within reach.

    Not so where a value did count, where a line was cut, where the tail is gone, so that the head
    ends the text, and where a line that could be a byline gets other neighbours or, in the head,
    another place.
    """
    if (signed and signed.leaves_byline) or (tail and all(line.goes for line in tail)):
        return False
    lines = [*head, *tail]
    said = [i for i, line in enumerate(lines) if line.says]
    if any(lines[i].answers for i in said):
        return False
    for i in said:
        if not lines[i].goes and not is_out_of_reach(lines[i]):
            first = 0 if i < len(head) else max(i - BESIDE, 0)
            if any(other.goes for other in lines[first : i + BESIDE + 1]):
                return False
    return True


@dataclass(frozen=True, slots=True)
class _Signed:
    """The bracketed byline at the end of a paragraph: its span and what it says.

    Editors and sources are cut off; a reporter in brackets belongs to the paragraph and stays.
    """

    line: Line
    others: Sequence[Line]
    start: int
    end: int
    says: tuple[Statement, ...]

    @property
    def goes(self) -> bool:
        return all(s.alone and s.column in ("editor", "source") for s in self.says)

    @property
    def leaves_byline(self) -> bool:
        """Whether what is left once it is gone says something as well."""
        left = self.line.text[: self.start - self.line.start]
        ends = (left, *(line.text for line in self.others))
        return self.goes and bool(byline.read(left) or any(map(trailing, ends)))


def _signed(lines: Sequence[Line]) -> _Signed | None:
    """Return the 【编辑：某某】 that was set behind the last sentence instead of below it."""
    last = list(islice((line for line in reversed(lines) if not line.goes), BESIDE))
    for above, line in enumerate(last):
        inner = trailing(line.text)
        # Bare names sign the last line only: further up they may be anything.
        if inner is not None and not (above and inner[1][0].rule == "signature"):
            start, end = line.start + inner[0], line.start + len(line.text.rstrip())
            others = [other for other in last if other is not line]
            return _Signed(line, others, start, end, inner[1])
    return None


def _columns(
    head: Sequence[Line],
    going: Sequence[Line],
    signed: _Signed | None,
    known: Mapping[str, object],
    *,
    wired: bool,
) -> dict[str, object]:
    """Return the columns that lines fill as they go; one that the record brought is left alone."""
    found: dict[str, Any] = {}
    outlets: list[str] = []
    statements = [s for line in going for s in line.says]
    statements += signed.says if signed and signed.goes else ()
    if "bare-outlet" in [s.rule for s in statements]:
        # A site's own name stands beside the date, the paper's has a label.
        statements.sort(key=lambda statement: statement.rule == "bare-outlet")
    for statement in statements:
        if statement.value is None or not statement.column:
            continue
        if statement.column in PEOPLE:
            so_far = found.setdefault(statement.column, [])
            for name in statement.value:
                # 作者：新华社 says who published.
                if names.is_outlet(name) and not names.looks_chinese(name):
                    outlets.append(name)
                elif name not in so_far:
                    so_far.append(name)
        else:
            found.setdefault(statement.column, statement.value)
    if outlets:
        found.setdefault("source", outlets[0])
    if title := _title(head):
        found["title"] = title
    if (when := found.get("published_at")) and (hour := found.get("hour")) and not when.hour:
        found["published_at"] = when.replace(hour=int(hour[:2]), minute=int(hour[3:]))
    if "author" in found:
        places = (headline.reported_from(line.text) for line in going)
        if place := next(filter(None, places), None):
            found["place"] = place
    if "published_at" in found and not known.get("published_at"):
        found["published_at_zone"] = dates.zone_of(found["published_at"])
    for line in [line for line in head if not line.goes][:4] if wired else ():
        if said := headline.dateline(line.text):
            for column, value in said.items():
                found.setdefault(column, value)
            break
    for statement in signed.says if signed else ():
        if statement.column in PEOPLE and statement.value:
            found.setdefault(statement.column, list(statement.value))
    return {c: v for c, v in found.items() if v and c in COLUMNS and not known.get(c)}


def _title(head: Sequence[Line]) -> str | None:
    if head and (marked := headline.marked_title(head[0].text)):
        return marked
    above: list[str] = []
    for line in head:
        if line.goes and above:
            if title := headline.title_above(above):
                return title
            break
        if not line.goes:
            above.append(line.text)
    titles = (headline.original_title(line.text) for line in head if line.goes)
    if title := next(filter(None, titles), None):
        return title
    left = next((line for line in head if not line.goes), None)  # # 标题 below the bylines
    return headline.marked_title(left.text) if left else None


def _edits(text: str, going: Sequence[Line], signed: _Signed | None) -> list[Edit]:
    """Return one edit a line that goes, with the line breaks that would be left doubled."""
    edits: list[Edit] = []
    run: list[Line] = []
    for line in going:
        if run and (last := run[-1].end) + 1 < line.start and text[last : line.start].strip("\n"):
            edits += _run_edits(text, run)
            run = []
        run.append(line)
    edits += _run_edits(text, run) if run else []
    if signed and signed.goes:
        edits.append(_edit(text, signed.start, signed.end, signed.says))
        edits.sort(key=lambda edit: edit.start)
    return edits


def _run_edits(text: str, run: Sequence[Line]) -> list[Edit]:
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
    if len(run) == 1:
        return [_edit(text, start, end, run[0].says)]
    cuts = [start, *[line.start for line in run[1:]], end]
    return [_edit(text, cuts[i], cuts[i + 1], line.says) for i, line in enumerate(run)]


def _edit(text: str, start: int, end: int, says: Sequence[Statement]) -> Edit:
    rule = says[0].rule if len(says) == 1 else "+".join(dict.fromkeys([s.rule for s in says]))
    return Edit._make(("metadata", rule, start, end, text[start:end], "", 1.0, _note(says)))


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
            shown = f"{value.isoformat()} (zone {dates.zone_of(value)})"
        parts.append(f"{statement.column}={shown}")
    return "; ".join(parts)


STAGE = Stage(
    name="metadata",
    summary="title, author, source, date, editor leave the text and become columns",
    wakes=ALWAYS,
    options=MetadataOptions,
    build=build,
    of_text=True,
)
