"""Which lines of a batch could be what a rule looks for: array work, no line becomes a string.

Every match of a rule contains one of its triggers (`literals.py`). Each trigger is known
by two characters that stand side by side in it: one gather classes all characters of the batch, a
table of pairs is asked where two may be one, and few places are left. Those are compared with the
trigger, and dropped where no rule of that trigger could apply: a line too long for it, a sentence,
a place between sentences where the rule asks for the head or the tail of the page. Only what
remains is ever looked at in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.runs import firsts
from pipeline.text.boilerplate.places import Flags, Ints, Lines, Places
from pipeline.text.boilerplate.rules import Rule
from pipeline.text.codes import Codes, flags_of, groups, slices
from pipeline.text.fold import fold_codes, fold_table
from pipeline.text.page import Page
from pipeline.text.prose import line_kinds

Found = TypeVar("Found", bound=Sequence[object])
Match = Callable[[str, tuple[int, ...]], Found]
"""Takes a folded line and the numbers of rules that may fit it; returns what they find."""

_WORD = 4  # characters that are compared at once, as a word of 64 bits
_WORDS = 2  # of a trigger: the pattern decides
_ANY = (1 << 64) - 1
_FENCES = ("``", "~~")  # looked for beside the triggers: a fenced block begins with three of them
_LINE_END = 0xFF00  # the class of a line end, which stands in the table of pairs with everything
_UNLIMITED = 1 << 30
_GROUPS = 7  # of pairs, in a first look: a bit for either half of each,
_RIGHT, _ALONE = np.uint16(0x2AAA), np.uint16(0x4000)  # and one of its own
# From the most frequent: a trigger is known by its rarest pair.
_COMMON = {
    c: i for i, c in enumerate(" /etaoinshrdlcu:mwfgypb.vkjxqz[]()的一是不了在有人我这个用如你使")
}


class Candidate(NamedTuple, Generic[Found]):
    """A document with lines that rules hit.

    `rules` maps a line number to the numbers of the rules that may hit it, in order. `now`: what
    was found in the lines where a rule may apply as the page stands; elsewhere one may once other
    lines are gone. `ticked`: the lines that may open or close fenced code. `headed`: a line of
    `now` may be a heading of Markdown.
    """

    document: int
    page: Page
    ticked: Sequence[int]
    headed: bool
    rules: dict[int, tuple[int, ...]]
    now: dict[int, Found]


class TriggerIndex:
    """Finds the lines of a batch in which a literal of some rule occurs."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        owners: dict[str, list[int]] = {}
        for number, rule in enumerate(rules):
            for literal in dict.fromkeys(rule.triggers):
                owners.setdefault(literal, []).append(number)
        self._any = bool(owners)
        self._literals = _Literals([*owners, *_FENCES])
        self._owners = _Lists([*owners.values(), *([] for _ in _FENCES)])
        self._rules = Places(rules)
        self._longest, self._inner = self._literals.reach(self._rules, self._owners)

    def find(self, texts: Sequence[str], match: Match[Found]) -> list[Candidate[Found]]:
        """Return the documents (numbers in order) in which `match` finds something."""
        if not self._any:
            return []
        return [found for part in slices(texts) for found in self._find(texts, part, match)]

    def _find(
        self, texts: Sequence[str], part: Codes, match: Match[Found]
    ) -> list[Candidate[Found]]:
        places, pairs = self._literals.pairs(part.codes)
        breaks = pairs >= _LINE_END
        lines = Lines(part, places[breaks])
        line = np.cumsum(breaks, dtype=np.intp)
        slots = self._literals.slot.take(pairs)
        some = np.flatnonzero(self._literals.may_begin(part.codes, places, slots))
        slot, on = slots.take(some), line.take(some)
        prose = lines.plain.take(on, mode="clip")  # what ends the last is in none
        longest = np.where(prose, self._longest[1].take(slot), self._longest[0].take(slot))
        short = np.flatnonzero(lines.size.take(on, mode="clip") <= longest)
        some, slot, on = some.take(short), slot.take(short), on.take(short)
        fits = np.flatnonzero(self._inner.take(slot) | ~lines.between(on, on))
        some, slot, on = some.take(fits), slot.take(fits), on.take(fits)
        on, rule = self._ruled(part, lines, places.take(some), slot, on)
        fits = np.flatnonzero(self._rules.begins(part.codes, lines, on, rule))
        if not len(fits):
            return []
        on, rule = on.take(fits), rule.take(fits)
        kept, now = self._rules.stand(lines, on, rule)
        found = _candidates(part, lines, on[kept], rule[kept], now[kept], match)
        if not found:
            return []
        wanted = np.zeros(len(lines.first), np.bool_)
        wanted[list(found)] = True
        ticked: dict[int, list[int]] = {}
        fence = line[self._literals.is_fence(pairs)]
        fence = fence[wanted[lines.owner[fence]]]
        fence = fence[lines.may_begin_fences(part.codes, fence)]
        fence = fence.take(firsts(fence))
        owner = lines.owner[fence]
        for number, at in zip(owner.tolist(), (fence - lines.first[owner]).tolist(), strict=True):
            ticked.setdefault(number, []).append(at)
        return [
            Candidate(part.first + number, page, ticked.get(number, ()), *found[number])
            for number, page in _pages(texts, part, lines, wanted)
        ]

    def _ruled(
        self, part: Codes, lines: Lines, places: Ints, slots: Ints, line: Ints
    ) -> tuple[Ints, Ints]:
        """Return the lines (in order) and the rules (in order within the line) of the triggers."""
        literal, places, line = self._literals.compared(part.codes, places, slots, line)
        which, rule = self._owners.expand(literal)
        line, places = line.take(which), places.take(which)
        fits = self._rules.fits(lines, line, places, rule)
        key = np.sort(line[fits] * self._rules.count + rule[fits])
        key = key.take(firsts(key))
        return key // self._rules.count, key % self._rules.count


