"""The lines of texts as arrays: hashes, places and shapes, by which a site's own lines are learned.

Two hashes a line, of the letters, digits and Han that it shows (not the target of a link), in one
script and one case: `exact`, and `template`, in which a run of digits is one digit and a short
label stands for itself and its value (`阅读 1234 次`, `编辑：某某`). All of it is array work over a
batch; no line becomes a string.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.text.codes import SLICE, Codes, flags_of, slices, that_are
from pipeline.text.fold import fold_table

STRUCTURE, PROSE, LEADS, LABEL, PICTURE = 1, 2, 4, 8, 16
"""Bits of `shape`: a heading, clause or numbered item; ends like a sentence; ends in a colon; is a
short label and its value; is a picture of Markdown, or several."""

_LABEL_CHARS = 10  # 责任编辑, 原文地址, translator: a longer lead is a clause of a sentence
_PROSE_CHARS = 10
_LATIN_PROSE_CHARS = 40  # letters; a full stop also ends abbreviations and numbers
_LETTER, _DIGIT, _COLON, _OPEN, _CLOSE, _BREAK = 1, 2, 4, 8, 16, 32
_FACTOR = 0x9E3779B97F4A7C15  # odd, so that its powers can be divided by
_INVERSE = pow(_FACTOR, -1, 1 << 64)
_LONG, _PIECE = 1 << 18, 1 << 17
"""Characters above which a text is looked at piece by piece, and of a piece."""
_NUMERALS = "0123456789〇零一二三四五六七八九十百千两"


@dataclass(frozen=True, slots=True)
class LineRecords:
    """m lines that are not blank, in order of text and line.

    `owner` int32 (m,): number of the text. `line` int32 (m,): number of the line in it (split at
    newlines). `exact`, `template` uint64 (m,). `top`, `bottom` uint16 (m,): how many lines that are
    not blank stand above and below, at most 65535. `chars` uint16 (m,): letters, digits and Han,
    at most 65535. `shape` uint8 (m,): STRUCTURE | PROSE | LEADS | LABEL | PICTURE.
    """

    owner: NDArray[np.int32]
    line: NDArray[np.int32]
    exact: NDArray[np.uint64]
    template: NDArray[np.uint64]
    top: NDArray[np.uint16]
    bottom: NDArray[np.uint16]
    chars: NDArray[np.uint16]
    shape: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.owner)

    def pack(self) -> NDArray[Any]:
        """Return one array of LINE_DTYPE (m,), as it is stored."""
        out = np.empty(len(self), LINE_DTYPE)
        for f in fields(self):
            out[f.name] = getattr(self, f.name)
        return out

    def take(self, which: NDArray[Any] | slice) -> LineRecords:
        """Return the lines of an index, a mask or a slice."""
        return LineRecords(*(getattr(self, f.name)[which] for f in fields(self)))


LINE_DTYPE = np.dtype(
    [
        ("exact", "<u8"),
        ("template", "<u8"),
        ("owner", "<i4"),
        ("line", "<i4"),
        ("top", "<u2"),
        ("bottom", "<u2"),
        ("chars", "<u2"),
        ("shape", "u1"),
    ]
)
"""How lines are stored: 31 bytes each."""


def unpack(stored: NDArray[Any], rank: NDArray[np.integer[Any]]) -> LineRecords:
    """Return stored lines with `rank[owner]` as their owner; those of rank -1 are left out."""
    owner = rank[stored["owner"]].astype(np.int32)
    lines = LineRecords(
        *(owner if f.name == "owner" else stored[f.name] for f in fields(LineRecords))
    )
    return lines if bool((owner >= 0).all()) else lines.take(owner >= 0)


def line_records(texts: Sequence[str], max_lines: int = 2000) -> LineRecords:
    """Return the lines of a batch of texts, at most the first and last `max_lines` / 2 of each."""
    parts = [_records(_NOTHING, max_lines)]
    for long, run in groupby(enumerate(texts), key=lambda item: len(item[1]) > _LONG):
        numbers, some = zip(*run, strict=True)
        if long:
            parts += [
                replace(found, owner=found.owner + np.int32(number))
                for number, text in zip(numbers, some, strict=True)
                for found in [_ends(text, max_lines // 2)]
            ]
        else:
            found = [_records(part, max_lines) for part in slices(some)]
            parts += [replace(f, owner=f.owner + np.int32(numbers[0])) for f in found]
    return joined(parts)


def joined(parts: Sequence[LineRecords]) -> LineRecords:
    """Return the lines of all parts, each column in one piece."""
    names = [f.name for f in fields(LineRecords)]
    return LineRecords(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def _ends(text: str, half: int) -> LineRecords:
    """Return the first and the last lines of a long text, looking at a piece of it at a time."""
    empty = _records(_NOTHING, 0)
    head, tail = [empty], empty
    count = lines = start = 0
    while start <= len(text):
        end = text.find("\n", start + _PIECE)
        piece = text[start:end] if end >= 0 else text[start:]
        kept = [
            line[:_LONG] for line in piece.split("\n")
        ]  # a longer one is known by its beginning
        codes = code_points("\n".join(kept) + "\n")
        found = _records(Codes(0, codes, np.array([0, len(codes)])), 1 << 62)
        found = replace(found, line=found.line + np.int32(lines))
        mine = np.arange(count, count + len(found)) < half
        head.append(found.take(mine))
        tail = joined([tail, found.take(~mine)]).take(slice(-half, None))
        count, lines = count + len(found), lines + len(kept)
        start = end + 1 if end >= 0 else len(text) + 1
    out = joined([*head, tail])
    n = len(out)
    top = np.arange(n)
    top[n - len(tail) :] += count - n
    return replace(
        out,
        top=np.minimum(top, 65535).astype(np.uint16),
        bottom=np.minimum(count - 1 - top, 65535).astype(np.uint16),
    )


_NOTHING = Codes(0, np.zeros(0, np.uint32), np.zeros(1, np.int64))


def _records(part: Codes, max_lines: int) -> LineRecords:
    page = _Page(part)
    full = np.flatnonzero(page.chars)
    ends = _label_ends(page)
    exact, template = _hashes(page, ends)
    starts = page.starts[full]
    owner = part.owners(starts)
    line = full - np.searchsorted(page.starts, part.starts[:-1])[owner]
    top, bottom = _places(owner, len(part.starts) - 1)
    records = LineRecords(
        (owner + part.first).astype(np.int32),
        line.astype(np.int32),
        exact[full],
        template[full],
        np.minimum(top, 65535).astype(np.uint16),
        np.minimum(bottom, 65535).astype(np.uint16),
        np.minimum(page.chars[full], 65535).astype(np.uint16),
        _shapes(part.codes, starts, page.ends[full], page.chars[full]) | _labels(page, ends)[full],
    )
    near = (top < max_lines // 2) | (bottom < max_lines // 2)
    return records if bool(near.all()) else records.take(near)


def _places(owner: NDArray[Any], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many lines of the same text stand before and after each."""
    sizes = np.bincount(owner, minlength=n)
    top = np.arange(len(owner)) - (np.cumsum(sizes) - sizes)[owner]
    return top, sizes[owner] - 1 - top


