"""What other deduplicators make of the documents of `benchmarks/dedup.py`.

Run by it with the Python of the environment in which the peer is installed, which needs nothing of
ours:

    PYTHON benchmarks/peers/dedup_peer.py NAME DOCS.jsonl OUT.json

    python -m venv /tmp/peers/rensa && /tmp/peers/rensa/bin/pip install rensa numpy
    python -m venv /tmp/peers/text-dedup && /tmp/peers/text-dedup/bin/pip install text-dedup
    python -m venv /tmp/peers/datatrove && /tmp/peers/datatrove/bin/pip install \\
        "datatrove[processing]" spacy jieba
    python -m venv /tmp/peers/data-juicer && /tmp/peers/data-juicer/bin/pip install py-data-juicer

DOCS.jsonl has one JSON string a line; OUT.json gets the cluster of each document (the number of one
of its members) and the seconds of processor that it took with its processes, imports left out.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

Cluster = Callable[[list[str]], list[int]]


class Forest:
    """Sets of documents; the root is the smallest."""

    def __init__(self, n: int) -> None:
        self.parent = list(range(n))

    def root(self, i: int) -> int:
        """Return the smallest document of the set."""
        while self.parent[i] != i:
            self.parent[i] = self.parent[self.parent[i]]
            i = self.parent[i]
        return i

    def link(self, i: int, j: int) -> None:
        """Merge two sets."""
        i, j = sorted((self.root(i), self.root(j)))
        self.parent[j] = i

    def roots(self) -> list[int]:
        """Return the root of each document."""
        return [self.root(i) for i in range(len(self.parent))]


def rensa() -> Cluster:
    """Return rensa's RMinHashLSH: threshold .8, 128 permutations, 16 bands, character 5-grams."""
    from rensa import RMinHash, RMinHashLSH

    def run(texts: list[str]) -> list[int]:
        index = RMinHashLSH(threshold=0.8, num_perm=128, num_bands=16)
        forest = Forest(len(texts))
        for i, text in enumerate(texts):
            sketch = RMinHash(num_perm=128, seed=42)
            sketch.update([text[j : j + 5] for j in range(max(len(text) - 4, 1))])
            for other in index.query(sketch):
                forest.link(int(other), i)
            index.insert(i, sketch)
        return forest.roots()

    return run


def data_juicer(**settings: object) -> Callable[[], Cluster]:
    """Return data-juicer's document_minhash_deduplicator; its defaults but for `settings`."""

    def load() -> Cluster:
        from data_juicer.ops.deduplicator.document_minhash_deduplicator import (
            DocumentMinhashDeduplicator,
        )
        from datasets import Dataset

        def run(texts: list[str]) -> list[int]:
            op = DocumentMinhashDeduplicator(**settings)
            data = Dataset.from_dict({"text": texts})
            data = data.map(op.compute_hash, keep_in_memory=True)
            op.process(data)
            forest = Forest(len(texts))
            for table in op.hash_tables:  # as `process` itself joins them
                for bucket in table.values():
                    first = min(bucket)
                    for other in bucket:
                        forest.link(first, other)
            return forest.roots()

        return run

    return load


def datatrove(language: str) -> Callable[[], Cluster]:
    """Return datatrove's MinHash in its stages: 5-grams of words, 14 buckets of 8 hashes."""

    def load() -> Cluster:
        from datatrove.data import Document
        from datatrove.executor.local import LocalPipelineExecutor
        from datatrove.pipeline.dedup import minhash

        def run(texts: list[str]) -> list[int]:
            documents = [Document(text=text, id=str(i)) for i, text in enumerate(texts)]
            with tempfile.TemporaryDirectory() as place:
                signed, found, joined = (f"{place}/{name}" for name in ("s", "b", "c"))
                stages = [
                    (1, [documents, minhash.MinhashDedupSignature(signed, language=language)]),
                    (14, [minhash.MinhashDedupBuckets(signed, found)]),
                    (1, [minhash.MinhashDedupCluster(found, joined, save_cluster_id=True)]),
                ]
                for tasks, stage in stages:
                    logs = tempfile.mkdtemp(dir=place)
                    LocalPipelineExecutor(stage, tasks=tasks, workers=1, logging_dir=logs).run()
                pairs = struct.iter_unpack("<2I", Path(joined, "000000.clusters").read_bytes())
                forest = Forest(len(texts))
                members: dict[int, int] = {}
                for number, cluster in pairs:
                    forest.link(members.setdefault(cluster, number), number)
            return forest.roots()

        return run

    return load


def text_dedup() -> Cluster:
    """Return text-dedup's minhash: 5-grams of what stands between marks, threshold .7, 250 hashes.

    It is a command only; its union-find is left behind in the module.
    """
    from datasets import Dataset
    from text_dedup import minhash

    def run(texts: list[str]) -> list[int]:
        with tempfile.TemporaryDirectory() as place:
            Dataset.from_dict({"text": texts}).save_to_disk(f"{place}/in")
            arguments = ["--path", f"{place}/in", "--local", "--output", f"{place}/out"]
            minhash.main(
                [*arguments, "--column", "text", "--cache_dir", place, "--num_proc", "1"],
                standalone_mode=False,
            )
        return [int(minhash.uf.find(i)) for i in range(len(texts))]

    return run


PEERS: dict[str, Callable[[], Cluster]] = {
    "rensa": rensa,
    "text-dedup": text_dedup,
    "data-juicer": data_juicer(),
    "data-juicer, characters": data_juicer(tokenization="character"),
    "datatrove": datatrove("eng"),
    "datatrove, Chinese words": datatrove("cmn"),
}


def main() -> None:
    """Cluster the documents of a file with the named peer."""
    name, source, target = sys.argv[1:]
    texts = [json.loads(line) for line in Path(source).read_text("utf-8").splitlines()]
    run = PEERS[name]()
    begun = sum(os.times()[:4])
    clusters = run(texts)
    seconds = sum(os.times()[:4]) - begun
    Path(target).write_text(json.dumps({"clusters": clusters, "seconds": seconds}))


if __name__ == "__main__":
    main()
