"""Real near-duplicates against exact Jaccard, and made copies of real texts: found or not.

    python benchmarks/reprints.py DATA --pairs SET ... --copies SET ... [--set passages=6 ...]

SET.jsonl.zst has {"id", "text"}; SET.pairs.tsv.zst has a, b, Jaccard and containment of 5-grams.
Of --pairs: how many pairs at a Jaccard of .7 or more are in one cluster, and how many documents go
that do not match their twin by a count of their own. Of --copies: how many of 400 texts are found
again when they were converted, widened, signed, lengthened, cut or changed. With other numbers of
bands, rows or passages (--set) the result is printed and not saved.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from dedup import jaccard
from machine import save
from sets import rows

from pipeline.dedup.decide import NEVER, CorpusArrays, Decisions, decide
from pipeline.dedup.features import features
from pipeline.dedup.options import DedupOptions
from pipeline.text.sketches.shadow import shadow, shadow_units

MOST, LEAST_CHARS = 400, 150
PARAGRAPH = (
    "另有一段与上文无关的文字附在这里，说的是另一件事，长短与寻常的段落差不多，"
    "看看多了这样一段以后，是不是还能找得到原来的那一篇文章，或者以为是另一篇。"
)


SETTINGS: dict[str, Any] = {}


def decided(texts: list[str]) -> Decisions:
    """Return what becomes of texts, with default options but for the SETTINGS."""
    n, options = len(texts), replace(DedupOptions(), **SETTINGS)
    found = features(texts, options)
    bands = np.ascontiguousarray(found.bands.T)
    never = np.full(n, NEVER)
    corpus = CorpusArrays(found.text_hash, found.length.astype(np.int64), bands, never * 0, never)
    return decide(corpus, options, lambda ranks: shadow_units([texts[i] for i in ranks]))


def clusters(decisions: Decisions) -> np.ndarray:
    """Return the cluster of each document; one that matches no other is its own."""
    cluster = np.arange(decisions.n)
    cluster[decisions.members] = decisions.root
    return cluster


def pairs(data: Path, name: str) -> dict[str, object]:
    """Return found and all pairs by Jaccard; documents that go, and those that match no twin."""
    documents = list(rows(data, name))
    decisions = decided([row["text"] for row in documents])
    cluster = clusters(decisions)
    place = {row["id"]: i for i, row in enumerate(documents)}
    table = zstandard.decompress(
        (data / f"{name}.pairs.tsv.zst").read_bytes(), max_output_size=1 << 28
    )
    found: dict[str, list[bool]] = defaultdict(list)
    for line in table.decode().splitlines()[1:]:
        a, b, value, _ = line.split("\t")
        if a in place and b in place:
            level = next(x for x in ("0.9", "0.8", "0.7", "0") if float(value) >= float(x))
            found[f"J {level}+"].append(bool(cluster[place[a]] == cluster[place[b]]))
    wrong = 0
    for gone, twin in zip(decisions.gone.tolist(), decisions.twin.tolist(), strict=True):
        one, other = documents[gone]["text"], documents[twin]["text"]
        wrong += not (jaccard(one, other) >= 0.7 or contained(one, other))
    return {
        "documents": len(documents),
        "pairs": {level: (sum(hits), len(hits)) for level, hits in sorted(found.items())},
        "gone": len(decisions.gone),
        "gone_without_match": wrong,
    }


def contained(one: str, other: str) -> bool:
    """Say whether .9 of the shorter lies in the longer, which is at most twice as long."""
    a, b = sorted(
        ({s[i : i + 5] for i in range(len(s) - 4)} for s in shadow([one, other])), key=len
    )
    return (len(a & b) >= 0.9 * len(a) and len(a) >= 0.5 * len(b)) or a == b


def changes(pool: str) -> dict[str, Callable[[str], str]]:
    """Return ways to copy a text; `pool`: characters that replace others."""
    import opencc

    draw = random.Random(5)
    wide = {c: c + 0xFEE0 for c in range(0x21, 0x7F)}

    def cut(text: str) -> str:
        return text[: round(0.6 * len(text))]

    def changed(text: str) -> str:
        return "".join(
            draw.choice(pool) if c.isalnum() and draw.random() < 0.03 else c for c in text
        )

    return {
        "Traditional": opencc.OpenCC("s2tw").convert,
        "full width": lambda text: text.translate(wide),
        "half width": lambda text: text.translate({v: k for k, v in wide.items()}),
        "another byline": lambda text: f"某社北京1月2日电（记者 王某）{text}\n责任编辑：赵某",
        "one paragraph more": lambda text: f"{text}\n{PARAGRAPH}",
        "cut to 60 %": cut,
        "3 % of characters changed": changed,
    }


def copies(data: Path, name: str) -> dict[str, object]:
    """Return of each way to copy a text the share that is found; near the threshold apart."""
    texts = [row["text"] for row in rows(data, name)]
    texts = [text[:20_000] for text in texts if len(text) >= LEAST_CHARS][:MOST]
    texts = [texts[i] for i in np.flatnonzero(decided(texts).kept)]
    out: dict[str, object] = {"documents": len(texts)}
    for way, change in changes("".join(texts[:50])).items():
        made = [change(text) for text in texts]
        cluster = clusters(decided(texts + made))
        hit = cluster[: len(texts)] == cluster[len(texts) :]
        out[way] = round(float(hit.mean()), 4)
        if "%" in way:
            alike = np.array([jaccard(a, b) >= 0.7 for a, b in zip(texts, made, strict=True)])
            out[f"{way}, Jaccard .7 or more"] = (int(hit[alike].sum()), int(alike.sum()))
    return out


def main() -> None:
    """Print and save one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--pairs", nargs="*", default=[])
    parser.add_argument("--copies", nargs="*", default=[])
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=NUMBER")
    args = parser.parse_args()
    SETTINGS.update((key, int(value)) for key, value in (word.split("=") for word in args.set))
    out = {f"pairs of {name}": pairs(args.data, name) for name in args.pairs}
    out |= {f"copies of {name}": copies(args.data, name) for name in args.copies}
    if not SETTINGS:
        out = json.loads(save("reprints", out).read_text("utf-8"))
    print(json.dumps(out, ensure_ascii=False))


if __name__ == "__main__":
    main()