class _Page:
    """The lines of a slice, and what they show.

    `at` (k,): places of the letters and digits; `kinds` (k,): which it is. `starts`, `ends`,
    `chars` (m,): of each line, and how many letters and digits it shows, which begin at `first` in
    `at`. `colons`: their places.
    """

    def __init__(self, part: Codes) -> None:
        self.codes = part.codes
        kinds = flags_of(part.codes, _kinds())
        self.ends = np.flatnonzero(kinds == _BREAK)
        self.starts = np.concatenate(([0], self.ends + 1))[:-1]
        marks = np.flatnonzero((kinds >= _COLON) & (kinds < _BREAK))
        mark = kinds[marks]
        self.colons = marks[mark == _COLON]
        shown = (kinds - np.uint8(1)) < _DIGIT
        self._skip_targets(shown, marks[mark == _OPEN], marks[mark == _CLOSE])
        self.at = np.flatnonzero(shown)
        self.kinds = kinds.take(self.at)
        over = np.cumsum(shown, dtype=np.int32)[self.ends].astype(np.intp)
        self.first = np.concatenate(([0], over))[:-1]
        self.chars = over - self.first

    def _skip_targets(
        self, shown: NDArray[np.bool_], brackets: NDArray[Any], closes: NDArray[Any]
    ) -> None:
        """Show nothing of the targets of links: a link is known by its words."""
        opens = brackets[_folded(self.codes, brackets + 1) == ord("(")] + 1
        opens = opens[_folded(self.codes, opens - 2) != ord("[")]  # such a picture is its target
        if not len(opens):
            return
        ends = np.append(closes, len(self.codes))[np.searchsorted(closes, opens)]
        inside = ends < self.ends[np.searchsorted(self.ends, opens)]
        ends, first = np.unique(ends[inside], return_index=True)
        opens = opens[inside][first]  # targets that end in the same place are one
        size = ends - opens
        within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        shown[np.repeat(opens, size) + within] = False


