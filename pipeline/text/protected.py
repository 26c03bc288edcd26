"""Stretches of text whose marks, spaces and line breaks mean something to a machine.

Addresses, e-mail addresses, code between backticks, tags, entities, targets of Markdown links.
"""

from __future__ import annotations

import re

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


def protected_spans(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of every protected stretch, in order; they may nest.

    >>> protected_spans("见http://a.cn/?b=1,2。")
    [(1, 17)]
    """
    spans = [
        (match.start(), _end(match, sign))
        for sign, pattern in _PATTERNS
        if sign in text
        for match in pattern.finditer(text)
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
