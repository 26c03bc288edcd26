"""Readings that were inserted after characters: 走進(jìn)槐蔭,一個(gè)接一個(gè).

A scraper, a screen reader's mark-up or a byte-level replacement writes the reading after every
occurrence of a character, common ones too, in the middle of sentences. People do otherwise: they
give the reading of a rare character once, 囧（jiǒng）, or of headwords in a list. So two questions
decide: is the bracket a true reading of the character before it, and does the document as a whole
look as if a machine had put readings in? Where either answer is no, nothing is touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.census import Census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import PARAGRAPHS, Apply, Options, Outcome, Stage, option
from pipeline.tablefiles import table_rows
from pipeline.text.annotations.brackets import CLOSING, HAN, KANA, LETTERS, OPENING, toned
from pipeline.text.annotations.readings import (
    is_neutral,
    is_usual,
    kana_span,
    pinyin_span,
    zhuyin_span,
)
from pipeline.text.likelihood import log_likelihood

# Bounded repeats only: linear whatever the text. It begins with a class, which `re` finds fast.
BRACKETED = re.compile(
    rf"([{OPENING}]) ?("
    rf"[{LETTERS}][{LETTERS}0-5Ü:'’ -]{{0,48}}"
    r"|[ㄅ-ㄩ˙][ㄅ-ㄩˉˊˇˋ˙′` ]{0,40}"
    rf"|[{KANA}]{{1,24}}"
    rf") ?[{CLOSING}]"
)
BARE_ZHUYIN = re.compile("[˙ㄅ-ㄩ][ㄅ-ㄩ]{0,3}[ˉˊˇˋ˙]?")
BARE_PINYIN = re.compile(rf"(?<=[{HAN}])[{LETTERS}]{{1,8}}(?![{LETTERS}0-9])")
ZHUYIN = "˙" + "".join(map(chr, range(0x3105, 0x312A)))
_KINDS = (("pinyin", pinyin_span), ("kana", kana_span), ("zhuyin", zhuyin_span))
TRANSLATED = re.compile(r"[\s:：,，—–-]{0,4}[A-Za-z]{3}")
IS_READABLE = re.compile(f"[{HAN}{KANA}]")
IS_HAN = re.compile(f"[{HAN}]")
KANA_LETTERS = frozenset(map(chr, range(0x3041, 0x3100)))
MAX_ROUNDS = 4
"""Without the readings of one notation, those of another may stand in a sentence: look again."""
NEEDLESS_SHARE = 0.4
"""Of the readings of a document, from which they are not the author's."""
DOUBLED = re.compile("[,，](?=[,，。、；！？])")
MARK_RUN = re.compile("[,，。、；！？]+")
LEAD_IN = 4
"""Han or kana before a reading on its line from which it stands in a sentence, not at a
headword (`12. 饕餮（tāotiè）：...`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationsOptions(Options):
    """Options of the annotations stage."""

    min_count: int = option(3, "true readings in the document, at least", ge=1)
    min_density: float = option(
        0.05, "readings per Han character from which the count alone shows a machine", ge=0, le=1
    )
    min_density_everyday: float = option(
        0.002, "the same where many of the characters are everyday ones", ge=0, le=1
    )
    min_density_repeated: float = option(
        0.008, "the same where characters are annotated again and again", ge=0, le=1
    )
    min_needless: int = option(
        2, "usual readings of familiar characters that show a machine in a short text", ge=1
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """A true reading: where it stands, how it is written, of what, and what it says.

    A weak one, toneless as in 的(de), is no evidence: it goes with the others of its style.
    """

    start: int
    end: int
    style: str
    of: str
    says: str
    weak: bool = False


def find(text: str, bare: bool) -> list[Reading]:
    """Return every bracket (and `bare` reading) that truly reads the characters before it."""
    found = []
    end, before = -1, ""
    for match in BRACKETED.finditer(text):
        content = match[2]
        start = match.start() - (text[match.start() - 1 : match.start()] == " ")
        if start != end:  # else a second reading of the same characters: 進(jìn)(ㄐㄧㄣˋ)
            before = text[max(0, start - 8) : start]
        if not IS_READABLE.match(before[-1:]):
            continue
        if is_name(content):
            continue
        kind, span_of = _kind(content)
        span = span_of(content, before)
        weak = not span and kind == "pinyin" and is_neutral(content, before[-1])
        if span or weak:
            of = before[-(span or 1) :]
            style = f"{kind} {match[1]}"
            end = match.end()
            found.append(Reading(start, end, style, of, content, weak))
    for match in BARE_ZHUYIN.finditer(text) if bare else ():
        start = match.start()
        of = text[start - 1 : start]
        if IS_HAN.match(of) and zhuyin_span(match[0], of):
            found.append(Reading(start, match.end(), "zhuyin bare", of, match[0]))
    for match in BARE_PINYIN.finditer(text) if bare else ():
        says, start = match[0], match.start()
        of = text[start - 1]
        weak = is_neutral(says, of)
        if (weak or pinyin_span(says, of)) and not is_name(says):
            found.append(Reading(start, match.end(), "pinyin bare", of, says, weak))
    return sorted(found, key=lambda reading: reading.start)


def is_name(content: str) -> bool:
    """Return whether an author gives a name in another script: 孙常建（Sūn Chángjiàn）."""
    return not content.islower() and any(map(str.isupper, content))


def _kind(content: str) -> tuple[str, Callable[[str, str], int]]:
    return _KINDS[2 if content[0] in ZHUYIN else content[0] >= "ぁ"]


def tells(text: str, at: int) -> bool:
    """Return whether a bracket may be a true reading that is evidence: not a weak one.

    Behind another bracket it may read what that one does: this is left to `find`.
    """
    match = BRACKETED.match(text, at)
    if not match or is_name(match[2]):
        return False
    start = at - (text[at - 1 : at] == " ")
    before = text[max(0, start - 8) : start]
    return before[-1:] in CLOSING or _kind(match[2])[1](match[2], before) > 0


def inserted(text: str, readings: Sequence[Reading], options: AnnotationsOptions) -> bool:
    """Return whether these readings (all of one style) were put in by a machine."""
    strong = [r for r in readings if not r.weak]
    n = len(strong)
    if not n or is_lesson(text, strong):
        return False
    han = len(IS_HAN.findall(text))
    needless = [r for r in strong if is_needless(text, r)]
    if len(needless) >= NEEDLESS_SHARE * n:
        if has_doubled_marks(text):
            return True  # the same scraper
        amid = sum(in_sentence(text, r) or begins_clause(text, r) for r in needless)
        dense = n >= han * options.min_density_repeated
        if dense and amid >= max(options.min_needless, NEEDLESS_SHARE * n):
            return True
    if n < options.min_count:
        return False
    running = sum(in_sentence(text, r) for r in strong)
    common = sum(all(map(is_common, r.of)) for r in strong)
    familiar = sum(all(map(is_familiar, r.of)) for r in strong)
    # A machine's readings begin a clause by chance (one in eight), an author's by intention.
    if running < 0.45 * n or common < 0.6 * n or familiar < NEEDLESS_SHARE * n:
        return False
    everyday = sum(all(map(is_everyday, r.of)) for r in strong)
    repeated = n >= 1.5 * len({r.of for r in strong})
    if everyday >= max(2, 0.3 * n):
        least = options.min_density_everyday
    else:
        least = options.min_density_repeated if repeated else options.min_density
    return n >= han * least


def is_needless(text: str, reading: Reading) -> bool:
    """Return whether a reading tells nobody anything: 項(xiàng)目.

    A familiar character's usual reading, in narrow brackets. Authors give the reading of a rare
    character, or the unusual one of a familiar character: 单(shàn)县.
    """
    return (
        reading.style == "pinyin ("
        and len(reading.of) == 1
        and text[reading.start] == "("
        and is_familiar(reading.of)
        and is_usual(reading.says, reading.of)
    )


def has_doubled_marks(text: str) -> bool:
    """Return whether a comma was put before a third of the marks, as scrapers do."""
    return len(DOUBLED.findall(text)) >= max(2, len(MARK_RUN.findall(text)) / 3)


@cache
def sentence_around() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what a sentence goes on with behind a reading, and what stands before its word.

    Both take 4 ms to make, and most runs see no reading.
    """
    behind = rf"[{HAN}ぁ-ヺー，。、；：！？”’」』》,.;!?]"
    before = rf"[{HAN}ぁ-ヺー{LETTERS}A-Z0-9)）\]］】〕ㄅ-ㄩˉˊˇˋ˙]"
    return re.compile(behind), re.compile(before)