def _folded(codes: NDArray[np.uint32], places: NDArray[Any]) -> NDArray[np.uint16]:
    return fold_table().take(codes.take(places, mode="clip"), mode="clip")


@cache
def _kinds() -> NDArray[np.uint8]:
    """Return for every code point what it is, once folded: uint8 (65536,)."""
    kinds = np.zeros(65536, np.uint8)
    kinds[that_are(str.isalnum)] = _LETTER
    kinds[0xD800:0xE000] = _LETTER  # what is left of a damaged character: Han more often than not
    kinds[0xFFFF] = _LETTER  # stands for all beyond it
    kinds[that_are(str.isdecimal)] = _DIGIT
    for mark, kind in ((":", _COLON), ("]", _OPEN), (")", _CLOSE), ("\n", _BREAK)):
        kinds[ord(mark)] = kind
    return kinds.take(fold_table())


@cache
def _words() -> NDArray[np.uint64]:
    """Return a random word per code point, once folded: uint64 (65536,)."""
    return mix(np.arange(65536, dtype=np.uint64)).take(fold_table())


@cache
def _powers(n: int, factor: int) -> NDArray[np.uint64]:
    """Return the first n powers of an odd number: uint64 (n,)."""
    powers = np.full(n, factor, np.uint64)
    powers[:1] = 1
    return np.multiply.accumulate(powers)


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble words: a step of splitmix64 (Steele et al. 2014)."""
    return scrambled(values + np.uint64(0x9E3779B97F4A7C15))


def scrambled(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble words in place, and return them: the finaliser of splitmix64, of which 0 is 0."""
    shifted = values >> np.uint64(30)
    for factor, shift in ((0xBF58476D1CE4E5B9, 27), (0x94D049BB133111EB, 31)):
        values ^= shifted
        values *= np.uint64(factor)
        np.right_shift(values, np.uint64(shift), out=shifted)
    values ^= shifted
    return values


def _labels(page: _Page, ends: NDArray[np.int64]) -> NDArray[np.uint8]:
    return np.where(ends < page.chars, np.uint8(LABEL), np.uint8(0))


