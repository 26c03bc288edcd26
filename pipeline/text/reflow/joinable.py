"""Whether a break of a text could go by its sentence: what `wrapping.py` decides, at its best.

Asked of the few pairs of lines that arrays found likely (`breaks.py`), so that texts in which
none is joined are not read as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from math import exp, log

from pipeline.text import layout as look
from pipeline.text.reflow.frame import is_frame
from pipeline.text.reflow.seam import alone
from pipeline.text.reflow.width import MANY
from pipeline.text.reflow.wrapping import BARE, SHORT, SURE, repeated


def may_be_joined(pairs: Iterable[tuple[str, str]], text: str) -> bool:
    """Whether one of these pairs of lines of a text could be joined, if the text has no width.

    `pairs`: all whose `alone` may be above 0, all that a mark parts from each other, and perhaps
    others. The first break that goes has a paragraph of one line before it, so that `alone` is
    what speaks for it.
    """

    @cache
    def rows() -> frozenset[str]:
        return repeated(text.split("\n"))

    bare = []
    for last, this in pairs:
        goes_on, kind = look.is_continuation(this), look.ending(last)
        if not goes_on and (look.is_item(this) or look.is_label(this)):
            continue
        goes_on |= kind == "open" or (kind == "comma" and len(last) > SHORT)
        if goes_on and _may_be_parts(last, this, rows):
            return True
        if kind in BARE and not look.is_quoted_verse(last):
            bare.append((last, this))
    if len(bare) < MANY and all(look.is_heading(last) for last, _ in bare):
        return False  # they could not even bring the share to a half
    odds = [alone(*pair) for pair in bare]
    prior = _highest_prior(odds)
    return prior > 0 or any(
        each + prior > SURE and _may_be_parts(*pair, rows)
        for each, pair in zip(odds, bare, strict=True)
    )


def _may_be_parts(last: str, this: str, rows: Callable[[], frozenset[str]]) -> bool:
    """Whether two lines of a text could be joined, whatever their sentence says."""
    if look.is_heading(last) or look.is_heading(this):
        return False
    if any(look.is_table(line) or look.is_code(line) for line in (last, this)):
        return False
    if not look.is_continuation(this):
        if last[:2] == this[:2] or (look.is_verse(last) and look.is_verse(this)):
            return False
        if not rows().isdisjoint((last, this)):
            return False
    return not (is_frame(last) or is_frame(this))


def _highest_prior(odds: Sequence[float]) -> float:
    """Return what `_prior` may be at most, whichever of these log-odds are counted.

    `odds` (nats): of all breaks above 0.
    """
    odds = sorted(odds, reverse=True)
    share = 0.1
    for _ in range(4):
        prior = log(share / (1 - share))
        share, found = 0.1, 0.3
        for n, each in enumerate(odds, 4):
            likely = 1 / (1 + exp(-max(-30.0, min(30.0, each + prior))))
            if likely <= share:  # this one and all after it could only lower the share
                break
            found += likely
            share = found / n
    return log(share / (1 - share))
