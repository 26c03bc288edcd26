"""Loads tests/cases/<stage>.toml and asserts what holds for every case of every stage.

A case: label, input, expect (missing in a negative case: the input must come back), why, kind
(wild | synthetic | negative | known-failure), and options/columns where it needs them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.census import census
from pipeline.document import Document, replay
from pipeline.stages.base import Apply
from pipeline.stages.chain import run_text

CASES = Path(__file__).parent / "cases"
KINDS = {"wild", "synthetic", "negative", "known-failure"}


def load(stage: str) -> list[Any]:
    """Return the cases of a stage as pytest parameters; a known failure must fail."""
    rows = tomllib.loads((CASES / f"{stage}.toml").read_text("utf-8"))["case"]
    labels = [row["label"] for row in rows]
    assert len(labels) == len(set(labels)), "labels must be unique"
    assert {row["kind"] for row in rows} <= KINDS
    return [
        pytest.param(
            row,
            id=row["label"],
            marks=[pytest.mark.xfail(strict=True)] if row["kind"] == "known-failure" else [],
        )
        for row in rows
    ]


def one(apply: Apply) -> Callable[[Document], Document]:
    """Return what a stage's function does to a document that is alone."""

    def alone(document: Document) -> Document:
        (out,) = apply([document], census([document.text]))
        assert isinstance(out, Document)
        return out

    return alone


def check_batch(apply: Apply, texts: Sequence[str]) -> None:
    """Assert that a batch is its documents, whatever stands beside each."""
    documents = [Document(str(i), text) for i, text in enumerate(texts)]
    assert apply(documents, census(texts)) == list(map(one(apply), documents))


def settled(stage: str, text: str, options: dict[str, dict[str, Any]] | None = None) -> Document:
    """Run a stage; assert that its receipts replay, and that a second run changes nothing."""
    out = run_text(text, [stage], options)
    assert isinstance(out, Document)
    assert replay(text, out.edits) == out.text
    again = run_text(out.text, [stage], options)
    assert isinstance(again, Document)
    assert again.text == out.text, "not idempotent"
    return out


def check(stage: str, case: dict[str, Any]) -> None:
    """Assert the expected text and columns, that the receipts replay, and idempotence."""
    options = {stage: case.get("options", {})}
    out = settled(stage, case["input"], options)
    expect = case["input"] if case["kind"] == "negative" else case.get("expect", case["input"])
    assert out.text == expect
    for name, value in case.get("columns", {}).items():
        assert out.columns.get(name) == value, name
