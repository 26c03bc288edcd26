"""Finds the repairs of a text: what each kind of damage offers, judged, one for each place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import exp
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.text.mojibake import dropped, gate, legacy, western
from pipeline.text.mojibake.chains import End, chain_ends, undone_whole, wide
from pipeline.text.mojibake.fill import Filler
from pipeline.text.mojibake.hopeless import MARK, about_damage, hopeless
from pipeline.text.mojibake.judge import (
    MIN_GAIN,
    MIN_GAIN_ALL,
    MIN_GAIN_ALONE,
    MIN_SCORE,
    Verdict,
    are_east_asian,
    scores_of,
    verdicts,
)
from pipeline.text.mojibake.layers import undo
from pipeline.text.mojibake.shift import realigned, triggers
from pipeline.text.mojibake.utf8 import CORE_AMONG_DAMAGE, Undone
from pipeline.text.ngram import Model, code_points

MIN_DAMAGED = 24
"""Damaged characters, half the text or more, from which short stretches are taken along."""
MAX_EXAMPLE = 16
"""Characters up to which damage in a text about encodings is taken for an example."""
SAMPLE_LINES = 6
"""Lines from which a long text's legacy encoding is told."""
TOGETHER = 1 << 16
"""Characters of damaged texts that are looked at together: their arrays stay in the cache."""
COVERED = 0.95
"""Share of the characters beyond ASCII whose repair settles which reading it was."""


class Repair(NamedTuple):
    """Characters `start` to `end` of the text, through `chain` (outermost reading first).

    `before` and `after` are log-probabilities of the whole.
    """

    start: int
    end: int
    text: str
    chain: tuple[str, ...]
    before: float
    after: float
    sequences: int

    @property
    def confidence(self) -> float:
        """How sure the repair is, 0-1: by what it gains, in nats for each character."""
        gain = (self.after - self.before) / max(self.sequences, 1)
        return round(1 - 0.5 * exp(-max(gain, 0.0) / 4), 3)


def confirmed(texts: Sequence[str], kinds: NDArray[np.uint16], model: Model) -> NDArray[np.uint16]:
    """Return the kinds without being out of step where no place of the text reads like it.

    Question marks before words are common; the places of a whole batch are scored at once. Texts
    with other kinds of damage are left as they are: there that is asked last.
    """
    out_of_step = np.uint16(gate.SHIFTED | gate.DROPPED)
    for kind, look in ((gate.SHIFTED, triggers), (gate.DROPPED, dropped.ends)):
        asked = np.flatnonzero((kinds & kind != 0) & (kinds & ~out_of_step == 0)).tolist()
        for i, places in zip(asked, look([texts[i] for i in asked], model), strict=True):
            kinds[i] &= np.uint16(0xFFFF if places else 0xFFFF - kind)
    return kinds


class _Page:
    """A text, what it may need, and what has been found in it."""

    def __init__(self, text: str, kinds: int, codes: NDArray[np.uint32], model: Model) -> None:
        self.text = text
        self.kinds = kinds
        self.codes = codes
        # How many characters lie beyond ASCII before each place.
        self.high = np.append(0, np.cumsum(codes > 0x7F))
        self.readings = outermost(kinds)
        self.found: list[Repair] = []
        self.filler = Filler(undone_whole, model)

    @property
    def outside(self) -> int:
        """Return how many characters lie beyond ASCII."""
        return int(self.high[-1])

    def inside(self, repairs: Sequence[Repair]) -> int:
        """Return how many of these lie in the repairs."""
        spans = np.array([repair[:2] for repair in repairs], np.intp).reshape(-1, 2)
        return int((self.high[spans[:, 1]] - self.high[spans[:, 0]]).sum())

    def next_reading(self) -> str:
        """Return the next reading to try, or an empty string where no more are."""
        # Two readings of one text are not both UTF-8 throughout.
        covered = sum(r.end - r.start for r in self.found) > COVERED * self.outside
        return self.readings.pop(0) if self.readings and not covered else ""


def repairs(texts: Sequence[str], kinds: Sequence[int], model: Model) -> list[list[Repair]]:
    """Return the repairs of each text, in order, that are clearly better than the text.

    `kinds` is what the gate suspects: it says which readings to try as the outermost one. The
    texts of a batch take each step together.
    """
    found: list[list[Repair]] = []
    at = 0
    while at < len(texts):
        last, size = at, 0
        while last < len(texts) and size < TOGETHER:
            size += len(texts[last])
            last += 1
        found += _repairs(texts[at:last], kinds[at:last], model)
        at = last
    return found


def _repairs(texts: Sequence[str], kinds: Sequence[int], model: Model) -> list[list[Repair]]:
    codes = code_points("\n".join([*texts, ""]))
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)]).tolist()
    pages = [
        _Page(text, kind, codes[a : b - 1], model)
        for text, kind, (a, b) in zip(texts, kinds, pairwise(starts), strict=True)
    ]
    while groups := _by_reading(pages):
        for name, group in groups.items():
            _read_as(name, group, model)
    return [_settled(page, model) for page in pages]


