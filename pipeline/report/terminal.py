"""What a run says while it works and when it is done: plain lines on stderr."""

from __future__ import annotations

import os
import re
import shlex
import textwrap
import time
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple, TextIO

COLOURS = {"red": "31", "green": "32", "cyan": "36", "bold": "1", "dim": "2"}
INTERVAL = 5.0  # seconds between progress lines
WIDTH = 78  # characters of a line that is wrapped


class Figures(NamedTuple):
    """How far a step is, beside its units: input so far, workers, records in quarantine."""

    documents: int
    megabytes: float
    workers: int
    quarantined: int


class Observer:
    """Says what a run tells: in lines that suit a terminal, a log file and a mail from cron."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.last = time.monotonic()
        self.step = ""

    def phase(self, name: str, detail: str = "") -> None:
        """Say that a step begins."""
        self.step = name
        self.note(f"{paint(name, 'bold', self.stream)}{': ' + detail if detail else ''}")

    def progress(self, done: int, total: int, figures: Figures | None = None) -> None:
        """Say how far a step is, at most every few seconds."""
        if time.monotonic() - self.last >= INTERVAL:
            some = f", {figures.documents:,} documents" if figures else ""
            self.note(f"  {done} of {total}{some}")
            self.last = time.monotonic()

    def note(self, text: str) -> None:
        """Say one line."""
        print(harmless(text), file=self.stream, flush=True)

    def stop(self) -> None:
        """Leave the terminal as it was: nothing moves in plain lines."""

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Show the funnel, the edits by stage and the paths."""
        for line in render_summary(summary):
            self.note(line)


class Silent(Observer):
    """Says nothing."""

    def __init__(self) -> None:
        super().__init__(StringIO())

    def note(self, text: str) -> None:
        """Say nothing."""


def observer_for(stream: TextIO, log_format: str) -> Observer:
    """Return JSON lines, or the live display where the stream is a terminal, else plain lines."""
    if log_format == "json":
        from pipeline.report.logs import JsonLines

        return JsonLines(stream)
    if not stream.isatty():
        return Observer(stream)
    from pipeline.report.live import Live  # rich: 0.1 s

    return Live(stream)


def render_summary(summary: Mapping[str, Any]) -> list[str]:
    """Return the summary of a run as at most fifteen lines."""
    funnel = summary["funnel"]
    names = ("in", "kept", "dropped", "quarantined")
    lines = ["", f"{'':<12}" + "".join(f"{name:>13}" for name in names)]
    for unit in ("documents", "paragraphs", "characters"):
        cells = (funnel[unit].get(name) for name in names)
        line = f"{unit:<12}" + "".join(f"{_number(cell):>13}" for cell in cells)
        lines.append(line.rstrip())
    edits = summary["edits"]
    by_stage = ", ".join(f"{stage} {n:,}" for stage, n in edits.items()) or "none"
    lines += textwrap.wrap(f"edits        {by_stage}", WIDTH, subsequent_indent=" " * 13)[:3]
    lines += [f"{level:<12} {text}" for level, text in summary.get("alerts", ())[:3]]
    lines += [f"{name:<12} {value}" for name, value in summary["paths"].items()]
    if "next" in summary:
        lines.append(f"next         {summary['next']}")
    return lines


def next_step(facts: Mapping[str, Any], output: Path, example: str) -> str:
    """Return what a keeper of this corpus would do next: look at what failed, or at an example."""
    where = "" if str(output) == "output" else f" --output {shlex.quote(str(output))}"
    if facts["funnel"]["documents"]["quarantined"]:
        return f"python -m pipeline quarantine list{where}"
    if not example:
        return f"look at {output / 'current/report.html'}"
    return f"python -m pipeline explain {shlex.quote(example)}{where}"


def counted(n: int, noun: str) -> str:
    """Return a number with its noun, which has an s in the plural."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def paint(text: str, colour: str, stream: TextIO) -> str:
    """Return the text in a colour where the stream is a terminal and NO_COLOR is not set."""
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


# What moves a cursor, clears a screen or turns the order of letters round, but for our own colours.
_CONTROL = re.compile(
    "(\x1b\\[(?:0|1|2|31|32|36)m)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


def harmless(text: str) -> str:
    r"""Return text that a terminal shows and does not obey, whatever a name or a title held.

    >>> harmless("a" + chr(27) + "[2Jb")
    'a\\u001b[2Jb'
    """
    return _CONTROL.sub(lambda found: found[1] or f"\\u{ord(found[0]):04x}", text)
