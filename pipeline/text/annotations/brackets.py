"""Where in a batch of texts a reading could stand in brackets after a character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text import codes as arrays

OPENING, CLOSING = "(（\\[［【〔", ")）\\]］】〕"
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
KANA = "ぁ-ゖー"
LETTERS = "A-Za-züɑɡÀ-ǜ\u0300-\u030c"
LONGEST = 52
"""Characters from one bracket to the other."""

OPEN, CLOSE, BEFORE, SPACE, LOWER, MARKED, DIGIT, OTHER = (1 << i for i in range(8))


@cache
def _table() -> NDArray[np.uint8]:
    rows = {
        OPEN: OPENING.replace("\\", ""),
        CLOSE: CLOSING.replace("\\", ""),
        BEFORE: HAN + KANA,
        SPACE: " ",
        LOWER: LETTERS.removeprefix("A-Z"),
        MARKED: "üɑɡÀ-ǜ\u0300-\u030c",
        DIGIT: "0-5",
        OTHER: "˙ㄅ-ㄩ" + KANA,
    }
    return arrays.flag_table(rows).astype(np.uint8)


def toned(texts: Sequence[str]) -> Iterator[tuple[arrays.Codes, NDArray[np.intp]]]:
    """Yield the brackets that may hold a reading with its tone: texts joined, and where they open.

    After an ideograph, kana or another bracket: a small letter, and before the closing one a letter
    with a mark, or a digit in the end; or zhuyin or kana.
    """
    for part in arrays.slices(texts, joined=True):
        yield part, _toned(arrays.flags_of(part.codes, _table()))


def _toned(flags: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return the places of the opening brackets, given the flags of each character."""
    opening = arrays.places(flags, OPEN)
    before, after = flags[opening - 1], flags[opening + 1]  # each text is followed by a line end
    blank = (after & SPACE) != 0
    after = np.where(blank, flags[np.minimum(opening + 2, len(flags) - 1)], after)
    kept = ((before & (BEFORE | CLOSE | SPACE)) != 0) & ((after & (LOWER | OTHER)) != 0)
    opening, other = opening[kept], (after[kept] & OTHER) != 0
    if not len(opening):
        return np.asarray(opening, np.intp)
    closing = np.append(arrays.places(flags, CLOSE), len(flags) + LONGEST)
    end = closing[np.searchsorted(closing, opening)]
    near = end - opening <= LONGEST
    opening, other, end = opening[near], other[near], end[near]
    marked = np.append(arrays.places(flags, MARKED), len(flags))
    has_mark = marked[np.searchsorted(marked, opening)] < end
    last = flags[end - 1 - ((flags[end - 1] & SPACE) != 0)]
    return np.asarray(opening[other | has_mark | ((last & DIGIT) != 0)], np.intp)
