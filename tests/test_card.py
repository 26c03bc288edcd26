"""The dataset card: front matter that is read, and snippets that run where the card says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.report.card import SNIPPETS, languages, render_card
from pipeline.store.schema import DATA
from tests.runs import publish

HOSTILE = "norway: no\n---\n# <b>{kept}</b>"


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version of a small corpus whose name is no friend of YAML."""
    folder = tmp_path_factory.mktemp("card")
    rows = [
        {"id": f"d{i}", "text": f"今天是第{i}天，大家都在谈论天气，说是要下雨了。"}
        for i in range(3)
    ]
    source = folder / "rows.jsonl"
    source.write_text("\n".join([*map(json.dumps, rows), json.dumps(rows[0]), "{"]), "utf-8")
    return publish(source, folder / "out", output__name=HOSTILE, output__licence="cc0-1.0")


def card(version: Path) -> tuple[str, str]:
    """Return (front matter, body)."""
    _, front, body = (version / "README.md").read_text("utf-8").split("---\n", 2)
    return front, body


def test_front_matter_is_what_the_hub_reads(version: Path) -> None:
    from yaml import safe_load  # type: ignore[import-untyped]

    front = safe_load(card(version)[0])
    assert front["pretty_name"] == HOSTILE
    assert front["license"] == "cc0-1.0"
    assert front["language"] == ["zh"]
    assert front["size_categories"] == ["n<1K"]
    assert front["configs"][0]["data_files"] == [{"split": "train", "path": "data/*.parquet"}]


def test_every_column_has_a_line_and_every_reason_its_count(version: Path) -> None:
    body = card(version)[1]
    for column in DATA:
        assert f"| `{column.name}` |" in body
    assert "| documents | 5 | 3 | 1 | 1 |" in body
    assert "| `decide:exact-duplicate` | 1 |" in body
    assert "Personal data" in body


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets_run_in_the_folder_of_the_card(version: Path, name: str, tmp_path: Path) -> None:
    if name == "Spark" and find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: it brings 800 MB and needs a JDK")
    code = re.search(rf"^{name}:\n```python\n(.*?)```", card(version)[1], re.DOTALL | re.MULTILINE)
    assert code is not None
    count = "rows" if "rows =" in code[1] else "frame"
    length = f"{count}.count()" if name == "Spark" else f"len({count})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code[1]}\nprint('rows', {length})"], cwd=version,
        env={"PATH": "/usr/bin:/bin", "HF_HOME": str(tmp_path), "HF_DATASETS_OFFLINE": "1"},
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert f"rows {pq.read_table(version / 'data').num_rows}" in done.stdout.decode()


def test_size_and_language_follow_the_data(version: Path) -> None:
    facts = json.loads((version / "run.json").read_bytes())
    facts["funnel"]["documents"]["kept"] = 123_456
    counts = {"zh": 90, "no": 9, "und": 50, "None": 9, "en": 1}
    summary = {
        "columns": {"language": counts},
        "damage": {"marks": 3, "documents": 2, "decode_errors": 0},
    }
    made = render_card("x", "other", facts, summary)
    assert "- 100K<n<1M" in made
    assert "3 characters in 2 documents" in made
    assert "None was stated" in made
    assert languages(counts, 150) == ["zh", "no"]
