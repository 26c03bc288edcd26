"""Markdown links in a line: the words that they show, or where they lead."""

from __future__ import annotations

import re

_LINK = re.compile(r"\[([^\[\]\n]{1,300})\](?:\(([^()\s]{0,400})\)|\[[^\[\]\n]{0,20}\])")


def links_shown(line: str, folded: str, *, targets: bool = False) -> tuple[str, str]:
    """Put what links show in their place, in a line and in its folded twin.

    `targets`: where they lead instead, if that is said.

    >>> links_shown("译者：[某某](https://example.org/a)", "译者:[某某](https://example.org/a)")
    ('译者：某某', '译者:某某')
    """
    shown: list[str] = []
    shown_folded: list[str] = []
    at = 0
    for found in _LINK.finditer(line):
        start, end = found.span(2 if targets and found[2] else 1)
        shown += (line[at : found.start()], line[start:end])
        shown_folded += (folded[at : found.start()], folded[start:end])
        at = found.end()
    return "".join([*shown, line[at:]]), "".join([*shown_folded, folded[at:]])
