"""How many paragraphs texts have: lines that are not blank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.text.codes import Codes, slices, that_are

_INDENT = 8
"""White space before a line up to which it is looked at with arrays; few have more."""


def paragraph_counts(texts: Sequence[str]) -> list[int]:
    r"""Count the lines of each text that are not blank.

    >>> paragraph_counts(["a\n\n b", "", " \n", "a"])
    [2, 0, 0, 1]
    """
    counts: list[int] = []
    for part in slices(texts):
        counts += _counts(part).tolist()
    return counts


def _counts(part: Codes) -> NDArray[np.intp]:
    codes, white, n = part.codes, that_are(str.isspace), len(part.starts) - 1
    ends = np.flatnonzero(codes == ord("\n"))
    owners = part.owners(ends)
    counts = np.bincount(owners, minlength=n)
    # A blank line has nothing but white space up to its end: most lines show by their first
    # character that they are none, and an indented one by the next.
    at = np.concatenate([ends[:1] * 0, ends[:-1] + 1])
    for _ in range(_INDENT):
        is_white = white.take(codes[at], mode="clip")
        at, owners, ends = at[is_white], owners[is_white], ends[is_white]
        blank = at == ends
        counts -= np.bincount(owners[blank], minlength=n)
        at, owners, ends = at[~blank] + 1, owners[~blank], ends[~blank]
        if not at.size:
            return counts
    for first, last, owner in zip(at.tolist(), ends.tolist(), owners.tolist(), strict=True):
        counts[owner] -= bool(white.take(codes[first:last], mode="clip").all())
    return counts
