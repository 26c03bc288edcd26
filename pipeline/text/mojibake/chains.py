"""Finds the chain of wrong readings that stretches of a text went through.

Intermediate levels of a multiple damage all look equally bad, so no level is judged: every step is
taken on the validity of its bytes, until no further step is possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.text.mojibake import gate
from pipeline.text.mojibake.layers import undo, undo_line
from pipeline.text.mojibake.utf8 import Stretches, Undone

MAX_DEPTH = 3
"""Readings one after the other; four have not been seen in the wild."""
End = tuple[Undone, tuple[str, ...]]
"""What is left after some layers, and the rules of these, outermost reading first."""


def wide(text: str) -> int:
    """Return how many characters lie beyond ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def deeper_ends(
    found: Stretches, pages: Sequence[tuple[int, int]], chain: tuple[str, ...]
) -> dict[int, list[End]]:
    """Return the stretches of which further readings make something: themselves, and that.

    By their numbers. `pages`: the first stretch of each text and the one past its last; `chain`:
    what they went through. The stretches of a text take each step together, a line each: undoing a
    layer costs some array operations, whatever the number of lines.
    """
    deeper: dict[int, list[End]] = {}
    texts = ["\n".join(found.texts[a:b]) for a, b in pages]
    rows: list[Undone] = []
    for (a, b), names in zip(pages, gate.readings(texts), strict=True):
        if names:
            rows = rows or list(found.rows())
            ends = [[(undone, chain)] for undone in rows[a:b]]
            _deepen(ends, names)
            deeper |= {a + i: levels for i, levels in enumerate(ends) if len(levels) > 1}
    return deeper


def _deepen(found: list[list[End]], names: list[str]) -> None:
    """Add to the ends of each stretch of a text what further readings make of it.

    `names`: the readings that the text may have gone through before.
    """
    live = list(range(len(found)))
    for _ in range(MAX_DEPTH - 1):
        texts = [found[i][-1][0].text for i in live]
        codes = code_points("\n".join(texts))
        starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
        deeper: set[int] = set()
        for name in names:
            # Two readings of one text are not both UTF-8 throughout: the first one has it.
            if len(deeper) == len(live):
                break
            for line, parts in _by_line(undo(name, codes), starts):
                whole, chain = found[live[line]][-1]
                if live[line] not in deeper and _covers(parts, whole.text):
                    found[live[line]].append((_spliced(whole, parts), (*chain, f"utf8-as-{name}")))
                    deeper.add(live[line])
        live = sorted(deeper)
        (names,) = gate.readings(["\n".join([found[i][-1][0].text for i in live])])


def _by_line(parts: Stretches, starts: NDArray[np.int64]) -> Iterator[tuple[int, list[Undone]]]:
    """Yield the number of each line in which something was undone, with that in its offsets."""
    lines = (np.searchsorted(starts, parts.starts, "right") - 1).tolist()
    for line, group in groupby(zip(lines, parts.rows(), strict=True), key=itemgetter(0)):
        at = int(starts[line])
        yield line, [p._replace(start=p.start - at, end=p.end - at) for _, p in group]


def _covers(parts: list[Undone], text: str) -> bool:
    """Tell whether nearly everything outside ASCII was undone: a layer is everywhere or nowhere."""
    return sum(wide(text[p.start : p.end]) for p in parts) >= 0.8 * wide(text)


def _spliced(whole: Undone, parts: list[Undone]) -> Undone:
    pieces: list[str] = []
    at = 0
    for part in parts:
        pieces += (whole.text[at : part.start], part.text)
        at = part.end
    pieces.append(whole.text[at:])
    return Undone(
        whole.start,
        whole.end,
        "".join(pieces),
        sum(part.sequences for part in parts),
        tuple(hole for part in parts for hole in part.holes),
    )


def undone_whole(text: str, name: str) -> tuple[str, list[bytes]]:
    """Undo one layer of a whole stretch: its text, and the bytes at each `�` of it."""
    parts = undo_line(name, code_points(text))
    whole = _spliced(Undone(0, 0, text, 0, ()), parts)
    return whole.text, list(whole.holes)


@cache
def chain_name(chain: tuple[str, ...]) -> str:
    """Return the rule that names a chain: `utf8-as-gbk×3`, `utf8-as-gbk+utf8-as-cp1252`."""
    runs: list[list[str]] = []
    for name in chain:
        if runs and runs[-1][0] == name:
            runs[-1].append(name)
        else:
            runs.append([name])
    parts = [f"{r[0]}×{len(r)}" if len(r) > 1 else r[0] for r in runs]
    return "+".join(parts)
