"""A cheap test for a batch of texts: which kinds of damage are worth looking for in which text.

One gather from a table of flags and a few shifted ANDs over the whole batch; nothing here decides.
What separates damage from rare characters (poetry, names) is order: UTF-8 read as GBK runs through
the pairs lead+trail, trail+lead, trail+trail in turn, which clean text does not do four times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.census import Census, classes, code_points
from pipeline.text.mojibake.flags import (
    COMMON,
    CYRILLIC_LEAD,
    CYRILLIC_TRAIL,
    ENDING,
    HALF_KANA,
    HAN,
    HANGUL,
    IDEOGRAPH,
    KOREAN_COMMON,
    LATIN_PAIR,
    LETTER_LEAD,
    LETTER_TRAIL,
    LT,
    RARE,
    RARE_HANGUL,
    SJIS_KANA,
    TL,
    TT,
    WESTERN,
    WIDE,
    WORD,
    flags,
)
from pipeline.text.ngram import load

QUESTION, COMMA = ord("?"), ord("ㄛ")
"""`ㄛ` is what the comma of GBK is in Big5."""

# What a text may need.
UTF8_GBK, UTF8_LATIN, UTF8_CYRILLIC, KANA, KOREAN, UNLIKELY, SHIFTED, DROPPED, LETTERS = (
    1 << i for i in range(9)
)
RARE_WINDOW, RARE_LEAST = 8, 2
"""So many rare characters among so many before an ASCII character or `?` make a text suspect."""
SAMPLE = 48
"""Characters beyond ASCII, from the middle, whose score says whether the whole is damaged."""
_NARROW = re.compile(r"[\x00-\x7f]+")
UNLIKELY_BELOW = -10.5
"""Mean log-probability of a sample: verse has -8 to -9.5, legacy bytes misread -11 to -15."""
COMMON_SHARE = 6
"""Of the Han characters or syllables of most text one in six is one of the 120 most frequent."""
CONTROLS = (0x81, 0x82, 0x83, 0x8D, 0x8F, 0x90, 0x9D)
"""Controls that are in no text: Windows has no character there, or one that hardly anybody uses."""
MIN_SIGNS = 3
"""Pairs of a sign (`²`, `»`) and a letter of Latin-1 from which a text is suspect."""
FEW_HAN = 4
"""Cyrillic or Greek letters for each Han character from which a text is not Chinese out of step."""
SLICE = 1 << 16
"""Characters looked at together: their flags stay in the cache."""
FOREIGN = classes("c1", "latin1", "latin_extended", "cyrillic", "halfwidth", "hangul")
"""Classes of which there is a character in every text that has the damage of other scripts: a
Western or Russian reading makes letters of the lead bytes 0xE3-0xE9."""


def suspects(texts: Sequence[str], counted: Census) -> NDArray[np.uint16]:
    """Return for each text the kinds of damage that it may have: uint16 (n,).

    `counted` is the census of the texts.
    """
    kinds = np.zeros(len(texts), np.uint16)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    foreign = (counted.masks & np.uint64(FOREIGN)) != 0
    for part in _slices(sizes, np.flatnonzero(foreign)):
        kinds[part] = _of_foreign([texts[i] for i in part], sizes[part])
    strange = [
        number
        for part in _slices(sizes)
        for number in _of_han(texts, part, sizes[part], kinds, counted)
    ]
    for i in _noise(texts, strange):
        kinds[i] |= UNLIKELY
    # What is out of step is looked for last in texts with other damage.
    kinds[np.flatnonzero(kinds & ~np.uint16(SHIFTED | LETTERS))] |= DROPPED
    return kinds


def _slices(
    sizes: NDArray[np.int64], chosen: NDArray[np.intp] | None = None
) -> Iterator[NDArray[np.intp]]:
    """Yield the numbers of the texts (all, or those chosen) in groups of about SLICE characters."""
    chosen = np.arange(len(sizes)) if chosen is None else chosen
    if len(chosen):
        at = np.cumsum(sizes[chosen]) // SLICE
        cuts = [0, *(np.flatnonzero(at[1:] != at[:-1]) + 1).tolist(), len(chosen)]
        yield from (chosen[a:b] for a, b in pairwise(cuts))


def _joined(
    texts: Sequence[str], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the code points of texts, each followed by a line end, and where each begins."""
    starts = np.zeros(len(texts), np.int64)
    np.cumsum(sizes[:-1], out=starts[1:])
    return code_points("\n".join([*texts, "\n\n"])), starts


