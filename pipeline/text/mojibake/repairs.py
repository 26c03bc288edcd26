"""Finds the repairs of a text: what each kind of damage offers, judged, one for each place."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.text.mojibake import dropped, gate, latin, legacy, western
from pipeline.text.mojibake.alphabets import CYRILLIC, PLAIN
from pipeline.text.mojibake.beneath import beneath
from pipeline.text.mojibake.chains import deeper_ends, wide
from pipeline.text.mojibake.codecs import ONE_BYTE, reading
from pipeline.text.mojibake.fill import closed
from pipeline.text.mojibake.hopeless import MARK, hopeless
from pipeline.text.mojibake.judge import (
    MIN_GAIN,
    MIN_GAIN_ALL,
    MIN_GAIN_ALONE,
    MIN_SCORE,
    MIN_SCORE_TORN,
    Case,
    Excerpts,
    Verdicts,
    are_east_asian,
    beyond_ascii,
    scores_of,
    verdicts,
)
from pipeline.text.mojibake.layers import undo
from pipeline.text.mojibake.pages import COVERED, Page, Repair, Sheet, count_left, disjoint
from pipeline.text.mojibake.shift import realigned, triggers
from pipeline.text.mojibake.utf8 import CORE_AMONG_DAMAGE, Stretches
from pipeline.text.ngram import Model

MIN_DAMAGED = 24
"""Damaged characters, half the text or more, from which short stretches are taken along."""
MAX_EXAMPLE = 16
"""Characters up to which damage in a text about encodings is taken for an example."""
MANY_TORN = 3
"""Stretches out of step of which half and more must be known characters."""
MANY_LINES = 3
"""Repaired lines of a text that show which legacy encoding it was."""
SAMPLE_LINES = 6
"""Lines from which a long text's legacy encoding is told."""
TOGETHER = 1 << 18
"""Characters of damaged texts that are looked at together: their arrays stay in the cache."""


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
    sheet = Sheet(texts)
    starts = accumulate((len(text) + 1 for text in texts), initial=0)
    pages = [
        Page(sheet, text, kind, at, model)
        for text, kind, at in zip(texts, kinds, starts, strict=False)
    ]
    while groups := _by_reading(pages):
        for name, group in groups.items():
            _read_as(name, group, model)
    for page in pages:
        if page.tangled:
            page.found = disjoint(page.found)
    _read_beside(sheet, pages, model)
    return [_settled(page, model) for page in pages]


def _by_reading(pages: Iterable[Page]) -> dict[str, list[Page]]:
    """Return the pages that are to be tried once more, by the reading to try."""
    groups: dict[str, list[Page]] = {}
    for page in pages:
        if name := page.next_reading():
            groups.setdefault(name, []).append(page)
    return groups


def _read_as(name: str, pages: Sequence[Page], model: Model) -> None:
    """Add to the pages what is found where their bytes, as reading `name` took them, are UTF-8."""
    codes = code_points("\n".join([page.text for page in pages]))
    found = undo(name, codes)
    if not found.texts:
        return
    starts = np.cumsum([0, *(len(page.text) + 1 for page in pages)])
    bounds = np.searchsorted(found.starts, starts)
    spans = list(pairwise(bounds.tolist()))
    chain = (f"utf8-as-{name}",)
    olds = Excerpts.between(codes, beyond_ascii(codes), found.starts, found.ends)
    case = Case(found, olds, Excerpts.of(found.texts), deeper_ends(found, spans, chain), model)
    judged = verdicts(case, spans)
    if name in CYRILLIC:
        np.minimum(judged.before, PLAIN, out=judged.before)
    rows, old, new = _better(case, judged)
    owners = np.searchsorted(bounds, rows, "right") - 1
    begins, ends = found.starts[rows], found.ends[rows]
    texts, chains = _filled(judged, rows, [pages[i] for i in owners.tolist()], chain)
    sequences = judged.ends.sequences[rows].tolist()
    numbers = (x.tolist() for x in (begins - starts[owners], ends - starts[owners], old, new))
    begin, end, before, after = numbers
    columns = zip(begin, end, texts, chains, before, after, sequences, strict=True)
    repairs = list(map(partial(tuple.__new__, Repair), columns))
    tangled = bool((begins[1:] < ends[:-1]).any())
    for page, (first, last) in zip(pages, pairwise(np.searchsorted(rows, bounds)), strict=True):
        mine = repairs[first:last]
        if not mine or (name in ONE_BYTE and _is_scattered(page, name, mine)):
            continue
        page.tangled |= tangled or bool(page.found)
        page.found += mine
        page.covered += int((ends[first:last] - begins[first:last]).sum())


