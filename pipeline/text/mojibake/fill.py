"""Fills holes that the bytes leave no choice about.

A byte that an outer reading lost takes a character of the text below it, and that text must again
be UTF-8 in the bytes of the next reading: of the 64 characters that the bytes around the hole
allow, often only one gives a text that is valid all the way down. Where the loss is in the last
layer nothing constrains it, and the hole stays, but for marks that are what is left of their bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from pipeline.census import code_points
from pipeline.text.mojibake.codecs import UNKNOWN, Reading
from pipeline.text.mojibake.utf8 import LITERAL, SEQUENCE, Undone, decode, view
from pipeline.text.ngram import Model

MARK = "\ufffd"
MAX_HOLES = 200
"""Holes looked at in one document: the work stays bounded."""
WINDOW = 9
"""Characters on each side of a hole that are decoded to see what a candidate gives."""
MIN_SCORE = -10.0
"""Mean log-probability that what fills a hole must have."""
MARGIN = 3.0
"""How much likelier one candidate must be than the next, in nats."""
CLOSES = {"”": "“", "’": "‘", "）": "（", "》": "《", "」": "「", "』": "『", "】": "【"}
_OPENING = {
    prefix: [m for m in CLOSES if m.encode()[:2] == prefix]
    for prefix in {mark.encode()[:2] for mark in CLOSES}
}
_CLOSABLE = frozenset(prefix + lost for prefix in _OPENING for lost in (b"", b"\xff"))
"""Holes of which a closing mark may be left."""
_REACH = 1000
"""Characters before a hole in which its opening mark is looked for."""
_PAIRED = frozenset({"gbk", "cp949", "big5"})
_LONE = {
    bytes((first, UNKNOWN, last)): mark
    for mark in "、。〈〉《》「」『』【】〔〕–—‘’“”…"
    for first, middle, last in [mark.encode()]
    if middle == 0x80
}
"""Marks whose middle byte is lost, as 0x80 begins no pair of those readings: with any other byte
that begins none, the same first and last are characters that hardly any text has."""
_PREFIX = re.compile(rb"([\xe1-\xef][\x80-\xbf])\xff?")
_READABLE = re.compile("[\u2010-\u203b\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]+")
_HAN = re.compile("[\u4e00-\u9fff]+")

Undo = Callable[[str, str], tuple[str, list[bytes]]]


class Filler:
    """Fills the holes of one document."""

    def __init__(self, undo: Undo, model: Model) -> None:
        """Take the function that undoes one layer of a whole stretch and returns its holes."""
        self.undo = undo
        self.model = model
        self.left = MAX_HOLES

    def fill(self, levels: Sequence[Undone], names: tuple[str, ...]) -> str:
        """Return the text below all layers, with what can be filled filled.

        `levels` are the stretch with one layer undone, with two, ..., as they are without filling.
        """
        text, holes = levels[0].text, list(levels[0].holes)
        for depth, level in enumerate(levels):
            text = self._filled(text, holes, names[depth], names[depth + 1 :])
            if depth + 1 == len(levels):
                break
            if text == level.text:
                text, holes = levels[depth + 1].text, list(levels[depth + 1].holes)
            else:
                text, holes = self.undo(text, names[depth + 1])
        return text

    def _filled(self, text: str, holes: list[bytes], name: str, deeper: tuple[str, ...]) -> str:
        if not deeper:
            return closed(text, holes, name)
        places = [match.start() for match in re.finditer(MARK, text)]
        if len(places) != len(holes):
            return text
        chars = list(text)
        for at, raw in zip(places, holes, strict=True):
            prefix = _PREFIX.fullmatch(raw)
            lost_private = raw == b"\xee\xff"
            if (prefix is None and not lost_private) or self.left == 0:
                continue
            self.left -= 1
            options = _options(prefix[1]) if prefix else _private(deeper[0])
            chars[at] = self._only(chars, at, options, deeper) or MARK
        return "".join(chars)

    def _only(self, chars: list[str], at: int, options: str, deeper: tuple[str, ...]) -> str:
        """Return the one character that makes the layers below valid, or an empty string."""
        before = "".join(chars[max(at - WINDOW, 0) : at])
        after = "".join(chars[at + 1 : at + 1 + WINDOW])
        if ord(after[:1] or "a") in LITERAL:
            after = ""  # a mark that stands for itself is no bytes of what is below
        least, lost = _below(before + MARK + after, deeper)
        left, right = _raw(before[-3:], deeper[0])[-3:], _raw(after[:3], deeper[0])[:3]
        found: dict[str, str] = {}
        for char in options:
            if not _fits(left, _bytes_of(deeper[0])[ord(char)], right):
                continue
            below, more = _below(before + char + after, deeper)
            if more > lost:
                return ""  # the layer below may have lost the character itself
            gained = _gained(least, below)
            if below.count(MARK) < least.count(MARK) and _READABLE.fullmatch(gained):
                found[below] = char
        if any(not _HAN.fullmatch(_gained(least, below)) for below in found) and len(found) > 1:
            return ""  # between marks a score does not choose
        found = {text: char for text, char in found.items() if self._plausible(least, text)}
        return self._likeliest(found)

    def _plausible(self, least: str, below: str) -> bool:
        """Tell whether what is gained can follow what stands before it."""
        start = _shared(least, below)
        codes = code_points(below[: start + len(_gained(least, below))])
        return bool(self.model.log_probs(codes)[start:].mean() > MIN_SCORE)

    def _likeliest(self, found: dict[str, str]) -> str:
        if len(found) <= 1:
            return next(iter(found.values()), "")
        texts = sorted(found)
        totals = [self._score(text) for text in texts]
        second, best = sorted(totals)[-2:]
        return found[texts[totals.index(best)]] if best - second >= MARGIN else ""

    def _score(self, text: str) -> float:
        """Return the log-probability of the Han text; holes and what stands beside digits is none.

        The model knows nothing about numbers after words, and must not choose words by it.
        """
        runs = _HAN.findall(text)
        return sum(s * len(r) for s, r in zip(self.model.scores(runs), runs, strict=True))


def _shared(one: str, two: str) -> int:
    """Return how many characters two strings begin with in common."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(two)))


