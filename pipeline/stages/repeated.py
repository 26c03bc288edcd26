"""The lines of a text, why some of them go, and the receipts by which they do."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, compress
from typing import NamedTuple

from pipeline.document import Edit
from pipeline.text.repetition.pasted import Copy
from pipeline.text.repetition.repeatable import SENTENCE_END

NAME = "repetition"


class Lines(NamedTuple):
    """The lines of a text that are not blank: spans (line breaks not included) and bare texts."""

    start: list[int]
    end: list[int]
    bare: list[str]


class Repeat(NamedTuple):
    """Why a line goes: the rule, the line that stays for it, how sure (0-1)."""

    rule: str
    twin: int
    confidence: float = 1.0


_OWN_CHARS, _OWN_SHARE = 10, 0.25  # of a line in a copy, what is its own; with more, it stays
_GLUED = 0.8  # of the share of a text that stands twice: less within a line is a refrain
WHOLE = 0.45  # of a text that stands twice, so much is the second time; titles differ
_OPENING = "“‘「『（(《〈【[［"
ENDS = {*SENTENCE_END, *"；;：:.!?"}


def lines_of(text: str) -> Lines:
    """Return the lines of a text that are not blank."""
    raw = text.split("\n")
    bare = list(map(str.strip, raw))
    ends = [end + i for i, end in enumerate(accumulate(map(len, raw)))]
    starts = [0, *(end + 1 for end in ends)]
    full = list(compress(bare, bare))
    return Lines(list(compress(starts, bare)), list(compress(ends, bare)), full)


def removals(text: str, lines: Lines, gone: dict[int, Repeat]) -> list[Edit]:
    """Return the edits that take lines out, each with the break and the blank lines after it.

    At the end of the text there is nothing to keep apart: there it is the break before that goes.
    """
    tail = len(lines.bare)
    while tail - 1 in gone:
        tail -= 1
    edits: list[Edit] = []
    for i, (rule, twin, confidence) in sorted(gone.items()):
        start, end = lines.start[i], lines.end[i]
        if i < tail:
            end = lines.start[i + 1]
        else:
            start = lines.end[i - 1]
        # Not where it stands: a long text comes here in pieces, which know nothing of their places.
        away = lines.start[twin] - lines.start[i]
        note = f"repeats the text {abs(away)} characters {'before' if away < 0 else 'after'}"
        edits.append(Edit(NAME, rule, start, end, text[start:end], "", confidence, note))
    return edits


def without(text: str, lines: Lines, copies: Sequence[Copy]) -> list[Edit]:
    """Return the edits that take copies out: their lines, and of a line that they share, a part."""
    gone: dict[int, Repeat] = {}
    parts: list[Edit] = []
    for copy in copies:
        _take_out(text, lines, copy, gone, parts)
    edits = removals(text, lines, gone)
    for part in parts:
        if all(part.end <= edit.start or part.start >= edit.end for edit in edits):
            edits.append(part)
    return sorted(edits, key=lambda edit: edit.start)


def _take_out(
    text: str, lines: Lines, copy: Copy, gone: dict[int, Repeat], parts: list[Edit]
) -> None:
    """Add the lines of a copy to those that go, and its part of a line that it shares."""
    first = bisect_right(lines.start, copy.start) - 1
    twin = bisect_right(lines.start, copy.kept) - 1
    for i in range(first, bisect_left(lines.start, copy.end)):
        start, end = lines.start[i], lines.end[i]
        a, b = max(start, copy.start), min(end, copy.end)
        a = _opened(text, a) if _says(text[start:a]) else start
        b = b if _says(text[b:end]) else end
        share = copy.share_of(a, b)
        own = (1 - share) * (b - a)
        if share < 0.5 or own > max(_OWN_CHARS, _OWN_SHARE * (b - a)):
            continue
        if (a, b) == (start, end):
            gone[i] = Repeat("pasted-block", twin, copy.share)
        elif copy.end - copy.start >= WHOLE * _GLUED * len(text) and _begins(text, a, copy):
            b = b if b == end else _last_end(text, a, b)
            note = "repeats a part of the text"
            parts.append(Edit(NAME, "pasted-block", a, b, text[a:b], "", copy.share, note))


def _opened(text: str, at: int) -> int:
    """Return where the brackets and quotation marks begin that open here."""
    while at and text[at - 1] in _OPENING:
        at -= 1
    return at


def _begins(text: str, at: int, copy: Copy) -> bool:
    """Whether a sentence begins here, or a line where it is said the other time."""
    places = (at, _opened(text, copy.kept)) if at <= copy.start else (at,)
    return any(text[place - 1 : place] in {"", "\n", *ENDS, *"】］]"} for place in places)


def _last_end(text: str, start: int, end: int) -> int:
    """Return where the last sentence ends that ends there."""
    while end > start and text[end - 1] not in ENDS:
        end -= 1
    while text[end : end + 1] in ENDS:
        end += 1
    return end


def _says(text: str) -> bool:
    return any(map(str.isalnum, text))
