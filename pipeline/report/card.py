"""The dataset card: README.md of a version, with the front matter that Hugging Face reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

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

_TEMPLATE = """\
---
pretty_name: {name}
license: {licence}
{language}size_categories:
- {size}
task_categories:
- text-generation
configs:
- config_name: default
  data_files:
  - split: train
    path: data/*.parquet
---
# {title}

{kept:,} documents, {chars:,} characters, cleaned from {records:,} input records. Each record that
was dropped or quarantined has its reason in `audit/`, `quarantine/` and `ledger/`; every change to
a text is a row of `audit/edits.parquet`, and undoing them gives the input. `report.html` shows what
was done.

## Funnel
| | in | kept | dropped | quarantined |
|---|---:|---:|---:|---:|
{funnel}
{reasons}
## Read it
In the folder of this file:

{snippets}

## Columns
| column | type | meaning |
|---|---|---|
{columns}

## Known limits
{limits}

## Licence
{licence_text}

## Reproduction
Run id `{run_id}`; versions of dependencies and the resolved recipe are in `run.json`. The same
inputs, recipe, code and dependencies give the same bytes.
"""


def render_card(
    name: str, licence: str, facts: Mapping[str, Any], summary: Mapping[str, Any]
) -> str:
    """Return the card of a version from the facts of its run.json and the summary of its parts."""
    kept = facts["funnel"]["documents"]["kept"]
    columns = "\n".join(f"| `{c.name}` | {_type(str(c.type))} | {c.doc} |" for c in DATA)
    return _TEMPLATE.format(
        name=toml_value(name),
        title=" ".join(name.split()),
        licence=toml_value(licence),
        language=_language(summary["columns"]["language"], kept),
        size=_SIZES[min(max(len(str(kept)) - 3, 0), len(_SIZES) - 1)],
        kept=kept,
        records=facts["funnel"]["documents"]["in"],
        chars=facts["funnel"]["characters"]["kept"],
        funnel="\n".join(_funnel(facts["funnel"])),
        reasons=_reasons(facts["reasons"]),
        snippets="\n\n".join(f"{k}:\n```python\n{code}\n```" for k, code in SNIPPETS.items()),
        columns=columns,
        limits="\n".join(f"- {line}" for line in _limits(facts, summary)),
        licence_text=_licence(licence),
        run_id=facts["run_id"],
    )


def languages(counts: Mapping[str, int], kept: int) -> list[str]:
    """Return the languages of the corpus as ISO 639 codes, the most common first."""
    return [
        code
        for code, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if re.fullmatch("[a-z]{2,3}", code) and code != "und" and n >= A_LANGUAGE * kept
    ]


def _language(counts: Mapping[str, int], kept: int) -> str:
    found = languages(counts, kept)
    # Quoted: YAML takes the language code of Norwegian for the value false.
    return "".join(["language:\n", *(f'- "{code}"\n' for code in found)]) if found else ""


def _type(name: str) -> str:
    return name.replace("item: ", "").replace("<", "&lt;").replace(">", "&gt;")


def _funnel(funnel: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    for unit, row in funnel.items():
        cells = (
            f"{row[fate]:,}" if fate in row else ""
            for fate in ("in", "kept", "dropped", "quarantined")
        )
        yield f"| {unit} | {' | '.join(cells)} |"


def _reasons(reasons: Mapping[str, int]) -> str:
    if not reasons:
        return ""
    rows = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    lines = "\n".join(f"| `{reason}` | {n:,} |" for reason, n in rows)
    return f"\n| why not kept | records |\n|---|---:|\n{lines}\n"


def _limits(facts: Mapping[str, Any], summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a user of the data should not take for granted: measured, then by design."""
    damage, recipe = summary["damage"], facts["recipe"]
    if damage["marks"]:
        yield (
            f"{damage['marks']:,} characters in {damage['documents']:,} documents were lost before "
            "the text came here and stand as � (`damage_marks`)."
        )
    if damage["decode_errors"]:
        yield f"{damage['decode_errors']:,} bytes could not be decoded (`decode_errors`)."
    if uncompared := facts.get("dedup", {}).get("uncompared", 0):
        yield f"{uncompared:,} documents were not compared with all that look like them."
    dedup = recipe["dedup"]
    if dedup["enabled"] and dedup["near"]:
        yield (
            f"Near-duplicates are documents with a Jaccard of {dedup['jaccard']:g} or more over "
            f"{dedup['ngram']}-grams of characters; rewritten or translated copies stay."
        )
    else:
        yield "Near-duplicates were not looked for."
    yield (
        "Title, names, source and date are those that the text states in a form that is known; "
        "empty means not found, not that there is none."
    )
    yield "Encoding, language and script are detected: short texts may be labelled wrongly."
    yield (
        "Personal data, toxic content and false statements are not looked for, and nothing checks "
        "what licence each document has."
    )


def _licence(licence: str) -> str:
    if licence == "other":
        return "None was stated (`output.licence` in the recipe); ask whoever gave you the corpus."
    return f"`{' '.join(licence.split())}`, as stated by whoever ran the cleaning."
