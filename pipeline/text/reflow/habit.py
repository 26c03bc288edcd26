"""Whether a text sets blanks between Chinese and Latin words, and beside numbers.

Many authors write 在 Linux 上, others 在Linux上. A line break that took the place of such a blank
gives it back where the rest of the text has them.
"""

from __future__ import annotations

import re
from functools import cached_property

from pipeline.text.marks import HAN

_LEAST, _TO_ONE = 3, 4
"""Blanks that make a habit, and how many there are to a place without one."""
_IS_HAN = re.compile(f"[{HAN}]")


class Habit:
    """The habits of one text, counted when they are first asked about."""

    def __init__(self, text: str) -> None:
        self._text = text

    def between(self, left: str, right: str) -> str:
        """Return what the text sets between two characters of a sentence: a blank, or nothing."""
        for one, other in ((left, right), (right, left)):
            if _IS_HAN.match(one) and other.isascii() and other.isalnum():
                return " " if (self._numbers if other.isdigit() else self._words) else ""
        return ""

    @cached_property
    def _words(self) -> bool:
        return self._spaced("A-Za-z")

    @cached_property
    def _numbers(self) -> bool:
        return self._spaced("0-9")

    def _spaced(self, other: str) -> bool:
        spaced, tight = (
            len(re.findall(f"[{HAN}]{gap}[{other}]|[{other}]{gap}[{HAN}]", self._text))
            for gap in (" ", "")
        )
        return spaced >= _LEAST and spaced >= _TO_ONE * tight
