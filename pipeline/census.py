"""One pass over a batch of texts: which character classes occur in each document, and how often.

The census is what makes clean text cheap. Every code point belongs to exactly one class;
a stage names the classes that wake it; a document in which none of them occurs is never touched in
Python. The counts feed the quality signals and the detection of scripts.

Cost: one gather from a 64 KiB table and one `bincount` over the batch. Characters beyond the BMP
and surrogates share one class. Where a stage has changed a text, only what it took and what it put
is counted again (`recount`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.runs import cut
from pipeline.tablefiles import code_points_of, table_rows

NAMES: tuple[str, ...] = tuple(row[0] for row in table_rows("census.tsv"))
_INDEX = {name: i for i, name in enumerate(NAMES)}
_LONG = 1 << 15  # characters from which a text is counted by itself, two at a time
_PIECE = 1 << 16  # of which so many at once: the arrays stay in the cache, and small
ALWAYS = (1 << 64) - 1
"""A stage with this mask sees every document."""


def classes(*names: str) -> int:
    """Return the mask (one bit a class) of the named classes; KeyError for an unknown name."""
    mask = 0
    for name in names:
        mask |= 1 << _INDEX[name]
    return mask


@dataclass(frozen=True, slots=True)
class Census:
    """What occurs in each of n texts.

    `masks`: uint64 (n,), bit i set where class i occurs. `counts`: uint32 (n, 64), code points per
    class.
    """

    masks: NDArray[np.uint64]
    counts: NDArray[np.uint32]

    def of(self, rows: NDArray[np.intp]) -> Census:
        """Return the census of some of the texts."""
        return Census(self.masks[rows], self.counts[rows])

    def count(self, *names: str) -> NDArray[np.uint32]:
        """Return how many characters of the named classes each text has: uint32 (n,)."""
        total = np.zeros(len(self.counts), np.uint32)
        for name in names:
            total += self.counts[:, _INDEX[name]]
        return total


@cache
def class_table() -> NDArray[np.uint8]:
    """Return the class of every UTF-16 code unit: uint8 (65536,)."""
    table = np.zeros(65536, np.uint8)
    for i, (_, ranges, *_) in enumerate(table_rows("census.tsv")):
        for codes in code_points_of(ranges):
            table[codes] = i
    for name, chars in table_rows("script/only.tsv"):
        table[[ord(char) for char in chars if char < "\U00010000"]] = _INDEX["han_" + name]
    return table


def code_units(text: str) -> NDArray[np.uint16]:
    """Return the UTF-16 code units of a text: uint16 (n,). Lone surrogates are kept."""
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text: uint32 (n,). Lone surrogates are kept.

    numpy holds strings as code points: four times as fast as to encode the text.
    """
    return np.array([text]).view(np.uint32) if text else np.zeros(0, np.uint32)


def from_code_points(codes: NDArray[np.uint32]) -> str:
    """Return the text of code points, as `code_points` gives them."""
    if not len(codes) or not codes[-1]:  # NULs at the end of a string are padding to numpy
        return codes.tobytes().decode("utf-32-le", "surrogatepass")
    text: str = np.ascontiguousarray(codes).view(f"<U{len(codes)}").item()
    return text


def census(texts: Sequence[str]) -> Census:
    """Count the character classes of a batch of texts."""
    counts = _counts(texts)
    return Census(_masks(counts), counts)


def _counts(texts: Sequence[str]) -> NDArray[np.uint32]:
    counts = np.zeros((len(texts), 64), np.uint32)
    long = [i for i, text in enumerate(texts) if len(text) > _LONG]
    if long:
        texts = list(texts)
        for i in long:
            counts[i], texts[i] = _counts_of_long(texts[i]), ""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    for first, last in cut(sizes, 1 << 15):  # so little that the arrays stay in the cache
        codes = code_points("\n".join([*texts[first:last], ""]))
        owners = np.repeat(np.arange(last - first) << 6, sizes[first:last] + 1)
        owners |= _classes_by_code_point().take(codes, mode="clip")
        flat = np.bincount(owners, minlength=(last - first) << 6)
        counts[first:last] += flat.reshape(-1, 64).astype(np.uint32)
    counts[:, _INDEX["newline"]] -= 1  # the one put behind each text
    return counts


def _counts_of_long(text: str) -> NDArray[np.int64]:
    """Return the counts of one text: int64 (64,).

    Pairs of neighbours are counted, and then either half of them: to count costs by the number of
    things counted, and needs no number of its text beside each.
    """
    pairs = np.zeros(64 << 8, np.int64)
    last = np.zeros(64, np.int64)
    for at in range(0, len(text), _PIECE):
        codes = code_points(text[at : at + _PIECE])
        found = _classes_by_code_point().take(codes, mode="clip")
        even = len(found) & ~1
        pairs += np.bincount(found[:even].view(np.uint16), minlength=len(pairs))
        last[found[even:]] += 1
    table = pairs.reshape(64, 256)[:, :64]
    counts: NDArray[np.int64] = table.sum(axis=0) + table.sum(axis=1) + last
    return counts


def recount(
    counted: Census, rows: Sequence[int], changes: Iterable[tuple[str | None, str]]
) -> None:
    """Bring some rows of a census up to date: (what left the text, what came into it) for each.

    None for what left is all of it.
    """
    gone, come = zip(*changes, strict=True)
    kept = counted.counts[rows]
    kept[[part is None for part in gone]] = 0
    change = _counts([part or "" for part in (*gone, *come)])
    counts = kept - change[: len(gone)] + change[len(gone) :]
    counted.counts[rows] = counts
    counted.masks[rows] = _masks(counts)


def _masks(counts: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return the mask of each row of counts: uint64 (n,)."""
    present = np.packbits(counts > 0, axis=1, bitorder="little")
    return present.view(np.dtype("<u8")).ravel().astype(np.uint64)


@cache
def _classes_by_code_point() -> NDArray[np.uint8]:
    """Return the class of every code point of the BMP, and of all that lies beyond: (65537,)."""
    return np.append(class_table(), np.uint8(_INDEX["surrogate"]))
