"""What the punctuation stage asks of a character, as flags in tables by code point."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text import codes as arrays
from pipeline.text import marks
from pipeline.text.punctuation import gaps

# Of a character that may be worth a look.
ASCII, WIDE, DRAWN, BLANK, PAIRED, FOREIGN, LETTER, ASTRAL = (1 << i for i in range(8))
# Of every character: what is looked for by itself, or in pairs. One with a left-hand bit before
# one with the bit above it is worth a second look: most marks of a text stand alone, and are not.
ALONE, MARK, MARKED, DRAWN_LEFT, DRAWN_RIGHT, BLANK_LEFT, BLANK_RIGHT, LETTERS = (
    1 << i for i in range(8)
)
# Of a character beside a place found.
SIDE, RIGHT, WEAK, ALNUM, CLOSING, SEPARATING, HANLIKE, END = (1 << i for i in range(8))


@cache
def inside() -> NDArray[np.uint8]:
    """Return what is worth a look: uint8 (65536,)."""
    table = arrays.flag_table(
        {
            ASCII: marks.ASCII_MARKS,
            WIDE: marks.WIDE_MARKS,
            DRAWN: ".…—─－―-",
            BLANK: " \u3000",
            PAIRED: "()（）\"'“”",
            FOREIGN: marks.KANA_HANGUL,
            LETTER: marks.HAN,
        }
    )
    table[0xFFFF] = ASTRAL  # stands for all that is beyond the BMP: emoji oftener than ideographs
    return table.astype(np.uint8)


@cache
def paired() -> NDArray[np.uint8]:
    """Return what is looked for in whole texts, by itself or in pairs: uint8 (65536,).

    ASCII marks, brackets and quotes; a mark before a mark; a dot or dash before another, or behind
    an ideograph; a blank before an ideograph or a mark that closes.
    """
    kinds = inside()
    table = np.zeros(65536, np.uint8)
    han = (kinds & np.uint8(LETTER | ASTRAL)) != 0
    after = han | arrays.those_in(gaps.CLOSING)
    after[0x3400:0xA000] = True  # with the hexagrams among the ideographs
    for flag, where in (
        (ALONE, (kinds & np.uint8(ASCII | PAIRED | FOREIGN)) != 0),
        (MARK | MARKED, (kinds & np.uint8(ASCII | WIDE)) != 0),
        (DRAWN_LEFT, ((kinds & np.uint8(DRAWN)) != 0) | han),
        (DRAWN_RIGHT, (kinds & np.uint8(DRAWN)) != 0),
        (BLANK_LEFT, (kinds & np.uint8(BLANK)) != 0),
        (BLANK_RIGHT, after),
        (LETTERS, han),
    ):
        table[where] |= np.uint8(flag)
    return table


def worth_a_look(flags: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return the places that such flags speak for; of a pair of marks, dots or dashes both."""
    left = flags[:-1]
    pairs = (left + left) & flags[1:]  # to shift takes ten times as long as to add
    pairs &= np.uint8(MARKED | DRAWN_RIGHT | BLANK_RIGHT)
    found = flags & np.uint8(ALONE)
    found[:-1] |= pairs
    pairs &= np.uint8(MARKED | DRAWN_RIGHT)
    found[1:] |= pairs
    return np.flatnonzero(found != 0)  # a comparison first: ten times as fast


@cache
def beside() -> NDArray[np.uint16]:
    """Return what is asked of the neighbours of a place: uint16 (65536,)."""
    table = arrays.flag_table(
        {
            SIDE: marks.CJK_SIDE,
            RIGHT: marks.HAN + "0-9“‘《「『",
            WEAK: marks.WEAK_SIDE,
            ALNUM: "A-Za-z0-9_",
            CLOSING: gaps.CLOSING,
            SEPARATING: gaps.SEPARATING,
            HANLIKE: marks.HAN,
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
