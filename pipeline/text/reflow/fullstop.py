"""Whether a full line that ends a sentence ends its paragraph too: what the width cannot tell.

A sum of log-odds in nats. What the text itself shows: how many of its sentences end paragraphs, how
long those are, and whether they have a topic each (short news, entries of an encyclopaedia), so
that the words of one do not come back in the next (TextTiling; Hearst 1997). And what all texts
share: the words that a paragraph opens with, a quotation still open. The weights are those of a
logistic regression over 10,000 full lines of ten sets, wrapped at 10 to 40 ideographs; the share
of sentences that end paragraphs and the openings weigh 1 in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from math import exp, log, log1p, sqrt

from pipeline.tablefiles import table_rows
from pipeline.text import layout as look
from pipeline.text.fold import fold
from pipeline.text.marks import HAN

_BESIDE = 200
"""Characters of a paragraph and of the one before in which a topic shows."""
_AHEAD = 400
"""Characters that are read of what follows."""
_LONG = 600
"""Characters above which paragraphs count as equally long: so much of one is remembered."""
_AT_ONCE = 40
"""Characters in which what follows has taken up something, if it goes on."""
_INNER_STOP = re.compile("[。！？](?!.?$)")
_PAIR = re.compile(f"(?=([{HAN}]{{2}}))")
_HEADLINE = re.compile(f"[^，。！？；]{{0,24}}?[{HAN}”》：] [{HAN}“《⊙]")
"""Two halves of a headline, or one and the name of a paper: news run together."""
_LOST = -0.8
"""Nats from which a full line opens a paragraph where paragraphs are short."""
_LATIN, _LATIN_WORDS = 3.0, -0.5
"""Latin letters for each ideograph; nats for words of which it is not known whether they recur."""
_NEVER = -9.0
_FIRST = 1.3
"""Nats for any full line with a stop, before anything is known about it."""
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
        self._size = sum(map(len, known)) / len(known)
        self._starts = Counter(paragraph[:2] for paragraph in known)
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

    def opens(self, paragraph: str, at: int) -> bool:
        """Whether line `at` opens a paragraph; in doubt it does.

        A paragraph end that is lost weighs as much as two sentences cut, and as more the longer
        the paragraphs are: of few ends each is a larger part.
        """
        return self.odds(paragraph, at) > min(_LOST, 0.37 * self._ends - 0.5)

    def odds(self, paragraph: str, at: int) -> float:
        """Return the log-odds that line `at` opens a paragraph behind a full line with a stop.

        `paragraph`: what was joined so far.
        """
        this = self._ahead(at)
        if this[0] in look.CLOSERS or look.is_continuation(this):
            return _NEVER
        if paragraph[-1] == "." and this[0].isdigit():
            return _NEVER
        new = log1p(self._own_topics * (exp(min(8.0, self._elsewhere(paragraph, this))) - 1))
        odds = _FIRST + self._ends + 0.3 * new + opening(this)
        odds += self._by_length(paragraph, this) + _by_words(paragraph, this)
        odds += 0.4 * min(3, self._starts[this[:2]]) + 0.7 * (_HEADLINE.match(this) is not None)
        if look.unclosed(paragraph) or _closes(this[:_BESIDE]):
            odds -= 3.2
        odds -= 2.6 * (paragraph[-1] in ".…")
        odds += 2.0 * (paragraph[-1] in "？?")
        return odds + 3.4 * (this[0] in "【［〔[")

    def _by_length(self, paragraph: str, this: str) -> float:
        """Return the log-odds by what there is of this paragraph already, and of the next one."""
        so_far = log((len(paragraph) + 50) / (min(self._size, _LONG) + 50))
        size = len(this) if look.has_han(this) else len(this) / _LATIN
        ahead = log((size + 20) / 150)
        return 1.2 * so_far + 0.9 * ahead - 0.5 * log1p(len(_INNER_STOP.findall(paragraph)))

    def _ahead(self, at: int) -> str:
        """Return what follows, to the next sure end of a paragraph."""
        end, size = at, 0
        while end < len(self._lines) and size < _AHEAD:
            size += len(self._lines[end])
            end += 1
            if end <= len(self._short) and self._short[end - 1]:
                break
        return "".join(self._lines[at:end])[:_AHEAD]


def _by_words(paragraph: str, this: str) -> float:
    """Return the log-odds by the words that come back behind a full stop."""
    before, after = set(_PAIR.findall(paragraph)), set(_PAIR.findall(this))
    if not after:
        return _LATIN_WORDS
    shared = before & after
    nothing_yet = before.isdisjoint(_PAIR.findall(this, 0, _AT_ONCE))
    return 0.4 * nothing_yet - 0.35 * log1p(len(shared))


def _logit(share: float) -> float:
    return log(share / (1 - share))


def _common(last: str, this: str) -> tuple[int, float]:
    """Return how many pairs of ideographs two texts share where they meet, and could share."""
    left = set(_PAIR.findall(last, max(0, len(last) - _BESIDE)))
    right = set(_PAIR.findall(this, 0, _BESIDE))
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
    return {start: float(odds) for start, odds in table_rows("reflow/openings.tsv")}