def _by_reading(pages: Iterable[_Page]) -> dict[str, list[_Page]]:
    """Return the pages that are to be tried once more, by the reading to try."""
    groups: dict[str, list[_Page]] = {}
    for page in pages:
        if name := page.next_reading():
            groups.setdefault(name, []).append(page)
    return groups


def _read_as(name: str, pages: Sequence[_Page], model: Model) -> None:
    """Add to the pages what is found where their bytes, as reading `name` took them, are UTF-8."""
    text = "\n".join([page.text for page in pages])
    stretches = undo(name, code_points(text))
    starts = np.cumsum([0, *(len(page.text) + 1 for page in pages)])
    bounds = np.searchsorted([undone.start for undone in stretches], starts).tolist()
    spans = list(pairwise(bounds))
    candidates = chain_ends(stretches, spans, f"utf8-as-{name}")
    judged = verdicts(text, candidates, spans, model)
    asian = are_east_asian([ends[v[0]][0].text for ends, v in zip(candidates, judged, strict=True)])
    for page, at, (first, last) in zip(pages, starts.tolist(), spans, strict=False):
        for i in range(first, last):
            if asian[i] and (repair := _accepted(candidates[i], judged[i], at, page.filler)):
                page.found.append(repair)


def _accepted(ends: list[End], verdict: Verdict, at: int, filler: Filler) -> Repair | None:
    """Return the repair of a stretch if it is clearly better; its page begins at `at`."""
    which, before, after = verdict
    undone = ends[0][0]
    end, chain = ends[which]
    old = before * (undone.end - undone.start)
    new = after * (len(end.text) - end.text.count(MARK))
    enough = MIN_GAIN * end.sequences + MIN_GAIN_ALL
    if undone.sequences == 2:
        enough = MIN_GAIN_ALONE
    if new - old < enough or after <= MIN_SCORE:
        return None
    filled = end.text
    if end.holes:
        names = tuple(rule.removeprefix("utf8-as-") for rule in chain)
        filled = filler.fill([level for level, _ in ends[: which + 1]], names)
    return Repair(undone.start - at, undone.end - at, filled, chain, old, new, end.sequences)


def _settled(page: _Page, model: Model) -> list[Repair]:
    """Return the repairs of a page, all its readings of UTF-8 being tried."""
    text, kinds = page.text, page.kinds
    found = _disjoint(page.found)
    if found:
        found = _disjoint(found + _among_damage(page, found, model))
    kept = found
    if any(repair.sequences < MAX_EXAMPLE for repair in found):
        about = about_damage(text)
        kept = [repair for repair in found if not _is_example(about, repair)]
        if len(kept) < len(found):
            return kept  # what is quoted must not be taken for another kind of damage either
    if not kept:
        kept = _disjoint(_legacy(text, list(legacy_readings(kinds)), model))
    if kinds & (gate.SHIFTED | gate.DROPPED) and not found:
        half = sum(wide(text[r.start : r.end]) for r in kept) * 2 >= page.outside
        kept = kept if half else _disjoint([*kept, *_in_step(text, kinds, model)])
    if kinds & gate.LETTERS and page.outside - page.inside(kept) >= 2:
        letters = [r for r in _western(text, kept) if not _overlaps(r, kept)]
        if letters and not about_damage(text):
            kept = _disjoint(kept + letters)
    if kinds & gate.UTF8_GBK:
        lost = [Repair(a, b, MARK, (rule,), 0.0, 40.0, 1) for rule, a, b in hopeless(text)]
        kept = _disjoint(kept + lost) if lost else kept
    return kept


def _among_damage(page: _Page, found: list[Repair], model: Model) -> list[Repair]:
    """Return short stretches in a text most of which went through one reading."""
    more: list[Repair] = []
    text = page.text
    for name in sorted({repair.chain[0] for repair in found if len(repair.chain) == 1}):
        inside = page.inside([r for r in found if r.chain == (name,)])
        outside = page.outside
        if inside < MIN_DAMAGED or inside * 2 < outside or outside - inside < 2:
            continue
        stretches = _undone_beside(name.removeprefix("utf8-as-"), page.codes, found)
        olds = [text[undone.start : undone.end] for undone in stretches]
        news = [undone.text for undone in stretches]
        scores, asian = scores_of(model, olds + news), are_east_asian(news)
        for undone, old, before, after, is_asian in zip(
            stretches, olds, scores, scores[len(olds) :], asian, strict=False
        ):
            gain = after * len(undone.text) - before * len(old)
            if gain >= MIN_GAIN * undone.sequences and is_asian:
                more.append(_repair(undone, undone.text, (name,), (before, after)))
    return more


def _undone_beside(name: str, codes: NDArray[np.uint32], found: list[Repair]) -> list[Undone]:
    """Return what a reading undoes in the lines of which something is left."""
    rest = codes.copy()
    for repair in found:
        rest[repair.start : repair.end] = 10
    left = np.append(0, np.cumsum(rest > 0x7F))
    breaks = np.append(np.flatnonzero(rest == 10), len(rest))
    begins = np.append(0, breaks[:-1] + 1)
    spans = np.flatnonzero(left[breaks] - left[begins] >= 2).tolist()
    if not spans:
        return []
    at = np.concatenate([np.arange(begins[i], breaks[i] + 1) for i in spans])
    lines = np.append(rest, 10)[at]
    return [
        undone._replace(start=int(at[undone.start]), end=int(at[undone.end - 1]) + 1)
        for undone in undo(name, lines, CORE_AMONG_DAMAGE)
    ]


