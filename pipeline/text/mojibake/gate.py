"""A cheap test for a batch of texts: which kinds of damage are worth looking for in which text.

One gather from a table of flags and a few shifted ANDs over the whole batch; nothing here decides.
What separates damage from rare characters (poetry, names) is order: UTF-8 read as GBK runs through
the pairs lead+trail, trail+lead, trail+trail in turn, which clean text does not do four times.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text.mojibake.codecs import reading
from pipeline.text.ngram import load

# Flags of a UTF-16 code unit. A pair of bytes as UTF-8 sees it: L leads, T trails.
LT, TL, TT, LATIN_PAIR, WESTERN, CYRILLIC_LEAD, CYRILLIC_TRAIL, HALF_KANA, HANGUL, HAN = (
    1 << i for i in range(10)
)
SJIS_KANA, KOREAN_COMMON = 1 << 10, 1 << 11  # what kana and frequent Hangul look like in GBK
(
    COMMON,
    QUESTION,
    WIDE,
    RARE,
    ENDING,
    RARE_HANGUL,
    NEWLINE,
    WORD,
    PRIVATE,
    LETTER_LEAD,
    LETTER_TRAIL,
    COMMA,
) = (1 << i for i in range(12, 24))

# What a text may need.
UTF8_GBK, UTF8_LATIN, UTF8_CYRILLIC, KANA, KOREAN, UNLIKELY, SHIFTED, DROPPED, LETTERS = (
    1 << i for i in range(9)
)
RARE_WINDOW, RARE_LEAST = 8, 2
"""So many rare characters among so many before an ASCII character or `?` make a text suspect."""
RARE_BELOW = -11.0
"""Log-probability under which a Han character is rare: one in 60,000."""
SAMPLE = 48
"""Characters of each text, from its middle, whose score says whether the whole is damaged."""
UNLIKELY_BELOW = -10.5
"""Mean log-probability of a sample: verse has -8 to -9.5, legacy bytes misread -11 to -15."""


@cache
def flags() -> NDArray[np.uint32]:
    """Return the flags of every UTF-16 code unit: uint32 (65536,)."""
    table = np.zeros(65536, np.uint32)
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
    for name in ("cp1252", "macroman"):
        one = reading(name)
        table[(one.first >= 0x80) & (one.first != 0xFE) & (np.arange(65536) >= 0x80)] |= WESTERN
    table[0xA0] &= ~np.uint32(WESTERN)  # no-break spaces come in rows
    # What ftfy repairs: the two bytes of a letter, read as two characters.
    single = reading("cp1252")
    high = (np.arange(65536) >= 0x80) & (single.first != 0xFE)
    table[0xC2:0xF5] |= LETTER_LEAD
    table[high & (single.first < 0xC0)] |= LETTER_TRAIL
    russian = reading("cp1251")
    high = np.arange(65536) >= 0x80
    table[high & lead[russian.first]] |= CYRILLIC_LEAD
    table[high & trail[russian.first]] |= CYRILLIC_TRAIL
    table[ord("?")] |= QUESTION
    table[ord("\n")] |= NEWLINE
    table[ord("ㄛ")] |= COMMA  # what the comma of GBK is in Big5
    table[[*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B)]] |= WORD
    table[two] |= WIDE
    table[[ord(c) for c in "?;!,:"]] |= WIDE
    table[ord("a") : ord("z") + 1] |= WIDE
    table[0xFF61:0xFFA0] |= HALF_KANA
    table[0xAC00:0xD7A4] |= HANGUL
    table[0x3400:0xA000] |= HAN
    kana = "".join(map(chr, range(0x3041, 0x3094))) + "".join(map(chr, range(0x30A1, 0x30F7)))
    euc_kr = range(0xB0A1, 0xC8FF)
    seen = b"".join(c.to_bytes(2, "big") for c in euc_kr if c & 0xFF > 0xA0).decode(
        "euc-kr", "ignore"
    )
    table[0xAC00:0xD7A4] |= RARE_HANGUL
    table[[ord(c) for c in seen]] &= ~np.uint32(RARE_HANGUL)
    model = load()
    syllables = np.arange(0xAC00, 0xD7A4)
    frequent = syllables[np.argsort(-model.uni[model.fold[syllables]], kind="stable")[:250]]
    hangul = "".join(map(chr, frequent))
    for text, codec, flag in ((kana, "cp932", SJIS_KANA), (hangul, "cp949", KOREAN_COMMON)):
        seen = text.encode(codec).decode("gb18030", "ignore")
        table[[ord(c) for c in seen if c >= "\u3400"]] |= flag
    han = np.arange(0x3400, 0xA000)
    table[han[model.uni[model.fold[han]] < RARE_BELOW]] |= RARE
    table[two & (gbk.first < 0xA9) & (gbk.first > 0xA3)] |= RARE  # Greek, Cyrillic, zhuyin
    table[two & (gbk.second < 0x80)] |= ENDING
    table[[ord("?"), 0xFFFD, *range(0x40, 0x7F)]] |= ENDING
    table[0x3041:0x3100] &= ~np.uint32(RARE)  # but kana are Japanese
    table[0xE000:0xF900] |= RARE | PRIVATE
    for block in (np.arange(0x4E00, 0xA000), np.arange(0xAC00, 0xD7A4)):
        likely = model.uni[model.fold[block]]
        table[block[likely >= np.sort(np.unique(likely))[-COMMON_CHARS]]] |= COMMON
    return table


COMMON_CHARS = 120
COMMON_SHARE = 6
"""Of the Han characters or syllables of most text one in six is one of the 120 most frequent."""


def suspects(texts: Sequence[str]) -> NDArray[np.uint16]:
    """Return for each text the kinds of damage that it may have: uint16 (n,)."""
    units = [text.encode("utf-16-le", "surrogatepass") for text in texts]
    flat = np.frombuffer(b"\n\0".join([*units, b"\n\0\n\0\n\0"]), np.uint16)
    starts = np.zeros(len(texts), np.int64)
    np.cumsum([len(u) // 2 + 1 for u in units[:-1]], out=starts[1:])
    f = flags().take(flat)
    kinds = np.bitwise_or.reduceat(_kinds(f), starts).astype(np.uint16)
    half, korean, common, rare, private, han = (
        np.add.reduceat((f & flag) != 0, starts, dtype=np.int64)
        for flag in (HALF_KANA, KOREAN_COMMON, COMMON, RARE_HANGUL, PRIVATE, HAN | HANGUL)
    )
    kinds[half >= 4] |= KANA
    kinds[(private >= 2) & (private * 8 >= han)] |= UNLIKELY  # what Big5 becomes in GBK
    kinds[(rare >= 2) & (rare * 10 >= han)] |= KOREAN
    kinds[(korean >= 4) & (korean * 5 >= han * 3)] |= UNLIKELY
    strange = np.flatnonzero((han >= 4) & (common * COMMON_SHARE < han))
    kinds[strange[_unlikely([texts[int(i)] for i in strange])]] |= UNLIKELY
    return kinds


def _unlikely(texts: Sequence[str]) -> list[int]:
    """Return the texts whose middle reads like noise."""
    middles = [text[max(0, len(text) // 2 - SAMPLE // 2) :][:SAMPLE] for text in texts]
    return [i for i, score in enumerate(load().scores(middles)) if score < UNLIKELY_BELOW]


def endings(f: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return where rare characters run into what may bring GBK back into step: int64 (k,)."""
    rare = np.concatenate([np.zeros(1, np.int32), np.cumsum((f & RARE) != 0, dtype=np.int32)])
    at = np.flatnonzero(f & ENDING)
    at = at[at > 0]
    at = at[f[at - 1] & WIDE != 0]
    # A rare character is an end only where it took the first letter of a word along.
    following = f[np.minimum(at + 1, len(f) - 1)]
    at = at[((f[at] & HAN) == 0) | (following & WORD != 0)]
    lines = np.concatenate([[0], np.flatnonzero(f & NEWLINE) + 1])
    begin = lines[np.searchsorted(lines, at, side="right") - 1]
    since = np.maximum(at - RARE_WINDOW, begin)
    found: NDArray[np.int64] = at[rare[at] - rare[since] >= RARE_LEAST]
    return found


