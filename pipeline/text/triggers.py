"""Lines of a page: which ones hold a trigger, what is left of one without its marks, what is prose.

The trigger pass is array work over a whole batch: fold, one Aho-Corasick pass, and a filter by line
length. Only what it returns is ever looked at in Python.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_units
from pipeline.text.fold import as_text, fold_units
from pipeline.text.rules import Rule

_LINK = re.compile(r"\[([^\[\]\n]{0,200})\](?:\([^()\n]{0,600}\)|\[[^\[\]\n]{0,20}\])")
_REFERENCE = re.compile(r"\s*\[[^\[\]\n]{1,40}\]:\s*\S")
_SENTENCE_ENDS = "。!?…;\")'"
_BULLETS = "·-*>#■◆►▶★☆+|"
_PROSE_CHARS = 10  # a shorter line is no paragraph even where it ends like a sentence
_WEAK_PROSE_CHARS = 30  # ends in ? ! ” ), as headlines do as well
_LONG_CHARS = 70  # with a comma: a paragraph whose last mark was lost


def core(folded: str) -> str:
    """Return a folded line without link targets and without the marks at its two ends.

    >>> core("- 相关阅读:")
    '相关阅读'
    >>> core("本文由 [某某](https://example.org/a) 翻译。")
    '本文由 某某 翻译'
    """
    if "](" in folded or "][" in folded:
        folded = _LINK.sub(r"\1", folded)
    first, last = 0, len(folded)
    while first < last and not folded[first].isalnum():
        first += 1
    while last > first and not folded[last - 1].isalnum():
        last -= 1
    return folded[first:last]


def is_bulleted(folded: str) -> bool:
    """Say whether a folded line looks like an item of a list.

    >>> is_bulleted("  · 1某地新闻"), is_bulleted("某地新闻")
    (True, False)
    """
    line = folded.strip()
    return bool(line) and (line[0] in _BULLETS or line[0] == "[" or line[0].isdecimal())


def is_prose(folded: str) -> bool:
    """Say whether a folded line is a sentence or a paragraph rather than a heading or an item.

    >>> is_prose("会议于昨日上午在京召开。"), is_prose("某地召开重要会议 部署下一步工作")
    (True, False)
    """
    line = folded.strip()
    if len(line) < _PROSE_CHARS:
        return False
    if line[0] == "[" and _REFERENCE.match(line):
        return False
    if len(line) >= _LONG_CHARS and ("," in line or "。" in line):
        return True
    if line[0] in _BULLETS and len(line) < _LONG_CHARS:
        return False
    ends = line.rstrip("\")'】]")
    if ends.endswith(("。", "……")) or (line.endswith(".") and len(line) >= _WEAK_PROSE_CHARS):
        return True
    weak = line[-1] in _SENTENCE_ENDS and len(line) >= _WEAK_PROSE_CHARS
    return weak and ("," in line or "。" in line)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document with lines that hold triggers: `hits` maps a line number to rule numbers."""

    document: int
    folded: str
    hits: dict[int, set[int]]


class TriggerIndex:
    """Finds the lines of a batch in which a literal of some rule occurs."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        import ahocorasick_rs

        owners: dict[str, list[int]] = {}
        for number, rule in enumerate(rules):
            for literal in rule.triggers:
                owners.setdefault(literal, []).append(number)
        self._owners = list(owners.values())
        self._limits = np.zeros((3, len(owners)), np.int64)
        rows = {"head": 1, "tail": 2}
        for i, numbers in enumerate(self._owners):
            for number in numbers:
                row = rows.get(rules[number].match, 0)
                self._limits[row, i] = max(self._limits[row, i], rules[number].max_chars)
        patterns = [literal.encode("utf-16-le") for literal in owners]
        self._automaton: Any = (
            ahocorasick_rs.BytesAhoCorasick(
                patterns, implementation=ahocorasick_rs.Implementation.DFA
            )
            if patterns
            else None
        )

    def find(self, texts: Sequence[str]) -> list[Candidate]:
        """Return the documents (numbers in order) that have lines worth matching."""
        if self._automaton is None:
            return []
        found: list[Candidate] = []
        # About a million characters at a time: the arrays stay in the cache.
        first = size = 0
        for i, text in enumerate(texts):
            size += len(text)
            if size > 1 << 20 or i + 1 == len(texts):
                found += self._find(texts[first : i + 1], first)
                first, size = i + 1, 0
        return found

    def _find(self, texts: Sequence[str], base: int) -> list[Candidate]:
        units = fold_units(code_units("\n".join(texts)))
        matches = self._automaton.find_matches_as_indexes(units.tobytes(), True)
        if not matches:
            return []
        table = np.array(matches, np.int64)
        table = table[table[:, 1] % 2 == 0]
        literal, at = table[:, 0], table[:, 1] // 2
        breaks = np.flatnonzero(units == ord("\n"))
        line = np.searchsorted(breaks, at)
        start = np.concatenate(([0], breaks + 1))[line]
        end = np.concatenate((breaks, [len(units)]))[line]
        near = (
            (end - start <= self._limits[0, literal])
            | (at - start < self._limits[1, literal])
            | (end - at <= self._limits[2, literal])
        )
        literal, line, start = literal[near], line[near], start[near]
        astral = len(units) != sum(map(len, texts)) + len(texts) - 1
        lengths = np.fromiter(map(_units if astral else len, texts), np.int64, len(texts))
        offsets = np.concatenate(([0], np.cumsum(lengths + 1)))
        owner = np.searchsorted(offsets, start, "right") - 1
        first_line = np.searchsorted(breaks, offsets[:-1])
        return self._grouped(base, units, offsets, (owner, line - first_line[owner], literal))

    def _grouped(
        self,
        base: int,
        units: NDArray[np.uint16],
        offsets: NDArray[np.int64],
        found: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    ) -> list[Candidate]:
        owner, line, literal = found
        hits: dict[int, dict[int, set[int]]] = {}
        for document, number, which in zip(
            owner.tolist(), line.tolist(), literal.tolist(), strict=True
        ):
            hits.setdefault(document, {}).setdefault(number, set()).update(self._owners[which])
        return [
            Candidate(
                base + document,
                as_text(units[offsets[document] : offsets[document + 1] - 1]),
                by_line,
            )
            for document, by_line in sorted(hits.items())
        ]


def _units(text: str) -> int:
    """Return how many UTF-16 code units a text has."""
    return len(text) if text.isascii() else len(code_units(text))
