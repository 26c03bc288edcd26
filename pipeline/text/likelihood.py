"""How likely a decoded string is, as a string of one of the languages that charsets are made for.

Two decodings of the same bytes compare by their total log-likelihood: the right one has common
characters, the wrong one rare Han, marks of error, and Han glued to Latin letters. Single
characters are enough, since there is seldom less than 4 nats a character between right and wrong.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.tablefiles import table_rows
from pipeline.text.codes import that_are

STEP = 0.25  # nats, as in the table
_LATIN, _LATIN_UPPER, _OTHER, _OTHER_UPPER, _IDEOGRAPHIC, _HALFWIDTH = 1, 2, 3, 4, 5, 6
# ln of how much rarer a pair of kinds is than its two characters: row first, column second.
_PAIRS = np.zeros((7, 7), np.float32)
_PAIRS[_LATIN, _LATIN_UPPER] = _PAIRS[_OTHER, _OTHER_UPPER] = -3.0  # capitals inside words
_PAIRS[1:3, 3:5] = _PAIRS[3:5, 1:3] = -4.0  # two alphabets in one word
_PAIRS[1:5, 5] = _PAIRS[5, 1:5] = -2.5  # é and the letter after it read as one Han
_PAIRS[_HALFWIDTH, _HALFWIDTH] = 5.0  # half-width kana are rare, and come in runs


@cache
def _tables() -> tuple[dict[str, NDArray[np.float32]], NDArray[np.uint8]]:
    """Return ln p by code unit for each language, float32 (65536,), and the kinds, uint8."""
    base = np.empty(65536, np.float32)
    for low, high, nats, *_ in table_rows("decode/unlisted.tsv"):
        base[int(low, 16) : int(high, 16) + 1] = float(nats)
    tables: dict[str, NDArray[np.float32]] = {}
    for language, steps, characters in table_rows("decode/characters.tsv"):
        if language not in tables:
            tables[language] = base.copy()
        tables[language][code_points(characters)] = -STEP * int(steps)
    kinds = np.zeros(65536, np.uint8)
    for first, last, kind in ((0x41, 0x250, _LATIN), (0x370, 0x700, _OTHER)):
        upper = that_are(str.isupper)[first:last]
        kinds[first:last] = np.where(that_are(str.isalpha)[first:last], kind + upper, 0)
    kinds[0x0E01:0x0E5C] = _OTHER  # the vowels and tones of Thai are marks
    kinds[0xFF61:0xFFA0] = _HALFWIDTH
    for first, last in ((0x3041, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3)):
        kinds[first : last + 1] = _IDEOGRAPHIC
    return tables, kinds


def tables() -> dict[str, NDArray[np.float32]]:
    """Return ln p by UTF-16 code unit for each language: float32 (65536,)."""
    return _tables()[0]


def likelihoods(text: str, language: str) -> NDArray[np.float32]:
    """Return ln p of each UTF-16 code unit of a text: float32 (n,)."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    return tables()[language].take(units)


def log_likelihood(text: str, languages: tuple[str, ...]) -> float:
    """Return ln p(text) in the language that makes it most likely; 0 for an empty text."""
    if not text:
        return 0.0
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    tables, kinds = _tables()
    kind = kinds.take(units)
    glue = float(_PAIRS.take(kind[:-1] * 7 + kind[1:]).sum()) if len(kind) > 1 else 0.0
    return glue + max(float(tables[name].take(units).sum()) for name in languages)
