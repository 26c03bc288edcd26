"""Builds `pipeline/tables/ngram/zh.npz` from packages that anyone can install.

    pip install wordfreq jieba cjclassifier opencc
    apt-get download sunpinyin-data && dpkg-deb -x sunpinyin-data_*.deb DIR
    python tools/build_ngram.py --open-gram DIR [--text FOLDER ...]

Sources (licences in NOTICE): the character pairs of Chinese Wikipedia counted in cjclassifier; the
word pairs of the open-gram language model (they alone know what crosses a word and what stands
beside punctuation); word frequencies of wordfreq (zh, ja, ko) and of jieba's dictionary. A folder
of UTF-8 text can be added or, without the other sources, stand alone.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pipeline.census import code_points
from pipeline.text.ngram import BITS, STEP

OUT = Path(__file__).resolve().parents[1] / "pipeline/tables/ngram/zh.npz"
MAX_PAIRS, MAX_TRIPLES = 520_000, 420_000  # together about 6 MB
# Virtual size of each source in characters. Witten-Bell compares counts with the number of kinds,
# so that web-scale counts have to be brought to the size of a corpus that has as many kinds.
WEIGHT = {
    "wikipedia": 30e6,
    "open-gram": 40e6,
    "zh": 12e6,
    "jieba": 4e6,
    "ja": 3e6,
    "ko": 1.5e6,
    "layout": 4e6,
}

Counts = tuple[NDArray[np.uint64], NDArray[np.float64]]


# ---------------------------------------------------------------- symbols

CLASSES = (  # first and last code point, symbol: classes of which only the kind matters
    (0x00, 0x1F, "\u0001"), (0x30, 0x39, "0"), (0x41, 0x5A, "a"), (0x61, 0x7A, "a"),
    (0x7F, 0xA0, "\u0001"), (0xC0, 0x24F, "é"), (0x250, 0x36F, "ə"), (0x370, 0x3FF, "α"),
    (0x400, 0x52F, "я"), (0x530, 0x1FFF, "א"), (0x2460, 0x24FF, "①"), (0x2500, 0x25FF, "─"),
    (0x3105, 0x312F, "ㄅ"), (0x31A0, 0x31BF, "ㄅ"), (0x3200, 0x33FF, "㈠"),
    (0xD800, 0xF8FF, "\ue000"), (0xFE30, 0xFE6F, "﹏"), (0xFF61, 0xFF9F, "ｱ"),
    (0xFFE0, 0xFFEF, "￠"), (0xFFFD, 0xFFFD, "\ufffd"), (0xFFFE, 0xFFFF, "\u2fff"),
)  # fmt: skip


def folded() -> list[str]:
    """Return the folded form of every BMP code point: what stands for it in the counts."""
    from opencc import OpenCC

    simplified = OpenCC("t2s")
    forms = [chr(c) for c in range(0x10000)]
    for c in range(0x10000):
        wide = unicodedata.normalize("NFKC", chr(c))
        if 0xF900 <= c < 0xFB00 or 0xFF00 <= c < 0xFF61:
            forms[c] = wide if len(wide) == 1 else forms[c]
        if 0x3400 <= c < 0xA000:
            one = simplified.convert(chr(c))
            forms[c] = one if len(one) == 1 and ord(one) < 0x10000 else forms[c]
    for first, last, symbol in CLASSES:
        for c in range(first, last + 1):
            forms[c] = symbol
    for c in (0x09, 0x0A, 0x0D, 0x20, 0x3000):
        forms[c] = " "
    for c in range(0xFF01, 0xFF5F):
        forms[c] = forms[c - 0xFEE0]
    return forms


# ---------------------------------------------------------------- sources

Weighted = tuple[str, float]


def wikipedia() -> Iterator[Weighted]:
    """Yield characters and pairs of Chinese Wikipedia with their share (sum 1 for each length)."""
    spec = find_spec("cjclassifier")
    assert spec
    assert spec.origin
    path = Path(spec.origin).parent / "cjlogprobs.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            chars, hans, _, _ = line.split()
            if hans != "0":
                yield chars, float(np.exp(float(hans)))


def words(language: str) -> Iterator[Weighted]:
    """Yield the words of one language with their share of the words."""
    from wordfreq import get_frequency_dict

    yield from get_frequency_dict(language, "best").items()


def jieba() -> Iterator[Weighted]:
    """Yield the words of jieba's dictionary with their share."""
    spec = find_spec("jieba")
    assert spec
    assert spec.origin
    rows = (Path(spec.origin).parent / "dict.txt").read_text("utf-8").splitlines()
    pairs = [row.split(" ")[:2] for row in rows]
    total = sum(int(n) for _, n in pairs)
    for word, n in pairs:
        yield word, int(n) / total