class _Lists:
    """Lists of numbers, one after the other, by which an array of indices is expanded."""

    def __init__(self, lists: Iterable[Sequence[int]]) -> None:
        parts = [list(part) for part in lists]
        self.counts = np.array([len(part) for part in parts], np.intp)
        self.starts = np.cumsum(self.counts) - self.counts
        self.values = np.array([value for part in parts for value in part], np.intp)

    def expand(self, index: Ints) -> tuple[Ints, Ints]:
        """Return for each number of each list: the place in `index`, and the number."""
        counts = self.counts.take(index)
        which = np.repeat(np.arange(len(index)), counts)
        before = self.starts.take(index) - (np.cumsum(counts) - counts)
        return which, self.values.take(before.take(which) + np.arange(len(which)))


def _flags(pairs: Sequence[str]) -> NDArray[np.uint16]:
    """Return by code point what may be a pair, told by the second character: uint16 (65536,).

    One with a left-hand bit before one with the bit above it; a character that stands alone.
    """
    flags = np.zeros(65536, np.uint16)
    seconds = {c: i % _GROUPS for i, c in enumerate(sorted({p[1] for p in pairs if p[1:]}))}
    for pair in pairs:
        group = 2 * seconds[pair[1]] if pair[1:] else -1
        flags[_code(pair[0])] |= _ALONE if group < 0 else 1 << group
        if group >= 0:
            flags[_code(pair[1])] |= 2 << group
    return flags