def _is_scattered(page: Page, name: str, found: Sequence[Repair]) -> bool:
    """Tell whether repairs are scattered over rows of letters of the same table.

    Where half of the bytes were dropped, here and there some characters in a row are whole.
    """
    if page.inside(found).sum() > COVERED * page.outside:
        return False
    codes = page.sheet.codes[page.at : page.at + len(page.text)]
    letters = (codes >= 0x80) & ~reading(name).foreign(codes)
    before = np.zeros(len(codes), np.int64)
    np.cumsum(letters[:-1] & letters[1:], out=before[1:])
    inside = sum(int(before[repair.end - 1] - before[repair.start]) for repair in found)
    return inside * 2 < int(before[-1])


def _better(
    case: Case, judged: Verdicts
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Return which stretches have an end that is clearly better.

    And the log-probabilities of these before and after.
    """
    found, ends = case.found, judged.ends
    news = Excerpts.of(ends.texts) if judged.levels else case.news
    known = np.fromiter(map(len, ends.texts), np.int64, len(ends.texts))
    marks = np.flatnonzero(news.codes == ord(MARK))
    known -= np.diff(np.searchsorted(marks, np.cumsum(known + 1)), prepend=0)
    old, new = judged.before * (found.ends - found.starts), judged.after * known
    enough = MIN_GAIN * ends.sequences + MIN_GAIN_ALL
    enough[found.sequences == 2] = MIN_GAIN_ALONE
    better = (new - old >= enough) & (judged.after > MIN_SCORE)
    rows = np.flatnonzero(better & are_east_asian(news))
    return rows, old[rows], new[rows]


def _filled(
    judged: Verdicts, rows: NDArray[np.intp], pages: Sequence[Page], chain: tuple[str, ...]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return texts and chains of some stretches, the holes filled that leave no choice.

    `pages`: that of each. `chain`: that of those which went through one reading.
    """
    texts = [judged.ends.texts[i] for i in rows.tolist()]
    holes = [judged.ends.holes[i] for i in rows.tolist()]
    name = chain[0].removeprefix("utf8-as-")
    both = zip(texts, holes, strict=True)
    filled = [closed(text, lost, name) if lost else text for text, lost in both]
    chains = [chain] * len(filled)
    for i in np.flatnonzero(np.isin(rows, list(judged.levels))).tolist() if judged.levels else ():
        levels = judged.levels[int(rows[i])]
        chains[i] = levels[-1][1]
        filled[i] = texts[i]
        if holes[i]:
            filled[i] = pages[i].filler.fill([level for level, _ in levels], _names(chains[i]))
    return filled, chains


@cache
def _names(rules: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(rule.removeprefix("utf8-as-") for rule in rules)


def _settled(page: Page, model: Model) -> list[Repair]:
    """Return the repairs of a page, all its readings of UTF-8 being tried."""
    text, kinds = page.text, page.kinds
    kept = found = page.found
    if about := page.about():
        spoken = [repair for repair in found if not _is_example(about, repair)]
        if spoken and page.inside(spoken).sum() * 2 >= page.outside:
            about = []  # its own words are damaged: they quote nothing
        elif len(spoken) < len(found):
            return spoken  # what is quoted must not be taken for another kind of damage either
    if not kept:
        kept = beneath(text, kinds, page.alphabets, lambda x, y: _repairs([x], [y], model)[0])
        kept = kept or _all_legacy(text, kinds, page.alphabets, model)
        kept = _legacy_beside(page, kept, model)
    if kinds & (gate.SHIFTED | gate.DROPPED) and not found:
        half = sum(wide(text[r.start : r.end]) for r in kept) * 2 >= page.outside
        kept = kept if half else disjoint([*kept, *_in_step(text, kinds, model)])
    left = page.left if kept is page.found else page.outside - page.inside(kept).sum()
    if kinds & gate.LETTERS and not about and left >= 2:
        kept = disjoint([*kept, *_outside(kept, _western(text, kept))])
    if kinds & gate.MARKS and not about and left:
        kept = disjoint([*kept, *_outside(kept, _marks(text))])
    if kinds & gate.UTF8_GBK:
        lost = [Repair(a, b, MARK, (rule,), 0.0, 40.0, 1) for rule, a, b in hopeless(text)]
        kept = disjoint(kept + lost) if lost else kept
    return kept


def _read_beside(sheet: Sheet, pages: Sequence[Page], model: Model) -> None:
    """Add short stretches to pages most of which went through one reading."""
    wanted: dict[str, list[Page]] = {}
    count_left(pages)
    for page in pages:
        if page.left >= 2:
            for rule in _prevailing(page):
                wanted.setdefault(rule, []).append(page)
    more = [each for rule in sorted(wanted) for each in _beside(rule, wanted[rule], sheet, model)]
    for page, repair in more:
        page.found.append(repair)
    grown = list({page.at: page for page, _ in more}.values())
    for page in grown:
        page.found = disjoint(page.found)
    count_left(grown)


def _prevailing(page: Page) -> Iterator[str]:
    """Yield the readings, one after none, that half of a page and more went through."""
    inside: Counter[str] = Counter()
    chains = {repair.chain for repair in page.found}
    if len(chains) == 1:
        (chain,) = chains
        inside = Counter({chain[0]: page.outside - page.left} if len(chain) == 1 else {})
    else:
        for repair, count in zip(page.found, page.inside(page.found).tolist(), strict=True):
            if len(repair.chain) == 1:
                inside[repair.chain[0]] += count
    for rule, count in inside.items():
        if count >= MIN_DAMAGED and count * 2 >= page.outside:
            yield rule


def _beside(
    rule: str, pages: Sequence[Page], sheet: Sheet, model: Model
) -> Iterator[tuple[Page, Repair]]:
    """Yield what a reading undoes where something is left of pages, each with its page."""
    found = _undone_beside(rule.removeprefix("utf8-as-"), sheet, pages)
    if not found.texts:
        return
    olds = Excerpts.between(sheet.codes, sheet.high, found.starts, found.ends)
    news = Excerpts.of(found.texts)
    scores = scores_of(model, olds, news)
    before, after = scores[: len(found.texts)], scores[len(found.texts) :]
    known = np.fromiter(map(len, found.texts), np.int64, len(found.texts))
    before, after = before * (found.ends - found.starts), after * known
    better = (after - before >= MIN_GAIN * found.sequences) & are_east_asian(news)
    starts = [page.at for page in pages]
    rows = list(found.rows())
    for i in np.flatnonzero(better).tolist():
        page = pages[bisect_right(starts, rows[i].start) - 1]
        start, end = rows[i].start - page.at, rows[i].end - page.at
        old, new = float(before[i]), float(after[i])
        yield page, Repair(start, end, rows[i].text, (rule,), old, new, rows[i].sequences)


def _undone_beside(name: str, sheet: Sheet, pages: Iterable[Page]) -> Stretches:
    """Return what a reading undoes in what is left of the lines of pages."""
    pieces = [np.arange(start, end + 1) for page in pages for start, end in page.pieces()]
    if not pieces:
        return Stretches.of([])
    at = np.concatenate(pieces)
    codes = sheet.codes[at]
    codes[np.cumsum([len(piece) for piece in pieces]) - 1] = 10
    found = undo(name, codes, CORE_AMONG_DAMAGE)
    return found._replace(starts=at[found.starts], ends=at[found.ends - 1] + 1)


def _is_example(about: list[tuple[int, int]], repair: Repair) -> bool:
    """Tell whether a short stretch is an example: its text speaks of encodings elsewhere."""
    return repair.sequences < MAX_EXAMPLE and any(
        end <= repair.start or start >= repair.end for start, end in about
    )


def _western(text: str, others: list[Repair]) -> Iterator[Repair]:
    for start, end, fixed in western.repaired(text, [(r.start, r.end) for r in others]):
        yield Repair(start, end, fixed, ("single-byte-mojibake",), 0.0, 8.0, 1)


def _marks(text: str) -> Iterator[Repair]:
    for start, end, fixed in latin.repaired(text):
        yield Repair(start, end, fixed, ("utf8-as-gbk",), 0.0, 8.0, 1)


def _outside(kept: Sequence[Repair], more: Iterable[Repair]) -> Iterator[Repair]:
    """Yield those of some repairs that overlap none of the kept ones, which are in order."""
    ends = [repair.end for repair in kept]
    for repair in more:
        i = bisect_right(ends, repair.start)
        if i == len(kept) or kept[i].start >= repair.end:
            yield repair


def _in_step(text: str, kinds: int, model: Model) -> Iterator[Repair]:
    stretches = realigned(text, model) if kinds & gate.SHIFTED else []
    if kinds & gate.DROPPED:
        stretches += dropped.found(text, model)
    marks = sum(r.text.count(MARK) for r in stretches)
    if len(stretches) >= MANY_TORN and marks * 2 > sum(len(r.text) for r in stretches):
        return  # that text has lost more than its step
    for r in stretches:
        yield Repair(r.start, r.end, r.text, ("gbk-out-of-step",), 0.0, r.gain, len(r.text))


def legacy_readings(kinds: int, alphabets: Sequence[str] = ()) -> Iterator[str]:
    """Yield the readings of legacy encodings that the gate's suspicion allows."""
    yield from reversed(alphabets)  # the first of equals wins
    for kind, names in (
        (gate.UTF8_LATIN, ("cp1252",)),
        (gate.KANA, ("cp932",)),
        (gate.KOREAN, ("cp949",)),
        (gate.UNLIKELY, ("gbk", "big5", "cp949", "cp932", "euc-jp")),
    ):
        if kinds & kind and not (alphabets and names == ("cp1252",)):
            yield from names


def _all_legacy(text: str, kinds: int, alphabets: Sequence[str], model: Model) -> list[Repair]:
    """Return the best repairs by legacy readings; where most had one rule, all by that one."""
    found = disjoint(_legacy(text, list(legacy_readings(kinds, alphabets)), model))
    sizes: Counter[str] = Counter()
    for repair in found:
        sizes[repair.chain[0]] += wide(text[repair.start : repair.end])
    if len(found) < MANY_LINES:
        return found
    ((rule, size),) = sizes.most_common(1)
    if size * 2 < wide(text):
        return found
    origin, _, name = rule.partition("-as-")
    return list(_judged_legacy(text, name, model, (origin,), prevails=True))


def _legacy(text: str, names: list[str], model: Model) -> list[Repair]:
    """Return what bytes of legacy encodings give, by the readings named.

    Every reading goes with every origin on every line; in a long text the longest lines say which
    two it was.
    """
    lines = text.split("\n")
    if names and len(lines) > 2 * SAMPLE_LINES:
        sample = "\n".join(sorted(lines, key=len, reverse=True)[:SAMPLE_LINES])
        best = disjoint([r for name in names for r in _judged_legacy(sample, name, model)])
        rules = {repair.chain[0] for repair in best}
        if len(rules) == 1 and sum(wide(r.text) for r in best) >= wide(sample) / 3:
            origin, _, name = rules.pop().partition("-as-")
            return list(_judged_legacy(text, name, model, (origin,)))
    return [repair for name in names for repair in _judged_legacy(text, name, model)]


def _legacy_beside(page: Page, kept: list[Repair], model: Model) -> list[Repair]:
    """Read what is left of a page as half of it and more was: words are too short to tell.

    And what had another reading: of a word by itself, chance makes Hangul.
    """
    if not kept:
        return kept
    page.found = kept
    count_left([page])
    for rule in list(_prevailing(page)):
        page.found = mine = [repair for repair in kept if repair.chain == (rule,)]
        spans = [(start - page.at, end - page.at) for start, end in page.pieces()]
        left = "\n".join([page.text[a:b] for a, b in spans])
        places = np.concatenate([np.zeros(0, np.int64), *(np.arange(a, b + 1) for a, b in spans)])
        origin, _, name = rule.partition("-as-")
        for found in _judged_legacy(left, name, model, (origin,), beside=True):
            start, end = int(places[found.start]), int(places[found.end - 1]) + 1
            mine.append(found._replace(start=start, end=end))
        mine.sort()
        return disjoint([*mine, *_outside(mine, kept)])
    return kept


def _judged_legacy(
    text: str,
    name: str,
    model: Model,
    origins: Sequence[str] = (),
    *,
    prevails: bool = False,
    beside: bool = False,
) -> Iterator[Repair]:
    """Yield what reading `name` gives; less has to be gained where it prevails in the text."""
    found = list(legacy.candidates(name, code_points(text), model, origins, beside))
    if not found:
        return
    scores = model.scores([c.text.replace(MARK, "") for c in found])
    olds = dict.fromkeys((c.start, c.end) for c in found)
    before = dict(zip(olds, model.scores([text[a:b] for a, b in olds]), strict=True))
    asian = are_east_asian(Excerpts.of([c.text for c in found])).tolist()
    for candidate, score, is_asian in zip(found, scores, asian, strict=True):
        start, end = candidate.start, candidate.end
        # The model takes all letters for one, and rows of them for words.
        mean = min(before[start, end], PLAIN) if name in CYRILLIC else before[start, end]
        old = mean * (end - start)
        new = score * (len(candidate.text) - candidate.text.count(MARK)) + candidate.prior
        enough = MIN_SCORE_TORN if candidate.torn else MIN_SCORE
        least = candidate.least
        if prevails:
            enough, least = enough - MIN_GAIN, least / 4
        if new - old >= least and score > enough and (is_asian or beside):
            rule = f"{candidate.origin}-as-{name}"
            yield Repair(start, end, candidate.text, (rule,), old, new, wide(candidate.text))
