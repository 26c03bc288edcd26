"""Stretches of code in a text: fenced blocks, `inline code`, <pre> and <code> elements."""

from __future__ import annotations

import re

# Each alternative is a literal and a bounded or lazy run to a literal: linear. A fence that is
# never closed runs to the end, as in Markdown.
_CODE = re.compile(
    r"^(?P<fence>```|~~~)[^\n]*\n.*?(?:^(?P=fence)|\Z)"
    r"|`[^`\n]{1,200}`"
    r"|<(?P<tag>pre|code)\b[^<>]{0,200}>.{0,20000}?</(?P=tag)>",
    re.DOTALL | re.MULTILINE,
)


def code_spans(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of every stretch of code, in order.

    >>> code_spans("用`a&lt;b`写")
    [(1, 9)]
    """
    if "`" not in text and "~~~" not in text and "<" not in text:
        return []
    return [match.span() for match in _CODE.finditer(text)]
