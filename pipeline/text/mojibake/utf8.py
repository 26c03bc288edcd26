"""Undoes one layer of "UTF-8 bytes read as something else".

UTF-8 synchronises itself: a lost byte costs the character that it was in, never the rest. So the
search works in bytes: the text goes back through the wrong reading's table, runs of valid UTF-8
are found, and the holes between them (`�`, `?`, a dropped character) become `�`.

Cores are runs of at least three sequences of three bytes. Two-byte sequences prove nothing: clean
GBK text holds them by chance (the 联通 effect).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.text.mojibake.codecs import FOREIGN, ONE_BYTE, UNKNOWN, Reading, reading

_SEQ3 = rb"[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]"
_SEQ = rb"(?:" + _SEQ3 + rb"|[\xc2-\xdf][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2})"
SEQUENCE = re.compile(_SEQ)
CORE_AMONG_DAMAGE = re.compile(rb"(?:" + _SEQ3 + rb"){2}")
"""What is enough in a text most of which is damaged in the same way."""
# Three characters (a middle dot may stand between, as in names), or Latin letters in UTF-8.
CORE = re.compile(
    rb"(?:(?:"
    + _SEQ3
    + rb")(?:\xc2\xb7)?){3}|(?:[\xc2\xc3\xc5\xcb][\x80-\xbf]|\xe2[\x80-\x84][\x80-\xbf]){6}"
)
# Through a single-byte reading UTF-8 of UTF-8 comes as two-byte sequences.
CORE_SINGLE = re.compile(rb"(?:" + _SEQ3 + rb"){2}|(?:[\xc2-\xdf][\x80-\xbf]){4}")
# An ASCII character inside a sequence is the narrow form of a full-width one, whose bytes are
# 0xA3 and itself + 0x80: the last two bytes of a sequence, or its last one and the next lead byte.
# A full-width space is 0xA1A1, `＄` 0xA1E7 and `～` 0xA1AB.
_NARROW = (
    rb"(?:[\xe1-\xef][!-#%-@~](?=[\xc2-\xef\x00-\x7f]|\Z)|[\xe1-\xef] (?=[\xe1-\xef][\x80-\xbf])"
    rb"|[\xe1-\xef][\x80-\xbf](?:[`-o$][\x80-\xbf])+[\x80-\xbf])"
)
_STRAY = rb"[\x80-\xc1\xf5-\xff]"
# A hole is what is left of one character, and the `?` of its lost byte.
_PIECE = re.compile(
    rb"(?P<good>(?:" + _SEQ + rb"|[\x00-\x3e\x40-\x7f]|\?(?!" + _STRAY + rb"))+)"
    rb"|(?P<hole>[\xe1-\xef]\?\?(?=[\xe1-\xef][\x80-\xbf?])|\?"
    + _STRAY
    + rb"+(?:\?"
    + _STRAY
    + rb"*)?"
    rb"|[\xc2-\xf4]" + _STRAY + rb"*\??" + _STRAY + rb"*|" + _STRAY + rb"+\??" + _STRAY + rb"*)"
)
# Browsers also read 0xA2E3 as `€`; our table takes it for 0x80, which leaves two stray bytes.
_EURO = re.compile(rb"(?<=[\xe1-\xef][\x80-\xbf])\x80(?=[\x80-\xbf]{2}(?![\x80-\xbf]))")
LITERAL = frozenset(map(ord, "“”‘’…—、。，·：；"))
"""Marks that may stand in a damaged stretch undamaged, where they make no sense as bytes."""
_STRONG = re.compile(_SEQ3 + rb"|(?:[\xc2\xc3\xc5\xcb][\x80-\xbf]){3}")
_TAIL = re.compile(rb"[\x80-\xbf]{1,3}")
_HEAD = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{0,2}")
_CUT = re.compile(rb"[\xe1-\xef][\x80-\xbf]")
_CROSSED = re.compile(rb"((?:" + _SEQ3 + rb"))([\x80-\xbf])(?![\x80-\xbf\xff?])")
"""A character and one stray byte: two characters that lost the two bytes where they met."""
MAX_HOLE = 6
"""Most bytes without meaning for each mark among them: two broken characters."""
_REMNANT = re.compile(rb"(?:[\x80-\xbf]{1,2})?(?:[\xe1-\xef][\x80-\xbf]?)?")
_REMNANTS = re.compile(rb"(?:[\x80-\xbf]{1,2}|[\xe1-\xef][\x80-\xbf]?)+")
"""The same where single bytes were dropped: those that a table has no character for, controls."""
MAX_GAPS = 9
"""Tokens looked ahead for more places where pairs were dropped."""
NARROWED = frozenset({"gbk", "cp949"})
"""Readings whose row 0xA3 holds the full-width forms of ASCII."""
SINGLE = frozenset(ONE_BYTE)


class Undone(NamedTuple):
    """A stretch of text with one layer undone: characters `start` to `end` become `text`.

    `sequences` counts the valid multi-byte sequences; `holes` are the bytes found at each `�` that
    the layer left, in order (UNKNOWN for a lost one).
    """

    start: int
    end: int
    text: str
    sequences: int
    holes: tuple[bytes, ...]


class Stretches(NamedTuple):
    """Stretches of a text, in order, with one layer undone: the fields of `Undone` as columns.

    `starts`, `ends`, `sequences`: int64 (n,).
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    texts: list[str]
    sequences: NDArray[np.int64]
    holes: list[tuple[bytes, ...]]

    @classmethod
    def of(cls, rows: Sequence[Undone]) -> Stretches:
        """Return stretches that were found one by one, in any order."""
        columns = zip(*sorted(rows), strict=True) if rows else repeat(())
        starts, ends, texts, sequences, holes = islice(columns, 5)
        begin, end, count = (np.array(x, np.int64) for x in (starts, ends, sequences))
        return cls(begin, end, list(texts), count, list(holes))

    def beside(self, rows: Sequence[Undone]) -> Stretches:
        """Return these and others, which were found one by one beside them."""
        if not rows:
            return self
        other = Stretches.of(rows)
        starts = np.append(self.starts, other.starts)
        order = np.argsort(starts, kind="stable")
        texts, holes = self.texts + other.texts, self.holes + other.holes
        return Stretches(
            starts[order],
            np.append(self.ends, other.ends)[order],
            [texts[i] for i in order.tolist()],
            np.append(self.sequences, other.sequences)[order],
            [holes[i] for i in order.tolist()],
        )

    def rows(self) -> Iterator[Undone]:
        """Yield the stretches one by one."""
        starts, ends, texts, sequences, holes = self
        numbers = starts.tolist(), ends.tolist(), sequences.tolist()
        return map(Undone, numbers[0], numbers[1], texts, numbers[2], holes)


