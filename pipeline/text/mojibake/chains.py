"""Finds the chain of wrong readings that a stretch of text went through, and judges its end.

Intermediate levels of a multiple damage all look equally bad, so no level is judged: every step is
taken on the validity of its bytes, and only where no further step is possible does the n-gram
score decide between the ends and the text as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.text.mojibake.codecs import READINGS
from pipeline.text.mojibake.utf8 import Undone, undo
from pipeline.text.ngram import Model, code_points

MIN_GAIN, MIN_GAIN_ALL = 2.0, 6.0
"""How much likelier a repair has to be, in nats: for each character, and once."""
MIN_SCORE = -11.5
"""Mean log-probability that a repair must reach: classical verse has -9, noise -14."""
MAX_DEPTH = 3
"""Readings one after the other; four have not been seen in the wild."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Characters `start` to `end` of the text, through `chain` (outermost reading first).

    `before` and `after` are log-probabilities of the whole, `marks` counts `�`.
    """

    start: int
    end: int
    text: str
    chain: tuple[str, ...]
    before: float
    after: float
    sequences: int

    @property
    def marks(self) -> int:
        """How many places stay illegible."""
        return self.text.count("\ufffd")


def repairs(text: str, names: tuple[str, ...], model: Model) -> list[Repair]:
    """Return the repairs of a text, in order, that are clearly better than the text.

    `names` are the readings to try as the outermost one.
    """
    codes = code_points(text)
    best: list[Repair] = []
    for name in names:
        for undone in undo(name, codes):
            best += _judged(text, undone, name, model)
    return _disjoint(best)


def _judged(text: str, undone: Undone, name: str, model: Model) -> Iterator[Repair]:
    ends = list(_ends(undone, (name,)))
    damaged = text[undone.start : undone.end]
    scores = model.scores([damaged, *(end.text.replace("\ufffd", "") for end, _ in ends)])
    before = scores[0] * len(damaged)
    at = int(np.argmax(scores[1:]))
    end, chain = ends[at]
    after = scores[1 + at] * (len(end.text) - end.text.count("\ufffd"))
    enough = MIN_GAIN * end.sequences + MIN_GAIN_ALL
    if after - before >= enough and scores[1 + at] > MIN_SCORE and _is_east_asian(end.text):
        yield Repair(undone.start, undone.end, end.text, chain, before, after, end.sequences)


def _is_east_asian(text: str) -> bool:
    """Tell whether most letters are Han, kana or Hangul: the rest is ftfy's field."""
    wide = sum("\u2e80" <= c <= "\ud7ff" or "\uff00" <= c <= "\uffef" for c in text)
    other = sum(c > "\x7f" and c != "\ufffd" for c in text)
    return wide * 2 > other


def _ends(undone: Undone, chain: tuple[str, ...]) -> Iterator[tuple[Undone, tuple[str, ...]]]:
    """Yield this text and what further readings make of it."""
    yield undone, chain
    if len(chain) == MAX_DEPTH:
        return
    codes = code_points(undone.text)
    for name in READINGS:
        parts = undo(name, codes)
        if parts and _covers(parts, undone.text):
            yield from _ends(_spliced(undone, parts), (*chain, name))


def _covers(parts: list[Undone], text: str) -> bool:
    """Tell whether nearly everything outside ASCII was undone: a layer is everywhere or nowhere."""
    inside = sum(sum(c > "\x7f" for c in text[p.start : p.end]) for p in parts)
    return inside >= 0.8 * sum(c > "\x7f" for c in text)


def _spliced(whole: Undone, parts: list[Undone]) -> Undone:
    pieces: list[str] = []
    at = 0
    for part in parts:
        pieces += (whole.text[at : part.start], part.text)
        at = part.end
    pieces.append(whole.text[at:])
    return Undone(
        whole.start,
        whole.end,
        "".join(pieces),
        sum(part.sequences for part in parts),
        sum(part.holes for part in parts),
    )


def _disjoint(found: list[Repair]) -> list[Repair]:
    """Keep the better of repairs that overlap, judged by what they gain in all."""
    kept: list[Repair] = []
    for repair in sorted(found, key=lambda r: (r.start, r.end)):
        if kept and repair.start < kept[-1].end:
            if _gain(repair) > _gain(kept[-1]):
                kept[-1] = repair
        else:
            kept.append(repair)
    return kept


def _gain(repair: Repair) -> float:
    return repair.after - repair.before


def chain_name(chain: tuple[str, ...]) -> str:
    """Return the rule that names a chain: `utf8-as-gbk×3`, `utf8-as-gbk+utf8-as-cp1252`."""
    runs: list[list[str]] = []
    for name in chain:
        if runs and runs[-1][0] == name:
            runs[-1].append(name)
        else:
            runs.append([name])
    parts = [f"{r[0]}×{len(r)}" if len(r) > 1 else r[0] for r in runs]
    return "+".join(parts)
