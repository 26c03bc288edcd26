"""The byline in brackets behind the last sentence: （责任编辑：高原）, （常书香 马丹阳）."""

from __future__ import annotations

import re

from pipeline.text.fold import fold, variants
from pipeline.text.metadata.byline import read
from pipeline.text.metadata.names import people
from pipeline.text.metadata.statement import Statement

SIGNATURE_CHARS = 80
"""How long a byline in brackets behind a sentence can be."""

_TRAILING = re.compile(r"[(\[【][^()\[\]【】\n]{2,60}[)\]】]\s*$")
_CODE = re.compile(r"(?<=[)）】\]］])\d{7}$")
"""The day in years of the Republic, as Taiwan's news agency has it: （編輯：某某）1121120."""
_CLOSED = tuple(")）]］】〕")
_STOPS = tuple("".join(map(variants, '。!?"…)')))


def trailing(line: str) -> tuple[int, tuple[Statement, ...]] | None:
    """Return where a bracketed byline behind a sentence begins, and what it says; None without one.

    Bare names in the bracket are the author's.

    >>> at, says = trailing("目标如期实现。（责任编辑：高原）")
    >>> at, says[0].value
    (7, ['高原'])
    >>> trailing("过一个祥和的新春佳节。（常书香 马丹阳 ）")[1][0].value
    ['常书香', '马丹阳']
    >>> trailing("目標如期實現。（編輯：高原）1121120")[1][0].value
    ['高原']
    >>> trailing("目标如期实现。（完）")
    """
    line = line.rstrip()
    if line[-1:].isdecimal():
        line = _CODE.sub("", line)
    if not line.endswith(_CLOSED):
        return None
    opened = max(map(line.rfind, "(（[［【〔〖"))
    if opened < 1 or len(line) - opened > SIGNATURE_CHARS:
        return None
    first = max(len(line) - SIGNATURE_CHARS, 0)
    if not line[first:opened].rstrip().endswith(_STOPS):
        return None
    found = _TRAILING.match(fold(line[opened:]))
    if found is None:
        return None
    at = opened
    says = read(line[at:])
    if says:
        return (at, says) if any(s.alone for s in says) else None
    names = people(line[at:].strip()[1:-1], strict=True)
    if not names or any("·" in name for name in names):  # (嘉·证) is a note in a classic
        return None
    return at, (Statement("signature", "author", names, True),)
