"""Time to find one document among many: CPU seconds of `explain` on a version made of copies.

    python benchmarks/explain.py VERSION FOLDER [--documents 1000000] [--parts 100]

VERSION is a published version of some thousand documents; FOLDER is where the large one is made:
its rows over and over, each with a path and an id of its own, in as many parts.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.report.lookup import find
from pipeline.store import version as versions
from pipeline.store.parquet import LOOKUP_ROWS, WriteOptions, write_parquet
from pipeline.store.schema import DATA, DROPPED, EDITS, LEDGER, schema

PART = "part-{:05d}.parquet"
LOOKUPS = {"data": (DATA, 0), "ledger": (LEDGER, LOOKUP_ROWS),
           "audit/edits.parquet": (EDITS, LOOKUP_ROWS),
           "audit/dropped.parquet": (DROPPED, LOOKUP_ROWS)}  # fmt: skip


def copied(table: pa.Table, first: int, last: int) -> pa.Table:
    """Return copies `first` to `last` (exclusive) of a table, each under a folder of its own."""
    order = np.tile(np.arange(len(table)), last - first)
    out = table.take(pa.array(order))
    prefix = pa.array(np.repeat(np.arange(first, last), len(table))).cast(pa.string())
    prefix = pc.utf8_lpad(prefix, 8, "0")
    for name in ("id", "input_path"):
        at = out.schema.get_field_index(name)
        if at >= 0:
            values = pc.binary_join_element_wise(prefix, out.column(name), "/")
            out = out.set_column(at, out.schema.field(at), values)
    return out


def make(source: Path, target: Path, documents: int, parts: int) -> list[str]:
    """Write the large version; return ids from its start, middle and end."""
    kept = sum(pq.read_metadata(p).num_rows for p in (source / "ledger").glob("*.parquet"))
    copies = max(documents // kept, parts)
    bounds = [copies * i // parts for i in range(parts + 1)]
    options = WriteOptions("benchmark", 1)
    for name, (columns, rows) in LOOKUPS.items():
        table = pq.read_table(source / name).cast(schema(columns))
        for number in range(parts):
            part = copied(table, bounds[number], bounds[number + 1])
            write_parquet(part, target / name / PART.format(number), options, rows or len(part))
    run = json.loads((source / "run.json").read_bytes())
    (target / "run.json").write_text(json.dumps({**run, "shards": []}))
    (target / versions.SUCCESS).touch()
    ids = [
        pq.read_table(target / "ledger" / PART.format(n), columns=["id"]).column("id")
        for n in (0, parts // 2, parts - 1)
    ]
    return [ids[0][0].as_py(), ids[1][len(ids[1]) // 2].as_py(), ids[2][-1].as_py()]


def cpu(command: list[str]) -> float:
    """Run a command; return its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Make the version where it is not there yet, and look three documents up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--parts", type=int, default=100)
    arguments = parser.parse_args()
    target = arguments.folder / "versions" / "v000001-benchmark"
    made = arguments.folder / "ids.json"
    if not made.is_file():
        ids = make(arguments.version.resolve(), target, arguments.documents, arguments.parts)
        made.write_text(json.dumps(ids))
    rows = sum(pq.read_metadata(p).num_rows for p in (target / "ledger").glob("*.parquet"))
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{rows:,} documents, {size:,} bytes")
    for name in json.loads(made.read_text()):
        assert find(target, name)
        command = [sys.executable, "-m", "pipeline", "explain", name, "--json",
                   "--output", str(arguments.folder), "--version", target.name]  # fmt: skip
        print(f"{name}: {cpu(command):.2f} s of CPU")
    print(f"--help: {cpu([sys.executable, '-m', 'pipeline', '--help']):.2f} s of CPU")


if __name__ == "__main__":
    main()
