"""What the programs that damaged a text took each byte for: our own tables, character to bytes.

Python's codecs are not the ones that did the damage. Windows' cp936 reads 0x80 as `€` and gives
every user-defined code a private-use character; browsers read 0xA2E3 as `€` too and the newer
GB 18030 gives a dozen codes other characters. Where a table here knows several characters for one
code, all of them lead back to it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.text.kept import kept

UNKNOWN = 0xFF
"""Stands in the bytes for one lost byte (`�`); never part of UTF-8."""
FOREIGN = 0xFE
"""Stands in the bytes for a character that this reading cannot have produced."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One wrong reading of bytes.

    `first`, `second`: uint8 (65536,), the bytes of each BMP character; `size`: uint8 (65536,),
    how many they are (1 or 2). A character that the reading does not know is one FOREIGN byte.
    """

    name: str
    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    size: NDArray[np.uint8]
    single: bool
    of_foreign: int = 0
    """The character that the byte FOREIGN itself is, where it is one."""

    def foreign(self, codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Tell which characters the reading does not know: bool, as long as `codes`."""
        found: NDArray[np.bool_] = self.first.take(codes, mode="clip") == FOREIGN
        found &= self.size.take(codes, mode="clip") == 1
        found &= codes != self.of_foreign
        return found

    def encode(self, codes: NDArray[np.uint32]) -> tuple[bytes, NDArray[np.int64]]:
        """Return the bytes of the characters, and the offset of each character's first byte.

        The offsets have one more entry than `codes`: the number of bytes.
        """
        first = self.first.take(codes, mode="clip")
        if self.single:
            return first.tobytes(), np.arange(len(codes) + 1)
        size = self.size.take(codes, mode="clip")
        starts = np.zeros(len(codes) + 1, np.int64)
        np.cumsum(size, out=starts[1:])
        if starts[-1] == len(codes):
            return first.tobytes(), starts
        both = np.empty((len(codes), 2), np.uint8)
        both[:, 0] = first
        both[:, 1] = self.second.take(codes, mode="clip")
        keep = np.ones((len(codes), 2), bool)
        np.equal(size, 2, out=keep[:, 1])
        return both[keep].tobytes(), starts


def _reading(name: str, pairs: dict[int, int]) -> Reading:
    """Build the arrays from character → code (one byte below 0x100, two above)."""
    first = np.full(65536, FOREIGN, np.uint8)
    second = np.zeros(65536, np.uint8)
    size = np.ones(65536, np.uint8)
    first[:0x80] = np.arange(0x80)
    chars = np.fromiter(pairs.keys(), np.int64, len(pairs))
    codes = np.fromiter(pairs.values(), np.int64, len(pairs))
    two = codes > 0xFF
    first[chars] = np.where(two, codes >> 8, codes)
    second[chars] = np.where(two, codes & 0xFF, 0)
    size[chars] = np.where(two, 2, 1)
    first[0xFFFD] = UNKNOWN
    of_foreign = next((char for char, code in pairs.items() if code == FOREIGN), 0)
    return Reading(name, first, second, size, not two.any(), of_foreign)


def _two_byte(codec: str, leads: Sequence[int], trails: Sequence[int]) -> dict[int, int]:
    """Map the characters of two-byte codes to the first code that gives each, in order of code."""
    rows = np.full((len(leads) * len(trails), 3), ord("\n"), np.uint8)
    rows[:, 0] = np.repeat(leads, len(trails))
    rows[:, 1] = np.tile(trails, len(leads))
    # All at once: a line end is a trail byte in none of these codecs.
    chars = code_points(rows.tobytes().decode(codec, "replace"))
    ends = np.flatnonzero(chars == ord("\n"))
    found = chars[ends - 1]
    codes = rows[:, 0].astype(np.int64) << 8 | rows[:, 1]
    good = (np.diff(ends, prepend=-1) == 2) & (found != 0xFFFD) & (found < 0x10000)
    found, codes = found[good], codes[good]
    # What is written last stays: the first code of each character.
    place = np.full(65536, -1)
    place[found[::-1]] = np.arange(len(found))[::-1]
    first = place[found] == np.arange(len(found))
    return dict(zip(found[first].tolist(), codes[first].tolist(), strict=True))


def _one_byte(codec: str, others: Mapping[int, int] = MappingProxyType({})) -> dict[int, int]:
    """Map the upper half of a single-byte codec; holes are C1 controls, as browsers have them."""
    pairs = dict(others)
    for byte in range(0x80, 0x100):
        char = bytes((byte,)).decode(codec, "replace")
        pairs[byte if char == "\ufffd" else ord(char)] = byte
    return pairs


# Codes whose character changed between GB 18030-2000 (Python) and 2005/2022 (browsers, glibc).
_GB_LATER = {
    0xA6D9: 0xFE10, 0xA6DA: 0xFE12, 0xA6DB: 0xFE11, 0xA6DC: 0xFE13, 0xA6DD: 0xFE14, 0xA6DE: 0xFE15,
    0xA6DF: 0xFE16, 0xA6EC: 0xFE17, 0xA6ED: 0xFE18, 0xA6F3: 0xFE19, 0xFE59: 0x9FB4, 0xFE61: 0x9FB5,
    0xFE66: 0x9FB6, 0xFE67: 0x9FB7, 0xFE6D: 0x9FB8, 0xFE7E: 0x9FB9, 0xFE90: 0x9FBA, 0xFEA0: 0x9FBB,
}  # fmt: skip


