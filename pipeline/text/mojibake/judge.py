"""Judges repairs: what a chain of readings ends in must be clearly likelier than the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.runs import runs
from pipeline.text.mojibake.chains import End
from pipeline.text.mojibake.hopeless import MARK
from pipeline.text.mojibake.utf8 import Stretches
from pipeline.text.ngram import Model

MIN_GAIN, MIN_GAIN_ALL = 2.0, 6.0
"""How much likelier a repair has to be, in nats: for each character, and once."""
MIN_GAIN_ALONE = 20.0
"""The same for two characters between ASCII: true ones gain 28 and more."""
MIN_SCORE, MIN_SCORE_TORN = -11.5, -8.0
"""Mean log-probability that a repair must reach: classical verse has -9, noise -14. And the same
where the bytes did not have to be read in step: prose has -5 to -7."""
EXCERPT = 40
"""Characters of a stretch that are scored, from the first beyond ASCII: more change no verdict."""
LONG, MEDIUM, WITNESSES = 16, 6, 4
"""Sequences of a line that can answer for others, and of one that so many of them answer for."""
NEUTRAL = "“”‘’…—·\ufffd"
"""Marks that every script has."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of n stretches: the best ends, and the mean log-probability before and after.

    `ends`: the stretches with the texts of these. `levels`: of those that went through further
    readings, by their numbers, themselves and what each reading made of them. `before`, `after`:
    float64 (n,).
    """

    ends: Stretches
    levels: dict[int, list[End]]
    before: NDArray[np.float64]
    after: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be judged: stretches, what they were (`olds`) and are (`news`), further ends."""

    found: Stretches
    olds: Excerpts
    news: Excerpts
    deeper: dict[int, list[End]]
    model: Model


def verdicts(case: Case, pages: Sequence[tuple[int, int]]) -> Verdicts:
    """Return the verdict on each stretch of some pages, which stand one after another.

    `pages`: the first stretch of each page and the one past its last. So many sequences as a long
    line has do not come about by chance. Where a page has many lines through one chain, a few long
    ones answer for the others.
    """
    found = _Scores(len(case.found.texts))
    for i, ends in case.deeper.items():
        found.which[i] = len(ends) - 1
    sequences, groups = _groups(case, pages)
    witnesses = _witnesses(groups, np.flatnonzero(sequences >= LONG))
    answering = groups[witnesses[:, 0]]
    answered = np.zeros(groups.max(initial=0) + 1, np.bool_)
    answered[answering] = True
    judged = answered[groups] & (sequences >= MEDIUM)
    judged[witnesses] = False
    deepest = found.which[witnesses]
    _score(np.flatnonzero(~judged), found, case)
    olds, news = found.before[witnesses], found.after[witnesses]
    clear = (found.which[witnesses] == deepest).all(axis=1)
    clear &= (news - olds >= MIN_GAIN).all(axis=1)
    mine = np.flatnonzero(judged)
    of = np.searchsorted(answering, groups[mine])
    _score(mine[~clear[of]], found, case)
    mine, of = mine[clear[of]], of[clear[of]]
    found.before[mine] = olds.mean(axis=1)[of]
    found.after[mine] = news.mean(axis=1)[of]
    levels = {i: e[: found.which[i] + 1] for i, e in case.deeper.items() if found.which[i]}
    return Verdicts(_ends(case.found, levels), levels, found.before, found.after)


class _Scores:
    """Which end of each stretch is the best, and the mean log-probability before and after."""

    def __init__(self, size: int) -> None:
        self.which = np.zeros(size, np.int64)
        self.before, self.after = np.zeros(size), np.zeros(size)


def _ends(found: Stretches, levels: dict[int, list[End]]) -> Stretches:
    """Return stretches with the text of their last level."""
    if not levels:
        return found
    ends = list(found.rows())
    for i, mine in levels.items():
        ends[i] = mine[-1][0]
    return Stretches.of(ends)


