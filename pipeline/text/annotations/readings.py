"""Decides whether a string is a true reading of the Han characters before it.

Pinyin with tone marks (`jìn`) or numbers (`jin4`), zhuyin (`ㄐㄧㄣˋ`), each for one character or a
word (`huáiyīn`, `huái yīn`). A reading is true where the table knows it for that character, any
of a polyphone's readings included: who inserts readings by machine does not look at the context.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.tablefiles import table_rows
from pipeline.text.kept import kept

MAX_WORD = 8
"""Characters: the longest word whose reading is looked for in one pair of brackets."""

# What fonts and keyboards put in place of pinyin's letters: script a and g, breve for caron, v and
# u: for ü, small spacing marks of the zhuyin tones.
_LETTERS = str.maketrans("ɑɡăĕĭŏŭˊˋ′`·’", "agǎěǐǒǔˊˋˊˋ˙'", "ˉ")
_SEPARATORS = re.compile(r"[\s'\-]+")
_NUMBERED = re.compile(r"([a-zü]+)([1-50])")


@dataclass(frozen=True, slots=True)
class _Table:
    """A row per syllable: with its tone mark, and in zhuyin; `numbered`: mark by number.

    `codes` uint32 (k,): all characters of all rows, ascending; `rows` int64 (k,): the row of each.
    """

    marked: list[str]
    zhuyin: list[str]
    numbered: dict[str, str]
    codes: NDArray[np.uint32]
    rows: NDArray[np.int64]


@kept
def _table() -> _Table:
    lines = table_rows("annotations/readings.tsv")
    marked, numbers, zhuyin, characters = (list(column) for column in zip(*lines, strict=True))
    codes = code_points("".join(characters))
    rows = np.repeat(np.arange(len(lines)), list(map(len, characters)))
    order = np.argsort(codes, kind="stable")
    numbered = dict(zip(numbers, marked, strict=True))
    return _Table(marked, zhuyin, numbered, codes[order], rows[order])


@cache  # a dictionary of all 53,000 takes 45 ms to fill, and most are never asked for
def _rows_of(character: str) -> list[int]:
    """Return the numbers of the syllables as which a character is read."""
    table, code = _table(), np.uint32(ord(character))
    first, last = (table.codes.searchsorted(code, side) for side in ("left", "right"))
    found: list[int] = table.rows[first:last].tolist()
    return found


def _pinyin(character: str) -> tuple[str, ...]:
    marked = _table().marked
    return tuple([marked[row] for row in _rows_of(character)])


def _zhuyin(character: str) -> tuple[str, ...]:
    zhuyin = _table().zhuyin
    return tuple([zhuyin[row] for row in _rows_of(character)])


@cache
def first_readings() -> dict[str, str]:
    """Return the usual reading of each common character that has several."""
    rows = table_rows("annotations/first_readings.tsv")
    return {character: reading for reading, characters in rows for character in characters}


def is_usual(content: str, character: str) -> bool:
    """Return whether pinyin `content` is how a character is read where nothing says otherwise."""
    text = unicodedata.normalize("NFC", content).lower().translate(_LETTERS)
    if text[-1:].isdigit():
        text = _numbers_to_marks(text)
    usual = first_readings().get(character)
    return text == usual if usual else text in _pinyin(character)


def toneless(reading: str) -> str:
    """Return a syllable without its tone mark; ü stays ü."""
    plain = unicodedata.normalize("NFD", reading)
    return unicodedata.normalize("NFC", re.sub("[\u0300\u0301\u0304\u030c]", "", plain))


def pinyin_span(content: str, before: str) -> int:
    """Return of how many of the last characters of `before` the pinyin `content` is a reading.

    0 where it is none. Toneless pinyin is never a reading: too many words of other languages look
    like it. In a word's reading a syllable may be neutral (`bàba`) if another has a tone.
    """
    text = unicodedata.normalize("NFC", content).lower().translate(_LETTERS)
    text = _SEPARATORS.sub("", text).replace("u:", "ü")
    if text[-1:].isdigit():
        text = _numbers_to_marks(text)
    elif text.isascii():
        return 0  # no tone at all
    return _backwards(text, before, _pinyin, neutral=True)


def is_neutral(content: str, character: str) -> bool:
    """Return whether `content` is the toneless reading of a character that has one: 的 de, de5."""
    syllable = content.lower().rstrip("05")
    return syllable.isascii() and syllable in _pinyin(character)


def zhuyin_span(content: str, before: str) -> int:
    """Return of how many of the last characters of `before` the zhuyin `content` is a reading."""
    text = re.sub(r"˙([ㄅ-ㄩ]+)", r"\1˙", content.translate(_LETTERS))
    text = re.sub(r"[\s˙]+$|\s+", lambda m: "˙" if "˙" in m.group() else "", text)
    return _backwards(text, before, _zhuyin, neutral=False)


@cache
def _kana() -> dict[str, tuple[str, ...]]:
    """Return the Japanese readings by character, as they stand in words.

    In a compound the last sound of the first part may double the next (学校 がっこう) and the first
    of the second become voiced (手紙 てがみ); what of a native reading is written in kana varies
    (食べる: た), so that each beginning of one counts.
    """
    readings: dict[str, set[str]] = {}
    for kind, reading, characters in table_rows("annotations/kana.tsv"):
        stems = {reading} if kind == "on" else {reading[:k] for k in range(1, len(reading) + 1)}
        forms = stems | {s[:-1] + "っ" for s in stems if len(s) > 1 and s[-1] in "つくちき"}
        forms |= {v + f[1:] for f in forms for v in _VOICED.get(f[0], "")}
        for character in characters:
            readings.setdefault(character, set()).update(forms)
    return {c: tuple(forms) for c, forms in readings.items()} | {c: (c,) for c in _HIRAGANA}


_HIRAGANA = "".join(map(chr, range(0x3041, 0x3097))) + "ー"
_VOICED = dict(zip("かきくけこさしすせそたちつてと", "がぎぐげござじずぜぞだぢづでど", strict=True))
_VOICED |= dict(zip("はひふへほ", ("ばぱ", "びぴ", "ぶぷ", "べぺ", "ぼぽ"), strict=True))


def kana_span(content: str, before: str) -> int:
    """Return of how many of the last characters of `before` the hiragana `content` is a reading.

    The last characters may hold kana (食べ物: たべもの), but the first of them is Han.
    """
    span = _backwards(content, before, _kana().get, neutral=False)
    return 0 if before[-span:][:1] in _HIRAGANA else span


def _numbers_to_marks(text: str) -> str:
    numbered = _table().numbered

    def marked(match: re.Match[str]) -> str:
        syllable = match[1].replace("v", "ü")
        tone = match[2].replace("0", "5")
        return numbered.get(syllable + tone, match[0])

    return _NUMBERED.sub(marked, text.replace("v", "ü"))


def _backwards(
    text: str, before: str, readings: Callable[[str], tuple[str, ...] | None], *, neutral: bool
) -> int:
    ends = {len(text)}
    for k, character in enumerate(reversed(before[-MAX_WORD:]), 1):
        known = readings(character)
        if not known:
            return 0
        light = {toneless(r) for r in known} if neutral else set()
        # A toneless syllable is never the first: that has its tone in every word.
        ends = {
            end - len(r)
            for end in ends
            for r in light.union(known)
            if r and text.endswith(r, 1 if r.isascii() else 0, end)
        }
        if 0 in ends:
            return k
        if not ends:
            return 0
    return 0
