"""The two ends of a text: which documents of a batch have there what metadata could be read from.

Array work over the whole batch finds the few places where a byline, a dateline or a signature could
be; Python looks at those lines only, and text with nothing of the kind is never looked at. All that
is asked here is *necessary* for the slow path to find something, and none of it is sufficient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.text.codes import flags_of, that_are, those_in
from pipeline.text.fold import fold, fold_table
from pipeline.text.metadata.byline import MAX_CHARS
from pipeline.text.metadata.headline import dateline
from pipeline.text.metadata.placement import (
    HEAD_CHARS,
    READ_CHARS,
    TAIL_CHARS,
    Labelled,
    may_be_one,
    read,
)
from pipeline.text.metadata.roles import roles
from pipeline.text.metadata.signature import SIGNATURE_CHARS, trailing
from pipeline.text.metadata.statement import Statement

BYLINE, DATELINE, SIGNATURE, HEADING = 1, 2, 4, 8
"""What a text may have: lines that go, a place before its first words, a name in brackets at its
end, a title marked by Markdown."""

# Two neighbours of a line, one with a left-hand bit and one with the bit above it, make a place
# worth a second look: three such pairs in one byte, so that one shift answers for all of them.
_LABEL_END, _MARK, _OPENING, _LABEL_START, _WORD_START, _WORD_END, _DIGIT, _WIRE = (
    np.uint8(1 << bit) for bit in range(8)
)
_RIGHT = _MARK | _LABEL_START | _WORD_END
# Statements without a mark: a role before a name, a title renamed, 来源于网络.
_WORDS = (
    "记者", "讯员", "论员", "习生", "栏作", "撰稿", "稿人", "责编", "任编", "原标", "原文", "源于",
    "供稿", "源自", "来自", "源网", "源互", "港时", "/文", "/图", "/摄", "/报",
    " 版", *(f"{digit}版" for digit in range(10)),
)  # fmt: skip
# 6月21日电, 日讯, 日消息, 报道; 讯 only where something ends it.
_WIRES = (
    *("日电", "日讯", "日消", " 电", " 讯", " 消", "专电", "外电", "报道", "报导"),
    *(f"讯{end}" for end in " ([:记0123456789"),
)
_WIRE_CHARS = 50
_WIRE_LINES = 12  # of which those that are no bylines are read
_DATED_CHARS = 500
_YEAR_CHARS = 24  # of a line before the year of its date
_19, _20 = (ord(century[0]) * 10 + ord(century[1]) for century in ("19", "20"))
# A stamp in figures or to the minute near the start may be all that a byline is.
# The day of a paper and its page, on the first two lines of an article.
_EDITION = re.compile(r"[^\n]{0,8}(?:19|20)\d\d[-年][^\n]{4,20}\n\s{0,4}第?\s?[A-Z]?\d{1,3}\s?版")
_DATED = re.compile(
    r"\n[^\n]{0,24}?(?:19|20)\d\d(?:[-/.]\d{1,2}[-/.]\d|年[^\n]{3,24}(?:\d[:：]\d\d|\d\s?版))"
)
_CLOSED = ")）】]］〕"
_LAST_CHARS = 1000  # of a text, for a line in brackets with blank lines below it


@dataclass(frozen=True, slots=True)
class _Tables:
    """Look-up tables by code unit, and pairs of folded units.

    `classes`: uint8 (65536,), the bits above. `letters`, `single`, `closed`, `after_year`: bool
    (65536,): what can be part of a longer word, labels of one character, what can end a bracket,
    what can follow the year of a date. The others: uint32, first unit << 16 | second, sorted;
    `latin`: the last two letters but one as one unit, and the last.
    """

    classes: NDArray[np.uint8]
    letters: NDArray[np.bool_]
    single: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    after_year: NDArray[np.bool_]
    endings: NDArray[np.uint32]
    latin: NDArray[np.uint32]
    beginnings: NDArray[np.uint32]
    words: NDArray[np.uint32]
    wires: NDArray[np.uint32]


@cache
def _tables() -> _Tables:
    labels = [
        fold(label) if label.isascii() else fold(label).replace(" ", "")
        for role in roles()
        for label in (role.labels if role.alone else ())
    ]
    spaced = [
        fold(label) for role in roles() if role.alone and role.spaced for label in role.labels
    ]
    classes = np.zeros(65536, np.uint8)
    for bit, chars in (
        (_LABEL_END, [label[-1] for label in labels]),
        (_MARK, [*":/|丨 ]"]),
        (_OPENING, [*"([<{"]),
        (_LABEL_START, [label[0] for label in spaced if len(label) > 1]),
        (_WORD_START, [word[0] for word in _WORDS]),
        (_WORD_END, [word[1] for word in _WORDS]),
        (_DIGIT, [*"0123456789"]),
        (_WIRE, [*"电讯消道导"]),
    ):
        classes[[ord(char) for char in chars]] |= bit
    return _Tables(
        classes.take(fold_table()),
        _letters(),
        those_in([label for label in labels if len(label) == 1]),
        # What ends in white space or a figure ends in a bracket perhaps: Python asks again.
        those_in(_CLOSED + "0123456789") | that_are(str.isspace),
        those_in("-/.年"),
        _keys({label[-2:] for label in labels if len(label) > 1 and not label.isascii()}),
        _keys(
            chr(ord(label[-3]) << 8 | ord(label[-2])) + label[-1]
            for label in labels
            if label.isascii()
        ),
        _keys({label[:2] for label in spaced if len(label) > 1}),
        _keys(_WORDS),
        _keys(_WIRES),
    )


def _letters() -> NDArray[np.bool_]:
    table = np.zeros(65536, bool)
    table[0x3400:0xA000] = table[ord("a") : ord("z") + 1] = True
    return table


def _keys(pairs: Iterable[str]) -> NDArray[np.uint32]:
    return np.array(sorted(ord(pair[0]) << 16 | ord(pair[1]) for pair in pairs), np.uint32)


def _among(
    first: NDArray[np.uint16], second: NDArray[np.uint16], keys: NDArray[np.uint32]
) -> NDArray[np.bool_]:
    wanted = first.astype(np.uint32) << np.uint32(16) | second
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: NDArray[np.bool_] = keys[places] == wanted
    return found


_Found = dict[int, dict[int, tuple[Statement, ...]]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read of n texts.

    `bits`: uint8 (n,), BYLINE to HEADING. `labelled`: by the number of a text, where its lines
    begin that may be bylines by themselves.
    """

    bits: NDArray[np.uint8]
    labelled: dict[int, Labelled]


