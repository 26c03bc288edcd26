"""Where the texts of a published part lie, so that the next version can copy them.

    state/texts/<digest>.rows        SLAB_DTYPE, the compressed slabs of the data file
    state/texts/<digest>.heads.rows  uint64, the words of the dropped documents, row by row

And of its receipts, under the digest of that group:

    state/texts/<digest>.rows        SLAB_DTYPE, all slabs; `row`: the number of the slab
    state/texts/<digest>.made       where its receipts lie, and what the report has to know of them

Nothing but time depends on it: a table that is missing, or whose slab is not where it says, costs
making and compressing the texts again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from pipeline.runs import find
from pipeline.store.files import load_rows, output_errors, save_rows, whole_file, write_bytes

Slabs = NDArray[Any]

SLAB_DTYPE = np.dtype(
    [
        ("digest", "<u8", (2,)),
        ("first", "<i8"), ("last", "<i8"), ("kept", "<i8"),
        ("file", "<i4"), ("row", "<i8"), ("offset", "<i8"), ("bytes", "<i8"), ("raw", "<i8"),
        ("check", "<u8"),
    ]
)  # fmt: skip
"""A slab: digest of its rows; its records in the part, from `first` to `last` (exclusive), of which
`kept` are published; which data file has it (-1: none), its first row there, the place of its
compressed pages in bytes, their size uncompressed, and a hash of them."""
NO_SLABS = np.zeros(0, SLAB_DTYPE)

HEAD_DTYPE = np.dtype([("word", "<u8"), ("file", "<i4"), ("row", "<i8")])
"""A dropped document: a hash of all that its text depends on, and where its head stands: in the
audit of which part (-1: nowhere), in which row."""


def save(folder: Path, digest: str, slabs: Slabs, words: NDArray[np.uint64]) -> None:
    """Write where the slabs of the part of this digest lie, and whose heads its audit has."""
    for path, rows in ((_path(folder, digest), slabs), (_heads(folder, digest), words)):
        with whole_file(path) as part:
            save_rows(part, rows)


def save_receipts(place: tuple[str, str], slabs: Slabs, content: bytes) -> None:
    """Write the slabs of the receipts of a part, and what was saved of them."""
    folder, digest = Path(place[0]), place[1]
    write_bytes(receipts(folder, digest), xxhash.xxh3_64_digest(content) + content)
    with whole_file(_path(folder, digest)) as part:
        save_rows(part, slabs)


def read_receipts(path: str) -> bytes:
    """Return what was saved of the receipts of a part; ValueError where it has rotted."""
    content = Path(path).read_bytes()
    if xxhash.xxh3_64_digest(content[8:]) != content[:8]:
        raise ValueError(f"{path} has rotted")
    return content[8:]


def receipts(folder: Path, digest: str) -> Path:
    """Return the path of what was saved of the receipts of a part."""
    return folder / f"{digest[:32]}.made"


def known(folder: Path, digests: Sequence[str]) -> Slabs:
    """Return the slabs of data files; `file` says of which."""
    found = [NO_SLABS]
    for number, digest in enumerate(digests):
        found.append(load_rows(_path(folder, digest), SLAB_DTYPE))
        found[-1]["file"] = number
    every = np.concatenate(found)
    return every[np.argsort(every["digest"][:, 0], kind="stable")]


def known_heads(folder: Path, digests: Sequence[str]) -> NDArray[Any]:
    """Return the dropped documents (HEAD_DTYPE) of parts, sorted by word."""
    found = [np.zeros(0, HEAD_DTYPE)]
    for number, digest in enumerate(digests):
        words = load_rows(_heads(folder, digest), np.dtype(np.uint64))
        heads = np.zeros(len(words), HEAD_DTYPE)
        heads["word"], heads["file"], heads["row"] = words, number, np.arange(len(words))
        found.append(heads)
    every = np.concatenate(found)
    return every[np.argsort(every["word"], kind="stable")]


def found_heads(words: NDArray[np.uint64], known: NDArray[Any]) -> NDArray[Any]:
    """Return the dropped documents of these words with the place of their heads."""
    out = np.zeros(len(words), HEAD_DTYPE)
    out["word"], out["file"] = words, -1
    row = find(known["word"], words)
    out[row >= 0] = known[row[row >= 0]]
    return out


def found(slabs: Slabs, known: Slabs) -> Slabs:
    """Return slabs with the place where they lie, where they are among the `known` ones."""
    out = slabs.copy()
    if not len(known):
        return out
    place = np.searchsorted(known["digest"][:, 0], slabs["digest"][:, 0])
    there = known[np.minimum(place, len(known) - 1)]
    same = (there["digest"] == slabs["digest"]).all(axis=1) & (there["kept"] == slabs["kept"])
    for name in ("file", "row", "offset", "bytes", "raw", "check"):
        out[name][same] = there[name][same]
    return out


def forget_others(folder: Path, digests: Iterable[str]) -> None:
    """Remove the tables of all but these data files."""
    wanted = {of(folder, digest) for digest in digests for of in (_path, _heads, receipts)}
    with output_errors(folder):
        for path in folder.glob("*"):
            if path not in wanted:
                path.unlink()


def _path(folder: Path, digest: str) -> Path:
    return folder / f"{digest[:32]}.rows"


def _heads(folder: Path, digest: str) -> Path:
    return folder / f"{digest[:32]}.heads.rows"
