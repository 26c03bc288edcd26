"""A text as lines: where they stand and what their ends say, without a string for each."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate

from pipeline.text.fold import fold
from pipeline.text.longlines import stretches
from pipeline.text.prose import BLANK, LIKELY, PLAIN, is_prose


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
        return is_prose(self.line(number)) if kind == LIKELY else kind == PLAIN


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
