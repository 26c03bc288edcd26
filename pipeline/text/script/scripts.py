"""Which script a text is in, from the counts of the census; a closer look only where they differ.

`Hans`, `Hant`, `Hant-TW`, `Hant-HK` (the region where the text shows it), `mixed`, `Japanese`,
`Korean`, `other`. Most characters are the same in both Chinese scripts; those that are not make
up a quarter to a third of running text, so that a sentence decides. A text in which none of them
occurs is called `Hans`: there is nothing to convert in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.census import Census, census
from pipeline.tablefiles import table_rows, table_toml

HANS, HANT, HANT_TW, HANT_HK = "Hans", "Hant", "Hant-TW", "Hant-HK"
MIXED, JAPANESE, KOREAN, OTHER = "mixed", "Japanese", "Korean", "other"
TRADITIONAL = frozenset((HANT, HANT_TW, HANT_HK))

# Share of kana in kana + Han. Japanese prose has 0.5-0.7, the barest manual page measured 0.2;
# Chinese text that quotes Japanese titles stays under 0.05.
KANA_MIN = 0.1
# Below this share a text of several lines may be Chinese that quotes Japanese: Debian's Japanese
# manuals start at 0.41, single Japanese sentences at 0.22.
KANA_SURE = 0.4
# Common words of Chinese that Japanese does not write, in both scripts.
CHINESE_ONLY = frozenset("這这們们沒没還还你您很嗎吗麼么說说對对從从")
# Shares of Traditional-only characters among those of one script only. Simplified Wikipedia and
# classics reach 0.09 with names and quoted words, a patient who types 黃 for 黄 0.22; Traditional
# statutes stay above 0.93.
HANS_MAX, HANT_MIN = 0.3, 0.7
# A Han character is about a word, and manuals quote commands and addresses: so many letters weigh
# as much as one Han character when the question is whether a text is Chinese at all.
LETTERS_PER_HAN = 24
# One or two are a name in brackets: Dr. Wang (王).
NAME_MAX, LETTERS_PER_HAN_OF_A_NAME = 2, 6

# Simplified characters that a Traditional document may hold without holding a Simplified line.
STRAY_MAX = 8
# Lines counted at once (a row of counts is 256 bytes), and looked at where the first ones will do.
LINES_MAX = 4096

HAN = ("han", "han_traditional", "han_simplified", "compatibility_han")
LETTERS = ("latin", "latin1", "latin_extended", "greek", "cyrillic", "other")
# Characters looked at for the region: a first look, and a longer one where that says nothing.
_REGION_SAMPLES = (400, 6000)
# The least weight of its words that shows a region: one word may be a quotation, and the
# institutions of a place are what others write about too (their tables weigh less).
REGION_MIN = 3


def detect(texts: Sequence[str], counted: Census) -> list[str]:
    """Return the script of each text: by its counts, and by its lines where those leave it open."""
    kinds = _by_counts(counted)
    found = [_SCRIPTS[kind] for kind in kinds.tolist()]
    traditional, simplified = counted.count("han_traditional"), counted.count("han_simplified")
    many = simplified > np.maximum(STRAY_MAX, traditional // 50)
    asked: list[tuple[NDArray[np.intp], Callable[[list[str]], NDArray[np.bool_]]]] = [
        (
            np.flatnonzero((kinds == _HANS) & (traditional >= LINE_DISTINCT_SURE)),
            partial(traditional_lines, sure=True),
        ),
        (np.flatnonzero((kinds == _HANT) & many), _simplified_beyond_doubt),
    ]
    for places, judge in asked:
        lines = of_each([texts[i] for i in places.tolist()], judge)
        for i, other in zip(places.tolist(), lines, strict=True):
            found[i] = MIXED if other.any() else found[i]
    for i in np.flatnonzero(kinds == _JAPANESE).tolist():
        found[i] = _chinese_lines(texts[i]) or JAPANESE
    for i in np.flatnonzero(kinds == _HANT).tolist():
        found[i] = region(texts[i]) if found[i] == HANT else found[i]
    return found


def _chinese_lines(text: str) -> str | None:
    """Return the script of the Chinese lines of a text with kana, if it is mostly Chinese."""
    lines = text.split("\n")[:LINES_MAX]
    counted = census(lines)
    kana, han = counted.count("kana"), counted.count(*HAN)
    if kana.sum() >= KANA_SURE * (kana.sum() + han.sum()):
        return None
    plain = (kana == 0).tolist()
    chinese = "\n".join(line for line, yes in zip(lines, plain, strict=True) if yes)
    if 2 * han[kana == 0].sum() < han.sum() or CHINESE_ONLY.isdisjoint(chinese):
        return None
    return detect([chinese], census([chinese]))[0]


def scripts(counted: Census) -> list[str]:
    """Return the script of each text of a census, from its counts alone and without region."""
    return [_SCRIPTS[kind] for kind in _by_counts(counted).tolist()]


_SCRIPTS = (HANS, HANT, MIXED, JAPANESE, KOREAN, OTHER)
_HANS, _HANT, _MIXED, _JAPANESE, _KOREAN, _OTHER = map(np.int8, range(6))


def _by_counts(counted: Census) -> NDArray[np.int8]:
    """Return the number in `_SCRIPTS` of the script of each text: int8 (n,)."""
    han = counted.count(*HAN).astype(np.float64)
    traditional = counted.count("han_traditional").astype(np.float64)
    simplified = counted.count("han_simplified")
    kana = counted.count("kana").astype(np.float64)
    hangul = counted.count("hangul")
    share = traditional / np.maximum(traditional + simplified, 1)
    weight = np.where(han > NAME_MAX, LETTERS_PER_HAN, LETTERS_PER_HAN_OF_A_NAME)
    return np.select(
        [
            hangul > np.maximum(han, kana),
            kana > KANA_MIN * (kana + han),
            han * weight <= counted.count(*LETTERS),
            share >= HANT_MIN,
            share > HANS_MAX,
        ],
        [_KOREAN, _JAPANESE, _OTHER, _HANT, _MIXED],
        _HANS,
    )


# In a line, the shares below are of Traditional-only characters among those of one script only.
# A Simplified line may quote Traditional names; more than a third is Traditional, or half
# converted. In a Simplified document a Traditional line must be one beyond doubt: names and rare
# characters (魏徵, 彭脩) stand alone in short lines of the classics, five different ones do not.
LINE_SHARE_MIN = 0.34
LINE_SHARE_SURE, LINE_DISTINCT_SURE = 0.8, 5


def _counted(lines: list[str]) -> Iterator[tuple[list[str], Census]]:
    """Yield `LINES_MAX` lines at a time, with their census."""
    for i in range(0, len(lines), LINES_MAX):
        some = lines[i : i + LINES_MAX]
        yield some, census(some)


def _share(counted: Census, script: str) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
    """Return how many characters are of one script only, and their share among those of either.

    `script`: the class of the census, han_traditional or han_simplified.
    """
    either = counted.count("han_traditional", "han_simplified")
    mine = counted.count(script)
    return mine, mine / np.maximum(either, 1)


def of_each(
    texts: Sequence[str], judge: Callable[[list[str]], NDArray[np.bool_]]
) -> list[NDArray[np.bool_]]:
    """Return what `judge` says of the lines of each text: they are counted together."""
    if not texts:
        return []
    split = [text.split("\n") for text in texts]
    found = judge([line for lines in split for line in lines])
    return np.split(found, np.cumsum([len(lines) for lines in split])[:-1])


def traditional_lines(lines: list[str], sure: bool) -> NDArray[np.bool_]:
    """Return which lines are Traditional enough to be made Simplified: bool (n,).

    `sure`: in a document that is Simplified by its counts, only those beyond doubt.
    """
    return np.concatenate([_traditional(*part, sure) for part in _counted(lines)])


def _traditional(lines: list[str], counted: Census, sure: bool) -> NDArray[np.bool_]:
    traditional, share = _share(counted, "han_traditional")
    wanted: NDArray[np.bool_] = (traditional > 0) & (share >= LINE_SHARE_MIN) & chinese(counted)
    if sure:
        wanted &= (traditional >= LINE_DISTINCT_SURE) & (share >= LINE_SHARE_SURE)
        for i in np.flatnonzero(wanted).tolist():
            wanted[i] = len(traditional_only().intersection(lines[i])) >= LINE_DISTINCT_SURE
    return wanted


def _simplified_beyond_doubt(lines: list[str]) -> NDArray[np.bool_]:
    """Return which lines of a Traditional document are Simplified for certain: bool (n,)."""
    found = []
    for _, counted in _counted(lines):
        simplified, share = _share(counted, "han_simplified")
        many = simplified >= LINE_DISTINCT_SURE
        found.append(many & (share >= LINE_SHARE_SURE) & chinese(counted))
    return np.concatenate(found)


def simplified_lines(lines: list[str]) -> NDArray[np.bool_]:
    """Return which lines may be made Traditional: Chinese, and not Traditional yet: bool (n,)."""
    every = (counted for _, counted in _counted(lines))
    return np.concatenate([
        (_share(counted, "han_traditional")[1] < HANT_MIN) & chinese(counted) for counted in every
    ])  # fmt: skip


def chinese(counted: Census) -> NDArray[np.bool_]:
    """Return which of the texts of a census hold Han, and neither Japanese nor Korean."""
    han = counted.count(*HAN).astype(np.float64)
    kana = counted.count("kana").astype(np.float64)
    # Two kana in a line are a shop's name in Taipei (鮮の味); a Japanese line has more.
    japanese = (kana > 2) & (kana > KANA_MIN * (kana + han))
    return (han > 0) & ~japanese & (counted.count("hangul") <= han)


@cache
def traditional_only() -> frozenset[str]:
    """Return the characters that the census counts as Traditional."""
    return frozenset(dict(table_rows("script/only.tsv"))["traditional"])


def region(text: str) -> str:
    """Return `Hant-TW`, `Hant-HK` or, where a Traditional text does not show it, `Hant`.

    Adds up the weights of the words of `tables/script/regions.toml` in the text: a region needs
    `REGION_MIN`, and three times what speaks for the other.
    """
    automaton, weights = _region_words()
    for sample in _REGION_SAMPLES:
        taiwan = hong_kong = not_taiwan = 0
        for word in _matches(automaton, text[:sample]):
            script, weight = weights[word]
            if script == HANT_TW:
                taiwan += weight
            elif script == HANT_HK:
                hong_kong += weight
            else:
                not_taiwan += weight
        if taiwan >= REGION_MIN and taiwan > 3 * (hong_kong + not_taiwan):
            return HANT_TW
        if hong_kong >= REGION_MIN and hong_kong > 3 * taiwan:
            return HANT_HK
        if len(text) <= sample:
            break
    return HANT


def _matches(automaton: Any, text: str) -> list[str]:
    """Return the words found; the automaton reads UTF-8, which cannot hold a lone surrogate."""
    try:
        found: list[str] = automaton.find_matches_as_strings(text)
    except UnicodeEncodeError:
        found = automaton.find_matches_as_strings(text.encode("utf-8", "replace").decode())
    return found


def read_regions() -> list[dict[str, Any]]:
    """Return the tables of `regions.toml` as they stand in the file."""
    tables: list[dict[str, Any]] = table_toml("script/regions.toml")["table"]
    return tables


@cache
def _region_words() -> tuple[Any, dict[str, tuple[str, int]]]:
    """Return the automaton of the words, and for each the region it speaks for and its weight."""
    from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

    weights = {
        word: (table["script"], table["weight"])
        for table in read_regions()
        for word in table["words"].split()
    }
    # The DFA is twice as fast as the default, and small for 250 words.
    automaton = AhoCorasick(
        list(weights), matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA
    )
    return automaton, weights
