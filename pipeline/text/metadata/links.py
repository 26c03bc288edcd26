"""Markdown links in a line: the words that they show, or where they lead."""

from __future__ import annotations

import re
from operator import itemgetter

_LINK = re.compile(r"\[([^\[\]\n]{1,300})\](?:\(([^()\s]{0,400})\)|\[[^\[\]\n]{0,20}\])")

_SHOWN = itemgetter(1)  # a template is taken apart in Python


def links_shown(line: str, *, targets: bool = False) -> str:
    """Put what links show in their place; `targets`: where they lead instead, if that is said.

    >>> links_shown("译者：[某某](https://example.org/a)")
    '译者：某某'
    """
    return _LINK.sub(_target if targets else _SHOWN, line)


def _target(link: re.Match[str]) -> str:
    return link[2] or link[1]
