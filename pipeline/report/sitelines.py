"""What a version's table of site lines says of the lines that receipts name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def told(version: Path, notes: Iterable[str]) -> dict[str, str]:
    """Return what there is to say of each note that names a line of a site."""
    path = version / "audit/site_lines.parquet"
    named = pa.array({note for note in notes if note.startswith("site_lines ")}, pa.string())
    if not len(named) or not path.is_file():
        return {}
    with pq.ParquetFile(path) as file:
        table = file.read()
    rows = table.filter(pc.is_in(table.column("line"), named)).to_pylist()
    form = {"line": "", "form": ", with other values"}
    return {
        row["line"]: f"in {row['documents']} of {row['site_documents']} documents of the site"
        f"{form[row['kind']]}; as in {', '.join(row['examples'])}"
        for row in rows
    }
