"""Whether a full line that ends a sentence ends its paragraph too: what the width cannot tell.

A sum of log-odds in nats. What the text itself shows: how many of its sentences end paragraphs,
and whether its paragraphs have a topic each (short news, entries of an encyclopaedia), so that the
words of one do not come back in the next (TextTiling; Hearst 1997). And what all texts share: the
words that a paragraph opens with, a quotation still open. The weights are those of a logistic
regression over the full lines of eleven sets, wrapped at 10 to 40 ideographs; the share of
sentences that end paragraphs and the openings weigh 1 in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import exp, log, log1p, sqrt

from pipeline.text import layout as look
from pipeline.text.fold import fold
from pipeline.text.marks import HAN

_AHEAD = 200
"""Characters of the next paragraph that are read, and of the one before."""
_INNER_STOP = re.compile("[。！？](?!.?$)")
_PAIR = re.compile(f"(?=([{HAN}]{{2}}))")
_NEVER = -9.0
_ELSEWHERE = 0.15
"""How much of what one half of a paragraph shares with the other a new topic still shares."""
_SHARED, _SEEN = 0.08, 60.0
"""What halves of paragraphs share on average, and the weight of that average beside the text."""
_OWN_TOPICS = 0.25
"""The share of texts whose paragraphs have a topic each, before this one is looked at."""


class FullStops:
    """The paragraphs of a text as far as its width tells them, and what they say about the rest.

    `lines`: the text's lines. `short[i]`: the first word of line i + 1 would have fitted on line i.
    """

    def __init__(self, lines: Sequence[str], short: Sequence[bool]) -> None:
        self._lines = lines
        self._short = short
        known = list(self._paragraphs())
        stops = sum(len(_INNER_STOP.findall(paragraph)) for paragraph in known)
        self._ends = log((len(known) + 1) / (stops + 4))
        halves = [_common(p[: len(p) // 2], p[len(p) // 2 :]) for p in known if len(p) > 100]
        shared = sum(shared for shared, _ in halves) + _SHARED * _SEEN
        self._shared = shared / (sum(most for _, most in halves) + _SEEN)
        apart = sum(self._elsewhere(last, this) for last, this in pairwise(known))
        self._own_topics = 1 / (1 + exp(-max(-2.0, min(9.0, _logit(_OWN_TOPICS) + apart))))

    def _paragraphs(self) -> Iterator[str]:
        first = 0
        for i, short in enumerate((*self._short, True), 1):
            if short:
                yield "".join(self._lines[first:i])
                first = i

    def _elsewhere(self, last: str, this: str) -> float:
        """Return the log-odds that what is shared comes from two topics, not from one."""
        shared, most = _common(last, this)
        return shared * log(_ELSEWHERE) + (1 - _ELSEWHERE) * self._shared * most

    def odds(self, paragraph: str, at: int) -> float:
        """Return the log-odds that line `at` opens a paragraph behind a full line with a stop.

        `paragraph`: what was joined so far.
        """
        this = self._ahead(at)
        if this[0] in look.CLOSERS or look.is_continuation(this):
            return _NEVER
        if paragraph[-1] == "." and this[0].isdigit():
            return _NEVER
        topics = self._own_topics
        new = log1p(topics * (exp(min(8.0, self._elsewhere(paragraph, this))) - 1))
        odds = self._ends + 0.4 * new + opening(this)
        if look.unclosed(paragraph) or _closes(this):
            odds -= 2.8
        if paragraph[-1] in ".…":
            odds -= 2.0
        odds += 1.0 * (paragraph[-1] in "？?")
        return odds + 3.0 * (this[0] in "【［〔[")

    def _ahead(self, at: int) -> str:
        """Return what follows, to the next sure end of a paragraph."""
        end, size = at, 0
        while end < len(self._lines) and size < _AHEAD:
            size += len(self._lines[end])
            end += 1
            if end <= len(self._short) and self._short[end - 1]:
                break
        return "".join(self._lines[at:end])


def _logit(share: float) -> float:
    return log(share / (1 - share))


def _common(last: str, this: str) -> tuple[int, float]:
    """Return how many pairs of ideographs two texts share where they meet, and could share."""
    left = set(_PAIR.findall(last, max(0, len(last) - _AHEAD)))
    right = set(_PAIR.findall(this, 0, _AHEAD))
    return len(left & right), sqrt(len(left) * len(right))


def _closes(this: str) -> bool:
    """Whether a quotation or bracket is closed that was opened before."""
    for a, b in look.PAIRS:
        at = this.find(b)
        if at >= 0 and not 0 <= this.find(a) < at:
            return True
    return False


def opening(line: str) -> float:
    """Return the log-odds (nats) by its first words that a sentence opens a paragraph.

    -3 for 但, -1.5 for 他, 3 for 二、; 4 for a subject that is introduced (半线天竺鲷（学名…）是).
    """
    if _introduces().match(line):
        return 4.0
    start = re.sub("[0-9]", "0", fold(line[:3]))
    known = _openings()
    return next((known[start[:n]] for n in (3, 2, 1) if start[:n] in known), 0.0)


@cache
def _introduces() -> re.Pattern[str]:
    return re.compile("|".join(look.words("introduces")))


@cache
def _openings() -> dict[str, float]:
    text = files("pipeline").joinpath("tables/reflow/openings.tsv").read_text("utf-8")
    rows = (row.split("\t") for row in text.splitlines() if not row.startswith("#"))
    return {start: float(odds) for start, odds in rows}
