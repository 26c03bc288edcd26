"""How well and how fast duplicates are found: ours, datasketch's LSH, the settings of others.

Documents with known edits come from a folder (`docs.jsonl`: id, text; `docs_truth.jsonl`: id,
cluster, source, jaccard, kind) or are made here from a seed: articles of pseudo-words with reprints
(width, byline, a paragraph more, cut to 60 %, 1-5 % of the characters changed), and what must not
merge: dispatches of one form, statutes with one preamble, digests.

    python benchmarks/dedup.py [--folder DIR] [--clusters 400] [--peers /tmp/peers]

`trusted` settings take what LSH proposes for a duplicate, as other tools do. Those tools themselves
(rensa, text-dedup, datatrove, data-juicer) run with their defaults where they are installed, each
in an environment of its own; `peers/dedup_peer.py` has the commands.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from machine import save
from numpy.typing import NDArray

from pipeline.dedup.bands import band_hashes, linked
from pipeline.dedup.clusters import Forest
from pipeline.dedup.decide import NEVER, CorpusArrays, decide
from pipeline.dedup.features import features
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.signature import Signer
from pipeline.text.sketches.shadow import shadow, shadow_units

Clusters = NDArray[np.int64]
System = Callable[[list[str]], Clusters]
COMMON = "".join(bytes((0xB0 + i // 94, 0xA1 + i % 94)).decode("gb2312") for i in range(3755))


def ours(texts: list[str]) -> Clusters:
    """Return clusters as `decide` makes them, defaults throughout."""
    options = DedupOptions()
    parts = [features(texts[i : i + 256], options) for i in range(0, len(texts), 256)]
    n = len(texts)
    corpus = CorpusArrays(
        np.concatenate([p.text_hash for p in parts]),
        np.concatenate([p.length for p in parts]).astype(np.int64),
        np.ascontiguousarray(np.concatenate([p.bands for p in parts]).T),
        np.zeros(n, np.int64),
        np.full(n, NEVER),
    )
    found = decide(corpus, options, lambda ranks: shadow_units([texts[i] for i in ranks]))
    cluster = np.arange(n)
    cluster[found.members] = found.root
    return cluster


def trusted(bands: int, rows: int, tokens: Callable[[str], list[str]], ngram: int) -> System:
    """Return a deduplicator that believes LSH, over n-grams of tokens."""
    options = DedupOptions(bands=bands, rows=rows, ngram=ngram)

    def run(texts: list[str]) -> Clusters:
        signer = Signer(options)
        numbers: dict[str, int] = {}
        units = [
            np.array([numbers.setdefault(t, len(numbers) % 65535 + 1) for t in tokens(x)], "<u2")
            for x in texts
        ]
        starts = np.cumsum([0, *map(len, units)])
        signatures, _, counts = signer.sign_units(np.concatenate(units), starts)
        forest = Forest(len(texts))
        for column in band_hashes(signatures, np.where(counts > 0, 10**6, 0), options):
            forest.link(*linked(column))
        return forest.roots(np.arange(len(texts)))

    return run


def datasketch_lsh(texts: list[str]) -> Clusters:
    """Return clusters of datasketch's MinHashLSH: threshold .8, 128 permutations, 5-grams."""
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(threshold=0.8, num_perm=128)
    forest = Forest(len(texts))
    for i, text in enumerate(texts):
        sketch = MinHash(num_perm=128)
        sketch.update_batch([text[j : j + 5].encode() for j in range(max(len(text) - 4, 1))])
        for other in lsh.query(sketch):
            forest.link(np.array([int(other)]), np.array([i]))
        lsh.insert(str(i), sketch)
    return forest.roots(np.arange(len(texts)))


SYSTEMS: dict[str, System] = {
    "ours (20 × 6, verified)": ours,
    "datasketch MinHashLSH .8": datasketch_lsh,
    "text characters, 5-grams, 14 × 8, trusted": trusted(14, 8, list, 5),
    "whitespace words, 5-grams, 14 × 8, trusted": trusted(14, 8, str.split, 5),
    "text characters, 5-grams, 9 × 13, trusted": trusted(9, 13, list, 5),
    "shadow, 5-grams, 20 × 6, trusted": trusted(20, 6, lambda x: list(shadow([x])[0]), 5),
}
PEERS = {
    "rensa": "rensa",
    "text-dedup": "text-dedup",
    "datatrove": "datatrove",
    "datatrove, Chinese words": "datatrove",
    "data-juicer": "data-juicer",
    "data-juicer, characters": "data-juicer",
}
"""Name in `peers/dedup_peer.py` → folder of the environment."""


