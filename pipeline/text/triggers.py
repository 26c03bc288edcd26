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
from functools import cache
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.text.codes import Codes, slices
from pipeline.text.fold import fold_codes, fold_table
from pipeline.text.literals import ends_line, outer_letters
from pipeline.text.prose import plain_sentences
from pipeline.text.rules import Rule

Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]
Found = TypeVar("Found", bound=Sequence[object])
Match = Callable[[str, tuple[int, ...]], Found]
"""Takes a folded line and the numbers of rules that may fit it; returns what they find."""

_WORD = 4  # characters that are compared at once, as a word of 64 bits
_WORDS = 2  # of a trigger: the pattern decides
_LINE_END = 0xFF00  # the class of a line end, which stands in the table of pairs with everything
_MARKS = 8  # how far from its ends the outer letters of a line are looked for
_UNLIMITED = 1 << 30
_WHOLE = ("line", "block-start", "block-end")
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
        self._rules = _Places(rules)
        self._longest, self._inner = self._literals.reach(self._rules, self._owners)

    def find(self, texts: Sequence[str], match: Match[Found]) -> list[Candidate[Found]]:
        """Return the documents (numbers in order) in which `match` finds something."""
        if not self._any:
            return []
        return [found for part in slices(texts) for found in self._find(part, match)]

    def _find(self, part: Codes, match: Match[Found]) -> list[Candidate[Found]]:
        places, pairs = self._literals.pairs(part.codes)
        breaks = pairs >= _LINE_END
        lines = _Lines(part, places[breaks])
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
        self, part: Codes, lines: _Lines, places: Ints, slots: Ints, line: Ints
    ) -> tuple[Ints, Ints]:
        """Return the lines (in order) and the rules (in order within the line) of the triggers."""
        literal, places, line = self._literals.compared(part.codes, places, slots, line)
        which, rule = self._owners.expand(literal)
        line, places = line[which], places[which]
        fits = self._rules.fits(lines, line, places, rule)
        key = np.unique(line[fits] * self._rules.count + rule[fits])
        return key // self._rules.count, key % self._rules.count


class _Lines:
    """The lines of a slice: arrays (m,), and where those of each text begin."""

    def __init__(self, part: Codes, ends: Ints) -> None:
        starts = np.empty_like(ends)
        starts[:1] = 0
        starts[1:] = ends[:-1] + 1
        self.starts, self.ends = starts, ends
        self.size = ends - starts
        self.plain: Flags = plain_sentences(part.codes, starts, ends)
        # Not the blank ones, nor those that are indented.
        self.filled: Flags = ~_spaces().take(part.codes.take(starts), mode="clip")
        self.first = np.searchsorted(starts, part.starts[:-1])  # of each text
        counts = np.diff(self.first, append=len(ends))
        self.owner = np.repeat(np.arange(len(counts)), counts)

    def between(self, line: Ints, hit: Ints) -> Flags:
        """Say which of these lines stand between two sentences that are not among `hit`."""
        bound = self.plain.copy()
        bound[hit] = False
        number = np.arange(len(bound))
        top = np.minimum.reduceat(np.where(bound, number, len(bound)), self.first)
        bottom = np.maximum.reduceat(np.where(bound, number, -1), self.first)
        owner = self.owner[line]
        between: Flags = (top[owner] < line) & (line < bottom[owner])
        return between


@cache
def _spaces() -> Flags:
    return np.array([chr(code).isspace() for code in range(65536)])


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
            classes[ord(char)] |= number << 8
        for char, number in second.items():
            classes[ord(char)] |= number
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

    def reach(self, rules: _Places, owners: _Lists) -> tuple[NDArray[np.intp], Flags]:
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
        head = [ord(char) for char in literal[: _WORD * _WORDS]]
        chars[row, : len(head)] = head
        mask[row, : len(head)] = 0xFFFF
    return chars.view(np.uint64), mask.view(np.uint64)


