"""The files of a version that people read: run.json, report.html, and the card README.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.corpus import Corpus
from pipeline.report import html
from pipeline.report.card import render_card
from pipeline.report.compare import compare
from pipeline.report.pairs import near_misses, sample_pairs
from pipeline.report.summary import length_counts
from pipeline.store.files import write_staged
from pipeline.store.options import OutputOptions
from pipeline.store.version import read_run


def write_reports(
    staged: Path,
    facts: Mapping[str, Any],
    corpus: Corpus,
    decisions: pa.Table,
    before: Path | None,
    name: str,
    options: OutputOptions,
) -> tuple[list[tuple[str, str]], str]:
    """Write them into `staged`; return what a keeper should look at, and the id of a document.

    `before`: the version before. `name`: what this one will be called.
    """
    write_staged(staged / "run.json", json.dumps(facts, indent=1, default=str).encode())
    change = None
    if before is not None:
        kept = read_run(before)["funnel"]["documents"]["kept"]
        change = {**compare(before, staged), "kept_before": kept}
    summary = html.read_summary(staged)
    page = html.render(
        options.name,
        name,
        facts,
        summary,
        change,
        sample_pairs(corpus, decisions),
        near_misses(corpus, decisions),
        length_counts(corpus.table.column("n_chars_in")),
    )
    # The recipe that they show may name inputs that are not UTF-8.
    write_staged(staged / "report.html", page.encode(errors="backslashreplace"))
    card = render_card(options.name, options.licence, facts, summary)
    write_staged(staged / "README.md", card.encode(errors="backslashreplace"))
    return html.alerts(facts, summary, change), html.telling(summary)