def _of_han(
    texts: Sequence[str],
    part: NDArray[np.intp],
    sizes: NDArray[np.int64],
    kinds: NDArray[np.uint16],
    counted: Census,
) -> list[int]:
    """Add what the flags of Han characters say of the texts of a part to the kinds.

    Returns the numbers of those with strange characters, which may be noise.
    """
    codes, starts = _joined([texts[i] for i in part], sizes)
    f = _look(flags().han, codes)

    def mark(places: NDArray[np.intp], kind: int) -> None:
        kinds[part[np.searchsorted(starts, places, side="right") - 1]] |= np.uint16(kind)

    two = f[:-1] & f[1:]
    mark(_in_turn(f, codes), UTF8_GBK)
    mark(np.flatnonzero((two[:-2] & two[2:] & LATIN_PAIR) != 0), UTF8_GBK)
    mark(np.flatnonzero((two[:-1] & two[1:] & SJIS_KANA) != 0), UNLIKELY)
    asked = np.flatnonzero(codes == QUESTION)
    mark(asked[_look(flags().rest, codes[asked + 1]) & WIDE != 0], SHIFTED)
    if counted.count("bopomofo")[part].any():
        comma = np.flatnonzero(codes == COMMA)
        mark(comma[_look(flags().rest, codes[comma - 1]) & IDEOGRAPH != 0], UNLIKELY)
    common, han = _tallies(f, starts, COMMON, HAN)
    private = counted.count("private")[part]
    kinds[part[(private >= 2) & (private * 8 >= han)]] |= UNLIKELY  # what Big5 becomes in GBK
    strange = np.flatnonzero((han >= 2) & (common * COMMON_SHARE < han))
    for i in strange.tolist():
        korean = _count(codes[starts[i] : starts[i] + sizes[i]], KOREAN_COMMON)
        if korean >= 2 and korean * 5 >= han[i] * 3:
            kinds[part[i]] |= UNLIKELY
    # Ends are found everywhere in other damage. Cyrillic letters are rare in Chinese, but not in
    # Russian.
    other = np.flatnonzero(kinds[part] & ~np.uint16(SHIFTED | LETTERS))
    letters = counted.count("cyrillic", "greek")[part]
    for i in np.union1d(other, np.flatnonzero(letters > FEW_HAN * han)).tolist():
        f[starts[i] : starts[i] + sizes[i]] = 0
    mark(endings(codes, f), DROPPED)
    noise: list[int] = part[strange[han[strange] >= 4]].tolist()
    return noise