def _repair(
    undone: Undone, text: str, chain: tuple[str, ...], means: tuple[float, float]
) -> Repair:
    old, new = means[0] * (undone.end - undone.start), means[1] * len(undone.text)
    return Repair(undone.start, undone.end, text, chain, old, new, undone.sequences)


def _is_example(about: list[tuple[int, int]], repair: Repair) -> bool:
    """Tell whether a short stretch is an example: its text speaks of encodings elsewhere."""
    return repair.sequences < MAX_EXAMPLE and any(
        end <= repair.start or start >= repair.end for start, end in about
    )


def _western(text: str, others: list[Repair]) -> Iterator[Repair]:
    for start, end, fixed in western.repaired(text, [(r.start, r.end) for r in others]):
        yield Repair(start, end, fixed, ("single-byte-mojibake",), 0.0, 8.0, 1)


def _overlaps(repair: Repair, others: list[Repair]) -> bool:
    return any(o.start < repair.end and repair.start < o.end for o in others)


def _in_step(text: str, kinds: int, model: Model) -> Iterator[Repair]:
    stretches = realigned(text, model) if kinds & gate.SHIFTED else []
    if kinds & gate.DROPPED:
        stretches += dropped.found(text, model)
    for r in stretches:
        yield Repair(r.start, r.end, r.text, ("gbk-out-of-step",), 0.0, r.gain, len(r.text))


def outermost(kinds: int) -> list[str]:
    """Return the readings of UTF-8 that the gate's suspicion allows."""
    names: list[str] = []
    for kind, more in (
        (gate.UTF8_GBK, ("gbk",)),
        (gate.UTF8_LATIN, ("cp1252", "macroman")),
        (gate.UTF8_CYRILLIC, ("cp1251",)),
        (gate.KANA, ("cp932",)),
        (gate.KOREAN, ("cp949",)),
        (gate.UNLIKELY, ("cp932", "cp949", "big5")),
    ):
        names += more if kinds & kind else ()
    return list(dict.fromkeys(names))


def legacy_readings(kinds: int) -> Iterator[str]:
    """Yield the readings of legacy encodings that the gate's suspicion allows."""
    for kind, names in (
        (gate.UTF8_LATIN, ("cp1252",)),
        (gate.KANA, ("cp932",)),
        (gate.KOREAN, ("cp949",)),
        (gate.UNLIKELY, ("gbk", "big5", "cp949", "cp932")),
    ):
        if kinds & kind:
            yield from names


def _legacy(text: str, names: list[str], model: Model) -> list[Repair]:
    """Return what bytes of legacy encodings give, by the readings named.

    Every reading goes with every origin on every line; in a long text the longest lines say which
    two it was.
    """
    lines = text.split("\n")
    if names and len(lines) > 2 * SAMPLE_LINES:
        sample = "\n".join(sorted(lines, key=len, reverse=True)[:SAMPLE_LINES])
        best = _disjoint([r for name in names for r in _judged_legacy(sample, name, model)])
        rules = {repair.chain[0] for repair in best}
        if len(rules) == 1 and sum(wide(r.text) for r in best) >= wide(sample) / 3:
            origin, _, name = rules.pop().partition("-as-")
            return list(_judged_legacy(text, name, model, (origin,)))
    return [repair for name in names for repair in _judged_legacy(text, name, model)]


def _judged_legacy(
    text: str, name: str, model: Model, origins: Sequence[str] = ()
) -> Iterator[Repair]:
    found = list(legacy.candidates(name, code_points(text), model, origins))
    if not found:
        return
    scores = model.scores([c.text.replace(MARK, "") for c in found])
    olds = dict.fromkeys((c.start, c.end) for c in found)
    before = dict(zip(olds, model.scores([text[a:b] for a, b in olds]), strict=True))
    asian = are_east_asian([c.text for c in found])
    for candidate, score, is_asian in zip(found, scores, asian, strict=True):
        start, end = candidate.start, candidate.end
        old = before[start, end] * (end - start)
        new = score * (len(candidate.text) - candidate.text.count(MARK)) + candidate.prior
        if new - old >= candidate.least and score > MIN_SCORE and is_asian:
            rule = f"{candidate.origin}-as-{name}"
            yield Repair(start, end, candidate.text, (rule,), old, new, wide(candidate.text))


def _disjoint(found: list[Repair]) -> list[Repair]:
    """Keep the better of repairs that overlap, judged by what they gain in all."""
    kept: list[Repair] = []
    for repair in sorted(found, key=itemgetter(0, 1)):
        if kept and repair.start < kept[-1].end:
            if _gain(repair) > _gain(kept[-1]):
                kept[-1] = repair
        else:
            kept.append(repair)
    return kept


def _gain(repair: Repair) -> float:
    return repair.after - repair.before
