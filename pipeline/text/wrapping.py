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

_SHORT = 20
"""Characters below which a line can be a heading, a caption or a line of a list."""
_NARROW = 14
"""Characters below which a line is no line of wrapped prose."""
_WIDEST = 120
"""Columns above which a line is no line of wrapped prose."""
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
    page = Page(lines)
    paragraph = lines[0].text
    wraps: list[Line] = []  # the lines of the paragraph that were wrapped
    for i in range(1, len(lines)):
        last, this = lines[i - 1], lines[i]
        if not (last.fixed or this.fixed):
            why[i] = page.why(paragraph, wraps, last, this)
        if why[i]:
            paragraph += this.text
            wraps.append(last)
        else:
            paragraph = this.text
            wraps = []
    return why


def is_verse(lines: Sequence[Line]) -> bool:
    """Whether most lines with marks are verse."""
    marked = [line.text for line in lines if _MARKED.search(line.text)]
    return len(marked) >= 4 and sum(map(look.is_verse, marked)) * 10 >= 7 * len(marked)


def is_torn(lines: Sequence[Line]) -> bool:
    """Whether a good part of the lines of running text end in mid-sentence.

    Lists of headlines end so too, but have no full stops inside their lines.
    """
    running = [line.text for line in lines if not line.fixed and len(line.text) >= _SHORT]
    torn = sum(look.ending(t) in ("bare", "comma") and bool(_MARKED.search(t)) for t in running)
    stopped = sum(bool(_STOPPED.search(t, 0, len(t) - 2)) for t in running)
    return torn >= 3 and torn * 5 >= len(running) * 2 and stopped * 6 >= len(running)


def wrap_width(lines: Sequence[Line]) -> Width | None:
    """Return the width at which most lines that end in mid-sentence were cut, if there is one."""
    cut = [
        line.indent + line.text
        for line in lines
        if not line.fixed and look.ending(line.text) == "bare" and _MARKED.search(line.text)
    ]
    best: Width | None = None
    most = 0
    for in_columns in (False, True):
        sizes = Counter(map(look.columns if in_columns else len, cut))
        for size in sorted(sizes, reverse=True):
            # a wide character that did not fit leaves one column, a forbidden mark two more
            near = sizes[size] + sum(sizes[size - k] for k in range(1, 4 if in_columns else 2))
            if near > most:
                most, best = near, Width(size, in_columns)
    if best is None or best.size < (2 * _NARROW if best.in_columns else _NARROW):
        return None
    wider = sum(best.of(line.indent + line.text) > best.size + 2 for line in lines)
    if most < 3 or most * 2 < len(cut) or wider * 10 > len(lines):
        return None
    return best


class Page:
    """What is known about the lines of a document as a whole, and the verdict on each break."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.width = wrap_width(lines)
        self.torn = is_torn(lines)
        self.separated = self.width is not None and _blanks_separate(lines, self.width)

    def why(self, paragraph: str, wraps: Sequence[Line], last: Line, this: Line) -> str:
        """Return why `this` continues the paragraph that ends with `last`, or ""."""
        if self.separated:
            return "" if this.blank else "hard-wrap"
        if self.width is not None and _wrapped(last, this, self.width):
            return "hard-wrap"
        if look.is_continuation(this.text):
            return "broken-sentence"
        if look.is_item(this.text) or look.is_label(this.text) or this.indent > last.indent:
            return ""
        if _cut(paragraph, last, this, self.torn):
            return "broken-sentence"
        if self.width is None and wraps and _as_wide(wraps, last, this):
            return "hard-wrap"
        return ""


def _as_wide(wraps: Sequence[Line], last: Line, this: Line) -> bool:
    """Whether a line is as wide as the wrapped lines of its paragraph, all equally wide."""
    sizes = {look.columns(line.indent + line.text) for line in wraps}
    width = look.columns(last.indent + last.text)
    if max(sizes) - min(sizes) > 2 or max(sizes) > _WIDEST or not -3 < width - max(sizes) < 3:
        return False
    return _wrapped(last, this, Width(max(sizes), True))


def _fits(last: Line, this: Line, width: Width) -> bool:
    """Whether the first word of `this` would have fitted at the end of `last`."""
    word = _WORD.match(this.text)
    first = word[0] if word else this.text[:1]
    if word is None and look.is_continuation(this.text[1:]):
        first = this.text[:2]
    glue = " " if word and last.text[-1:].isascii() else ""
    return width.of(last.indent + last.text + glue + first) <= width.size


def _wrapped(last: Line, this: Line, width: Width) -> bool:
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


def _cut(paragraph: str, last: Line, this: Line, torn: bool) -> bool:
    """Whether a line ends in mid-sentence, judged by the sentence alone."""
    if look.is_verse(last.text) and look.is_verse(this.text):
        return False
    kind = look.ending(paragraph)
    if kind == "open":
        return True
    if kind == "comma":
        return torn or len(paragraph) > _SHORT
    if kind != "bare" or len(paragraph) < _SHORT or not _MARKED.search(this.text):
        return False
    if look.unclosed(paragraph) or _STOPPED.search(paragraph):
        return True
    return torn and _MARKED.search(paragraph) is not None
