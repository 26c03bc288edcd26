"""A cheap test for a batch of texts: which kinds of damage are worth looking for in which text.

One gather from a table of flags and a few shifted ANDs over the whole batch; nothing here decides.
What separates damage from rare characters (poetry, names) is order: UTF-8 read as GBK runs through
the pairs lead+trail, trail+lead, trail+trail in turn, which clean text does not do four times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.census import Census, classes, code_points
from pipeline.runs import cut
from pipeline.text.codes import places
from pipeline.text.mojibake import alphabets
from pipeline.text.mojibake.flags import (
    COMMON,
    CYRILLIC_TRAIL,
    ENDING,
    HALF_KANA,
    HAN,
    HANGUL,
    IDEOGRAPH,
    KOREAN_COMMON,
    LATIN_PAIR,
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

QUESTION, COMMA, SIGN = ord("?"), ord("ㄛ"), ord("鈥")
"""`ㄛ` is what the comma of GBK is in Big5, 鈥 the beginning of a mark of UTF-8 in GBK."""

# What a text may need.
UTF8_GBK, UTF8_LATIN, UTF8_CYRILLIC, KANA, KOREAN, UNLIKELY, SHIFTED, DROPPED, LETTERS, MARKS = (
    1 << i for i in range(10)
)
ALPHABET = 1 << 10
"""Rows of letters that are no language, all from one table of one byte a letter."""
_BESIDE = np.uint16(SHIFTED | LETTERS | MARKS)
"""Kinds that say nothing of the rest of the text."""
RARE_WINDOW, RARE_LEAST = 8, 2
"""So many rare characters among so many before an ASCII character or `?` make a text suspect."""
SAMPLE = 48
"""Characters beyond ASCII, from the middle, whose score says whether the whole is damaged."""
_NARROW = re.compile(r"[\x00-\x7f]+")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
UNLIKELY_BELOW = -10.5
"""Mean log-probability of a sample: verse has -8 to -9.5, legacy bytes misread -11 to -15."""
TITLE, TITLE_RARE, TITLE_MARGIN = 32, 3, 1.5
"""Characters of a first line that are looked at, rare ones among them from which it may be damaged
alone, and nats by which it must be less likely than a sample: titles have names."""
_PLACES = np.arange(TITLE)
PRIVATE_SHARE, PRIVATE_LINE = 8, 3
"""Big5 read as GBK has a private character for eight ideographs; and so many of them in a line."""
COMMON_SHARE = 6
"""Of the Han characters or syllables of most text one in six is one of the 120 most frequent."""
CONTROLS = (0x81, 0x82, 0x83, 0x8D, 0x8F, 0x90, 0x9D)
"""Controls that are in no text: Windows has no character there, or one that hardly anybody uses."""
_CONTROLS = np.isin(np.arange(0xA0), CONTROLS)
MIN_SIGNS = 3
"""Pairs of a sign (`²`, `»`) and a letter of Latin-1 from which a text is suspect."""
FEW_HAN = 4
"""Cyrillic or Greek letters for each Han character from which a text is not Chinese out of step."""
SLICE = 3 << 16
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
        kinds[part] = _of_foreign([texts[i] for i in part.tolist()], sizes[part])
    strange = [
        number
        for part in _slices(sizes)
        for number in _of_han(texts, part, sizes[part], kinds, counted)
    ]
    for i in _noise(texts, strange):
        kinds[i] |= UNLIKELY
    for i in alphabets.asked(counted).tolist():
        kinds[i] |= ALPHABET if alphabets.fitting(texts[i]) else 0
    # What is out of step is looked for last in texts with other damage.
    kinds[np.flatnonzero(kinds & ~_BESIDE)] |= DROPPED
    return kinds


def _slices(
    sizes: NDArray[np.int64], chosen: NDArray[np.intp] | None = None
) -> Iterator[NDArray[np.intp]]:
    """Yield the numbers of the texts (all, or those chosen) in groups of about SLICE characters."""
    chosen = np.arange(len(sizes)) if chosen is None else chosen
    for first, last in cut(sizes[chosen], SLICE):
        yield chosen[first:last]


def _joined(
    texts: Sequence[str], sizes: NDArray[np.int64]
) -> tuple[str, NDArray[np.uint32], NDArray[np.int64]]:
    """Return texts, each followed by a line end, their code points, and where each begins."""
    starts = np.zeros(len(texts), np.int64)
    np.cumsum(sizes[:-1], out=starts[1:])
    joined = "\n".join([*texts, "\n\n"])
    return joined, code_points(joined), starts


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
    counted = counted.of(part)
    text, codes, starts = _joined([texts[i] for i in part.tolist()], sizes)
    f = _look(flags().han, codes)
    spans = Spans(starts, len(codes))

    def mark(found: NDArray[np.bool_], kind: int) -> None:
        kinds[part[found]] |= np.uint16(kind)

    mark(_in_turn(f, codes, spans), UTF8_GBK)
    four, three = _in_rows(f)
    mark(spans.have(four & LATIN_PAIR), UTF8_GBK)
    mark(spans.have(three & SJIS_KANA), UNLIKELY)
    # In a text one character is found faster than in an array.
    if chr(SIGN) in text:
        mark(spans.own(np.flatnonzero(codes == SIGN)), MARKS)
    if chr(QUESTION) in text:
        asked = np.flatnonzero(codes == QUESTION)
        mark(spans.own(asked[_look(flags().rest, codes[asked + 1]) & WIDE != 0]), SHIFTED)
    if chr(COMMA) in text:
        comma = np.flatnonzero(codes == COMMA)
        mark(spans.own(comma[_look(flags().rest, codes[comma - 1]) & IDEOGRAPH != 0]), UNLIKELY)
    common, han = spans.count(f & COMMON), spans.count(f & HAN)
    private = counted.count("private")
    # What Big5 becomes in GBK: the text, or a line of it.
    kinds[part[(private >= 2) & (private * PRIVATE_SHARE >= han)]] |= UNLIKELY
    for i in np.flatnonzero((private >= PRIVATE_LINE) & (private * PRIVATE_SHARE < han)).tolist():
        if _private_line(texts[part[i]]):
            kinds[part[i]] |= UNLIKELY
    strange = np.flatnonzero((han >= 2) & (common * COMMON_SHARE < han))
    for i in strange.tolist():
        korean = _count(codes[starts[i] : starts[i] + sizes[i]], KOREAN_COMMON)
        if korean >= 2 and korean * 5 >= han[i] * 3:
            kinds[part[i]] |= UNLIKELY
    # Ends are found everywhere in other damage. Cyrillic letters are rare in Chinese, but not in
    # Russian.
    other = (kinds[part] & ~_BESIDE) != 0
    other |= counted.count("cyrillic", "greek") > FEW_HAN * han
    for i in np.flatnonzero(other).tolist():
        f[starts[i] : starts[i] + sizes[i]] = 0
    rare = places(f, RARE)
    mark(spans.own(endings(codes, rare)), DROPPED)
    noise: list[int] = part[strange[han[strange] >= 4]].tolist()
    for i in np.setdiff1d(_strange_titles(f, codes, starts, rare), strange).tolist():
        title = texts[part[i]][:TITLE].partition("\n")[0]
        if load().score(title) < UNLIKELY_BELOW - TITLE_MARGIN:
            kinds[part[i]] |= UNLIKELY
    return noise


def _private_line(text: str) -> bool:
    """Tell whether a line has as many private characters as Big5 read as GBK, and ideographs."""
    for line in text.split("\n"):
        private = len(_PRIVATE.findall(line))
        if private >= PRIVATE_LINE:
            wide = sum(char >= "\u3400" for char in line) - private
            if private <= wide <= private * PRIVATE_SHARE:
                return True
    return False


def _strange_titles(
    f: NDArray[np.uint8],
    codes: NDArray[np.uint32],
    starts: NDArray[np.int64],
    rare: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Return the texts whose first line is a title of which many characters are rare: intp (k,).

    `rare`: where the rare characters stand.
    """
    few = np.searchsorted(rare, starts + TITLE) - np.searchsorted(rare, starts) >= TITLE_RARE
    some = np.flatnonzero(few)
    if not len(some):
        return some
    heads = starts[some, None] + _PLACES
    seen = f.take(heads, mode="clip")
    lines = codes.take(heads, mode="clip") == 10
    seen[np.logical_or.accumulate(lines, axis=1)] = 0
    count = np.count_nonzero(seen & RARE, axis=1)
    strange = (count >= TITLE_RARE) & (np.count_nonzero(seen & COMMON, axis=1) * 2 <= count)
    found: NDArray[np.intp] = some[strange]
    return found