def open_gram(
    folder: Path,
) -> tuple[list[Weighted], list[tuple[str, str, float]], list[Weighted]]:
    """Return words, word pairs and what was pruned after each word, read from sunpinyin's binary.

    The file: 6 integers (order, log flag, nodes per level), 65,536 probabilities, 16,384 back-off
    weights, then the levels. A node is three integers: word number in the low 18 bits of the first,
    index of the probability in the low 16 of the second, number of the first child in the rest.
    """
    (model,) = folder.glob("**/lm_sc.t3g")
    (lexicon,) = folder.glob("**/pydict_sc.bin")
    data, dictionary = model.read_bytes(), lexicon.read_bytes()
    names = dictionary[int.from_bytes(dictionary[8:12], "little") :].decode("utf-32-le").split("\0")
    sizes = np.frombuffer(data, "<u4", 4, 8).astype(int)
    table = np.frombuffer(data, "<f4", 65536, 24)
    nodes = np.frombuffer(data, "<u4", int(sizes[:3].sum()) * 3, 24 + 4 * (65536 + 16384))
    nodes = nodes.reshape(-1, 3)
    one, two = nodes[sizes[0] : sizes[0] + sizes[1]], nodes[sizes[0] + sizes[1] :]
    child = (one[:, 1] >> 16 | one[:, 2] >> 25 << 16).astype(int)
    word1, p1 = one[:-1, 0] & 0x3FFFF, table[one[:-1, 1] & 0xFFFF]
    word2, p2 = two[:, 0] & 0x3FFFF, table[two[:, 1] & 0xFFFF]
    singles = [(names[w], float(p)) for w, p in zip(word1, p1, strict=True) if names[w]]
    doubles: list[tuple[str, str, float]] = []
    rest: list[Weighted] = []
    for i in range(len(word1)):
        left = names[word1[i]] or " "  # number 0 is where a sentence begins and ends
        for j in range(child[i], child[i + 1]):
            right = names[word2[j]] or " "
            doubles.append((left, right, float(p1[i] * p2[j])))
        rest.append((left, float(p1[i]) * (1 - float(p2[child[i] : child[i + 1]].sum()))))
    return singles, doubles, rest


def layout() -> list[Weighted]:
    """Return the hand-written patterns of digits, letters and marks, with equal shares."""
    path = Path(__file__).with_name("ngram_layout.txt")
    rows = [row for row in path.read_text("utf-8").splitlines() if row[:1] not in ("", "#")]
    total = sum(len(row) + 2 for row in rows)
    return [(f" {row}", 1 / total) for row in rows]


def lines(folder: Path) -> Iterator[Weighted]:
    """Yield the lines of all .txt files below a folder, each counting once."""
    for path in sorted(folder.glob("**/*.txt")):
        for line in path.read_text("utf-8", "replace").splitlines():
            yield f" {line} ", 1.0


# ---------------------------------------------------------------- counting


M = np.uint64(0xFFFF)
NOISE = ("\ue000", "\ufffd", "\u0001", "ｱ")
"""Kinds that no text of ours should hold; the sources hold a few. Noise must never look cheap."""


