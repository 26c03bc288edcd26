"""Rows taken from a file of many batches are the rows that reading it whole gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.store.ipc import COMPRESSION, read_table, take_rows


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 5), min_size=1, max_size=6),
    compression=st.sampled_from((None, "lz4")),
    data=st.data(),
)
def test_taking_is_reading(
    tmp_path_factory: object, sizes: list[int], compression: str | None, data: st.DataObject
) -> None:
    path = Path(tmp_path_factory.mktemp("ipc")) / "a.arrow"  # type: ignore[attr-defined]
    schema = pa.schema([("n", pa.int32()), ("text", pa.string())])
    total = sum(sizes)
    told = schema.with_metadata({COMPRESSION: compression}) if compression else schema
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(str(path), told, options=options) as writer:
        first = 0
        for size in sizes:
            numbers = list(range(first, first + size))
            writer.write_batch(pa.record_batch([numbers, list(map(str, numbers))], schema))
            first += size
    rows = data.draw(st.lists(st.integers(0, total - 1), max_size=12)) if total else []
    wanted = np.array(rows, np.int64)
    assert take_rows(path, wanted) == read_table(path).take(pa.array(wanted))
    texts = take_rows(path, wanted, ("text",))
    assert texts.column_names == ["text"]
    assert texts.column("text").to_pylist() == list(map(str, rows))
