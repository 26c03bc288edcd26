"""Judges repairs: what a chain of readings ends in must be clearly likelier than the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.text.mojibake.chains import End
from pipeline.text.mojibake.hopeless import MARK
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
    """Of n stretches: which end is the best, and the mean log-probability before and after.

    `which` int64 (n,); `before`, `after` float64 (n,).
    """

    which: NDArray[np.int64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]


def verdicts(
    text: str, candidates: list[list[End]], pages: Sequence[tuple[int, int]], model: Model
) -> Verdicts:
    """Return the verdict on each stretch of some pages, which stand in `text` one after another.

    `pages`: the first stretch of each page and the one past its last. So many sequences as a long
    line has do not come about by chance. Where a page has many lines through one chain, a few long
    ones answer for the others.
    """
    n = len(candidates)
    which = np.fromiter(map(len, candidates), np.int64, n) - 1
    found = Verdicts(which, np.zeros(n), np.zeros(n))
    sequences, groups = _groups(candidates, pages)
    witnesses = _witnesses(groups, np.flatnonzero(sequences >= LONG))
    answering = groups[witnesses[:, 0]]
    answered = np.zeros(groups.max(initial=0) + 1, np.bool_)
    answered[answering] = True
    judged = answered[groups] & (sequences >= MEDIUM)
    judged[witnesses] = False
    deepest = which[witnesses]
    _score(np.flatnonzero(~judged), found, text, candidates, model)
    olds, news = found.before[witnesses], found.after[witnesses]
    clear = (which[witnesses] == deepest).all(axis=1)
    clear &= (news - olds >= MIN_GAIN).all(axis=1)
    mine = np.flatnonzero(judged)
    of = np.searchsorted(answering, groups[mine])
    _score(mine[~clear[of]], found, text, candidates, model)
    mine, of = mine[clear[of]], of[clear[of]]
    found.before[mine] = olds.mean(axis=1)[of]
    found.after[mine] = news.mean(axis=1)[of]
    return found


def _groups(
    candidates: list[list[End]], pages: Sequence[tuple[int, int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return of each stretch the sequences of its deepest end, and a number of page and chain."""
    sequences = [ends[-1][0].sequences for ends in candidates]
    sizes = [last - first for first, last in pages]
    chains = [ends[-1][1] for ends in candidates]
    numbers = {chain: number for number, chain in enumerate(dict.fromkeys(chains))}
    groups = np.repeat(np.arange(len(pages)) * len(numbers), sizes)
    if len(numbers) > 1:
        groups += np.array([numbers[chain] for chain in chains], np.int64)
    return np.array(sequences, np.int64), groups


def _witnesses(groups: NDArray[np.int64], long: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the first long stretches of each group that has more: intp (k, WITNESSES).

    In order of their groups.
    """
    order = long[np.argsort(groups[long], kind="stable")]
    mine = groups[order]
    heads = np.flatnonzero(np.append(True, mine[1:] != mine[:-1])[: len(mine)])
    sizes = np.append(heads[1:], len(mine)) - heads
    found: NDArray[np.intp] = order[heads[sizes > WITNESSES][:, None] + np.arange(WITNESSES)]
    return found


def _score(
    chosen: NDArray[np.intp],
    found: Verdicts,
    text: str,
    candidates: list[list[End]],
    model: Model,
) -> None:
    """Judge the chosen stretches by their own scores."""
    mine = [candidates[i] for i in chosen.tolist()]
    olds = [text[ends[0][0].start : ends[0][0].end] for ends in mine]
    scores = np.array(scores_of(model, olds + [end.text for ends in mine for end, _ in ends]))
    found.before[chosen] = scores[: len(mine)]
    at = len(mine)
    if len(scores) == 2 * at:  # no text went through two readings
        found.which[chosen] = 0
        found.after[chosen] = scores[at:]
        return
    for i, ends in zip(chosen.tolist(), mine, strict=True):
        after = scores[at : at + len(ends)]
        at += len(ends)
        found.which[i] = best = int(after.argmax())
        found.after[i] = after[best]


def scores_of(model: Model, texts: Sequence[str]) -> list[float]:
    """Return the mean log-probability of an excerpt of each text, leaving out `�`."""
    if not texts:
        return []
    excerpts = Excerpts(texts)
    sizes = excerpts.last - excerpts.first
    # Two line ends behind each, as `Model.scores` has them between texts.
    ends = np.cumsum(sizes + 2)
    codes = np.full(ends[-1], ord("\n"), np.uint32)
    shift = np.repeat(excerpts.first - (ends - sizes - 2), sizes)
    at = np.arange(len(shift)) + np.repeat(2 * np.arange(len(texts)), sizes)
    codes[at] = excerpts.codes[at + shift]
    there = codes != ord(MARK)
    if not there.all():
        before = np.append(0, np.cumsum(there))
        sizes = before[ends - 2] - before[ends - 2 - sizes]
        ends = before[ends]
        codes = codes[there]
    return model.means(codes, ends - 2 - sizes, ends - 2)


def are_east_asian(texts: Sequence[str]) -> list[bool]:
    """Tell of which texts most letters are Han, kana or Hangul: the rest is ftfy's field.

    An excerpt of each is looked at, as in `scores_of`.
    """
    if not texts:
        return []
    excerpts = Excerpts(texts)
    found: list[bool] = (excerpts.sums(_asian().take(excerpts.codes, mode="clip")) > 0).tolist()
    return found


class Excerpts:
    """Texts end to end, and where the excerpt of each lies that stands for it."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.codes = code_points("\n".join([*texts, ""]))
        high = self.codes > 0x7F
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1) - 1
        starts = np.append(0, ends[:-1] + 1)
        # The excerpt begins at the first character beyond ASCII; with few of them all counts.
        long = ends - starts > EXCERPT
        places = np.append(np.flatnonzero(high), len(self.codes))
        first = np.where(long, places[np.searchsorted(places, starts)], starts)
        first = np.where(first < ends, first, starts)
        self.first, self.last = first, np.minimum(first + EXCERPT, ends)
        thin = long & (self.sums(high) * 4 < EXCERPT)
        self.first, self.last = np.where(thin, starts, first), np.where(thin, ends, self.last)

    def sums(self, weights: NDArray[np.int8] | NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return what the characters of each excerpt weigh together: int64 (n,)."""
        before = np.zeros(len(weights) + 1, np.int64)
        np.cumsum(weights, out=before[1:])
        found: NDArray[np.int64] = before[self.last] - before[self.first]
        return found


@cache
def _asian() -> NDArray[np.int8]:
    """Return 1 for each code point of East Asia, -1 for other letters and signs beyond ASCII."""
    table = np.zeros(65536, np.int8)
    table[0x80:] = -1
    table[[ord(mark) for mark in NEUTRAL]] = 0
    table[0x2E80:0xD800] = 1
    table[0xFF00:0xFFF0] = 1
    return table
