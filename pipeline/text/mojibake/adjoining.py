"""Finds where clean text ends and damage begins on one line, as both are written in one charset.

A reading that knows all characters of a line does not say which of them went through it: 来源： has
bytes in cp932 as well. What is clean is likelier as it stands, what is damaged as it was written.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.census import from_code_points
from pipeline.text.decoding.charsets import LANGUAGE
from pipeline.text.likelihood import tables
from pipeline.text.mojibake.codecs import reading
from pipeline.text.ngram import Model

CLEAN, MAX_GAIN, BEHIND_MARK = 8.0, 6.0, 5.0
"""Nats by which an end of a stretch must be likelier as it stands to be left out, the most that one
character says, and what a mark before the damage says."""
READS = -9.5
"""Mean log-probability that what is left out must reach: prose has -5 to -7, damage -11."""
_ENDS = np.isin(np.arange(65536), [ord(mark) for mark in " :：。！？；…」』”）"])


def within(
    codes: NDArray[np.uint32], stretch: tuple[int, int], chain: tuple[str, str], model: Model
) -> tuple[int, int]:
    """Return the part of a stretch of a text that is likelier as what was written.

    `chain`: the wrong reading, and the codec of what was written. Ends that are little likelier as
    they stand are left in: a few characters prove nothing.
    """
    left, right = stretch
    here = codes[left:right]
    gains = np.append(0, np.cumsum(_gains(*chain).take(here, mode="clip")))
    last = int((gains - np.minimum.accumulate(gains)).argmax())
    gains[1:-1] -= BEHIND_MARK * _ENDS.take(here[:-1], mode="clip")
    first = int(gains[: last + 1].argmin())
    if gains[first] > -CLEAN or model.score(from_code_points(here[:first])) < READS:
        first = 0
    if gains[-1] - gains[last] > -CLEAN or model.score(from_code_points(here[last:])) < READS:
        last = len(here)
    return left + first, left + last


@cache
def _gains(name: str, codec: str) -> NDArray[np.float32]:
    """Return how much likelier each character is as a pair of `codec`, in nats: (65537,)."""
    full, likely = reading(name), tables()
    old = np.max([likely[language] for language in ("zh", "ja", "ko")], axis=0)
    gains = np.zeros(0x10001, np.float32)
    if name == "cp932":  # most pairs are two half-width kana there
        gains[:-1] = np.clip(-10 - old, -MAX_GAIN, MAX_GAIN / 2)
        gains[0xFF61:0xFFA0] = MAX_GAIN / 2
    else:
        two = np.flatnonzero(full.size == 2)
        pairs = np.full((len(two), 3), ord("\n"), np.uint8)
        pairs[:, 0], pairs[:, 1] = full.first[two], full.second[two]
        read = pairs.tobytes().decode(codec, "replace").split("\n")
        new = np.array([ord(c) if len(c) == 1 else 0xFFFD for c in read[: len(two)]])
        found = likely[LANGUAGE[codec]].take(new, mode="clip") - old[two]
        gains[two] = np.where(new == 0xFFFD, -MAX_GAIN, np.clip(found, -MAX_GAIN, MAX_GAIN))
    gains[:0x80] = 0
    return gains