class Counter:
    """Weighted n-gram counts over symbol numbers, kept as sorted unique keys."""

    def __init__(self, forms: list[str]) -> None:
        """Give a number to the symbols of `forms`, the folded form of every BMP code point."""
        self.names = sorted(set(forms))
        number = {name: i for i, name in enumerate(self.names)}
        self.fold = np.array([number[form] for form in forms], np.uint32)
        self.tables: dict[int, list[Counts]] = {1: [], 2: [], 3: []}
        # Per context of one and two symbols: mass known to be there, but not where. A source that
        # was pruned says so by what its probabilities do not add up to.
        self.pruned: dict[int, list[Counts]] = {1: [], 2: []}

    def numbers(self, text: str) -> NDArray[np.uint64]:
        """Return the symbol number of each character; one above the BMP counts as U+FFFF."""
        codes = np.minimum(code_points(text), 0xFFFF)
        return self.fold[codes].astype(np.uint64)

    def add(self, items: Iterable[Weighted], weight: float, orders: Iterable[int]) -> None:
        """Count all n-grams within each string."""
        strings, shares = zip(*items, strict=True)
        flat = self.numbers("".join(strings))
        sizes = np.array([len(s) for s in strings])
        owner = np.repeat(np.arange(len(strings)), sizes)
        w = np.array(shares) * weight
        for n in orders:
            keys = flat[: len(flat) - n + 1].copy()
            for i in range(1, n):
                keys = keys << np.uint64(16) | flat[i : len(flat) - n + 1 + i]
            inside = owner[: len(keys)] == owner[n - 1 :]
            self._put(n, keys[inside], w[owner[: len(keys)][inside]])

    def add_exact(self, items: Iterable[Weighted], weight: float) -> None:
        """Count each string as one n-gram of its own length."""
        by_length: dict[int, list[Weighted]] = {}
        for text, share in items:
            by_length.setdefault(len(text), []).append((text, share))
        for n, rows in by_length.items():
            if n <= 3:
                self.add(rows, weight, [n])

    def add_pruned(self, items: Iterable[Weighted], weight: float) -> None:
        """Count mass that follows each string, as its last one and last two symbols."""
        for text, share in items:
            for n in (1, 2):
                if len(text) >= n:
                    keys = self.numbers(text[-n:])
                    key = keys[0] if n == 1 else keys[0] << np.uint64(16) | keys[1]
                    self.pruned[n].append((key.reshape(1), np.array([share * weight])))

    def _put(self, n: int, keys: NDArray[np.uint64], weights: NDArray[np.float64]) -> None:
        self.tables[n].append(_summed(keys, weights))

    def pruned_total(self, n: int) -> Counts:
        """Return the summed pruned mass of the contexts of n symbols."""
        if not self.pruned[n]:
            return np.zeros(0, np.uint64), np.zeros(0)
        keys, weights = zip(*self.pruned[n], strict=True)
        return _summed(np.concatenate(keys), np.concatenate(weights))

    def total(self, n: int) -> Counts:
        """Return the summed counts of one order, without n-grams that hold noise."""
        keys, weights = zip(*self.tables[n], strict=True)
        unique, counts = _summed(np.concatenate(keys), np.concatenate(weights))
        noise = [self.names.index(name) for name in NOISE]
        clean = np.ones(len(unique), bool)
        for i in range(n):
            clean &= ~np.isin(unique >> np.uint64(16 * i) & M, noise)
        return unique[clean], counts[clean]

    def merge_rare(self) -> None:
        """Give new numbers: what no source has seen becomes one symbol for each kind of script."""
        seen, _ = self.total(1)
        kept = {self.names[int(i)] for i in seen}
        stands_for = [name if name in kept else _kind(ord(name)) for name in self.names]
        names = sorted(set(stands_for))
        number = {name: i for i, name in enumerate(names)}
        new = np.array([number[name] for name in stands_for], np.uint64)
        self.pruned = {n: [self.pruned_total(n)] for n in self.pruned}
        for n, tables in (*self.tables.items(), *self.pruned.items()):
            tables[:] = [
                _summed(
                    sum(new[keys >> np.uint64(16 * i) & M] << np.uint64(16 * i) for i in range(n)),
                    weights,
                )
                for keys, weights in tables
            ]
        self.names, self.fold = names, new[self.fold].astype(np.uint32)


def _kind(code: int) -> str:
    if 0x3400 <= code < 0xA000:
        return "㐀"
    if 0xAC00 <= code < 0xD7B0:
        return "갘"
    return chr(code) if code < 0x80 or chr(code) in NOISE else "\u2fff"


def _summed(keys: NDArray[np.uint64], weights: NDArray[np.float64]) -> Counts:
    unique, inverse = np.unique(keys, return_inverse=True)
    return unique, np.bincount(inverse, weights, len(unique)).astype(np.float64)


def crossing(doubles: list[tuple[str, str, float]]) -> tuple[list[Weighted], list[Weighted]]:
    """Return the pairs and triples that cross a word boundary."""
    pairs = [(a[-1] + b[0], p) for a, b, p in doubles]
    triples = [(a[-2:] + b[0], p) for a, b, p in doubles if len(a) > 1]
    triples += [(a[-1] + b[:2], p) for a, b, p in doubles if len(b) > 1]
    return pairs, triples


# ---------------------------------------------------------------- smoothing


