"""A text as lines: where they stand and what their ends say, without a string for each."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate

from pipeline.text.fold import fold, variants
from pipeline.text.longlines import stretches
from pipeline.text.prose import BLANK, LIKELY, LONG_CHARS, PLAIN, is_prose

_PROSE = re.compile(bytes((0x5B, LIKELY, PLAIN, 0x5D)))  # [..]
_REFERENCE = re.compile(r"\[[\w^#]{1,40}\]:\s*\S")  # of `is_prose`, before the line is folded
_SAID = re.compile(f"[{''.join(map(variants, ',。…'))}]")  # what a long line of prose has,
_STOPS = variants(".")  # or ends with


class Page:
    """The lines of a text; what is not asked is not found out.

    `starts`, `ends`: code points, the line end left out. `kinds`: of each line one of BLANK, OTHER,
    LIKELY and PLAIN (`text.prose`).
    """

    __slots__ = ("ends", "kinds", "starts", "text")

    def __init__(self, text: str, starts: Sequence[int], ends: Sequence[int], kinds: bytes) -> None:
        self.text = text
        self.starts = starts
        self.ends = ends
        self.kinds = kinds

    def __len__(self) -> int:
        return len(self.kinds)

    def line(self, number: int) -> str:
        """Return a line."""
        return self.text[self.starts[number] : self.ends[number]]

    def folded(self, number: int) -> str:
        """Return a line, folded."""
        return fold(self.line(number))

    def is_blank(self, number: int) -> bool:
        """Say whether a line holds nothing but white space."""
        return self.kinds[number] == BLANK

    def is_prose(self, number: int) -> bool:
        """Say whether a line is a sentence or a paragraph."""
        kind = self.kinds[number]
        if kind != LIKELY:
            return kind == PLAIN
        line = self.line(number)
        return is_prose(fold(line)) if _may_be_prose(line) else False

    def prose(self) -> Iterator[int]:
        """Yield the numbers of the lines of prose."""
        for found in _PROSE.finditer(self.kinds):
            if self.is_prose(found.start()):
                yield found.start()

    def prose_backwards(self) -> Iterator[int]:
        """Yield the numbers of the lines of prose, the last first."""
        last = len(self.kinds) - 1
        for found in _PROSE.finditer(self.kinds[::-1]):
            if self.is_prose(last - found.start()):
                yield last - found.start()


def _may_be_prose(line: str) -> bool:
    """Say whether a line that is not folded may be prose: links and programs are told at once."""
    if line[0] == "[" and _REFERENCE.match(line):
        return False
    return len(line) < LONG_CHARS or _SAID.search(line) is not None or line.rstrip()[-1] in _STOPS


def page_of(text: str) -> Page:
    """Cut a text into lines, of which it is known only which are blank."""
    starts, ends, kinds = array("i"), array("i"), bytearray()
    at = 0
    for lines in stretches(text):
        after = [at + n for n, at in enumerate(accumulate(map(len, lines), initial=at))]
        starts.extend(after[:-1])
        ends.extend([start - 1 for start in after[1:]])
        kinds += bytes([LIKELY if line and not line.isspace() else BLANK for line in lines])
        at = after[-1]
    return Page(text, starts, ends, bytes(kinds))
