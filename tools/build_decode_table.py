"""Write pipeline/tables/decode/characters.tsv: how common each character is in each language.

    pip install wordfreq opencc
    python tools/build_decode_table.py

Source: the word lists of wordfreq (CC BY-SA 4.0). They hold words only, so that punctuation, which
every text has, is mixed in at fixed shares. Chinese counts half in Simplified, half as OpenCC
writes it in Traditional.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from opencc import OpenCC
from wordfreq import get_frequency_dict

OUT = Path(__file__).parents[1] / "pipeline/tables/decode/characters.tsv"
STEP = 0.25  # nats; finer than any decision needs
LANGUAGES = {
    "zh": ("zh",),
    "ja": ("ja",),
    "ko": ("ko",),
    "russian": ("ru",),
    "bulgarian": ("bg", "mk"),
    "ukrainian": ("uk",),
    "french": ("fr", "ca"),
    "german": ("de", "nl"),
    "spanish": ("es", "it"),
    "portuguese": ("pt",),
    "nordic": ("sv", "da", "nb", "fi", "is"),
    "polish": ("pl",),
    "czech": ("cs", "sk"),
    "hungarian": ("hu",),
    "romanian": ("ro", "sl", "sh"),
    "baltic": ("lt", "lv"),
    "turkish": ("tr",),
    "greek": ("el",),
    "hebrew": ("he",),
    "arabic": ("ar", "fa"),
    "thai": (),
}
CJK_MARKS = {"，": 60, "。": 30, "、": 12, "“": 6, "”": 6, "：": 8, "；": 3, "！": 4, "？": 4,
             "（": 4, "）": 4, "《": 3, "》": 3, "「": 3, "」": 3, "『": 1, "』": 1,
             "…": 2, "—": 2, "·": 1,
             "\u3000": 8, "‘": 1, "’": 1, "【": 1, "】": 1, "〈": 0.3, "〉": 0.3, "～": 0.5,
             "％": 0.3, "①": 0.1, "②": 0.1, "③": 0.1, "●": 0.3, "■": 0.3, "→": 0.2, "×": 0.2,
             "※": 0.2, "★": 0.2, "☆": 0.2, "◆": 0.2, "○": 0.2, "─": 0.8, "━": 0.3, "〔": 0.1,
             "〕": 0.1, "﹑": 0.05, "．": 0.1, "°": 0.1, "℃": 0.1}  # fmt: skip
JA_MARKS = {**CJK_MARKS, "，": 2, "、": 60, "。": 40, "ー": 20, "・": 6, "「": 10, "」": 10,
            "々": 3, "“": 0.3, "”": 0.3, "〜": 1}  # fmt: skip
MARKS = {"“": 4, "”": 4, "’": 6, "‘": 1, "–": 3, "—": 3, "…": 2, "«": 3, "»": 3, "°": 1,
         "§": 1, "©": 2, "®": 1, "€": 1, "·": 1, "•": 1, "\xa0": 5, "№": 0.5, "„": 2,
         "‹": 0.2, "›": 0.2, "½": 0.2, "²": 0.3, "£": 3, "¿": 0.5, "¡": 0.3, "´": 0.2, "±": 0.1,
         "™": 0.3}  # fmt: skip
FULL_WIDTH = [
    chr(c) for c in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
]

# wordfreq has no Thai: letters in groups by rank, of about the right size.
THAI = (
    (4.5, "านรกอเง่มยวล"),
    (2.0, "้ดทัสตีิปบะคหแจ"),
    (0.6, "พชข์ใโไ็ึืุูำซญถผธศภ"),
    (0.05, "ษณฟฝฐฉฎฏฆฑฒฬฮฤๆฯ๑๒๓๔๕๖๗๘๙๐"),
)

HEAD = f"""\
# ln p(character) in each language, in steps of {STEP} nats: language, steps below 0, characters.
# Source: wordfreq (CC BY-SA 4.0), by tools/build_decode_table.py; this table: CC BY-SA 4.0.
"""


def words(language: str) -> Iterator[tuple[str, float]]:
    for code in LANGUAGES[language]:
        for word, frequency in get_frequency_dict(code, wordlist="best").items():
            yield word, frequency / len(LANGUAGES[language])


def counts(language: str) -> Mapping[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    if language == "thai":
        return {c: weight for weight, group in THAI for c in group}
    listed = list(words(language))
    if language == "zh":  # in one call: each costs more than a thousand words
        both = OpenCC("s2t").convert("\n".join(word for word, _ in listed)).split("\n")
        listed = [
            pair
            for (word, n), other in zip(listed, both, strict=True)
            for pair in ((word, n / 2), (other, n / 2))
        ]
    for word, frequency in listed:
        forms = [(word, frequency)]
        if language not in ("zh", "ja", "ko"):
            forms = [(word, 0.92 * frequency), (word.title(), 0.06 * frequency),
                     (word.upper(), 0.02 * frequency)]  # fmt: skip
        for form, weight in forms:
            for character in form:
                found[character] += weight
    return found


def probabilities(language: str) -> dict[str, float]:
    """Return p of every character that is not ASCII; ASCII has one fixed share everywhere."""
    found = counts(language)
    # The letters' total counts ASCII ones: an é in French is rare among letters.
    total = sum(n for c, n in found.items() if c.isalpha())
    marks = {"zh": CJK_MARKS, "ko": CJK_MARKS, "ja": JA_MARKS}.get(language, MARKS)
    share = {"zh": 0.15, "ja": 0.12, "ko": 0.01}.get(language, 0.004)
    p = {c: 0.7 * n / total for c, n in found.items() if ord(c) >= 0x80 and len(c) == 1}
    scale = share / sum(marks.values())
    for c, weight in marks.items():
        p[c] = p.get(c, 0) + scale * weight
    if language in ("zh", "ja"):
        for c in FULL_WIDTH:
            p[c] = p.get(c, 0) + 2e-5
        # Kana in a Chinese text and half-width kana in a Japanese one occur, but seldom.
        extra = range(0x3041, 0x30FB) if language == "zh" else range(0xFF61, 0xFFA0)
        for code in extra:
            p[chr(code)] = p.get(chr(code), 0) + (2e-6 if language == "zh" else 2e-5)
    if language == "zh":  # bopomofo, Greek and Cyrillic stand in both GBK and Big5
        for code in range(0x3105, 0x312A):
            p[chr(code)] = p.get(chr(code), 0) + 3e-6
    return p


def main() -> None:
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for language in LANGUAGES:
        steps: dict[int, list[str]] = {}
        for character, share in probabilities(language).items():
            step = round(-math.log(share) / STEP)
            visible = character.isprintable() or character in "\u3000\xa0"
            if ord(character) < 0x10000 and visible and step * STEP < 15:
                steps.setdefault(step, []).append(character)
        for step, characters in sorted(steps.items()):
            lines.append(f"{language}\t{step}\t{''.join(sorted(characters))}\n")
    OUT.write_text(HEAD + "".join(lines), "utf-8")


if __name__ == "__main__":
    main()