def what_to_read(texts: Sequence[str]) -> Wanted:
    """Say of each text what may stand near its ends."""
    bits = np.zeros(len(texts), np.uint8)
    labelled: dict[int, Labelled] = {}
    parts: list[str] = []
    size = 0
    for i, text in enumerate(texts):
        parts.append(_ends(text))
        size += len(parts[-1])
        # A quarter of a million characters at a time: the arrays stay in the cache.
        if size > 1 << 18 or i + 1 == len(texts):
            first = i + 1 - len(parts)
            found = _Batch(parts).labelled(bits[first : i + 1])
            for owner, said in found.items():
                labelled[first + owner] = _in_whole(said, texts[first + owner], parts[owner])
            parts, size = [], 0
    return Wanted(bits, labelled)


def _ends(text: str) -> str:
    """Return a text without its middle, if it is long.

    The line that is cut at either side is too long to be read, or too far from the end.
    """
    if len(text) <= 4 * (HEAD_CHARS + TAIL_CHARS):
        return text
    return f"{text[: 2 * HEAD_CHARS]}\n{text[-2 * TAIL_CHARS :]}"


def _in_whole(said: Labelled, text: str, part: str) -> Labelled:
    """Return what lines of the ends say, by where they begin in the whole text."""
    if len(text) == len(part):
        return said
    middle = len(text) - len(part)
    return {at + middle * (at > 2 * HEAD_CHARS): says for at, says in said.items()}


