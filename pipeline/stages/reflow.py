"""One paragraph, one line: broken sentences joined, indents and blank lines gone.

Left alone: verse (its stanza breaks too), lists, tables, headings, dialogue, code, and every line
that ends a sentence where no fixed width says that it was wrapped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.census import classes
from pipeline.document import Document, Edit
from pipeline.stages.base import Apply, Options, Stage
from pipeline.text import layout as look
from pipeline.text.wrapping import Line, is_verse, joins

_BLANKS = " \t\u3000\xa0\u2000-\u200a\u202f\u205f"
_INLINE = " \t\u3000\xa0"
_LINE = re.compile(f"([{_BLANKS}]*)([^\n\r\x85\u2028\u2029]*)(\r\n|[\n\r\x85\u2028\u2029]|\\Z)")
_LATIN_END = re.compile(r"[A-Za-z0-9,.;:!?)\]%'\"]\Z")
_LATIN_START = re.compile(r"[A-Za-z0-9(\[\"'$]")
_HYPHEN = re.compile(r"[a-z]-\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflowOptions(Options):
    """Options of the reflow stage."""


def build(_: ReflowOptions) -> Apply:
    """Return the stage's function."""

    def apply(document: Document) -> Document:
        for _ in range(4):  # a joined line can show that the next break is one too
            edits = reflowed(document.text)
            if not edits:
                break
            document = document.edited(edits)
        return document

    return apply


def reflowed(text: str) -> list[Edit]:
    """Return what one pass changes."""
    lines = split(text)
    if not lines:
        return []
    verse = is_verse(lines)
    why = joins(lines)
    edits = []
    if lines[0].start and not lines[0].fixed:
        edits.append(Edit("reflow", "blank-line", 0, lines[0].start, text[: lines[0].start], ""))
    for last, this, joined in zip(lines, lines[1:], why[1:], strict=False):
        before = text[last.end : this.start]
        if joined:
            edits.append(_join(text, last, this, joined))
        elif before != "\n" and before != (after := _kept(before, last, this, verse)):
            edits.append(Edit("reflow", _layout(before), last.end, this.start, before, after))
    end = lines[-1].end
    tail = text[end:]
    if tail not in ("", "\n"):  # one line end may close a file, none need
        after = "\n" if tail.strip(_INLINE) else ""
        edits.append(Edit("reflow", "blank-line", end, len(text), tail, after))
    return edits


def split(text: str) -> list[Line]:
    """Cut a text into its lines that are not blank."""
    lines: list[Line] = []
    blank = fenced = False
    for match in _LINE.finditer(text):
        content = match[2].rstrip(_INLINE)
        if not content:
            blank = True
            continue
        start = match.start(2)
        fence = content.startswith("```")
        fixed = fenced or fence or look.is_table(match[2]) or look.is_code(content)
        lines.append(Line(start, start + len(content), content, match[1], blank, fixed))
        fenced ^= fence
        blank = False
    return lines


def _join(text: str, last: Line, this: Line, rule: str) -> Edit:
    """Return the edit that puts two lines together."""
    start, after = last.end, _glue(last.text, this.text)
    if rule == "hard-wrap" and _HYPHEN.search(last.text) and this.text[:1].islower():
        start, rule, after = start - 1, "hyphenation", ""
    return Edit("reflow", rule, start, this.start, text[start : this.start], after)


def _kept(before: str, last: Line, this: Line, verse: bool) -> str:
    """Return what stays between two paragraphs: one line end; in code and verse, the layout."""
    if last.fixed and this.fixed:
        return re.sub("\r\n|[\r\x85\u2028\u2029]", "\n", before)
    return "\n\n" if verse and this.blank else "\n"


def _layout(before: str) -> str:
    if before.count("\n") > 1:
        return "blank-line"
    if before == "\r\n":
        return "line-end"
    return "indent" if before[-1] not in "\n\r" else "trailing-blank"


def _glue(left: str, right: str) -> str:
    """Return what stands between joined lines: a blank between Latin words only."""
    return " " if _LATIN_END.search(left) and _LATIN_START.match(right) else ""


STAGE = Stage(
    name="reflow",
    summary="paragraphs broken by layout joined; indents and blank lines removed",
    wakes=classes("newline", "carriage", "space", "wide_space", "tab", "odd_space"),
    options=ReflowOptions,
    build=build,
)
