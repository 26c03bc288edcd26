"""Characters that are wrongly changed, and wrongly left, beside ftfy, OpenCC and data-juicer.

    nice python benchmarks/characters.py [DATA] [--documents 200] [--peers /tmp/peers]

Clean texts are damaged in one way at a time, and every tool gets the same texts. A character is
wrongly changed where a tool touches it and the damage had not, wrongly left where the damage had
and the tool did not. Both are counted along the shortest edits between texts, per thousand
characters. Texts are generated, or taken from JSONL sets in DATA (`NAME.jsonl.zst`). Speed is input
megabytes per CPU second of calls in one process, start-up excluded; ours includes the receipts.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import opencc
from ftfy import fix_text
from machine import save
from rapidfuzz.distance import Levenshtein
from text import DAMAGES as MARKS
from text import GENTLE, SETS, documents

from pipeline.document import Document
from pipeline.recipe import load
from pipeline.stages.runner import compile_stages, run_stages

Texts = Sequence[str]
STAGES = ("mojibake", "unicode", "punctuation", "script")
TRADITIONAL = opencc.OpenCC("s2t")
SIMPLIFIED = opencc.OpenCC("t2s")


def with_invisible(text: str) -> str:
    """Put a character that nobody sees after every twentieth."""
    return "".join(
        c + "\u200b\ufeff\u00ad"[i // 20 % 3] * (i % 20 == 19) for i, c in enumerate(text)
    )


def misread(text: str) -> str:
    """Read the UTF-8 of the lines as GBK; a byte at the end of a line may be lost by it."""
    return "\n".join(line.encode().decode("gb18030", "replace") for line in text.split("\n"))


def undamaged(line: str) -> bool:
    """Return whether a line of a real text has nothing that a tool could rightly change.

    No ASCII marks but between or after digits, no odd blanks or widths, no doubled marks.
    """
    rest = re.sub(r"(?<=\d)[.:,/-](?=\d)|(?<=\d)%", "", line)
    return not re.search(r"[!-/:-@\[-`{-~\u00a0\u3000\uff10-\uff5a]|([，。；：、])\1| [，。]", rest)


DAMAGES: dict[str, Callable[[str], str]] = {
    "untouched": MARKS["untouched"],
    "marks made ASCII": MARKS["made ASCII"],
    "commas doubled": MARKS["doubled"],
    "made Traditional": TRADITIONAL.convert,
    "UTF-8 read as GBK": misread,
    "invisible characters": with_invisible,
}


def ours() -> Callable[[Texts], Texts]:
    """Return the stages that change characters, with default options."""
    stages = [(s, o) for s, o in load(None).stages() if s.name in STAGES]
    compiled = compile_stages(stages)

    def repair(texts: Texts) -> Texts:
        outcomes, _ = run_stages(compiled, [Document(str(i), t) for i, t in enumerate(texts)])
        return [o.text if isinstance(o, Document) else "" for o in outcomes]

    return repair


class Juicer:
    """data-juicer's mappers in a process of their own."""

    def __init__(self, python: Path) -> None:
        script = Path(__file__).parent / "peers/data_juicer_lines.py"
        self.process = subprocess.Popen(
            [str(python), str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
        )  # fmt: skip

    def __call__(self, texts: Texts) -> tuple[Texts, float]:
        """Return the texts as they come out, and the CPU seconds."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(list(texts), ensure_ascii=False) + "\n")
        self.process.stdin.flush()
        out, seconds = json.loads(self.process.stdout.readline())
        return out, seconds


def touched(source: str, target: str) -> set[float]:
    """Return the places of a text that the shortest edits to another touch; insertions between."""
    return {
        op.src_pos - 0.5 if op.tag == "insert" else op.src_pos
        for op in Levenshtein.editops(source, target)
    }


def score(damaged: Texts, clean: Texts, repaired: Texts) -> tuple[float, float]:
    """Return characters wrongly changed and wrongly left, per thousand."""
    changed = left = size = 0
    for before, wanted, got in zip(damaged, clean, repaired, strict=True):
        must, did = touched(before, wanted), touched(before, got)
        changed, left, size = changed + len(did - must), left + len(must - did), size + len(before)
    return 1000 * changed / size, 1000 * left / size


def timed(repair: Callable[[Texts], Texts], texts: Texts) -> tuple[Texts, float]:
    """Return the texts as they come out, and the CPU seconds."""
    begun = time.process_time()
    out = repair(texts)
    return out, time.process_time() - begun


def one_by_one(repair: Callable[[str], str]) -> Callable[[Texts], Texts]:
    """Return a repair of many texts from that of one."""
    return lambda texts: [repair(text) for text in texts]


def main() -> None:
    """Damage, repair, count, and save."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--peers", type=Path, default=Path("/tmp/peers"))
    args = parser.parse_args()
    names = [n for n in SETS[:2] if args.data] or ["generated"]
    most = args.documents // len(names)
    clean = [
        "\n".join(filter(undamaged, lines))
        for name in names
        for lines in documents(args.data, name, most)
    ]
    tools: dict[str, Callable[[Texts], tuple[Texts, float]]] = {
        name: lambda texts, repair=repair: timed(repair, texts)  # type: ignore[misc]
        for name, repair in {
            "this": ours(),
            "ftfy, defaults": one_by_one(fix_text),
            "ftfy, width and quotes kept": one_by_one(lambda text: fix_text(text, config=GENTLE)),
            "OpenCC t2s": one_by_one(SIMPLIFIED.convert),
        }.items()
    }
    python = args.peers / "data-juicer/bin/python"
    if python.is_file():
        tools["data-juicer's mappers"] = Juicer(python)
    print(f"{len(clean)} texts; wrongly changed, wrongly left per 1,000 characters; MB/s")
    result: dict[str, dict[str, dict[str, float]]] = {}
    for damage, spoil in DAMAGES.items():
        damaged = [spoil(text) for text in clean]
        megabytes = sum(len(text.encode()) for text in damaged) / 1e6
        for tool, repair in tools.items():
            repair(damaged[:2])  # tables are loaded once
            out, seconds = repair(damaged)
            changed, left = score(damaged, clean, out)
            speed = megabytes / max(seconds, 1e-9)
            result.setdefault(damage, {})[tool] = {
                "wrongly_changed": round(changed, 3), "wrongly_left": round(left, 3),
                "mb_per_second": round(speed, 2),
            }  # fmt: skip
            print(f"{damage:<22}{tool:<30}{changed:>10.3f}{left:>10.3f}{speed:>9.2f}", flush=True)
    content = {"sets": names, "texts": len(clean), "damages": result}
    print(save(f"characters-{'sets' if args.data else 'generated'}", content))


if __name__ == "__main__":
    main()