@cache
def _token(name: str) -> re.Pattern[bytes]:
    seq = rb"(?:" + _SEQ + (rb"|" + _NARROW if name in NARROWED else rb"") + rb")"
    return re.compile(
        rb"(?P<good>" + seq + rb"+)|(?P<ascii>[\x00-\x7f]+?)(?=[\x80-\xff]|\Z)|(?P<foreign>\xfe+)"
        rb"|(?P<bad>[\x80-\xfd\xff]+?)(?=" + seq + rb"|[\x00-\x7f\xfe]|\Z)"
    )


@cache
def view(name: str) -> Reading:
    """Return a reading without the characters whose bytes cannot be part of UTF-8."""
    full = reading(name)
    never = np.zeros(256, bool)
    never[[0xC0, 0xC1, *range(0xF5, 0xFF)]] = True
    # An ASCII trail byte can only be the character after the last byte of a sequence (家G → 瀹禛).
    low_trail = (full.size == 2) & (full.second < 0x80) & (full.first >= 0xC0)
    bad = never[full.first] | ((full.size == 2) & never[full.second]) | low_trail
    first, size = full.first.copy(), full.size.copy()
    first[bad], size[bad] = FOREIGN, 1
    return Reading(name, first, full.second, size, full.single)


_QUESTIONS = re.compile(rb"\?{0,3}")
_QUESTIONS_BEFORE = re.compile(rb"\?{0,3}\Z")


