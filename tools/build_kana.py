"""Write pipeline/tables/annotations/kana.tsv: Japanese readings and the characters that have them.

usage: python tools/build_kana.py Unihan_Readings.txt

Source: kJapaneseOn and kJapaneseKun of the Unihan database (Unicode licence), for the characters
of JIS X 0208. Native readings have their inflected ending there (食: たべる).
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

HEAD = """\
# Japanese readings in hiragana: on (Sino-Japanese) or kun (native, with its ending), characters.
# Source: Unihan database (Unicode licence), by tools/build_kana.py.
"""
ROWS = {
    "": "あいうえお", "k": "かきくけこ", "g": "がぎぐげご", "s": "さしすせそ", "z": "ざじずぜぞ",
    "t": "たちつてと", "d": "だぢづでど", "n": "なにぬねの", "h": "はひふへほ", "b": "ばびぶべぼ",
    "p": "ぱぴぷぺぽ", "m": "まみむめも", "r": "らりるれろ",
}  # fmt: skip
SYLLABLES = {
    row + vowel: kana
    for row, line in ROWS.items()
    for vowel, kana in zip("aiueo", line, strict=True)
}
SYLLABLES |= {"ya": "や", "yu": "ゆ", "yo": "よ", "wa": "わ", "wo": "を", "n": "ん", "n'": "ん"}
SYLLABLES |= {"shi": "し", "chi": "ち", "tsu": "つ", "fu": "ふ", "ji": "じ", "dzu": "づ"}
PALATAL = ["ky", "き", "gy", "ぎ", "sh", "し", "j", "じ", "ch", "ち", "ny", "に", "hy", "ひ",
           "by", "び", "py", "ぴ", "my", "み", "ry", "り"]  # fmt: skip
for start, kana in zip(PALATAL[::2], PALATAL[1::2], strict=True):
    SYLLABLES |= {start + vowel: kana + small for vowel, small in zip("auo", "ゃゅょ", strict=True)}
PATTERN = re.compile("|".join(sorted(SYLLABLES, key=len, reverse=True)))


def hiragana(romaji: str) -> str:
    """Return hiragana, or nothing for letters that are none (a mistake in the source)."""
    text = re.sub(r"([kgsztdhbpcjf])(?=\1)|t(?=ch)", "っ", romaji.lower())
    kana = PATTERN.sub(lambda match: SYLLABLES[match[0]], text)
    return kana if re.fullmatch("[ぁ-ゖ]+", kana) else ""


def main() -> None:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in Path(sys.argv[1]).read_text("utf-8").splitlines():
        fields = line.split("\t")
        if len(fields) == 3 and fields[1] in ("kJapaneseOn", "kJapaneseKun"):
            character = chr(int(fields[0][2:], 16))
            if len(character.encode("shift_jis", "ignore")) == 2:
                for romaji in fields[2].split():
                    found[fields[1][9:].lower(), hiragana(romaji)].add(character)
    rows = [f"{kind}\t{kana}\t{''.join(sorted(characters))}\n"
            for (kind, kana), characters in sorted(found.items()) if kana]  # fmt: skip
    out = Path(__file__).parents[1] / "pipeline/tables/annotations/kana.tsv"
    out.write_text(HEAD + "".join(rows), "utf-8")


if __name__ == "__main__":
    main()