def _look(table: NDArray[np.uint8], codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return table.take(codes, mode="clip")


_Mask = NDArray[np.integer[Any]] | NDArray[np.bool_]
"""What is asked of each place, 0 for no."""


class Spans:
    """Where each text of a slice lies: what is asked of the places of a slice, told of its texts.

    The places are packed to bits and counted by words: dense ones cost no more than none.
    """

    def __init__(self, starts: NDArray[np.int64], size: int) -> None:
        self.starts = starts
        if len(starts) == 1:
            return
        edges = np.append(starts, size)
        self.words = edges >> 6
        self.below = (np.uint64(1) << (edges & 63).astype(np.uint64)) - np.uint64(1)
        self.bits = np.zeros(8 * (size // 64 + 1), np.uint8)

    def count(self, mask: _Mask) -> NDArray[np.int64]:
        """Return how many places of each text are not 0: int64 (n,).

        What is missing of `mask` at the end is 0.
        """
        if len(self.starts) == 1:
            return np.array([np.count_nonzero(mask)])
        packed = np.packbits(mask, bitorder="little")
        self.bits[: len(packed)] = packed
        self.bits[len(packed) :] = 0
        words = self.bits.view("<u8")
        before = np.zeros(len(words) + 1, np.int64)
        np.cumsum(np.bitwise_count(words), out=before[1:])
        at = before[self.words] + np.bitwise_count(words[self.words] & self.below)
        counts: NDArray[np.int64] = at[1:] - at[:-1]
        return counts

    def have(self, mask: _Mask) -> NDArray[np.bool_]:
        """Tell which texts have a place that is not 0: bool (n,)."""
        if not mask.size or not mask.max():
            return np.zeros(len(self.starts), np.bool_)
        return self.count(mask) > 0

    def own(self, places: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Tell which texts have one of some places, which are in order: bool (n,)."""
        before = np.searchsorted(places, self.starts)
        return np.append(before[1:], len(places)) > before


def _in_rows(f: NDArray[np.uint8]) -> tuple[_Mask, _Mask]:
    """Return the flags that four characters in a row have, and three, from each place on."""
    two = f[:-1] & f[1:]
    return two[:-2] & two[2:], two[:-1] & two[1:]


def _in_turn(f: NDArray[np.uint8], codes: NDArray[np.uint32], spans: Spans) -> NDArray[np.bool_]:
    """Tell in which texts four characters are halves of UTF-8 in turn, LT→TL→TT→LT, or three alone.

    Three characters between ASCII that are two of UTF-8 occur once in 50 million clean ones.
    """
    # Bits move up by sums, as numpy's shifts are slow on bytes.
    up = f + f
    far = up + up
    steps = (up[:-1] & f[1:] & (TL | TT)) | (far[1:] & f[:-1] & TT)
    at = np.flatnonzero(steps != 0)
    found = spans.own(at[:-2][at[2:] - at[:-2] == 2])
    alone = at[:-1][at[1:] - at[:-1] == 1]
    alone = alone[(f[alone] & LT) != 0]
    # Line ends stand behind the last character, and before the first one as well.
    found |= spans.own(alone[(codes[alone - 1] < 0x80) & (codes[alone + 3] < 0x80)])
    return found


def _count(codes: NDArray[np.uint32], flag: int) -> int:
    return int(np.count_nonzero(_look(flags().rest, codes) & flag))


def _noise(texts: Sequence[str], asked: Sequence[int]) -> Iterator[int]:
    """Yield the numbers of the texts asked about of which the middle reads like noise."""
    middles = [_middle(_NARROW.sub("", _middle(texts[i], 8 * SAMPLE)), SAMPLE) for i in asked]
    scores = zip(asked, load().scores(middles), strict=True)
    return (i for i, score in scores if score < UNLIKELY_BELOW)


def _middle(text: str, size: int) -> str:
    return text[max(0, (len(text) - size) // 2) :][:size]


def endings(codes: NDArray[np.uint32], rare: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
    """Return where rare characters run into what may bring GBK back into step: intp (k,).

    `rare`: where they stand, where that is known.
    """
    rare = places(_look(flags().han, codes), RARE) if rare is None else rare
    # Two of them among the eight before a place: behind the second, at most so far behind the
    # first, and not behind a third, which makes a pair with the second.
    near = np.flatnonzero(rare[1:] - rare[:-1] < RARE_WINDOW)
    last = np.minimum(rare[near] + RARE_WINDOW, np.append(rare, len(codes) - 1)[near + 2])
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
    _, codes, starts = _joined(texts, sizes)
    f = _look(flags().foreign, codes)
    spans = Spans(starts, len(codes))
    kinds = np.zeros(len(texts), np.uint16)

    def mark(found: NDArray[np.bool_], kind: int) -> None:
        kinds[found] |= np.uint16(kind)

    mark(spans.have(_western(f)), UTF8_LATIN)
    mark(spans.have(_controls(codes)), UTF8_LATIN)
    mark(spans.count(_signs(f, codes)) >= MIN_SIGNS, UTF8_LATIN)
    mark(spans.have(_cyrillic(f)), UTF8_CYRILLIC)
    up = f[:-1] + f[:-1]  # a lead's flag is half of a trail's
    mark(spans.have(up & f[1:] & LETTER_TRAIL), LETTERS)
    hangul = np.flatnonzero((f[:-1] & HANGUL) != 0)
    mark(spans.own(hangul[_look(flags().rest, codes[hangul + 1]) & IDEOGRAPH != 0]), KOREAN)
    half, rare = spans.count(f & HALF_KANA), spans.count(f & RARE_HANGUL)
    kinds[half >= 4] |= KANA
    for i in np.flatnonzero(rare >= 2).tolist():
        h = np.count_nonzero(_look(flags().han, codes[starts[i] : starts[i] + sizes[i]]) & HAN)
        kinds[i] |= KOREAN if rare[i] * 10 >= h else 0
    return kinds


def _western(f: NDArray[np.uint8]) -> _Mask:
    """Mark where four letters or signs of the Western tables stand in a row."""
    return _in_rows(f)[0] & WESTERN


def _controls(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Mark the controls that are in no text."""
    return _CONTROLS.take(codes, mode="clip")


def _signs(f: NDArray[np.uint8], codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Mark where a sign of Latin-1 stands beside one of its letters."""
    sign = (codes > 0xA0) & (codes < 0xC0)
    beside: NDArray[np.bool_] = (f[:-1] & f[1:] & WESTERN) != 0
    beside &= sign[:-1] | sign[1:]
    return beside


def _cyrillic(f: NDArray[np.uint8]) -> _Mask:
    """Mark where a character of UTF-8 stands in the letters of Windows' Cyrillic table."""
    trails = f[1:] & CYRILLIC_TRAIL
    up = f[:-2] + f[:-2]  # a lead's flag is half of a trail's
    return up & trails[:-1] & trails[1:]


def readings(texts: Sequence[str]) -> list[list[str]]:
    """Return for each text the readings whose UTF-8 it may be, by the same signs, likeliest first.

    For the text under a layer: in clean text there is no sign, and nothing more is tried.
    """
    sizes = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    return [
        names
        for part in _slices(sizes)
        for names in _readings([texts[i] for i in part.tolist()], sizes[part])
    ]


def _readings(texts: Sequence[str], sizes: NDArray[np.int64]) -> list[list[str]]:
    _, codes, starts = _joined(texts, sizes)
    f, g = _look(flags().han, codes), _look(flags().foreign, codes)
    spans = Spans(starts, len(codes))
    gbk = _in_turn(f, codes, spans)
    gbk |= spans.have(_in_rows(f)[0] & LATIN_PAIR)
    strange = spans.count(f & COMMON) * COMMON_SHARE < spans.count(f & HAN)
    kana = strange | spans.have(g & HALF_KANA)
    hangul = strange | spans.have(g & HANGUL)
    # As in the gate: a row of quotation marks and dashes is none without a letter.
    western = spans.have(_western(g))
    if western.any():
        western &= spans.have((codes >= 0x80) & (codes < 0x250))
    columns = {
        "gbk": gbk,
        "big5": strange,
        "cp932": kana,
        "cp949": hangul,
        "cp1252": western,
        "cp1251": spans.have(_cyrillic(g)),
        "macroman": western,
    }
    names: list[list[str]] = [[] for _ in texts]
    for name, column in columns.items():
        for i in np.flatnonzero(column).tolist():
            names[i].append(name)
    return names
