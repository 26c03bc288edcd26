"""One run over hostile and odd files: each has the fate that it must have, record by record."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.readers import REASONS, shown
from tests import hostile
from tests.runs import publish

Fates = dict[str, Counter[str]]


@pytest.fixture(scope="module")
def fates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fates, Fates]:
    """Return the folder, and by path the records by status and by reason."""
    folder, output = tmp_path_factory.mktemp("hostile"), tmp_path_factory.mktemp("out")
    hostile.write(folder)
    limits = {"limits__worker_memory_mb": 2048, "run__shard_bytes": 1 << 20}
    version = publish(folder, output, run__workers=2, **limits)
    by_status: Fates = defaultdict(Counter)
    by_reason: Fates = defaultdict(Counter)
    for row in pq.read_table(version / "ledger").to_pylist():
        by_status[row["input_path"]][row["status"]] += row["records"]
        by_reason[row["input_path"]][row["reason"] or ""] += row["records"]
    return folder, by_status, by_reason


@pytest.mark.parametrize("case", hostile.cases(), ids=lambda case: shown(case.path)[:60])
def test_fate(case: hostile.Case, fates: tuple[Path, Fates, Fates]) -> None:
    folder, by_status, by_reason = fates
    path = shown(os.path.normpath(folder / case.path))
    statuses, reasons = by_status[path], by_reason[path]
    outcome = next((s for s in ("quarantined", "kept", "dropped") if statuses[s]), "nothing")
    assert outcome in case.outcome, (statuses, reasons)
    if case.records is not None:
        assert sum(statuses.values()) == case.records, (statuses, reasons)
    if case.quarantined is not None:
        assert statuses["quarantined"] == case.quarantined, (statuses, reasons)
    if statuses["quarantined"]:
        assert {r.partition(":")[0] for r in reasons if r} & REASONS.keys(), reasons


def test_nothing_else_was_read(fates: tuple[Path, Fates, Fates]) -> None:
    folder, by_status, _ = fates
    known = {shown(os.path.normpath(folder / case.path)) for case in hostile.cases()}
    assert set(by_status) <= known
