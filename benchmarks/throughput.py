"""Input megabytes per core-second of the whole program, beside a floor and its peers, in one run.

    python benchmarks/throughput.py [CORPUS.jsonl] [--mb 40] [--runs 3] [--peers /tmp/peers]

The floor reads the JSONL with orjson and writes zstd-3 Parquet with pyarrow, and does nothing else.
Every program is a process tree of its own; its time is user + system of the tree, start-up
included, as the kernel counts it when the tree has ended. Programs take turns, medians are
reported. Peers are looked for in environments of their own under --peers (benchmarks/peers/ says
how each is installed); they are slow, so they get the first --peer-mb of the corpus, and so do we
beside them. The result goes to benchmarks/results/, as a table (JSON) and a plot (SVG).
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
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from machine import save
from plot import bars

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
# folder under --peers: (its name on the package index, its script in benchmarks/peers)
PEERS = {
    "data-juicer": ("py-data-juicer", "data_juicer_peer.py"),
    "datatrove": ("datatrove", "datatrove_peer.py"),
}


@dataclass(frozen=True)
class Program:
    """A command to measure, the corpus that it is given, and how often it takes its turn."""

    command: list[str]
    corpus: Path
    runs: int

    @property
    def megabytes(self) -> float:
        """Size of its input."""
        return self.corpus.stat().st_size / 1e6


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command; return CPU seconds of its tree, and wall seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    wall = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stderr!r}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall


def beginning(corpus: Path, megabytes: float, target: Path) -> Path:
    """Write the first rows of a corpus, and return where they are."""
    left = megabytes * 1e6
    with corpus.open("rb") as source, target.open("wb") as out:
        for line in source:
            out.write(line)
            left -= len(line)
            if left <= 0:
                break
    return target


def version_of(python: Path, package: str) -> str:
    """Return the version of a package in another environment; empty where it is not there."""
    if not python.is_file():
        return ""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([str(python), "-c", code], capture_output=True, check=False)
    return done.stdout.decode().strip()


def ours(corpus: Path, out: Path, workers: int) -> list[str]:
    """Return the command of a run of the default recipe."""
    return [sys.executable, "-m", "pipeline", "--input", str(corpus), "--output", str(out),
            "--workers", str(workers)]  # fmt: skip


def programs(args: argparse.Namespace, corpus: Path, work: Path) -> dict[str, Program]:
    """Return everything that is to be measured, by the name it has in the table."""
    out, floor = work / "out", str(work / "floor.parquet")
    found = {"floor": Program([sys.executable, "-c", FLOOR, str(corpus), floor], corpus, args.runs)}
    for workers in args.workers or [1, 2]:
        name = f"pipeline, workers={workers}"
        found[name] = Program(ours(corpus, out, workers), corpus, args.runs)
    small = beginning(corpus, args.peer_mb, work / "small.jsonl")
    for name, (package, script) in PEERS.items():
        python = args.peers / name / "bin/python"
        if version := version_of(python, package):
            found.setdefault(f"pipeline, {args.peer_mb:g} MB",
                             Program(ours(small, out, 1), small, args.runs))  # fmt: skip
            command = [str(python), str(ROOT / "benchmarks/peers" / script), str(small), str(out)]
            found[f"{name} {version}"] = Program(command, small, args.peer_runs)
        else:
            print(f"{name} is not in {args.peers / name}: see benchmarks/peers/{script}")
    return found


def report(name: str, rows: Mapping[str, list[tuple[float, float]]],
           listed: Mapping[str, Program]) -> None:  # fmt: skip
    """Print the table, and save it with its plot."""
    result = {}
    floor = statistics.median(cpu for cpu, _ in rows["floor"]) / listed["floor"].megabytes
    print(f"medians; {os.cpu_count()} cores")
    print(
        f"{'':<24}{'MB':>6}{'runs':>6}{'MB/s per core':>15}{'CPU s':>9}{'wall s':>9}{'x floor':>9}"
    )
    for program, found in rows.items():
        cpu, wall = (statistics.median(row[i] for row in found) for i in (0, 1))
        size = listed[program].megabytes
        result[program] = {
            "megabytes": round(size, 2), "runs": len(found),
            "mb_per_core_second": round(size / cpu, 3), "cpu": round(cpu, 3),
            "wall": round(wall, 3), "times_floor": round(cpu / size / floor, 2),
        }  # fmt: skip
        print(f"{program:<24}{size:>6.1f}{len(found):>6}{size / cpu:>15.3f}{cpu:>9.2f}{wall:>9.2f}"
              f"{cpu / size / floor:>9.2f}")  # fmt: skip
    path = save(name, {"programs": result})
    speeds = [(program, values["mb_per_core_second"], program.startswith("pipeline"))
              for program, values in result.items()]  # fmt: skip
    plot = bars("Input megabytes per core-second, start-up included", speeds, "MB/s")
    Path(path).with_suffix(".svg").write_text(plot, "utf-8")
    print(path)


def main() -> None:
    """Measure, print a table, and save it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--mb", type=float, default=40, help="size of the corpus that is made")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, action="append")
    parser.add_argument("--peers", type=Path, default=Path("/tmp/peers"))
    parser.add_argument("--peer-mb", type=float, default=4)
    parser.add_argument("--peer-runs", type=int, default=1)
    parser.add_argument("--name", default="throughput", help="name of the result")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="throughput-"))
    corpus = args.corpus
    if corpus is None:
        script = [sys.executable, str(ROOT / "benchmarks/corpus.py"), str(work), "--mb"]
        subprocess.run([*script, str(args.mb)], check=True)
        corpus = work / "corpus.jsonl"
    listed = programs(args, corpus, work)
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in listed}
    for turn in range(max(program.runs for program in listed.values())):
        for name, program in listed.items():
            if turn < program.runs:
                shutil.rmtree(work / "out", ignore_errors=True)
                rows[name].append(measure(program.command))
    report(args.name, rows, listed)
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
