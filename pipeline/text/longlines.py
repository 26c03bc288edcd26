"""The lines of a text that may be a book: none is held but those that are asked for.

A text of 50 MB may have twelve million lines, and as a list of strings they take a gigabyte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points

LONG = 1 << 21
"""Characters above which the lines of a text are not held."""
_STEP = 1 << 18


def lines_of(text: str) -> Sequence[str]:
    """Return the lines of a text, split at newlines."""
    return text.split("\n") if len(text) <= LONG else Lines(text)


class Lines(Sequence[str]):
    """The lines of a text, cut out when they are asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        dtype = np.int32 if len(text) < 1 << 31 else np.int64
        ends = [
            (np.flatnonzero(code_points(text[at : at + _STEP]) == ord("\n")) + at).astype(dtype)
            for at in range(0, len(text), _STEP)
        ]
        self.ends: NDArray[np.integer] = np.concatenate([*ends, np.array([len(text)], dtype)])

    def __len__(self) -> int:
        return len(self.ends)

    def start(self, number: int) -> int:
        """Return the place in the text at which a line begins; one behind its end for the last."""
        return int(self.ends[number - 1]) + 1 if number else 0

    def without(self, gone: Iterable[int]) -> str:
        """Return the text without some lines."""
        out = []
        at = 0  # the first line that has not been dealt with
        for number in sorted(gone):
            if number > at:
                out.append(self.text[self.start(at) : int(self.ends[number - 1])])
            at = number + 1
        if at < len(self):
            out.append(self.text[self.start(at) :])
        return "\n".join(out)

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        number %= len(self)
        return self.text[self.start(number) : int(self.ends[number])]


def stretches(text: str) -> Iterator[list[str]]:
    """Yield the lines of a text in order, some at a time; a line is never cut."""
    at = 0
    while at <= len(text):
        end = text.find("\n", at + _STEP)
        end = len(text) if end < 0 else end
        yield text[at:end].split("\n")
        at = end + 1
