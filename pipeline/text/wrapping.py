"""Which line breaks of a text are no paragraph ends.

Two witnesses. A *fixed width*: many lines that end in mid-sentence are equally wide, and a break is
a wrap exactly where the next line's first word would not have fitted any more. And the *sentence*:
a line that ends in mid-sentence, with a comma, an open quotation, or after an earlier full stop.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from operator import attrgetter
from typing import NamedTuple

from pipeline.text import layout as look
from pipeline.text.seam import SHORTEST, bond, opening, torn

_SHORT = 20
"""Characters below which a line can be a heading, a caption or a line of a list."""
NARROW = 10
"""Characters below which a line is no line of wrapped prose."""
WIDEST = 120
"""Columns above which a line is no line of wrapped prose. So many characters are too wide, too."""
_SURE = 0.7
"""Log-odds (nats) from which a sentence goes on in a text where few lines are cut: two to one."""
_LONGEST_WORD = 24
"""A longer run of ASCII is cut wherever the line ends."""
MANY = 3
"""Lines that end in mid-sentence from which a width can be found."""
_GOING_ON = "，、," + look.OPENERS
_LINES_AHEAD = 4
"""Lines from which the first words of a sentence are read."""
_MEMORY = 600
"""Characters of a paragraph that are remembered while it is put together: keeps joining linear."""
_WORD = re.compile(r"[!-~]+")
_MARKED = re.compile("[，。、；：！？]")
_STOPPED = re.compile("[。！？]")
_CUT = frozenset(("bare", "comma", "open", "closed"))
_BARE = frozenset(("bare", "closed"))


class Line(NamedTuple):
    """One line that is not blank.

    `start`, `end`: its text without indent and trailing blanks, in code points of the document.
    `blank`: whether blank lines stand before it. `fenced`: inside a fence of code.
    """

    start: int
    end: int
    text: str
    indent: str
    blank: bool
    fenced: bool = False

    @property
    def fixed(self) -> bool:
        """Whether the line is code or a row of a table, not to be touched."""
        return self.fenced or look.is_table(self.text) or look.is_code(self.text)


@dataclass(frozen=True, slots=True)
class Width:
    """The width at which a text was wrapped: in characters, or in columns."""

    size: int
    in_columns: bool

    def of(self, text: str) -> int:
        """Return the width of a text in this unit."""
        return look.columns(text) if self.in_columns else len(text)

    def fits(self, last: Line, this: Line) -> bool:
        """Whether the first word of `this` would have fitted at the end of `last`."""
        return _sizes(last, this, self.in_columns)[1] <= self.size


def joins(lines: Sequence[Line]) -> list[str]:
    """Return for each line why it continues the line before ("" where it does not)."""
    why = [""] * len(lines)
    kinds = [look.ending(line.text) for line in lines]
    continued = [look.is_continuation(line.text) for line in lines]
    cut = [
        (last.text, this.text)
        for (last, this), kind, goes_on in zip(pairwise(lines), kinds, continued[1:], strict=False)
        if goes_on or (kind in _CUT and (len(last.text) >= SHORTEST or kind == "open"))
    ]
    if not may_go_on(cut):
        return why
    page = Page(lines, kinds)
    paragraph = lines[0].text
    wraps: list[Line] = []  # the lines of the paragraph that were wrapped
    for i in range(1, len(lines)):
        last, this = lines[i - 1], lines[i]
        if continued[i] or wraps or page.width or (kinds[i - 1] in _CUT and _prose(last)):
            why[i] = page.why(paragraph, wraps, last, this)
        if why[i]:
            if page.verse:
                return [""] * len(lines)
            paragraph = (paragraph + this.text)[-_MEMORY:]
            wraps.append(last)
        else:
            paragraph = this.text
            wraps = []
    return why


def may_go_on(cut: Sequence[tuple[str, str]]) -> bool:
    """Whether one of the lines that may end in mid-sentence could be joined to the next.

    Where none has odds above 0, none will be joined by its sentence: the share of cut lines is
    estimated at a tenth or less, and the sentence alone has to be sure. With fewer than MANY such
    lines the share stays under a half whatever their odds, and there is no width.
    """
    worth = _SURE if len(cut) < MANY else 0.0
    bonds = 0.0
    for last, this in cut:
        if not this or look.is_heading(last) or look.is_heading(this):
            continue
        if look.is_continuation(this) or (not last.isascii() and last[-1] in _GOING_ON):
            return True
        if look.is_item(this) or look.is_label(this):
            bonds -= 1
            continue
        bonds += bond(last, this)
        if torn(last, last, this, worth) > worth:
            return True
    return len(cut) >= MANY and bonds > 0


def _prose(line: Line) -> bool:
    """Whether a line can end in mid-sentence: not Latin (that needs a width), not tiny."""
    return not line.text.isascii() and (len(line.text) >= SHORTEST or line.text[-1] in look.OPENERS)


def is_verse(lines: Sequence[Line]) -> bool:
    """Whether most lines with marks are verse."""
    verse = other = 0
    for line in lines:
        if len(line.text) > look.LONGEST_VERSE:
            other += 1
        elif _MARKED.search(line.text):
            this = look.is_verse(line.text)
            verse += this
            other += not this
        if other * 10 > 3 * len(lines):
            return False
    return verse + other >= 4 and verse * 3 >= other * 7


def wrap_width(lines: Sequence[Line], kinds: Sequence[str]) -> Width | None:
    """Return the width at which most lines that end in mid-sentence were cut, if there is one.

    Each break in mid-sentence votes for the widths that explain it: the line fitted, and the line
    with the next line's first word would not have. The width with most votes wins, if the lines
    on the two sides of those breaks belong together.
    """
    if sum(_is_wide(line.text) for line in lines) * 10 > len(lines):
        return None
    breaks = [pair for pair, kind in zip(pairwise(lines), kinds, strict=False) if kind == "bare"]
    if sum(len(last.text) >= NARROW for last, _ in breaks) < MANY:
        return None
    breaks = [(last, this) for last, this in breaks if not (last.text.isascii() and last.fixed)]
    best: Width | None = None
    most = MANY - 1
    for in_columns in (False, True):
        sizes: Counter[int] = Counter()
        for last, this in breaks:
            size, grown = _sizes(last, this, in_columns)
            sizes.update(range(size, min(grown, size + _LONGEST_WORD)))
        for size, count in sorted(sizes.items()):
            if count > most and size >= (2 * NARROW if in_columns else NARROW):
                most, best = count, Width(size, in_columns)
    if best is None or most * 2 < len(breaks):
        return None
    wider = sum(best.of(line.indent + line.text) > best.size + 2 for line in lines)
    if wider * 10 > len(lines):
        return None
    return best if sum(bond(a.text, b.text) for a, b in breaks if not best.fits(a, b)) > 0 else None


def _is_wide(line: str) -> bool:
    """Whether a line is too wide for any wrapped text."""
    size = len(line)
    return size > WIDEST or (size * 2 > WIDEST and look.columns(line) > WIDEST)


def _sizes(last: Line, this: Line, in_columns: bool) -> tuple[int, int]:
    """Return the width of a line, and what it were with the next line's first word."""
    measure = look.columns if in_columns else len
    word = _WORD.match(this.text)
    first = word[0] if word else this.text[:1]
    if word is None and (look.is_continuation(this.text[1:]) or first == "·"):
        first = this.text[:2]
    size = measure(last.indent + last.text)
    blank = word is not None and last.text[-1:].isascii()
    return size, size + blank + measure(first)


