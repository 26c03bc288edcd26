"""Decides whether a string is a true reading of the Han characters before it.

Pinyin with tone marks (`jìn`) or numbers (`jin4`), zhuyin (`ㄐㄧㄣˋ`), each for one character or a
word (`huáiyīn`, `huái yīn`). A reading is true where the table knows it for that character, any
of a polyphone's readings included: who inserts readings by machine does not look at the context.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

MAX_WORD = 8
"""Characters: the longest word whose reading is looked for in one pair of brackets."""

# What fonts and keyboards put in place of pinyin's letters: script a and g, breve for caron, v and
# u: for ü, small spacing marks of the zhuyin tones.
_LETTERS = str.maketrans(
    {
        "ɑ": "a",
        "ɡ": "g",
        "ă": "ǎ",
        "ĕ": "ě",
        "ĭ": "ǐ",
        "ŏ": "ǒ",
        "ŭ": "ǔ",
        "ˊ": "ˊ",
        "ˋ": "ˋ",
        "′": "ˊ",
        "`": "ˋ",
        "ˉ": "",
        "·": "˙",
        "’": "'",
    }
)
_SEPARATORS = re.compile(r"[\s'\-]+")
_NUMBERED = re.compile(r"([a-zü]+)([1-50])")


@cache
def _table() -> tuple[dict[str, tuple[str, ...]], dict[str, str], dict[str, tuple[str, ...]]]:
    """Return readings by character, marked form by numbered form, zhuyin by character."""
    marked: dict[str, list[str]] = {}
    zhuyin: dict[str, list[str]] = {}
    numbered: dict[str, str] = {}
    table = files("pipeline").joinpath("tables/annotations/readings.tsv").read_text("utf-8")
    for line in table.splitlines():
        if line.startswith("#"):
            continue
        reading, number, bopomofo, characters = line.split("\t")
        numbered[number] = reading
        for character in characters:
            marked.setdefault(character, []).append(reading)
            zhuyin.setdefault(character, []).append(bopomofo)
    return (
        {c: tuple(r) for c, r in marked.items()},
        numbered,
        {c: tuple(r) for c, r in zhuyin.items()},
    )


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
    by_character = _table()[0]
    return _backwards(text, before, by_character, neutral=True)


def zhuyin_span(content: str, before: str) -> int:
    """Return of how many of the last characters of `before` the zhuyin `content` is a reading."""
    text = re.sub(r"˙([ㄅ-ㄩ]+)", r"\1˙", content.translate(_LETTERS))
    text = re.sub(r"[\s˙]+$|\s+", lambda m: "˙" if "˙" in m.group() else "", text)
    return _backwards(text, before, _table()[2], neutral=False)


def _numbers_to_marks(text: str) -> str:
    numbered = _table()[1]

    def marked(match: re.Match[str]) -> str:
        syllable = match[1].replace("v", "ü")
        tone = match[2].replace("0", "5")
        return numbered.get(syllable + tone, match[0])

    return _NUMBERED.sub(marked, text.replace("v", "ü"))


def _backwards(
    text: str, before: str, by_character: dict[str, tuple[str, ...]], *, neutral: bool
) -> int:
    ends = {len(text)}
    for k, character in enumerate(reversed(before[-MAX_WORD:]), 1):
        known = by_character.get(character)
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