def witten_bell(counter: Counter) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of the table: interpolated Witten-Bell, written as a back-off model."""
    size = len(counter.names)
    k1, c1 = counter.total(1)
    uni = np.full(size, 0.05)  # what no source has seen is a twentieth of one sighting
    uni[k1.astype(int)] += c1
    # ASCII and the marks of type are common where documents have layout, which no source shows.
    for i, name in enumerate(counter.names):
        if name.isascii() or name in "①─㈠α·•●■◆★→×±℃‰":
            uni[i] = max(uni[i], 3000.0)
    p1 = uni / uni.sum()

    all_k2, all_c2 = counter.total(2)
    k2, c2 = _top(all_k2, all_c2, MAX_PAIRS)
    a2, b2 = (k2 >> np.uint64(16)).astype(int), (k2 & M).astype(int)
    n1, t1 = np.bincount(a2, c2, size), np.bincount(a2, minlength=size)
    lost1 = np.bincount(all_k2 >> np.uint64(16), all_c2, size) - n1
    known, mass = counter.pruned_total(1)
    lost1[known.astype(int)] += mass
    # A context never seen backs off in full.
    hold1 = np.where(n1 > 0, (t1 + lost1) / (n1 + t1 + lost1 + 1e-9), 1.0)
    p2 = c2 / (n1 + t1 + lost1)[a2] + hold1[a2] * p1[b2]

    k3, c3 = counter.total(3)
    keep = np.isin(k3 >> np.uint64(16), k2)
    all_k3, all_c3 = k3[keep], c3[keep]
    k3, c3 = _top(all_k3, all_c3, MAX_TRIPLES)
    contexts, first = np.unique(k3 >> np.uint64(16), return_inverse=True)
    n2, t2 = np.bincount(first, c3), np.bincount(first)
    lost2 = _mass_at(contexts, all_k3 >> np.uint64(16), all_c3) - n2
    lost2 += _mass_at(contexts, *counter.pruned_total(2))
    c, last2 = (k3 & M).astype(int), (k3 & np.uint64(0xFFFFFFFF))
    lower_at = np.minimum(np.searchsorted(k2, last2), len(k2) - 1)
    b3 = ((k3 >> np.uint64(16)) & M).astype(int)
    lower = np.where(k2[lower_at] == last2, p2[lower_at], hold1[b3] * p1[c])
    hold2 = (t2 + lost2) / (n2 + t2 + lost2)
    p3 = c3 / (n2 + t2 + lost2)[first] + hold2[first] * lower

    is_context = np.isin(k2, contexts)
    back2 = np.zeros(len(k2))
    back2[is_context] = np.log(hold2)
    assert is_context.sum() == len(contexts) <= 1 << (32 - BITS)
    assert size <= 1 << BITS
    narrow2 = (a2 << BITS | b2).astype(np.uint32) | (is_context.astype(np.uint32) << 31)
    return {
        "fold": counter.fold.astype(np.uint16),
        "uni": np.log(p1).astype(np.float16),
        "back1": np.log(hold1).astype(np.float16),
        "pairs": narrow2,
        "pair_p": _steps(np.log(p2)),
        "pair_back": _steps(back2),
        "triples": (first.astype(np.uint32) << np.uint32(BITS) | c.astype(np.uint32)),
        "triple_p": _steps(np.log(p3)),
    }


def _mass_at(
    contexts: NDArray[np.uint64], keys: NDArray[np.uint64], mass: NDArray[np.float64]
) -> NDArray[np.float64]:
    at = np.minimum(np.searchsorted(contexts, keys), len(contexts) - 1)
    hit = contexts[at] == keys
    return np.bincount(at[hit], mass[hit], len(contexts)).astype(np.float64)


def _top(keys: NDArray[np.uint64], counts: NDArray[np.float64], most: int) -> Counts:
    if len(keys) > most:
        kept = np.sort(np.argpartition(-counts, most)[:most])
        keys, counts = keys[kept], counts[kept]
    return keys, counts


def _steps(logs: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.round(-logs / STEP), 0, 255).astype(np.uint8)


def main() -> None:
    """Build the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--open-gram", type=Path, help="folder with sunpinyin-data unpacked")
    parser.add_argument("--text", type=Path, action="append", default=[], help="folder of .txt")
    parser.add_argument("--text-only", action="store_true", help="use nothing but --text")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()

    counter = Counter(folded())
    if not args.text_only:
        counter.add_exact(wikipedia(), WEIGHT["wikipedia"])
        for language in ("zh", "ja", "ko"):
            counter.add(words(language), WEIGHT[language], (1, 2, 3))
        counter.add(jieba(), WEIGHT["jieba"], (1, 2, 3))
        counter.add(layout(), WEIGHT["layout"], (1, 2))  # too few for triples
        # The patterns show a few of many continuations: as much again is not shown.
        counter.add_pruned([("0", 0.1), ("a", 0.1), (" ", 0.1), ("é", 0.02)], WEIGHT["layout"])
        counter.add_pruned([(mark, 0.05) for mark in "，。、；：？！“”（）《》"], WEIGHT["layout"])
    if args.open_gram:
        singles, doubles, rest = open_gram(args.open_gram)
        counter.add_pruned(rest, WEIGHT["open-gram"])
        counter.add(singles, WEIGHT["open-gram"], (1, 2, 3))
        pairs, triples = crossing(doubles)
        counter.add_exact(pairs + triples, WEIGHT["open-gram"])
    for folder in args.text:
        counter.add(lines(folder), 1.0, (1, 2, 3))
    counter.merge_rare()
    table = witten_bell(counter)
    np.savez(args.out, **table)  # type: ignore[arg-type]
    sizes = ", ".join(f"{name} {len(rows):,}" for name, rows in table.items())
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB; {sizes}")


if __name__ == "__main__":
    main()
