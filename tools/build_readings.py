"""Write pipeline/tables/annotations/readings.tsv: every Mandarin reading and its characters.

And first_readings.tsv: which of its readings a common character usually has.

Source: pypinyin (MIT), its dictionary of single characters and its dictionary of phrases. Built
beforehand because importing the dictionaries costs 0.3 s, and the table 10 ms.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from pathlib import Path

from pypinyin.constants import Style
from pypinyin.contrib.tone_convert import to_tone3
from pypinyin.phrases_dict import phrases_dict
from pypinyin.pinyin_dict import pinyin_dict
from pypinyin.style import convert

from pipeline.stages.annotations import is_common

HEAD = """\
# Mandarin readings: syllable with tone mark, with tone number, in zhuyin; the characters read so.
# Source: pypinyin (MIT), by tools/build_readings.py.
"""
FIRSTS_HEAD = """\
# The usual reading of the common characters that have several, and those characters.
# Source: pypinyin (MIT), by tools/build_readings.py.
"""
FIRSTS = Path(__file__).parents[1] / "pipeline/tables/annotations/first_readings.tsv"
# Sandhi is written out by many annotators: 一样 yíyàng, 一起 yìqǐ, 不对 búduì.
SANDHI = {"一": ("yí", "yì"), "不": ("bú",)}


def readings() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for code, listed in pinyin_dict.items():
        for reading in listed.split(","):
            found[unicodedata.normalize("NFC", reading)].add(chr(code))
    for phrase, syllables in phrases_dict.items():
        if len(phrase) == len(syllables):
            for character, (reading, *_) in zip(phrase, syllables, strict=True):
                if ord(character) in pinyin_dict:
                    found[unicodedata.normalize("NFC", reading)].add(character)
    for character, extra in SANDHI.items():
        for reading in extra:
            found[reading].add(character)
    return found


def first_readings() -> dict[str, list[str]]:
    """Return the usual reading of each common character that has several, by reading."""
    several: dict[str, int] = defaultdict(int)
    for characters in readings().values():
        for character in characters:
            several[character] += 1
    found: dict[str, list[str]] = defaultdict(list)
    for character in sorted(c for c, n in several.items() if n > 1 and is_common(c)):
        if ord(character) in pinyin_dict:
            first = pinyin_dict[ord(character)].split(",")[0]
            found[unicodedata.normalize("NFC", first)].append(character)
    return found


def main() -> None:
    firsts = "".join(f"{r}\t{''.join(chars)}\n" for r, chars in sorted(first_readings().items()))
    FIRSTS.write_text(FIRSTS_HEAD + firsts, "utf-8")
    rows = []
    for reading, characters in sorted(readings().items()):
        number = to_tone3(reading, neutral_tone_with_five=True, v_to_u=True)
        zhuyin = convert(reading, Style.BOPOMOFO, strict=True, default="")
        if not all(c.isalpha() for c in unicodedata.normalize("NFC", reading)):
            print("left out:", reading, characters)  # letters with marks Unicode cannot compose
            continue
        rows.append(f"{reading}\t{number}\t{zhuyin}\t{''.join(sorted(characters))}\n")
    out = Path(__file__).parents[1] / "pipeline/tables/annotations/readings.tsv"
    out.write_text(HEAD + "".join(rows), "utf-8")


if __name__ == "__main__":
    main()
