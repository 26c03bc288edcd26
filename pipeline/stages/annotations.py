"""Readings that were inserted after characters: 走進(jìn)槐蔭,一個(gè)接一個(gè).

A scraper, a screen reader's mark-up or a byte-level replacement writes the reading after every
occurrence of a character, common ones too, in the middle of sentences. People do otherwise: they
give the reading of a rare character once, 囧（jiǒng）, or of headwords in a list. So two questions
decide: is the bracket a true reading of the character before it, and does the document as a whole
look as if a machine had put readings in? Where either answer is no, nothing is touched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np

from pipeline.census import Census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import Apply, ApplyBatch, Options, Outcome, Stage, option
from pipeline.text.readings import pinyin_span, zhuyin_span

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
# Bounded repeats only: linear whatever the text.
BRACKETED = re.compile(
    rf"(?<=[{HAN}]) ?([(（\[［]) ?("
    r"[A-Za-züɑɡÀ-ǜ\u0300-\u030c][A-Za-z0-5üÜɑɡÀ-ǜ\u0300-\u030c:'’ -]{0,48}"
    r"|[ㄅ-ㄩ˙][ㄅ-ㄩˉˊˇˋ˙′` ]{0,40}"
    r") ?[)）\]］]"
)
BARE_ZHUYIN = re.compile(rf"(?<=[{HAN}])˙?[ㄅ-ㄩ]{{1,3}}[ˉˊˇˋ˙]?(?![ㄅ-ㄩˉˊˇˋ˙])")
SENTENCE_GOES_ON = re.compile(rf"[{HAN}，。、；：！？”’」』》,.;!?]")
IS_HAN = re.compile(f"[{HAN}]")
LEAD_IN = 4
"""Han characters before a reading on its line from which it stands in a sentence, not at a
headword (`12. 饕餮（tāotiè）：...`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationsOptions(Options):
    """Options of the annotations stage."""

    min_count: int = option(3, "true readings in the document, at least", ge=1)
    min_density: float = option(
        0.05, "readings per Han character from which the count alone shows a machine", ge=0, le=1
    )
    min_density_repeated: float = option(
        0.008, "the same where characters are annotated again and again", ge=0, le=1
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """A true reading: where it stands, how it is written, and of what."""

    start: int
    end: int
    style: str
    of: str


def find(text: str) -> list[Reading]:
    """Return every bracket (or bare zhuyin) that truly reads the characters before it."""
    found = []
    for match in BRACKETED.finditer(text):
        start, content = match.start(), match[2]
        if not content.islower() and any(map(str.isupper, content)):
            continue  # a name in another script, 孙常建（Sūn Chángjiàn）: said by the author
        zhuyin = content[0] >= "\u3100" or content[0] == "˙"
        before = text[max(0, start - 8) : start]
        span = (zhuyin_span if zhuyin else pinyin_span)(content, before)
        if span:
            kind = "zhuyin" if zhuyin else "pinyin"
            of = text[start - span : start]
            found.append(Reading(start, match.end(), f"{kind} {match[1]}", of))
    for match in BARE_ZHUYIN.finditer(text):
        start = match.start()
        if zhuyin_span(match[0], text[start - 1 : start]):
            found.append(Reading(start, match.end(), "zhuyin bare", text[start - 1 : start]))
    return sorted(found, key=lambda reading: reading.start)


def inserted(text: str, readings: Sequence[Reading], options: AnnotationsOptions) -> bool:
    """Return whether these readings (all of one style) were put in by a machine."""
    n = len(readings)
    if n < options.min_count:
        return False
    running = sum(in_sentence(text, r) for r in readings)
    common = sum(all(map(is_common, r.of)) for r in readings)
    if running < 0.6 * n or common < 0.6 * n:
        return False
    if is_lesson(text, n):
        return False
    han = len(IS_HAN.findall(text))
    repeated = n >= 1.5 * len({r.of for r in readings})
    return n >= han * (options.min_density_repeated if repeated else options.min_density)


def in_sentence(text: str, reading: Reading) -> bool:
    """Return whether a reading interrupts a sentence, rather than following a headword."""
    if not SENTENCE_GOES_ON.match(text, reading.end):
        return False
    line = text.rfind("\n", 0, reading.start) + 1
    lead = text[max(line, reading.start - 40) : reading.start - len(reading.of)]
    if len(IS_HAN.findall(lead)) >= LEAD_IN:
        return True
    following = text[reading.end : reading.end + 40].partition("\n")[0]
    return bool(IS_HAN.match(following)) and len(IS_HAN.findall(following)) >= LEAD_IN


@cache
def lesson_words() -> re.Pattern[str]:
    """Return the pattern of the words that only lessons and dictionaries use often."""
    table = files("pipeline").joinpath("tables/annotations/lesson_words.tsv").read_text("utf-8")
    return re.compile("|".join(r.partition("\t")[0] for r in table.splitlines() if r[0] != "#"))


def is_lesson(text: str, readings: int) -> bool:
    """Return whether the text is about readings: two such words, one for every 20 readings."""
    words = lesson_words().findall(text)
    return len(set(words)) >= 2 and len(words) * 20 >= readings


@lru_cache(4096)
def is_common(character: str) -> bool:
    """Return whether a character is of the first level of GB 2312 (3,755) or Big5 (5,401)."""
    for codec, first, last in (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6)):
        code = character.encode(codec, "ignore")
        if len(code) == 2 and first <= code[0] <= last:
            return True
    return False


def build(options: AnnotationsOptions) -> Apply:
    """Return the stage's function."""

    def apply(document: Document) -> Document:
        text = document.text
        styles: dict[str, list[Reading]] = {}
        for reading in find(text):
            styles.setdefault(reading.style, []).append(reading)
        gone = [r for group in styles.values() if inserted(text, group, options) for r in group]
        return document.edited(
            [
                Edit("annotations", f"inserted-{r.style.split()[0]}", r.start, r.end,
                     text[r.start : r.end], "")
                for r in sorted(gone, key=lambda r: r.start)
            ]
        )  # fmt: skip

    return apply


def build_batch(options: AnnotationsOptions) -> ApplyBatch:
    """Return the function for batches: only texts with marked or zhuyin letters are searched."""
    apply = build(options)

    def apply_batch(documents: Sequence[Document], census: Census) -> list[Outcome]:
        least = options.min_count
        bracket = census.count("ascii_bracket", "wide_bracket")
        letter = census.count("latin", "latin1", "latin_extended")
        tone = census.count("digit", "latin1", "latin_extended", "combining")
        awake = (census.count("bopomofo") >= least) | (
            (bracket >= least) & (letter >= least) & (tone >= least)
        )
        out: list[Outcome] = list(documents)
        for i in np.flatnonzero(awake).tolist():
            out[i] = apply(documents[i])
        return out

    return apply_batch


STAGE = Stage(
    name="annotations",
    summary="takes out readings that were inserted after characters: 進(jìn)",
    wakes=classes("ascii_bracket", "wide_bracket", "bopomofo"),
    options=AnnotationsOptions,
    build=build,
    build_batch=build_batch,
)
