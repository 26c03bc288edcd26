"""Writes the tables of docs/benchmarks.md from benchmarks/results.

python tools/build_tables.py [--check]
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"
PAGE = ROOT / "docs/benchmarks.md"


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


def main() -> int:
    """Write the tables, or check them."""
    page = PAGE.read_text("utf-8")
    for name, lines in (("throughput", throughput()), ("characters", characters())):
        text = f"<!-- {name} -->\n{chr(10).join(lines)}\n<!-- /{name} -->"
        pattern = rf"<!-- {name} -->.*?<!-- /{name} -->"
        page = re.sub(pattern, lambda _, text=text: text, page, flags=re.DOTALL)  # type: ignore[misc]
    if page == PAGE.read_text("utf-8"):
        return 0
    if "--check" in sys.argv:
        print("stale: docs/benchmarks.md; run: python tools/build_tables.py")
        return 1
    PAGE.write_text(page, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
