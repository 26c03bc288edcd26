"""Pairs just below the threshold: noted, both stay, and shown with what differs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pipeline.dedup.misses import MOST, Misses
from tests.runs import publish


def test_the_closest_distinct_pairs_are_kept() -> None:
    n = MOST + 5
    left, jaccard = np.arange(n), np.linspace(0.60, 0.69, n)
    some = Misses(left, left + n, jaccard)
    found = some.plus(some).closest()
    assert found.left.tolist() == left[::-1][:MOST].tolist()
    assert found.jaccard[0] == jaccard[-1]
    assert Misses.none().closest().left.size == 0


def test_a_pair_below_the_threshold_is_in_the_report_and_stays(tmp_path: Path) -> None:
    def text(words: str) -> str:
        return "".join(chr(0x4E00 + (37 * i * i + 11 * i) % 4000) for i in range(400)) + words

    def other(first: int) -> str:
        return "".join(chr(0x4E00 + (53 * i * i + first * i) % 4000) for i in range(90))

    rows = [
        {"id": "one", "text": text(other(7))},
        {"id": "two", "text": text(other(13))},
        {"id": "copy", "text": text(other(7)) + "再说一句话就完了。"},
    ]
    source = tmp_path / "in.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    for jaccard, expected in ((0.6, 0), (0.7, 1)):
        version = publish(source, tmp_path / str(jaccard), dedup__jaccard=jaccard)
        page = (version / "report.html").read_text("utf-8")
        assert page.count("Just below the threshold: both stay") == expected
    assert ": two and copy</summary>" in page
    assert page.count('<details class="pair">') == 1, "one, which goes for the copy, has no row"