class _Literals:
    """Literals, each with the pair of characters by which it is found.

    `slot`: which list of literals a pair of classes has, 0 for none.
    """

    def __init__(self, literals: Sequence[str]) -> None:
        self._offset = np.array([_rarest(literal) for literal in literals], np.intp)
        pairs = [x[i : i + 2] for x, i in zip(literals, self._offset.tolist(), strict=True)]
        first = {c: 1 + i % 254 for i, c in enumerate(sorted({p[0] for p in pairs}))}
        second = {c: 1 + i % 255 for i, c in enumerate(sorted({p[1] for p in pairs if p[1:]}))}
        classes = np.zeros(65536, np.uint16)
        for char, number in first.items():
            classes[_code(char)] |= number << 8
        for char, number in second.items():
            classes[_code(char)] |= number
        self._classes = classes.take(fold_table())
        self._classes[ord("\n")] = _LINE_END
        self._flags = _flags(pairs).take(fold_table())
        self._flags[ord("\n")] = _ALONE
        wanted: dict[int, list[int]] = {}
        for number, pair in enumerate(pairs):
            row = first[pair[0]] << 8
            # A literal of one character stands beside any other.
            columns = [second[pair[1]]] if pair[1:] else range(256)
            for column in columns:
                wanted.setdefault(row | column, []).append(number)
        self.slot = np.zeros(65536, np.intp)
        self.slot[list(wanted)] = np.arange(1, len(wanted) + 1)
        self._known = self.slot > 0
        self._known[_LINE_END:] = True
        self._lists = _Lists([[], *wanted.values()])
        self._chars, self._mask = _windows(literals)
        self._thirds = np.zeros(len(wanted) + 1, np.uint64)
        for slot, numbers in enumerate(wanted.values(), 1):
            behind = [literals[i][self._offset[i] + 2 :][:1] for i in numbers]
            self._thirds[slot] = sum({1 << _code(c) % 64 for c in behind}) if all(behind) else _ANY
        self._fences = [first[x[0]] << 8 | second[x[1]] for x in _FENCES]

    def pairs(self, codes: NDArray[np.uint32]) -> tuple[Ints, NDArray[np.uint16]]:
        """Return where a known pair or a line end stands, and the classes of the pair."""
        flags = flags_of(codes, self._flags)
        found = flags & _ALONE
        left = flags[:-1]
        found[:-1] |= (left + left) & flags[1:] & _RIGHT  # to shift takes ten times as long
        places = np.flatnonzero(found != 0)  # a comparison first: ten times as fast
        pair = self._classes.take(codes.take(places), mode="clip") & np.uint16(0xFF00)
        behind = codes.take(places + 1, mode="clip")
        pair |= self._classes.take(behind, mode="clip") & np.uint16(0xFF)
        known = np.flatnonzero(self._known.take(pair))
        return places[known], pair[known]

    def may_begin(self, codes: NDArray[np.uint32], places: Ints, slots: Ints) -> Flags:
        """Say at which places the character behind the pair may be that of a literal."""
        behind = _folded(codes.take(places + 2, mode="clip")) & np.uint16(63)
        found: Flags = (self._thirds.take(slots) >> behind) & np.uint64(1) != 0
        return found

    def is_fence(self, pairs: NDArray[np.uint16]) -> Flags:
        """Say which pairs may begin a fence."""
        found: Flags = (pairs == self._fences[0]) | (pairs == self._fences[1])
        return found

    def compared(
        self, codes: NDArray[np.uint32], places: Ints, slots: Ints, line: Ints
    ) -> tuple[Ints, Ints, Ints]:
        """Return the literals that do stand at the places: number, start, line."""
        which, literal = self._lists.expand(slots)
        start, line = places.take(which) - self._offset.take(literal), line.take(which)
        for word in range(_WORDS):
            reach = start[:, None] + np.arange(word * _WORD, (word + 1) * _WORD)
            window = _folded(codes.take(reach, mode="clip"))
            differs = window.view(np.uint64)[:, 0] ^ self._chars[literal, word]
            same = np.flatnonzero(differs & self._mask[literal, word] == 0)
            literal, start, line = literal.take(same), start.take(same), line.take(same)
        return literal, start, line

    def reach(self, rules: Places, owners: _Lists) -> tuple[NDArray[np.intp], Flags]:
        """Return how long a line the rules of a slot may touch, and if they may between sentences.

        (2, slots), row 1 of prose; (slots,).
        """
        slot, literal = self._lists.expand(np.arange(len(self._lists.counts)))
        which, rule = owners.expand(literal)
        slot, count = slot[which], len(self._lists.counts)
        chars = np.where(rules.cut[rule] > 0, _UNLIMITED, rules.longest[rule])
        longest = np.zeros((2, count), np.intp)
        np.maximum.at(longest[0], slot, chars)
        np.maximum.at(longest[1], slot, np.where(rules.sentence[rule], chars, 0))
        return longest, np.bincount(slot, rules.inner[rule], count) > 0


