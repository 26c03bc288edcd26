"""HTML entities that a bad extraction left in a text: `&nbsp;`, `&amp;ldquo;`, `&#20013;`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.entities import html5

# One entity, and any number of &amp; in front of it: it was escaped again and again.
_ENTITY = re.compile(
    r"&(?:(?:amp|AMP|#0{0,4}38|#[xX]0{0,4}26);)*"
    r"(?:(#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});|nbsp(?![A-Za-z0-9=]))"
)
# A text about HTML shows entities on purpose; one with tags shows at least those that make tags.
# 实体经济 and legal entities are other things.
_ABOUT_HTML = re.compile(
    r"HTML|XML|[Ee]scap(?:ed|(?:e|ing) (?:char|code|seq))|[Cc]haracter [Ee]ntit|[Ee]ntity [Rr]ef"
    r"|转义|轉義|跳脫(?:字|序)|(?:字符|字元)(?:实体|實體)|(?:实体|實體)(?:引用|参照|參照|编码|編碼|字|符|名)"
)
_STEMS = ("HTML", "XML", "scap", "ntit", "转义", "轉義", "跳脫", "字符", "字元", "实体", "實體")
"""One of these is in a text in which _ABOUT_HTML finds something: looked for 20 times as fast."""
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]{0,15}(?:\s[^<>\n]{0,200})?/?>")
_MAKES_TAGS = frozenset("<>&\"'")


def entities(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, character) for every entity of a text that is not about HTML.

    Only complete entities: `&copy=1` in an address has no semicolon. A blank may lack it.
    """
    if "&" not in text:
        return
    found = [
        (match.start(), match.end(), character)
        for match in _ENTITY.finditer(text)
        if (character := _character(match[1] or "nbsp")) and character != match[0]
    ]
    if not found or (any(stem in text for stem in _STEMS) and _ABOUT_HTML.search(text)):
        return
    shown = _MAKES_TAGS if _TAG.search(text) else frozenset()
    yield from (change for change in found if change[2] not in shown)


def _character(name: str) -> str:
    """Return what an entity of this name stands for, or an empty string."""
    return unescape(f"&{name};") if name[0] == "#" or name + ";" in html5 else ""
