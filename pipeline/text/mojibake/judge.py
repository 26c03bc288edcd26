"""Judges repairs: what a chain of readings ends in must be clearly likelier than the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from operator import sub

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.text.mojibake.chains import End, wide
from pipeline.text.mojibake.hopeless import MARK
from pipeline.text.ngram import Model

MIN_GAIN, MIN_GAIN_ALL = 2.0, 6.0
"""How much likelier a repair has to be, in nats: for each character, and once."""
MIN_GAIN_ALONE = 20.0
"""The same for two characters between ASCII: true ones gain 28 and more."""
MIN_SCORE = -11.5
"""Mean log-probability that a repair must reach: classical verse has -9, noise -14."""
EXCERPT = 40
"""Characters of a stretch that are scored, from the first beyond ASCII: more change no verdict."""
LONG, MEDIUM, WITNESSES = 16, 6, 4
"""Sequences of a line that can answer for others, and of one that so many of them answer for."""
_WIDE = re.compile(r"[^\x00-\x7f]")
NEUTRAL = "“”‘’…—·\ufffd"
"""Marks that every script has."""
_HIGH, _OTHER, _ASIAN = 1, 2, 4
Verdict = tuple[int, float, float]
"""Which end is the best, and the mean log-probability before and after."""


def verdicts(
    text: str, candidates: list[list[End]], pages: Sequence[tuple[int, int]], model: Model
) -> list[Verdict]:
    """Return the verdict on each stretch of some pages, which stand in `text` one after another.

    `pages`: the first stretch of each page and the one past its last. So many sequences as a long
    line has do not come about by chance. Where a page has many lines through one chain, a few long
    ones answer for the others.
    """
    answering: list[list[int]] = []
    judged_by: dict[int, list[int]] = {}
    for first, last in pages:
        long: dict[tuple[str, ...], list[int]] = {}
        medium: list[int] = []
        for i in range(first, last):
            end, chain = candidates[i][-1]
            if end.sequences >= MEDIUM:
                medium.append(i)
                if end.sequences >= LONG:
                    long.setdefault(chain, []).append(i)
        witnesses = {c: g[:WITNESSES] for c, g in long.items() if len(g) > WITNESSES}
        answering += witnesses.values()
        for i in medium if witnesses else ():
            group = witnesses.get(candidates[i][-1][1])
            if group and i not in group:
                judged_by[i] = group
    asked = [i for i in range(len(candidates)) if i not in judged_by]
    found = _scored(asked, text, candidates, model)
    means: dict[int, tuple[float, float]] = {}  # by the first of the witnesses
    for group in answering:
        olds, news = zip(*(found[i][1:] for i in group), strict=True)
        deepest = all(found[i][0] == len(candidates[i]) - 1 for i in group)
        if deepest and min(map(sub, news, olds)) >= MIN_GAIN:
            means[group[0]] = sum(olds) / WITNESSES, sum(news) / WITNESSES
    doubtful = [i for i, group in judged_by.items() if group[0] not in means]
    found |= _scored(doubtful, text, candidates, model)
    for i, group in judged_by.items():
        if group[0] in means:
            found[i] = (len(candidates[i]) - 1, *means[group[0]])
    return [found[i] for i in range(len(candidates))]


def _scored(
    chosen: list[int], text: str, candidates: list[list[End]], model: Model
) -> dict[int, Verdict]:
    """Return the verdicts on the chosen stretches, by their own scores."""
    olds = [text[(undone := candidates[i][0][0]).start : undone.end] for i in chosen]
    ends = [end.text for i in chosen for end, _ in candidates[i]]
    scores = scores_of(model, olds + ends)
    found: dict[int, Verdict] = {}
    at = len(chosen)
    for i, before in zip(chosen, scores, strict=False):
        mine = scores[at : at + len(candidates[i])]
        at += len(mine)
        best = max(mine)
        found[i] = mine.index(best), before, best
    return found


def scores_of(model: Model, texts: Sequence[str]) -> list[float]:
    """Return the mean log-probability of an excerpt of each text, leaving out `�`."""
    return model.scores([_excerpt(text).replace(MARK, "") for text in texts])


def _excerpt(text: str) -> str:
    if len(text) <= EXCERPT:
        return text
    first = _WIDE.search(text)
    part = text[first.start() :][:EXCERPT] if first else text
    return part if wide(part) * 4 >= EXCERPT else text


def are_east_asian(texts: Sequence[str]) -> list[bool]:
    """Tell of which texts most letters are Han, kana or Hangul: the rest is ftfy's field.

    An excerpt of each is looked at, as in `scores_of`.
    """
    if not texts:
        return []
    codes = code_points("\n".join([*texts, ""]))
    kinds = _kinds().take(codes, mode="clip")
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1) - 1
    starts = np.append(0, ends[:-1] + 1)
    high, other, asian = (
        np.append(0, np.cumsum((kinds & kind) != 0, dtype=np.int32))
        for kind in (_HIGH, _OTHER, _ASIAN)
    )
    # The excerpt begins at the first character beyond ASCII; with few of them all counts.
    first = starts + 0
    long = np.flatnonzero(ends - starts > EXCERPT)
    places = np.append(np.flatnonzero(kinds), len(codes))
    first[long] = places[np.searchsorted(places, starts[long])]
    first = np.where(first < ends, first, starts)
    last = np.minimum(first + EXCERPT, ends)
    thin = (ends - starts > EXCERPT) & ((high[last] - high[first]) * 4 < EXCERPT)
    first, last = np.where(thin, starts, first), np.where(thin, ends, last)
    found: list[bool] = ((asian[last] - asian[first]) * 2 > other[last] - other[first]).tolist()
    return found


@cache
def _kinds() -> NDArray[np.uint8]:
    """Return what each code point counts as: beyond ASCII, a letter or sign there, East Asian."""
    table = np.zeros(65536, np.uint8)
    table[0x80:] = _HIGH | _OTHER
    table[[ord(mark) for mark in NEUTRAL]] = _HIGH
    table[0x2E80:0xD800] |= _ASIAN
    table[0xFF00:0xFFF0] |= _ASIAN
    return table
