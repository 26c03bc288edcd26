"""The live display of a run in a terminal (rich)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from pipeline.report.terminal import Figures, Terminal


class Live(Terminal):
    """One line that moves: step, bar, documents and MB per second, time left, quarantine."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=Console(file=stream, highlight=False),
            transient=True,
        )
        self.begun = time.monotonic()
        self.task: Any = None

    def phase(self, name: str, detail: str = "") -> None:
        """Begin a new bar; the line of the step stays above it."""
        super().phase(name, detail)
        self.begun = time.monotonic()
        if self.task is not None:
            self.bar.remove_task(self.task)
            self.task = None

    def progress(self, done: int, total: int, figures: Figures | None = None) -> None:
        """Move the bar."""
        if self.task is None:
            self.task = self.bar.add_task(self.step, total=total, figures="")
            self.bar.start()
        text = ""
        if figures is not None:
            seconds = max(time.monotonic() - self.begun, 1e-9)
            text = (
                f"{figures.documents:,} documents, {figures.documents / seconds:,.0f}/s, "
                f"{figures.megabytes / seconds:.1f} MB/s, {figures.workers} workers, "
                f"{figures.quarantined:,} in quarantine"
            )
        self.bar.update(self.task, completed=done, total=total, figures=text)
        if done == total:
            self.stop()

    def stop(self) -> None:
        """Take the bar away."""
        self.bar.stop()

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Take the bar away and show the summary."""
        self.stop()
        super().finish(summary)
