"""Receipts for a conversion that keeps the length of a text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Edit

# Changed characters at most this far apart share one receipt. Every third character of a
# Traditional text changes: a receipt for each would weigh more than the text, and its number and
# names cost as much as a dozen characters.
JOIN_WITHIN = 8


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text: uint32 (n,)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def substitutions(stage: str, rule: str, before: str, after: str) -> list[Edit]:
    """Return the edits between two texts of one length that differ character for character."""
    changed = np.flatnonzero(code_points(before) != code_points(after))
    if not len(changed):
        return []
    breaks = np.flatnonzero(np.diff(changed) > JOIN_WITHIN)
    starts = changed[np.concatenate(([0], breaks + 1))].tolist()
    ends = (changed[np.concatenate((breaks, [len(changed) - 1]))] + 1).tolist()
    return [
        Edit(stage, rule, start, end, before[start:end], after[start:end])
        for start, end in zip(starts, ends, strict=True)
    ]
