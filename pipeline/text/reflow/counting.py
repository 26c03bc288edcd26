"""Lines that count: items of a list with a bare number before each, 1 焯水, 2 炒糖色, 3 翻炒.

`layout.is_item` knows numbers by the mark behind them. Without one a number may as well begin the
second half of a sentence (共有⏎3 人): these are items where they follow one another from one on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.text.marks import HAN

_DIGITS = {char: i for i, char in enumerate("一二三四五六七八九十", 1)}
_NUMBER = re.compile(
    rf"(?:第|步骤|步驟)? ?([0-9]{{1,2}}|[一二三四五六七八九十])(?:步|步骤|步驟)?[ \u3000]?"
    rf"(?=[{HAN}A-Za-z“「《，：])"
)
FIRST = frozenset("0123456789第步") | frozenset(_DIGITS)
"""What such a line begins with."""
_LEAST = 3
"""Numbers in a row: by chance as many lines that were cut begin so once in 50,000 times."""


def counting(lines: Sequence[str]) -> frozenset[int]:
    """Return which lines begin with 1, 2, 3, ..., no other number between them.

    >>> sorted(counting(["步骤", "1 焯水", "2 炒糖色", "3 翻炒", "大火收汁"]))
    [1, 2, 3]
    >>> counting(["共有", "3 人参加，", "分为", "2 组"])
    frozenset()
    """
    found: set[int] = set()
    run: list[int] = []
    for i, line in enumerate(lines):
        number = _number(line)
        if number is None:
            continue
        if number != len(run) + 1:
            found.update(run if len(run) >= _LEAST else ())
            run = []
        if number == len(run) + 1:
            run.append(i)
    return frozenset(found.union(run if len(run) >= _LEAST else ()))


def _number(line: str) -> int | None:
    match = _NUMBER.match(line) if line[:1] in FIRST else None
    if match is None:
        return None
    return _DIGITS.get(match[1]) or int(match[1])
