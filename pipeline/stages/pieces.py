"""Cuts a very long text into pieces, where it hurts least."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SEAM_CHARS = 1 << 16
"""How far beyond its size a piece goes to end between two lines of prose, or at least with one."""
_PROSE_SEAM = r"[。！？]\n(?=[\u3400-\u9fff][^\n]{40})"
"""Nothing stands there that belongs to the end of a page or to its beginning."""
_ANY_SEAM = "\n"
_NO_LINE = "[ \r。！？]"  # a text of one line


def pieces(text: str, size: int) -> Iterator[str]:
    """Cut a text into pieces of `size` characters or a little more, where it hurts least."""
    start = 0
    while len(text) - start > size:
        end = _seam(text, start + size)
        yield text[start:end]
        start = end
    yield text[start:]


def _seam(text: str, place: int) -> int:
    """Return where to cut: from `place` on, before `place + _SEAM_CHARS`."""
    for seam in (_PROSE_SEAM, _ANY_SEAM, _NO_LINE):
        if found := re.compile(seam).search(text, place, place + _SEAM_CHARS):  # `re` keeps it
            return found.end()
    return min(place + _SEAM_CHARS, len(text))
