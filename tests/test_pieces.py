"""Files put together of compressed pieces, and where the texts of a part are cut."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import publish
from pipeline.publish import Cuts
from pipeline.store.parquet import WriteOptions
from pipeline.store.pieces import Bounds, assembled, pressed, taken

TABLE = pa.table({
    "record": pa.array(range(1000)),
    "before": [None if i % 3 else "字" * i for i in range(1000)],
    "confidence": pa.array([0.5] * 1000, pa.float32()),
})  # fmt: skip
PLAIN = {**WriteOptions("r", 3).of(TABLE.schema.names), "use_dictionary": False}


def bounds(first: int, last: int) -> Bounds:
    return {"record": (struct.pack("<q", first), struct.pack("<q", last))}


def file_of(cuts: list[int], groups: list[int]) -> tuple[bytes, Any]:
    """Return the table in pieces, and these in groups of so many."""
    ends = [*cuts[1:], len(TABLE)]
    rows = ((i, TABLE.slice(a, b - a)) for i, (a, b) in enumerate(zip(cuts, ends, strict=True)))
    pieces = pressed(TABLE.schema, rows, **{**PLAIN, "write_statistics": False})
    told, said, at = [], [], 0
    for size in groups:
        told.append(pieces[at : at + size])
        said.append(bounds(cuts[at], ends[at + size - 1] - 1))
        at += size
    parts, places = assembled(TABLE.schema, told, said, **{**PLAIN, "write_statistics": ["record"]})
    return b"".join(parts), places


@pytest.mark.parametrize(
    ("groups", "rows"), [([3], [1000]), ([1, 2], [300, 700]), ([1, 1, 1], [300, 1, 699])]
)
def test_pieces_read_as_if_written_in_one(
    tmp_path: Path, groups: list[int], rows: list[int]
) -> None:
    content, places = file_of([0, 300, 301], groups)
    path = tmp_path / "pieces.parquet"
    path.write_bytes(content)
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        assert file.read().equals(TABLE)
        about = [file.metadata.row_group(i) for i in range(len(groups))]
    assert [group.num_rows for group in about] == rows
    assert about[-1].column(0).statistics.max == 999
    assert not about[0].column(1).is_stats_set
    again = taken(places, memoryview(content), [7, 8, 9])
    assert [piece.slab for piece in again] == [7, 8, 9]
    assert [piece.rows for piece in again] == [300, 1, 699]
    polars, duckdb = (pytest.importorskip(name) for name in ("polars", "duckdb"))
    assert polars.read_parquet(path)["before"].to_list() == TABLE["before"].to_pylist()
    found = duckdb.sql(f"select count(*) from '{path}' where record >= 301 and before is not null")
    assert found.fetchall() == [(233,)]


def test_a_piece_that_has_rotted_is_not_taken() -> None:
    content, places = file_of([0, 300, 301], [3])
    harmed = bytearray(content)
    harmed[int(places["offset"][1, 1])] ^= 1
    assert [piece.rows for piece in taken(places, memoryview(harmed), [0, 1, 2])] == [300, 699]


def corpus(files: list[tuple[int, int]]) -> Any:
    """Return files of so many records of 1,000 bytes; the first number names a file."""
    paths = np.concatenate([np.full(n, name, np.uint64) for name, n in files])
    records = np.concatenate([np.arange(n) for _, n in files])
    n = len(paths)
    table = pa.table({"record": records, "size": np.full(n, 1000), "n_edits": np.zeros(n, int)})
    hashes = paths * np.uint64(0x9E3779B97F4A7C15)
    return SimpleNamespace(table=table, path_hash=hashes, __len__=lambda: n)


def pieces(files: list[tuple[int, int]], piece_bytes: int) -> set[tuple[tuple[int, int], ...]]:
    """Return the pieces as the (file, record) that they hold."""
    one = corpus(files)
    keys = [(name, i) for name, n in files for i in range(n)]
    edges = Cuts(one, piece_bytes, np.uint64(2)).between(0, len(keys))
    return {tuple(keys[a:b]) for a, b in pairwise(edges)}


def test_what_is_added_to_files_changes_one_piece_of_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publish, "_LARGE", 200_000)
    before = [(site, 400) for site in range(0, 40, 2)]
    after = [file for site in range(0, 40, 2) for file in ((site, 400), (site + 1, 4))]
    old, new = pieces(before, 50_000), pieces(after, 50_000)
    assert all(any(piece[0] == (site, 0) for piece in new) for site in range(0, 40, 2))
    assert 20 <= len(new - old) < 25, "of 20 files one piece each, or it in two"
    small = pieces([(name, 20) for name in range(200)], 50_000)
    assert min(map(len, small - {max(small)})) >= 12, "small files share a piece"
