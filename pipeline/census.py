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
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from pipeline.runs import cut

# name -> ranges of code points (inclusive). Later rows win over earlier ones: the first are blocks,
# the last are the exceptions in them. At most 64 rows.
CLASSES: tuple[tuple[str, str], ...] = (
    ("other", "0000-FFFF"),
    ("control", "0000-0008 000B-000C 000E-001F 007F"),
    ("tab", "0009"),
    ("newline", "000A"),
    ("carriage", "000D 0085 2028 2029"),  # line ends that are not \n
    ("c1", "0080-0084 0086-009F"),
    ("space", "0020"),
    ("wide_space", "3000"),
    ("odd_space", "00A0 1680 2000-200A 202F 205F"),
    ("latin", "0041-005A 0061-007A"),
    ("digit", "0030-0039"),
    ("ascii_mark", "002C 003A 003B 003F 0021"),  # , : ; ? !  may want full width
    ("ascii_bracket", "0028 0029 005D 007B 007D 003E"),
    ("tag_start", "003C 005B"),  # < [
    ("ascii_quote", "0022 0027 0060"),
    ("ascii_stop", "002E"),
    ("ascii_other", "0023 0024 002A 002B 002D 002F 003D 0040 005E 005F 007C 007E"),
    ("escape", "0025 005C"),  # % \\  may begin one
    ("ampersand", "0026"),
    ("latin1", "00A1-00AC 00AE-00FF"),
    ("soft_hyphen", "00AD"),
    ("latin_extended", "0100-024F 1E00-1EFF"),
    ("ipa", "0250-02AF 02B0-02FF"),
    (
        "combining",
        "0300-036F 0483-0487 0591-05BD 064B-065F 0E31 0E34-0E3A 0E47-0E4E 1AB0-1AFF "
        "1DC0-1DFF 20D0-20FF 302A-302F 3099-309A FE20-FE2F",
    ),
    ("greek", "0370-03FF 1F00-1FFF"),
    ("cyrillic", "0400-0482 0488-052F"),
    (
        "invisible",
        "034F 061C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 "
        "FEFF FFA0 FFF0-FFFB",
    ),
    ("variation", "FE00-FE0F"),
    ("curly_quote", "2018-201F"),
    ("ellipsis_dash", "2010-2015 2025 2026"),
    (
        "symbol",
        "2016-2017 2020-2024 2027 2030-205E 2070-20CF 2100-2BFF 3003-3007 3012-3013 "
        "301C-3029 3030-303F",
    ),
    ("radical", "2E80-2FDF 2FF0-2FFF 31C0-31EF"),
    ("cjk_stop", "3001 3002"),
    ("cjk_bracket", "3008-3011 3014-301B 301D-301F"),
    ("kana", "3040-3098 309B-30FF 31F0-31FF"),
    ("bopomofo", "3105-312F 31A0-31BF 02C7 02CA 02CB 02D9"),
    ("hangul", "1100-115E 1161-11FF 3131-3163 3165-318F A960-A97F AC00-D7FF"),
    ("enclosed", "3200-32FF 3190-319F"),
    ("squared", "3300-33FF"),
    ("han", "3400-4DBF 4E00-9FFF"),
    ("han_traditional", ""),  # filled from tables/script/only.tsv
    ("han_simplified", ""),
    ("private", "E000-F8FF"),
    ("compatibility_han", "F900-FAFF"),
    ("presentation", "FB00-FDFF FE10-FE1F FE30-FE6F"),
    ("wide_mark", "FF01 FF0C FF1A FF1B FF1F"),
    ("wide_bracket", "FF08 FF09 FF3B FF3D FF5B FF5D FF1C FF1E"),
    ("wide_alnum", "FF10-FF19 FF21-FF3A FF41-FF5A"),
    (
        "wide_other",
        "FF02-FF07 FF0A-FF0B FF0D-FF0F FF1D FF20 FF3C FF3E-FF40 FF5C FF5E-FF60 FFE0-FFE6",
    ),
    ("halfwidth", "FF61-FF9F FFA1-FFDC FFE8-FFEE"),
    ("replacement", "FFFD"),
    ("noncharacter", "FFFE FFFF FDD0-FDEF"),
    ("surrogate", "D800-DFFF"),
)
NAMES: tuple[str, ...] = tuple(name for name, _ in CLASSES)
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
    for i, (_, ranges) in enumerate(CLASSES):
        for item in ranges.split():
            first, _, last = item.partition("-")
            table[int(first, 16) : int(last or first, 16) + 1] = i
    only = files("pipeline").joinpath("tables/script/only.tsv").read_text("utf-8")
    for line in only.splitlines():
        if line and not line.startswith("#"):
            name, chars = line.split("\t")
            codes = [ord(c) for c in chars]
            table[[c for c in codes if c < 0x10000]] = _INDEX["han_" + name]
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
    masks: NDArray[np.uint64] = present.view(np.dtype("<u8")).ravel().astype(np.uint64)
    return masks


@cache
def _classes_by_code_point() -> NDArray[np.uint8]:
    """Return the class of every code point of the BMP, and of all that lies beyond: (65537,)."""
    return np.append(class_table(), np.uint8(_INDEX["surrogate"]))
