"""Which texts of a batch reflow has to look at: those with a line break that could be changed.

Most clean texts have none: every line ends a sentence and begins with neither blank nor comma.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.text import codes as arrays
from pipeline.text import layout as look
from pipeline.text.seam import SHORTEST
from pipeline.text.wrapping import may_go_on

BLANKS = " \t\u3000\xa0\u2000-\u200a\u202f\u205f"
LINE_ENDS = "\r\x85\u2028\u2029"

LINE, BLANK, FOREIGN, STOP, CLOSER, LEFTOVER, SEMI, OPEN = (1 << i for i in range(8))


@cache
def _table() -> NDArray[np.uint32]:
    return arrays.flag_table(
        {
            LINE: "\n",
            BLANK: BLANKS,
            FOREIGN: LINE_ENDS,
            STOP: look.STOPS + ">",
            CLOSER: look.CLOSERS,
            LEFTOVER: look.LEFTOVERS,
            SEMI: "；：;:",
            OPEN: look.OPENERS,
        }
    )


def suspects(texts: Sequence[str]) -> list[int]:
    """Return the numbers of the texts in which a line break, indent or blank line could go."""
    found: list[int] = []
    for part in arrays.slices(texts):
        flags = arrays.flags_of(part.codes, _table())
        hit = np.zeros(len(part.starts) - 1, np.bool_)
        hit[part.owners(np.flatnonzero(flags & FOREIGN))] = True
        _mark_layout(part, flags, hit)
        cut, owners = _cut_lines(part, flags)
        for first, last in _groups(owners):
            i = int(owners[first])
            if not hit[i]:
                text, start = texts[part.first + i], int(part.starts[i])
                hit[i] = may_go_on([_pair(text, at - start) for at in cut[first:last].tolist()])
        found += (np.flatnonzero(hit) + part.first).tolist()
    return found


def _groups(owners: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Return the stretches of equal numbers."""
    return pairwise([*np.flatnonzero(np.diff(owners, prepend=-1)).tolist(), len(owners)])


def _pair(text: str, at: int) -> tuple[str, str]:
    """Return the line that ends at a place, and the next."""
    end = text.find("\n", at + 1)
    return text[text.rfind("\n", 0, at) + 1 : at], text[at + 1 : end if end >= 0 else len(text)]


def _mark_layout(part: arrays.Codes, flags: NDArray[np.uint32], hit: NDArray[np.bool_]) -> None:
    """Mark the texts with blank lines, indents, or blanks at line ends."""
    ends = np.flatnonzero(flags & LINE)
    owners = part.owners(ends)
    last = ends + 1 == part.starts[owners + 1]  # the line end that `codes` put behind each text
    before, after = flags[ends - 1], flags[np.minimum(ends + 1, len(flags) - 1)]
    doubled = ~last & ((before & LINE) != 0) & (ends > part.starts[owners])
    hit[owners[((before & BLANK) != 0) | doubled | (~last & ((after & BLANK) != 0))]] = True
    heads = flags[part.starts[:-1]]
    empty = np.diff(part.starts) == 1
    hit[((heads & (BLANK | LINE)) != 0) & ~empty] = True


def _cut_lines(
    part: arrays.Codes, flags: NDArray[np.uint32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the line ends that may stand in mid-sentence, and the numbers of their texts."""
    ends = np.flatnonzero(flags & LINE)
    owners = part.owners(ends)
    sizes = np.diff(ends, prepend=-1) - 1
    inner = ends + 1 != part.starts[owners + 1]
    before = flags[ends - 1]
    second, third = flags[np.maximum(ends - 2, 0)], flags[np.maximum(ends - 3, 0)]
    seen = second | np.where((second & CLOSER) != 0, third, 0)
    stopped = ((before & (STOP | SEMI)) != 0) | (((before & CLOSER) != 0) & ((seen & STOP) != 0))
    long = (sizes >= SHORTEST) | ((before & OPEN) != 0)
    after = flags[np.minimum(ends + 1, len(flags) - 1)]
    cut = inner & ((~stopped & long) | ((after & LEFTOVER) != 0))

    return np.compress(cut, ends), np.compress(cut, owners)
