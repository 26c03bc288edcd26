"""What OpenCC gets wrong, mended at the few characters that it concerns.

A table (`tables/script/to_*.toml`) names characters, what they become by default, and the words
in which they become something else. OpenCC keeps the length of a text in every conversion of
script, so a character is looked at in its place in OpenCC's input, and written at the same place
of its output. The word that starts leftmost wins, then the longest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.tablefiles import table_toml
from pipeline.text.kept import kept
from pipeline.text.script.neighbours import Neighbours, near, neighbours

Codes = NDArray[np.uint32]
"""Code points of a text: uint32 (n,)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What one character becomes: by default (None: as OpenCC has it), and in which words.

    `words` maps (characters before it in the word, length of the word), in the order in which
    they are tried, to the words of that shape and what the character becomes in each.
    """

    rule: str
    default: str | None
    words: tuple[tuple[int, int, dict[str, tuple[str, str]]], ...]

    def at(self, text: str, i: int) -> tuple[str, str] | None:
        """Return (rule, character) for the character at `i`; None where OpenCC is right."""
        for before, length, words in self.words:
            if i >= before and (found := words.get(text[i - before : i - before + length])):
                return found
        return (self.rule, self.default) if self.default else None


@dataclass(frozen=True, slots=True)
class Mends:
    """The compiled tables of one target script.

    `suspects` is bool (65536,), by code point: which characters are looked at. `settled`, uint32
    (65536,): what OpenCC makes of such a character when there is nothing more to ask (or 0).
    `alone`, uint32 (65536,): what it becomes outside of words (0: as OpenCC has it), and
    `neighbours` what stands beside it in them.
    """

    choices: dict[str, Choice]
    suspects: NDArray[np.bool_]
    settled: Codes
    alone: Codes
    neighbours: Neighbours

    def unsettled(self, characters: Codes) -> NDArray[np.bool_]:
        """Return which characters are looked at though they become those: both by code point."""
        found: NDArray[np.bool_] = self.suspects & (self.settled != characters)
        return found

    def apply(
        self, text: str, codes: Codes, out: Codes, places: NDArray[np.int64] | None = None
    ) -> dict[int, str]:
        """Mend `out`, OpenCC's conversion of `text`, in place; all suspects are at `places`.

        Returns the rule of each place at which OpenCC's answer was changed.
        """
        if places is None:
            places = np.flatnonzero(self.suspects.take(codes, mode="clip"))
        else:
            places = places[self.suspects.take(codes[places], mode="clip")]
        open_places = places[self.settled[codes[places]] != out[places]]
        if not len(open_places):
            return {}
        worded = near(self.neighbours, codes, open_places)
        others = open_places[~worded]
        right = self.alone[codes[others]]
        wrong = (right != 0) & (right != out[others])
        others = others[wrong]
        out[others] = right[wrong]
        mended = {i: self.choices[text[i]].rule for i in others.tolist()}
        for i in open_places[worded].tolist():
            found = self.choices[text[i]].at(text, i)
            if found and out[i] != ord(found[1]):
                mended[i] = found[0]
                out[i] = ord(found[1])
        return dict(sorted(mended.items()))


def read_tables(target: str) -> list[dict[str, Any]]:
    """Return the tables of a target (`hans`, `hant`, `hant_tw`, `hant_hk`), as in the file."""
    found = _read(f"to_{target}")
    used = [table for table in _read("to_hans")["table"] if table["id"] in found.get("uses", ())]
    return [*found["table"], *used]


@cache
def _read(name: str) -> dict[str, Any]:
    return table_toml(f"script/{name}.toml")


def pairs_of(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (word, word with the characters in `chars` as they should come out).

    A word without `>` keeps its characters; a symbol in it stands for each of its class.
    """
    classes = _read("classes")
    for item in table["words"].split():
        symbols = [char for char in item.partition(">")[0] if char in classes]
        for members in product(*map(classes.__getitem__, symbols)):
            before, given, after = item.partition(">")
            for symbol, member in zip(symbols, members, strict=True):
                before, after = before.replace(symbol, member, 1), after.replace(symbol, member, 1)
            yield before, after if given else before


@kept
def mends(target: str) -> Mends:
    """Return the compiled tables of a target script; built once a process."""
    defaults: dict[str, tuple[str, str]] = {}
    words: dict[str, dict[tuple[int, int], dict[str, tuple[str, str]]]] = defaultdict(dict)
    for table in read_tables(target):
        rule, chars = table["id"], set(table.get("chars", ""))
        for before, after in pairs_of(table):
            if len(before) == 1:
                defaults[before] = (rule, after)
                continue
            for offset, (old, new) in enumerate(zip(before, after, strict=True)):
                if old in chars:
                    shape = words[old].setdefault((offset, len(before)), {})
                    shape.setdefault(before, (rule, new))
    choices = {char: _choice(defaults.get(char), words[char]) for char in {*defaults, *words}}
    suspects = np.zeros(65536, np.bool_)
    suspects[[ord(char) for char in choices]] = True
    suspects[65535] = False  # where `take` puts the astral characters
    settled = np.zeros(65536, np.uint32)
    for table in read_tables(target):
        for pair in table.get("settled", "").split():
            settled[ord(pair[0])] = ord(pair[-1])
    alone = np.zeros(65536, np.uint32)
    for char, (_, after) in defaults.items():
        alone[ord(char)] = ord(after)
    shapes = (shape for some in words.values() for shape in some.items())
    beside = neighbours((before, word) for (before, _), rows in shapes for word in rows)
    return Mends(choices, suspects, settled, alone, beside)


def _choice(
    default: tuple[str, str] | None, words: dict[tuple[int, int], dict[str, tuple[str, str]]]
) -> Choice:
    leftmost_longest = sorted(words.items(), key=lambda item: (-item[0][0], -item[0][1]))
    shapes = tuple((offset, length, rows) for (offset, length), rows in leftmost_longest)
    rule, char = default or ("", None)
    return Choice(rule, char, shapes)
