"""Stretches of text whose marks, spaces and line breaks mean something to a machine.

Addresses, e-mail addresses, code between backticks, tags, entities, targets of Markdown links,
half-open intervals, lines of a program, entries of a bibliography (GB/T 7714 sets them with narrow
marks throughout).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat, takewhile

from pipeline.text.code import is_program

# Each pattern starts with a literal or a bounded class: linear. The sign says when it is tried.
_Row = tuple[str, re.Pattern[str]]
_CHOICE = re.compile(r"-\{[^{}]*\}-")
"""A wiki's choice between scripts; it may cross line ends."""
_END = r"[-+−0-9A-Za-z.∞π√/ ]{1,12}"
_TAGS: tuple[_Row, ...] = (
    ("`", re.compile(r"`[^`\n]+`")),
    ("<", re.compile(r"</?[A-Za-z!][^<>\n]*>")),
    ("](", re.compile(r"\]\([^()\s]*\)")),
    ("[", re.compile(rf"\[{_END}[,，]{_END}\)")),
    ("(", re.compile(rf"\({_END}[,，]{_END}\]")),
)
"""What begins with its sign, and stays on a line. The last two are half-open intervals."""
_MORE = r"(?:(?<=[/=])[\u3400-\u9fff_%0-9-]{1,60}(?:/[!-~]*|[?&][A-Za-z_]+=[!-~]*))*"
"""Ideographs in an address, where its own signs follow them: /wiki/中国?oldid=123&action=edit."""
_ADDRESSES: tuple[_Row, ...] = (
    ("://", re.compile(rf"[A-Za-z][A-Za-z0-9+.-]{{1,15}}://[!-~]+{_MORE}")),
    ("www.", re.compile(rf"www\.[!-~]+{_MORE}")),
    ("@", re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}")),
    ("&", re.compile(r"&\#?[A-Za-z0-9]{1,31};")),
)
"""What holds graphic ASCII only, and two characters of it at least."""

_SIGN = re.compile(r"[`<\[\]@&]|://|www\.")
"""What a line holds that has such a stretch, or an entry of a bibliography."""
_ENTRY = re.compile(r"\[(?:[JMDCNRSPZGKA]|[A-Z]{1,2}/OL)\] ?(?:[.,:]|//)")
"""The kind of a publication, as GB/T 7714 writes it behind a title: [J]. or [EB/OL]."""

# What stands before the sign, at most so many characters: looked for from the sign backwards, as
# every run of Latin letters could begin an address.
_HEADS = {
    "://": (16, re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}\Z")),
    "@": (64, re.compile(r"[A-Za-z0-9._%+-]{1,64}\Z")),
}


def unprotected(text: str, places: Sequence[int]) -> list[int]:
    """Return which of some places (sorted) are in none of these stretches: their numbers.

    Most do not cross a line end: they are looked for on the lines of the places only.

    >>> unprotected("见,http://a.cn/?b=1,2。", [1, 16])
    [0]
    """
    across = _across(text, places)
    # Which back quotes pair depends on the fences.
    tags = _TAGS[1:] if across and "```" in text else _TAGS
    free: list[int] = []
    i = 0
    while i < len(places):
        start, end = text.rfind("\n", 0, places[i]) + 1, text.find("\n", places[i])
        end = len(text) if end < 0 else end
        first, i = i, bisect_right(places, end, i)
        if is_program(text, start, end):
            continue
        here: Iterable[int] = range(first, i)
        if _SIGN.search(text, start, end):
            if _ENTRY.search(text, start, end):
                continue
            spans = _on_line(text, start, end, places[first:i], tags)
            here = [k for k in here if not _inside(spans, places[k])] if spans else here
        free += [k for k in here if not _inside(across, places[k])] if across else here
    return free


def _inside(spans: Sequence[tuple[int, int]], at: int) -> bool:
    i = bisect_right(spans, (at, 1 << 62)) - 1
    return i >= 0 and spans[i][0] <= at < spans[i][1]


def _across(text: str, places: Sequence[int]) -> list[tuple[int, int]]:
    """Return the stretches that may cross line ends and hold one of the places."""
    last = places[-1]
    # One character is looked for much faster than several.
    spans = list(_fenced(text, last)) if "`" in text and "```" in text else []
    if "{" in text and "-{" in text:
        spans += [m.span() for m in takewhile(lambda m: m.start() <= last, _CHOICE.finditer(text))]
    return _merged(spans)


def _fenced(text: str, last: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches between back quotes that begin up to `last`, in order.

    A fence runs to the end where it is never closed, as in Markdown.
    """
    at = text.find("`")
    while 0 <= at <= last:
        end = 0
        if text.startswith("```", at):
            close = text.find("```", at + 3)
            end = close + 3 if close >= 0 else len(text)
        else:
            close = text.find("`", at + 1)
            if close > at + 1 and text.find("\n", at, close) < 0:
                end = close + 1
        if end:
            yield at, end
        at = text.find("`", end or at + 1)


def _on_line(
    text: str, start: int, end: int, places: Sequence[int], tags: Sequence[_Row]
) -> list[tuple[int, int]]:
    """Return the stretches of a line text[start:end] that can hold one of the places on it."""
    spans: list[tuple[int, int]] = []
    last = places[-1]
    for sign, pattern in tags:
        if text.find(sign, start, last + 1) >= 0:
            within = pattern.finditer(text, start, end)
            spans += [match.span() for match in within if match.start() <= last]
    if any(map(_touches_ascii, repeat(text), places)):
        for sign, pattern in _ADDRESSES:
            if text.find(sign, start, end) >= 0:
                spans += _found(text, sign, pattern, start, end, last)
    return _merged(spans) if spans else spans


def _found(
    text: str, sign: str, pattern: re.Pattern[str], start: int, end: int, last: int
) -> Iterator[tuple[int, int]]:
    """Return the addresses of one kind in a line text[start:end] that begin up to `last`."""
    longest, head = _HEADS.get(sign, (0, None))
    done, at = start, text.find(sign, start, end)
    while 0 <= at <= last + longest:
        before = head.search(text, max(done, at - longest), at) if head else None
        begin = before.start() if before else at
        if (before or not head) and (match := pattern.match(text, begin, end)):
            yield begin, _end(match)
            done = match.end()
        at = text.find(sign, max(at + 1, done), end)


def _touches_ascii(text: str, at: int) -> bool:
    """Whether a graphic ASCII character stands at a place, and another one beside it."""
    if not "!" <= text[at : at + 1] <= "~":
        return False
    return "!" <= text[at + 1 : at + 2] <= "~" or (at > 0 and "!" <= text[at - 1] <= "~")


def _end(found: re.Match[str]) -> int:
    """Return where the stretch ends: a mark after an address belongs to the sentence."""
    if found[0][0] == "&":
        return found.end()
    whole = found[0].rstrip(",;:!?.'\"")
    while whole.endswith(")") and whole.count(")") > whole.count("("):
        whole = whole[:-1].rstrip(",;:!?.'\"")
    return found.start() + len(whole)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if len(spans) < 2:
        return spans
    spans.sort()
    merged = spans[:1]
    for start, end in spans[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