class Line:
    """One line of a text in the bytes of a wrong reading, cut into tokens."""

    def __init__(
        self,
        name: str,
        core: re.Pattern[bytes],
        data: bytes,
        line: tuple[int, int],
        starts: NDArray[np.int64],
        codes: NDArray[np.uint32],
    ) -> None:
        self.name, self.core, self.data, self.starts, self.codes = name, core, data, starts, codes
        self.tokens = [
            token
            for m in _token(name).finditer(data, *line)
            for token in self._tokens(m.lastgroup or "", m.start(), m.end())
        ]

    def _tokens(self, group: str, a: int, b: int) -> Iterator[tuple[str, int, int]]:
        """Yield one token, or bytes without meaning cut at the marks that stand for themselves."""
        if group == "bad" and b - a > 1:
            starts = self.starts.data  # of few places, each is found faster than by an array
            for i in range(bisect_left(starts, a), bisect_left(starts, b - 1)):
                c, d = starts[i], starts[i + 1]
                alone = c == a or self.data[c - 1] == UNKNOWN
                if alone and d <= b and int(self.codes[i]) in LITERAL:
                    if c > a:
                        yield group, a, c
                    yield "literal", c, d
                    a = d
        if a < b:
            yield group, a, b

    def stretches(self) -> Iterator[Undone]:
        """Yield the damaged stretches of the line: each core with what belongs to it."""
        i = done = 0
        while i < len(self.tokens):
            kind, a, b = self.tokens[i]
            if kind != "good" or self.core.search(self.data, a, b) is None:
                i += 1
                continue
            left, right = max(self._extend(i, -1), done), self._extend(i, +1)
            left += self.tokens[left][0] == "ascii"  # what lies between two stretches
            done = i = right + 1
            s, e = self.tokens[left][1], self.tokens[right][2]
            # A `?` beside the stretch may be a byte that this layer or a later one lost.
            before = _QUESTIONS_BEFORE.search(self.data[max(s - 3, 0) : s])
            after = _QUESTIONS.match(self.data, e)
            s -= len(before[0]) if before else 0
            e += len(after[0]) if after else 0
            s, e = self._aligned(s, e)
            if s < e:
                yield self._undone(s, e, left, right)

    def _undone(self, s: int, e: int, left: int, right: int) -> Undone:
        pieces: list[str] = []
        holes: list[bytes] = []
        at = s
        for kind, a, b in [*self.tokens[left : right + 1], ("literal", e, e)]:
            if kind == "literal":
                text, lost = decoded(self.name, self.data[at:a])
                i = int(np.searchsorted(self.starts, a))
                pieces += (text, chr(int(self.codes[i])) if b > a else "")
                holes += lost
                at = b
        text = "".join(pieces)
        first, last = (int(x) for x in np.searchsorted(self.starts, (s, e)))
        return Undone(first, last, text, sum(map(_is_sequence, text)), tuple(holes))

    def _extend(self, i: int, step: int) -> int:
        """Return the last token that belongs to the stretch around core i, in one direction."""
        last = i
        j = i + step
        while 0 <= j < len(self.tokens):
            kind = self.tokens[j][0]
            if kind == "foreign" or (kind == "bad" and not self._is_hole(j, step)):
                break
            # A lone two-byte sequence is chance as often as not: it belongs to what follows it.
            if kind == "bad" or (kind == "good" and self._is_strong(j, step)):
                last = j
            j += step
        return last

    def _is_hole(self, j: int, step: int) -> bool:
        _, a, b = self.tokens[j]
        data = self.data
        if b - a > MAX_HOLE * max(data.count(UNKNOWN, a, b), 1):
            return False
        marked = 0xFF in data[a:b] or data[b : b + 1] == b"?" or data[a - 1 : a] == b"?"
        if marked:
            return True
        if not 0 <= j + step < len(self.tokens):
            # At the edge of a line: what is left of one character there, not a clean word.
            if self.name in SINGLE and self.tokens[j - step][0] == "good":
                return self._is_remnant(j)
            return (_TAIL if step < 0 else _HEAD).fullmatch(data, a, b) is not None
        # Without a mark: a character that lost its last byte to the ASCII after it, or what valid
        # text follows.
        if _CUT.fullmatch(data, a, b) and self.tokens[j + 1 : j + 2]:
            if self.tokens[j + 1][0] == "ascii":
                return self.tokens[j - 1][0] in ("good", "ascii")
            if self.name != "gbk" and self.name not in SINGLE:
                return False
        return self._goes_on(j, step)

    def _goes_on(self, j: int, step: int) -> bool:
        """Tell whether valid text follows an unmarked hole: two characters, or all of the rest.

        Where private-use characters or controls were dropped, such holes may stand between any
        two characters.
        """
        dropped = (self.name == "gbk" or self.name in SINGLE) and self._is_remnant(j)
        seen = 0
        if dropped and self.name in SINGLE and self.tokens[j + step][0] == "ascii":
            return self.tokens[j - step][0] == "good"
        for i in range(j + step, j + step * (MAX_GAPS if dropped else 2), step):
            if not 0 <= i < len(self.tokens):
                return seen > 0
            kind, a, b = self.tokens[i]
            if kind == "good" and self.data[a] >= 0xE1:
                seen += b - a
                if b - a >= 6:
                    return True
            elif kind != "bad" or not self._is_remnant(i):
                return kind == "ascii" and seen > 0 and dropped
        return False

    def _is_remnant(self, j: int) -> bool:
        """Tell whether bytes may be left of characters that lost a pair of bytes."""
        remnant = _REMNANTS if self.name in SINGLE else _REMNANT
        return remnant.fullmatch(self.data, *self.tokens[j][1:]) is not None

    def _is_strong(self, j: int, step: int) -> bool:
        """Tell valid text from a sequence that two clean characters make by chance."""
        _, a, b = self.tokens[j]
        if self.name in SINGLE or self.core.search(self.data, a, b):
            return True
        if _STRONG.search(self.data, a, b) is None:
            return False
        beyond = j + step
        if b - a >= 6 or not 0 <= beyond < len(self.tokens) or self.tokens[beyond][0] != "bad":
            return True
        return self._is_hole(beyond, step)

    def _aligned(self, s: int, e: int) -> tuple[int, int]:
        """Shrink a stretch of bytes to whole characters of the damaged text."""
        starts = self.starts
        if starts[np.searchsorted(starts, s)] != s and (hit := self.core.search(self.data, s)):
            s = hit.start()  # what two clean characters made by chance, before the damage
        while s < e and starts[np.searchsorted(starts, s)] != s:
            s += 1
        if starts[np.searchsorted(starts, e)] != e and self.data[e] < 0x80:
            e += 1  # an ASCII character that became the second byte of a pair
        while s < e and starts[np.searchsorted(starts, e)] != e:
            e -= 1
        return s, e


