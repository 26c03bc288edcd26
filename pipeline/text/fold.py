"""Folds a text for matching: one script, one width, one case, and not a character more or fewer.

Rules are written once, in Simplified, half-width and lower case, and matched against the folded
text; the offsets are those of the text itself, because every UTF-16 code unit is replaced by one.
A fold is for matching only and never reaches the output.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_units, from_code_points
from pipeline.tablefiles import table_rows

# Marks that pages use for one another. Everything here is a choice of looks, not of sense.
_MARKS = {
    " ": "\u00a0\u2009\u3000\t",
    '"': "“”„‟「」『』〝〞",
    "'": "‘’",
    "<": "〈﹤‹«",
    ">": "〉﹥›»",
    "-": "–—―─━﹣",
    "·": "•‧・･∙●○◦▪",
    ":": "︰﹕∶",
    "[": "【〖〔",
    "]": "】〗〕",
}
_SHORT = 48
"""Characters up to which a look into a string for each (38 ns) is faster than arrays (1.9 µs)."""


@cache
def fold_table() -> NDArray[np.uint16]:
    """Return what each UTF-16 code unit folds to: uint16 (65536,); surrogates are themselves."""
    table = np.arange(65536, dtype=np.uint16)
    table[0xFF01:0xFF5F] = np.arange(0x21, 0x7F)  # full-width ASCII
    for mark, variants in _MARKS.items():
        table[[ord(char) for char in variants]] = ord(mark)
    pairs = "".join(map("".join, table_rows("script/fold.tsv")))
    traditional, simplified = code_units(pairs).reshape(-1, 2).T
    table[traditional] = simplified
    lower = table.copy()
    upper = (table >= ord("A")) & (table <= ord("Z"))
    lower[upper] += 32
    return lower


def fold_units(units: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Fold UTF-16 code units: uint16 (n,) to uint16 (n,)."""
    return fold_table().take(units)


def fold_codes(codes: NDArray[np.uint32]) -> str:
    """Fold code points: uint32 (n,) to a string of n characters."""
    folded = fold_table().take(codes, mode="clip").astype(np.uint32)
    astral = codes > 0xFFFF
    if astral.any():
        folded[astral] = codes[astral]
    return from_code_points(folded)


def as_text(units: NDArray[np.uint16]) -> str:
    """Return UTF-16 code units as a string; lone surrogates are kept."""
    return units.tobytes().decode("utf-16-le", "surrogatepass")


def fold(text: str) -> str:
    """Fold a text, code point for code point.

    >>> fold("責任編輯：ＡＢＣ")
    '责任编辑:abc'
    """
    if len(text) < _SHORT or text.isascii():
        return text.translate(_fold_string())
    return as_text(fold_units(code_units(text)))


@cache
def _fold_string() -> str:
    """Return the table as a string: what lies beyond it stays as it is."""
    return from_code_points(fold_table().astype(np.uint32))


@cache
def variants(char: str) -> str:
    """Return the characters of the BMP that fold to one, itself among them.

    >>> variants("编"), variants(":")
    ('編编', ':∶︰﹕：')
    """
    return "".join(map(chr, np.flatnonzero(fold_table() == ord(char)).tolist()))
