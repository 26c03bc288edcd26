"""Runs the stages over a batch: one census, then each stage over the documents that it wakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.census import ALWAYS, Census, census, recount
from pipeline.document import Document, Edit
from pipeline.stages.base import ApplyBatch, Options, Outcome, Stage

PIECE_CHARS = 1 << 20
"""Where a stage may see a text piece by piece: some hundred megabytes of arrays at a time."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A stage with its options bound: what a worker holds."""

    stage: Stage
    apply: ApplyBatch

    def outcomes(self, documents: Sequence[Document], counted: Census) -> list[Outcome]:
        """Return what becomes of documents whose census is given."""
        if not self.stage.piecewise:
            return self.apply(documents, counted)
        long = [i for i, d in enumerate(documents) if len(d.text) > 2 * PIECE_CHARS]
        if not long:
            return self.apply(documents, counted)
        short = np.setdiff1d(np.arange(len(documents)), long)
        some = self.apply(
            [documents[i] for i in short], Census(counted.masks[short], counted.counts[short])
        )
        out: list[Outcome] = list(documents)
        for i, outcome in zip(short.tolist(), some, strict=True):
            out[i] = outcome
        for i in long:
            out[i] = self._in_pieces(documents[i])
        return out

    def _in_pieces(self, document: Document) -> Outcome:
        texts: list[str] = []
        edits: list[Edit] = []
        columns: dict[str, Any] = {}
        at = 0
        for piece in _pieces(document.text):
            part = Document(document.id, piece, document.columns)
            (outcome,) = self.apply([part], census([piece]))
            if not isinstance(outcome, Document):
                raise TypeError(f"{self.stage.name} is piecewise, and drops a document")
            texts.append(outcome.text)
            edits += [
                edit._replace(start=edit.start + at, end=edit.end + at) for edit in outcome.edits
            ]
            for name, value in outcome.columns.items():
                if name not in document.columns:  # what is a number is a count
                    columns[name] = columns.get(name, 0) + value if type(value) is int else value
            at += len(piece)
        return document.converted("".join(texts), edits, **columns)


def _pieces(text: str) -> Iterator[str]:
    """Cut a text behind line ends, at least PIECE_CHARS apart."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + PIECE_CHARS) + 1
        yield text[start : end or len(text)]
        start = end or len(text)


def compile_stages(stages: Sequence[tuple[Stage, Options]]) -> list[Compiled]:
    """Bind each enabled stage to its options. Done once per worker."""
    return [Compiled(stage, _batch(stage, options)) for stage, options in stages if options.enabled]


def _batch(stage: Stage, options: Options) -> ApplyBatch:
    if stage.build_batch:
        return stage.build_batch(options)
    apply = stage.build(options)
    return lambda documents, _: [apply(document) for document in documents]


def run_stages(
    compiled: Sequence[Compiled],
    documents: Sequence[Document],
    alive: Callable[[], None] = lambda: None,
) -> tuple[list[Outcome], Census]:
    """Run all stages over a batch of documents; `alive` is called after each.

    Returns an outcome per document, in order, and the census of the texts as they came out
    (a dropped document's row is that of the text which it had when it was dropped).
    """
    outcomes: list[Outcome] = list(documents)
    counted = census([document.text for document in documents])
    for item in compiled:
        # An empty text has no class at all; a stage that sees every document sees it too.
        woken = (counted.masks & np.uint64(item.stage.wakes)) > 0
        woken |= item.stage.wakes == ALWAYS
        awake = [i for i in np.flatnonzero(woken).tolist() if isinstance(outcomes[i], Document)]
        if not awake:
            continue
        inputs = [document for i in awake if isinstance(document := outcomes[i], Document)]
        results = item.outcomes(inputs, Census(counted.masks[awake], counted.counts[awake]))
        changed: dict[int, tuple[str | None, str]] = {}
        for i, before, after in zip(awake, inputs, results, strict=True):
            outcomes[i] = after
            if isinstance(after, Document) and after.text is not before.text:
                changed[i] = _change(before, after)
        if changed:
            recount(counted, list(changed), list(changed.values()))
        alive()
    return outcomes, counted


def _change(before: Document, after: Document) -> tuple[str | None, str]:
    """Return what a stage took out of a text (None: all of it) and what it put in.

    By its receipts, if they are few: a receipt costs as much as fifty characters.
    """
    step = after.steps[-1] if len(after.steps) == len(before.steps) + 1 else None
    if step is None or len(step) * 50 > len(before.text):
        return None, after.text
    return "".join([edit.before for edit in step]), "".join([edit.after for edit in step])
