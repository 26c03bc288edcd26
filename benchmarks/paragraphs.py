"""Repeated paragraphs: what goes that should, and what goes that should not.

    python benchmarks/paragraphs.py [--folder FOLDER]

*Within a document and a site*: FOLDER has paras.jsonl ({"id", "url", "text"}) and paras_truth.jsonl
({"id", "lines": [[line, times there, times that should stay, kind], ...]}). A run over it, without
the stages that change characters within a line, is scored line by line.

*Across documents*: made paragraphs of 100 characters and more, each in two documents, once with up
to 4 % of its characters replaced, lost or added. Of those whose exact Jaccard reaches the threshold
of the recipe, how many are marked; and how many that do not.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from dedup import jaccard, make
from machine import save

from pipeline.api import run
from pipeline.dedup.features import features
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.paragraphs import shared_paragraphs


def within(folder: Path) -> dict[str, object]:
    """Return precision and recall of the lines that went, and the misses by kind."""
    with tempfile.TemporaryDirectory() as place:
        run(
            "configs/default.toml",
            input__paths=[str(folder / "paras.jsonl")],
            output__path=place,
            punctuation__enabled=False,
            reflow__enabled=False,
        )
        files = sorted(Path(place, "current", "data").rglob("*.parquet"))
        tables = [pq.read_table(file, columns=["id", "text"]).to_pylist() for file in files]
    left = {row["id"]: Counter(row["text"].split("\n")) for rows in tables for row in rows}
    right = wrong = missed = 0
    kinds: Counter[str] = Counter()
    for line in (folder / "paras_truth.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        for text, there, stays, kind in row["lines"]:
            now = min(left.get(row["id"], Counter())[text], there)
            right += min(there - now, there - stays)
            wrong += max(stays - now, 0)
            missed += max(now - stays, 0)
            kinds.update({f"{kind} lost": max(stays - now, 0), f"{kind} left": max(now - stays, 0)})
    return {
        "removed": right + wrong,
        "precision": round(right / max(right + wrong, 1), 4),
        "recall": round(right / max(right + missed, 1), 4),
        "errors": {kind: count for kind, count in sorted(kinds.items()) if count},
    }


def edited(draw: np.random.Generator, text: str, pool: str, share: float) -> str:
    """Return the text with a share of its characters replaced, lost or doubled by another."""
    out = []
    for char, roll in zip(text, (draw.random(len(text)) / share).tolist(), strict=True):
        other = pool[int(draw.integers(len(pool)))]
        out.append(other if roll < 0.5 else "" if roll < 0.75 else char + other[roll >= 1 :])
    return "".join(out)


def across() -> dict[str, object]:
    """Return by Jaccard how many of the paragraphs that two documents have are marked."""
    draw = np.random.default_rng(1)
    options = DedupOptions()
    lines = [line for text in make(400, 1)[0] for line in text.split("\n")]
    first = [line for line in dict.fromkeys(lines) if 120 <= len(line) <= 400][:3000]
    pool = "".join(first[:50])
    second = [edited(draw, line, pool, draw.uniform(0.001, 0.04)) for line in first]
    texts = first + second
    found = features(texts, options)
    shared = shared_paragraphs(
        found.paragraphs,
        found.paragraphs["owner"].astype(np.int64),
        np.arange(len(texts)),
        found.length.astype(np.int64),
        options,
        lambda ranks: [texts[rank] for rank in ranks.tolist()],
    )
    marked = set(shared.rank.tolist())
    hits: dict[str, list[bool]] = defaultdict(list)
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        value = jaccard(one, other)
        level = next((x for x in (0.95, 0.9, 0.85, 0.8) if value >= x), 0.0)
        hits[f"J {level}+"].append(number + len(first) in marked)
    alike = [hit for level, some in hits.items() if level != "J 0.0+" for hit in some]
    return {
        "by_jaccard": {level: (sum(some), len(some)) for level, some in sorted(hits.items())},
        "recall": round(sum(alike) / len(alike), 4),
        "marked_below_the_threshold": sum(hits["J 0.0+"]),
    }


def main() -> None:
    """Print and save one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    out: dict[str, object] = {"across": across()}
    if args.folder:
        out["within"] = within(args.folder)
    print(save("paragraphs", out).read_text("utf-8"))


if __name__ == "__main__":
    main()