def peer(name: str, python: Path, texts: list[str]) -> tuple[Clusters, float]:
    """Return clusters and CPU seconds of a peer, run by its own Python."""
    script = Path(__file__).parent / "peers/dedup_peer.py"
    with tempfile.TemporaryDirectory() as place:
        source, target = Path(place, "docs.jsonl"), Path(place, "out.json")
        source.write_text("".join(json.dumps(text) + "\n" for text in texts), "utf-8")
        command = [str(part) for part in (python, script, name, source, target)]
        subprocess.run(command, check=True, capture_output=True, cwd=place)
        answer = json.loads(target.read_bytes())
    return np.array(answer["clusters"], np.int64), float(answer["seconds"])


def make(clusters: int, seed: int) -> tuple[list[str], list[dict[str, object]]]:
    """Return texts and their truth."""
    draw = np.random.default_rng(seed)
    words = ["".join(draw.choice(list(COMMON), size)) for size in draw.integers(1, 5, 9000)]

    def paragraph(n: int) -> str:
        picks = (9000 ** draw.random(n)).astype(int) - 1  # Zipf: density 1 / rank
        marks = draw.choice(["", "", "", "", "，", "。"], n)
        return "".join(words[i] + m for i, m in zip(picks, marks, strict=True)) + "。"

    def article() -> list[str]:
        return [paragraph(int(n)) for n in draw.integers(20, 80, draw.integers(2, 12))]

    def noisy(text: str, share: float) -> str:
        hit = draw.random(len(text)) < share
        fresh = draw.choice(list(COMMON), len(text))
        return "".join(f if h else c for c, f, h in zip(text, fresh, hit, strict=True))

    edits: list[Callable[[list[str]], list[str]]] = [
        list,
        lambda p: [x.translate(str.maketrans("，。", ",.")) for x in p],
        lambda p: ["新华社北京电（记者 某某）" + p[0], *p[1:], "责任编辑：某某　来源：某报"],
        lambda p: [*p, paragraph(40)],
        lambda p: ["\n".join(p)[: int(0.6 * len("\n".join(p)))]],
        lambda p: [noisy(x, draw.uniform(0.01, 0.05)) for x in p],
        lambda p: [x for x in p if draw.random() < 0.85] or p,
    ]
    texts: list[str] = []
    truth: list[dict[str, object]] = []

    def emit(kind: str, cluster: str, paragraphs: list[str], source: int | None = None) -> int:
        texts.append("\n".join(paragraphs))
        found = jaccard(texts[source], texts[-1]) if source is not None else None
        truth.append({"cluster": cluster, "source": source, "jaccard": found, "kind": kind})
        return len(texts) - 1

    for c in range(clusters):
        base = article()
        source = emit("base", f"c{c}", base)
        for _ in range(int(draw.integers(1, 6))):
            copy = base
            for e in draw.integers(0, len(edits), draw.choice([1, 1, 2])):
                copy = edits[e](copy)
            emit("reprint", f"c{c}", copy, source)
        emit("single", f"s{c}", article())
    for c in range(clusters // 10):
        form = [paragraph(25) for _ in range(3)]
        preamble = [paragraph(60) for _ in range(3)]
        for k in range(4):
            emit("form", f"f{c}.{k}", [x + paragraph(14) for x in form])
            emit("preamble", f"p{c}.{k}", preamble + [paragraph(60) for _ in range(4)])
        parts = [texts[i].split("\n")[:1] for i in draw.integers(0, len(texts), 5)]
        emit("digest", f"g{c}", [line for part in parts for line in part])
    return texts, truth


def jaccard(one: str, other: str) -> float:
    """Return the Jaccard of the character 5-grams of the shadows."""
    a, b = ({s[i : i + 5] for i in range(len(s) - 4)} for s in shadow([one, other]))
    return len(a & b) / max(len(a | b), 1)


def load(folder: Path) -> tuple[list[str], list[dict[str, object]]]:
    """Return texts and truth of a folder."""
    truth = [json.loads(row) for row in (folder / "docs_truth.jsonl").open(encoding="utf-8")]
    by_id = {
        row["id"]: row["text"]
        for row in map(json.loads, (folder / "docs.jsonl").open(encoding="utf-8"))
    }
    place = {row["id"]: i for i, row in enumerate(truth)}
    for row in truth:
        row["source"] = place.get(row["source"])
    return [by_id[row["id"]] for row in truth], truth


def score(found: Clusters, truth: list[dict[str, object]]) -> dict[str, object]:
    """Return pair precision, recall of reprint and source by Jaccard, and what goes wrongly.

    `merged_wrongly`: documents of each kind that are in a cluster with others that are no copies;
    `lost`: of how many documents no copy stays, where the first of each cluster does.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for i, cluster in enumerate(found.tolist()):
        members[cluster].append(i)
    right = wrong = 0
    merged: Counter[str] = Counter()
    for group in members.values():
        names = Counter(str(truth[i]["cluster"]) for i in group)
        same = sum(k * (k - 1) // 2 for k in names.values())
        right += same
        wrong += len(group) * (len(group) - 1) // 2 - same
        if len(names) > 1:
            merged.update(str(truth[i]["kind"]) for i in group)
    hits: dict[str, list[bool]] = defaultdict(list)
    for i, row in enumerate(truth):
        if row["source"] is not None:
            value = float(str(row["jaccard"]))
            bucket = next(b for b in (0.9, 0.8, 0.7, 0.5, 0.0) if value >= b)
            same_ = found[i] == found[int(str(row["source"]))]
            hits[f"J {bucket}+"].append(bool(same_))
    recall = {b: (round(float(np.mean(h)), 4), len(h)) for b, h in sorted(hits.items())}
    precision = round(right / max(right + wrong, 1), 4)
    left: dict[str, bool] = defaultdict(bool)
    for i, first in enumerate(found.tolist()):
        left[str(truth[i]["cluster"])] |= members[first][0] == i
    return {
        "precision": precision,
        "recall": recall,
        "merged_wrongly": dict(merged),
        "lost": sum(1 for stays in left.values() if not stays),
    }


def speed(texts: Iterable[str]) -> float:
    """Return signatures a core-second, of texts of 1,000 shadow characters."""
    joined = "".join(shadow(list(texts)))
    pieces = [joined[i : i + 1000] for i in range(0, min(len(joined), 4_000_000) - 999, 1000)]
    signer = Signer(DedupOptions())
    batches = [shadow_units(pieces[i : i + 256]) for i in range(0, len(pieces), 256)]
    begun = time.process_time()
    for units, starts in batches:
        signer.sign_units(units, starts)
    return round(len(pieces) / (time.process_time() - begun))


def main() -> None:
    """Score every system that is installed, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, help="docs.jsonl and docs_truth.jsonl")
    parser.add_argument("--clusters", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", type=Path, default=Path("/tmp/peers"), help="environments")
    args = parser.parse_args()
    texts, truth = load(args.folder) if args.folder else make(args.clusters, args.seed)
    out: dict[str, object] = {"documents": len(texts), "signatures_per_core_second": speed(texts)}
    for name, run in systems(args.peers):
        try:
            found, seconds = run(texts)
        except (ImportError, FileNotFoundError) as error:
            out[name] = f"not installed: {error}"
            continue
        except subprocess.CalledProcessError as error:
            out[name] = f"failed: {error.stderr.decode()[-300:]}"
            continue
        rate = round(len(texts) / seconds)
        out[name] = {**score(found, truth), "documents_per_core_second": rate}
    print(save("dedup", out).read_text("utf-8"))


def systems(peers: Path) -> Iterator[tuple[str, Callable[[list[str]], tuple[Clusters, float]]]]:
    """Yield what is compared: a name, and a function from texts to clusters and CPU seconds."""

    def timed(system: System, texts: list[str]) -> tuple[Clusters, float]:
        begun = time.process_time()
        return system(texts), time.process_time() - begun

    for name, system in SYSTEMS.items():
        yield name, partial(timed, system)
    for name, folder in PEERS.items():
        yield name, partial(peer, name, (peers / folder / "bin/python").absolute())


if __name__ == "__main__":
    main()
