"""What a clean document costs, as counts that no busy machine can change.

The limits are what was measured, and a fifth on top. A count above its limit is a regression: find
out which stage began to work on text that it leaves alone. (Times are measured in benchmarks/.)
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pipeline.cleaning import Cleaner
from pipeline.document import RawDocument
from pipeline.recipe import load
from pipeline.records import Placed

GOLD = Path(__file__).parent / "gold"
COPIES = 40
CALLS_PER_DOCUMENT = 40  # Python functions entered, whole cleaning of a clean page of 3 kB
PEAK_PER_DOCUMENT = 25_000  # bytes that a batch holds at its worst, for each page of 3 kB in it
FUNCTIONS_OF_OURS = 260  # different ones entered for a batch: a new section of the code shows here
STAGES_AWAKE = {
    "unicode",  # a per cent sign may begin an escape
    "annotations",
    "script",
    "punctuation",
    "reflow",
    "metadata",
    "boilerplate",
    "repetition",
    "mojibake",
}


@pytest.fixture(scope="module")
def batch() -> list[Placed]:
    """A batch of clean documents: what the pipeline itself left of the seeds."""
    texts = [path.read_text("utf-8").rstrip("\n") for path in sorted(GOLD.glob("00[1-4].txt"))]
    return [
        Placed(0, RawDocument("a.jsonl", i, text[:1200].rpartition("\n")[0] or text[:1200], str(i)))
        for i, text in enumerate(texts * COPIES)
    ]


def of_each() -> Cleaner:
    """Return a cleaner that cleans each page of a batch, though the batch repeats a few."""
    cleaner = Cleaner(load(None).values)
    cleaner.copies = None
    return cleaner


def count_calls(cleaner: Cleaner, batch: list[Placed]) -> tuple[Counter[str], list[Any]]:
    """Return how often each module was entered, and the rows."""
    counts: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            counts[frame.f_globals.get("__name__", "?")] += 1

    sys.setprofile(profile)
    try:
        rows = cleaner.rows(batch)
    finally:
        sys.setprofile(None)
    return counts, rows


def test_python_calls_per_clean_document(batch: list[Placed]) -> None:
    cleaner = of_each()
    cleaner.rows(batch)  # tables are loaded once per worker
    counts, rows = count_calls(cleaner, batch)
    assert all(row.status == "kept" and not row.document.edits for row in rows)
    per_document = sum(counts.values()) / len(batch)
    assert per_document <= CALLS_PER_DOCUMENT, counts.most_common(12)


def test_bytes_that_a_clean_batch_holds_at_its_worst(batch: list[Placed]) -> None:
    cleaner = of_each()
    cleaner.rows(batch)
    gc.collect()
    tracemalloc.start()
    try:
        rows = cleaner.rows(batch)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(rows) == len(batch)
    assert peak / len(batch) <= PEAK_PER_DOCUMENT


def test_sections_of_the_code_that_clean_text_enters(batch: list[Placed]) -> None:
    cleaner = of_each()
    cleaner.rows(batch)
    entered: set[str] = set()

    def profile(frame: FrameType, event: str, _: object) -> None:
        module = frame.f_globals.get("__name__", "?")
        if event == "call" and module.startswith("pipeline."):
            entered.add(f"{module}.{frame.f_code.co_qualname}")

    sys.setprofile(profile)
    try:
        cleaner.rows(batch)
    finally:
        sys.setprofile(None)
    assert len(entered) <= FUNCTIONS_OF_OURS, sorted(entered)


def test_only_these_stages_look_at_clean_text(batch: list[Placed]) -> None:
    cleaner = of_each()
    counts, _ = count_calls(cleaner, batch)
    awake = {name.removeprefix("pipeline.stages.") for name in counts if ".stages." in name}
    assert awake - {"base", "runner"} <= STAGES_AWAKE
