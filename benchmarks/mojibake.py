"""How much damage the mojibake stage repairs, what it does to clean text, and how fast.

    python benchmarks/mojibake.py CLEAN [--traditional FOLDER] [--n 100]
    python benchmarks/mojibake.py --cases cases.jsonl --out answers.jsonl

CLEAN holds UTF-8 text as *.txt or *.jsonl(.zst) with a `text` field. Damage is made from lines of
15-80 characters; a repair is right where it equals the line, marked where it differs from it in
`�` only (each standing for at most three characters). The clean lines themselves, as they are and
with their marks narrowed, are the control. With --cases the stage answers cases made elsewhere
(JSON lines with `id` and `damaged`) and leaves the scoring to their scorer.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from pipeline.document import Document
from pipeline.stages.mojibake import STAGE, MojibakeOptions
from pipeline.stages.runner import compile_stages, run_stages, text_of
from pipeline.text.mojibake.gbk import characters

BATCH = 64
Damage = Callable[[str, random.Random], str]


def repair(texts: list[str]) -> list[str]:
    """Run the stage over texts in batches."""
    compiled = compile_stages([(STAGE, MojibakeOptions())])
    out: list[str] = []
    for i in range(0, len(texts), BATCH):
        outcomes, _ = run_stages(compiled, [Document("", text) for text in texts[i : i + BATCH]])
        out += [text_of(outcome) for outcome in outcomes]
    return out


def cp936(data: bytes, mark: str) -> str:
    """Read bytes as Windows does: 0x80 is `€`, user-defined codes are private-use characters."""
    out, i = "", 0
    while i < len(data):
        pair = characters()[int.from_bytes(data[i : i + 2], "big")] if data[i] > 0x80 else ""
        if pair and i + 1 < len(data):
            out += pair
            i += 2
            continue
        out += chr(data[i]) if data[i] < 0x80 else "€" if data[i] == 0x80 else mark
        i += 1
    return out


def utf8_as_gbk(depth: int, mark: str) -> Damage:
    """Damage a text `depth` times, with `mark` for each byte that makes no pair."""

    def damage(text: str, _: random.Random) -> str:
        for _layer in range(depth):
            text = cp936(text.encode(), mark)
        return text

    return damage


def misread(true: str, wrong: str) -> Damage:
    """Read a text's bytes in another encoding of Python's; an error where that fails."""
    return lambda text, _: text.encode(true).decode(wrong)


def without_a_byte(lead: bool) -> Damage:
    """Lose the first or the second byte of one character of GBK, without a mark."""

    def damage(text: str, rnd: random.Random) -> str:
        i = rnd.randrange(2, len(text) - 4)
        data = text[:i].encode("gbk"), text[i].encode("gbk"), text[i + 1 :].encode("gbk")
        if len(data[1]) < 2:
            raise ValueError("not a character of two bytes")
        return cp936(data[0] + data[1][lead : lead + 1] + data[2], "?")

    return damage


DAMAGES: dict[str, Damage] = {
    **{f"utf8-as-gbk×{n}, {m}": utf8_as_gbk(n, m) for n in (1, 2, 3) for m in "�?"},
    "utf8-as-latin1": misread("utf-8", "latin-1"),
    "utf8-as-cp949": misread("utf-8", "cp949"),
    "utf8-as-cp932": misread("utf-8", "cp932"),
    "gbk-as-latin1": misread("gbk", "latin-1"),
    "gbk-as-big5": misread("gbk", "cp950"),
    "gbk-as-cp949": misread("gbk", "cp949"),
    "gbk-as-cp932": misread("gbk", "cp932"),
    "gbk without a lead byte": without_a_byte(lead=True),
    "gbk without a trail byte": without_a_byte(lead=False),
}
TRADITIONAL: dict[str, Damage] = {
    "big5-as-gbk": misread("cp950", "gb18030"),
    "big5-as-latin1": misread("cp950", "latin-1"),
    "big5-as-cp949": misread("cp950", "cp949"),
}


def lines(folder: Path) -> list[str]:
    """Return the lines of 15-80 characters, half of them Han or more, of the texts in a folder."""
    han = re.compile("[\u4e00-\u9fff]")
    found = [line.strip() for text in texts(folder) for line in text.splitlines()]
    return [x for x in found if 15 <= len(x) <= 80 and len(han.findall(x)) * 2 >= len(x)]


def texts(folder: Path) -> Iterator[str]:
    """Yield the texts of the .txt, .jsonl and .jsonl.zst files of a folder, by name."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".txt":
            yield path.read_text("utf-8")
        elif path.name.endswith((".jsonl", ".jsonl.zst")):
            data = path.read_bytes()
            if path.suffix == ".zst":
                data = zstandard.ZstdDecompressor().stream_reader(data).read()
            yield from (json.loads(row)["text"] for row in data.splitlines())


