"""Decisions between runs: rebuild forgets the order in which documents came, sticky remembers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.test_dedup import changed, prose

ROOT = Path(__file__).parents[1]


def publish(files: list[Path], output: Path, mode: str, *settings: str) -> set[str]:
    """Run over some files; return the ids of what is published."""
    command = [sys.executable, "-m", "pipeline", "--output", str(output)]
    command += ["--set", f"dedup.mode={mode}", "--set", "mojibake.enabled=false", "--workers", "1"]
    for setting in settings:
        command += ["--set", setting]
    for path in files:
        command += ["--input", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    data = pl.read_parquet(output / "current" / "data" / "*.parquet", hive_partitioning=False)
    return set(data["id"].to_list())


def write(path: Path, **texts: str) -> Path:
    rows = (
        json.dumps({"id": key, "text": text}, ensure_ascii=False) for key, text in texts.items()
    )
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("mode", "then"),
    [("rebuild", {"longer", "other", "new"}), ("sticky", {"short", "other", "new"})],
)
def test_a_better_copy_comes_later(tmp_path: Path, mode: str, then: set[str]) -> None:
    text = prose(1)
    first = write(tmp_path / "b.jsonl", short=text, other=prose(2))
    later = write(
        tmp_path / "a.jsonl", longer=text + prose(3, 60), new=prose(4), near=changed(text, 0.01)
    )
    output = tmp_path / "out"
    assert publish([first], output, mode) == {"short", "other"}
    assert publish([first, later], output, mode) == then


@pytest.mark.parametrize("action", ["mark", "drop"])
def test_paragraphs_of_an_earlier_document(tmp_path: Path, action: str) -> None:
    quoted, other, near = prose(11, 200), prose(12, 200), prose(13, 200)
    quoted, other, near = (p.replace("。", "") for p in (quoted, other, near))
    texts = {
        "a": "\n".join((prose(14, 300).replace("。", ""), quoted, near)),
        "b": "\n".join((other, quoted, prose(15, 300).replace("。", ""))),
        "c": "\n".join((changed(near, 0.01), prose(16, 400).replace("。", ""), "短" * 20)),
    }
    output = tmp_path / "out"
    publish(
        [write(tmp_path / "in.jsonl", **texts)], output, "rebuild", f"dedup.paragraphs={action}"
    )
    data = pl.read_parquet(output / "current" / "data" / "*.parquet", hive_partitioning=False)
    rows = {row["id"]: row for row in data.to_dicts()}
    marks = {
        key: [
            (row["text"][s["start"] : s["end"]], s["twin"]) for s in row["shared_paragraphs"] or ()
        ]
        for key, row in rows.items()
    }
    if action == "mark":
        first = rows["c"]["text"].split("\n")[0]
        assert marks == {"a": [], "b": [(quoted, "a")], "c": [(first, "a")]}
    else:
        assert not any(marks.values())
    lines = {key: row["text"].split("\n") for key, row in rows.items()}
    assert quoted in lines["a"]
    assert (quoted in lines["b"]) == (action != "drop")
    assert len(lines["c"]) == (2 if action == "drop" else 3)


def test_published_signatures_are_those_of_datasketch(tmp_path: Path) -> None:
    datasketch = pytest.importorskip("datasketch")
    text = prose(21)
    output = tmp_path / "out"
    rows = write(tmp_path / "in.jsonl", a=text, b=changed(text, 0.2))
    publish([rows], output, "rebuild", "dedup.publish_signatures=true")
    data = pl.read_parquet(output / "current" / "data" / "*.parquet", hive_partitioning=False)
    one, other = (
        datasketch.MinHash(hashvalues=row, scheme="affine32", seed=1) for row in data["signature"]
    )
    assert len(one) == 120
    assert 0.05 < one.jaccard(other) < 0.5


def test_the_cap_on_comparisons_is_told(tmp_path: Path) -> None:
    head = prose(31, 400)
    rows = write(tmp_path / "in.jsonl", **{f"d{k}": head + prose(40 + k, 400) for k in range(9)})
    output = tmp_path / "out"
    kept = publish([rows], output, "rebuild", "dedup.max_anchors=1", "dedup.rows=1")
    facts = json.loads((output / "current" / "run.json").read_text("utf-8"))
    assert len(kept) == 9
    assert facts["dedup"]["uncompared"] == 8
    assert "not compared" in (output / "current" / "report.html").read_text("utf-8")
