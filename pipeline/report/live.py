"""The live display of a run in a terminal (rich)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from pipeline.report.terminal import Figures, Observer, counted

NARROW = 110  # columns below which the bar is short, so that the figures fit into 80


class TimeLeft(ProgressColumn):
    """Time left, at the pace since the step began.

    The pace of the last seconds, which rich takes, is of no use where a unit is a shard: two
    workers end at the same time, and then nothing does for a minute.
    """

    def render(self, task: Task) -> Text:
        """Return minutes and seconds, once there is something to go by."""
        if not task.completed or task.total is None or task.elapsed is None:
            return Text("")
        then = task.fields["moved"] * task.total / task.completed
        left = max(int(then - task.elapsed), 0)
        return Text(f"{left // 60}:{left % 60:02d} left")


class Live(Observer):
    """One line that moves: step, bar, time left, documents and MB per second, quarantine."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        console = Console(file=stream, highlight=False)
        whole = Column(no_wrap=True)
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}", table_column=whole),
            BarColumn(bar_width=8 if console.width < NARROW else 30),
            TextColumn("{task.fields[share]}", table_column=whole),
            TimeLeft(table_column=whole),
            TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True, ratio=1)),
            console=console,
            transient=True,
        )
        self.begun = time.monotonic()
        self.task: Any = None

    def phase(self, name: str, detail: str = "") -> None:
        """Begin a new bar, that says no more than that something goes on; the line stays above."""
        self.stop()
        super().phase(name, detail)
        self.begun = time.monotonic()
        self.task = self.bar.add_task(self.step, total=None, figures="", share="", moved=0.0)
        self.bar.start()

    def progress(self, done: int, total: int, figures: Figures | None = None) -> None:
        """Move the bar."""
        if self.task is None:
            return
        self.bar.update(
            self.task, completed=done, total=total, share=f"{done}/{total}",
            moved=time.monotonic() - self.begun,
            figures=self._rates(figures) if figures else "",
        )  # fmt: skip
        if done == total:
            self.stop()

    def _rates(self, figures: Figures) -> str:
        seconds = max(time.monotonic() - self.begun, 1e-9)
        return (
            f"{figures.documents:,} docs, {figures.documents / seconds:,.0f}/s, "
            f"{figures.megabytes / seconds:.1f} MB/s, {counted(figures.workers, 'worker')}, "
            f"{figures.quarantined:,} bad"
        )

    def stop(self) -> None:
        """Take the bar away, and give the cursor back."""
        if self.task is not None:
            self.bar.stop()
            self.bar.remove_task(self.task)
            self.task = None

    def note(self, text: str) -> None:
        """Take the bar away and say one line."""
        self.stop()
        super().note(text)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Take the bar away and show the summary."""
        self.stop()
        super().finish(summary)
