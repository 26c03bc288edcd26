"""Where in a batch of texts the marks, brackets, quotes and blanks are that are worth a look."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.text import codes as arrays
from pipeline.text import gaps
from pipeline.text.marks import (
    ASCII_MARKS,
    CJK_SIDE,
    HAN,
    KANA_HANGUL,
    WEAK_SIDE,
    WIDE_MARKS,
)

Places = NDArray[np.intp]
Flags = NDArray[np.uint32]

SIDE, RIGHT, ASCII, WIDE, PAREN, DRAWN, FOREIGN, QUOTE = (1 << i for i in range(8))
CURLY, BLANK, ALNUM, CLOSING, SEPARATING, LETTER, BREAK, ROUND = (1 << i for i in range(8, 16))
WEAK, DOT = (1 << i for i in range(16, 18))
WATCHED = ASCII | WIDE | DRAWN | FOREIGN | QUOTE | CURLY | BLANK | ROUND
_DRAWN_LEAST = {".": 3, "…": 3, "—": 3, "-": 2}
"""How many of these in a row are worth a look."""


@cache
def _table() -> Flags:
    table = arrays.flag_table(
        {
            SIDE: CJK_SIDE,
            RIGHT: HAN + "0-9“‘《「『",
            ASCII: ASCII_MARKS,
            WIDE: WIDE_MARKS,
            PAREN: "()",
            ROUND: "()（）",
            WEAK: WEAK_SIDE,
            DRAWN: ".…—-",
            DOT: ".",
            FOREIGN: KANA_HANGUL,
            QUOTE: "\"'",
            CURLY: "“”",
            BLANK: " \u3000",
            ALNUM: "A-Za-z0-9_",
            CLOSING: gaps.CLOSING,
            SEPARATING: gaps.SEPARATING,
            LETTER: HAN,
            BREAK: " \n",
        }
    )
    table[0xFFFF] = 0  # stands for all that is beyond the BMP: emoji oftener than ideographs
    return table


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
    """One slice: its flags, and the watched places, a tenth of it, with theirs."""

    def __init__(self, part: arrays.Codes) -> None:
        self.part = part
        self.flags = arrays.flags_of(part.codes, _table())
        self.places = np.flatnonzero(self.flags & WATCHED)
        self.kinds = self.flags[self.places]
        self.present = int(np.bitwise_or.reduce(self.kinds)) if len(self.kinds) else 0

    def at(self, mask: int) -> Places:
        """Return the places with one of these (watched) flags."""
        if not self.present & mask:
            return self.places[:0]
        return np.compress((self.kinds & mask) != 0, self.places)

    def found(self) -> dict[int, Candidates]:
        """Return the candidates of each text that has any."""
        found: dict[int, Candidates] = {}
        foreign = self._foreign()
        starts, ends, plain = self._mark_runs()
        kept: list[tuple[str, Places, Places | None]] = [
            ("plain", starts[plain], None),
            ("runs", starts[~plain], ends[~plain]),
            ("drawn", *self._drawn_runs()),
            ("blanks", self._blanks(), None),
            ("stops", self._stops(), None),
            ("brackets", self._brackets(), None),
            ("straight", self.at(QUOTE), None),
            ("curly", self._odd_quotes(), None),
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
        cuts = np.flatnonzero(np.diff(owners, prepend=-1)).tolist()
        for a, b in pairwise([*cuts, len(local)]):
            i = int(owners[a])
            if i not in foreign:
                item = found.get(i) or found.setdefault(i, Candidates())
                mine = local[a:b]
                setattr(item, name, list(zip(mine, ends[a:b], strict=True)) if ends else mine)

    def _beyond(self, places: Places) -> Flags:
        """Return the flags at places that may lie behind the last one."""
        return self.flags[np.minimum(places, len(self.flags) - 1)]

    def _mark_runs(self) -> tuple[Places, Places, NDArray[np.bool_]]:
        """Return start, end and "plain" of each run of marks that is not one full-width mark.

        Left out are ASCII marks that no Chinese neighbour and no line end could widen.
        """
        places = self.at(ASCII | WIDE)
        if not len(places):
            return places, places, places.astype(bool)
        first = np.flatnonzero(np.diff(places, prepend=-2) != 1)
        sizes = np.diff(first, append=len(places))
        narrow = np.logical_or.reduceat((self.flags[places] & ASCII) != 0, first)
        kept = narrow | (sizes > 1)
        starts, sizes, narrow = places[first[kept]], sizes[kept], narrow[kept]
        ends = starts + sizes
        left, right = self.flags[starts - 1], self.flags[ends]
        open_end = ((right & BREAK) != 0) & ((self._beyond(ends + 1) & ALNUM) == 0)
        kept = ~narrow | (((left | right) & (SIDE | WEAK)) != 0) | open_end
        framed = ((left & SIDE) != 0) | (((left & WEAK) != 0) & ((right & LETTER) != 0))
        plain = narrow & (sizes == 1) & framed & ((right & RIGHT) != 0)
        return starts[kept], ends[kept], plain[kept]

    def _drawn_runs(self) -> tuple[Places, Places]:
        """Return start and end of each long run of one kind of dot or dash."""
        places = self.at(DRAWN)
        if len(places) < min(_DRAWN_LEAST.values()):
            return places[:0], places[:0]
        chars = self.part.codes[places]
        changes = (np.diff(places, prepend=-2) != 1) | (np.diff(chars, prepend=0) != 0)
        first = np.flatnonzero(changes)
        sizes = np.diff(first, append=len(places))
        least = np.zeros(len(first), np.int64)
        for char, count in _DRAWN_LEAST.items():
            least[chars[first] == ord(char)] = count
        kept = sizes >= least
        return places[first[kept]], places[first[kept]] + sizes[kept]

    def _brackets(self) -> Places:
        """Return the brackets of either width in the texts that have ASCII ones."""
        narrow = self.at(PAREN)
        if not len(narrow):
            return narrow
        mixed = np.zeros(len(self.part.starts) - 1, np.bool_)
        mixed[self.part.owners(narrow)] = True
        places = self.at(ROUND)
        return np.compress(mixed[self.part.owners(places)], places)

    def _stops(self) -> Places:
        """Return the ASCII full stops between an ideograph and another, a blank or a line end."""
        places = self.at(DOT)
        after = (self.flags[places - 1] & LETTER) != 0
        after &= (self._beyond(places + 1) & (LETTER | BREAK)) != 0
        return np.compress(after, places)

    def _blanks(self) -> Places:
        """Return the blanks before a closing mark, after a separating one, between ideographs."""
        places = self.at(BLANK)
        left, right = self.flags[places - 1], self._beyond(places + 1)
        closing = (right & CLOSING) != 0
        lettered = ((left & (LETTER | SEPARATING)) != 0) & ((right & LETTER) != 0)
        return np.compress(closing | lettered, places)

    def _odd_quotes(self) -> Places:
        """Return curly quotes that follow one of the same direction, or close what is not open."""
        places = self.at(CURLY)
        if not len(places):
            return places
        closing = self.part.codes[places] == ord("”")
        first = np.diff(self.part.owners(places), prepend=-1) != 0
        same = np.concatenate([closing[:1], closing[1:] == closing[:-1]])
        return np.compress(np.where(first, closing, same), places)

    def _foreign(self) -> frozenset[int]:
        """Return the texts that are Japanese or Korean: a kana or hangul for four ideographs.

        A Chinese text with a Japanese name in it has one for a hundred.
        """
        places = self.at(FOREIGN)
        if not len(places):
            return frozenset()
        size = len(self.part.starts) - 1
        foreign = np.bincount(self.part.owners(places), minlength=size)
        letters = np.flatnonzero(self.flags & LETTER)
        han = np.bincount(self.part.owners(letters), minlength=size)
        return frozenset(np.flatnonzero(foreign * 4 > han).tolist())
