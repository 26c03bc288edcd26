"""Makes what the READMEs show: the table that a run ends with, its picture (SVG), its report (PNG).

    PYTHONPATH=. python tools/build_pictures.py [--check] [--chromium PROGRAM]

The run is that of the README, over seeds/, into a folder that goes again. --check exits with 1
where a README or the picture of the terminal is not what it should be; the report is then drawn
into that folder too, so that drawing it is known to work.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from html import unescape
from io import StringIO
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs/pictures"
READMES = ("README.md", "README.zh-CN.md")
EACH = 2  # edits of a stage that are shown
SEED = "001*.txt"
WIDTH = 100  # characters of the terminal
CELL = 12.2  # units of a cell in the SVG that rich writes
TABLE = re.compile(r"(?<=```text\n) +in +kept.*?(?=\n```)", re.DOTALL)


def said(output: Path, *words: str) -> str:
    """Return what a command says, its folder called as by default."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *words, "--output", str(output)], cwd=ROOT, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout.decode().replace(f" --output {output}", "").replace(str(output), "output")


def some_edits(explanation: str) -> list[str]:
    """Return the first lines of an explanation, the name of each stage and its first edits."""
    lines = explanation.splitlines()
    heads = [i for i, line in enumerate(lines) if re.match(r"\w+: [\d,]+ edits?$", line)]
    ends = [*heads[1:], len(lines)]
    parts = (lines[a : min(b, a + 1 + EACH)] for a, b in zip(heads, ends, strict=True))
    return [*lines[:3], *(line for part in parts for line in part)]


def terminal(run: str, seed: str, explanation: str) -> str:
    """Return the picture of a run and of an explanation."""
    console = Console(record=True, width=WIDTH, file=StringIO())
    console.print(Text("$ python -m pipeline", "bold"))
    console.print(Text(run))
    console.print(Text(f"$ python -m pipeline explain {seed}", "bold"))
    for line in some_edits(explanation):
        text = Text(line)
        text.highlight_regex(r"\[-.*?-\]", "red")
        text.highlight_regex(r"\{\+.*?\+\}", "green")
        console.print(text, no_wrap=True, overflow="ellipsis")
    picture = console.export_svg(title="hanzi-pipeline")
    # A picture fetches no font; and rich gives Chinese half of the width that it takes.
    picture = re.sub(r"@font-face \{.*?\n    \}\n", "", picture, flags=re.DOTALL)
    return re.sub(r' textLength="[^"]*"([^>]*>)([^<]*)', _as_wide_as_it_is, picture)


def _as_wide_as_it_is(found: re.Match[str]) -> str:
    width = cell_len(unescape(found[2])) * CELL
    return f' textLength="{width:.1f}"{found[1]}{found[2]}'


def draw_report(output: Path, chromium: str, picture: Path) -> None:
    """Write the picture of the top of the report."""
    page = (output / "current/report.html").resolve().as_uri()
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--no-first-run", f"--user-data-dir={profile}", "--virtual-time-budget=3000",
             "--window-size=900,1010", f"--screenshot={picture}", page],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip


def texts(output: Path) -> dict[Path, str]:
    """Return what each README and the picture of the terminal should hold."""
    run = said(output)
    seed = str(min((ROOT / "seeds").glob(SEED)).relative_to(ROOT))
    table = re.search(r"^ +in +kept.*?^characters[^\n]*", run, re.DOTALL | re.MULTILINE)
    if table is None:
        raise SystemExit("the run shows no table")
    found = {PICTURES / "terminal.svg": terminal(run, seed, said(output, "explain", seed))}
    for name in READMES:
        page = (ROOT / name).read_text("utf-8")
        found[ROOT / name] = TABLE.sub(lambda _: table[0], page)
    return found


def main() -> int:
    """Make them all, or check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--chromium", default="chromium")
    args = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    stale = []
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out"
        for path, text in texts(output).items():
            if not path.is_file() or path.read_text("utf-8") != text:
                stale.append(path.name)
                if not args.check:
                    path.write_text(text, "utf-8")
        if shutil.which(args.chromium):
            target = Path(folder) if args.check else PICTURES
            draw_report(output, args.chromium, target / "report.png")
    if stale and args.check:
        print(f"stale: {', '.join(stale)}; run: python tools/build_pictures.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