class _Places:
    """Where the rules may apply: arrays (number of rules,)."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.count = len(rules)
        self.longest = np.array([rule.max_chars for rule in rules], np.intp)
        self.sentence = np.array([rule.sentence for rule in rules], bool)
        ends = {"head": 1, "tail": 2}  # which end of a line a cut takes a part of
        self.cut = np.array([(r.action == "cut") * ends.get(r.match, 0) for r in rules], np.intp)
        words = [dict(rule.where) for rule in rules]
        self._anywhere = np.array(["anywhere" in where for where in words], bool)
        self._edge = np.array([bool({"head", "tail"} & where.keys()) for where in words], bool)
        self._first = np.array([where.get("first", 0) for where in words], np.intp)
        self._last = np.array([where.get("last", 0) for where in words], np.intp)
        self.inner = self._anywhere | (self._first > 0) | (self._last > 0)
        self._bare = np.array([rule.match in _WHOLE for rule in rules], bool)
        self._opens = _Outer([_outer(rule, last=False) for rule in rules])
        self._closes = _Outer([_outer(rule, last=True) for rule in rules])

    def fits(self, lines: _Lines, line: Ints, start: Ints, rule: Ints) -> Flags:
        """Say which rules a literal at `start` can belong to, by the form of the line alone."""
        longest, cut = self.longest[rule], self.cut[rule]
        fits = lines.size[line] <= longest
        fits |= (cut == 1) & (start - lines.starts[line] < longest)
        fits |= (cut == 2) & (lines.ends[line] - start <= longest)
        fits &= ~lines.plain[line] | self.sentence[rule]
        return fits

    def begins(self, codes: NDArray[np.uint32], lines: _Lines, line: Ints, rule: Ints) -> Flags:
        """Say in which lines the first and the last letter can be those of the rule.

        Not asked where the mark of a link stands outside of them (the targets of links do not count
        where the whole line is matched), nor behind too many marks.
        """
        reach = np.arange(_MARKS)
        head = _window(codes, lines.starts[line][:, None] + reach)
        tail = _window(codes, lines.ends[line][:, None] - 1 - reach)
        bare = self._bare[rule]
        fits = self._opens.allow(rule, _letter(head, _marks("["), bare))
        return fits & self._closes.allow(rule, _letter(tail, _marks("])"), bare))

    def stand(self, lines: _Lines, line: Ints, rule: Ints) -> tuple[Flags, Flags]:
        """Say which may ever apply to their lines, and which as the page stands.

        Between two sentences that no rule can drop nothing is head or tail. The article's own lines
        above and below are counted low: lines that begin with a mark, and on which no rule can be.
        """
        between = lines.between(line, line[self.cut[rule] == 0])
        own = lines.filled.copy()
        own[line] = False
        owner = lines.owner[line]
        before = np.concatenate(([0], np.cumsum(own)))
        text_ends = np.append(lines.first[1:], len(own))
        above = before[line] - before[lines.first[owner]]
        below = before[text_ends[owner]] - before[line]
        edge = self._edge[rule] & ~between
        now = self._anywhere[rule] | edge
        now |= (above < self._first[rule]) | (below < self._last[rule])
        return self.inner[rule] | edge, now


class _Outer:
    """Which letters the lines of each rule begin or end with."""

    def __init__(self, letters: Sequence[frozenset[str] | None]) -> None:
        known = sorted(frozenset().union(*(some for some in letters if some)))
        self._ids = np.zeros(65536, np.uint16)
        self._ids[[ord(char) for char in known]] = np.arange(1, len(known) + 1)
        self._allowed = np.zeros((len(letters), len(known) + 1), bool)
        for row, some in zip(self._allowed, letters, strict=True):
            row[:] = some is None
            row[self._ids[[ord(char) for char in some or ()]]] = True

    def allow(self, rule: Ints, letter: NDArray[np.uint16]) -> Flags:
        """Say whether each letter is one of the rule's; 0 always is."""
        allowed: Flags = self._allowed[rule, self._ids[letter]] | (letter == 0)
        return allowed


def _outer(rule: Rule, *, last: bool) -> frozenset[str] | None:
    """Return the letters that begin or end the lines of a rule, None for any."""
    head = rule.match == "head" and (not last or (rule.action != "cut" and ends_line(rule.pattern)))
    if not head and rule.match not in _WHOLE:
        return None
    letters = outer_letters(rule.pattern, last)
    return letters if letters and max(map(ord, letters)) < 65536 else None


def _window(codes: NDArray[np.uint32], reach: Ints) -> NDArray[np.uint16]:
    window: NDArray[np.uint16] = fold_table().take(codes.take(reach, mode="clip"), mode="clip")
    return window


def _letter(window: NDArray[np.uint16], links: Flags, bare: Flags) -> NDArray[np.uint16]:
    """Return the first letter of each row of folded characters, 0 where there is none.

    Nor is there one where a mark of a link stands before it in a line that is to be `bare`.
    """
    linked = links.take(window) & bare[:, None]
    first = (_letters().take(window) | linked).argmax(1)
    found = window[np.arange(len(window)), first]
    return np.where(_letters().take(found), found, 0).astype(np.uint16)


@cache
def _marks(marks: str) -> Flags:
    return np.isin(np.arange(65536), [ord(mark) for mark in marks])


@cache
def _letters() -> Flags:
    return np.array([chr(code).isalnum() for code in range(65536)])


def _candidates(
    part: Codes, lines: _Lines, line: Ints, rule: Ints, now: Flags, match: Match[Found]
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
    found = []
    for owner, hit in wanted.items():
        mine = range(bisect_left(owners, owner), bisect_right(owners, owner))
        codes = part.codes[part.starts[owner] : part.starts[owner + 1] - 1]
        found.append(
            Candidate(
                part.first + owner,
                fold_codes(codes),
                {numbers[place]: which[place] for place in mine},
                hit,
            )
        )
    return found


def _decoded(codes: NDArray[np.uint32], lines: _Lines, which: Ints) -> list[str]:
    """Return some lines, folded."""
    size = lines.size[which] + 1  # with its line end
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return fold_codes(codes.take(np.repeat(lines.starts[which], size) + within)).split("\n")
