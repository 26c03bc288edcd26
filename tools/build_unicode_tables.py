"""Write pipeline/tables/unicode/*.tsv: forms of characters that stand for another character.

usage: python tools/build_unicode_tables.py EquivalentUnifiedIdeograph.txt

Sources: the Unicode Character Database (Unicode licence): decompositions, as Python's unicodedata
has them, and EquivalentUnifiedIdeograph.txt for radicals without one; GB 18030-2005 and -2022 for
the private use area of GBK; Microsoft's Symbol and Wingdings fonts for their list bullets.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

OUT = Path(__file__).parents[1] / "pipeline/tables/unicode"

WIDE = """\
# Full-width Latin letters and digits, and the ligatures that PDF extraction leaves.
# Reason: １００ and 100 are one number; full-width punctuation is Chinese and is not in this table.
# Catch: ２０２３年ＡＰＰ -> 2023年APP, ﬁle -> file.  Leave: （一），％￥＋＝
"""
SMALL = """\
# Small and half-width forms of punctuation, from Big5 and from Japanese half-width text.
# Reason: they are the same marks; Chinese has them in full width.
# Catch: 他說﹐好 -> 他說，好.  Leave: ﹏ and ︿ (drawn faces), ﹋﹌ (lines)
"""
VERTICAL = """\
# Brackets and marks of vertical layout.
# Reason: the text is now a horizontal line. Brackets change only in pairs that hold a letter.
# Catch: ﹁中文﹂ -> 「中文」.  Leave: ╯︿╰, ︶︿︶
"""
RADICALS = """\
# Radicals that stand for the character of the same look.
# Reason: PDF fonts and OCR write ⼀ (a radical) for 一 (a character); searching then fails.
# Catch: ⼀、总则 -> 一、总则.  Leave: a list of radicals (⼀⼁⼂⼃⼄)
"""
PRIVATE = """\
# Characters in the private use area with a known meaning: GBK's, before Unicode had them
# (GB 18030-2005 and -2022), and the list bullets of Microsoft's Symbol and Wingdings fonts.
# Catch: U+E81E -> 龴, U+F0B7 -> •.  Leave: every other private character (icon fonts, own glyphs)
"""

MARKS = """\
# Combining marks, categories Mn and Me of Unicode: first and last of each range.
# Reason: a run of them is cut before normalizing, which is quadratic in its length.
"""

# GBK 1.0 rows FE50-FEA0 in the order of their private codes U+E815-U+E864; a space where GB 18030
# has the character at the same code and no text can hold the private one.
GBK_FE50 = (
    "⺁\U00020087\U00020089\U000200cc⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧\U000215d7龸⺪䁖䅟⺮䌷⺳⺶⺷"
    "\U0002298f䎱䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺\U000241fe䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻"
)
VERTICAL_PRIVATE = "︐︒︑︓︔︕︖︗︘︙"  # U+E78D-U+E796, GB 18030-2022
BULLETS = {0xF0B7: "•", 0xF0A7: "▪", 0xF06C: "●", 0xF06E: "■", 0xF075: "◆", 0xF0D8: "➢",
           0xF0FC: "✓", 0xF0A8: "□", 0xF0E8: "➔", 0xF0E0: "→", 0xF020: " "}  # fmt: skip


def nfkc(character: str) -> str:
    return unicodedata.normalize("NFKC", character)


def write(name: str, head: str, pairs: dict[str, str]) -> None:
    rows = [f"U+{ord(a):04X}\t{a}\t{b}\n" for a, b in sorted(pairs.items()) if a != b]
    (OUT / f"{name}.tsv").write_text(
        head + "# code, character, stands for\n" + "".join(rows), "utf-8"
    )


def full_width(mark: str) -> str:
    """Return the full-width form of what a small or half-width mark decomposes to."""
    plain = nfkc(mark)
    return chr(ord(plain) + 0xFEE0) if len(plain) == 1 and "!" <= plain <= "~" else plain


def radicals(path: Path) -> dict[str, str]:
    pairs = {chr(c): nfkc(chr(c)) for c in range(0x2F00, 0x2FD6)}
    for line in path.read_text("utf-8").splitlines():
        fields = line.partition("#")[0].split(";")
        if len(fields) == 2:
            first, _, last = fields[0].strip().partition("..")
            for code in range(int(first, 16), int(last or first, 16) + 1):
                if 0x2E80 <= code <= 0x2EFF:  # strokes (U+31C0..) are drawn on purpose
                    pairs[chr(code)] = chr(int(fields[1], 16))
    return pairs


def private() -> dict[str, str]:
    pairs = {chr(0xE815 + i): c for i, c in enumerate(GBK_FE50)}
    pairs |= {chr(0xE78D + i): c for i, c in enumerate(VERTICAL_PRIVATE)}
    pairs |= {chr(c): mark for c, mark in BULLETS.items()}
    return pairs | {"\ue7c7": "ḿ", "\ue7c8": "ǹ", "\ue5e5": "\u3000"}


def mark_ranges() -> list[list[int]]:
    """Return the ranges of marks, by category: enclosing ones stack and have no combining class."""
    ranges: list[list[int]] = []
    for code in range(0x110000):
        if unicodedata.category(chr(code)) in ("Mn", "Me"):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return ranges


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    assert len(GBK_FE50) == 80
    alnum = [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]
    write("wide", WIDE, {chr(c): nfkc(chr(c)) for c in (*alnum, *range(0xFB00, 0xFB07))})
    small = [*range(0xFE50, 0xFE6C), *range(0xFF61, 0xFF66)]
    write("small", SMALL, {chr(c): full_width(chr(c)) for c in small if c != 0xFE67})
    brackets = [*range(0xFE10, 0xFE19), *range(0xFE35, 0xFE45), 0xFE47, 0xFE48]
    write("vertical", VERTICAL, {chr(c): full_width(chr(c)) for c in brackets} | {"︙": "…"})
    write("radicals", RADICALS, radicals(Path(sys.argv[1])))
    write("private", PRIVATE, private())
    rows = [f"{first:04X}\t{last:04X}\n" for first, last in mark_ranges()]
    (OUT / "marks.tsv").write_text(MARKS + "".join(rows), "utf-8")


if __name__ == "__main__":
    main()
