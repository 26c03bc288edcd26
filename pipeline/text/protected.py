"""Stretches of text whose marks, spaces and line breaks mean something to a machine.

Addresses, e-mail addresses, code between backticks, tags, entities, targets of Markdown links.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import repeat, takewhile

# Each pattern starts with a literal or a bounded class: linear. The sign says when it is tried.
_PATTERNS = tuple(
    (sign, re.compile(pattern, re.DOTALL))
    for sign, pattern in (
        # a fence runs to the end where it is never closed, as in Markdown
        ("`", r"```.*?(?:```|\Z)|`[^`\n]+`"),
        ("<", r"</?[A-Za-z!][^<>\n]*>"),
        ("://", r"[A-Za-z][A-Za-z0-9+.-]{1,15}://[!-~]+"),
        ("www.", r"www\.[!-~]+"),
        ("@", r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}"),
        ("&", r"&\#?[A-Za-z0-9]{1,31};"),
        ("](", r"\]\([^()\s]*\)"),
        ("-{", r"-\{[^{}]*\}-"),  # a wiki's choice between scripts
    )
)

# What stands before the sign, at most so many characters: looked for from the sign backwards, as
# every run of Latin letters could begin an address.
_HEADS = {
    "://": (16, re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}\Z")),
    "@": (64, re.compile(r"[A-Za-z0-9._%+-]{1,64}\Z")),
}


_ACROSS = frozenset(("`", "-{"))
"""Signs of stretches that may cross line ends."""
_GRAPHIC = frozenset(("://", "www.", "@", "&"))
"""Signs of stretches that hold graphic ASCII only, and two of it at least."""


def spans_at(text: str, places: Sequence[int]) -> list[tuple[int, int]]:
    """Return the protected stretches that tell which of some places (sorted) are in one.

    Most do not cross a line end: they are looked for on the lines of the places only, where they
    can hold one.

    >>> spans_at("见http://a.cn/?b=1,2。", [15])
    [(1, 19)]
    """
    wanted = [row for row in _PATTERNS if row[0] in text]
    if not wanted or not places:
        return []
    spans: list[tuple[int, int]] = []
    inline: list[tuple[str, re.Pattern[str]]] = []
    for sign, pattern in wanted:
        if sign in _ACROSS:
            within = takewhile(lambda match: match.start() <= places[-1], pattern.finditer(text))
            spans += [match.span() for match in within]
        else:
            inline.append((sign, pattern))
    if inline:
        spans += _on_lines(text, places, inline)
    return _merged(sorted(spans)) if len(spans) > 1 else spans


def _on_lines(
    text: str, places: Sequence[int], patterns: Sequence[tuple[str, re.Pattern[str]]]
) -> Iterator[tuple[int, int]]:
    i = 0
    while i < len(places):
        start, end = text.rfind("\n", 0, places[i]) + 1, text.find("\n", places[i])
        end = len(text) if end < 0 else end
        within = places[i : bisect_right(places, end, i)]
        i += len(within)
        graphic = any(map(_touches_ascii, repeat(text), within))
        for sign, pattern in patterns:
            # An address may begin before its sign, a tag does not.
            last = end if sign in _GRAPHIC else within[-1] + 1
            if (graphic or sign not in _GRAPHIC) and text.find(sign, start, last) >= 0:
                yield from _found(text, sign, pattern, start, end)


def _found(
    text: str, sign: str, pattern: re.Pattern[str], start: int, end: int
) -> Iterator[tuple[int, int]]:
    """Return the stretches of one kind in a line text[start:end]."""
    if sign not in _HEADS:
        yield from ((m.start(), _end(m, sign)) for m in pattern.finditer(text, start, end))
        return
    longest, head = _HEADS[sign]
    done, at = start, text.find(sign, start, end)
    while at >= 0:
        before = head.search(text, max(done, at - longest), at)
        if before and (match := pattern.match(text, before.start(), end)):
            yield match.start(), _end(match, sign)
            done = match.end()
        at = text.find(sign, max(at + 1, done), end)


def _touches_ascii(text: str, at: int) -> bool:
    """Whether a graphic ASCII character stands at a place, and another one beside it."""
    if not "!" <= text[at : at + 1] <= "~":
        return False
    return "!" <= text[at + 1 : at + 2] <= "~" or (at > 0 and "!" <= text[at - 1] <= "~")


def _end(found: re.Match[str], sign: str) -> int:
    """Return where the stretch ends: a mark after an address belongs to the sentence."""
    if sign not in ("://", "www.", "@"):
        return found.end()
    whole = found[0].rstrip(",;:!?.'\"")
    while whole.endswith(")") and whole.count(")") > whole.count("("):
        whole = whole[:-1].rstrip(",;:!?.'\"")
    return found.start() + len(whole)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged = spans[:1]
    for start, end in spans[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
