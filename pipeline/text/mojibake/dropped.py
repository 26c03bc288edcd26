"""Finds where a byte of GBK text vanished without a mark, and brings what follows into step.

After the loss every character is made of the halves of two, up to an ASCII character: the last
lone byte takes it along, as `?` or as the second byte of a rare character. So the search starts
from such ends and looks back for the place from which the text is likelier one byte further on.
The broken character becomes `�`; where several places are about as likely, so do the characters
between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.text.mojibake.gate import endings
from pipeline.text.mojibake.gbk import characters, moved, pairs
from pipeline.text.mojibake.hopeless import MARK
from pipeline.text.mojibake.shift import MARK_COST, Realigned
from pipeline.text.ngram import Model

MAX_RUN = 400
"""Characters looked back from an end."""
MIN_GAIN = 11.0
"""How much likelier the text must be one byte further on, in nats."""
MIN_CHARS = 3
LETTER = -8.0
"""Log-probability of a full-width letter besides: out of step they are as common as others."""
MIN_MEAN = -8.5
"""Mean log-probability of what follows the loss, once it is in step."""
_WORD = re.compile("[A-Za-z0-9]")
LOOK_BACK = 4
"""Characters before an end that tell whether it is worth a closer look."""
SURE = 0.995
"""Share of the likelihood that the places between the marks must hold together."""


def found(text: str, model: Model) -> Iterator[Realigned]:
    """Yield the stretches out of step behind an unmarked loss, in order."""
    done = 0
    for end in ends([text], model)[0]:
        if end < done:
            continue
        tail = _tail(text, end)
        if tail is None:
            continue
        closing, at = tail
        start = _run_start(text, end, done)
        if end - start < MIN_CHARS:
            continue
        best = _best(text, start, end, closing, model)
        if best is not None:
            # A `?` right before is the byte that was lost.
            first = best[0] - (best[0] == start and text[start - 1 : start] == "?")
            done = at
            yield Realigned(first, at, best[1], best[2])


def ends(texts: Sequence[str], model: Model) -> list[list[int]]:
    """Return the places that may be ends in each text: out of step it reads no worse there."""
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    at = endings(code_points("\n".join([*texts, ""])))
    bounds = np.searchsorted(at, starts).tolist()
    found = [(at[a:b] - x).tolist() for (a, b), x in zip(pairwise(bounds), starts, strict=False)]
    shown = [
        text[max(end - LOOK_BACK, 0) : end].rpartition("\n")[2]
        for text, places in zip(texts, found, strict=True)
        for end in places
    ]
    scores = model.scores(shown + [moved(run) for run in shown])
    worse = (new <= old - 1.5 for old, new in zip(scores, scores[len(shown) :], strict=False))
    return [[end for end in places if not next(worse)] for places in found]


def _tail(text: str, end: int) -> tuple[int, int] | None:
    """Return the byte that ends the last character (-1: lost), and where the text goes on."""
    char = text[end]
    if char in "?\ufffd":
        return -1, end + 1
    if "@" <= char <= "~":
        return ord(char), end + 1
    pair = pairs()[min(ord(char), 0xFFFF)]
    # A pair with an ASCII second byte: the last lone byte, and a letter of the word that follows.
    return (-2, end + 1) if 0x40 <= pair & 0xFF < 0x7F and _WORD.match(text, end + 1) else None


def _run_start(text: str, end: int, least: int) -> int:
    codes = pairs()
    start = end
    least = max(least, end - MAX_RUN)
    while start > least and codes[min(ord(text[start - 1]), 0xFFFF)] & 0xFF >= 0x80:
        start -= 1
    return start


def _best(
    text: str, start: int, end: int, closing: int, model: Model
) -> tuple[int, str, float] | None:
    shown = text[start:end]
    table = characters()
    codes = [pairs()[ord(char)] for char in shown]
    last = codes[-1] & 0xFF
    letter = ""
    if closing == -2:
        pair = pairs()[ord(text[end])]
        codes.append(pair)
        shown, letter = text[start : end + 1], chr(pair & 0xFF)
        final = ""
    else:
        final = MARK if closing < 0 else table[last << 8 | closing] or MARK
    later = "".join(table[(a & 0xFF) << 8 | b >> 8] or MARK for a, b in pairwise(codes))
    old = model.log_probs(code_points(shown + text[end : end + 1]))
    new = model.log_probs(code_points(later + (final.replace(MARK, "") + letter)))
    old += _letters(shown + text[end : end + 1])
    new += _letters(later + final.replace(MARK, "") + letter)
    totals = _totals(model, later, old, new)
    totals += MARK_COST if final == MARK else 0.0
    at = int(totals.argmax())
    gain = float(totals[at] - old.sum())
    if gain < MIN_GAIN or len(later) - at < MIN_CHARS - 1 or new[at:].mean() < MIN_MEAN:
        return None
    first, until = _doubtful(totals)
    marks = MARK * (1 + (until - first) // 2)
    return start + first, marks + later[until:] + final + letter, gain


def _letters(text: str) -> NDArray[np.float32]:
    """Return what full-width letters cost beyond the model, which takes them for narrow ones."""
    return np.array([LETTER if "Ａ" <= char <= "ｚ" else 0.0 for char in text], np.float32)


def _totals(
    model: Model, moved: str, old: NDArray[np.float32], new: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the log-probability of the text if the loss was at character i: float64 (n,)."""
    n = len(moved)
    before = np.concatenate([[0.0], np.cumsum(old[: n - 1], dtype=np.float64)])[:n]
    after = new.sum(dtype=np.float64) - np.cumsum(new[:n], dtype=np.float64)
    # The first character after the loss has no context.
    alone = model.uni[model.symbols(code_points(moved))] + _letters(moved)
    totals: NDArray[np.float64] = before + MARK_COST + alone + after
    return totals


def _doubtful(totals: NDArray[np.float64]) -> tuple[int, int]:
    """Return the first and the last place that the loss may have been at."""
    share = np.exp(totals - totals.max())
    share /= share.sum()
    first = until = int(totals.argmax())
    held = share[first]
    while held < SURE:
        left = share[first - 1] if first else -1.0
        right = share[until + 1] if until + 1 < len(share) else -1.0
        if left >= right:
            first -= 1
            held += left
        else:
            until += 1
            held += right
    return first, until
