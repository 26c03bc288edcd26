"""Makes the pictures of the README: a run in a terminal (SVG), and its report (PNG).

    PYTHONPATH=. python tools/build_pictures.py [chromium]

The run is that of the README, over seeds/, into a folder that goes again.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs/pictures"
EACH = 2  # edits of a stage that are shown
SEED = "001*.txt"
WIDTH = 100  # characters of the terminal


def said(output: Path, *words: str) -> str:
    """Return what a command says, its folder called as by default."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *words, "--output", str(output)], cwd=ROOT, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout.decode().replace(str(output), "output").replace(" --output output", "")


def some_edits(explanation: str) -> list[str]:
    """Return the first lines of an explanation, the name of each stage and its first edits."""
    lines = explanation.splitlines()
    heads = [i for i, line in enumerate(lines) if re.match(r"\w+: [\d,]+ edits?$", line)]
    ends = [*heads[1:], len(lines)]
    parts = (lines[a : min(b, a + 1 + EACH)] for a, b in zip(heads, ends, strict=True))
    return [*lines[:3], *(line for part in parts for line in part)]


def terminal(output: Path) -> None:
    """Write the picture of a run and of an explanation."""
    console = Console(record=True, width=WIDTH, file=StringIO())
    seed = min((ROOT / "seeds").glob(SEED)).relative_to(ROOT)
    console.print(Text("$ python -m pipeline", "bold"))
    console.print(Text(said(output)))
    console.print(Text(f"$ python -m pipeline explain {seed}", "bold"))
    for line in some_edits(said(output, "explain", str(seed))):
        text = Text(line)
        text.highlight_regex(r"\[-.*?-\]", "red")
        text.highlight_regex(r"\{\+.*?\+\}", "green")
        console.print(text, no_wrap=True, overflow="ellipsis")
    picture = console.export_svg(title="hanzi-pipeline")
    # A picture fetches no font; and rich squeezes Chinese into half of the width that it takes.
    picture = re.sub(r"@font-face \{.*?\n    \}\n", "", picture, flags=re.DOTALL)
    picture = re.sub(r' textLength="[^"]*"', "", picture)
    (PICTURES / "terminal.svg").write_text(picture, "utf-8")


def report(output: Path, chromium: str) -> None:
    """Write the picture of the top of the report."""
    page = (output / "current/report.html").resolve().as_uri()
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--no-first-run", f"--user-data-dir={profile}", "--virtual-time-budget=3000",
             "--window-size=900,1010", f"--screenshot={PICTURES / 'report.png'}", page],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip


def main() -> None:
    """Make both."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        terminal(Path(folder) / "out")
        report(Path(folder) / "out", sys.argv[1] if len(sys.argv) > 1 else "chromium")


if __name__ == "__main__":
    main()
