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
from math import exp, log

from pipeline.text import layout as look
from pipeline.text.seam import torn

_SHORT = 20
"""Characters below which a line can be a heading, a caption or a line of a list."""
_NARROW = 14
"""Characters below which a line is no line of wrapped prose."""
_WIDEST = 120
"""Columns above which a line is no line of wrapped prose."""
_SURE = 0.7
"""Log-odds (nats) from which a sentence goes on in a text where few lines are cut: two to one."""
_LONGEST_WORD = 24
"""A longer run of ASCII is cut wherever the line ends."""
_WORD = re.compile(r"[!-~]+")
_MARKED = re.compile("[，。、；：！？]")


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


def wrap_width(lines: Sequence[Line]) -> Width | None:
    """Return the width at which most lines that end in mid-sentence were cut, if there is one.

    Each break in mid-sentence votes for the widths that explain it: the line fitted, and the line
    with the next line's first word would not have. The width with most votes wins.
    """
    breaks = [
        (last, this)
        for last, this in pairwise(lines)
        if not (last.fixed or this.fixed) and look.ending(last.text) == "bare"
    ]
    best: Width | None = None
    most = 0
    for in_columns in (False, True):
        sizes: Counter[int] = Counter()
        for last, this in breaks:
            size, grown = _sizes(last, this, in_columns)
            sizes.update(range(size, min(grown, size + _LONGEST_WORD)))
        for size, count in sorted(sizes.items()):
            if count > most and size >= (2 * _NARROW if in_columns else _NARROW):
                most, best = count, Width(size, in_columns)
    if best is None or most < 3 or most * 2 < len(breaks):
        return None
    votes = [torn(a.text, a.text, b.text, -9.0) for a, b in breaks if not _fits(a, b, best)]
    wider = sum(best.of(line.indent + line.text) > best.size + 2 for line in lines)
    return best if sum(votes) > 0 and wider * 10 <= len(lines) else None


def _sizes(last: Line, this: Line, in_columns: bool) -> tuple[int, int]:
    """Return the width of a line, and what it were with the next line's first word."""
    measure = look.columns if in_columns else len
    word = _WORD.match(this.text)
    first = word[0] if word else this.text[:1]
    if word is None and look.is_continuation(this.text[1:]):
        first = this.text[:2]
    size = measure(last.indent + last.text)
    blank = word is not None and last.text[-1:].isascii()
    return size, size + blank + measure(first)


class Page:
    """What is known about the lines of a document as a whole, and the verdict on each break."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.width = wrap_width(lines)
        self.separated = self.width is not None and _blanks_separate(lines, self.width)
        self.prior = 0.0 if self.separated else _prior(lines)
        self.sure = _SURE if self.prior < 0 else 0.0
        counts = Counter(line.text for line in lines)
        self.repeated = {text for text, n in counts.items() if n > 1}

    def why(self, paragraph: str, wraps: Sequence[Line], last: Line, this: Line) -> str:
        """Return why `this` continues the paragraph that ends with `last`, or ""."""
        if look.is_heading(last.text) or look.is_heading(this.text):
            return ""
        if self.separated:
            return "" if this.blank else "hard-wrap"
        if self.width is not None and _wrapped(last, this, self.width):
            return "hard-wrap"
        if look.is_continuation(this.text):
            return "broken-sentence"
        if look.is_item(this.text) or look.is_label(this.text) or this.indent > last.indent:
            return ""
        if last.text in self.repeated or this.text in self.repeated:
            return ""  # page furniture, refrains
        if self._cut(paragraph, last.text, this.text):
            return "broken-sentence"
        if self.width is None and wraps and _as_wide(wraps, last, this):
            return "hard-wrap"
        return ""

    def _cut(self, paragraph: str, last: str, this: str) -> bool:
        """Whether a line ends in mid-sentence, judged by the sentence alone."""
        if not look.has_han(last) or (look.is_verse(last) and look.is_verse(this)):
            return False
        kind = look.ending(last)
        if kind == "open":
            return True
        if kind == "comma":
            return self.prior > 0 or len(paragraph) > _SHORT
        if kind == "semi":
            return self.prior > 0 and last[-1] in "；;"
        return kind != "stop" and torn(paragraph, last, this, -self.prior) + self.prior > self.sure


def _prior(lines: Sequence[Line]) -> float:
    """Return the log-odds (nats) that a line without a stop was cut in mid-sentence here.

    One such line in ten is, where nothing is known. The share in this document is estimated from
    its own breaks, by expectation-maximisation.
    """
    odds = [
        torn(last.text, last.text, this.text, -9.0)
        for last, this in pairwise(lines)
        if len(last.text) >= _NARROW
        and look.has_han(last.text)
        and not (last.fixed or this.fixed)
        and look.ending(last.text) in ("bare", "closed")
        and not (look.is_item(this.text) or look.is_label(this.text))
    ]
    share = 0.1
    for _ in range(4 if odds else 0):
        prior = log(share / (1 - share))
        found = sum(1 / (1 + exp(-max(-30.0, min(30.0, o + prior)))) for o in odds)
        share = (found + 0.3) / (len(odds) + 3)  # three breaks' worth of the first guess
    return log(share / (1 - share))


def _as_wide(wraps: Sequence[Line], last: Line, this: Line) -> bool:
    """Whether a line is as wide as the wrapped lines of its paragraph, all equally wide."""
    sizes = {look.columns(line.indent + line.text) for line in wraps}
    width = look.columns(last.indent + last.text)
    if max(sizes) - min(sizes) > 2 or max(sizes) > _WIDEST or not -3 < width - max(sizes) < 3:
        return False
    return _wrapped(last, this, Width(max(sizes), True))


def _fits(last: Line, this: Line, width: Width) -> bool:
    """Whether the first word of `this` would have fitted at the end of `last`."""
    return _sizes(last, this, width.in_columns)[1] <= width.size


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
