"""A small character trigram model of Chinese: how much a string looks like text that people write.

The model is script-folded and width-folded: 國 and 国, `，` and `,` are one symbol, all digits are
one, all Latin letters are one. It judges decodings and repairs, nothing else; it knows enough
Japanese and Korean to tell them from noise.

The table (`tables/ngram/zh.npz`, built by `tools/build_ngram.py`) holds three sorted integer arrays
with log-probabilities quantised to a byte, smoothed by interpolated Witten-Bell. With Dirichlet
smoothing a rare character after a common one costs too little, and wrong repairs win.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import SEEK_CUR
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.tablefiles import FOLDER
from pipeline.text.kept import kept

STEP = 1 / 12
"""One quantisation step of a stored log-probability, in nats; a byte reaches down to -21.25."""
BITS = 14
"""Bits of a symbol number: a bigram key is 28 bits, a trigram key at most 32."""
_CONTEXT = np.uint32(1 << 31)
_FACTOR = 0x9E3779B1
_STRETCHES = 19
"""Bits of the number of a stretch of keys."""


Symbols = NDArray[np.uint32]
_Found = tuple[NDArray[np.intp], NDArray[np.bool_]]
"""Where each key is in a sorted table, and whether it is."""


@dataclass(frozen=True, slots=True)
class Keys:
    """A set of keys of so many `bits`, each of which has a number: where it stands in `mixed`.

    They are sorted by what an odd factor makes of them, which is as even as chance: of half a
    million words cut into as many equal stretches, each has one or two. A binary search among the
    keys themselves takes four times as long. `mixed`: uint32 (n,). `starts`: uint32, where each
    stretch begins.
    """

    mixed: NDArray[np.uint32]
    starts: NDArray[np.uint32]
    bits: int

    def find(self, wanted: NDArray[np.uint32]) -> _Found:
        """Return the numbers of some keys (any other where there is none), and whether they are."""
        mixed = wanted * np.uint32(_FACTOR)
        mixed &= np.uint32((1 << self.bits) - 1)
        at = self.starts.take(mixed >> np.uint32(self.bits - _STRETCHES)).astype(np.intp)
        there = self.mixed.take(at, mode="clip")
        below = np.flatnonzero(there < mixed)
        while len(below):
            at[below] += 1
            there[below] = next_ = self.mixed.take(at[below], mode="clip")
            below = below[(next_ < mixed[below]) & (at[below] < len(self.mixed))]
        return np.minimum(at, len(self.mixed) - 1), there == mixed

    def at(self, wanted: int) -> int:
        """Return the number of a key, or -1."""
        mixed = wanted * _FACTOR & (1 << self.bits) - 1
        i = bisect_left(self.mixed.data, mixed)
        return i if i < len(self.mixed) and self.mixed[i] == mixed else -1


def _keys(wanted: NDArray[np.uint32], bits: int) -> tuple[Keys, NDArray[np.intp]]:
    """Return a set of keys, and which of those given has each number."""
    mixed = wanted * np.uint32(_FACTOR) & np.uint32((1 << bits) - 1)
    # By their lower halves, then by the upper ones: numpy sorts words of 16 bits by counting.
    order = np.argsort(mixed.astype(np.uint16), kind="stable")
    upper = (mixed >> np.uint32(16)).astype(np.uint16)
    order = order[np.argsort(upper[order], kind="stable")]
    mixed = mixed[order]
    counts = np.bincount(mixed >> np.uint32(bits - _STRETCHES), minlength=1 << _STRETCHES)
    starts = (np.cumsum(counts) - counts).astype(np.uint32)
    return Keys(mixed, starts, bits), order


@dataclass(frozen=True, slots=True)
class Model:
    """The loaded table.

    `fold`: uint16 (65536,), the symbol of each BMP code point. `uni`, `back1`: float32 (symbols,),
    log-probability and back-off weight. `pairs`: keys a<<14|b, with `pair_p` and `pair_back`
    (uint8, steps below zero) and `rank` (int32: the number of the pair as a context of trigrams, or
    -1). `triples`: keys rank<<14|c, with `triple_p`.
    """

    fold: NDArray[np.uint16]
    uni: NDArray[np.float32]
    back1: NDArray[np.float32]
    pairs: Keys
    pair_p: NDArray[np.uint8]
    pair_back: NDArray[np.uint8]
    rank: NDArray[np.int32]
    triples: Keys
    triple_p: NDArray[np.uint8]
    _memo: dict[int, float] = field(default_factory=dict, compare=False)

    def symbols(self, codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the symbol of each code point: uint32, as long as `codes`."""
        # Beyond the BMP everything is as rare as an unassigned code point.
        return self.fold.take(codes, mode="clip").astype(np.uint32)

    def log_probs(self, codes: NDArray[np.uint32]) -> NDArray[np.float32]:
        """Return ln p(character | the two before it) for each code point; float32.

        The text is taken to begin after a line break.
        """
        start = self.symbols(np.array([10, 10], np.uint32))
        x = np.concatenate([start, self.symbols(codes)])
        # Each pair is looked up once: it is the context of the character after it.
        at, found = self.pairs.find(x[:-1] << BITS | x[1:])
        return self._given((at[:-1], found[:-1]), (at[1:], found[1:]), x[1:-1], x[2:])

    def given(self, a: Symbols, b: Symbols, c: Symbols) -> NDArray[np.float64]:
        """Return ln p(c | a b) of symbols; float64, to the last bit what `log_prob` says."""
        shift = np.uint32(BITS)
        before, known = self.pairs.find(a << shift | b)
        pair, paired = self.pairs.find(b << shift | c)
        context = np.where(known, self.rank[before], -1)
        deep = np.flatnonzero(context >= 0)
        third, hit = self.triples.find(context[deep].astype(np.uint32) << shift | c[deep])
        back = np.zeros(len(c))
        back[deep] = self.pair_back[before[deep]] * -STEP
        found = np.where(
            paired, back + self.pair_p[pair] * -STEP, (back + self.back1[b]) + self.uni[c]
        )
        found[deep[hit]] = self.triple_p[third[hit]] * -STEP
        return found

    def _given(self, ab: _Found, bc: _Found, b: Symbols, c: Symbols) -> NDArray[np.float32]:
        """Return ln p(c | a b), given where the pairs a b and b c are in the table."""
        two = np.where(
            bc[1], self.pair_p[bc[0]] * np.float32(-STEP), self.back1[b] + self.uni[c]
        ).astype(np.float32)
        before = ab[0]
        context = np.where(ab[1], self.rank[before], -1)
        deep = np.flatnonzero(context >= 0)
        keys = context[deep].astype(np.uint32) << np.uint32(BITS) | c[deep]
        third, hit = self.triples.find(keys)
        two[deep] = np.where(
            hit,
            self.triple_p[third] * np.float32(-STEP),
            two[deep] - self.pair_back[before[deep]] * np.float32(STEP),
        )
        return two

    def score(self, text: str) -> float:
        """Return the mean log-probability per character, in nats; 0 for an empty text."""
        return float(self.log_probs(code_points(text)).mean()) if text else 0.0

    def scores(self, texts: Sequence[str]) -> list[float]:
        """Return the `score` of each text, in one pass over all of them."""
        # A line break before each text; only what lies between is counted.
        if not texts:
            return []
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        ends = np.cumsum(lengths + 2) - 2
        means: list[float] = self.means(
            code_points("\n\n".join(texts)), ends - lengths, ends
        ).tolist()
        return means

    def means(
        self, codes: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the mean log-probability of the characters of each span; 0 for an empty one."""
        sums = np.concatenate([[0.0], np.cumsum(self.log_probs(codes), dtype=np.float64)])
        means: NDArray[np.float64] = (sums[ends] - sums[starts]) / np.maximum(ends - starts, 1)
        return means

    def symbol(self, char: str) -> int:
        """Return the symbol of one character."""
        return int(self.fold[min(ord(char), 0xFFFF)])

    def log_prob(self, a: int, b: int, c: int) -> float:
        """Return ln p(c | a b) of three symbols; remembered, for searches that go step by step."""
        key = (a << BITS | b) << BITS | c
        known = self._memo.get(key)
        if known is None:
            if len(self._memo) > 1 << 18:  # about 30 MB of dictionary
                self._memo.clear()
            known = self._memo[key] = self._log_prob(a, b, c)
        return known

    def _log_prob(self, a: int, b: int, c: int) -> float:
        before = self.pairs.at(a << BITS | b)
        back = 0.0
        if before >= 0 and (rank := int(self.rank[before])) >= 0:
            third = self.triples.at(rank << BITS | c)
            if third >= 0:
                return int(self.triple_p[third]) * -STEP
            back = int(self.pair_back[before]) * -STEP
        pair = self.pairs.at(b << BITS | c)
        if pair >= 0:
            return back + int(self.pair_p[pair]) * -STEP
        return back + float(self.back1[b]) + float(self.uni[c])


@kept
def load() -> Model:
    """Return the table that comes with the package. Once per process, 5 ms, and 40 at first."""
    with (FOLDER / "ngram/zh.npz").open("rb") as file:
        table = _arrays(file)
    given = table["pairs"]
    contexts = np.flatnonzero(given & _CONTEXT)  # the top bit: the pair is a trigram context
    rank = np.full(len(given), -1, np.int32)
    rank[contexts] = np.arange(len(contexts), dtype=np.int32)
    pairs, of_pairs = _keys(given & ~_CONTEXT, 2 * BITS)
    triples, of_triples = _keys(table["triples"], 32)
    return Model(
        fold=table["fold"],
        uni=table["uni"].astype(np.float32),
        back1=table["back1"].astype(np.float32),
        pairs=pairs,
        pair_p=table["pair_p"][of_pairs],
        pair_back=table["pair_back"][of_pairs],
        rank=rank[of_pairs],
        triples=triples,
        triple_p=table["triple_p"][of_triples],
    )


def _arrays(file: IO[bytes]) -> dict[str, NDArray[Any]]:
    """Return the arrays of an .npz file that is not compressed.

    `np.load` reads each of them three times over, for the checksum and for copies: 10 ms more.
    """
    found: dict[str, NDArray[Any]] = {}
    with ZipFile(file) as archive:
        for item in archive.infolist():
            if item.compress_type != ZIP_STORED:
                raise ValueError(f"{item.filename} is compressed")
            # A header of 30 bytes, whose last four say how long name and extra field behind it are.
            file.seek(item.header_offset + 26)
            file.seek(sum(struct.unpack("<HH", file.read(4))), SEEK_CUR)
            found[item.filename.removesuffix(".npy")] = np.load(file, allow_pickle=False)
    return found