class Page:
    """What is known about the lines of a document as a whole, and the verdict on each break."""

    def __init__(self, lines: Sequence[Line], kinds: Sequence[str]) -> None:
        self._lines = lines
        self._verse: bool | None = None
        self.width = wrap_width(lines, kinds)
        self.separated = self.width is not None and _blanks_separate(lines, self.width)
        self.full_stop = _full_stop(lines, kinds, self.width) if self.width else 0.0
        self.prior = (
            0.0 if self.separated else _prior(_odds(zip(pairwise(lines), kinds, strict=False)))
        )
        self.sure = _SURE if self.prior < 0 else 0.0
        counts = Counter(line.text for line in lines)
        self.repeated = {text for text, n in counts.items() if n > 1}

    @property
    def verse(self) -> bool:
        """Whether the text is verse. Asked only where something would be joined."""
        if self._verse is None:
            self._verse = is_verse(self._lines)
        return self._verse

    def why(self, paragraph: str, wraps: Sequence[Line], last: Line, this: Line) -> str:
        """Return why `this` continues the paragraph that ends with `last`, or ""."""
        rule = self._why(paragraph, wraps, last, this)
        return "" if rule and (last.fixed or this.fixed) else rule

    def _why(self, paragraph: str, wraps: Sequence[Line], last: Line, this: Line) -> str:
        if look.is_heading(last.text) or look.is_heading(this.text):
            return ""
        if self.separated:
            return "" if this.blank else "hard-wrap"
        if self.width is not None and _wrapped(last, this, self.width):
            stop = look.ending(last.text) == "stop"
            return "" if stop and self.full_stop + opening(self._ahead(this)) > 0 else "hard-wrap"
        if look.is_continuation(this.text):
            return "broken-sentence"
        if look.is_item(this.text) or _indented(last, this):
            return ""
        if look.is_label(this.text) and self.prior <= 0:
            return ""
        if last.text in self.repeated or this.text in self.repeated:
            return ""  # page furniture, refrains
        if self._cut(paragraph, last.text, this.text):
            return "broken-sentence"
        if self.width is None and wraps and _as_wide(wraps, last, this):
            return "hard-wrap"
        return ""

    def _ahead(self, this: Line) -> str:
        """Return a line with the next ones: the first words of a sentence may be on two lines."""
        i = bisect_left(self._lines, this.start, key=attrgetter("start"))
        return "".join(line.text for line in self._lines[i : i + _LINES_AHEAD])

    def _cut(self, paragraph: str, last: str, this: str) -> bool:
        """Whether a line ends in mid-sentence, judged by the sentence alone."""
        kind = look.ending(last)
        if kind == "stop" or not look.has_han(last):
            return False
        if last[:2] == this[:2] or (look.is_verse(last) and look.is_verse(this)):
            return False  # 鉴于…，鉴于…，: clauses set apart on purpose
        if kind == "open":
            return True
        if kind == "comma":
            return self.prior > 0 or len(paragraph) > _SHORT
        if kind == "semi":
            return self.prior > 0 and last[-1] in "；;"
        return torn(paragraph, last, this, -self.prior) + self.prior > self.sure


