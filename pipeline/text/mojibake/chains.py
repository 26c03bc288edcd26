"""Finds the chain of wrong readings that a stretch of text went through, and judges its end.

Intermediate levels of a multiple damage all look equally bad, so no level is judged: every step is
taken on the validity of its bytes, and only where no further step is possible does the n-gram
score decide between the ends and the text as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.text.mojibake import dropped, gate, legacy, western
from pipeline.text.mojibake.codecs import READINGS
from pipeline.text.mojibake.fill import Filler
from pipeline.text.mojibake.hopeless import ABOUT, MARK, hopeless
from pipeline.text.mojibake.layers import undo
from pipeline.text.mojibake.shift import realigned
from pipeline.text.mojibake.utf8 import CORE_AMONG_DAMAGE, Undone
from pipeline.text.ngram import Model, code_points

MIN_GAIN, MIN_GAIN_ALL = 2.0, 6.0
"""How much likelier a repair has to be, in nats: for each character, and once."""
MIN_SCORE = -11.5
"""Mean log-probability that a repair must reach: classical verse has -9, noise -14."""
MIN_DAMAGED = 24
"""Damaged characters, half the text or more, from which short stretches are taken along."""
MAX_EXAMPLE = 16
"""Characters up to which damage in a text about encodings is taken for an example."""
COVERED = 0.95
"""Share of the characters beyond ASCII whose repair settles which reading it was."""
MAX_DEPTH = 3
"""Readings one after the other; four have not been seen in the wild."""


@dataclass(frozen=True, slots=True)
class Repair:
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
        return round(1 - 0.5 * float(np.exp(-gain / 4)), 3)


def repairs(text: str, kinds: int, model: Model) -> list[Repair]:
    """Return the repairs of a text, in order, that are clearly better than the text.

    `kinds` is what the gate suspects: it says which readings to try as the outermost one.
    """
    codes = code_points(text)
    filler = Filler(_undone, model)
    found: list[Repair] = []
    wide = int((codes > 0x7F).sum())
    for name in outermost(kinds):
        stretches = undo(name, codes)
        found += _judged(text, stretches, f"utf8-as-{name}", model, filler)
        # Two readings of one text are not both UTF-8 throughout.
        if sum(r.end - r.start for r in found) > COVERED * wide:
            break
    found = _disjoint(found)
    found = _disjoint(found + list(_among_damage(text, codes, found, model)))
    about = ABOUT.search(text) is not None
    kept = [repair for repair in found if not (about and _is_example(text, repair))]
    if len(kept) < len(found):
        return kept  # what is quoted must not be taken for another kind of damage either
    if not kept:
        for name in legacy_readings(kinds):
            found += _judged_legacy(text, codes, name, model)
        kept = _disjoint(found)
    if not kept and kinds & (gate.SHIFTED | gate.DROPPED):
        kept = _disjoint(list(_in_step(text, kinds, model)))
    if kinds & gate.LETTERS:
        kept = _disjoint(kept + [r for r in _western(text, kept) if not _overlaps(r, kept)])
    if kinds & gate.UTF8_GBK:
        lost = [Repair(a, b, MARK, (rule,), 0.0, 40.0, 1) for rule, a, b in hopeless(text)]
        kept = _disjoint(kept + lost)
    return kept


def _among_damage(
    text: str, codes: NDArray[np.uint32], found: list[Repair], model: Model
) -> Iterator[Repair]:
    """Yield short stretches in a text most of which went through one reading."""
    outside = sum(char > "\x7f" for char in text) if found else 0
    for name in sorted({repair.chain[0] for repair in found if len(repair.chain) == 1}):
        mine = [repair for repair in found if repair.chain == (name,)]
        inside = sum(char > "\x7f" for r in mine for char in text[r.start : r.end])
        if inside < MIN_DAMAGED or inside * 2 < outside or outside - inside < 2:
            continue
        for undone in undo(name.removeprefix("utf8-as-"), codes, CORE_AMONG_DAMAGE):
            if any(r.start < undone.end and undone.start < r.end for r in mine):
                continue
            before, after = model.scores([text[undone.start : undone.end], undone.text])
            old, new = before * (undone.end - undone.start), after * len(undone.text)
            if new - old >= MIN_GAIN * undone.sequences and _is_east_asian(undone.text):
                yield Repair(
                    undone.start, undone.end, undone.text, (name,), old, new, undone.sequences
                )


def _is_example(text: str, repair: Repair) -> bool:
    """Tell whether a short stretch is an example in a text about encodings."""
    if repair.sequences >= MAX_EXAMPLE:
        return False
    return ABOUT.search(text[: repair.start] + "\n" + text[repair.end :]) is not None


def _western(text: str, others: list[Repair]) -> Iterator[Repair]:
    if not ABOUT.search(text):
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


def _judged(
    text: str, stretches: list[Undone], rule: str, model: Model, filler: Filler
) -> Iterator[Repair]:
    """Yield the repairs among stretches of one reading; all are scored in one pass."""
    candidates = _ends(stretches, rule)
    damaged = [text[undone.start : undone.end] for undone in stretches]
    ends = [end.text.replace("\ufffd", "") for found in candidates for end, _ in found]
    scores = model.scores([*damaged, *ends])
    at = len(damaged)
    for i, undone in enumerate(stretches):
        mine = scores[at : at + len(candidates[i])]
        at += len(mine)
        best = int(np.argmax(mine))
        end, chain = candidates[i][best]
        before = scores[i] * len(damaged[i])
        after = mine[best] * (len(end.text) - end.text.count("\ufffd"))
        enough = MIN_GAIN * end.sequences + MIN_GAIN_ALL
        if after - before >= enough and mine[best] > MIN_SCORE and _is_east_asian(end.text):
            filled = end.text
            if end.holes:
                names = tuple(rule.removeprefix("utf8-as-") for rule in chain)
                filled = filler.fill(undone, names)
            yield Repair(undone.start, undone.end, filled, chain, before, after, end.sequences)


def _undone(text: str, name: str) -> tuple[str, list[bytes]]:
    """Undo one layer of a whole stretch: its text, and the bytes at each `�` of it."""
    parts = undo(name, code_points(text))
    whole = _spliced(Undone(0, 0, text, 0, ()), parts)
    return whole.text, list(whole.holes)


def _judged_legacy(
    text: str, codes: NDArray[np.uint32], name: str, model: Model
) -> Iterator[Repair]:
    found = list(legacy.candidates(name, codes, model))
    if not found:
        return
    scores = model.scores([c.text.replace("\ufffd", "") for c in found])
    olds = dict.fromkeys((c.start, c.end) for c in found)
    before = dict(zip(olds, model.scores([text[a:b] for a, b in olds]), strict=True))
    for candidate, score in zip(found, scores, strict=True):
        start, end = candidate.start, candidate.end
        wide = sum(c > "\x7f" for c in candidate.text)
        old = before[start, end] * (end - start)
        new = score * (len(candidate.text) - candidate.text.count("\ufffd"))
        # Text of Hangul alone is evidence by itself: few Han characters have such bytes.
        hangul = all("가" <= c <= "힣" for c in candidate.text if c > "\x7f")
        enough = (MIN_GAIN * wide + MIN_GAIN_ALL) * (0.5 if hangul else 1.0)
        if new - old >= enough and score > MIN_SCORE and _is_east_asian(candidate.text):
            rule = f"{candidate.origin}-as-{name}"
            yield Repair(start, end, candidate.text, (rule,), old, new, wide)


def _is_east_asian(text: str) -> bool:
    """Tell whether most letters are Han, kana or Hangul: the rest is ftfy's field."""
    wide = sum("\u2e80" <= c <= "\ud7ff" or "\uff00" <= c <= "\uffef" for c in text)
    other = sum(c > "\x7f" and c != "\ufffd" for c in text)
    return wide * 2 > other


