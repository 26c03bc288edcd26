"""Tells which tables of one byte a letter the strange letters of a text are from.

A page of bytes read in the table of another country is rows of its letters, lines and signs:
`╓╨╬─` is GBK on a console of DOS, `жЉҐ` UTF-8 in Windows' Cyrillic table. Few characters are in
all tables, so that some dozens of them tell which one it was, and the model need not guess.
Text in the languages of those tables is told by how likely its letters are.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from pipeline.census import Census, code_points, from_code_points
from pipeline.text.kept import kept
from pipeline.text.likelihood import log_likelihood, tables
from pipeline.text.mojibake.codecs import ONE_BYTE, reading

CLASSES = ("c1", "latin1", "soft_hyphen", "latin_extended", "ipa", "greek", "cyrillic", "symbol",
           "other")  # fmt: skip
"""What the upper halves of the tables are made of."""
LEAST, MANY, SHARE = 10, 14, 8
"""Letters that tell a table; and one for each SHARE Han characters, or MANY of them (a damaged line
among clean ones): names in a foreign script are fewer."""
ROW = 4
"""Characters of the tables in a row: there are no blanks between the bytes of Chinese."""
FOREIGN_SHARE = 0.03
"""Of the letters in rows so many may be from elsewhere, as bytes that were lost or are quoted."""
LETTERS_SHARE = 0.15
"""Of the characters in rows so many must be none that tables and frames are drawn with."""
SAMPLE = 400
"""Characters in rows that are looked at."""
GLANCE, LOOKED_AT = 300, 1000
PLAIN = -6.8
"""Mean log-probability of letters: of a language -3 to -5.4, of bytes -7.5 to -14."""
CYRILLIC = frozenset({"cp1251", "cp866", "koi8-r", "koi8-u", "iso8859-5", "mac-cyrillic"})
"""Tables whose letters the model takes for those of words, most of them."""
_NEUTRAL = (0xA0, 0xB0, 0xB7, 0xD7, *range(0x2010, 0x2028), 0x203B)
"""Marks of Chinese text as well."""


def asked(counted: Census) -> NDArray[np.intp]:
    """Return the numbers of the texts that have as many letters as a damaged line: intp (k,)."""
    letters = counted.count(*CLASSES)
    han = counted.count("han", "han_traditional", "han_simplified")
    return np.flatnonzero((letters >= LEAST) & ((letters >= MANY) | (letters * SHARE >= han)))


def fitting(text: str) -> list[str]:
    """Return the tables that have the letters of the rows in a text.

    Of those that take the letters for the same bytes the last stands for all.

    None for what is too little, is from no table, or is a language; nor for cp1252 alone.

    >>> fitting("中文在控制台上".encode("gbk").decode("cp437"))
    ['cp437']
    >>> fitting("Широкая электрификация южных губерний")
    []
    """
    # Most of them are Latin-1 throughout, which the gate tells by other signs.
    first = _bits().take(code_points(text[:GLANCE]), mode="clip")
    if int(np.bitwise_and.reduce(first[first != 0])) in _LATIN1:
        return []
    codes, rows, bits = _rows(text[:LOOKED_AT])
    if len(rows) < SAMPLE and len(text) > LOOKED_AT:
        codes, rows, bits = _rows(text)
    if len(rows) < LEAST:
        return []
    names = _common(bits)
    if not names or sum(1 << ONE_BYTE.index(name) for name in names) in _LATIN1:
        return []
    letters = np.count_nonzero(codes[rows] >> 8 != 0x25)
    if letters < LETTERS_SHARE * len(rows) or _is_plain(codes[rows[0] : rows[-1] + 1]):
        return []
    chars = np.unique(codes[rows])
    alike = {reading(name).first.take(chars, mode="clip").tobytes(): name for name in names}
    return list(alike.values())


def _rows(text: str) -> tuple[NDArray[np.uint32], NDArray[np.intp], NDArray[np.uint32]]:
    """Return the code points of a text, the places of letters in rows, and the tables of these.

    The first SAMPLE of them.
    """
    codes = code_points(text)
    bits = _bits().take(codes, mode="clip")
    edges = np.flatnonzero(np.diff(bits != 0, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    long = np.flatnonzero(ends - starts >= ROW)[:SAMPLE]
    if not len(long):
        return codes, long, bits[:0]
    inside = np.zeros(int(ends[long[-1]]) + 1, np.int8)
    inside[starts[long]] = 1
    inside[ends[long]] = -1
    rows = np.flatnonzero(np.cumsum(inside[:-1], dtype=np.int8))
    found = bits[rows]
    own = np.flatnonzero(found != _ALL)[:SAMPLE]
    return codes, rows[own], found[own]


def _common(bits: NDArray[np.uint32]) -> list[str]:
    """Return the tables that most characters are in, nearly all of them."""
    shared = int(np.bitwise_and.reduce(bits))
    if shared:
        return [name for i, name in enumerate(ONE_BYTE) if shared >> i & 1]
    counts = [int(np.count_nonzero(bits & np.uint32(1 << i))) for i in range(len(ONE_BYTE))]
    most = max(counts)
    if len(bits) - most > FOREIGN_SHARE * len(bits):
        return []
    return [name for name, count in zip(ONE_BYTE, counts, strict=True) if count == most]


def _is_plain(codes: NDArray[np.uint32]) -> bool:
    """Tell whether the letters beyond ASCII are of words of a language."""
    sample = _NARROW.sub(" ", from_code_points(codes[:LOOKED_AT]))
    others = tuple(name for name in tables() if name not in ("zh", "ja", "ko"))
    return log_likelihood(sample, others) > PLAIN * len(sample)


_NARROW = re.compile("[^\x80-\u2dff]+")
_ALL = np.uint32(0xFFFFFFFF)
_WESTERN = 1 << ONE_BYTE.index("cp1252")
_LATIN1 = (_WESTERN, _WESTERN | 1 << ONE_BYTE.index("iso8859-9"))
"""Bits of what is in cp1252 alone, or has none of the six letters that are others in Turkey."""


@kept
def _bits() -> NDArray[np.uint32]:
    """Return the tables that have each code point of the BMP, a bit each: uint32 (65537,)."""
    table = np.zeros(65537, np.uint32)
    for i, name in enumerate(ONE_BYTE):
        known = ~reading(name).foreign(np.arange(0x80, 65536, dtype=np.uint32))
        table[0x80:-1][known] |= np.uint32(1 << i)
    table[list(_NEUTRAL)] = _ALL
    table[0xFFFD] = 0
    return table
