"""Paragraphs that a document says twice: an article pasted again, captions between paragraphs.

A repeated line is a fault only where it is long (15 characters: precision 1.00 on hand-read pages,
.59 without a limit) or one of a run that was pasted again as a whole. Refrains, dialogue, headings,
table rows and formulae repeat because the text wants it, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.census import Census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import Apply, ApplyBatch, Options, Outcome, Stage, option

NAME = "repetition"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepetitionOptions(Options):
    """Options of the repetition stage."""

    min_chars: int = option(15, "shorter lines repeat legitimately (refrains, dialogue)", ge=1)
    run_lines: int = option(3, "a run of at least so many repeated lines was pasted again", ge=2)
    run_chars: int = option(100, "and has at least so many characters", ge=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank: its span (the line break not included) and its bare text."""

    start: int
    end: int
    bare: str


# A table row: cells between bars, or columns between tabs.
_TABLE = re.compile(r"\||\t|^[-+=─━┃│┌├└\s]+$")


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text that are not blank."""
    out: list[Line] = []
    at = 0
    for raw in text.split("\n"):
        bare = raw.strip()
        if bare:
            out.append(Line(at, at + len(raw), bare))
        at += len(raw) + 1
    return out


def repeats(lines: Sequence[Line], options: RepetitionOptions) -> dict[int, int]:
    """Return {line that goes: line that it repeats}, by number."""
    first: dict[str, int] = {}
    twin = [first.setdefault(line.bare, i) for i, line in enumerate(lines)]
    gone: dict[int, int] = {}
    i = 0
    while i < len(lines):
        end = i
        while (
            end < len(lines) and twin[end] != end and (end == i or twin[end] == twin[end - 1] + 1)
        ):
            end += 1
        run = range(i, end)
        pasted = len(run) >= options.run_lines and (
            sum(len(lines[j].bare) for j in run) >= options.run_chars
        )
        for j in run:
            bare = lines[j].bare
            if (pasted or len(bare) >= options.min_chars) and not _TABLE.search(bare):
                gone[j] = twin[j]
        i = max(end, i + 1)
    return gone


def removals(text: str, lines: Sequence[Line], gone: dict[int, int]) -> list[Edit]:
    """Return the edits that take lines out, each with the break and the blank lines after it.

    At the end of the text there is nothing to keep apart: there it is the break before that goes.
    """
    tail = len(lines)
    while tail - 1 in gone:
        tail -= 1
    edits: list[Edit] = []
    for i, twin in sorted(gone.items()):
        start, end = lines[i].start, lines[i].end
        if i < tail:
            end = lines[i + 1].start
        else:
            start = lines[i - 1].end
        note = f"repeats the text at {lines[twin].start}"
        edits.append(Edit(NAME, "repeated-paragraph", start, end, text[start:end], "", 1.0, note))
    return edits


def build(options: RepetitionOptions) -> Apply:
    """Return the stage's function."""

    def apply(document: Document) -> Document:
        text = document.text
        lines = lines_of(text)
        if len({line.bare for line in lines}) == len(lines):
            return document
        return document.edited(removals(text, lines, repeats(lines, options)))

    return apply


def build_batch(options: RepetitionOptions) -> ApplyBatch:
    """Return the stage's function for a batch: most documents repeat no line at all."""
    apply = build(options)

    def apply_batch(documents: Sequence[Document], census: Census) -> list[Outcome]:
        del census
        return [apply(d) if _repeats_a_line(d.text) else d for d in documents]

    return apply_batch


def _repeats_a_line(text: str) -> bool:
    bare = [line for raw in text.split("\n") if (line := raw.strip())]
    return len(set(bare)) != len(bare)


STAGE = Stage(
    name=NAME,
    summary="remove paragraphs that the document has already said",
    wakes=classes("newline"),
    options=RepetitionOptions,
    build=build,
    build_batch=build_batch,
)