def _gained(least: str, below: str) -> str:
    """Return what the second text reads where the first has a hole."""
    start = _shared(least, below)
    end = _shared(least[:start:-1], below[:start:-1])
    return below[start : len(below) - end].replace(MARK, "")


@cache
def _options(prefix: bytes) -> str:
    """Return the characters whose first two bytes are known; 0x80 would not have been lost."""
    codes = (bytes((*prefix, last)).decode("utf-8", "ignore") for last in range(0x81, 0xC0))
    return "".join(codes)


@cache
def _private(name: str) -> str:
    """Return the private-use characters whose bytes can be inside a sequence."""
    reading = view(name)
    return "".join(
        chr(c)
        for c in range(0xE000, 0xF8FF)
        if reading.size[c] == 2 and 0x80 <= reading.first[c] < 0xC0 > reading.second[c] >= 0x80
    )


def closed(text: str, holes: Sequence[bytes], name: str) -> str:
    """Fill holes of the last layer, reading `name`, that can be one mark only.

    That is one whose middle byte begins no pair, or a closing mark whose opening mark stands open;
    not where another hole stands between, which may be what closed it.
    """
    lone = _LONE if name in _PAIRED else {}
    if lone.keys().isdisjoint(holes) and _CLOSABLE.isdisjoint(holes):
        return text  # as is nearly every text: the search in it comes last
    if text.count(MARK) != len(holes):
        return text
    pieces = text.split(MARK)
    out = pieces[0]
    for raw, piece in zip(holes, pieces[1:], strict=True):
        since = out[-_REACH:].rpartition(MARK)[2]
        marks = _OPENING[raw[:2]] if raw in _CLOSABLE else ()
        found = (mark for mark in marks if since.count(CLOSES[mark]) > since.count(mark))
        out += lone.get(raw) or next(found, MARK)
        out += piece
    return out


def _raw(text: str, name: str) -> bytes:
    table = _bytes_of(name)
    return b"".join(table[min(ord(char), 0xFFFF)] for char in text)


def _fits(left: bytes, middle: bytes, right: bytes) -> bool:
    """Tell whether every byte in the middle is part of valid UTF-8, with what stands around it."""
    start, end = len(left), len(left) + len(middle)
    spans = (match.span() for match in SEQUENCE.finditer(left + middle + right))
    return sum(max(min(b, end) - max(a, start), 0) for a, b in spans) == len(middle)


def _below(text: str, names: tuple[str, ...]) -> tuple[str, int]:
    """Return the text under the layers, and how many `�` these have had themselves."""
    lost = 0
    for name in names:
        raw = _raw(text, name)
        lost += raw.count(b"\xef\xbf\xbd")
        text, _ = decode(raw)
    return text, lost


@cache
def _bytes_of(name: str) -> _Bytes:
    return _Bytes(view(name))


class _Bytes(dict[int, bytes]):
    """The bytes of each BMP character in a reading, made when they are asked for."""

    def __init__(self, reading: Reading) -> None:
        super().__init__({0xFFFD: bytes((UNKNOWN,))})
        self._reading = reading

    def __missing__(self, code: int) -> bytes:
        both = int(self._reading.first[code]), int(self._reading.second[code])
        found = self[code] = bytes(both[: self._reading.size[code]])
        return found
