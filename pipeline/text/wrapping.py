"""Which line breaks of a text are no paragraph ends.

Two witnesses. A *fixed width*: many lines that end in mid-sentence are equally wide, and a break is
a wrap exactly where the next line's first word would not have fitted any more. And the *sentence*:
a line that ends in mid-sentence, with a comma, an open quotation, or after an earlier full stop.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.text import lines as look

_WORD = re.compile(r"[!-~]+")
_MARKED = re.compile("[，。、；：！？]")
_STOPPED = re.compile("[。！？]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank.

    `start`, `end`: its text without indent and trailing blanks, in code points of the document.
    `blank`: whether blank lines stand before it. `fixed`: code or table, not to be touched.
    """

    start: int
    end: int
    text: str
    indent: str
    blank: bool
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Width:
    """The width at which a text was wrapped: in characters, or in columns."""

    size: int
    in_columns: bool

    def of(self, text: str) -> int:
        """Return the width of a text in this unit."""
        return look.columns(text) if self.in_columns else len(text)


def joins(lines: Sequence[Line]) -> list[str]:
    """Return for each line why it continues the line before ("" where it does not)."""
    why = [""] * len(lines)
    if len(lines) < 2 or is_verse(lines):
        return why
    width = wrap_width(lines)
    separators = width is not None and _blanks_separate(lines, width)
    paragraph = lines[0].text
    for i in range(1, len(lines)):
        last, this = lines[i - 1], lines[i]
        if last.fixed or this.fixed:
            paragraph = this.text
            continue
        if width is not None and _wrapped(last, this, width, separators):
            why[i] = "hard-wrap"
        elif _cut(paragraph, last, this):
            why[i] = "broken-sentence"
        paragraph = paragraph + this.text if why[i] else this.text
    return why


def is_verse(lines: Sequence[Line]) -> bool:
    """Whether most lines with marks are verse."""
    marked = [line.text for line in lines if _MARKED.search(line.text)]
    return len(marked) >= 4 and sum(map(look.is_verse, marked)) * 10 >= 7 * len(marked)


def wrap_width(lines: Sequence[Line]) -> Width | None:
    """Return the width at which most lines that end in mid-sentence were cut, if there is one."""
    cut = [
        line.indent + line.text
        for line in lines
        if not line.fixed and look.ending(line.text) in ("bare", "comma", "open")
    ]
    best: Width | None = None
    most = 0
    for in_columns in (False, True):
        measure = look.columns if in_columns else len
        sizes = Counter(measure(text) for text in cut if _MARKED.search(text))
        for size in sizes:
            # a wide character that did not fit leaves one column, a forbidden mark two more
            near = sizes[size] + sum(sizes[size - k] for k in range(1, 4 if in_columns else 2))
            larger = best is not None and best.in_columns == in_columns and size > best.size
            if near > most or (near == most and larger):
                most, best = near, Width(size, in_columns)
    if best is None or best.size < (24 if best.in_columns else 14):
        return None
    wider = sum(best.of(line.indent + line.text) > best.size + 2 for line in lines)
    if most < 3 or most * 2 < len(cut) or wider > len(lines) // 10:
        return None
    return best


def _fits(last: Line, this: Line, width: Width) -> bool:
    """Whether the first word of `this` would have fitted at the end of `last`."""
    word = _WORD.match(this.text)
    first = word[0] if word else this.text[:1]
    if word is None and look.is_continuation(this.text[1:]):
        first = this.text[:2]
    glue = " " if word and last.text[-1:].isascii() else ""
    return width.of(last.indent + last.text + glue + first) <= width.size


def _wrapped(last: Line, this: Line, width: Width, separators: bool) -> bool:
    if separators:
        return not this.blank
    if _fits(last, this, width):
        return False
    if look.ending(last.text) in ("stop", "semi", "closed"):
        return not (look.is_item(this.text) or this.indent > last.indent)
    return True


def _blanks_separate(lines: Sequence[Line], width: Width) -> bool:
    """Whether blank lines stand at paragraph ends and nowhere else."""
    blank = bare = short = 0
    for last, this in pairwise(lines):
        if this.blank:
            blank += 1
            bare += not _fits(last, this, width) and look.ending(last.text) != "stop"
        else:
            short += _fits(last, this, width)
    return blank >= 1 and bare * 10 <= blank and short * 10 <= blank


def _cut(paragraph: str, last: Line, this: Line) -> bool:
    """Whether a line ends in mid-sentence, judged by the sentence alone."""
    if look.is_continuation(this.text):
        return True
    if look.is_item(this.text) or look.is_label(this.text):
        return False
    if look.is_verse(last.text) and look.is_verse(this.text):
        return False
    kind = look.ending(paragraph)
    if kind == "comma":
        return len(paragraph) > 20
    if kind == "open":
        return True
    if kind != "bare" or len(paragraph) < 20:
        return False
    prose = _MARKED.search(this.text) is not None
    return prose and (look.unclosed(paragraph) or _STOPPED.search(paragraph) is not None)
