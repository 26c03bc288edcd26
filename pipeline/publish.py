"""Publish: what each part of a version holds, and which parts and texts the one before holds too.

The corpus, in order of key, is cut into parts, and the texts of a part into slabs. A cut depends
only on the keys and sizes of the records near it, so that a document that comes or goes changes the
part and the slab around it and no other.

A part is two groups of files, each with a digest of all that it holds: what was *made* of its
records (receipts, removed paragraphs, quarantine), in which no other document has a say, but the
lines of its site; and what was *decided* (data, ledger, dropped documents). A group whose digest
stands in the version before is linked. Of a data file that is written, the texts of slabs that the
version before has are copied as they are, compressed (`pipeline.parts`); of receipts, which have
slabs of their own, all columns (`pipeline.made`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from pipeline.corpus import Corpus
from pipeline.plan import sha
from pipeline.removals import reasons_of, words
from pipeline.runs import firsts
from pipeline.store.parquet import WriteOptions, write_parquet
from pipeline.store.schema import CLUSTERS, select
from pipeline.store.texts import SLAB_DTYPE
from pipeline.text.sketches.line_hashes import scrambled

Words = NDArray[np.uint64]

# Bytes of text: smaller ones are copied more often and compress worse. A night of 1 % changes one
# slab in six, and the data are 1 % larger than with pages of 3 MiB.
SLAB_BYTES = 1 << 20
# Of receipts. Those of half as much text compress a sixth to a third worse than those of a part,
# these a tenth; a night among all others changes a fifth of them instead of a tenth.
RECEIPT_BYTES = 2 << 20
_LARGE = 4 << 20  # text of a file that begins a piece: it leaves a smaller one behind it
_RECEIPT = 80  # bytes; of a book there may be a million, and a worker holds those of a part
_PARTS, _SLABS = np.uint64(1), np.uint64(2)
_MOST = float(2**64 - 2048)


@dataclass(frozen=True, slots=True)
class Part:
    """A run of the corpus, ranks `first` to `last` (exclusive).

    `made`, `decided`: digests of its two groups of files. `slabs` (SLAB_DTYPE): of its texts;
    `receipts` (SLAB_DTYPE): of all that was made of its records.
    `gone` uint64: of each dropped document a hash of all that its text depends on.
    """

    number: int
    first: int
    last: int
    made: str
    decided: str
    slabs: NDArray[Any]
    receipts: NDArray[Any]
    gone: Words


def cut_parts(corpus: Corpus, decisions: pa.Table, part_bytes: int, program: str) -> list[Part]:
    """Cut the corpus into parts of about `part_bytes`, and digest what each will hold."""
    bounds = Cuts(corpus, part_bytes, _PARTS).between(0, len(corpus))
    # Each part by itself: it may be linked, whatever comes before it the next time.
    cuts, wide = (
        Cuts(corpus, min(size, part_bytes), _SLABS) for size in (SLAB_BYTES, RECEIPT_BYTES)
    )
    made = _made(corpus, decisions)
    decided = made ^ _decided(decisions)
    # Of a slab only: what the file has of a text and its columns that no later run changes.
    lasting = made ^ _hashed(decisions.column("shared"))
    kept = kept_rows(corpus, decisions)
    quarantined = pc.equal(corpus.table.column("status"), "quarantined").to_numpy()
    gone = np.flatnonzero(~kept & ~quarantined)
    words = scrambled(made[gone] ^ _words([program]))
    everything = np.ones(len(corpus), np.bool_)
    parts = []
    for number, (first, last) in enumerate(pairwise(bounds)):
        # The first part writes every file, however empty: a reader always finds the columns.
        name = f"{program} {number == 0}".encode()
        edges = np.array(cuts.between(first, last), np.int64)
        parts.append(
            Part(
                number,
                first,
                last,
                sha(name, made[first:last].tobytes()),
                sha(name, decided[first:last].tobytes()),
                _slabs(edges, lasting, kept, program),
                _slabs(np.array(wide.between(first, last)), made, everything, program),
                words[slice(*np.searchsorted(gone, [first, last]))],
            )
        )
    return parts


def kept_rows(corpus: Corpus, decisions: pa.Table) -> NDArray[np.bool_]:
    """Return which records are published: bool (n,)."""
    kept = pc.equal(corpus.table.column("status"), "kept")
    rows: NDArray[np.bool_] = pc.and_(kept, pc.equal(decisions.column("reason"), "")).to_numpy()
    return rows


def _slabs(
    edges: NDArray[np.int64], lasting: Words, kept: NDArray[np.bool_], program: str
) -> NDArray[Any]:
    """Return the slabs between the edges; those without a text to publish are left out."""
    slabs = np.zeros(len(edges) - 1, SLAB_DTYPE)
    slabs["first"], slabs["last"] = edges[:-1] - edges[0], edges[1:] - edges[0]
    slabs["file"] = -1
    seed = program.encode()
    for slab, (first, last) in zip(slabs, pairwise(edges.tolist()), strict=True):
        rows = lasting[first:last][kept[first:last]]
        slab["kept"] = len(rows)
        digest = xxhash.xxh3_128_digest(seed + rows.tobytes())
        slab["digest"] = np.frombuffer(digest, np.uint64)
    return slabs[slabs["kept"] > 0]


class Cuts:
    """Where a corpus may be cut: content-defined chunking over the keys.

    A record ends a piece with a chance of its size / `piece_bytes`, drawn from a hash of its key
    and of `salt`: with a quarter of the chance up to three quarters of `piece_bytes`, with four
    times as much beyond, so that most pieces have about the same size (normalized chunking, Xia et
    al. 2016: what one record changes is then the least). A quarter of `piece_bytes` at least and
    twice at most lie between two cuts.

    A file of `_LARGE` bytes or more, and of two such pieces, begins one, whatever stands before it:
    what is added to the files of a folder then changes the last piece of each, and not the first
    of the next file as well.
    """

    def __init__(self, corpus: Corpus, piece_bytes: int, salt: np.uint64) -> None:
        sizes = weights(corpus)
        records = corpus.table.column("record").to_numpy().astype(np.uint64)
        draws = scrambled(corpus.path_hash ^ scrambled(records + salt))
        share = sizes.astype(np.float64) / piece_bytes
        self.rare, self.often = (
            np.flatnonzero(draws < (np.minimum(share * times, 1.0) * _MOST).astype(np.uint64)) + 1
            for times in (0.25, 4.0)
        )
        starts = firsts(corpus.path_hash)
        whole = np.add.reduceat(sizes, starts) if len(starts) else sizes
        self.files = starts[whole >= max(_LARGE, 2 * piece_bytes)]
        self.ends = np.cumsum(sizes)
        self.piece_bytes = piece_bytes

    def between(self, first: int, last: int) -> list[int]:
        """Return the bounds of the pieces of records `first` to `last` (exclusive)."""
        bounds = [first]
        while bounds[-1] < last:
            done = int(self.ends[bounds[-1] - 1]) if bounds[-1] else 0
            sizes = done + self.piece_bytes * np.array([1, 3, 8]) // 4
            low, middle, high = (np.searchsorted(self.ends, sizes) + 1).tolist()
            drawn = min(_from(self.rare, low, last), _from(self.often, middle, last), high)
            cut = min(drawn, _from(self.files, bounds[-1] + 1, last))
            bounds.append(min(max(cut, bounds[-1] + 1), last))
        return bounds if len(bounds) > 1 else [first, last]


def _from(places: NDArray[np.int64], low: int, last: int) -> int:
    """Return the first of the places from `low` on; `last` where there is none."""
    at = int(np.searchsorted(places, low))
    return int(places[at]) if at < len(places) else last


def weights(corpus: Corpus) -> NDArray[np.int64]:
    """Return the bytes of each text, or of its receipts where those are more: int64 (n,)."""
    sizes, edits = (corpus.table.column(name).to_numpy() for name in ("size", "n_edits"))
    return np.asarray(np.maximum(sizes, edits.astype(np.int64) * _RECEIPT))


def _made(corpus: Corpus, decisions: pa.Table) -> Words:
    """Return per record a hash of all that its receipts depend on: uint64 (n,).

    What cleaning made of it is a function of its piece and of the program; the lines of its site
    are the rest.
    """
    pieces = [artifact.pieces for artifact in corpus.artifacts]
    of_piece = _words("\0".join(map(str, piece)) for mine in pieces for piece in mine)
    starts = np.cumsum([0, *map(len, pieces)])
    owner_digest = of_piece[starts[corpus.artifact] + corpus.piece]
    records = corpus.table.column("record").to_numpy().astype(np.uint64)
    rows = scrambled(owner_digest ^ scrambled(records + np.uint64(7)))
    reasons = reasons_of((decisions.schema.metadata or {}).get(b"reasons"))
    return rows ^ words(decisions.column("removals"), reasons)


def _decided(decisions: pa.Table) -> Words:
    """Return per record a hash of what was decided about it; 0 where that is nothing."""
    marked = decisions.column("duplicate_cluster").is_valid().to_numpy()
    places = np.flatnonzero(marked | pc.not_equal(decisions.column("reason"), "").to_numpy())
    names = [n for n in decisions.column_names if n not in ("removals", "shared")]
    rows = decisions.select(names).take(pa.array(places)).combine_chunks()
    texts = [pc.fill_null(_said(column), "-") for column in rows.columns]
    out = _hashed(decisions.column("shared"))
    out[places] ^= _words(pc.binary_join_element_wise(*texts, "\0").to_pylist())
    return out


def _said(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_list(column.type):
        return pc.binary_join(column, "\1")
    return column.cast(pa.string())


def _hashed(column: pa.ChunkedArray) -> Words:
    """Return a hash of each string of a column; 0 where it is null."""
    out = np.zeros(len(column), np.uint64)
    places = np.flatnonzero(column.is_valid().to_numpy())
    # Another number than `_decided` has for the same string: they meet in one exclusive or.
    out[places] = scrambled(_words(column.take(pa.array(places)).to_pylist()))
    return out


def _words(values: Iterable[str]) -> Words:
    return np.array([xxhash.xxh3_64_intdigest(value.encode()) for value in values], np.uint64)


def write_clusters(corpus: Corpus, decisions: pa.Table, path: Path, options: WriteOptions) -> None:
    """Write the members of every cluster: the document that stays, then those that go."""
    members = pa.array(
        np.flatnonzero(pc.is_valid(decisions.column("duplicate_cluster")).to_numpy())
    )
    decided = decisions.take(members)
    kept = pc.equal(decided.column("reason"), "")
    kind = pc.replace_substring_regex(decided.column("reason"), "decide:(.*)-duplicate", r"\1")
    table = corpus.table.select(["id", "input_path", "record"]).take(members)
    table = table.append_column("cluster", decided.column("duplicate_cluster"))
    table = table.append_column("kept", kept)
    table = table.append_column("kind", pc.if_else(kept, "survivor", kind))
    table = table.append_column("jaccard", decided.column("jaccard"))
    order = pc.sort_indices(table, [("cluster", "ascending"), ("kept", "descending")])
    write_parquet(select(table.take(order), CLUSTERS), path, options)
