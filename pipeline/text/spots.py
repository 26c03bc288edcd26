"""Where in a batch of texts the marks, brackets, quotes and blanks are that are worth a look.

What can be seen from a few characters is decided here, for the whole batch: a place that comes out
has all that its rule needs and that costs nothing to ask. The rules decide about the rest.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text import codes as arrays
from pipeline.text import gaps
from pipeline.text.marks import (
    ASCII_MARKS,
    CJK_SIDE,
    CLAUSE_CHARS,
    HAN,
    KANA_HANGUL,
    WEAK_SIDE,
    WIDE_MARKS,
)

Places = NDArray[np.intp]
Codes = NDArray[np.uint32]
Flags = NDArray[np.uint16]
Bools = NDArray[np.bool_]

# Of every character: what is looked for in whole texts.
ASCII, WIDE, DRAWN, BLANK, PAIRED, FOREIGN, LETTER, ASTRAL = (1 << i for i in range(8))
# Of a character beside a place found.
SIDE, RIGHT, WEAK, ALNUM, CLOSING, SEPARATING, HANLIKE, END = (1 << i for i in range(8))
_DRAWN_LEAST = {".": 3, "…": 3, "—": 3, "-": 2}
"""How many of these in a row are worth a look."""
_LONGEST_PAIR = 200
"""Characters from one bracket to the other, at most (see `pairs`)."""
STOP_HABIT = 3
"""ASCII full stops after ideographs that make a habit."""
_SPACED = 4
"""Blanks at every second place that may be letter-spacing."""


@cache
def _inside() -> NDArray[np.uint8]:
    table = arrays.flag_table(
        {
            ASCII: ASCII_MARKS,
            WIDE: WIDE_MARKS,
            DRAWN: ".…—-",
            BLANK: " \u3000",
            PAIRED: "()（）\"'“”",
            FOREIGN: KANA_HANGUL,
            LETTER: HAN,
        }
    )
    table[0xFFFF] = ASTRAL  # stands for all that is beyond the BMP: emoji oftener than ideographs
    return table.astype(np.uint8)


@cache
def _beside() -> Flags:
    table = arrays.flag_table(
        {
            SIDE: CJK_SIDE,
            RIGHT: HAN + "0-9“‘《「『",
            WEAK: WEAK_SIDE,
            ALNUM: "A-Za-z0-9_",
            CLOSING: gaps.CLOSING,
            SEPARATING: gaps.SEPARATING,
            HANLIKE: HAN,
            END: " \n",
        }
    )
    table[0xFFFF] = 0
    return table.astype(np.uint16)


class Candidates:
    """The places of one text that are worth a look.

    `plain`: ASCII marks between Chinese characters. `runs`, `drawn`: (start, end) of other runs of
    marks, and of dots and dashes. `blanks`: blanks beside Chinese characters. `straight`: straight
    quotes. `stops`: ASCII full stops after ideographs. `brackets`: all, where there are ASCII
    ones. `curly`: curly quotes out of their order.
    """

    __slots__ = ("blanks", "brackets", "curly", "drawn", "plain", "runs", "stops", "straight")

    def __init__(self) -> None:
        self.plain: list[int] = []
        self.runs: list[tuple[int, int]] = []
        self.drawn: list[tuple[int, int]] = []
        self.blanks: list[int] = []
        self.straight: list[int] = []
        self.stops: list[int] = []
        self.brackets: list[int] = []
        self.curly: list[int] = []


def candidates(part: arrays.Codes) -> dict[int, Candidates]:
    """Return the places worth a look, by the number of the text in the slice."""
    return _Spots(part).found()


class _Spots:
    """One slice: its characters and their flags, uint8."""

    def __init__(self, part: arrays.Codes) -> None:
        self.part = part
        self.codes = part.codes
        self.flags = _inside().take(part.codes, mode="clip")
        self.present = int(np.bitwise_or.reduce(self.flags)) if len(self.flags) else 0
        self.size = len(part.starts) - 1

    def which(self, mask: int) -> Bools:
        """Return which characters have one of these flags."""
        found: Bools = (self.flags & np.uint8(mask)) != 0
        return found

    def at(self, mask: int) -> Places:
        """Return the places with one of these flags."""
        if not self.present & mask:
            return np.zeros(0, np.intp)
        return np.flatnonzero(self.which(mask))

    def beside(self, places: Places) -> Flags:
        """Return the flags of the characters at places that may lie behind the last one."""
        return arrays.flags_of(self.codes[np.minimum(places, len(self.codes) - 1)], _beside())

    def found(self) -> dict[int, Candidates]:
        """Return the candidates of each text that has any."""
        found: dict[int, Candidates] = {}
        foreign = self._foreign()
        starts, ends, plain = self._mark_runs()
        paired = self.at(PAIRED)
        chars = self.codes[paired]
        kept: list[tuple[str, Places, Places | None]] = [
            ("plain", starts[plain], None),
            ("runs", starts[~plain], ends[~plain]),
            ("drawn", *self._drawn_runs()),
            ("blanks", self._blanks(), None),
            ("stops", self._stops(), None),
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
        local = (places - self.part.starts[owners]).tolist()
        ends = [] if until is None else (until - self.part.starts[owners]).tolist()
        for a, b in arrays.groups(owners):
            i = int(owners[a])
            if i not in foreign:
                item = found.get(i) or found.setdefault(i, Candidates())
                mine = local[a:b]
                setattr(item, name, list(zip(mine, ends[a:b], strict=True)) if ends else mine)

    def _mark_runs(self) -> tuple[Places, Places, Bools]:
        """Return start, end and "plain" of each run of marks that is not one full-width mark.

        Left out are ASCII marks that nothing around them could widen.
        """
        narrow = self.which(ASCII)
        mark = self.which(ASCII | WIDE)
        doubled = mark[1:] & mark[:-1]
        narrow[1:] |= doubled
        narrow[:-1] |= doubled
        places = np.flatnonzero(narrow)
        if not len(places):
            return places, places, places.astype(bool)
        first = np.flatnonzero(np.diff(places, prepend=-2) != 1)
        sizes = np.diff(first, append=len(places))
        kinds = self.flags[places]
        narrow = np.logical_or.reduceat((kinds & ASCII) != 0, first)
        starts = places[first]
        ends = starts + sizes
        left, right = self.beside(starts - 1), self.beside(ends)
        kept = np.logical_or.reduceat((kinds & WIDE) != 0, first)
        asked = np.flatnonzero(~kept)
        kept[asked] = self._widened(starts[asked], ends[asked], left[asked], right[asked])
        framed = ((left & SIDE) != 0) | (((left & WEAK) != 0) & ((right & HANLIKE) != 0))
        plain = narrow & (sizes == 1) & framed & ((right & RIGHT) != 0)
        return starts[kept], ends[kept], plain[kept]

    def _widened(self, starts: Places, ends: Places, left: Flags, right: Flags) -> Bools:
        """Return which runs may stand in Chinese text: beside it, or after a clause of it."""
        beyond = self.beside(ends + 1) | self.beside(ends + 2) | self.beside(ends + 3)
        after = ((right & END) != 0) & ((beyond & SIDE) != 0)
        said = ((left & ALNUM) != 0) | (self.codes[starts - 1] >= 0x80)
        found: Bools = (((left | right) & SIDE) != 0) | (after & said)
        open_ = ~found & (after | (((left | right) & (WEAK | END)) != 0))
        asked = np.flatnonzero(open_)
        found[asked] = self._chinese_clause(starts[asked])
        return found

    def _chinese_clause(self, places: Places) -> Bools:
        """Return before which places a line has more ideographs than Latin letters."""
        if not len(places):
            return np.zeros(0, np.bool_)
        window = places[:, None] - np.arange(1, CLAUSE_CHARS + 1)
        over = window < 0
        window[over] = 0
        codes = self.codes[window]
        over |= codes == ord("\n")
        size = np.where(over.any(axis=1), over.argmax(axis=1), CLAUSE_CHARS)
        within = np.arange(CLAUSE_CHARS) < size[:, None]
        han = ((self.flags[window] & np.uint8(LETTER | ASTRAL)) != 0) & within
        latin = ((codes | np.uint32(32)) - np.uint32(ord("a")) < 26) & within
        found: Bools = np.count_nonzero(han, axis=1) > np.count_nonzero(latin, axis=1)
        return found

    def _drawn_runs(self) -> tuple[Places, Places]:
        """Return start and end of each long run of one kind of dot or dash."""
        if not self.present & DRAWN:
            return self.at(DRAWN), self.at(DRAWN)
        same = self.which(DRAWN)
        same[1:] &= self.codes[1:] == self.codes[:-1]
        same[0] = False
        again = np.flatnonzero(same)
        if not len(again):
            return again, again
        first = np.flatnonzero(np.diff(again, prepend=-2) != 1)
        starts = again[first] - 1
        sizes = np.diff(first, append=len(again)) + 1
        least = np.zeros(len(first), np.int64)
        for char, count in _DRAWN_LEAST.items():
            least[self.codes[starts] == ord(char)] = count
        kept = sizes >= least
        # Those of ASCII must touch Chinese.
        kept &= (self.codes[starts] > 0x7F) | ((self.beside(starts - 1) & SIDE) != 0)
        return starts[kept], starts[kept] + sizes[kept]

    def _brackets(self, places: Places) -> Places:
        """Return the brackets of the texts in which an ASCII one may be in Chinese text.

        That takes an ideograph in a pair or a Chinese character beside it, a pair of two widths,
        or a bracket without a partner.
        """
        chars = self.codes[places]
        narrow = chars < 0x80
        if not narrow.any():
            return places[:0]
        owners = self.part.owners(places)
        mixed = np.zeros(self.size, np.bool_)
        mixed[owners[narrow]] = True
        kept = mixed[owners]
        places, chars, narrow, owners = places[kept], chars[kept], narrow[kept], owners[kept]
        awake = self._ill_formed(chars, owners)
        kept = ~awake[owners]
        opening, closing = _pairs(places[kept], chars[kept])
        left, right = self.codes[opening], self.codes[closing]
        far = closing - opening > _LONGEST_PAIR
        odd = far | ((left == ord("(")) != (right == ord(")")))
        ascii_pair = np.flatnonzero((left == ord("(")) & ~odd)
        opening_, closing_ = opening[ascii_pair], closing[ascii_pair]
        before, after = self.beside(opening_ - 1), self.beside(closing_ + 1)
        chinese = (before & SIDE) != 0
        alone = ((before & END) != 0) | (self.codes[opening_ - 1] == 0x3000)
        chinese |= alone & ((after & SIDE) != 0)
        chinese |= self._holds_han(opening_ + 1, closing_)
        odd[ascii_pair] |= chinese
        awake[self.part.owners(opening[odd])] = True
        return places[awake[owners]]

    def _ill_formed(self, chars: Codes, owners: Places) -> Bools:
        """Return which texts have a bracket without a partner."""
        steps = np.where(_among(chars, "(（"), 1, -1)
        total = np.cumsum(steps)
        first = np.diff(owners, prepend=-1) != 0
        depth = total - (total - steps)[first][np.cumsum(first) - 1]
        found = np.zeros(self.size, np.bool_)
        found[owners[(depth < 0) | (np.append(first[1:], True) & (depth != 0))]] = True
        return found

    def _holds_han(self, starts: Places, ends: Places) -> Bools:
        """Return which stretches [start, end) may hold an ideograph; long ones are not read."""
        found = np.ones(len(starts), np.bool_)
        short = np.flatnonzero(ends - starts <= _LONGEST_PAIR)
        if len(short):
            sizes = (ends - starts)[short]
            total = int(sizes.sum())
            where = np.repeat(starts[short] - np.cumsum(sizes) + sizes, sizes) + np.arange(total)
            hits = np.repeat(np.arange(len(short)), sizes)[
                (self.flags[where] & (LETTER | ASTRAL)) != 0
            ]
            found[short] = False
            found[short[hits]] = True
        return found

    def _straight(self, places: Places) -> Places:
        """Return the straight quotes of the texts in which two on a line frame Chinese."""
        if not len(places):
            return places
        owners = self.part.owners(places)
        awake = np.zeros(self.size, np.bool_)
        line = np.searchsorted(np.flatnonzero(self.codes == ord("\n")), places)
        near = np.flatnonzero(line[1:] == line[:-1])
        near = near[self._holds_han(places[near] + 1, places[near + 1])]
        awake[owners[near]] = True
        outer = (self.beside(places - 1) | self.beside(places + 1)) & SIDE
        awake[owners[outer != 0]] = True
        return places[awake[owners]]

    def _stops(self) -> Places:
        """Return the ASCII full stops between an ideograph and another, a blank or a line end."""
        places = self.at(DRAWN)
        places = places[self.codes[places] == ord(".")]
        after = (self.flags[places - 1] & LETTER) != 0
        places = places[after]
        places = places[(self.beside(places + 1) & (HANLIKE | END)) != 0]
        owners = self.part.owners(places)
        found: Places = places[np.bincount(owners, minlength=self.size)[owners] >= STOP_HABIT]
        return found

    def _blanks(self) -> Places:
        """Return the blanks before a closing mark, after a separating one, between ideographs.

        The last only where they stand at every second place, as in letter-spacing.
        """
        places = self.at(BLANK)
        right = self.beside(places + 1)
        kept = (right & (CLOSING | HANLIKE)) != 0
        places, right = places[kept], right[kept]
        left = self.beside(places - 1)
        lettered = ((left & (HANLIKE | SEPARATING)) != 0) & ((right & HANLIKE) != 0)
        taken = ((right & CLOSING) != 0) | (lettered & ((left & SEPARATING) != 0))
        spaced = places[lettered]
        if len(spaced) >= _SPACED:
            far = spaced[_SPACED - 1 :] - spaced[: 1 - _SPACED] == 2 * (_SPACED - 1)
            if far.any():
                mixed = np.zeros(self.size, np.bool_)
                mixed[self.part.owners(spaced[: 1 - _SPACED][far])] = True
                taken |= lettered & mixed[self.part.owners(places)]
        found: Places = places[taken]
        return found

    def _odd_quotes(self, places: Places) -> Places:
        """Return curly quotes that follow one of the same direction, or close what is not open."""
        if not len(places):
            return places
        closing = self.codes[places] == ord("”")
        first = np.diff(self.part.owners(places), prepend=-1) != 0
        same = np.concatenate([closing[:1], closing[1:] == closing[:-1]])
        found: Places = places[np.where(first, closing, same)]
        return found

    def _foreign(self) -> frozenset[int]:
        """Return the texts that are Japanese or Korean: a kana or hangul for four ideographs.

        A Chinese text with a Japanese name in it has one for a hundred.
        """
        places = self.at(FOREIGN)
        if not len(places):
            return frozenset()
        foreign = np.bincount(self.part.owners(places), minlength=self.size)
        found = set()
        for i in np.flatnonzero(foreign).tolist():
            text = self.flags[self.part.starts[i] : self.part.starts[i + 1]]
            if foreign[i] * 4 > np.count_nonzero(text & LETTER):
                found.add(i)
        return frozenset(found)


def _pairs(places: Places, chars: Codes) -> tuple[Places, Places]:
    """Return the partners among brackets that all have one: opening and closing, as places."""
    opens = _among(chars, "(（")
    depth = np.cumsum(np.where(opens, 1, -1))
    # On one level openings and closings take turns. Between texts the depth is 0.
    level = np.where(opens, depth, depth + 1)
    pairs = np.argsort(level, kind="stable").reshape(-1, 2)
    return places[pairs[:, 0]], places[pairs[:, 1]]


def _among(chars: Codes, these: str) -> Bools:
    """Return which characters are among a few (`np.isin` takes ten times as long)."""
    found: Bools = chars == ord(these[0])
    for char in these[1:]:
        found |= chars == ord(char)
    return found