def _groups(
    case: Case, pages: Sequence[tuple[int, int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return of each stretch the sequences of its deepest end, and a number of page and chain."""
    sequences = case.found.sequences
    sizes = [last - first for first, last in pages]
    numbers = {ends[-1][1]: 0 for ends in case.deeper.values()}
    groups = np.repeat(np.arange(len(pages)) * (len(numbers) + 1), sizes)
    if numbers:
        sequences = sequences.copy()
        numbers = {chain: number for number, chain in enumerate(numbers, start=1)}
    for i, ends in case.deeper.items():
        deepest, chain = ends[-1]
        sequences[i] = deepest.sequences
        groups[i] += numbers[chain]
    return sequences, groups


def _witnesses(groups: NDArray[np.int64], long: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the first long stretches of each group that has more: intp (k, WITNESSES).

    In order of their groups.
    """
    order = long[np.argsort(groups[long], kind="stable")]
    heads, sizes = runs(groups[order])
    found: NDArray[np.intp] = order[heads[sizes > WITNESSES][:, None] + np.arange(WITNESSES)]
    return found


def _score(chosen: NDArray[np.intp], found: _Scores, case: Case) -> None:
    """Judge the chosen stretches by their own scores."""
    more = {i: case.deeper[i] for i in chosen.tolist() if i in case.deeper} if case.deeper else {}
    texts = Excerpts.of([end.text for ends in more.values() for end, _ in ends[1:]])
    scores = scores_of(case.model, case.olds.some(chosen), case.news.some(chosen), texts)
    found.which[chosen] = 0
    found.before[chosen] = scores[: len(chosen)]
    found.after[chosen] = scores[len(chosen) : 2 * len(chosen)]
    at = 2 * len(chosen)
    for i, ends in more.items():
        after = np.append(found.after[i], scores[at : at + len(ends) - 1])
        at += len(ends) - 1
        found.which[i] = best = int(after.argmax())
        found.after[i] = after[best]


def scores_of(model: Model, *parts: Excerpts) -> NDArray[np.float64]:
    """Return the mean log-probability of each excerpt, part after part, leaving out `�`."""
    codes = np.concatenate([part.apart() for part in parts])
    sizes = np.concatenate([part.last - part.first for part in parts])
    ends = np.cumsum(sizes + 2)
    there = codes != ord(MARK)
    if not there.all():
        before = np.append(0, np.cumsum(there))
        sizes = before[ends - 2] - before[ends - 2 - sizes]
        ends = before[ends]
        codes = codes[there]
    return model.means(codes, ends - 2 - sizes, ends - 2)


def are_east_asian(excerpts: Excerpts) -> NDArray[np.bool_]:
    """Tell of which texts most letters are Han, kana or Hangul: the rest is ftfy's field."""
    before = np.zeros(len(excerpts.codes) + 1, np.int64)
    np.cumsum(_asian().take(excerpts.codes, mode="clip"), out=before[1:])
    return before[excerpts.last] > before[excerpts.first]


def beyond_ascii(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return how many characters lie beyond ASCII before each place: int64, one more entry."""
    high = np.zeros(len(codes) + 1, np.int64)
    np.cumsum(codes > 0x7F, out=high[1:])
    return high


@dataclass(frozen=True, slots=True)
class Excerpts:
    """Where in some code points the excerpts lie that stand for whole texts.

    `first`, `last`: int64 (n,).
    """

    codes: NDArray[np.uint32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Excerpts:
        """Return the excerpts of some texts."""
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1) - 1
        starts = np.append(0, ends[:-1] + 1)[: len(ends)]
        codes = code_points("\n".join([*texts, ""]))
        return cls.between(codes, beyond_ascii(codes), starts, ends)

    @classmethod
    def between(
        cls,
        codes: NDArray[np.uint32],
        high: NDArray[np.int64],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> Excerpts:
        """Return the excerpts of the texts that lie between `starts` and `ends`.

        `high`: how many characters lie beyond ASCII before each place. An excerpt begins at the
        first of them; with few of them all counts.
        """
        long = ends - starts > EXCERPT
        first = starts.copy()
        asked = np.flatnonzero(long)
        asked = asked[codes[starts[asked]] < 0x80]
        first[asked] = np.searchsorted(high, high[starts[asked]], side="right") - 1
        first = np.where(first < ends, first, starts)
        last = np.minimum(first + EXCERPT, ends)
        thin = long & ((high[last] - high[first]) * 4 < EXCERPT)
        return cls(codes, np.where(thin, starts, first), np.where(thin, ends, last))

    def some(self, chosen: NDArray[np.intp]) -> Excerpts:
        """Return some of them."""
        return Excerpts(self.codes, self.first[chosen], self.last[chosen])

    def apart(self) -> NDArray[np.uint32]:
        """Return the excerpts one after another, two line ends behind each: uint32 (m,)."""
        sizes = self.last - self.first + 2
        ends = np.cumsum(sizes)
        at = np.repeat(self.first - (ends - sizes), sizes)
        at += np.arange(len(at))
        codes = self.codes.take(at, mode="clip") if len(at) else self.codes[:0]
        codes[ends - 1] = codes[ends - 2] = ord("\n")
        return codes


@cache
def _asian() -> NDArray[np.int8]:
    """Return 1 for each code point of East Asia, -1 for other letters and signs beyond ASCII."""
    table = np.zeros(65536, np.int8)
    table[0x80:] = -1
    table[[ord(mark) for mark in NEUTRAL]] = 0
    table[0x2E80:0xD800] = 1
    table[0xFF00:0xFFF0] = 1
    return table
