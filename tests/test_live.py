"""The live display: one line that fits, and nothing left behind."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pipeline.report.live import Live
from pipeline.report.terminal import Figures, counted, next_step


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    for name, value in (("COLUMNS", "80"), ("TERM", "xterm"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    return Screen()


def test_the_line_fits_into_eighty_columns_and_says_what_there_is(screen: Screen) -> None:
    live = Live(screen)
    live.phase("clean", "5 shards")
    live.progress(0, 5)
    live.begun -= 60
    live.progress(2, 5, Figures(4940, 16.2, 2, 3))
    live.bar.refresh()
    live.stop()
    shown = screen.getvalue()
    line = next(part for part in shown.splitlines() if "2/5" in part and "docs" in part)
    for said in ("4,940 docs, 82/s", "0.3 MB/s", "2 workers", "3 bad", " left"):
        assert said in line, line
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1, "the cursor is back"


def test_nothing_moves_after_the_end_or_before_the_beginning(screen: Screen) -> None:
    live = Live(screen)
    live.progress(1, 2)
    live.phase("decide", "9 records")
    live.stop()
    live.stop()
    live.note("done")
    assert screen.getvalue().rstrip().endswith("done")


def test_the_next_step_is_one_that_can_be_taken(tmp_path: Path) -> None:
    facts = {"funnel": {"documents": {"quarantined": 0}}}
    assert next_step(facts, Path("output"), "a b") == "python -m pipeline explain 'a b'"
    assert next_step(facts, tmp_path, "").endswith("current/report.html")
    facts["funnel"]["documents"]["quarantined"] = 1
    assert next_step(facts, Path("x y"), "a").endswith("quarantine list --output 'x y'")


def test_one_shard_and_two_shards() -> None:
    assert (counted(1, "shard"), counted(2000, "shard")) == ("1 shard", "2,000 shards")
