"""Which lines of a batch could be what a rule looks for: array work, no line becomes a string.

Every match of a rule contains one of its triggers (`pipeline.text.literals`). Each trigger is known
by two characters that stand side by side in it: one gather classes all characters of the batch, a
second one asks a table of pairs, and few places are left. Those are compared with the trigger,
and dropped where no rule of that trigger could apply: a line too long for it, a sentence, a place
between sentences where the rule asks for the head or the tail of the page. Only what remains
is ever looked at in Python.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.text.codes import Codes, slices
from pipeline.text.fold import fold_codes, fold_table
from pipeline.text.places import Flags, Ints, Lines, Places
from pipeline.text.rules import Rule

Found = TypeVar("Found", bound=Sequence[object])
Match = Callable[[str, tuple[int, ...]], Found]
"""Takes a folded line and the numbers of rules that may fit it; returns what they find."""

_WORD = 4  # characters that are compared at once, as a word of 64 bits
_WORDS = 2  # of a trigger: the pattern decides
_LINE_END = 0xFF00  # the class of a line end, which stands in the table of pairs with everything
_UNLIMITED = 1 << 30
# From the most frequent: a trigger is known by its rarest pair.
_COMMON = {
    c: i for i, c in enumerate(" /etaoinshrdlcu:mwfgypb.vkjxqz[]()的一是不了在有人我这个用如你使")
}


@dataclass(frozen=True, slots=True)
class Candidate(Generic[Found]):
    """A document with lines that rules hit.

    `rules` maps a line number to the numbers of the rules that may hit it, in order. `now`: what
    was found in the lines where a rule may apply as the page stands; elsewhere one may once other
    lines are gone.
    """

    document: int
    folded: str
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
        self._literals = _Literals(list(owners))
        self._owners = _Lists(owners.values())
        self._rules = Places(rules)
        self._longest, self._inner = self._literals.reach(self._rules, self._owners)

    def find(self, texts: Sequence[str], match: Match[Found]) -> list[Candidate[Found]]:
        """Return the documents (numbers in order) in which `match` finds something."""
        if not self._any:
            return []
        return [found for part in slices(texts) for found in self._find(part, match)]

    def _find(self, part: Codes, match: Match[Found]) -> list[Candidate[Found]]:
        places, pairs = self._literals.pairs(part.codes)
        breaks = pairs >= _LINE_END
        lines = Lines(part, places[breaks])
        line = np.cumsum(breaks, dtype=np.intp)
        slots = self._literals.slot.take(pairs)
        width = lines.size.take(line, mode="clip")  # what ends the last line is in no line
        prose = lines.plain.view(np.uint8).take(line, mode="clip")
        fits = np.flatnonzero(~breaks & (width <= self._longest[prose, slots]))
        fits = fits[self._inner[slots[fits]] | ~lines.between(line[fits], line[fits])]
        line, rule = self._ruled(part, lines, places[fits], slots[fits], line[fits])
        fits = np.flatnonzero(self._rules.begins(part.codes, lines, line, rule))
        if not len(fits):
            return []
        line, rule = line[fits], rule[fits]
        kept, now = self._rules.stand(lines, line, rule)
        return _candidates(part, lines, line[kept], rule[kept], now[kept], match)

    def _ruled(
        self, part: Codes, lines: Lines, places: Ints, slots: Ints, line: Ints
    ) -> tuple[Ints, Ints]:
        """Return the lines (in order) and the rules (in order within the line) of the triggers."""
        literal, places, line = self._literals.compared(part.codes, places, slots, line)
        which, rule = self._owners.expand(literal)
        line, places = line[which], places[which]
        fits = self._rules.fits(lines, line, places, rule)
        key = np.unique(line[fits] * self._rules.count + rule[fits])
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
        counts = self.counts[index]
        which = np.repeat(np.arange(len(index)), counts)
        within = np.arange(len(which)) - (np.cumsum(counts) - counts)[which]
        return which, self.values[self.starts[index][which] + within]


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

    def pairs(self, codes: NDArray[np.uint32]) -> tuple[Ints, NDArray[np.uint16]]:
        """Return where a known pair or a line end stands, and the classes of the pair."""
        classes = self._classes.take(codes, mode="clip")
        pair = classes & np.uint16(0xFF00)
        pair[:-1] |= classes[1:] & np.uint16(0xFF)
        places = np.flatnonzero(self._known.take(pair))
        return places, pair[places]

    def compared(
        self, codes: NDArray[np.uint32], places: Ints, slots: Ints, line: Ints
    ) -> tuple[Ints, Ints, Ints]:
        """Return the literals that do stand at the places: number, start, line."""
        which, literal = self._lists.expand(slots)
        start, line = places[which] - self._offset[literal], line[which]
        for word in range(_WORDS):
            reach = start[:, None] + np.arange(word * _WORD, (word + 1) * _WORD)
            window = fold_table().take(codes.take(reach, mode="clip"), mode="clip")
            differs = window.view(np.uint64)[:, 0] ^ self._chars[literal, word]
            same = np.flatnonzero(differs & self._mask[literal, word] == 0)
            literal, start, line = literal[same], start[same], line[same]
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


def _candidates(
    part: Codes, lines: Lines, line: Ints, rule: Ints, now: Flags, match: Match[Found]
) -> list[Candidate[Found]]:
    """Return the documents in which a rule matches a line where it may apply as the page stands."""
    rules = rule.tolist()
    first = np.flatnonzero(np.diff(line, prepend=-1))
    bounds = [*first.tolist(), len(line)]
    line, ready = line[first], np.logical_or.reduceat(now, first)
    folded = iter(_decoded(part.codes, lines, line[ready]))
    wanted: dict[int, dict[int, Found]] = {}
    owners = lines.owner[line].tolist()
    which = [tuple(rules[i:j]) for i, j in pairwise(bounds)]
    numbers = (line - lines.first[lines.owner[line]]).tolist()
    for place in np.flatnonzero(ready).tolist():
        if hits := match(next(folded), which[place]):
            wanted.setdefault(owners[place], {})[numbers[place]] = hits
    texts = _folded_texts(part, list(wanted))
    found = []
    for (owner, hit), text in zip(wanted.items(), texts, strict=True):
        mine = range(bisect_left(owners, owner), bisect_right(owners, owner))
        known = {numbers[place]: which[place] for place in mine}
        found.append(Candidate(part.first + owner, text, known, hit))
    return found


def _folded_texts(part: Codes, which: Sequence[int]) -> list[str]:
    """Return some texts of a slice, folded: all at once if they are many."""
    starts = part.starts.tolist()
    if len(which) * 4 < len(starts):
        return [fold_codes(part.codes[starts[i] : starts[i + 1] - 1]) for i in which]
    folded = fold_codes(part.codes)
    return [folded[starts[i] : starts[i + 1] - 1] for i in which]


def _decoded(codes: NDArray[np.uint32], lines: Lines, which: Ints) -> list[str]:
    """Return some lines, folded."""
    size = lines.size[which] + 1  # with its line end
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return fold_codes(codes.take(np.repeat(lines.starts[which], size) + within)).split("\n")