def _is_sequence(char: str) -> bool:
    return char > "\x7f" and char != "\ufffd"


_WEDGED = re.compile(
    rb"(?<=[\xe1-\xef])(?:[!-#%-@~](?=[\xc2-\xef\x00-\x7f]|\Z)| (?=[\xe1-\xef][\x80-\xbf]))"
    rb"|(?<=[\xe1-\xef`-o$][\x80-\xbf])[`-o$](?=[\x80-\xbf])"
)


_WIDE = {bytes((c,)): bytes((0xA3, c | 0x80)) for c in range(0x21, 0x7F)} | {
    b" ": b"\xa1\xa1",
    b"$": b"\xa1\xe7",
    b"~": b"\xa1\xab",
}


def widened(raw: bytes) -> bytes:
    """Undo a width normalisation that came after the damage, where only that gives UTF-8."""
    return _WEDGED.sub(lambda match: _WIDE[match[0]], raw)


def decoded(name: str, raw: bytes) -> tuple[str, list[bytes]]:
    """Decode the bytes of a stretch that reading `name` had hit, with all that it does to them."""
    if name == "gbk":
        # Only pairs that cp936 gives private-use characters vanish, and they end in a lead.
        raw = _CROSSED.sub(b"\xff" * 5, _EURO.sub(b"\xa2\xe3", raw))
    return decode(widened(raw) if name in NARROWED else raw)


def marks_for(size: int) -> int:
    """Return how many characters a hole of so many bytes, lost ones among them, stands for."""
    return max((size + 1) // 3, 1)


def decode(raw: bytes) -> tuple[str, list[bytes]]:
    """Decode UTF-8 with holes: `�` for each character that was there, by the bytes that are left.

    Returns the text and the bytes at each `�` (of a hole of several, at the first).
    """
    pieces: list[str] = []
    holes: list[bytes] = []
    for match in _PIECE.finditer(raw):
        if match.lastgroup == "hole":
            marks = marks_for(len(match[0]))
            holes += [match[0], *[b""] * (marks - 1)]
            pieces.append("\ufffd" * marks)
        else:
            text = match[0].decode()
            holes += [b""] * text.count("\ufffd")  # one that an earlier layer left
            pieces.append(text)
    return "".join(pieces), holes
