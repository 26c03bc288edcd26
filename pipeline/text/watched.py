"""What the punctuation stage asks of a character, as flags in tables by code point."""

from __future__ import annotations

from functools import cache

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

# Of every character: what is looked for in whole texts.
ASCII, WIDE, DRAWN, BLANK, PAIRED, FOREIGN, LETTER, ASTRAL = (1 << i for i in range(8))
# Of a character beside a place found.
SIDE, RIGHT, WEAK, ALNUM, CLOSING, SEPARATING, HANLIKE, END = (1 << i for i in range(8))


@cache
def inside() -> NDArray[np.uint8]:
    """Return what is looked for in whole texts: uint8 (65536,)."""
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
def beside() -> NDArray[np.uint16]:
    """Return what is asked of the neighbours of a place: uint16 (65536,)."""
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


@cache
def weights() -> NDArray[np.int8]:
    """Return what a character says of its clause: 1 if it is an ideograph, -1 a Latin letter."""
    han: NDArray[np.bool_] = (inside() & np.uint8(LETTER | ASTRAL)) != 0
    table: NDArray[np.int8] = han.astype(np.int8)
    letters = [code for code in range(128) if chr(code).isalpha()]
    table[letters] = -1
    return table