def in_sentence(text: str, reading: Reading) -> bool:
    """Return whether a reading interrupts a sentence, rather than following a headword."""
    goes_on, goes_before = sentence_around()
    if not goes_on.match(text, reading.end):
        return False
    until = reading.start - len(reading.of)
    if not goes_before.match(text[until - 1 : until] if until else ""):
        return False  # a word at the beginning, or in quotes: it is what the sentence is about
    lead = text[max(0, until - 40) : until].rpartition("\n")[2]
    if len(IS_READABLE.findall(lead)) >= LEAD_IN:
        return True
    following = text[reading.end : reading.end + 40].partition("\n")[0]
    return bool(IS_READABLE.match(following)) and len(IS_READABLE.findall(following)) >= LEAD_IN


def begins_clause(text: str, reading: Reading) -> bool:
    """Return whether an everyday word is read, with which a clause goes on: 讓(ràng)更有人."""
    following = text[reading.end : reading.end + LEAD_IN]
    return is_everyday(reading.of) and len(IS_HAN.findall(following)) == LEAD_IN


@cache
def lesson_words() -> re.Pattern[str]:
    """Return the pattern of the words that only lessons and dictionaries use often."""
    return re.compile("|".join(row[0] for row in table_rows("annotations/lesson_words.tsv")))


