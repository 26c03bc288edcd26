"""Stretches of text whose marks, spaces and line breaks mean something to a machine.

Addresses, e-mail addresses, code between backticks, tags, entities, targets of Markdown links.
"""

from __future__ import annotations

import re
import sys
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


def _found(text: str, sign: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Return the matches of a pattern, as `finditer` gives them."""
    if sign not in _HEADS:
        yield from pattern.finditer(text)
        return
    longest, head = _HEADS[sign]
    done, at = 0, text.find(sign)
    while at >= 0:
        before = head.search(text, max(done, at - longest), at)
        if before and (match := pattern.match(text, before.start())):
            yield match
            done = match.end()
        at = text.find(sign, max(at + 1, done))


def spans_at(text: str, places: Sequence[int]) -> list[tuple[int, int]]:
    """Return the protected stretches that tell which of some places are in one.

    Kinds of stretches that hold none of the places are not looked for.

    >>> spans_at("见http://a.cn/?b=1,2。", [15])
    [(1, 19)]
    """
    wanted = [row for row in _PATTERNS if row[0] in text]
    if wanted and not any(map(_touches_ascii, repeat(text), places)):
        wanted = [row for row in wanted if row[0] not in _GRAPHIC]
    wanted = [
        row
        for row in wanted
        if row[0] not in _ON_ONE_LINE or any(map(_follows, repeat(text), places, repeat(row[0])))
    ]
    return _spans(text, wanted, max(places, default=0))


_GRAPHIC = frozenset(("://", "www.", "@", "&"))
"""Signs of stretches that hold graphic ASCII only, and two of it at least."""
_ON_ONE_LINE = frozenset(("<", "]("))
"""Signs of stretches that begin with them and do not cross a line end."""


def _touches_ascii(text: str, at: int) -> bool:
    """Whether a graphic ASCII character stands at a place, and another one beside it."""
    if not "!" <= text[at : at + 1] <= "~":
        return False
    return "!" <= text[at + 1 : at + 2] <= "~" or (at > 0 and "!" <= text[at - 1] <= "~")


def _follows(text: str, at: int, sign: str) -> bool:
    return text.rfind(sign, text.rfind("\n", 0, at) + 1, at + 1) >= 0


def _spans(
    text: str, patterns: Sequence[tuple[str, re.Pattern[str]]], last: int = sys.maxsize
) -> list[tuple[int, int]]:
    spans = [
        (match.start(), _end(match, sign))
        for sign, pattern in patterns
        for match in takewhile(lambda match: match.start() <= last, _found(text, sign, pattern))
    ]
    return _merged(sorted(spans)) if len(spans) > 1 else spans


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
