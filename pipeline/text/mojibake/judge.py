"""Judges repairs: what a chain of readings ends in must be clearly likelier than the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from operator import sub

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
_NEUTRAL = re.compile("[“”‘’…—·\ufffd]")
_EAST_ASIAN = re.compile("[\u2e80-\ud7ff\uff00-\uffef]")
Verdict = tuple[int, float, float]
"""Which end is the best, and the mean log-probability before and after."""


def verdicts(damaged: list[str], candidates: list[list[End]], model: Model) -> list[Verdict]:
    """Return the verdict on each stretch.

    So many sequences as a long line has do not come about by chance. Where a text has many lines
    through one chain, a few long ones answer for the others.
    """
    sizes = [ends[-1][0].sequences for ends in candidates]
    long: dict[tuple[str, ...], list[int]] = {}
    for i, ends in enumerate(candidates):
        if sizes[i] >= LONG:
            long.setdefault(ends[-1][1], []).append(i)
    answering = {
        chain: group[:WITNESSES] for chain, group in long.items() if len(group) > WITNESSES
    }
    asked = [
        i
        for i, ends in enumerate(candidates)
        if sizes[i] < MEDIUM or i in answering.get(ends[-1][1], (i,))
    ]
    found = dict(zip(asked, _scored(asked, damaged, candidates, model), strict=True))
    means: dict[tuple[str, ...], tuple[float, float]] = {}
    for chain, group in answering.items():
        olds, news = zip(*(found[i][1:] for i in group), strict=True)
        deepest = all(found[i][0] == len(candidates[i]) - 1 for i in group)
        if deepest and min(map(sub, news, olds)) >= MIN_GAIN:
            means[chain] = sum(olds) / WITNESSES, sum(news) / WITNESSES
    rest = [i for i in range(len(candidates)) if i not in found]
    doubtful = [i for i in rest if candidates[i][-1][1] not in means]
    found |= dict(zip(doubtful, _scored(doubtful, damaged, candidates, model), strict=True))
    for i in rest:
        if i not in found:
            found[i] = (len(candidates[i]) - 1, *means[candidates[i][-1][1]])
    return [found[i] for i in range(len(candidates))]


def _scored(
    chosen: list[int], damaged: list[str], candidates: list[list[End]], model: Model
) -> Iterator[Verdict]:
    if not chosen:
        return
    ends = [end.text for i in chosen for end, _ in candidates[i]]
    scores = scores_of(model, [*(damaged[i] for i in chosen), *ends])
    at = len(chosen)
    for before, i in zip(scores, chosen, strict=False):
        mine = scores[at : at + len(candidates[i])]
        at += len(mine)
        best = max(mine)
        yield mine.index(best), before, best


def scores_of(model: Model, texts: Sequence[str]) -> list[float]:
    """Return the mean log-probability of an excerpt of each text, leaving out `�`."""
    return model.scores([_excerpt(text).replace(MARK, "") for text in texts])


def _excerpt(text: str) -> str:
    if len(text) <= EXCERPT:
        return text
    first = _WIDE.search(text)
    part = text[first.start() :][:EXCERPT] if first else text
    return part if wide(part) * 4 >= EXCERPT else text


def is_east_asian(text: str) -> bool:
    """Tell whether most letters are Han, kana or Hangul: the rest is ftfy's field."""
    text = _excerpt(text)
    other = wide(text) - len(_NEUTRAL.findall(text))
    return len(_EAST_ASIAN.findall(text)) * 2 > other