def _look(table: NDArray[np.uint8], codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return table.take(codes, mode="clip")


def _in_turn(f: NDArray[np.uint8], codes: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Return where four characters are halves of UTF-8 in turn, LT→TL→TT→LT, or three alone.

    Three characters between ASCII that are two of UTF-8 occur once in 50 million clean ones.
    """
    # Bits move up by sums, as numpy's shifts are slow on bytes.
    up = f + f
    far = up + up
    steps = ((up[:-1] & f[1:] & (TL | TT)) | (far[1:] & f[:-1] & TT)) != 0
    three = steps[:-1] & steps[1:]
    four = np.flatnonzero(three[:-1] & steps[2:])
    three &= f[:-2] & LT != 0
    alone = np.flatnonzero(three)
    # Nothing stands before the first character and behind the last one.
    after = codes.take(alone + 3, mode="clip") < 0x80
    after |= alone + 3 == len(codes)
    alone = alone[((codes[alone - 1] < 0x80) | (alone == 0)) & after]
    return np.concatenate([four, alone]) if len(alone) else four


def _count(codes: NDArray[np.uint32], flag: int) -> int:
    return int(np.count_nonzero(_look(flags().rest, codes) & flag))


def _noise(texts: Sequence[str], asked: Sequence[int]) -> Iterator[int]:
    """Yield the numbers of the texts asked about of which the middle reads like noise."""
    middles = [_middle(_NARROW.sub("", _middle(texts[i], 8 * SAMPLE)), SAMPLE) for i in asked]
    scores = zip(asked, load().scores(middles), strict=True)
    return (i for i, score in scores if score < UNLIKELY_BELOW)


def _middle(text: str, size: int) -> str:
    return text[max(0, (len(text) - size) // 2) :][:size]


def endings(codes: NDArray[np.uint32], f: NDArray[np.uint8] | None = None) -> NDArray[np.intp]:
    """Return where rare characters run into what may bring GBK back into step: intp (k,).

    `f` are the flags of Han characters, where they are at hand.
    """
    f = _look(flags().han, codes) if f is None else f
    rare = np.flatnonzero((f & RARE) != 0)
    # Two of them among the eight before a place: behind the second, at most so far behind the
    # first, and not behind a third, which makes a pair with the second.
    near = np.flatnonzero(rare[1:] - rare[:-1] < RARE_WINDOW)
    last = np.minimum(rare[near] + RARE_WINDOW, np.append(rare, len(f) - 1)[near + 2])
    behind = rare[near + 1][:, None] + np.arange(1, RARE_WINDOW)
    at = behind[behind <= last[:, None]]
    rest = flags().rest
    at = at[_look(rest, codes[at]) & ENDING != 0]
    here, before = _look(rest, codes[at]), _look(rest, codes[at - 1])
    following = _look(rest, codes[np.minimum(at + 1, len(codes) - 1)])
    # A rare character is an end only where it took the first letter of a word along.
    at = at[(before & WIDE != 0) & ((here & IDEOGRAPH == 0) | (following & WORD != 0))]
    # Both on the line of the end.
    back = np.arange(1, RARE_WINDOW + 1)
    seen = codes.take(at[:, None] - back, mode="clip")  # more of the first character is harmless
    mine = ~np.logical_or.accumulate(seen == 10, axis=1)
    mine &= _look(flags().han, seen) & RARE != 0
    ends: NDArray[np.intp] = at[mine.sum(axis=1) >= RARE_LEAST]
    return ends


def _of_foreign(texts: Sequence[str], sizes: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Return what the flags of other scripts say: uint16 (n,)."""
    codes, starts = _joined(texts, sizes)
    f = _look(flags().foreign, codes)
    kinds = np.zeros(len(texts), np.uint16)

    def mark(places: NDArray[np.intp], kind: int) -> None:
        kinds[np.searchsorted(starts, places, side="right") - 1] |= np.uint16(kind)

    mark(_western(f), UTF8_LATIN)
    controls = np.flatnonzero((codes >= CONTROLS[0]) & (codes <= CONTROLS[-1]))
    mark(controls[np.isin(codes[controls], CONTROLS)], UTF8_LATIN)
    mark(_signs(f, codes, starts), UTF8_LATIN)
    mark(_cyrillic(f), UTF8_CYRILLIC)
    lead = (f[:-1] & LETTER_LEAD) != 0
    mark(np.flatnonzero(lead & (f[1:] & LETTER_TRAIL != 0)), LETTERS)
    hangul = np.flatnonzero((f[:-1] & HANGUL) != 0)
    mark(hangul[_look(flags().rest, codes[hangul + 1]) & IDEOGRAPH != 0], KOREAN)
    half, rare = _tallies(f, starts, HALF_KANA, RARE_HANGUL)
    kinds[half >= 4] |= KANA
    for i in np.flatnonzero(rare >= 2).tolist():
        h = np.count_nonzero(_look(flags().han, codes[starts[i] : starts[i] + sizes[i]]) & HAN)
        kinds[i] |= KOREAN if rare[i] * 10 >= h else 0
    return kinds


def _western(f: NDArray[np.uint8]) -> NDArray[np.intp]:
    two = f[:-1] & f[1:]
    return np.flatnonzero((two[:-2] & two[2:] & WESTERN) != 0)


def _signs(
    f: NDArray[np.uint8], codes: NDArray[np.uint32], starts: NDArray[np.int64]
) -> NDArray[np.intp]:
    """Return where the signs of Latin-1 stand beside its letters, in texts where they often do."""
    sign = (codes > 0xA0) & (codes < 0xC0)
    beside = (sign[:-1] | sign[1:]) & (f[:-1] & f[1:] & WESTERN != 0)
    at = np.flatnonzero(beside)
    owners = np.searchsorted(starts, at, side="right") - 1
    return at[np.bincount(owners, minlength=len(starts))[owners] >= MIN_SIGNS]


def _cyrillic(f: NDArray[np.uint8]) -> NDArray[np.intp]:
    lead = np.flatnonzero((f[:-2] & CYRILLIC_LEAD) != 0)
    found: NDArray[np.intp] = lead[f[lead + 1] & f[lead + 2] & CYRILLIC_TRAIL != 0]
    return found


def readings(texts: Sequence[str]) -> list[list[str]]:
    """Return for each text the readings whose UTF-8 it may be, by the same signs, likeliest first.

    For the text under a layer: in clean text there is no sign, and nothing more is tried.
    """
    sizes = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    return [
        names
        for part in _slices(sizes)
        for names in _readings([texts[i] for i in part], sizes[part])
    ]


def _readings(texts: Sequence[str], sizes: NDArray[np.int64]) -> list[list[str]]:
    codes, starts = _joined(texts, sizes)
    f, g = _look(flags().han, codes), _look(flags().foreign, codes)

    def marked(places: NDArray[np.intp]) -> NDArray[np.bool_]:
        found = np.zeros(len(texts), bool)
        found[np.searchsorted(starts, places, side="right") - 1] = True
        return found

    two = f[:-1] & f[1:]
    gbk = marked(_in_turn(f, codes))
    gbk |= marked(np.flatnonzero((two[:-2] & two[2:] & LATIN_PAIR) != 0))
    common, han = _tallies(f, starts, COMMON, HAN)
    strange = common * COMMON_SHARE < han
    kana = strange | marked(np.flatnonzero((g & HALF_KANA) != 0))
    hangul = strange | marked(np.flatnonzero((g & HANGUL) != 0))
    # As in the gate: a row of quotation marks and dashes is none without a letter.
    western = marked(_western(g))
    western &= marked(np.flatnonzero((codes >= 0x80) & (codes < 0x250)))
    columns = {
        "gbk": gbk,
        "big5": strange,
        "cp932": kana,
        "cp949": hangul,
        "cp1252": western,
        "cp1251": marked(_cyrillic(g)),
        "macroman": western,
    }
    names: list[list[str]] = [[] for _ in texts]
    for name, column in columns.items():
        for i in np.flatnonzero(column).tolist():
            names[i].append(name)
    return names


def _tallies(
    f: NDArray[np.uint8], starts: NDArray[np.int64], *chosen: int
) -> list[NDArray[np.int32]]:
    """Return how often each of some flags occurs in each text."""
    return [np.add.reduceat((f & flag) != 0, starts, dtype=np.int32) for flag in chosen]