def _cp936() -> dict[int, int]:
    trails = [*range(0x40, 0x7F), *range(0x80, 0xFF)]
    pairs = _two_byte("gb18030", range(0x81, 0xFF), trails)
    pairs |= {char: code for code, char in _GB_LATER.items()}
    pairs |= _two_byte("gbk", range(0x81, 0xFF), trails)
    # A width normalisation after the damage left these, which no code of cp936 yields by itself.
    # Ideographs are their own normal form.
    for char, code in [pair for pair in pairs.items() if not 0x4E00 <= pair[0] < 0xA000]:
        narrow = unicodedata.normalize("NFKC", chr(char))
        if len(narrow) == 1 and 0x80 <= ord(narrow) < 0x10000:
            pairs.setdefault(ord(narrow), code)
    pairs[0x20AC] = 0x80
    pairs[0xE76C] = 0xA2E3
    return pairs


def _cp950() -> dict[int, int]:
    trails = [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
    pairs = _two_byte("cp950", range(0x81, 0xFF), trails)
    for base, leads in ((0xE000, range(0xFA, 0xFF)), (0xE311, range(0x8E, 0xA1)),
                        (0xEEB8, range(0x81, 0x8E)), (0xF6B1, range(0xC6, 0xC9))):  # fmt: skip
        # Windows' user-defined areas, 157 characters a row; the last begins in mid-row, at C6A1.
        codes = [lead << 8 | trail for lead in leads for trail in trails]
        codes = [code for code in codes if base != 0xF6B1 or code >= 0xC6A1]
        pairs |= {base + i: code for i, code in enumerate(codes)}
    # Browsers have Hong Kong's characters in the same rows.
    pairs = _two_byte("big5hkscs", range(0x87, 0xFF), trails) | pairs
    return pairs | {0x80: 0x80, 0xF8F8: 0xFF}


def _cp932() -> dict[int, int]:
    trails = [*range(0x40, 0x7F), *range(0x80, 0xFD)]
    leads = [*range(0x81, 0xA0), *range(0xE0, 0xF0), *range(0xFA, 0xFD)]
    pairs = _two_byte("cp932", leads, trails)
    user = [lead << 8 | trail for lead in range(0xF0, 0xFA) for trail in trails]
    pairs |= {0xE000 + i: code for i, code in enumerate(user)}
    pairs |= {0xFF61 + i: 0xA1 + i for i in range(63)}
    return pairs | {0x80: 0x80, 0xA0: 0xA0, 0xF8F0: 0xA0, 0xF8F1: 0xFD, 0xF8F2: 0xFE, 0xF8F3: 0xFF}


def _cp949() -> dict[int, int]:
    trails = [*range(0x41, 0x5B), *range(0x61, 0x7B), *range(0x81, 0xFF)]
    pairs = _two_byte("cp949", range(0x81, 0xFF), trails)
    for row, base in ((0xC9, 0xE000), (0xFE, 0xE05E)):
        pairs |= {base + i: row << 8 | 0xA1 + i for i in range(94)}
    return pairs | {0x80: 0x80}


def _euc_jp() -> dict[int, int]:
    return _two_byte("euc_jp", range(0xA1, 0xFF), range(0xA1, 0xFF))


@cache
def cp932_twins() -> dict[int, int]:
    """Map each code of cp932 to the other one that has its character: NEC's and IBM's extensions.

    Which of the two the text had cannot be seen: both readings have to be tried.
    """
    trails = [*range(0x40, 0x7F), *range(0x80, 0xFD)]
    nec = _two_byte("cp932", range(0xED, 0xEF), trails)
    ibm = _two_byte("cp932", range(0xFA, 0xFD), trails)
    both = {code: ibm[char] for char, code in nec.items() if char in ibm}
    return both | {twin: code for code, twin in both.items()}


_BUILDERS: dict[str, Callable[[], dict[int, int]]] = {
    "gbk": _cp936,
    "big5": _cp950,
    "cp932": _cp932,
    "cp949": _cp949,
    "euc-jp": _euc_jp,
    # Latin-1 and cp1252 differ in 0x80-0x9F only, and no character is two bytes: one table for both
    "cp1252": partial(_one_byte, "cp1252", {c: c for c in range(0x80, 0x100)}),
}
# Of tables that have the same letters for the same bytes the last one is taken: Windows' own.
_ONE_BYTE = {
    "cp1251": "cp1251",
    "macroman": "mac-roman",
    "cp437": "cp437",
    "cp850": "cp850",
    "cp852": "cp852",
    "cp866": "cp866",
    "koi8-u": "koi8-u",
    "koi8-r": "koi8-r",
    "cp1250": "cp1250",
    "iso8859-7": "iso8859-7",
    "cp1253": "cp1253",
    "iso8859-9": "iso8859-9",
    "cp1254": "cp1254",
    "cp1255": "cp1255",
    "cp1256": "cp1256",
    "cp1257": "cp1257",
    "cp1258": "cp1258",
    "iso8859-2": "iso8859-2",
    "iso8859-5": "iso8859-5",
    "iso8859-15": "iso8859-15",
    "mac-cyrillic": "mac-cyrillic",
}
_BUILDERS |= {name: partial(_one_byte, codec) for name, codec in _ONE_BYTE.items()}
ONE_BYTE = (*_ONE_BYTE, "cp1252")
"""Readings of one byte a character; the one that has the most characters last."""


@kept
def reading(name: str) -> Reading:
    """Return the table of one wrong reading; built on first use (1-20 ms)."""
    return _reading(name, _BUILDERS[name]())
