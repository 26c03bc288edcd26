"""What each character may be a part of, when text is damaged: flags, a byte for each character.

Those of other scripts stand in a table of their own, which only the texts are looked up in that
have such characters: what a pass costs is the bytes that it moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.text.kept import kept
from pipeline.text.mojibake.codecs import reading
from pipeline.text.ngram import load

# Flags of a character. A pair of bytes as UTF-8 sees it: L leads, T trails.
LT, TL, TT, LATIN_PAIR, SJIS_KANA, COMMON, HAN, RARE = (1 << i for i in range(8))
# Of other scripts: letters of Windows' tables, kana and Hangul, what frequent Hangul is in GBK.
(
    WESTERN,
    CYRILLIC_LEAD,
    CYRILLIC_TRAIL,
    LETTER_LEAD,
    LETTER_TRAIL,
    HALF_KANA,
    HANGUL,
    RARE_HANGUL,
) = (1 << i for i in range(8))
# Asked about a few places only.
ENDING, WIDE, WORD, NEWLINE, KOREAN_COMMON, PRIVATE, LETTER, IDEOGRAPH = (1 << i for i in range(8))
RARE_BELOW = -11.0
"""Log-probability under which a Han character is rare: one in 60,000."""
COMMON_CHARS = 120


@dataclass(frozen=True, slots=True)
class Flags:
    """Three tables of flags: uint8 (65536,) each."""

    han: NDArray[np.uint8]
    foreign: NDArray[np.uint8]
    rest: NDArray[np.uint8]


@kept
def flags() -> Flags:
    """Return the flags of every code point of the BMP; all beyond are as its last one."""
    return Flags(_han_flags(), _foreign_flags(), _other_flags())


def _han_flags() -> NDArray[np.uint8]:
    table = np.zeros(65536, np.uint8)
    gbk = reading("gbk")
    lead = (np.arange(256) >= 0xE0) & (np.arange(256) <= 0xEF)
    trail = (np.arange(256) >= 0x80) & (np.arange(256) <= 0xBF)
    two = gbk.size == 2
    table[two & lead[gbk.first] & trail[gbk.second]] |= LT
    table[two & trail[gbk.first] & lead[gbk.second]] |= TL
    table[two & trail[gbk.first] & trail[gbk.second]] |= TT
    table[0x20AC] |= LT | TL | TT  # 0x80 alone
    letters = (0xC2, 0xC3, 0xC5, 0xCB, 0xE2)
    latin = np.isin(gbk.first, letters) & trail[gbk.second]
    latin |= np.isin(gbk.second, letters) & trail[gbk.first]
    table[two & latin] |= LATIN_PAIR
    table[[ord(c) for c in "烫屯"]] |= LATIN_PAIR  # four in a row of these as well
    kana = "".join(map(chr, range(0x3041, 0x3094))) + "".join(map(chr, range(0x30A1, 0x30F7)))
    table[_seen_in_gbk(kana, "cp932")] |= SJIS_KANA
    model = load()
    for block in (np.arange(0x4E00, 0xA000), np.arange(0xAC00, 0xD7A4)):
        likely = model.uni[model.fold[block]]
        table[block[likely >= np.sort(np.unique(likely))[-COMMON_CHARS]]] |= COMMON
    table[0x3400:0xA000] |= HAN
    table[0xAC00:0xD7A4] |= HAN
    han = np.arange(0x3400, 0xA000)
    table[han[model.uni[model.fold[han]] < RARE_BELOW]] |= RARE
    table[two & (gbk.first < 0xA9) & (gbk.first > 0xA3)] |= RARE  # Greek, Cyrillic, zhuyin
    table[0x3041:0x3100] &= ~np.uint8(RARE)  # but kana are Japanese
    table[0xE000:0xF900] |= RARE
    return table


def _foreign_flags() -> NDArray[np.uint8]:
    table = np.zeros(65536, np.uint8)
    for name in ("cp1252", "macroman"):
        one = reading(name)
        table[(one.first >= 0x80) & (one.first != 0xFE) & (np.arange(65536) >= 0x80)] |= WESTERN
    table[0xA0] &= ~np.uint8(WESTERN)  # no-break spaces come in rows
    # What ftfy repairs: the two bytes of a letter, read as two characters.
    single = reading("cp1252")
    high = (np.arange(65536) >= 0x80) & (single.first != 0xFE)
    table[0xC2:0xF5] |= LETTER_LEAD
    table[high & (single.first < 0xC0)] |= LETTER_TRAIL
    russian = reading("cp1251")
    high = np.arange(65536) >= 0x80
    table[high & (russian.first >= 0xE0) & (russian.first <= 0xEF)] |= CYRILLIC_LEAD
    table[high & (russian.first >= 0x80) & (russian.first <= 0xBF)] |= CYRILLIC_TRAIL
    table[0xFF61:0xFFA0] |= HALF_KANA
    table[0xAC00:0xD7A4] |= HANGUL | RARE_HANGUL
    euc_kr = (c.to_bytes(2, "big") for c in range(0xB0A1, 0xC8FF) if c & 0xFF > 0xA0)
    seen = b"".join(euc_kr).decode("euc-kr", "ignore")
    table[[ord(c) for c in seen]] &= ~np.uint8(RARE_HANGUL)
    return table


def _other_flags() -> NDArray[np.uint8]:
    table = np.zeros(65536, np.uint8)
    gbk = reading("gbk")
    two = gbk.size == 2
    table[two & (gbk.second < 0x80)] |= ENDING
    table[[ord("?"), 0xFFFD, *range(0x40, 0x7F)]] |= ENDING
    table[two] |= WIDE
    table[[ord(c) for c in "?;!,:"]] |= WIDE
    table[ord("a") : ord("z") + 1] |= WIDE
    table[[*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B)]] |= WORD
    table[ord("\n")] |= NEWLINE
    model = load()
    syllables = np.arange(0xAC00, 0xD7A4)
    frequent = syllables[np.argsort(-model.uni[model.fold[syllables]], kind="stable")[:250]]
    table[_seen_in_gbk("".join(map(chr, frequent)), "cp949")] |= KOREAN_COMMON
    table[0xE000:0xF900] |= PRIVATE
    table[two & (gbk.first < 0xA9) & (gbk.first > 0xA3)] |= LETTER
    table[0x3400:0xA000] |= IDEOGRAPH
    return table


def _seen_in_gbk(text: str, codec: str) -> list[int]:
    """Return the Han characters that a text's bytes are when they are read as GBK."""
    return [ord(c) for c in text.encode(codec).decode("gb18030", "ignore") if c >= "\u3400"]
