"""Where rules may apply: the lines of a slice, and what each rule asks of a line and its place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text.boilerplate.literals import ends_line, first_marks, outer_letters
from pipeline.text.boilerplate.rules import Rule
from pipeline.text.codes import Codes, that_are
from pipeline.text.fold import fold_table
from pipeline.text.prose import FOOTER_CHARS, plain_sentences

Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

_MARKS = 8  # how far from its ends the outer letters of a line are looked for
_WHOLE = ("line", "block-start", "block-end")


class Lines:
    """The lines of a slice: arrays (m,), and where those of each text begin."""

    def __init__(self, part: Codes, ends: Ints) -> None:
        starts = np.empty_like(ends)
        starts[:1] = 0
        starts[1:] = ends[:-1] + 1
        self.starts, self.ends = starts, ends
        self.size = ends - starts
        self.plain: Flags = plain_sentences(part.codes, starts, ends)
        # Not the blank ones, nor those that are indented.
        self.filled: Flags = ~that_are(str.isspace).take(part.codes.take(starts), mode="clip")
        self.first = np.searchsorted(starts, part.starts[:-1])  # of each text
        counts = np.diff(self.first, append=len(ends))
        self.owner = np.repeat(np.arange(len(counts)), counts)

    def between(self, line: Ints, hit: Ints) -> Flags:
        """Say which of these lines stand between two sentences that are not among `hit`.

        A short one below may be of the site: it ends no article.
        """
        bound = self.plain.copy()
        bound[hit] = False
        number = np.arange(len(bound))
        top = np.minimum.reduceat(np.where(bound, number, len(bound)), self.first)
        bound &= self.size > FOOTER_CHARS
        bottom = np.maximum.reduceat(np.where(bound, number, -1), self.first)
        owner = self.owner[line]
        return (top[owner] < line) & (line < bottom[owner])

    def may_be_headings(self, codes: NDArray[np.uint32], line: Ints) -> Flags:
        """Say which of some lines begin with # or stand above one that begins with =."""
        first = codes.take(self.starts[line]), codes.take(self.ends[line] + 1, mode="clip")
        marked, below = (fold_table().take(codes, mode="clip") for codes in first)
        found: Flags = (marked == ord("#")) | (below == ord("="))
        return found

    def may_begin_fences(self, codes: NDArray[np.uint32], line: Ints) -> Flags:
        """Say which of some lines begin with what a fence or the marks before it begin with."""
        first = fold_table().take(codes.take(self.starts[line]), mode="clip")
        return _marks("`~ \t>").take(first)


class Places:
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
        self._one_line = np.array([rule.action == "drop-line" for rule in rules], bool)
        self._bare = np.array([rule.match in _WHOLE for rule in rules], bool)
        self._opens = _Outer([_outer(rule, last=False) for rule in rules])
        self._closes = _Outer([_outer(rule, last=True) for rule in rules])
        heads = [rule.pattern if rule.match == "head" else "" for rule in rules]
        self._marked = _Outer([_in_bmp(first_marks(pattern)) for pattern in heads])

    def fits(self, lines: Lines, line: Ints, start: Ints, rule: Ints) -> Flags:
        """Say which rules a literal at `start` can belong to, by the form of the line alone."""
        longest, cut = self.longest[rule], self.cut[rule]
        fits = lines.size[line] <= longest
        fits |= (cut == 1) & (start - lines.starts[line] < longest)
        fits |= (cut == 2) & (lines.ends[line] - start <= longest)
        fits &= ~lines.plain[line] | self.sentence[rule]
        return fits

    def begins(self, codes: NDArray[np.uint32], lines: Lines, line: Ints, rule: Ints) -> Flags:
        """Say in which lines the first and the last letter can be those of the rule.

        And the first mark, which is a letter or none. Headings of Markdown (`### 引用`) do not go
        alone. Letters are not asked for where the mark of a link stands outside of them (the
        targets of links do not count where the whole line is matched), nor behind too many marks.
        """
        reach = np.arange(_MARKS)
        head = _window(codes, lines.starts[line][:, None] + reach)
        tail = _window(codes, lines.ends[line][:, None] - 1 - reach)
        headed = np.flatnonzero(self._one_line[rule] & (head[:, 0] == ord("#")))
        headed = headed[_are_headings(head[headed])]
        bare = self._bare[rule]
        fits = self._opens.allow(rule, _letter(head, _marks("["), bare))
        fits &= self._closes.allow(rule, _letter(tail, _marks("])"), bare))
        blank = that_are(str.isspace).take(head)
        fits &= blank.all(1) | self._marked.allow(rule, _first(head, ~blank))
        fits[headed] = False
        return fits

    def stand(self, lines: Lines, line: Ints, rule: Ints) -> tuple[Flags, Flags]:
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
    return _in_bmp(outer_letters(rule.pattern, last))


def _in_bmp(chars: frozenset[str] | None) -> frozenset[str] | None:
    """Return characters of which the tables know all, None for any."""
    return chars if chars and max(map(ord, chars)) < 65536 else None


def _window(codes: NDArray[np.uint32], reach: Ints) -> NDArray[np.uint16]:
    return fold_table().take(codes.take(reach, mode="clip"), mode="clip")


def _letter(window: NDArray[np.uint16], links: Flags, bare: Flags) -> NDArray[np.uint16]:
    """Return the first letter of each row of folded characters, 0 where there is none.

    Nor is there one where a mark of a link stands before it in a line that is to be `bare`.
    """
    linked = links.take(window) & bare[:, None]
    found = _first(window, that_are(str.isalnum).take(window) | linked)
    return np.where(that_are(str.isalnum).take(found), found, 0).astype(np.uint16)


def _first(window: NDArray[np.uint16], asked: Flags) -> NDArray[np.uint16]:
    """Return the first character of each row that is `asked` for, else its first."""
    found: NDArray[np.uint16] = window[np.arange(len(window)), asked.argmax(1)]
    return found


def _are_headings(head: NDArray[np.uint16]) -> Flags:
    """Say which rows of folded characters begin with one to six # and a space."""
    level = np.logical_and.accumulate(head == ord("#"), axis=1).sum(axis=1)
    behind = head[np.arange(len(head)), np.minimum(level, 6)]
    found: Flags = (level <= 6) & (behind == ord(" "))
    return found


@cache
def _marks(marks: str) -> Flags:
    return np.isin(np.arange(65536), [ord(mark) for mark in marks])