def _folded(codes: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """Return code points folded; all beyond the BMP are one."""
    return fold_table().take(codes, mode="clip")


def _code(char: str) -> int:
    """Return a code point as the tables have it: all beyond the BMP are one."""
    return min(ord(char), 0xFFFF)


def _rarest(literal: str) -> int:
    """Return where in a literal the pair begins by which it is found."""
    ranks = [_COMMON.get(char, len(_COMMON)) for char in literal]
    sums = [a + b for a, b in pairwise(ranks)]
    return sums.index(max(sums)) if sums else 0


def _windows(literals: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the first characters of each literal, and a mask of them: (k, 2), as words."""
    chars = np.zeros((len(literals), _WORD * _WORDS), np.uint16)
    mask = np.zeros_like(chars)
    for row, literal in enumerate(literals):
        head = [_code(char) for char in literal[: _WORD * _WORDS]]
        chars[row, : len(head)] = head
        mask[row, : len(head)] = 0xFFFF
    return chars.view(np.uint64), mask.view(np.uint64)


_Rules = dict[int, tuple[int, ...]]
_Known = tuple[bool, _Rules, dict[int, Found]]


def _candidates(
    part: Codes, lines: Lines, line: Ints, rule: Ints, now: Flags, match: Match[Found]
) -> dict[int, _Known[Found]]:
    """Return the texts in which a rule matches a line where it may apply as the page stands.

    Of each whether one of these may be a heading, the rules by number of line, and what was found.
    """
    rules = rule.tolist()
    first = firsts(line)
    bounds = [*first.tolist(), len(line)]
    line, ready = line[first], np.logical_or.reduceat(now, first)
    folded = iter(_decoded(part.codes, lines, line[ready]))
    owners = lines.owner[line].tolist()
    which = [tuple(rules[i:j]) for i, j in pairwise(bounds)]
    numbers = (line - lines.first[lines.owner[line]]).tolist()
    headed = lines.may_be_headings(part.codes, line).tolist()
    found: dict[int, tuple[_Rules, dict[int, Found]]] = {}
    heads: set[int] = set()
    for place in np.flatnonzero(ready).tolist():
        if hits := match(next(folded), which[place]):
            owner = owners[place]
            found.setdefault(owner, ({}, {}))[1][numbers[place]] = hits
            if headed[place]:
                heads.add(owner)
    for owner, number, some in zip(owners, numbers, which, strict=True):
        if owner in found:
            found[owner][0][number] = some
    return {owner: (owner in heads, *known) for owner, known in found.items()}


def _pages(
    texts: Sequence[str], part: Codes, lines: Lines, wanted: Flags
) -> Iterator[tuple[int, Page]]:
    """Yield some texts of a slice, with their numbers, as pages."""
    which = np.flatnonzero(wanted[lines.owner])
    starts, ends, owner = lines.starts[which], lines.ends[which], lines.owner[which]
    kinds = line_kinds(part.codes, starts, ends, lines.plain[which]).tobytes()
    before = part.starts[owner]
    rows = (starts - before).tolist(), (ends - before).tolist()
    for (a, b), number in zip(groups(owner), np.flatnonzero(wanted).tolist(), strict=True):
        page = Page(texts[part.first + number], rows[0][a:b], rows[1][a:b], kinds[a:b])
        yield number, page


def _decoded(codes: NDArray[np.uint32], lines: Lines, which: Ints) -> list[str]:
    """Return some lines, folded."""
    size = lines.size[which] + 1  # with its line end
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return fold_codes(codes.take(np.repeat(lines.starts[which], size) + within)).split("\n")
