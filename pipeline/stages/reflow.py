"""One paragraph, one line: broken sentences joined, indents and blank lines gone.

Left alone: verse (its stanza breaks too), lists, tables, headings, dialogue, code, and every line
that ends a sentence where no fixed width says that it was wrapped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.census import Census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import CHAPTERS, Apply, Options, Outcome, Stage
from pipeline.text.code import program_lines
from pipeline.text.layout import ending, words
from pipeline.text.lines import INLINE, LINE_ENDS
from pipeline.text.reflow.breaks import suspects
from pipeline.text.reflow.habit import Habit
from pipeline.text.reflow.pagination import furniture
from pipeline.text.reflow.width import Line
from pipeline.text.reflow.wrapping import is_verse, joins

_LINE_END = re.compile("(\r\n|[\n\r\x85\u2028\u2029])")
_PASSES = 20
"""A joined line can show that the next break is one too. Two passes are the rule."""
_FEW = 4
"""Changed texts that are read again sooner than it is found out which of them need not be."""
_LATIN_END = re.compile(r"[A-Za-z0-9,.;:!?)\]%'\"]\Z")
_LATIN_START = re.compile(r"[A-Za-z0-9(\[\"'$]")
_WORD_END = re.compile(r"[A-Za-z]+-\Z")
_WORD_START = re.compile("[a-z]+")
_HYPHEN = re.compile(r"[a-z]-\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflowOptions(Options):
    """Options of the reflow stage."""


def build(_: ReflowOptions) -> Apply:
    """Return the stage's function for a batch."""

    def apply(documents: Sequence[Document], _: Census) -> list[Outcome]:
        return list(_reflowed(documents))

    return apply


def _reflowed(documents: Sequence[Document]) -> list[Document]:
    out = list(documents)
    changed = list(range(len(out)))
    for number in range(_PASSES):
        awake = dict.fromkeys(changed, True)
        if number == 0 or len(changed) > _FEW:
            found = suspects([out[i].text for i in changed])
            awake = {changed[k]: wrapped for k, wrapped in found.items()}
        changed = []
        for i, wrapped in awake.items():
            edits = line_edits(out[i].text, wrapped)
            if edits:
                out[i] = out[i].edited(edits)
                changed.append(i)
        if not changed:
            break
    return out


def line_edits(text: str, wrapped: bool = True) -> list[Edit]:
    """Return what one pass changes; `wrapped`: whether the lines may have a width."""
    lines = _without_pages(split(text))
    if not lines:
        return []
    why = joins(lines, wrapped)
    habit = Habit(text)
    edits = []
    if lines[0].start and not lines[0].fixed:
        before = text[: lines[0].start]
        rule = "page-number" if before.strip() else "blank-line"
        edits.append(Edit("reflow", rule, 0, len(before), before, ""))
    verse: bool | None = None
    for last, this, joined in zip(lines, lines[1:], why[1:], strict=False):
        if joined:
            edits.append(_join(text, last, this, joined, habit))
        elif this.start - last.end > 1 or text[last.end] != "\n":
            verse = is_verse(lines) if verse is None else verse
            before = text[last.end : this.start]
            after = _kept(before, last, this, verse)
            if before != after:
                edits.append(Edit("reflow", _layout(before), last.end, this.start, before, after))
    end = lines[-1].end
    tail = text[end:]
    if tail not in ("", "\n"):  # one line end may close a file, none need
        after = "\n" if tail.strip(INLINE) else ""
        rule = "page-number" if tail.strip() else "blank-line"
        edits.append(Edit("reflow", rule, end, len(text), tail, after))
    return edits


def _without_pages(lines: list[Line]) -> list[Line]:
    """Leave out page numbers and running heads; what stood around them is one gap."""
    pages = furniture(lines)
    if not pages:
        return lines
    kept: list[Line] = []
    for i, line in enumerate(lines):
        if i in pages:
            continue
        below = i - 1 in pages and kept  # then the blank lines are the page's
        blank = ending(kept[-1].text) == "stop" if below else line.blank
        kept.append(line._replace(blank=blank))
    return kept