End = tuple[Undone, tuple[str, ...]]


def _ends(stretches: list[Undone], rule: str) -> list[list[End]]:
    """Return, for each stretch, itself and what further readings make of it.

    The stretches of a text take each step together, a line each: undoing a layer costs an array
    operation or two, whatever the number of lines.
    """
    ends: list[list[End]] = [[(undone, (rule,))] for undone in stretches]
    live = list(range(len(stretches)))
    for _ in range(MAX_DEPTH - 1):
        deeper: list[int] = []
        for name in READINGS:
            # Two readings of one text are not both UTF-8 throughout: the first one has it.
            tried = [i for i in live if i not in deeper]
            for i, parts in zip(
                tried, _undo_lines(name, [ends[i][-1] for i in tried]), strict=True
            ):
                whole, chain = ends[i][-1]
                if parts and _covers(parts, whole.text):
                    ends[i].append((_spliced(whole, parts), (*chain, f"utf8-as-{name}")))
                    deeper.append(i)
        live = deeper
    return ends


def _undo_lines(name: str, ends: list[End]) -> list[list[Undone]]:
    """Undo one layer of several texts without line ends; the parts of each, in its own offsets."""
    texts = [end.text for end, _ in ends]
    parts: list[list[Undone]] = [[] for _ in texts]
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    for part in undo(name, code_points("\n".join(texts))) if texts else ():
        i = int(np.searchsorted(starts, part.start, "right")) - 1
        at = int(starts[i])
        parts[i].append(replace(part, start=part.start - at, end=part.end - at))
    return parts


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
        tuple(hole for part in parts for hole in part.holes),
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
