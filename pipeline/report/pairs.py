"""Near-duplicates as the report shows them: the two texts, and where they differ."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipeline.corpus import Corpus
from pipeline.report.difference import spans

PAIRS = 6
LOOKED = 1 << 20  # characters of a text in which a difference is looked for
SHOWN = 1500  # characters of a text that are compared for the eye


def sample_pairs(corpus: Corpus, decisions: pa.Table) -> list[dict[str, Any]]:
    """Return some near-duplicates, drawn alike by every run, with the spans that differ."""
    reasons = decisions.column("reason")
    near = pc.or_(pc.equal(reasons, "decide:near-duplicate"),
                  pc.equal(reasons, "decide:contained-duplicate"))  # fmt: skip
    ranks = np.flatnonzero(near.to_numpy())
    ids = corpus.table.column("id")
    some = ranks[:: max(len(ranks) // 4096, 1)]
    names = ids.take(pa.array(some)).to_pylist()
    draws = sorted(
        (xxhash.xxh3_64_intdigest(str(name).encode()), rank)
        for name, rank in zip(names, some.tolist(), strict=True)
    )
    chosen = [rank for _, rank in draws[:PAIRS]]
    rows = decisions.take(pa.array(chosen, pa.int64())).to_pylist()
    out = []
    for rank, row in zip(chosen, rows, strict=True):
        twin = pc.index(ids, row["twin"]).as_py()
        gone, kept = corpus.texts(np.array([rank, twin], np.int64), LOOKED)
        out.append({
            "kind": row["reason"].removeprefix("decide:"), "jaccard": row["jaccard"],
            "gone": ids[rank].as_py(), "kept": row["twin"],
            "spans": spans(*where_they_differ(kept, gone)),
        })  # fmt: skip
    return out


def near_misses(corpus: Corpus, decisions: pa.Table) -> list[dict[str, Any]]:
    """Return the closest pairs that stayed below the threshold; the first few with their spans."""
    rows = json.loads((decisions.schema.metadata or {}).get(b"misses", b"[]"))
    ids = corpus.table.column("id")
    out = []
    for number, (a, b, jaccard) in enumerate(rows):
        row = {"a": ids[a].as_py(), "b": ids[b].as_py(), "jaccard": jaccard, "spans": []}
        if number < PAIRS:
            first, second = corpus.texts(np.array([a, b], np.int64), LOOKED)
            row["spans"] = spans(*where_they_differ(first, second))
        out.append(row)
    return out


def where_they_differ(one: str, other: str) -> tuple[str, str]:
    """Return the beginnings of two texts, or what is around their first difference."""
    alike = _alike(one, other)
    first = max(alike - SHOWN // 4, 0) if alike > SHOWN // 2 else 0
    lead = "… " if first else ""
    return lead + one[first : first + SHOWN], lead + other[first : first + SHOWN]


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    for at in range(0, min(len(one), len(other)) + 1, SHOWN):
        a, b = one[at : at + SHOWN], other[at : at + SHOWN]
        if a != b:
            pairs = enumerate(zip(a, b, strict=False))
            shorter = min(len(a), len(b))
            return at + next((i for i, (x, y) in pairs if x != y), shorter)
    return min(len(one), len(other))