def split(text: str) -> list[Line]:
    """Cut a text into its lines that are not blank."""
    lines: list[Line] = []
    blank = fenced = False
    at = 0
    rows, ends = _rows(text)
    programs = program_lines(rows) if "\n " in text or "\n\t" in text else ()
    fences = "```" in text
    for number, raw in enumerate(rows):
        content = raw.strip(INLINE)
        if content and programs and programs[number]:
            # The indent of a program is part of it.
            lines.append(Line(at, at + len(raw.rstrip()), raw.rstrip(), "", blank, True))
        elif content:
            indent = "" if raw[0] == content[0] else raw[: raw.index(content[0])]
            start = at + len(indent)
            fence = fences and content.startswith("```")
            # As Line(...) does it, in a third of the time.
            line = start, start + len(content), content, indent, blank, fenced or fence
            lines.append(tuple.__new__(Line, line))
            fenced ^= fence
        blank = not content
        at += len(raw) + (len(ends[number]) if ends else 1)
    return lines


def _rows(text: str) -> tuple[list[str], list[str]]:
    """Return the lines of a text, and what ends each, or nothing: all by a line feed."""
    if not any(map(text.__contains__, LINE_ENDS)):
        return text.split("\n"), []
    parts = [*_LINE_END.split(text), ""]
    return parts[::2], parts[1::2]


def _join(text: str, last: Line, this: Line, rule: str, habit: Habit) -> Edit:
    """Return the edit that puts two lines together."""
    gap = text[last.end : this.start]
    glue = _glue(last.text, this.text) or habit.between(last.text[-1], this.text[0])
    if gap.strip():
        return Edit("reflow", "page-number", last.end, this.start, gap, glue)
    if rule == "hard-wrap" and _HYPHEN.search(last.text) and this.text[:1].islower():
        if not _is_compound(text, last.text, this.text):
            return Edit("reflow", "hyphenation", last.end - 1, this.start, "-" + gap, "")
        return Edit("reflow", rule, last.end, this.start, gap, "")
    return Edit("reflow", rule, last.end, this.start, gap, glue)


def _is_compound(text: str, left: str, right: str) -> bool:
    """Whether a hyphen at a line end belongs to the word: self-assembly.

    The text itself may show the word elsewhere, whole or with its hyphen.
    """
    head = _WORD_END.search(left)
    tail = _WORD_START.match(right)
    if head is None or tail is None:
        return False
    if head[0] + tail[0] in text:
        return True
    return head[0][:-1] + tail[0] not in text and head[0][:-1].lower() in words("compound")


def _kept(before: str, last: Line, this: Line, verse: bool) -> str:
    """Return what stays between two paragraphs: one line end; in code and verse, the layout."""
    if last.fixed and this.fixed:
        return re.sub("\r\n|[\r\x85\u2028\u2029]", "\n", before)
    return "\n\n" if verse and this.blank else "\n"


def _layout(before: str) -> str:
    if before.strip():
        return "page-number"
    if before.count("\n") > 1:
        return "blank-line"
    if before == "\r\n":
        return "line-end"
    return "indent" if before[-1] not in "\n\r" else "trailing-blank"


def _glue(left: str, right: str) -> str:
    """Return what stands between joined lines: a blank between Latin words only.

    A number cut in a Chinese line is one number.
    """
    if not (_LATIN_END.search(left) and _LATIN_START.match(right)):
        return ""
    number = left[-1].isdigit() and right[0].isdigit()
    return "" if number and not (left.isascii() and right.isascii()) else " "


STAGE = Stage(
    name="reflow",
    summary="paragraphs broken by layout joined; indents and blank lines removed",
    wakes=classes("newline", "carriage", "space", "wide_space", "tab", "odd_space"),
    options=ReflowOptions,
    build=build,
    piece_chars=CHAPTERS,
    of_text=True,
)
