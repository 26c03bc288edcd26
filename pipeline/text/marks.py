"""Which characters stand on the Chinese side of a punctuation mark, and which pair with which.

Strings are bodies of regular-expression classes, to be put between square brackets.
"""

from __future__ import annotations

import re

HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Ideographs, radicals, 々〆〇."""

WIDE_MARKS = "，；：！？、。"
ASCII_MARKS = ",;:!?"
TO_WIDE = dict(zip(",;:!?()", "，；：！？（）", strict=True))
TO_ASCII = {wide: narrow for narrow, wide in TO_WIDE.items()}

CJK_SIDE = HAN + WIDE_MARKS + "（）【】《》〈〉「」『』〔〕％℃㎡０-９Ａ-Ｚａ-ｚ"
"""A mark that touches one of these stands in Chinese text."""
WEAK_SIDE = "“”‘’…—·"
"""Of either script: what stands beyond them decides."""

KANA_HANGUL = "\u3041-\u30ff\u31f0-\u31ff\u1100-\u11ff\uac00-\ud7a3"

_SIDE = re.compile(f"[{CJK_SIDE}]")
_HAN = re.compile(f"[{HAN}]")
_LATIN = re.compile("[A-Za-z]")
CLAUSE_CHARS = 40
"""How far back the context of a mark between two neutral characters is read."""


def is_side(text: str, at: int) -> bool:
    """Whether a character of the Chinese side stands at a place (which may lie outside)."""
    return 0 <= at < len(text) and text[at] > "\u2000" and _SIDE.match(text, at) is not None


def has_han(text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether there is an ideograph in text[start:end]."""
    return _HAN.search(text, start, len(text) if end is None else end) is not None


def clause_is_chinese(text: str, at: int) -> bool:
    """Whether what stands before a place on its line has more ideographs than Latin letters."""
    clause = text[max(0, at - CLAUSE_CHARS) : at].rpartition("\n")[2]
    return len(_HAN.findall(clause)) > len(_LATIN.findall(clause))
