"""The lines of texts as arrays: hashes, places and shapes, by which a site's own lines are learned.

Two hashes a line, of the letters, digits and Han that it shows (not the target of a link), in one
script and one case: `exact`, and `template`, in which a run of digits is one digit and a short
label stands for itself and its value (`阅读 1234 次`, `编辑：某某`). All of it is array work over a
batch; no line becomes a string.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_units
from pipeline.text.fold import fold_units

STRUCTURE, PROSE, LEADS = 1, 2, 4
"""Bits of `shape`: a heading, clause or numbered item; ends like a sentence; ends in a colon."""

_LABEL_CHARS = 10  # 责任编辑, 原文地址, translator: a longer lead is a clause of a sentence
_PROSE_CHARS = 10
_LATIN_PROSE_CHARS = 40  # letters; a full stop also ends abbreviations and numbers
_POWERS = 4096  # a longer line's hash repeats its weights; equal lines still have equal hashes
_SKIP, _LETTER, _DIGIT = range(3)
_NUMERALS = "0123456789〇零一二三四五六七八九十百千两"


@dataclass(frozen=True, slots=True)
class LineRecords:
    """m lines that are not blank, in order of text and line.

    `owner` int32 (m,): number of the text. `line` int32 (m,): number of the line in it (split at
    newlines). `exact`, `template` uint64 (m,). `top`, `bottom` uint16 (m,): how many lines that are
    not blank stand above and below, at most 65535. `chars` uint16 (m,): letters, digits and Han,
    at most 65535. `shape` uint8 (m,): STRUCTURE | PROSE | LEADS.
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

    def take(self, which: NDArray[Any]) -> LineRecords:
        """Return the lines of an index or a mask."""
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
    units = fold_units(code_units("\n".join([*texts, ""])))
    breaks = np.flatnonzero(units == ord("\n"))
    starts = np.concatenate(([0], breaks[:-1] + 1)) if len(breaks) else breaks
    sizes = np.fromiter((text.count("\n") + 1 for text in texts), np.int64, len(texts))
    owner = np.repeat(np.arange(len(texts)), sizes)
    line = np.arange(len(starts)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    kinds = _without_targets(units, _kinds().take(units), breaks)
    chars = np.add.reduceat(kinds != _SKIP, starts, dtype=np.int64) if len(starts) else starts
    full = np.flatnonzero(chars)
    exact, template = _hashes(units, kinds, starts, chars)
    owner, line, chars = owner[full], line[full], chars[full]
    top, bottom = _places(owner, len(texts))
    records = LineRecords(
        owner.astype(np.int32),
        line.astype(np.int32),
        exact[full],
        template[full],
        np.minimum(top, 65535).astype(np.uint16),
        np.minimum(bottom, 65535).astype(np.uint16),
        np.minimum(chars, 65535).astype(np.uint16),
        _shapes(units, starts[full], breaks[full], chars),
    )
    near = (top < max_lines // 2) | (bottom < max_lines // 2)
    return records if bool(near.all()) else records.take(near)


def _places(owner: NDArray[Any], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many lines of the same text stand before and after each."""
    sizes = np.bincount(owner, minlength=n)
    top = np.arange(len(owner)) - (np.cumsum(sizes) - sizes)[owner]
    return top, sizes[owner] - 1 - top


@cache
def _kinds() -> NDArray[np.uint8]:
    """Return for every code unit whether it is skipped, a letter or a digit: uint8 (65536,)."""
    kinds = np.zeros(65536, np.uint8)
    kinds[[c for c in range(65536) if chr(c).isalnum()]] = _LETTER
    kinds[0xD800:0xE000] = _LETTER  # halves of astral characters: Han more often than not
    kinds[[c for c in range(65536) if chr(c).isdecimal()]] = _DIGIT
    return kinds


@cache
def _words() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return a random word per code unit and the powers of an odd number."""
    words = mix(np.arange(65536, dtype=np.uint64))
    powers = np.empty(_POWERS, np.uint64)
    powers[0] = 1
    with np.errstate(over="ignore"):
        for i in range(1, _POWERS):
            powers[i] = powers[i - 1] * np.uint64(0x9E3779B97F4A7C15)
    return words, powers


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble words (the finaliser of splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        values = values + np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))


def _hashes(
    units: NDArray[np.uint16],
    kinds: NDArray[np.uint8],
    starts: NDArray[Any],
    chars: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the exact and the template hash of each line; 0 where it has nothing to hash."""
    at = np.flatnonzero(kinds)
    line = np.repeat(np.arange(len(starts)), chars)
    exact = _sums(units[at], line, chars)
    digit = kinds[at] == _DIGIT
    again = np.zeros(len(at), bool)
    if len(at):
        again[1:] = digit[1:] & digit[:-1] & (at[1:] == at[:-1] + 1)
    kept = ~again & (at < _label_ends(units, kinds, starts, chars)[line])
    shown = np.where(digit[kept], np.uint16(ord("0")), units[at[kept]])
    template = _sums(shown, line[kept], np.bincount(line[kept], minlength=len(starts)))
    return exact, template


def _without_targets(
    units: NDArray[np.uint16], kinds: NDArray[np.uint8], breaks: NDArray[Any]
) -> NDArray[np.uint8]:
    """Return the kinds with the targets of Markdown links skipped: a link is known by its words."""
    opens = np.flatnonzero((units[:-1] == ord("]")) & (units[1:] == ord("("))) + 1
    opens = opens[units[opens - 2] != ord("[")]  # a picture without words is its target
    if not len(opens):
        return kinds
    closes = np.flatnonzero(units == ord(")"))
    nearest = np.searchsorted(closes, opens)
    ends = np.concatenate((closes, [len(units)]))[nearest]
    inside = ends < breaks[np.searchsorted(breaks, opens)]
    step = np.zeros(len(units) + 1, np.int32)
    np.add.at(step, opens[inside], 1)
    np.add.at(step, ends[inside], -1)
    return np.where(np.cumsum(step[:-1]) > 0, np.uint8(_SKIP), kinds)


def _sums(
    units: NDArray[np.uint16], line: NDArray[Any], sizes: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return a polynomial hash per line of its units, which come in order of line."""
    words, powers = _words()
    first = np.cumsum(sizes) - sizes
    place = (np.arange(len(units)) - first[line]) % _POWERS
    out = np.zeros(len(sizes), np.uint64)
    full = np.flatnonzero(sizes)
    if len(full):
        with np.errstate(over="ignore"):
            out[full] = np.add.reduceat(words.take(units) * powers.take(place), first[full])
            out[full] = mix(out[full] ^ sizes[full].astype(np.uint64))
    return out


def _label_ends(
    units: NDArray[np.uint16],
    kinds: NDArray[np.uint8],
    starts: NDArray[Any],
    chars: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return where the part of each line that its template holds ends: behind a short label."""
    ends = np.full(len(starts), len(units), np.int64)
    colons = np.flatnonzero(units[:-1] == ord(":")) if len(units) else starts
    colons = colons[units[colons + 1] != ord("/")]  # not that of an address
    line = np.searchsorted(starts, colons, "right") - 1
    before = np.concatenate(([0], np.cumsum(kinds != _SKIP)))
    lead = before[colons] - before[starts[line]]
    worded = np.concatenate(([0], np.cumsum(kinds == _LETTER)))
    good = (lead <= _LABEL_CHARS) & (lead < chars[line]) & (worded[colons] > worded[starts[line]])
    # The first good colon of a line wins: it is written last.
    ends[line[good][::-1]] = colons[good][::-1]
    return ends


def _shapes(
    units: NDArray[np.uint16],
    starts: NDArray[Any],
    ends: NDArray[Any],
    chars: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """Return the shape of each line that is not blank."""
    shape = np.zeros(len(starts), np.uint8)
    if not len(starts):
        return shape
    visible = np.flatnonzero(units > ord(" "))
    first = visible[np.searchsorted(visible, starts)]
    last = visible[np.searchsorted(visible, ends) - 1]
    one = units[first]
    two = units[np.minimum(first + 1, len(units) - 1)]
    three = units[np.minimum(first + 2, len(units) - 1)]
    numeral = np.isin(np.arange(65536), [ord(c) for c in _NUMERALS])
    comma = (two == ord("、")) | (three == ord("、"))
    structure = (
        (one == ord("#"))
        | ((one == ord("第")) & numeral[two])
        | (numeral[one] & comma)
        | ((one == ord("(")) & numeral[two])
    )
    closing = np.isin(units[last], [ord(c) for c in "\"')]"])
    final = np.where(closing, units[np.maximum(last - 1, first)], units[last])
    # Not the ellipsis: teasers of other articles end in it more often than paragraphs do.
    prose = np.isin(final, [ord(c) for c in "。!?;"]) & (chars >= _PROSE_CHARS)
    prose |= (final == ord(".")) & (chars >= _LATIN_PROSE_CHARS)
    shape[structure] |= STRUCTURE
    shape[prose] |= PROSE
    shape[units[last] == ord(":")] |= LEADS
    return shape
