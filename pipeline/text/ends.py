"""The two ends of a text: which documents of a batch have, near an end, what could be a byline.

Folding and one Aho-Corasick pass over a whole batch: text with nothing of the kind costs no more.
Aho-Corasick knows no spaces, so the literals are labels with the marks that may follow them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from pipeline.census import code_units
from pipeline.text.fold import fold_units
from pipeline.text.roles import roles

HEAD_CHARS = 2000
"""How far from its start a text is looked at: the bylines of a head are within 300 characters."""
TAIL_CHARS = 6000
"""How far from its end: a ranking list of 40 lines with links may stand below the byline."""

_OTHER = (
    "记者", "通讯员", "原标题", "原文标题", "讯(", "讯 ", "讯:", "日电", "日讯", "日消息", "讯【",
    "源于网", "来自网", "源网", "源自网", "源于互", "来自互", "源互", "源自互",
)  # fmt: skip
# A stamp in figures or to the minute near the start may be all that a byline is.
_DATED = re.compile(
    r"\n[^\n]{0,24}?(?:19|20)\d\d(?:[-/.]\d{1,2}[-/.]\d|年[^\n]{3,24}(?:\d:\d\d|\d\s?版))"
)
_SIGNED = tuple(")）】]")


@cache
def _literals() -> tuple[str, ...]:
    found = set(_OTHER)
    for role in roles():
        if not role.alone:
            continue
        marks = (
            [":", " :", "|", " |", "/", "丨", " 丨"]
            if not role.strict
            else ["/", "|", "丨", ":", " |"]
        )
        for label in role.labels:
            found.update(label + mark for mark in marks)
            if len(label) == 2 and not label.isascii():
                found.update(f"{label[0]}{gap}{label[1]}" for gap in (" ", "  ", "   "))
            if role.spaced:
                found.update((label + " ", "(" + label, "【" + label, "[" + label))
    return tuple(sorted(found))


@cache
def _automaton() -> Any:
    import ahocorasick_rs

    return ahocorasick_rs.BytesAhoCorasick([x.encode("utf-16-le") for x in _literals()])


def ends(text: str) -> str:
    """Return the two ends of a text, or all of it where they meet."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"


def worth_reading(texts: Sequence[str]) -> list[bool]:
    """Say of each text whether a byline, a dateline or a signature may stand near an end of it."""
    found = [
        text.rstrip().endswith(_SIGNED) or _DATED.search(text, 0, 500) is not None for text in texts
    ]
    first = size = 0
    for i, text in enumerate(texts):
        size += min(len(text), HEAD_CHARS + TAIL_CHARS)
        # About half a million characters at a time: the arrays stay in the cache.
        if size > 1 << 19 or i + 1 == len(texts):
            for hit in _hits(texts[first : i + 1]):
                found[first + hit] = True
            first, size = i + 1, 0
    return found


def _hits(texts: Sequence[str]) -> list[int]:
    parts = [ends(text) for text in texts]
    units = code_units("\n".join([*parts, ""]))
    lengths = np.fromiter(map(len, parts), np.int64, len(parts)) + 1
    if len(units) != lengths.sum():  # astral characters are two units
        lengths = np.fromiter((len(code_units(part)) for part in parts), np.int64, len(parts)) + 1
    folded = fold_units(units)
    matches = _automaton().find_matches_as_indexes(memoryview(folded.tobytes()), True)
    at = np.array([match[1] for match in matches], np.int64)
    at = at[at % 2 == 0] // 2
    owners = np.unique(np.searchsorted(np.cumsum(lengths), at, "right"))
    return [int(owner) for owner in owners]
