"""Input megabytes per core-second of the whole program, against a floor measured in the same run.

    python benchmarks/throughput.py [CORPUS.jsonl] [--mb 40] [--runs 3] [--peer NAME=COMMAND]...

The floor reads the JSONL with orjson and writes zstd-3 Parquet with pyarrow, and does nothing else.
Every program is a process tree of its own; its time is user + system of the tree, start-up
included, as the kernel counts it when the tree has ended. Programs take turns, medians are
reported. A peer is a shell command in which {input} and {output} stand for the paths; peers are
installed in environments of their own (docs/benchmarks.md).
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import save

ROOT = Path(__file__).parents[1]
FLOOR = """
import sys, orjson, pyarrow as pa, pyarrow.parquet as pq
rows, writer, schema = [], None, pa.schema([("id", pa.string()), ("text", pa.string())])
writer = pq.ParquetWriter(sys.argv[2], schema, compression="zstd", compression_level=3,
                          use_dictionary=False)
with open(sys.argv[1], "rb") as file:
    for line in file:
        rows.append(orjson.loads(line))
        if len(rows) == 4096:
            writer.write_table(pa.Table.from_pylist(rows, schema)); rows = []
writer.write_table(pa.Table.from_pylist(rows, schema))
writer.close()
"""


def measure(command: list[str]) -> tuple[float, float, float]:
    """Run a command; return CPU seconds of its tree, wall seconds, and peak MB of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    wall = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stderr!r}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, after.ru_maxrss / 1024


def main() -> None:
    """Measure, print a table, and save it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--mb", type=float, default=40, help="size of the corpus that is made")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, action="append")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--name", default="throughput", help="name of the result")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="throughput-"))
    corpus = args.corpus
    if corpus is None:
        script = [sys.executable, str(ROOT / "benchmarks/corpus.py"), str(work), "--mb"]
        subprocess.run([*script, str(args.mb)], check=True)
        corpus = work / "corpus.jsonl"
    out = work / "out"
    programs = {"floor": [sys.executable, "-c", FLOOR, str(corpus), str(work / "floor.parquet")]}
    for workers in args.workers or [1, 2]:
        programs[f"pipeline, workers={workers}"] = [
            sys.executable, "-m", "pipeline", "--input", str(corpus), "--output", str(out),
            "--workers", str(workers),
        ]  # fmt: skip
    for peer in args.peer:
        name, _, command = peer.partition("=")
        filled = command.format(input=corpus, output=out)
        programs[name] = shlex.split(filled)
    size = corpus.stat().st_size / 1e6
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in programs}
    for _ in range(args.runs):
        for name, command in programs.items():
            shutil.rmtree(out, ignore_errors=True)
            rows[name].append(measure(command))
    floor = statistics.median(cpu for cpu, _, _ in rows["floor"])
    result = {}
    print(f"{size:.1f} MB, {args.runs} runs, medians; {os.cpu_count()} cores")
    print(f"{'':<24}{'MB/s per core':>15}{'CPU s':>9}{'wall s':>9}{'x floor':>9}")
    for name, found in rows.items():
        cpu, wall = (statistics.median(row[i] for row in found) for i in (0, 1))
        result[name] = {"mb_per_core_second": round(size / cpu, 2), "cpu": cpu, "wall": wall,
                        "times_floor": round(cpu / floor, 2)}  # fmt: skip
        print(f"{name:<24}{size / cpu:>15.2f}{cpu:>9.2f}{wall:>9.2f}{cpu / floor:>9.2f}")
    print(save(args.name, {"megabytes": size, "runs": args.runs, "programs": result}))
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