def _hashes(page: _Page, ends: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the exact and the template hash of each line; 0 where it shows nothing."""
    shown = page.codes.take(page.at)
    words = _words().take(shown, mode="clip")
    astral = np.flatnonzero(shown > 0xFFFF)
    words[astral] = mix(shown[astral].astype(np.uint64))
    exact = _sums(words, page.first, page.chars)
    template = exact.copy()
    digits = page.kinds == _DIGIT
    before = np.concatenate(([0], np.cumsum(digits, dtype=np.int32)))
    with_digits = before[page.first + page.chars] > before[page.first]
    other = with_digits | (ends < page.chars)
    mine = np.flatnonzero(other)
    which = np.flatnonzero(np.repeat(other, page.chars))
    at, digit = page.at[which], digits[which]
    again = np.zeros(len(at), bool)
    again[1:] = digit[1:] & digit[:-1] & (at[1:] == at[:-1] + 1)
    kept = ~again & (which < np.repeat((page.first + ends)[mine], page.chars[mine]))
    counts = np.concatenate(([0], np.cumsum(kept)))
    over = counts[np.cumsum(page.chars[mine])]
    first = np.concatenate(([0], over))[:-1]
    zero = _words()[ord("0")]
    shown_words = np.where(digit[kept], zero, words[which[kept]])
    template[mine] = _sums(shown_words, first, over - first)
    return exact, template


def _sums(
    words: NDArray[np.uint64], first: NDArray[Any], sizes: NDArray[Any]
) -> NDArray[np.uint64]:
    """Return a polynomial hash per line of its words, which begin at `first`, line after line."""
    n = 1 << max(SLICE, len(words)).bit_length()
    out = np.zeros(len(sizes), np.uint64)
    full = np.flatnonzero(sizes)
    if len(full):
        with np.errstate(over="ignore"):
            weighted = words * _powers(n, _FACTOR)[: len(words)]
            sums: NDArray[np.uint64] = np.add.reduceat(weighted, first[full])
            sums *= _powers(n, _INVERSE)[first[full]]
            out[full] = mix(sums ^ sizes[full].astype(np.uint64))
    return out


def _label_ends(page: _Page) -> NDArray[np.int64]:
    """Return how many letters of each line its template holds: those before a short label ends."""
    ends = page.chars.astype(np.int64)
    colons = page.colons[_folded(page.codes, page.colons + 1) != ord("/")]  # not of an address
    line = np.searchsorted(page.starts, colons, "right") - 1
    lead = np.searchsorted(page.at, colons) - page.first[line]
    good = (lead > 0) & (lead <= _LABEL_CHARS) & (lead < page.chars[line])
    line, lead = line[good], lead[good]
    within = np.arange(_LABEL_CHARS)
    kinds = page.kinds.take(page.first[line][:, None] + within, mode="clip")
    worded = ((kinds == _LETTER) & (within < lead[:, None])).any(axis=1)
    # The first good colon of a line wins: it is written last.
    ends[line[worded][::-1]] = lead[worded][::-1]
    return ends


def _shapes(
    codes: NDArray[np.uint32],
    starts: NDArray[Any],
    ends: NDArray[Any],
    chars: NDArray[Any],
) -> NDArray[np.uint8]:
    """Return the shape of each line that is not blank."""
    shape = np.zeros(len(starts), np.uint8)
    if not len(starts):
        return shape
    first, last = _visible(codes, starts, ends)
    one, two, three = (_folded(codes, first + i) for i in range(3))
    comma = (two == ord("、")) | (three == ord("、"))
    numeral = _among(_NUMERALS)
    structure = (
        (one == ord("#"))
        | ((one == ord("第")) & numeral[two])
        | (numeral[one] & comma)
        | ((one == ord("(")) & numeral[two])
    )
    end = _folded(codes, last)
    final = np.where(_among("\"')]")[end], _folded(codes, np.maximum(last - 1, first)), end)
    # Not the ellipsis: teasers of other articles end in it more often than paragraphs do.
    prose = _among("。!?;")[final] & (chars >= _PROSE_CHARS)
    prose |= (final == ord(".")) & (chars >= _LATIN_PROSE_CHARS)
    shape[structure] |= STRUCTURE
    shape[prose] |= PROSE
    shape[end == ord(":")] |= LEADS
    shape[(one == ord("!")) & (two == ord("[")) & (end == ord(")"))] |= PICTURE
    return shape


def _visible(
    codes: NDArray[np.uint32], starts: NDArray[Any], ends: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return where the first and the last visible character of each line stand."""
    first, last = starts.copy(), ends - 1
    blank = (_folded(codes, first) <= ord(" ")) | (_folded(codes, last) <= ord(" "))
    if blank.any():
        visible = np.flatnonzero(fold_table().take(codes, mode="clip") > ord(" "))
        first[blank] = visible[np.searchsorted(visible, starts[blank])]
        last[blank] = visible[np.searchsorted(visible, ends[blank]) - 1]
    return first, last


@cache
def _among(chars: str) -> NDArray[np.bool_]:
    return np.isin(np.arange(65536), [ord(char) for char in chars])
