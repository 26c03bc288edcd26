"""What a night costs: a run over 99 files, then one over these and a hundredth.

    python benchmarks/night.py FOLDER [--mb 40 400] [--sites 50] [--by-site] [--source TEXTS]
        [--set KEY=VALUE ...]

The documents are those of `corpus.py`, each with an address on one of some sites, which put two
lines of their own below most of them: the night's documents are copies of earlier ones, have
copies among them, and move the counts of every site. Given are CPU seconds of all processes, for
the first run, the night, and a run from nothing over all files, whose data must have the same
bytes. `--source` recombines the clauses of other texts instead of those of the five seeds, of
which two documents share a quarter. In the night are two costs that do not grow with it, which are
given by themselves: a run over five documents into an empty folder (to start, to load what cleans,
to write a report), and linking every file of a version. `share` is what the night costs but for
these, by what the first run costs; `share_of_all` that of all. With `--by-site` the documents of a
site lie together, and the night brings some of each: new documents then fall into every part of
what was published.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

from corpus import documents
from machine import save

FILES = 100
SITE_LINES = (
    "\n第{0}号融媒体中心为您呈现每日新鲜资讯欢迎持续关注我们\n今日{0}区域天气晴朗适合外出游玩"
)


def write(
    folder: Path, mb: float, sites: int, by_site: bool, source: Path | None = None
) -> tuple[int, list[Path]]:
    """Write the files; return how many documents they have, and which are the night's."""
    folder.mkdir(parents=True)
    rows = 0
    with (folder / "all").open("w", encoding="utf-8") as every:
        for row, site in zip(documents(mb, 1, source), cycle(range(sites)), strict=False):
            text = f"{row['text']}{SITE_LINES.format(site) if rows % 3 else ''}"
            record = {"id": row["id"], "url": f"http://s{site}.example/{rows}", "text": text}
            every.write(json.dumps(record, ensure_ascii=False) + "\n")
            rows += 1
    night = set()
    with ExitStack() as stack:
        files: dict[Path, Any] = {}
        for number, line in enumerate(stack.enter_context((folder / "all").open("rb"))):
            day = number * FILES // rows
            path = folder / f"day-{day:03d}.jsonl"
            if by_site:
                part = "night" if day == FILES - 1 else "before"
                path = folder / f"site-{number % sites:03d}" / f"{part}.jsonl"
            if path not in files:
                path.parent.mkdir(exist_ok=True)
                files[path] = stack.enter_context(path.open("wb"))
            files[path].write(line)
            if day == FILES - 1:
                night.add(path)
    (folder / "all").unlink()
    return rows, sorted(night)


def run(source: Path, output: Path, settings: list[str]) -> float:
    """Run the pipeline with one worker; return CPU seconds of all its processes."""
    command = [sys.executable, "-m", "pipeline", "--input", str(source), "--output", str(output)]
    command += ["--workers", "1", *(word for s in settings for word in ("--set", s))]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def started(source: Path, folder: Path, settings: list[str]) -> float:
    """Return CPU seconds of a run over the first five documents of a file: the least of three."""
    few, seconds = folder / "few", []
    few.mkdir()
    with source.open("rb") as lines, (few / "few.jsonl").open("wb") as file:
        for _ in range(5):
            file.write(lines.readline())
    for number in range(3):
        seconds.append(run(few, folder / f"few-{number}", settings))
    return min(seconds)


def linked(version: Path, target: Path) -> tuple[int, float]:
    """Link every file of a version; return how many there are, and the CPU seconds it took."""
    begun = time.process_time()
    files = 0
    for path in version.rglob("*"):
        copy = target / path.relative_to(version)
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.hardlink_to(path)
            files += 1
    return files, time.process_time() - begun


def hashes(version: Path) -> dict[str, str]:
    """Return the hash of every Parquet file of a version."""
    files = sorted(path for path in version.rglob("*.parquet") if path.is_file())
    return {
        path.relative_to(version).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def measure(folder: Path, mb: float, args: argparse.Namespace) -> dict[str, Any]:
    """Measure one size."""
    days, output, settings = folder / "days", folder / "output", args.set
    rows, night_files = write(days, mb, args.sites, args.by_site, args.source)
    aside = {path: folder / str(number) for number, path in enumerate(night_files)}
    for path, place in aside.items():
        path.rename(place)
    time.sleep(2.5)  # files that changed this moment are read again the next time
    full = run(days, output, settings)
    for path, place in aside.items():
        place.rename(path)
    night = run(days, output, settings)
    scratch = run(days, folder / "scratch", settings)
    version = (output / "current").resolve()
    files, seconds = linked(version, folder / "links")
    start = started(night_files[0], folder, settings)
    shared = sum(path.stat().st_nlink > 2 for path in version.rglob("*") if path.is_file())
    return {
        "mb": mb, "sites": args.sites, "by_site": args.by_site, "documents": rows,
        "source": args.source and args.source.name, "settings": settings,
        "full_seconds": round(full, 2), "night_seconds": round(night, 2),
        "scratch_seconds": round(scratch, 2), "start_seconds": round(start, 2),
        "link_seconds": round(seconds, 4), "share": round((night - start - seconds) / full, 4),
        "share_of_all": round(night / full, 4),
        "files": files, "files_of_the_version_before": shared,
        "same_bytes": hashes(version) == hashes((folder / "scratch/current").resolve()),
    }  # fmt: skip


def main() -> None:
    """Measure every size and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mb", type=float, nargs="+", default=[40, 400])
    parser.add_argument("--sites", type=int, default=50)
    parser.add_argument("--by-site", action="store_true", help="a file for each site, and night")
    parser.add_argument("--source", type=Path, help="a folder of *.txt whose clauses are used")
    parser.add_argument("--name", help="name of the result")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--keep", action="store_true", help="leave what was made in FOLDER")
    args = parser.parse_args()
    rows = []
    for mb in args.mb:
        folder = args.folder / f"night-{mb:g}"
        shutil.rmtree(folder, ignore_errors=True)
        rows.append(measure(folder, mb, args))
        print(json.dumps(rows[-1]), flush=True)
        if not args.keep:
            shutil.rmtree(folder)
    load = round(os.getloadavg()[1], 1)
    name = args.name or ("night-by-site" if args.by_site else "night")
    print(save(name, {"load_average": load, "sizes": rows}))


if __name__ == "__main__":
    main()
