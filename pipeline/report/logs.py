"""Logs for machines: one JSON object a line, and an OpenMetrics file for a node exporter."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.report.terminal import Figures, Observer
from pipeline.store.files import write_bytes

METRICS = (
    ("pipeline_documents", "Input records of the published version by fate."),
    ("pipeline_edits", "Receipts of the published version by stage."),
    ("pipeline_run_seconds", "Wall time of the steps of the last run."),
    ("pipeline_published_timestamp_seconds", "When the version was published."),
)


class JsonLines(Observer):
    """Tells what a run does as JSON objects: time, event, and what belongs to it."""

    def phase(self, name: str, detail: str = "") -> None:
        """Log that a step begins."""
        self.step = name
        self._write("phase", step=name, detail=detail)

    def progress(self, done: int, total: int, figures: Figures | None = None) -> None:
        """Log how far a step is."""
        more = figures._asdict() if figures is not None else {}
        self._write("progress", step=self.step, done=done, total=total, **more)

    def note(self, text: str) -> None:
        """Log one line."""
        self._write("note", text=text.strip())

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Log the summary of a published run."""
        names = ("funnel", "edits", "reasons", "paths", "run_id", "version")
        self._write("published", **{name: summary.get(name) for name in names})

    def _write(self, event: str, **fields: Any) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = json.dumps({"time": now, "event": event, **fields}, ensure_ascii=False, default=str)
        print(line, file=self.stream, flush=True)


def openmetrics(facts: Mapping[str, Any]) -> str:
    """Return the figures of a run in OpenMetrics text format."""
    fates = {k: v for k, v in facts["funnel"]["documents"].items() if k != "in"}
    values: dict[str, list[tuple[str, float]]] = {
        "pipeline_documents": [(f'fate="{fate}"', n) for fate, n in fates.items()],
        "pipeline_edits": [(f'stage="{stage}"', n) for stage, n in facts["edits"].items()],
        "pipeline_run_seconds": [(f'step="{s}"', n) for s, n in facts["seconds"].items()],
        "pipeline_published_timestamp_seconds": [("", facts["published_at"])],
    }
    lines = []
    for name, doc in METRICS:
        lines += [f"# HELP {name} {doc}", f"# TYPE {name} gauge"]
        lines += [f"{name}{'{' + label + '}' if label else ''} {n}" for label, n in values[name]]
    return "\n".join([*lines, "# EOF", ""])


def write_metrics(path: Path, facts: Mapping[str, Any]) -> None:
    """Write the metrics file whole, so that an exporter never reads half of it."""
    write_bytes(path, openmetrics(facts).encode())
