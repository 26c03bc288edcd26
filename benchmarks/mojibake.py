"""How much damage the mojibake stage and its peers repair, and what they do to clean text.

    python benchmarks/mojibake.py CLEAN [--traditional FOLDER] [--japanese FOLDER] [--korean FOLDER]
        [--n 100] [--peers FOLDER]
    python benchmarks/mojibake.py --cases cases.jsonl --out answers.jsonl

CLEAN holds UTF-8 text as *.txt or *.jsonl(.zst) with a `text` field. Damage is made from lines of
15-80 characters; a repair is right where it differs from the line in `�` only (k of them stand for
at most 2k+1 characters). The last rows are clean text, where right is what stays as it is.

ftfy is always measured, with its defaults and with its encoding step alone. Other peers are
measured where they can be imported: `pip install --target FOLDER encfix xiaojingcc chardet`.
With --cases the stage answers cases made elsewhere (JSON lines with `id` and `damaged`) and leaves
the scoring to their scorer.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

import ftfy
import zstandard
from machine import save

from pipeline.document import Document
from pipeline.stages.mojibake import STAGE, MojibakeOptions
from pipeline.stages.runner import compile_stages, run_stages
from pipeline.text.mojibake.gbk import characters

BATCH = 64
Damage = Callable[[str, random.Random], str]
Repair = Callable[[list[str]], list[str]]
OURS = "this project"


def repair(texts: list[str]) -> list[str]:
    """Run the stage over texts in batches."""
    compiled = compile_stages([(STAGE, MojibakeOptions())])
    out: list[str] = []
    for i in range(0, len(texts), BATCH):
        outcomes, _ = run_stages(compiled, [Document("", text) for text in texts[i : i + BATCH]])
        out += [o.text if isinstance(o, Document) else "" for o in outcomes]
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


def utf8_as_gbk(depth: int, mark: str, after: Callable[[str], str] = str) -> Damage:
    """Damage a text `depth` times, with `mark` for each byte that makes no pair."""

    def damage(text: str, _: random.Random) -> str:
        for _layer in range(depth):
            text = cp936(text.encode(), mark)
        return after(text)

    return damage


def misread(true: str, wrong: str, errors: str = "strict") -> Damage:
    """Read a text's bytes in another encoding of Python's; an error where that fails."""
    return lambda text, _: text.encode(true).decode(wrong, errors)


def without_a_byte(lead: bool) -> Damage:
    """Lose the first or the second byte of one character of GBK, without a mark."""

    def damage(text: str, rnd: random.Random) -> str:
        i = rnd.randrange(2, len(text) - 4)
        data = text[:i].encode("gbk"), text[i].encode("gbk"), text[i + 1 :].encode("gbk")
        if len(data[1]) < 2:
            raise ValueError("not a character of two bytes")
        return cp936(data[0] + data[1][lead : lead + 1] + data[2], "?")

    return damage


def narrowed(text: str) -> str:
    """Return a text with full-width forms of ASCII made narrow."""
    return text.translate({c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)})


def without_private(text: str) -> str:
    """Return a text without its private-use characters."""
    return re.sub("[\ue000-\uf8ff]", "", text)


DAMAGES: dict[str, Damage] = {
    **{f"utf8-as-gbk×{n}, {m}": utf8_as_gbk(n, m) for n in (1, 2, 3) for m in "�?"},
    "utf8-as-gbk, �, narrowed": utf8_as_gbk(1, "�", narrowed),
    "utf8-as-gbk, private dropped": utf8_as_gbk(1, "�", without_private),
    "utf8-as-latin1": misread("utf-8", "latin-1"),
    "utf8-as-cp949": misread("utf-8", "cp949"),
    "utf8-as-cp949, �": misread("utf-8", "cp949", "replace"),
    "utf8-as-cp932": misread("utf-8", "cp932"),
    "utf8-as-cp932, �": misread("utf-8", "cp932", "replace"),
    "utf8-as-big5, �": misread("utf-8", "cp950", "replace"),
    "gbk-as-latin1": misread("gbk", "latin-1"),
    "gbk-as-big5": misread("gbk", "cp950"),
    "gbk-as-cp949": misread("gbk", "cp949"),
    "gbk-as-cp932": misread("gbk", "cp932"),
    "gbk without a lead byte": without_a_byte(lead=True),
    "gbk without a trail byte": without_a_byte(lead=False),
}
PAGES = ("utf8-as-gbk×1, �", "utf8-as-gbk×2, �", "utf8-as-gbk×3, �", "utf8-as-latin1",
         "gbk-as-latin1", "gbk-as-big5", "gbk-as-cp949", "gbk-as-cp932")  # fmt: skip
"""What speed is measured with."""
TRADITIONAL: dict[str, Damage] = {
    "big5-as-gbk": misread("cp950", "gb18030"),
    "big5-as-latin1": misread("cp950", "latin-1"),
    "big5-as-cp949": misread("cp950", "cp949"),
    "big5-as-cp932": misread("cp950", "cp932"),
}
JAPANESE: dict[str, Damage] = {
    "Japanese: utf8-as-gbk": misread("utf-8", "gb18030"),
    "Japanese: cp932-as-gbk": misread("cp932", "gb18030"),
    "Japanese: cp932-as-latin1": misread("cp932", "latin-1"),
}
KOREAN: dict[str, Damage] = {
    "Korean: utf8-as-gbk": misread("utf-8", "gb18030"),
    "Korean: cp949-as-gbk": misread("cp949", "gb18030"),
    "Korean: cp949-as-latin1": misread("cp949", "latin-1"),
}


def peers(folder: Path | None) -> dict[str, Repair]:
    """Return what repairs a list of texts, ours first; peers as far as they can be imported."""
    found: dict[str, Repair] = {
        OURS: repair,
        "ftfy": each(ftfy.fix_text),
        "ftfy, encoding": each(ftfy.fix_encoding),
    }
    if folder:
        sys.path.append(str(folder))
    for module, function in (("encfix", "fix_encoding"), ("xiaojingcc", "repair")):
        try:
            found[module] = each(getattr(import_module(module), function))
        except ImportError:
            print(f"{module} is not installed")
    return found


def each(function: Callable[[str], str]) -> Repair:
    """Apply a function to each text; one that fails leaves the text as it is."""

    def apply(text: str) -> str:
        try:
            return function(text)
        except Exception:
            return text

    return lambda texts: [apply(text) for text in texts]


def lines(folder: Path) -> list[str]:
    """Return the lines of 15-80 characters, half of them East Asian or more, in a folder."""
    wide = re.compile("[\u3040-\u30ff\u4e00-\u9fff가-힣]")
    found = [line.strip() for text in texts(folder) for line in text.splitlines()]
    return [x for x in found if 15 <= len(x) <= 80 and len(wide.findall(x)) * 2 >= len(x)]


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
    pattern = "".join(
        f".{{0,{2 * len(run) + 1}}}" if run[0] == "�" else re.escape(run)
        for run in re.findall("�+|[^�]+", out)
    )
    return re.fullmatch(pattern, expected, re.DOTALL) is not None


def damaged(name: str, damage: Damage, source: list[str], n: int) -> list[tuple[str, str]]:
    """Return n lines with what became of them."""
    rnd = random.Random(name)
    cases: list[tuple[str, str]] = []
    for _ in range(n * 30):
        line = rnd.choice(source)
        try:
            after = damage(line, rnd)
        except (UnicodeError, ValueError):
            continue
        if after != line:
            cases.append((line, after))
        if len(cases) == n:
            break
    return cases


def measure(
    name: str, cases: list[tuple[str, str]], repairers: Mapping[str, Repair]
) -> dict[str, float]:
    """Print and return the share of cases that each repairs."""
    shares: dict[str, float] = {}
    print(f"{name:30}{len(cases):5}", end="")
    for repairer, function in repairers.items():
        out = function([after for _, after in cases])
        right = sum(marked(o, line) for o, (line, _) in zip(out, cases, strict=True))
        shares[repairer] = round(right / max(len(cases), 1), 4)
        print(f"{shares[repairer]:16.1%}", end="")
    print()
    return shares


def speed(name: str, damage: Damage, source: list[str], n: int) -> float:
    """Print and return MB/s of damaged text, of pages of 40 lines in batches; the best of three."""
    rnd = random.Random(name)
    pages = []
    for _ in range(n):
        lines = [rnd.choice(source) for _ in range(40)]
        pages.append("\n".join(after for _, after in damaged(name, damage, lines, 40)))
    taken = []
    for _ in range(3):
        began = time.process_time()
        repair(pages)
        taken.append(time.process_time() - began)
    mb_per_s = round(
        sum(len(page.encode("utf-8", "replace")) for page in pages) / 1e6 / min(taken), 2
    )
    print(f"{name:30}{mb_per_s:9.2f} MB/s")
    return mb_per_s


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
    for name in ("traditional", "japanese", "korean"):
        parser.add_argument(f"--{name}", type=Path, help=f"folder of clean {name} text")
    parser.add_argument("--n", type=int, default=100, help="cases of each kind")
    parser.add_argument("--peers", type=Path, help="folder into which peers are installed")
    parser.add_argument("--cases", type=Path, help="answer these cases instead")
    parser.add_argument("--out", type=Path, default=Path("answers.jsonl"))
    args = parser.parse_args()
    if args.cases:
        answer(args.cases, args.out)
        return
    if not args.clean:
        parser.error("a folder of clean text, or --cases")
    repairers = peers(args.peers)
    repair(["浣犲ソ锛屼笘鐣屽拰骞"])  # tables are built once per process
    print(f"{'damage':30}{'n':>5}" + "".join(f"{name:>16}" for name in repairers))
    rows: dict[str, dict[str, float]] = {}
    kinds = (
        (args.clean, DAMAGES),
        (args.traditional, TRADITIONAL),
        (args.japanese, JAPANESE),
        (args.korean, KOREAN),
    )
    for folder, damages in kinds:
        source = lines(folder) if folder else []
        for name, damage in damages.items() if source else ():
            rows[name] = measure(name, damaged(name, damage, source, args.n), repairers)
        if source:
            some = random.Random(0).sample(source, min(len(source), 10 * args.n))
            rows[f"clean: {folder.name}"] = measure(
                f"clean: {folder.name}", [(line, line) for line in some], repairers
            )
            narrow = [(narrowed(line), narrowed(line)) for line in some]
            name = f"clean, narrowed: {folder.name}"
            rows[name] = measure(name, narrow, repairers)
    source = lines(args.clean)
    pages = {name: speed(name, DAMAGES[name], source, args.n // 4) for name in PAGES}
    pages["clean"] = speed("clean", lambda line, _: line + " ", source, args.n)
    print(save("mojibake", {"cases of each": args.n, "share right": rows, "MB/s of pages": pages}))


if __name__ == "__main__":
    main()
