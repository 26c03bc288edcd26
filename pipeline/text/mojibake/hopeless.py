"""Marks what no bytes can tell any more, and recognises texts that only talk about damage.

`锟斤拷` is two U+FFFD in UTF-8 read as GBK: the bytes were thrown away before. `烫烫烫` and
`屯屯屯` are uninitialised memory (0xCC, 0xCD) read as GBK. Both become `�`, unless the text
explains them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

MARK = "\ufffd"
_PATTERNS = (
    # One 锟斤拷 is a quotation as often as not; torn ones may stand at either end of a run.
    ("replaced-then-utf8-as-gbk", re.compile("拷?(?:锟斤拷){2,}(?:锟斤?)?")),
    ("uninitialised-memory", re.compile("烫{6,}|屯{6,}")),
)
_SIGNS = ("锟斤拷锟斤拷", "烫" * 6, "屯" * 6)
# The first characters stand in one class: `re` then skips to them, seven times as fast.
ABOUT = re.compile(
    '[乱亂文编編字替锟“「『"MmUuGgBbEeCc](?:(?<=乱)码|(?<=亂)碼|(?<=文)字化け|(?<=编)码|(?<=編)碼'
    '|(?<=字)[符元]集|(?<=替)换字符|(?<=锟)斤拷[”」』"]|(?<=[“「『"])锟斤拷'
    "|(?i:(?<=m)ojibake|(?<=u)(?:tf-?8|nicode)|(?<=g)b(?:k|2312|18030)|(?<=b)ig5|(?<=e)ncoding"
    "|(?<=c)harset))"
)
"""Words of texts about encodings, which quote damage on purpose."""
_WIDE = "乱码 亂碼 文字化け 编码 編碼 字符集 字元集 替换字符 锟斤拷"
_NARROW = "mojibake utf8 utf-8 gbk gb2312 gb18030 big5 unicode encoding charset"


class Mentions:
    """Which texts, that stand one after the other, may have a word of ABOUT.

    Looking for plain words first is 30 times faster than the pattern: in what is left of the texts
    without the characters that are in no word, of damaged ones little.
    """

    def __init__(self, codes: NDArray[np.uint32]) -> None:
        """Take the code points of the texts."""
        signs, words = _signs()
        self.signs = signs.take(codes, mode="clip").tobytes()
        alone = self.signs.translate(None, b"\0")
        self.words = [word for word in words if word in alone]

    def between(self, start: int, end: int) -> bool:
        """Tell whether a part of the texts may have such a word."""
        return any(self.signs.find(word, start, end) >= 0 for word in self.words)


@cache
def _signs() -> tuple[NDArray[np.uint8], list[bytes]]:
    """Return a byte for each code point, 0 for one that is in no word: uint8 (65537,); the words.

    Capitals have those of small letters.
    """
    table = np.zeros(65537, np.uint8)
    for sign, char in enumerate(sorted({*_NARROW, *_WIDE} - {" "}), start=1):
        table[[ord(char), ord(char.upper())]] = sign
    words = f"{_NARROW} {_WIDE}".split()
    return table, [table[[ord(char) for char in word]].tobytes() for word in words]


def about_damage(text: str) -> list[tuple[int, int]]:
    """Return start and end of each word in a text that speaks of encodings."""
    return [match.span() for match in ABOUT.finditer(text)]


def hopeless(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield rule, start and end of each stretch that is beyond repair."""
    if not any(sign[0] in text and sign in text for sign in _SIGNS):
        return
    found = [(rule, m.start(), m.end()) for rule, p in _PATTERNS for m in p.finditer(text)]
    if found and not ABOUT.search(text):
        yield from found
