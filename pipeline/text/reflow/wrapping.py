"""Which line breaks of a text are no paragraph ends.

Two witnesses. A *fixed width*: many lines that end in mid-sentence are equally wide, and a break is
a wrap exactly where the next line's first word would not have fitted any more. And the *sentence*:
a line that ends in mid-sentence, with a comma, an open quotation, or after an earlier full stop.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from math import exp, log

from pipeline.text import layout as look
from pipeline.text.reflow.counting import FIRST, counting
from pipeline.text.reflow.frame import is_frame
from pipeline.text.reflow.fullstop import FullStops
from pipeline.text.reflow.seam import SHORTEST, alone, bond, torn
from pipeline.text.reflow.width import MANY, NARROW, WIDEST, Line, Width, wrap_width

SHORT = 20
"""Characters below which a line can be a heading, a caption or a line of a list."""
SURE = 0.7
"""Log-odds (nats) from which a sentence goes on in a text where few lines are cut: two to one."""
_GOING_ON = "，、," + look.OPENERS
_APART = 4.0
"""Nats that have to speak for an end without a stop: a cut in mid-sentence does most damage."""
_SURE_PRIOR = 3.0
"""Nats from which a cut is so likely that all of the odds have to be known."""
_CUT_SHORT = 0.02
"""The share of lines cut in mid-sentence among those that were shorter than the width, at first."""
_HEAD_CHARS = 6
"""Characters of a running head: shorter ends of wrapped lines recur (…的实证研究)."""
_MEMORY = 600
"""Characters of a paragraph that are remembered while it is put together: keeps joining linear."""
_MARKED = re.compile("[，。、；：！？]")
_HEADLINE = re.compile("[！？!?|｜︱丨]")
_HEADLINE_ODDS = 2.7
"""Nats: what `torn` gives for a stop inside a line, which a headline has for its form alone."""
_HEAD_LINES = 8
_CUT = frozenset(("bare", "comma", "open", "closed"))
BARE = frozenset(("bare", "closed"))
_STOPS, _LEFTOVERS = frozenset(look.STOPS), frozenset(look.LEFTOVERS)


def joins(lines: Sequence[Line], wrapped: bool = True) -> list[str]:
    """Return for each line why it continues the line before ("" where it does not).

    `wrapped`: whether the lines may have a width.
    """
    why = [""] * len(lines)
    kinds = ["stop" if line.text[-1:] in _STOPS else look.ending(line.text) for line in lines]
    continued = [line.text[:1] in _LEFTOVERS for line in lines]
    ends = [
        i
        for i, (kind, goes_on) in enumerate(zip(kinds, continued[1:], strict=False))
        if goes_on or (kind in _CUT and (len(lines[i].text) >= SHORTEST or kind == "open"))
    ]
    cut = [(lines[i].text, lines[i + 1].text) for i in ends if not _is_set(lines[i], lines[i + 1])]
    if not may_go_on(cut):
        return why
    page = Page(lines, kinds, wrap_width(lines, kinds) if wrapped else None)
    paragraph = lines[0].text
    wraps: list[Line] = []  # the lines of the paragraph that were wrapped
    for i in range(1, len(lines)):
        last, this = lines[i - 1], lines[i]
        if continued[i] or wraps or page.width or (kinds[i - 1] in _CUT and page.may_be_cut(i)):
            why[i] = page.why(paragraph, wraps, i)
        if why[i]:
            if page.verse:
                return [""] * len(lines)
            paragraph = (paragraph + this.text)[-_MEMORY:]
            wraps.append(last)
        else:
            paragraph = this.text
            wraps = []
    return why


def _is_set(last: Line, this: Line) -> bool:
    """Whether two lines are code: set apart, it has no sentence that goes on."""
    if last.fenced or this.fenced:
        return True
    return this.start - last.end > 1 and last.text.isascii() and last.fixed


def may_go_on(cut: Sequence[tuple[str, str]]) -> bool:
    """Whether one of the lines that may end in mid-sentence could be joined to the next.

    Where none has odds above 0, none will be joined by its sentence: the share of cut lines is
    estimated at a tenth or less, and the sentence alone has to be sure. With fewer than MANY such
    lines the share stays under a half whatever their odds, and there is no width.
    """
    worth = SURE if len(cut) < MANY else 0.0
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
        if alone(last, this) > worth:
            return True
    return len(cut) >= MANY and bonds > 0


def repeated(lines: Sequence[str]) -> frozenset[str]:
    """Return the lines that occur more than once: in most texts none, which a set tells first."""
    if len(set(lines)) == len(lines):
        return frozenset()
    return frozenset(line for line, n in Counter(lines).items() if n > 1)


def is_verse(lines: Sequence[Line]) -> bool:
    """Whether most lines with marks are verse."""
    verse = 0
    other = sum([len(line.text) > look.LONGEST_VERSE for line in lines])
    for line in lines:
        if other * 10 > 3 * len(lines):
            return False
        if len(line.text) <= look.LONGEST_VERSE and _MARKED.search(line.text):
            this = look.is_verse(line.text)
            verse += this
            other += not this
    return verse + other >= 4 and verse * 3 >= other * 7


class Page:
    """What is known about the lines of a document as a whole, and the verdict on each break.

    Lists are by the number of the first line of a break. `short`: where a width is known, whether
    the next line's first word would have fitted.
    """

    def __init__(self, lines: Sequence[Line], kinds: Sequence[str], width: Width | None) -> None:
        self._lines, self._kinds, self.width = lines, kinds, width
        self._stops: FullStops | None = None
        self._fixed: dict[int, bool] = {}
        self._begins: dict[int, str] = {}
        self._short = [width.fits(*pair) for pair in pairwise(lines)] if width else []
        self.separated = width is not None and _blanks_separate(lines, kinds, self._short)
        self.indented = width is not None and _indents_separate(lines, kinds, self._short)
        self.prior = 0.0 if self.separated else _prior(self._odds(range(len(lines) - 1)))
        self._prior_short = self.prior
        if width:
            # Of the lines that are too short for it few are cut: by their own they are judged.
            short = [i for i, short in enumerate(self._short) if short]
            self._prior_short = _prior(self._odds(short), _CUT_SHORT)

    @cached_property
    def verse(self) -> bool:
        """Whether the text is verse. Asked only where something would be joined."""
        return is_verse(self._lines)

    @cached_property
    def _repeated(self) -> frozenset[str]:
        return repeated([line.text for line in self._lines])

    def _is_fixed(self, i: int) -> bool:
        known = self._fixed.get(i)
        if known is None:
            known = self._fixed[i] = self._lines[i].fixed
        return known

    def _begin(self, i: int) -> str:
        """Return whether line i begins as an "item", or with a "label"."""
        known = self._begins.get(i)
        if known is None:
            text = self._lines[i].text
            counted = text[0] in FIRST and i in self._counting
            item = counted or look.is_item(text)
            known = "item" if item else "label" if look.is_label(text) else ""
            self._begins[i] = known
        return known

    @cached_property
    def _counting(self) -> frozenset[int]:
        return counting([line.text for line in self._lines])

    def may_be_cut(self, i: int) -> bool:
        """Whether the line before line i, a paragraph by itself without a width, may be cut.

        Latin lines are not (that needs a width), nor tiny ones.
        """
        last = self._lines[i - 1].text
        if last.isascii() or not (len(last) >= SHORTEST or last[-1] in look.OPENERS):
            return False
        if self._kinds[i - 1] not in BARE or self.prior >= _SURE_PRIOR:
            return True
        return alone(last, self._lines[i].text) + self.prior > (SURE if self.prior < 0 else 0.0)

    def why(self, paragraph: str, wraps: Sequence[Line], i: int) -> str:
        """Return why line i continues the paragraph that ends with the line before, or ""."""
        last, this = self._lines[i - 1], self._lines[i]
        rule = self._why(paragraph, wraps, i)
        if rule and (self._is_fixed(i - 1) or self._is_fixed(i)):
            return ""
        if rule == "broken-sentence" and (
            is_frame(this.text) or (not wraps and (is_frame(last.text) or self._is_headline(i - 1)))
        ):
            return ""
        return rule

    def _is_headline(self, i: int) -> bool:
        """Whether a line above all sentences parts a headline by its ？, ！ or ｜, as few texts do.

        你加入吗？多地推行公筷: with such a mark 18 of 2,269 headlines were joined to their text.
        """
        last, this = self._lines[i].text, self._lines[i + 1].text
        if i >= _HEAD_LINES or self._kinds[i] not in BARE or "。" in last:
            return False
        if "stop" in self._kinds[:i] or not _HEADLINE.search(last):
            return False
        return alone(last, this) - _HEADLINE_ODDS + self._prior_of(i + 1) <= SURE

    def _why(self, paragraph: str, wraps: Sequence[Line], i: int) -> str:
        last, this = self._lines[i - 1], self._lines[i]
        if look.is_heading(last.text) or look.is_heading(this.text):
            return ""
        if self.separated:
            return "" if this.blank else "hard-wrap"
        if self.width is not None and not self._short[i - 1]:
            if self._opens(paragraph, i) or self._is_running_head(i):
                return ""
            if _may_be_full(last, this):
                return "hard-wrap"
        if look.is_continuation(this.text):
            return "broken-sentence"
        begin = self._begin(i)
        if begin == "item" or _indented(last, this):
            return ""
        prior = self._prior_of(i)
        if begin and prior <= 0:
            return ""
        rule = ""
        if _cut(paragraph, last.text, this.text, self._kinds[i - 1], prior):
            rule = "broken-sentence"
        elif self.width is None and wraps and _as_wide(wraps, last, this):
            rule = "hard-wrap"
        if rule and (last.text in self._repeated or this.text in self._repeated):
            return ""  # page furniture, refrains
        return rule

    def _is_running_head(self, i: int) -> bool:
        """Whether a line recurs, does not fill the width and ends no sentence: no last line."""
        text = self._lines[i].text
        if len(text) < _HEAD_CHARS or self._kinds[i] != "bare" or not look.has_han(text):
            return False
        return i < len(self._short) and self._short[i] and text in self._repeated

    def _opens(self, paragraph: str, i: int) -> bool:
        """Whether line i opens a paragraph behind a line that is full by chance."""
        last, this, kind = self._lines[i - 1], self._lines[i], self._kinds[i - 1]
        if self.indented:
            return this.indent != ""
        if kind != "stop":
            if len(paragraph) < SHORTEST or not look.has_han(last.text + this.text):
                return False
            odds = torn(paragraph, last.text, this.text, -99.0)
            return odds < self._by_chance(kind) - _APART
        if self._stops is None:
            self._stops = FullStops([line.text for line in self._lines], self._short)
        return self._stops.opens(paragraph, i)

    @lru_cache(maxsize=8)  # noqa: B019
    def _by_chance(self, kind: str) -> float:
        """Return the log-odds that a full line which ends so ends its paragraph, as headings do.

        A paragraph's last line is full by chance once in as many times as a line has characters.
        """
        ends = [short for short, k in zip(self._short, self._kinds, strict=False) if k == kind]
        size = self.width.size / (1 + self.width.in_columns) if self.width else 1
        return log((sum(ends) + 0.1) / size / (len(ends) - sum(ends) + 0.1))

    def _odds(self, breaks: Iterable[int]) -> list[float]:
        """Return for each line without a stop the log-odds (nats) that it was cut in mid-sentence.

        `breaks`: the numbers of the lines that are asked about.
        """
        found = []
        for i in [i for i in breaks if self._kinds[i] in BARE]:
            last, this = self._lines[i].text, self._lines[i + 1].text
            if len(last) < NARROW or not look.has_han(last) or self._begin(i + 1):
                continue
            if look.is_quoted_verse(last):
                continue
            odds = alone(last, this)
            if odds < -3.0 or not (self._is_fixed(i) or self._is_fixed(i + 1)):
                found.append(odds)
        return found

    def _prior_of(self, i: int) -> float:
        """Return the log-odds that the line before line i is cut, if it has no stop."""
        short = self.width is not None and self._short[i - 1]
        return self._prior_short if short else self.prior


def _cut(paragraph: str, last: str, this: str, kind: str, prior: float) -> bool:
    """Whether a line that ends in such a way was cut, judged by the sentence alone."""
    # 鉴于…，鉴于…，: clauses set apart on purpose
    if kind == "stop" or last[:2] == this[:2] or not look.has_han(last):
        return False
    if kind == "comma":
        likely = prior > 0 or len(paragraph) > SHORT
    elif kind == "semi":
        likely = prior > 0 and last[-1] in "；;"
    elif kind == "open":
        likely = True
    else:
        whole = paragraph is last and prior < _SURE_PRIOR
        odds = alone(last, this) if whole else torn(paragraph, last, this, -prior)
        likely = odds + prior > (SURE if prior < 0 else 0.0)
    if not likely or (look.is_verse(last) and look.is_verse(this)):
        return False
    return prior > 0 or not look.is_quoted_verse(last)


def _prior(odds: Sequence[float], first: float = 0.1) -> float:
    """Return the log-odds (nats) that a line without a stop was cut in mid-sentence here.

    One such line in ten is, where nothing is known (`first`). The share in this document is
    estimated from its own breaks, by expectation-maximisation.
    """
    share = first
    for _ in range(4 if odds else 0):
        prior = log(share / (1 - share))
        found = sum([1 / (1 + exp(-max(-30.0, min(30.0, o + prior)))) for o in odds])
        share = (found + 3 * first) / (len(odds) + 3)  # three breaks' worth of the first guess
    return log(share / (1 - share))


def _indented(last: Line, this: Line) -> bool:
    """Whether a line begins a paragraph by its indent; one that hangs under an item does not."""
    if not this.indent or look.columns(this.indent) <= look.columns(last.indent):
        return False
    return not look.is_item(last.text)


def _as_wide(wraps: Sequence[Line], last: Line, this: Line) -> bool:
    """Whether a line is as wide as the wrapped lines of its paragraph, all equally wide."""
    width = look.columns(last.indent + last.text)
    least = most = width
    for line in wraps[-_MEMORY:]:
        size = look.columns(line.indent + line.text)
        least, most = min(least, size), max(most, size)
        if most - least > 2 or most > WIDEST:
            return False
    return _wrapped(last, this, Width(True, most))


def _wrapped(last: Line, this: Line, width: Width) -> bool:
    return not width.fits(last, this) and _may_be_full(last, this)


def _may_be_full(last: Line, this: Line) -> bool:
    """Whether a line as wide as the text may go on, for all that its mark and the next say."""
    if look.ending(last.text) in ("stop", "semi", "closed"):
        return not (look.is_item(this.text) or _indented(last, this))
    return True


def _indents_separate(lines: Sequence[Line], kinds: Sequence[str], short: Sequence[bool]) -> bool:
    """Whether paragraphs begin with an indent, and wrapped lines with none."""
    ends = indented = wraps = flush = 0
    for this, kind, fits in zip(lines[1:], kinds, short, strict=False):
        if fits and kind == "stop":
            ends += 1
            indented += this.indent != ""
        elif not fits and kind == "bare":
            wraps += 1
            flush += this.indent == ""
    return ends > 0 and indented * 5 >= ends * 4 and flush * 10 >= wraps * 9


def _blanks_separate(lines: Sequence[Line], kinds: Sequence[str], short: Sequence[bool]) -> bool:
    """Whether blank lines stand at paragraph ends and nowhere else."""
    blank = bare = below = 0
    for this, kind, fits in zip(lines[1:], kinds, short, strict=False):
        if this.blank:
            blank += 1
            bare += not fits and kind != "stop"
        else:
            below += fits
    return blank >= 1 and bare * 10 <= blank and below * 10 <= blank
