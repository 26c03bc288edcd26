"""How long `decide` takes, and how much memory, over synthetic documents of any number.

Makes the columns that cleaning would leave behind (28 hashes a document, on disk by column), with
stated shares of exact copies, near-copies and excerpts, then decides in a process of its own. What
has to be read again is made on the fly; that time is told apart.

    python benchmarks/decide.py --documents 10000000
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import save
from numpy.typing import NDArray

from pipeline.dedup.columns import halves, whole
from pipeline.dedup.decide import NEVER, CorpusArrays, decide
from pipeline.dedup.options import DedupOptions
from pipeline.startup import one_thread_variables
from pipeline.text.sketches.shadow import shadow_units

LENGTH = 1000
CHUNK = 1 << 18


class Files:
    """Columns of hashes, one file each."""

    def __init__(self, folder: Path, columns: int) -> None:
        self.folder, self.columns = folder, columns

    def __len__(self) -> int:
        return self.columns

    def __getitem__(self, column: int) -> NDArray[np.uint64]:
        upper = np.fromfile(self.folder / f"{column}.u32", np.uint32)
        return whole([(upper, np.fromfile(self.folder / f"{column}.u8", np.uint8))])


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return splitmix64 of each."""
    with np.errstate(over="ignore"):
        z = values * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x2545F4914F6CDD1D)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


class Corpus:
    """A synthetic corpus: document i is a copy of `source(i)`, of a kind, or its own."""

    def __init__(self, n: int, exact: float, near: float) -> None:
        self.n, self.exact, self.near = n, exact, near

    def kinds(self, documents: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int8]]:
        """Return (source, kind) of each: 0 its own, 1 exact copy, 2 near-copy (Jaccard .86)."""
        draw = mixed(documents ^ np.uint64(1 << 60)).astype(np.float64) / 2**64
        kind = np.where(draw < self.exact, 1, np.where(draw < self.exact + self.near, 2, 0))
        kind[documents == 0] = 0
        source = mixed(documents ^ np.uint64(1 << 61)) % np.maximum(documents, np.uint64(1))
        # A source that is itself a copy is not followed: then the document is its own.
        again = mixed(source ^ np.uint64(1 << 60)).astype(np.float64) / 2**64
        kind[(again < self.exact + self.near) & (source != 0)] = 0
        return np.where(kind > 0, source, documents), kind.astype(np.int8)

    def write(self, folder: Path, options: DedupOptions) -> None:
        """Write the columns, text hashes and lengths."""
        columns = range(options.bands + options.passages)
        names = [f"{c}.{half}" for c in columns for half in ("u32", "u8")] + ["text.u64"]
        files = {name: open(folder / name, "wb") for name in names}  # noqa: SIM115
        for first in range(0, self.n, CHUNK):
            documents = np.arange(first, min(first + CHUNK, self.n), dtype=np.uint64)
            source, kind = self.kinds(documents)
            text = np.where(kind == 1, source, documents)
            mixed(text).tofile(files["text.u64"])
            for column in columns:
                share = 0.86**options.rows if column < options.bands else 0.92
                salt = np.uint64(column << 40)
                kept = mixed(documents ^ salt ^ np.uint64(1 << 62)).astype(np.float64) / 2**64
                same = (kind == 1) | ((kind == 2) & (kept < share))
                upper, lower = halves(mixed(np.where(same, source, documents) ^ salt))
                upper.tofile(files[f"{column}.u32"])
                lower.tofile(files[f"{column}.u8"])
        for file in files.values():
            file.close()

    def texts(self, ranks: NDArray[np.int64]) -> list[str]:
        """Return texts of LENGTH characters; near-copies have 8 changed places."""
        source, kind = self.kinds(ranks.astype(np.uint64))
        places = np.arange(LENGTH, dtype=np.uint64)
        out = []
        for rank, base, what in zip(ranks.tolist(), source.tolist(), kind.tolist(), strict=True):
            codes = mixed(np.uint64(base << 20) + places) % np.uint64(20_000) + np.uint64(0x4E00)
            if what == 2:
                codes[np.arange(8) * 120 + rank % 100] = 0x4E00 + rank % 19_997
            out.append(codes.astype("<u2").tobytes().decode("utf-16-le"))
        return out


def measure(folder: Path, corpus: Corpus) -> dict[str, object]:
    """Decide over the files of a folder; seconds of processor and peak memory."""
    options = DedupOptions()
    reading = [0.0, 0.0]

    def read(ranks: NDArray[np.int64]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
        begun = time.process_time()
        shadows = shadow_units(corpus.texts(ranks))
        reading[0] += time.process_time() - begun
        reading[1] += len(ranks)
        return shadows

    n = corpus.n
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun, wall = time.process_time(), time.monotonic()
    arrays = CorpusArrays(
        text_hash=np.fromfile(folder / "text.u64", np.uint64),
        length=np.full(n, LENGTH, np.int32),
        bands=Files(folder, options.bands + options.passages),
        damage=np.zeros(n, np.int32),
        published_at=np.broadcast_to(np.int64(NEVER), n),
    )
    decisions = decide(arrays, options, read)
    seconds = time.process_time() - begun
    kinds = np.bincount(decisions.kind, minlength=4).tolist()
    return {
        "documents": n,
        "seconds_cpu": round(seconds - reading[0], 1),
        "seconds_wall": round(time.monotonic() - wall, 1),
        "seconds_making_texts": round(reading[0], 1),
        "texts_read": int(reading[1]),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "mb_before": round(before),
        "exact": kinds[1],
        "near": kinds[2] + kinds[3],
        "compared": decisions.compared,
        "uncompared": decisions.uncompared,
    }


def main() -> None:
    """Make the corpus, decide in a child process, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--exact", type=float, default=0.10, help="share of exact copies")
    parser.add_argument("--near", type=float, default=0.02, help="share of near-copies")
    parser.add_argument("--folder", type=Path, help="where the columns go (default: temporary)")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    corpus = Corpus(args.documents, args.exact, args.near)
    if args.measure:
        print(json.dumps(measure(args.folder, corpus)))
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        corpus.write(Path(folder), DedupOptions())
        command = [sys.executable, __file__, "--measure", "--folder", folder]
        command += ["--documents", str(args.documents)]
        command += ["--exact", str(args.exact), "--near", str(args.near)]
        result = subprocess.run(
            command,
            check=True,
            stdout=subprocess.PIPE,
            env={**one_thread_variables(), **os.environ},
        )
    name = f"decide-{args.documents}"
    print(save(name, json.loads(result.stdout)).read_text("utf-8"))


if __name__ == "__main__":
    main()
