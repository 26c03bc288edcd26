"""The dataset card: README.md of a version, with the front matter that Hugging Face reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report.recipes import toml_value
from pipeline.store.schema import DATA

_TEMPLATE = """\
---
pretty_name: {name}
license: {licence}
language:
- zh
task_categories:
- text-generation
configs:
- config_name: default
  data_files:
  - split: train
    path: data/*.parquet
---
# {title}

{kept:,} documents, {chars:,} characters, cleaned from {records:,} input records:
{dropped:,} were dropped and {quarantined:,} quarantined, each with its reason in `audit/`,
`quarantine/` and `ledger/`. Every change to a text is a row of `audit/edits.parquet`.

## Read it
```python
from datasets import load_dataset
rows = load_dataset("output/current", split="train")

import polars
frame = polars.scan_parquet("output/current/data/*.parquet")

import duckdb
duckdb.sql("select id, title, n_chars from 'output/current/data/*.parquet'")

import pandas
frame = pandas.read_parquet("output/current/data")
```

## Columns
| column | type | meaning |
|---|---|---|
{columns}

## Reproduction
Run id `{run_id}`; versions of dependencies and the resolved recipe are in `run.json`.
"""


def render_card(name: str, licence: str, facts: Mapping[str, Any]) -> str:
    """Return the card of a version from the facts of its run.json."""
    columns = "\n".join(f"| `{c.name}` | {c.type} | {c.doc} |" for c in DATA)
    documents = facts["funnel"]["documents"]
    return _TEMPLATE.format(
        name=toml_value(name),
        title=name.replace("\n", " "),
        licence=toml_value(licence),
        kept=documents["kept"],
        records=documents["in"],
        dropped=documents["dropped"],
        quarantined=documents["quarantined"],
        chars=facts["funnel"]["characters"]["kept"],
        columns=columns,
        run_id=facts["run_id"],
    )
