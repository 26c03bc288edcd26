"""Hands the damage of single-byte scripts to ftfy: `cafÃ©`, `FranÃ§ois`.

ftfy is asked for the encoding alone: its other habits turn Chinese punctuation into ASCII. It is
asked after the East Asian chains, whose input it would make irreversible, and only about lines
that hold a sign of its kind of damage, as it is slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_TRAIL = (
    "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2013-\u203a\u20ac\u2122"
)
# But not a no-break space behind a capital: `MISUTÂ AJIKKO` may be meant.
SIGN = re.compile(f"(?<![A-Z\u00c0-\u024f])\u00c2\u00a0|(?!\u00c2\u00a0)[\u00c2-\u00f4][{_TRAIL}]")
# Chinese that lost bytes, or is all letters still: what ftfy finds in it by chance (`Ñ¾` of 已经 is
# `Ѿ`) is no character of the text.
_HAN = re.compile("[\u3400-\u9fff]")
_TORN = re.compile("[\xa1-\u017f]{4}")
LETTERS = re.compile("[\xa1-\xff]{8}")
"""What no writing has: bytes that were taken for Latin-1."""
_UNCLOSED = re.compile(r"â€(?=[\s,.;:!?)A-Za-z]|\Z)")
"""A closing quotation mark whose last byte, a control, was dropped: ftfy takes a blank for it."""
MAX_LINE = 20_000
"""Characters: longer lines are data, not text."""


def repaired(text: str, others: Sequence[tuple[int, int]] = ()) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and repaired text of each stretch that ftfy repairs, in order.

    Lines in which one of `others` (start, end; in order) lies have been repaired already.
    """
    from ftfy import fix_encoding

    at = known = 0
    for line in text.splitlines(keepends=True):
        while known < len(others) and others[known][1] <= at:
            known += 1
        free = known == len(others) or others[known][0] >= at + len(line)
        if free and len(line) <= MAX_LINE and SIGN.search(line):
            whole = _UNCLOSED.sub("â€\x9d", line) if "â€œ" in line else line
            fixed = fix_encoding(whole)
            torn = _TORN if _HAN.search(fixed) else LETTERS
            if fixed not in (line, whole) and not torn.search(fixed):
                yield _trimmed(at, line, fixed)
        at += len(line)


def _trimmed(at: int, old: str, new: str) -> tuple[int, int, str]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return at + start, at + len(old) - end, new[start : len(new) - end]
