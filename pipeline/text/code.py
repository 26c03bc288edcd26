"""Stretches of code in a text: fenced blocks, `inline code`, <pre> and <code> elements."""

from __future__ import annotations

import re

# Openings only; the end is looked for with `find`, which is linear however many stay open.
_OPENING = re.compile(
    r"^(?P<fence>```|~~~)|(?P<inline>`)[^`\n]{1,200}`|<(?P<tag>pre|code)\b[^<>]{0,200}>",
    re.MULTILINE,
)
MAX_ELEMENT = 20_000
"""Characters: a longer <pre> or <code> is a tag that was never closed."""


def code_spans(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of every stretch of code, in order.

    >>> code_spans("用`a&lt;b`写")
    [(1, 9)]
    """
    if "`" not in text and "~~~" not in text and "<" not in text:
        return []
    spans: list[tuple[int, int]] = []
    done = 0
    closing: dict[str, int] = {}  # where the next end of each kind stands; past the text: nowhere
    for match in _OPENING.finditer(text):
        start = match.start()
        if start < done:
            continue
        if match["inline"]:
            done = match.end()
        else:
            end = "\n" + match["fence"] if match["fence"] else f"</{match['tag']}>"
            at = closing.get(end, -1)
            if at < match.end():
                found = text.find(end, match.end())
                at = closing[end] = found if found >= 0 else len(text) + MAX_ELEMENT + 1
            if match["tag"] and at - start > MAX_ELEMENT:
                continue
            done = min(len(text), at + len(end))  # an open fence runs to the end, as in Markdown
        spans.append((start, done))
    return spans