def _marked(classes: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Return the places that are looked at, and why: _RIGHT of pairs, _DIGIT of four, _WIRE."""
    kinds = classes & _WIRE
    left = classes[:-1]
    kinds[:-1] |= (left + left) & classes[1:] & _RIGHT  # to shift takes ten times as long as to add
    pairs = left & classes[1:] & _DIGIT
    kinds[:-3] |= pairs[:-2] & pairs[2:]
    places = np.flatnonzero(kinds != 0)  # a comparison first: ten times as fast
    return places, kinds[places]


class _Batch:
    """Some texts, one after the other, each followed by a line end."""

    def __init__(self, texts: Sequence[str]) -> None:
        joined = "\n".join([*texts, ""])
        self.joined = joined
        self.codes = code_points(joined)
        classes = flags_of(self.codes, _tables().classes)  # no astral one is asked about
        self._places, self._kinds = _marked(classes)
        self.breaks = np.flatnonzero(self.codes == ord("\n"))
        sizes = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
        self.ends = np.cumsum(sizes) - 1  # each text's last line end
        self.starts = self.ends + 1 - sizes

    def labelled(self, bits: NDArray[np.uint8]) -> _Found:
        """Set the bits of each text; return the lines that may be bylines."""
        bits |= self._headings()
        self._mark_wired(bits)
        self._mark_signed(bits)
        found: _Found = {}
        self._mark_dated(bits, found)
        joined, before, signed = self.joined, self.starts.tolist(), []
        for owner, start, end, closed in self._labelled_lines():
            line = joined[start:end]
            says = read(line) if end - start <= READ_CHARS else ()
            if says and may_be_one(says):
                found.setdefault(owner, {})[start - before[owner]] = says
            elif closed and trailing(line):
                signed.append(owner)
        bits[list(found)] |= BYLINE
        bits[signed] |= SIGNATURE
        return found

    def _owners(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.searchsorted(self.ends, places)

    def _line_starts(self, lines: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.where(lines > 0, self.breaks[lines - 1] + 1, 0)

    def _folded(self, places: NDArray[np.intp], shifts: Sequence[int]) -> list[NDArray[np.uint16]]:
        """Return the folded units at places and beside them."""
        return [flags_of(self._codes(places + by), fold_table()) for by in shifts]

    def _codes(self, places: NDArray[np.intp]) -> NDArray[np.uint32]:
        """Return what stands at places; before the first and behind the last a line end."""
        return self.codes.take(np.minimum(places, len(self.codes) - 1))

    def _headings(self) -> NDArray[np.uint8]:
        marked = self.codes[self.starts] == ord("#")
        marked &= self._codes(self.starts + 1) == ord(" ")
        return np.where(marked, np.uint8(HEADING), np.uint8(0))

    def _mark_wired(self, bits: NDArray[np.uint8]) -> None:
        """Read the first lines where the words of a dateline stand near their start."""
        places = self._places[self._kinds >= _WIRE]
        before, at, after = self._folded(places, (-1, 0, 1))
        places = places[_among(before, at, _tables().wires) | _among(at, after, _tables().wires)]
        lines = np.searchsorted(self.breaks, places)
        early = places - self._line_starts(lines) < _WIRE_CHARS
        early[1:] &= lines[1:] != lines[:-1]
        lines = lines[early]
        starts = self._line_starts(lines)
        owners = self._owners(starts)
        full = np.diff(self.breaks, prepend=-1) > 1
        above: NDArray[np.intp] = (
            np.cumsum(full) - full
        )  # lines with something in them, above each line
        first = np.searchsorted(self.breaks, self.starts)
        near = above[lines] - above[first[owners]] < _WIRE_LINES
        for owner, start in zip(owners[near].tolist(), starts[near].tolist(), strict=True):
            if not bits[owner] & DATELINE and dateline(self.joined[start : start + 140]):
                bits[owner] |= DATELINE

    def _mark_signed(self, bits: NDArray[np.uint8]) -> None:
        last = self.codes[np.maximum(self.ends - 1, 0)]
        for i in np.flatnonzero(flags_of(last, _tables().closed)).tolist():
            text = self.joined[max(self.ends[i] - _LAST_CHARS, self.starts[i]) : self.ends[i]]
            if trailing(text.rstrip().rpartition("\n")[2]):
                bits[i] |= SIGNATURE

    def _mark_dated(self, bits: NDArray[np.uint8], found: _Found) -> None:
        places = self._places[self._kinds & _DIGIT != 0]
        century = self._codes(places) * 10 + self._codes(places + 1)
        places = places[(century == _19) | (century == _20)]
        places = places[flags_of(self._codes(places + 4), _tables().after_year)]
        owners = self._owners(places)
        near = places - self.starts[owners] < _DATED_CHARS
        starts = self._line_starts(np.searchsorted(self.breaks, places))
        near &= places - starts <= _YEAR_CHARS
        for i in dict.fromkeys(owners[near].tolist()):
            start, end = int(self.starts[i]), int(self.ends[i])
            end = min(start + _DATED_CHARS, end)
            stamped = [m.start() + 1 - start for m in _DATED.finditer(self.joined, start, end)]
            stamped += [0] if _EDITION.match(self.joined, start, end) else []
            if stamped:
                bits[i] |= BYLINE
                found[i] = dict.fromkeys(sorted(stamped), ())

    def _labels(self) -> NDArray[np.intp]:
        """Return the places of the last character of what could be a label, or of a word."""
        tables = _tables()
        asked = self._kinds & _RIGHT != 0
        places, kinds = self._places[asked], self._kinds[asked]
        at = self._folded(places, (-2, -1, 0, 1, 2))
        latin = at[2] < 128
        alone = tables.single[at[2]] | ((at[1] == ord(" ")) & ~latin)  # 文/, 作 者:
        labels = _among(at[1], at[2], tables.endings) | (~tables.letters[at[1]] & alone)
        # Three Latin letters, and a space only behind those of `published` and `posted on`.
        first = (at[0] & np.uint16(127)) << np.uint16(8) | at[1]
        labels |= latin & _among(first, at[2], tables.latin)
        labels &= ~latin | (at[3] != ord(" ")) | (at[2] == ord("n")) | (at[2] == ord("d"))
        kept = (
            ((kinds & _MARK != 0) & labels)
            | ((kinds & _LABEL_START != 0) & _among(at[3], at[4], tables.beginnings))
            | ((kinds & _WORD_END != 0) & _among(at[2], at[3], tables.words))
        )
        labelled: NDArray[np.intp] = places[kept]
        return labelled

    def _labelled_lines(self) -> Iterator[tuple[int, int, int, bool]]:
        """Yield the lines near an end with what could be a label.

        Each with its owner, start, end, and whether it may end in a bracket.
        """
        places = self._labels()
        owners = self._owners(places)
        lines = np.searchsorted(self.breaks, places)
        starts, ends = self._line_starts(lines), self.breaks[lines]
        near = (places - self.starts[owners] < HEAD_CHARS) | (
            self.ends[owners] - places <= TAIL_CHARS
        )
        near &= (ends - starts <= MAX_CHARS * 4) | (ends - places <= SIGNATURE_CHARS)
        near[1:] &= lines[1:] != lines[:-1]
        closed = flags_of(self.codes[ends[near] - 1], _tables().closed)
        rows = owners[near], starts[near], ends[near], closed
        return zip(*(row.tolist() for row in rows), strict=True)