def is_lesson(text: str, readings: Sequence[Reading]) -> bool:
    """Return whether the text is about readings.

    Two of its words stand in it, one for every 20 readings; or translations stand beside the
    readings; or a third of the characters are shown with different readings.
    """
    words = lesson_words().findall(text)
    if len(set(words)) >= 2 and len(words) * 20 >= len(readings):
        return True
    if sum(bool(TRANSLATED.match(text, r.end)) for r in readings) >= 0.3 * len(readings):
        return True
    says: dict[str, set[str]] = {}
    for reading in readings:
        says.setdefault(reading.of, set()).add(reading.says)
    return sum(len(different) > 1 for different in says.values()) * 3 > len(says)


@lru_cache(4096)
def is_everyday(character: str) -> bool:
    """Return whether a character is among the 400 commonest: nobody needs to be told how 国 reads.

    At 0.05 % of a Chinese text each; half of that, as the table counts both scripts.
    """
    return log_likelihood(character, ("zh",)) > -8.3


@lru_cache(4096)
def is_familiar(character: str) -> bool:
    """Return whether a character is among the 1,700 commonest, or is kana.

    Three of four characters of a news text's dictionary; what school editions explain is not.
    """
    return character in KANA_LETTERS or log_likelihood(character, ("zh",)) > -10.0


# 3,755, 5,401 and 2,965 characters; kana are in row 4 of JIS.
LEVELS = (
    ("gb2312", 0xB0, 0xD7),
    ("big5", 0xA4, 0xC6),
    ("euc_jp", 0xB0, 0xCF),
    ("euc_jp", 0xA4, 0xA4),
)


@lru_cache(4096)
def is_common(character: str) -> bool:
    """Return whether a character is of the first level of GB 2312, Big5 or JIS, or is kana."""
    for codec, first, last in LEVELS:
        code = character.encode(codec, "ignore")
        if len(code) == 2 and first <= code[0] <= last:
            return True
    return False


def _without(document: Document, bare: bool, options: AnnotationsOptions) -> Document:
    """Return a document without the readings that were inserted, `bare` ones among them."""
    for _ in range(MAX_ROUNDS):
        edits = _edits(document.text, bare, options)
        if not edits:
            break
        document = document.edited(edits)
    return document


def _edits(text: str, bare: bool, options: AnnotationsOptions) -> list[Edit]:
    styles: dict[str, list[Reading]] = {}
    for reading in find(text, bare):
        styles.setdefault(reading.style, []).append(reading)
    gone = [r for group in styles.values() if inserted(text, group, options) for r in group]
    return [
        Edit(
            "annotations",
            f"inserted-{r.style.split()[0]}",
            r.start,
            r.end,
            text[r.start : r.end],
            "",
        )
        for r in sorted(gone, key=lambda r: r.start)
    ]


def build(options: AnnotationsOptions) -> Apply:
    """Return the function for batches: only texts with readings that tell are searched."""

    def apply_batch(documents: Sequence[Document], census: Census) -> list[Outcome]:
        # Fewer readings in bare zhuyin than count are left alone, whatever else there is.
        unmarked = census.count("bopomofo") >= options.min_count
        # 人rén勤qín春chūn: half of the tones have letters of their own.
        unmarked |= census.count("latin_extended") >= options.min_count
        unmarked &= census.count("han", "han_simplified", "han_traditional") > 0
        bracket = census.count("ascii_bracket", "tag_start", "wide_bracket", "cjk_bracket") > 0
        tone = census.count("digit", "latin1", "latin_extended", "ipa", "combining") > 0
        letter = census.count("latin", "latin1", "latin_extended") > 0
        kana = census.count("kana") >= options.min_count
        places = np.flatnonzero(bracket & ((letter & tone) | kana) & ~unmarked)
        told = _told([documents[i].text for i in places.tolist()])
        out: list[Outcome] = list(documents)
        for i in np.flatnonzero(unmarked).tolist():
            out[i] = _without(documents[i], True, options)
        for i in places[told].tolist():
            out[i] = _without(documents[i], False, options)
        return out

    return apply_batch


def _told(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Return which texts hold a reading in brackets that is evidence: bool (n,).

    Without one `inserted` says no to every style.
    """
    found = np.zeros(len(texts), np.bool_)
    for part, places in toned(texts):
        telling = [at for at in places.tolist() if tells(part.joined, at)]
        found[part.first + part.owners(np.array(telling, np.intp))] = True
    return found


STAGE = Stage(
    name="annotations",
    summary="takes out readings that were inserted after characters: 進(jìn)",
    wakes=classes(
        "ascii_bracket", "tag_start", "wide_bracket", "cjk_bracket", "bopomofo", "latin_extended"
    ),
    options=AnnotationsOptions,
    build=build,
    piece_chars=PARAGRAPHS,
    of_text=True,
)
