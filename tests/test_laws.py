"""The six laws, after random corpora have met random faults."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.document import Edit, RawDocument, replay
from pipeline.recipe import load
from pipeline.records import Placed
from pipeline.store.verify import verify
from tests import hostile
from tests.faults.sweep import FILE_SIZES, Point, Runs
from tests.test_torn import in_a_process

EXAMPLES = int(os.environ.get("PIPELINE_TEST_EXAMPLES", "6"))
"""Corpora that are tried; 100 in the long form, with another seed each time."""
SEED = "PIPELINE_TEST_EXAMPLES" in os.environ

PROSE = [hostile.prose(f"law {i}") for i in range(5)]
WRAPPED = "\n".join(PROSE[0][i : i + 30] for i in range(0, len(PROSE[0]), 30))
DIRTY = [
    PROSE[1].replace("，", "，，"),
    PROSE[2].encode().decode("gb18030", "replace"),
    WRAPPED,
    f"{PROSE[3]}\n{PROSE[4]}\n{PROSE[3]}",
    "標題\n來源：某報\n作者：張三\n" + "這是一段繁體中文，講述老街茶館裡的日常與季節變化。" * 3,
    PROSE[4].replace("的", "\u200b的") + "\n版权所有，未经许可不得转载\n",
    "",
    "。。。",
]
TEXTS = [*PROSE, *(text + "末尾不同。" for text in PROSE), *DIRTY]
BAD = [b"{oops\n", b'{"text": 7}\n', b'{"text": "\xff\xfe\xfa"}\n', b"[1]\n"]

POOL = [*(hostile.row(text=text) for text in TEXTS), *BAD]

Corpus = Mapping[str, Sequence[int]]  # name of a file -> its rows, by their places in POOL
rows = st.lists(st.integers(0, len(POOL) - 1), max_size=8)
names = st.sampled_from(["a.jsonl", "b.jsonl", "c/d.jsonl", "é.jsonl"])
corpora = st.dictionaries(names, rows, min_size=1)  # an input without files is refused
calls = st.builds(
    Point,
    st.sampled_from(["fsync", "rename", "mkdir", "unlink", "write"]),
    st.integers(1, 40),
    st.sampled_from(["KILL", "EIO", "ENOSPC"]),
)
sizes = st.builds(Point, st.just("size"), st.sampled_from(FILE_SIZES), st.just("EFBIG"))


def test_the_laws_hold_whatever_comes(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("needs fork")
    in_a_process(try_corpora, tmp_path)


def try_corpora(folder: Path) -> None:
    runs = Runs(folder / "t")
    clean = Cleaner()

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=not SEED, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(corpora, corpora, calls | sizes, st.integers(1, 3))
    def hold(before: Corpus, after: Corpus, fault: Point, workers: int) -> None:
        shutil.rmtree(runs.output, ignore_errors=True)
        write(runs.input, before)
        assert runs.run() == 0, runs.told
        old = runs.digest()
        write(runs.input, after)
        code = runs.run(fault)
        assert code in (0, 75, -9) or (code, fault.fault) == (1, "KILL"), runs.told
        seen = runs.digest()
        assert runs.run() == 0, runs.told
        new = runs.digest()
        assert seen in (old, new), "law 4: neither version"
        check(runs.output, runs.input, after, clean)
        shutil.rmtree(runs.output)
        assert runs.run(None, "--workers", str(workers), "--set", "run.shard_bytes=65536") == 0
        assert runs.digest() == new, "law 3: other bytes without the fault"

    hold()


def write(folder: Path, corpus: Corpus) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    for name, content in corpus.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"".join(POOL[i] for i in content))


def check(output: Path, folder: Path, corpus: Corpus, clean: Cleaner) -> None:
    """Hold what is published against the corpus that it was made of."""
    assert not list(verify(output, deep=True))
    table = {
        name: pq.read_table(output / "current" / name).to_pylist()
        for name in ("data", "ledger", "quarantine", "audit/edits.parquet")
    }
    given_rows = {
        (str(folder / name), sum(len(POOL[j]) for j in content[:i])): POOL[row]
        for name, content in corpus.items()
        for i, row in enumerate(content)
    }
    key = itemgetter("input_path", "record")
    assert {key(r) for r in table["ledger"]} == given_rows.keys(), "law 1: every record"
    assert len(table["ledger"]) == len(given_rows), "law 1: once"
    fates = Counter(r["status"] for r in table["ledger"])
    assert (fates["kept"], fates["quarantined"]) == (len(table["data"]), len(table["quarantine"]))
    bad = {k for k, row in given_rows.items() if row in BAD}
    assert {key(r) for r in table["quarantine"]} == bad, "law 6: bad records, and no others"
    edits: dict[Any, list[Any]] = defaultdict(list)
    for r in table["audit/edits.parquet"]:
        edits[key(r)].append(r)
    for r in table["data"]:
        text = replayed(json.loads(given_rows[key(r)])["text"], edits[key(r)])
        assert text == r["text"], "law 2: input + edits = output"
        assert clean(text) == text, "law 5: clean text stays"


def replayed(text: str, edits: Sequence[Mapping[str, Any]]) -> str:
    ordered = sorted(edits, key=lambda e: (e["step"], e["start"]))
    for _, step in groupby(ordered, key=itemgetter("step")):
        text = replay(text, [Edit(*(e[name] for name in Edit._fields)) for e in step])
    return text


class Cleaner:
    """The stages, without `decide`."""

    def __init__(self) -> None:
        from pipeline import cleaning

        self.cleaner = cleaning.Cleaner(load().values)

    def __call__(self, text: str) -> str:
        (row,) = self.cleaner.rows([Placed(0, RawDocument("again", 0, text))])
        return row.text
