"""The dataset card: README.md of a version, with the front matter that Hugging Face reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipeline.report.html import template
from pipeline.report.recipes import toml_value
from pipeline.store.schema import DATA

A_LANGUAGE = 0.01  # share of the documents from which a language is one of the corpus
# https://huggingface.co/docs/hub/datasets-cards: what the hub takes for a size.
_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B",
          "1B<n<10B", "10B<n<100B", "100B<n<1T", "n>1T")  # fmt: skip

# Paths are relative to the folder of the card, so that a copy of the folder reads the same.
SNIPPETS = {
    # load_dataset(".") fails: it takes the name of the dataset from that of the folder.
    "datasets": "from datasets import load_dataset\n\n"
    'rows = load_dataset("parquet", data_files="data/*.parquet", split="train")',
    "polars": 'import polars\n\nframe = polars.scan_parquet("data/*.parquet").collect()',
    "DuckDB": "import duckdb\n\n"
    "rows = duckdb.sql(\"select id, title, n_chars from 'data/*.parquet'\").fetchall()",
    "pandas": 'import pandas\n\nframe = pandas.read_parquet("data")',
    "Spark": "from pyspark.sql import SparkSession\n\n"
    'frame = SparkSession.builder.getOrCreate().read.parquet("data")',
}


def render_card(
    name: str, licence: str, facts: Mapping[str, Any], summary: Mapping[str, Any]
) -> str:
    """Return the card of a version from the facts of its run.json and the summary of its parts.

    Its limits, what a user of the data should not take for granted: measured, then by design.
    """
    documents = facts["funnel"]["documents"]
    kept = documents["kept"]
    return template("card.md.j2").render(
        toml=toml_value,
        name=name,
        licence=licence,
        languages=languages(summary["columns"]["language"], kept),
        size=_SIZES[min(max(len(str(kept)) - 3, 0), len(_SIZES) - 1)],
        documents=documents,
        funnel=facts["funnel"],
        reasons=sorted(facts["reasons"].items(), key=lambda item: (-item[1], item[0])),
        snippets=SNIPPETS,
        columns=DATA,
        damage=summary["damage"],
        uncompared=facts.get("dedup", {}).get("uncompared", 0),
        dedup=facts["recipe"]["dedup"],
        run_id=facts["run_id"],
    )


def languages(counts: Mapping[str, int], kept: int) -> list[str]:
    """Return the languages of the corpus as ISO 639 codes, the most common first."""
    return [
        code
        for code, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if re.fullmatch("[a-z]{2,3}", code) and code != "und" and n >= A_LANGUAGE * kept
    ]
