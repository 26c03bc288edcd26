"""What is published reads as it stands, with the real libraries, and accounts for every record."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.document import Edit, replay
from pipeline.errors import UsageError
from pipeline.store.schema import (
    CLUSTERS,
    DATA,
    DROPPED,
    EDITS,
    LEDGER,
    QUARANTINE,
    SITE_LINES,
)  # fmt: skip
from tests.runs import SEEDS, publish, seeds_in


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version with kept, dropped and quarantined records."""
    folder = tmp_path_factory.mktemp("published")
    source = seeds_in(folder)
    first = min(SEEDS.glob("*.txt"))
    (source / "zz-copy.txt").write_bytes(first.read_bytes())
    (source / "rows.jsonl").write_text('{"id": "x", "text": "一行。"}\n{broken\n', "utf-8")
    publish(source, folder / "out")
    return folder / "out" / "current"


def table(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def test_every_record_is_in_the_ledger_exactly_once(current: Path) -> None:
    ledger = table(current / "ledger")
    keys = [(row["input_path"], row["record"]) for row in ledger]
    assert len(keys) == len(set(keys)) == 8
    by_status = {
        name: sum(row["status"] == name for row in ledger)
        for name in ("kept", "dropped", "quarantined")
    }
    assert by_status == {"kept": 6, "dropped": 1, "quarantined": 1}
    assert len(table(current / "data")) == 6
    assert [row["reason"] for row in table(current / "quarantine")] == ["json-syntax"]
    assert all(row["reason"] for row in ledger if row["status"] != "kept")


def test_a_dropped_document_names_its_twin(current: Path) -> None:
    dropped = [row for row in table(current / "audit/dropped.parquet") if row["unit"] == "document"]
    assert [row["reason"] for row in dropped] == ["exact-duplicate"]
    twin = dropped[0]["twin"]
    survivor = next(row for row in table(current / "data") if row["id"] == twin)
    assert survivor["duplicate_count"] == 1
    assert survivor["duplicate_urls"] == [dropped[0]["id"]]
    members = table(current / "audit/clusters.parquet")
    assert [(m["id"], m["kept"]) for m in members] == [(twin, True), (dropped[0]["id"], False)]


def test_receipts_in_the_audit_replay_for_every_seed(current: Path) -> None:
    texts = {row["input_path"]: row["text"] for row in table(current / "data")}
    edits: dict[str, list[Edit]] = {}
    for row in table(current / "audit/edits.parquet"):
        edit = Edit(*(row[name] for name in Edit._fields[:6]))
        edits.setdefault(row["input_path"], []).append(edit)
    for path, text in texts.items():
        if path.endswith(".txt"):
            source = Path(path).read_text("utf-8")
            assert replay(source, edits.get(path, [])) == text


def test_manifest_names_every_file_with_its_hash(current: Path) -> None:
    manifest = json.loads((current / "MANIFEST.json").read_bytes())
    files = {
        p.relative_to(current).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in current.rglob("*")
        if p.is_file() and p.name not in ("MANIFEST.json", "_SUCCESS")
    }
    assert {name: row["sha256"] for name, row in manifest["files"].items()} == files
    sealed = (current / "_SUCCESS").read_text().strip()
    assert sealed == hashlib.sha256((current / "MANIFEST.json").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("data", DATA),
        ("audit/edits.parquet", EDITS),
        ("audit/dropped.parquet", DROPPED),
        ("audit/clusters.parquet", CLUSTERS),
        ("audit/site_lines.parquet", SITE_LINES),
        ("quarantine", QUARANTINE),
        ("ledger", LEDGER),
    ],
)
def test_the_schema_is_the_one_that_is_documented(current: Path, name: str, columns: Any) -> None:
    schema = pq.read_table(current / name).schema
    assert [(f.name, f.type) for f in schema] == [(c.name, c.type) for c in columns]
    assert all(c.doc for c in columns)


def test_datasets_reads_it(current: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    rows = load_dataset(str(current), split="train", cache_dir=str(tmp_path))
    assert len(rows) == 6
    assert rows.column_names == [c.name for c in DATA]


def test_polars_duckdb_and_pandas_read_it(current: Path) -> None:
    import duckdb
    import pandas as pd
    import polars as pl

    assert pl.scan_parquet(current / "data/*.parquet").collect().height == 6
    query = f"select count(*), sum(n_chars) from '{current}/data/*.parquet'"
    found = duckdb.connect().execute(query).fetchall()
    frame = pd.read_parquet(current / "data")
    assert found == [(6, int(frame["n_chars"].sum()))]
    assert str(frame["published_at"].dtype.tz) == "Asia/Shanghai"


def test_an_input_without_files_publishes_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(UsageError, match="no files in"):
        publish(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out" / "current").exists()