def _kinds(f: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """Mark where a kind of damage may be: uint16, one for each code unit."""
    marks = np.zeros(len(f), np.uint16)
    step = ((f[:-1] & 7) << 1 | (f[:-1] & TT) >> 2) & f[1:] & 7  # LT→TL→TT→LT
    run = (step[:-2] != 0) & (step[1:-1] != 0) & (step[2:] != 0)
    marks[: len(run)][run] |= UTF8_GBK
    for flag, kind in ((LATIN_PAIR, UTF8_GBK), (WESTERN, UTF8_LATIN)):
        four = f[:-3] & f[1:-2] & f[2:-1] & f[3:] & flag
        marks[: len(four)][four != 0] |= kind
    three = (f[:-2] & CYRILLIC_LEAD != 0) & (f[1:-1] & f[2:] & CYRILLIC_TRAIL != 0)
    marks[: len(three)][three] |= UTF8_CYRILLIC
    letter = (f[:-1] & LETTER_LEAD != 0) & (f[1:] & LETTER_TRAIL != 0)
    marks[: len(letter)][letter] |= LETTERS
    lost = (f[:-1] & QUESTION != 0) & (f[1:] & WIDE != 0)
    marks[: len(lost)][lost] |= SHIFTED
    marks[endings(f)] |= DROPPED
    three = f[:-2] & f[1:-1] & f[2:] & SJIS_KANA
    marks[: len(three)][three != 0] |= UNLIKELY
    comma = (f[:-1] & HAN != 0) & (f[1:] & COMMA != 0)
    marks[: len(comma)][comma] |= UNLIKELY
    mixed = (f[:-1] & HANGUL != 0) & (f[1:] & HAN != 0)
    marks[: len(mixed)][mixed] |= KOREAN
    return marks
