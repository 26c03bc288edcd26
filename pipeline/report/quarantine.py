"""The quarantine as text: what is in it, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.report.lookup import as_text
from pipeline.store.version import current


def rows(output: Path) -> list[dict[str, Any]]:
    """Return the quarantined records of the current version."""
    import pyarrow.parquet as pq

    version = current(output)
    if version is None:
        raise UsageError(f"nothing is published in {output}", "run: python -m pipeline")
    found: list[dict[str, Any]] = pq.read_table(version / "quarantine").to_pylist()
    return found


def listing(output: Path) -> Iterator[str]:
    """Yield a line per reason with its count, then a line per record."""
    found = rows(output)
    counts = Counter[str]()
    for row in found:
        counts[row["reason"]] += row["records"]
    for reason, count in counts.most_common():
        yield f"{count:>8,}  {reason}"
    for row in found:
        yield f"{place(row)}\t{row['reason']}\t{one_line(row['detail'])}"


def place(row: Mapping[str, Any]) -> str:
    """Return where a record stands: path#record, or the path alone where it is the whole file."""
    path = one_line(row["input_path"])
    return path if row["record"] < 0 else f"{path}#{row['record']}"


def details(output: Path, name: str) -> Iterator[str]:
    """Yield everything known of the records of a path or its end, of path#record, or a reason."""
    name = as_text(name)
    found = [
        row
        for row in rows(output)
        if name == row["reason"]
        or any(f"/{known}".endswith(f"/{name}") for known in (row["input_path"], place(row)))
    ]
    if not found:
        raise UsageError(
            f"nothing in quarantine under {name}", "run: python -m pipeline quarantine list"
        )
    for row in found:
        yield place(row)
        yield f"  reason  {row['reason']}"
        yield f"  detail  {one_line(row['detail'])}"
        yield f"  offset  {row['offset']}"
        yield f"  sample  {row['sample']!r}"


def one_line(text: str) -> str:
    """Return text that cannot move the cursor of a terminal: control characters escaped."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
