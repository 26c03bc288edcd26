"""OpenCC's t2s as array operations: the same answers, many times as fast.

t2s is a table of characters and 477 words; at each place the longest word wins, else the character.
One gather from a table does the characters, and flags the few places that need more: a character
beyond the BMP, or the one by which a word is known (its rarest). Only there, and where a neighbour
is the word's as well, words are looked for, and the leftmost longest ones taken, which is what
OpenCC's matching does. Both are in `tables/script/t2s_*.tsv`: to ask OpenCC for the characters at
first use took 45 ms. The other configurations, whose words are a hundred times as many, stay with
OpenCC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.tablefiles import table_rows
from pipeline.text.kept import kept
from pipeline.text.script.neighbours import Neighbours, near, neighbours

Codes = NDArray[np.uint32]
"""Code points of a text: uint32 (n,)."""
Places = NDArray[np.int64]
"""Offsets in a text: int64 (n,)."""

_BMP = 0x10000
_DESCRIPTION = 0x2FF0
"""The first of the 16 characters by which parts of a character are put together."""
LOOK, ASK = 1 << 31, 1 << 30
"""Set in the table of characters where there is more to ask: here, and of the mends."""
_CODE = np.uint32(ASK - 1)
# From the most frequent in running text: a word is known by another of its characters.
_COMMON = "的一之不在有人於上二其成以計子工則世明金目文見單言英山想神木清李呼河角流音"


@dataclass(frozen=True, slots=True)
class Tables:
    """What t2s knows: by character (uint32, by code point), beyond the BMP, and by word.

    `words` maps the character by which it is known to a word: (where it stands in it, the word,
    the code points that it becomes). None for these where the characters by themselves become
    the same: such a word only keeps others from matching. `neighbours`: of these characters.
    """

    characters: Codes
    astral: Mapping[int, int]
    words: Mapping[str, Sequence[tuple[int, str, Codes | None]]]
    neighbours: Neighbours


def t2s(text: str, codes: Codes, characters: Codes | None = None) -> tuple[Codes, Places] | None:
    """Return the code points of `text` (which are `codes`) in Simplified characters.

    And the places to ask about: where `characters`, the table of characters with more flags, has
    `ASK`, and those of words; int64, sorted. None where a character is described by its parts
    (⿰木養), in which OpenCC converts nothing.
    """
    tables = tables_of_t2s()
    out: Codes = (tables.characters if characters is None else characters).take(codes, mode="clip")
    flagged = np.flatnonzero(out >= ASK)
    flags = out[flagged]
    out[flagged] = flags & _CODE
    looked = flagged[flags >= LOOK]
    asked = flagged[(flags & np.uint32(ASK)) != 0]
    if not len(looked):
        return out, asked
    here = codes[looked]
    beyond = here >= _BMP
    if ((here >= _DESCRIPTION) & (here < _DESCRIPTION + 16)).any():
        return None
    astral = looked[beyond]
    out[astral] = [tables.astral.get(code, code) for code in codes[astral].tolist()]
    end = 0
    written: list[int] = []
    for start, size, target in _words(text, codes, looked[~beyond], tables):
        if start >= end:
            end = start - size
            if target is not None:
                out[start:end] = target
                written += range(start, end)
    return out, np.union1d(asked, written).astype(np.int64) if written else asked


def _words(
    text: str, codes: Codes, places: Places, tables: Tables
) -> list[tuple[int, int, Codes | None]]:
    """Return the words around the places, leftmost and longest first: start, -length, target."""
    found = [
        (at - offset, -len(word), target)
        for at in places[near(tables.neighbours, codes, places)].tolist()
        for offset, word, target in tables.words[text[at]]
        if at >= offset and text.startswith(word, at - offset)
    ]
    return sorted(found, key=lambda item: item[:2])


@kept
def tables_of_t2s() -> Tables:
    """Return the tables; read once a process."""
    rows = table_rows("script/t2s_characters.tsv")
    pairs = {ord(char): ord(to) for to, chars in rows for char in chars}
    astral = {code: to for code, to in pairs.items() if code >= _BMP}
    characters = np.arange(_BMP, dtype=np.uint32)
    plain = [code for code in pairs if code < _BMP]
    characters[plain] = [pairs[code] for code in plain]
    rows = table_rows("script/t2s_phrases.tsv")
    known = {word for word, _ in rows}
    heads = {word[0] for word in known}
    often = Counter(char for word, _ in rows for char in word)
    words: dict[str, list[tuple[int, str, Codes | None]]] = {}
    for word, after in rows:
        alone = [int(characters[ord(c)]) if ord(c) < _BMP else ord(c) for c in word]
        target = [ord(c) for c in after]
        within = (word[:i] in known for i in range(1, len(word)))
        if alone == target and heads.isdisjoint(word[1:]) and not any(within):
            continue  # changes nothing, and keeps no other word from matching
        ranks = [(char not in _COMMON, _COMMON.find(char), often[char]) for char in word]
        offset = ranks.index(max(ranks))
        row = (offset, word, None if alone == target else np.array(target, np.uint32))
        words.setdefault(word[offset], []).append(row)
    characters[[ord(char) for char in words]] |= np.uint32(LOOK)
    characters[_DESCRIPTION : _DESCRIPTION + 16] |= np.uint32(LOOK)
    characters[-1] |= np.uint32(LOOK)  # where `take` puts all that is beyond the BMP
    return Tables(
        characters,
        astral,
        words,
        neighbours((offset, word) for some in words.values() for offset, word, _ in some),
    )