def marked(out: str, expected: str) -> bool:
    """Tell whether a repair writes no wrong character."""
    pattern = "".join(".{0,3}" if char == "�" else re.escape(char) for char in out)
    return re.fullmatch(pattern, expected, re.DOTALL) is not None


def measure(name: str, damage: Damage, source: list[str], n: int) -> None:
    """Damage n lines and print what share comes back."""
    rnd = random.Random(name)
    cases: list[tuple[str, str]] = []
    for _ in range(n * 30):
        line = rnd.choice(source)
        try:
            damaged = damage(line, rnd)
        except (UnicodeError, ValueError):
            continue
        if damaged != line:
            cases.append((line, damaged))
        if len(cases) == n:
            break
    began = time.process_time()
    out = repair([damaged for _, damaged in cases])
    spent = time.process_time() - began
    size = sum(len(damaged.encode("utf-8", "replace")) for _, damaged in cases) / 1e6
    exact = sum(a == b for a, (b, _) in zip(out, cases, strict=True))
    right = sum(marked(a, b) for a, (b, _) in zip(out, cases, strict=True))
    count = max(len(cases), 1)
    print(f"{name:28}{len(cases):6}{exact / count:9.1%}{right / count:9.1%}{size / spent:9.2f}")


def narrowed(text: str) -> str:
    """Return a text with full-width forms of ASCII made narrow."""
    return text.translate({c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)})


def control(name: str, source: list[str]) -> None:
    """Print how many clean texts the stage changes, and its speed on them."""
    began = time.process_time()
    changed = sum(a != b for a, b in zip(repair(source), source, strict=True))
    spent = time.process_time() - began
    size = sum(len(text.encode("utf-8", "replace")) for text in source) / 1e6
    print(f"{name:28}{len(source):6}  changed {changed}  {size / spent:.1f} MB/s")


def answer(cases: Path, out: Path) -> None:
    """Write what the stage makes of each case."""
    rows = [json.loads(row) for row in cases.read_text("utf-8").splitlines()]
    found = repair([row["damaged"] for row in rows])
    answers = ({"id": r["id"], "output": o} for r, o in zip(rows, found, strict=True))
    out.write_text("".join(json.dumps(a, ensure_ascii=False) + "\n" for a in answers), "utf-8")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clean", type=Path, nargs="?", help="folder of clean text")
    parser.add_argument("--traditional", type=Path, help="folder of clean Traditional text")
    parser.add_argument("--n", type=int, default=100, help="cases of each kind")
    parser.add_argument("--cases", type=Path, help="answer these cases instead")
    parser.add_argument("--out", type=Path, default=Path("answers.jsonl"))
    args = parser.parse_args()
    if args.cases:
        answer(args.cases, args.out)
        return
    if not args.clean:
        parser.error("a folder of clean text, or --cases")
    repair(["浣犲ソ锛屼笘鐣屽拰骞"])  # tables are built once per process
    print(f"{'damage':28}{'n':>6}{'exact':>9}{'marked':>9}{'MB/s':>9}")
    source = lines(args.clean)
    for name, damage in DAMAGES.items():
        measure(name, damage, source, args.n)
    if args.traditional:
        for name, damage in TRADITIONAL.items():
            measure(name, damage, lines(args.traditional), args.n)
    whole = list(texts(args.clean))
    control("clean", whole)
    control("clean, narrowed", [narrowed(text) for text in whole])


if __name__ == "__main__":
    main()
