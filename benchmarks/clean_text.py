"""The text stages and what others do to the same lines: changes to clean text, cases, speed.

    python benchmarks/clean_text.py DATA [--documents 200]

DATA holds the clean sets (`B_*`, `F_*`, one JSON object a line, zstd). For each stage, and for
ftfy, NFKC and OpenCC: characters changed per million of clean text (what the recipe did not ask
for), speed on it in batches, and the share of `tests/cases/<stage>.toml` in which the expected text
comes out. data-juicer's `fix_unicode` mapper is ftfy with its defaults, its `chinese_convert` is
OpenCC: their rows stand for it.
"""

from __future__ import annotations

import argparse
import io
import json
import time
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import ftfy
import opencc
import zstandard
from rapidfuzz.distance import Levenshtein

from pipeline.document import Document
from pipeline.stages import registry
from pipeline.stages.base import Outcome, Stage
from pipeline.stages.chain import run_text
from pipeline.stages.runner import Compiled, compile_stages, run_stages

STAGES = ("unicode", "annotations", "punctuation", "reflow", "script")
CASES = Path(__file__).parents[1] / "tests/cases"
BATCH = 256
PEERS: dict[str, tuple[str, Callable[[str], str]]] = {
    "ftfy, defaults": ("unicode", ftfy.fix_text),
    "ftfy, marks kept": (
        "unicode",
        lambda text: ftfy.fix_text(text, uncurl_quotes=False, fix_character_width=False),
    ),
    "NFKC": ("unicode", lambda text: unicodedata.normalize("NFKC", text)),
    "OpenCC t2s": ("script", opencc.OpenCC("t2s").convert),
}


def text_of(outcome: Outcome) -> str:
    """Return the text as it came out, that of a dropped document too."""
    return outcome.text if isinstance(outcome, Document) else outcome.document.text


def texts(path: Path, most: int) -> list[str]:
    stream = zstandard.ZstdDecompressor().stream_reader(path.open("rb"))
    lines = io.TextIOWrapper(stream, encoding="utf-8")
    return [json.loads(line)["text"] for line in islice(lines, most)]


def changed(before: str, after: str) -> int:
    return 0 if before == after else int(Levenshtein.distance(before, after))


def bound(name: str) -> list[Compiled]:
    stage: Stage = next(stage for stage in registry() if stage.name == name)
    return compile_stages([(stage, stage.options())])


def batches(documents: list[Document]) -> Iterator[list[Document]]:
    for first in range(0, len(documents), BATCH):
        yield documents[first : first + BATCH]


def report(name: str, before: list[str], after: list[str], seconds: float, share: str) -> None:
    characters = sum(map(len, before))
    size = sum(len(text.encode()) for text in before) / 1e6
    wrong = sum(changed(a, b) for a, b in zip(before, after, strict=True))
    print(f"{name:20} {wrong * 1e6 / characters:10.0f} {size / seconds:9.1f}  {share}")


def cases(stage: str, convert: Callable[[str], str]) -> str:
    path = CASES / f"{stage}.toml"
    if not path.exists():
        return ""
    rows = [
        row
        for row in tomllib.loads(path.read_text("utf-8"))["case"]
        if row["kind"] != "known-failure" and not row.get("options")
    ]
    good = {"negative": 0, "other": 0}
    total = {"negative": 0, "other": 0}
    for row in rows:
        kind = "negative" if row["kind"] == "negative" else "other"
        total[kind] += 1
        good[kind] += convert(row["input"]) == row.get("expect", row["input"])
    return f"{good['other']}/{total['other']} repaired, {good['negative']}/{total['negative']} left"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--documents", type=int, default=200, help="of each set")
    given = arguments.parse_args()
    paths = sorted([*given.data.glob("B_*.jsonl.zst"), *given.data.glob("F_*.jsonl.zst")])
    clean = [text[:20_000] for path in paths for text in texts(path, given.documents)]
    print(f"{len(clean)} clean documents, {sum(map(len, clean)) / 1e6:.1f} M characters")
    print(f"{'':20} changed/M      MB/s  cases")
    documents = [Document(str(i), text) for i, text in enumerate(clean)]
    for name in STAGES:
        stage = bound(name)
        run_stages(stage, documents)  # the first pass loads tables
        started = time.process_time()
        out = [run_stages(stage, batch)[0] for batch in batches(documents)]
        spent = time.process_time() - started
        after = [text_of(outcome) for outcomes in out for outcome in outcomes]
        share = cases(name, lambda text, name=name: text_of(run_text(text, [name])))  # type: ignore[misc]
        report(name, clean, after, spent, share)
    for name, (stage_name, convert) in PEERS.items():
        started = time.process_time()
        after = [convert(text) for text in clean]
        report(name, clean, after, time.process_time() - started, cases(stage_name, convert))


if __name__ == "__main__":
    main()