def may_be_cut(breaks: Sequence[tuple[Line, Line]]) -> bool:
    """Whether one of the breaks between two lines is in mid-sentence, by the sentence alone.

    For texts without indents and blank lines: `breaks` are those after a line without a stop.
    """
    odds = _odds((pair, look.ending(pair[0].text)) for pair in breaks)
    prior = _prior(odds)
    if max(odds, default=-9.0) + prior > (_SURE if prior < 0 else 0.0):
        return True
    # Where most lines are cut, a label does not keep one from going on.
    return prior > 0 and any(
        torn(last.text, last.text, this.text, -prior) + prior > 0
        for last, this in breaks
        if look.is_label(this.text) and not look.is_item(this.text) and look.has_han(last.text)
    )


def _prior(odds: Sequence[float]) -> float:
    """Return the log-odds (nats) that a line without a stop was cut in mid-sentence here.

    One such line in ten is, where nothing is known. The share in this document is estimated from
    its own breaks, by expectation-maximisation.
    """
    share = 0.1
    for _ in range(4 if odds else 0):
        prior = log(share / (1 - share))
        found = sum(1 / (1 + exp(-max(-30.0, min(30.0, o + prior)))) for o in odds)
        share = (found + 0.3) / (len(odds) + 3)  # three breaks' worth of the first guess
    return log(share / (1 - share))


def _odds(breaks: Iterable[tuple[tuple[Line, Line], str]]) -> list[float]:
    """Return for each line without a stop the log-odds (nats) that it was cut in mid-sentence.

    `breaks`: the line, the next, and how the first one ends.
    """
    found = []
    for (last, this), kind in breaks:
        if kind not in _BARE or len(last.text) < NARROW:
            continue
        if look.is_item(this.text) or look.is_label(this.text) or not look.has_han(last.text):
            continue
        odds = torn(last.text, last.text, this.text, -3.0)
        if odds < -3.0 or not (last.fixed or this.fixed):
            found.append(odds)
    return found


def _indented(last: Line, this: Line) -> bool:
    """Whether a line begins a paragraph by its indent; one that hangs under an item does not."""
    return look.columns(this.indent) > look.columns(last.indent) and not look.is_item(last.text)


def _as_wide(wraps: Sequence[Line], last: Line, this: Line) -> bool:
    """Whether a line is as wide as the wrapped lines of its paragraph, all equally wide."""
    width = look.columns(last.indent + last.text)
    least = most = width
    for line in wraps[-_MEMORY:]:
        size = look.columns(line.indent + line.text)
        least, most = min(least, size), max(most, size)
        if most - least > 2 or most > WIDEST:
            return False
    return _wrapped(last, this, Width(most, True))


def _wrapped(last: Line, this: Line, width: Width) -> bool:
    if width.fits(last, this):
        return False
    if look.ending(last.text) in ("stop", "semi", "closed"):
        return not (look.is_item(this.text) or _indented(last, this))
    return True


def _full_stop(lines: Sequence[Line], kinds: Sequence[str], width: Width) -> float:
    """Return the log-odds (nats) that a full line with a full stop at its end ends its paragraph.

    A paragraph's last line is full by chance once in as many times as the line has characters; a
    sentence ends at a line's end as often as at any other place. Both are counted in this text.
    Where paragraphs begin with an indent, no indent means no paragraph.
    """
    ends = full = stops = indented = 0
    for (last, this), kind in zip(pairwise(lines), kinds, strict=False):
        fits = width.fits(last, this)
        ends += fits and kind == "stop"
        indented += fits and kind == "stop" and _indented(last, this)
        full += not fits and kind != "stop"
        stops += len(_STOPPED.findall(last.text, 0, len(last.text) - 2))
    if indented * 5 >= ends * 4 > 0:
        return -9.0
    chars = sum(len(line.text) for line in lines)
    size = width.size / (2 if width.in_columns else 1)
    return log((ends + 0.1) / size / ((full + 0.1) * (stops + 0.1) / chars))


def _blanks_separate(lines: Sequence[Line], width: Width) -> bool:
    """Whether blank lines stand at paragraph ends and nowhere else."""
    blank = bare = short = 0
    for last, this in pairwise(lines):
        if this.blank:
            blank += 1
            bare += not width.fits(last, this) and look.ending(last.text) != "stop"
        else:
            short += width.fits(last, this)
    return blank >= 1 and bare * 10 <= blank and short * 10 <= blank
