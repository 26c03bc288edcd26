"""Writes the tables of docs/benchmarks.md and of the READMEs from benchmarks/results.

python tools/build_tables.py [--check]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"
_CHANGING = ("ftfy, defaults", "ftfy, width and quotes kept", "data-juicer's mappers")
# What the READMEs call the rows of their table.
ENGLISH = (
    "of 1,000 characters of clean text, wrongly changed",
    "lines in UTF-8 read as GBK three times over, got back without a wrong character",
    "near-copies found, Jaccard .8 to .9 (documents wrongly merged)",
    "MB/s per core over 4 MB of pages, start-up included",
    "the same over 40 MB",
)
CHINESE = (
    "每千字干净文本中被误改的字数",
    "UTF-8 三次误读为 GBK 的行，无错字复原的比例",
    "Jaccard .8 至 .9 的近似副本，找到的比例（误并的文档数）",
    "每核每秒 MB，4 MB 网页，含启动",
    "同上，40 MB",
)


def result(name: str) -> dict[str, Any]:
    """Return a result."""
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_bytes())
    return content


def throughput() -> Iterator[str]:
    """Yield the lines of the table of speeds."""
    found = result("throughput")
    machine = found["machine"]
    yield "| | MB | runs | MB/s per core | CPU s | wall s | × floor |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, row in found["programs"].items():
        yield (
            f"| {name} | {row['megabytes']:.1f} | {row['runs']} | {row['mb_per_core_second']:.3g} "
            f"| {row['cpu']:.2f} | {row['wall']:.2f} | {row['times_floor']:.1f} |"
        )
    versions = ", ".join(f"{k} {v}" for k, v in machine.items() if k != "processor")
    yield ""
    yield f"{machine['processor']}, {versions}."
    yield ""
    yield "![Input megabytes per core-second](../benchmarks/results/throughput.svg)"


def characters() -> Iterator[str]:
    """Yield the lines of the table of characters: wrongly changed / wrongly left."""
    damages = result("characters-sets")["damages"]
    tools = list(next(iter(damages.values())))
    yield f"| damage | {' | '.join(tools)} |"
    yield f"|---|{'---|' * len(tools)}"
    for damage, rows in damages.items():
        cells = (f"{rows[t]['wrongly_changed']:.2f} / {rows[t]['wrongly_left']:.2f}" for t in tools)
        yield f"| {damage} | {' | '.join(cells)} |"
    speeds = (
        f"{min(rows[t]['mb_per_second'] for rows in damages.values()):.1f}–"
        f"{max(rows[t]['mb_per_second'] for rows in damages.values()):.1f}"
        for t in tools
    )
    yield f"| MB/s, over the damages | {' | '.join(speeds)} |"


def measured(labels: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the table of a README: one figure of each kind, beside those of others."""
    untouched = result("characters-sets")["damages"]["untouched"]
    repaired = result("mojibake")["share right"]["utf8-as-gbk×3, �"]
    copies, speeds = result("dedup"), result("throughput")["programs"]
    changed = {name: f"{row['wrongly_changed']:.2f}" for name, row in untouched.items()}
    share = {name: f"{right:.0%}" for name, right in repaired.items()}
    found = {
        name: f"{row['recall']['J 0.8+'][0]:.3f} ({sum(row['merged_wrongly'].values())})"
        for name, row in copies.items()
        if isinstance(row, dict) and "recall" in row
    }
    pace = {name: f"{row['mb_per_core_second']:.3g}" for name, row in speeds.items()}
    cells = (
        (changed.pop("this"), _beside(changed, *_CHANGING)),
        (share.pop("this project"), _beside(share, "ftfy", "encfix")),
        (
            found["ours (20 × 6, verified)"],
            _beside(found, "datasketch MinHashLSH .8", "rensa", "datatrove, Chinese words"),
        ),
        (pace["pipeline, 4 MB"], _beside(pace, "data-juicer 1.6.1", "datatrove 0.10.1")),
        (pace["pipeline, workers=1"], ""),
    )
    yield "| | this | others |"
    yield "|---|---:|---|"
    for label, (ours, others) in zip(labels, cells, strict=True):
        yield f"| {label} | {ours} | {others} |"


def _beside(values: Mapping[str, str], *names: str) -> str:
    return "; ".join(f"{name}: {values[name]}" for name in names)


def main() -> int:
    """Write the tables, or check them."""
    tables = (
        ("docs/benchmarks.md", "throughput", throughput()),
        ("docs/benchmarks.md", "characters", characters()),
        ("README.md", "measured", measured(ENGLISH)),
        ("README.zh-CN.md", "measured", measured(CHINESE)),
    )
    stale = []
    for page, name, lines in tables:
        before = (ROOT / page).read_text("utf-8")
        opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        head, _, rest = before.partition(opening)
        table = "".join(f"{line}\n" for line in lines)
        after = f"{head}{opening}{table}{closing}{rest.partition(closing)[2]}"
        if after != before and "--check" in sys.argv:
            stale.append(page)
        elif after != before:
            (ROOT / page).write_text(after, "utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run: python tools/build_tables.py")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
