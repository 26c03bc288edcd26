"""Text in a charset of pairs that has lost its step: 中文 with one byte gone reads as rare Han.

Nothing is undecodable there: after a lost, changed or inserted byte the second byte of each
character pairs with the first of the next, up to the next ASCII character. The bytes tell where it
happened: the likeliest way through a run of them, pair by pair with single bytes left out, is found
by dynamic programming, and taken where it reads clearly better.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text.decoding.charsets import (
    LANGUAGE,
    MARK,
    MAX_WEIGHINGS,
    decode_with,
    weighings_left,
)
from pipeline.text.likelihood import likelihoods, log_likelihood, tables

WINDOW, MANY, RARE = 8, 5, -10.5
"""Of 8 characters 5 are rarer than e^-10.5: so reads text out of step, and few names in step."""
LEFT_OUT = -16.0
"""ln p of a byte that belongs to no character: more than two ordinary characters are worth."""
MIN_GAIN, MIN_GAIN_TORN = 20.0, 8.0
"""Nats by which the new reading of a run must be better; and where bytes are known to be lost."""
BESIDE = -4.0
"""The same of a lost byte, and of one beside it."""
_LOST = b"\xff?"
MAX_RUN = 20_000
"""Bytes of a run that are looked at together: a microsecond each."""
WEIGHED = 100
"""One bad byte of so many is weighed in the runs of a text: of what is no text, all would be."""
_RUN = re.compile(rb"[\x80-\xff][\x30-\xff]*")


def aligned(data: bytes, codec: str, torn: bool = False) -> tuple[str, int]:
    """Return the text and the number of marks, like `decode_with`, with lost steps found again.

    `torn`: bytes are known to be lost.
    """
    text, marks = decode_with(data, codec)
    if codec not in LANGUAGE or not (torn or suspicious(text, codec)):
        return text, marks
    pieces: list[str] = []
    marks = done = 0
    budget = MAX_WEIGHINGS + len(data) // WEIGHED
    for match in _RUN.finditer(data):
        pieces.append(data[done : match.start()].decode("latin-1"))
        weighings = min(budget, MAX_WEIGHINGS)
        read, errors = _run(match[0], codec, torn, weighings)
        budget -= weighings - weighings_left()
        pieces.append(read)
        marks += errors
        done = match.end()
    pieces.append(data[done:].decode("latin-1"))
    return "".join(pieces), marks


def suspicious(text: str, codec: str) -> int:
    """Return at how many places `MANY` of `WINDOW` characters in a row are rare ones."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    places = np.flatnonzero(_is_rare(codec).take(units))
    if len(places) < MANY:
        return 0
    return int(np.count_nonzero(places[MANY - 1 :] - places[: 1 - MANY] < WINDOW))


@cache
def _is_rare(codec: str) -> NDArray[np.bool_]:
    """Return by code unit whether it is rare in the language of a charset: bool (65536,)."""
    return tables()[LANGUAGE[codec]] < RARE


def _run(run: bytes, codec: str, torn: bool, weighings: int) -> tuple[str, int]:
    """Return the better reading of a run: as it stands, or in the step that reads best."""
    text, marks = decode_with(run, codec, weighings)
    before = suspicious(text, codec)
    if not (before or torn) or len(run) > MAX_RUN:
        return text, marks
    better, errors = _best_way(run, codec, torn, weighings_left())
    language = (LANGUAGE[codec],)
    gain = log_likelihood(better, language) - log_likelihood(text, language)
    if (
        gain > MIN_GAIN_TORN
        if torn
        else gain > MIN_GAIN and suspicious(better, codec) * 3 <= before
    ):
        return better, errors
    return text, marks


def _best_way(run: bytes, codec: str, torn: bool, weighings: int) -> tuple[str, int]:
    """Return the likeliest reading of a run in which single bytes may be left out."""
    pair_of, single_of = _costs(codec)
    # The byte beside a lost one may be the other one of its character.
    lost = [i for i in range(len(run)) if run[i] in _LOST] if torn else []
    beside = {i + k for i in lost for k in (0, 1, 2)}
    best = [0.0] + [-np.inf] * len(run)
    size = [0] * (len(run) + 1)
    for i in range(1, len(run) + 1):
        best[i], size[i] = best[i - 1] + single_of[run[i - 1]], 1
        if i in beside:
            best[i] = best[i - 1] + BESIDE
        if i > 1:
            two = best[i - 2] + pair_of[run[i - 2] << 8 | run[i - 1]]
            if two > best[i]:
                best[i], size[i] = two, 2
        if i > 3 and codec == "gb18030" and run[i - 3] < 0x3A and run[i - 1] < 0x3A:
            four = best[i - 4] + LEFT_OUT  # as rare as that, but a character
            if four > best[i] and run[i - 4] >= 0x81 and run[i - 2] >= 0x81:
                best[i], size[i] = four, 4
    kept: list[tuple[int, int]] = []  # (start, end) of stretches in step, last first
    at = len(run)
    while at:
        start = at - size[at]
        if size[at] > 1 or run[start] < 0x80 or single_of[run[start]] > LEFT_OUT:
            if kept and kept[-1][0] == at:
                kept[-1] = (start, kept[-1][1])
            else:
                kept.append((start, at))
        at = start
    pieces: list[str] = []
    marks = done = 0
    for start, end in reversed(kept):
        pieces.append(MARK * (start > done))
        text, errors = decode_with(run[start:end], codec, weighings)
        weighings = weighings_left()
        pieces.append(text)
        marks += errors + (start > done)
        done = end
    marks += done < len(run)
    pieces.append(MARK * (done < len(run)))
    return "".join(pieces), marks


@cache
def _costs(codec: str) -> tuple[list[float], list[float]]:
    """Return ln p of every pair of bytes, 65536 of them, and of every single one, 256."""
    pairs = np.full(65536, -np.inf, np.float32)
    codes = [a << 8 | b for a in range(0x81, 0xFF) for b in range(0x40, 0xFF)]
    data = b"\n".join(bytes(divmod(code, 256)) for code in codes)
    read = data.decode(codec, "replace").split("\n")
    for code, text in zip(codes, read, strict=True):
        if len(text) == 1 and text != MARK:
            pairs[code] = likelihoods(text, LANGUAGE[codec])[0]
    singles = np.full(256, LEFT_OUT, np.float32)
    singles[:128] = likelihoods(bytes(range(128)).decode(), LANGUAGE[codec])
    if codec == "cp932":
        halfwidth = bytes(range(0xA1, 0xE0)).decode(codec)
        singles[0xA1:0xE0] = likelihoods(halfwidth, LANGUAGE[codec])
    return pairs.tolist(), singles.tolist()
