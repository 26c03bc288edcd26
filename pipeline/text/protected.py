"""Stretches of text whose marks, spaces and line breaks mean something to a machine.

Addresses, e-mail addresses, code between backticks, tags, entities, targets of Markdown links.
"""

from __future__ import annotations

import re

# Every alternative starts with a literal and runs over a negated class: linear.
_SPANS = re.compile(
    r"```.*?(?:```|\Z)"  # a fence runs to the end where it is never closed, as in Markdown
    r"|`[^`\n]+`"
    r"|</?[A-Za-z!][^<>\n]*>"
    r"|[A-Za-z][A-Za-z0-9+.-]{1,15}://[!-~]+"
    r"|www\.[!-~]+"
    r"|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}"
    r"|&\#?[A-Za-z0-9]{1,31};"
    r"|\]\([^()\s]*\)",
    re.DOTALL,
)
_SIGNS = ("://", "www.", "@", "`", "<", "&", "](")


def protected_spans(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of every protected stretch, in order, not overlapping.

    >>> protected_spans("见http://a.cn/?b=1,2。")
    [(1, 17)]
    """
    if not any(sign in text for sign in _SIGNS):
        return []
    return [(m.start(), _end(m)) for m in _SPANS.finditer(text)]


def _end(found: re.Match[str]) -> int:
    """Return where the stretch ends: a mark after an address belongs to the sentence."""
    if "`" in found[0] or found[0][-1] in ">;" or found[0].startswith("]("):
        return found.end()
    whole = found[0].rstrip(",;:!?.'\"")
    while whole.endswith(")") and whole.count(")") > whole.count("("):
        whole = whole[:-1].rstrip(",;:!?.'\"")
    return found.start() + len(whole)
