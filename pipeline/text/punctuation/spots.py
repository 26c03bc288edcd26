"""Where in a batch of texts the marks, brackets, quotes and blanks are that are worth a look.

What can be seen from a few characters is decided here, for the whole batch: a place that comes out
has all that its rule needs and that costs nothing to ask. The rules decide about the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.runs import begins, firsts
from pipeline.text import codes as arrays
from pipeline.text.marks import CLAUSE_CHARS
from pipeline.text.punctuation.watched import (
    ALNUM,
    ASCII,
    BLANK,
    CLOSING,
    DRAWN,
    END,
    FOREIGN,
    HANLIKE,
    LETTER,
    LETTERS,
    PAIRED,
    RIGHT,
    SEPARATING,
    SIDE,
    WEAK,
    WIDE,
    beside,
    inside,
    paired,
    weights,
    worth_a_look,
)

Places = NDArray[np.intp]
Codes = NDArray[np.uint32]
Flags = NDArray[np.uint16]
Bools = NDArray[np.bool_]

_MARKS = ASCII | WIDE | DRAWN | BLANK | PAIRED
_DRAWN_LEAST = {".": 3, "…": 3, "—": 3, "-": 2}
"""How many of these in a row are worth a look."""
_LONGEST_PAIR = 200
"""Characters from one bracket to the other, at most (see `pairs`)."""
STOP_HABIT = 3
"""ASCII full stops after ideographs that make a habit."""
_SPACED = 4
"""Blanks at every second place that may be letter-spacing."""


class Candidates:
    """The places of one text that are worth a look.

    `plain`: ASCII marks between Chinese characters. `runs`, `drawn`: (start, end) of other runs of
    marks, and of dots and dashes. `blanks`: blanks beside Chinese characters. `straight`: straight
    quotes. `stops`: ASCII full stops after ideographs. `brackets`: the pairs in question, or all of
    a text. `curly`: curly quotes out of their order. `doubled`: `,,` and other marks behind a
    comma, between letters that are not Chinese.
    """

    blanks: Sequence[int] = ()
    brackets: Sequence[int] = ()
    curly: Sequence[int] = ()
    doubled: Sequence[int] = ()
    drawn: Sequence[tuple[int, int]] = ()
    plain: Sequence[int] = ()
    runs: Sequence[tuple[int, int]] = ()
    stops: Sequence[int] = ()
    straight: Sequence[int] = ()


def candidates(part: arrays.Codes) -> tuple[dict[int, Candidates], Places]:
    """Return the places worth a look, by the number of the text in the slice.

    And the blanks of the slice that stand before an ideograph, or a mark that closes.
    """
    spots = _Spots(part)
    blanks = spots.places[spots.of(BLANK)]
    return spots.found(), blanks[part.codes[blanks] == ord(" ")]


class _Spots:
    """One slice: its characters, their flags (uint8), and the marks among them.

    Of all that may be worth a look, `places` says where it stands, `kinds` what it is, `owners` the
    number of its text. Each rule takes its part of these, a twentieth of the text, and reads no
    more.
    """

    def __init__(self, part: arrays.Codes) -> None:
        self.part = part
        self.codes = part.codes
        self.flags = arrays.flags_of(part.codes, paired())
        self.size = len(part.starts) - 1
        places = worth_a_look(self.flags)
        kinds = arrays.flags_of(self.codes[places], inside())
        self.strange = places[np.flatnonzero(kinds & np.uint8(FOREIGN) != 0)]
        marks = np.flatnonzero((kinds & np.uint8(_MARKS)) != 0)
        self.places, self.kinds = places[marks], kinds[marks]
        bounds = np.searchsorted(self.places, part.starts)
        self.owners = np.repeat(np.arange(self.size), np.diff(bounds))

    def of(self, mask: int) -> Places:
        """Return which of the marks have one of these flags: their numbers."""
        return np.flatnonzero((self.kinds & np.uint8(mask)) != 0)

    def chars(self, marks: Places) -> Codes:
        """Return which characters some marks are."""
        return self.codes[self.places[marks]]

    def left(self, marks: Places) -> Flags:
        """Return the flags of what stands before some marks; before all, the last line end."""
        return arrays.flags_of(self.codes[self.places[marks] - 1], beside())

    def right(self, marks: Places) -> Flags:
        """Return the flags of what stands behind some marks: the last of all is a line end."""
        return arrays.flags_of(self.codes[self.places[marks] + 1], beside())

    def beside(self, places: Places) -> Flags:
        """Return the flags of the characters at places that may lie behind the last one."""
        return arrays.flags_of(self.codes[np.minimum(places, len(self.codes) - 1)], beside())

    def found(self) -> dict[int, Candidates]:
        """Return the candidates of each text that has any."""
        found: dict[int, Candidates] = {}
        foreign = self._foreign()
        starts, ends, plain, doubled = self._mark_runs()
        drawn = self.of(DRAWN)
        paired = self.of(PAIRED)
        chars = self.chars(paired)
        kept: list[tuple[str, Places, Places | None]] = [
            ("plain", starts[plain], None),
            ("runs", starts[~plain], ends[~plain]),
            ("doubled", doubled, None),
            ("drawn", *self._drawn_runs(drawn)),
            ("blanks", self._blanks(self.of(BLANK)), None),
            ("stops", self._stops(drawn), None),
            ("brackets", self._brackets(paired[_among(chars, "()（）")]), None),
            ("straight", self._straight(paired[_among(chars, "\"'")]), None),
            ("curly", self._odd_quotes(paired[_among(chars, "“”")]), None),
        ]
        for name, places, until in kept:
            if len(places):
                self._give(found, foreign, name, places, until)
        return found

    def _give(
        self,
        found: dict[int, Candidates],
        foreign: frozenset[int],
        name: str,
        places: Places,
        until: Places | None,
    ) -> None:
        owners = self.part.owners(places)
        starts = self.part.starts[owners]
        local: Sequence[Any] = (places - starts).tolist()
        if until is not None:
            local = list(zip(local, (until - starts).tolist(), strict=True))
        first = firsts(owners)
        bounds = pairwise([*first.tolist(), len(local)])
        for i, (a, b) in zip(owners[first].tolist(), bounds, strict=True):
            if i not in foreign:
                setattr(found.get(i) or found.setdefault(i, Candidates()), name, local[a:b])

    def _mark_runs(self) -> tuple[Places, Places, Bools, Places]:
        """Return start, end and "plain" of each run of marks that is not one full-width mark.

        Left out are ASCII marks that nothing around them could widen; the last are those of them
        that are `doubled`.
        """
        marks = self.of(ASCII | WIDE)  # of full-width ones only those in runs are worth a look
        if not len(marks):
            return marks, marks, marks.astype(bool), marks
        first, last = _runs(_next_to(self.places[marks]))
        starts, ends = self.places[marks[first]], self.places[marks[last]] + 1
        left, right = self.left(marks[first]), self.right(marks[last])
        kinds = np.bitwise_or.reduceat(self.kinds[marks], first)
        kept = (kinds & WIDE) != 0
        asked = np.flatnonzero(~kept)
        kept[asked] = self._widened(starts[asked], ends[asked], left[asked], right[asked])
        framed = ((left & SIDE) != 0) | (((left & WEAK) != 0) & ((right & HANLIKE) != 0))
        plain = (first == last) & ((kinds & ASCII) != 0) & framed & ((right & RIGHT) != 0)
        doubled = ~kept & (last - first == 1) & (((left | right) & END) == 0)
        doubled &= self.chars(marks[first]) == ord(",")
        return starts[kept], ends[kept], plain[kept], starts[doubled]

    def _widened(self, starts: Places, ends: Places, left: Flags, right: Flags) -> Bools:
        """Return which runs may stand in Chinese text: beside it, or after a clause of it."""
        found: Bools = ((left | right) & SIDE) != 0
        asked = np.flatnonzero(~found & (((left | right) & (WEAK | END)) != 0))
        if not len(asked):
            return found
        starts, ends, left, right = starts[asked], ends[asked], left[asked], right[asked]
        beyond = self.beside(ends + 1) | self.beside(ends + 2) | self.beside(ends + 3)
        after = ((right & END) != 0) & ((beyond & SIDE) != 0)
        sure = after & (((left & ALNUM) != 0) | (self.codes[starts - 1] >= 0x80))
        unsure = np.flatnonzero(~sure)
        begin = starts[unsure]
        unsure = unsure[self._holds_han(np.maximum(begin - CLAUSE_CHARS, 0), begin)]
        sure[unsure] = self._chinese_clause(starts[unsure])
        found[asked] = sure
        return found

    def _chinese_clause(self, places: Places) -> Bools:
        """Return before which places a line has more ideographs than Latin letters."""
        if not len(places):
            return np.zeros(0, np.bool_)
        starts = np.maximum(places - CLAUSE_CHARS, 0)
        column = np.arange(CLAUSE_CHARS)
        codes = self.codes.take(starts[:, None] + column, mode="clip")
        says = weights().take(codes, mode="clip")
        before = column < (places - starts)[:, None]
        says *= before
        ends = (codes == ord("\n")) & before
        broken = np.flatnonzero(ends.any(axis=1))
        last = CLAUSE_CHARS - 1 - ends[broken, ::-1].argmax(axis=1)
        says[broken] *= column > last[:, None]
        found: Bools = says.sum(axis=1, dtype=np.int8) > 0
        return found

    def _drawn_runs(self, drawn: Places) -> tuple[Places, Places]:
        """Return start and end of each long run of one kind of dot or dash."""
        chars = self.chars(drawn)
        same = _next_to(self.places[drawn])
        same &= chars[1:] == chars[:-1]
        if not same.any():
            return drawn[:0], drawn[:0]
        first, last = _runs(same)
        long = first != last
        first, last = first[long], last[long]
        chars = chars[first]
        least = np.full(len(first), 2)
        for char, count in _DRAWN_LEAST.items():
            least[chars == ord(char)] = count
        kept = last - first + 1 >= least
        # Those of ASCII must touch Chinese.
        kept &= (chars > 0x7F) | ((self.left(drawn[first]) & SIDE) != 0)
        return self.places[drawn[first[kept]]], self.places[drawn[last[kept]]] + 1

    def _brackets(self, brackets: Places) -> Places:
        """Return the pairs of brackets in which an ASCII one may be in Chinese text.

        That takes an ideograph in the pair or a Chinese character beside it, or a pair of two
        widths. Where a bracket has no partner, or is too far from it, all those of the text.
        """
        chars = self.chars(brackets)
        narrow = chars < 0x80
        if not narrow.any():
            return brackets[:0]
        owners = self.owners[brackets]
        mixed = np.zeros(self.size, np.bool_)
        mixed[owners[narrow]] = True
        kept = mixed[owners]
        brackets, chars, owners = brackets[kept], chars[kept], owners[kept]
        places = self.places[brackets]
        awake = self._ill_formed(chars, owners)
        paired = np.flatnonzero(~awake[owners])
        opening, closing = (paired[half] for half in _pairs(chars[paired]))
        left, right = chars[opening], chars[closing]
        far = places[closing] - places[opening] > _LONGEST_PAIR
        awake[owners[opening[far]]] = True
        odd = (left == ord("(")) != (right == ord(")"))
        asked = np.flatnonzero((left == ord("(")) & ~odd & ~far)
        first, last = opening[asked], closing[asked]
        before, after = self.left(brackets[first]), self.right(brackets[last])
        chinese = (before & SIDE) != 0
        alone = ((before & END) != 0) | (self.codes[places[first] - 1] == 0x3000)
        chinese |= alone & ((after & SIDE) != 0)
        chinese |= self._holds_han(places[first] + 1, places[last])
        odd[asked] |= chinese
        taken = awake[owners]
        taken[opening[odd]] = True
        taken[closing[odd]] = True
        return places[taken]

    def _ill_formed(self, chars: Codes, owners: Places) -> Bools:
        """Return which texts have a bracket without a partner."""
        steps = np.where(_among(chars, "(（"), 1, -1)
        total = np.cumsum(steps)
        first = begins(owners)
        depth = total - (total - steps)[first][np.cumsum(first) - 1]
        found = np.zeros(self.size, np.bool_)
        found[owners[(depth < 0) | (np.append(first[1:], True) & (depth != 0))]] = True
        return found

    def _holds_han(self, starts: Places, ends: Places) -> Bools:
        """Return which stretches [start, end) may hold an ideograph; long ones are not read."""
        found = np.ones(len(starts), np.bool_)
        short = np.flatnonzero(ends - starts <= _LONGEST_PAIR)
        if len(short):
            bounds = np.stack([starts[short], ends[short]], axis=1)
            within = np.bitwise_or.reduceat(self.flags, bounds.ravel())[::2]
            found[short] = ((within & np.uint8(LETTERS)) != 0) & (bounds[:, 0] < bounds[:, 1])
        return found

    def _straight(self, quotes: Places) -> Places:
        """Return the straight quotes of the texts in which two on a line frame Chinese."""
        if not len(quotes):
            return quotes
        owners, places = self.owners[quotes], self.places[quotes]
        awake = np.zeros(self.size, np.bool_)
        awake[owners[((self.left(quotes) | self.right(quotes)) & SIDE) != 0]] = True
        near = np.flatnonzero((owners[1:] == owners[:-1]) & ~awake[owners[1:]])
        near = near[self._holds_han(places[near] + 1, places[near + 1])]
        for first in near.tolist():  # few: the first on one line settles it for its text
            if not awake[owners[first]]:
                between = self.codes[places[first] : places[first + 1]]
                awake[owners[first]] = not (between == ord("\n")).any()
        return places[awake[owners]]

    def _stops(self, drawn: Places) -> Places:
        """Return the ASCII full stops between an ideograph and another, a blank or a line end."""
        stops = drawn[self.chars(drawn) == ord(".")]
        stops = stops[(self.right(stops) & (HANLIKE | END)) != 0]
        stops = stops[(self.left(stops) & HANLIKE) != 0]
        owners = self.owners[stops]
        often = np.bincount(owners, minlength=self.size)[owners] >= STOP_HABIT
        found: Places = self.places[stops[often]]
        return found

    def _blanks(self, blanks: Places) -> Places:
        """Return the blanks before a closing mark, after a separating one, between ideographs.

        The last only where they stand at every second place, as in letter-spacing.
        """
        right = self.right(blanks)
        kept = (right & (CLOSING | HANLIKE)) != 0
        blanks, right = blanks[kept], right[kept]
        places, left = self.places[blanks], self.left(blanks)
        lettered = ((left & (HANLIKE | SEPARATING)) != 0) & ((right & HANLIKE) != 0)
        taken = ((right & CLOSING) != 0) | (lettered & ((left & SEPARATING) != 0))
        spaced = blanks[lettered]
        if len(spaced) >= _SPACED:
            stands = self.places[spaced]
            far = stands[_SPACED - 1 :] - stands[: 1 - _SPACED] == 2 * (_SPACED - 1)
            if far.any():
                mixed = np.zeros(self.size, np.bool_)
                mixed[self.owners[spaced[: 1 - _SPACED][far]]] = True
                taken |= lettered & mixed[self.owners[blanks]]
        found: Places = places[taken]
        return found

    def _odd_quotes(self, quotes: Places) -> Places:
        """Return curly quotes that follow one of the same direction, or close what is not open."""
        if not len(quotes):
            return quotes
        closing = self.chars(quotes) == ord("”")
        first = begins(self.owners[quotes])
        same = np.concatenate([closing[:1], closing[1:] == closing[:-1]])
        return self.places[quotes[np.where(first, closing, same)]]

    def _foreign(self) -> frozenset[int]:
        """Return the texts that are Japanese or Korean: a kana or hangul for four ideographs.

        A Chinese text with a Japanese name in it has one for a hundred.
        """
        if not len(self.strange):
            return frozenset()
        foreign = np.bincount(self.part.owners(self.strange), minlength=self.size)
        found = set()
        for i in np.flatnonzero(foreign).tolist():
            text = self.codes[self.part.starts[i] : self.part.starts[i + 1]]
            letters = arrays.flags_of(text, inside()) & np.uint8(LETTER)
            if foreign[i] * 4 > np.count_nonzero(letters):
                found.add(i)
        return frozenset(found)


def _next_to(places: Places) -> Bools:
    """Return which places (but the first) come right behind the one before."""
    behind: Bools = places[1:] - places[:-1] == 1
    return behind


def _runs(joined: Bools) -> tuple[Places, Places]:
    """Return the first and the last of each run, given which (but the first) go on with one."""
    cuts = np.flatnonzero(~joined)
    return np.concatenate([[0], cuts + 1]), np.append(cuts, len(joined))


def _pairs(chars: Codes) -> tuple[Places, Places]:
    """Return the partners among brackets that all have one: numbers of opening and closing."""
    opens = _among(chars, "(（")
    depth = np.cumsum(np.where(opens, 1, -1))
    # On one level openings and closings take turns. Between texts the depth is 0.
    level = np.where(opens, depth, depth + 1)
    pairs = np.argsort(level, kind="stable").reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _among(chars: Codes, these: str) -> Bools:
    """Return which characters are among a few (`np.isin` takes ten times as long)."""
    found: Bools = chars == ord(these[0])
    for char in these[1:]:
        found |= chars == ord(char)
    return found
