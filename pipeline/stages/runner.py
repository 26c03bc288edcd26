"""Runs the stages over a batch: one census, then each stage over the documents that it wakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.census import ALWAYS, Census, census, recount
from pipeline.document import Document, PackedEdits
from pipeline.stages.base import Apply, Options, Outcome, Stage
from pipeline.stages.pieces import pieces

_TOOK, _PUT = attrgetter("before"), attrgetter("after")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A stage with its options bound: what a worker holds."""

    stage: Stage
    apply: Apply

    def outcomes(
        self, documents: Sequence[Document], counted: Census, alive: Callable[[], None]
    ) -> list[Outcome]:
        """Return what becomes of documents whose census is given; `alive` is called at times."""
        size = self.stage.piece_chars
        lengths = counted.counts.sum(axis=1, dtype=np.int64)
        long = np.flatnonzero(lengths > 2 * size) if size else lengths[:0]
        if not long.size:
            return self.apply(documents, counted)
        short = np.setdiff1d(np.arange(len(documents)), long)
        some = self.apply([documents[i] for i in short], counted.of(short))
        out: list[Outcome] = list(documents)
        for i, outcome in zip(short.tolist(), some, strict=True):
            out[i] = outcome
        for i in long.tolist():
            out[i] = self._in_pieces(documents[i], alive)
        return out

    def _in_pieces(self, document: Document, alive: Callable[[], None]) -> Outcome:
        texts: list[str] = []
        edits = PackedEdits()
        columns: dict[str, Any] = {}
        at = 0
        for piece in pieces(document.text, self.stage.piece_chars):
            part = Document(document.id, piece, document.columns)
            (outcome,) = self.apply([part], census([piece]))
            if not isinstance(outcome, Document):
                raise TypeError(f"{self.stage.name} works on pieces, and drops a document")
            texts.append(outcome.text)
            edits.add(outcome.edits, at)
            for name, value in outcome.columns.items():
                if name in document.columns:
                    continue
                if type(value) is int:  # what is a number is a count
                    columns[name] = columns.get(name, 0) + value
                else:
                    columns.setdefault(name, value)
            at += len(piece)
            alive()
        return document.converted("".join(texts), edits, **columns)


def compile_stages(stages: Sequence[tuple[Stage, Options]]) -> list[Compiled]:
    """Bind each enabled stage to its options. Done once per worker."""
    return [Compiled(stage, stage.build(options)) for stage, options in stages if options.enabled]


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
    return outcomes, run_in_place(compiled, outcomes, alive)


def run_in_place(
    compiled: Sequence[Compiled],
    outcomes: list[Outcome],
    alive: Callable[[], None] = lambda: None,
) -> Census:
    """Do as `run_stages`; each document gives way to its outcome, so that no text is held twice."""
    counted = census([document.text for document in outcomes if isinstance(document, Document)])
    living = np.ones(len(outcomes), np.bool_)  # a document that was dropped wakes no stage
    for item in compiled:
        # An empty text has no class at all; a stage that sees every document sees it too.
        woken = (counted.masks & np.uint64(item.stage.wakes)) > 0
        woken |= item.stage.wakes == ALWAYS
        awake = np.flatnonzero(woken & living)
        if awake.size:
            living[_run(item, outcomes, awake, counted, alive)] = False
            alive()
    return counted


def _run(
    item: Compiled,
    outcomes: list[Outcome],
    awake: NDArray[np.intp],
    counted: Census,
    alive: Callable[[], None],
) -> list[int]:
    """Run one stage over the documents it is awake for; they and their census are replaced.

    Returns which of them are dropped.
    """
    every = len(awake) == len(outcomes)
    places = awake.tolist()
    inputs = cast("list[Document]", outcomes[:] if every else [outcomes[i] for i in places])
    results = item.outcomes(inputs, counted if every else counted.of(awake), alive)
    changed: dict[int, tuple[str | None, str]] = {}
    dropped: list[int] = []
    for i, before, after in zip(places, inputs, results, strict=True):
        if after is before:
            continue
        outcomes[i] = after
        if not isinstance(after, Document):
            dropped.append(i)
        elif after.text is not before.text:
            changed[i] = _change(before, after)
    if changed:
        recount(counted, list(changed), list(changed.values()))
    return dropped


def _change(before: Document, after: Document) -> tuple[str | None, str]:
    """Return what a stage took out of a text (None: all of it) and what it put in.

    By its receipts, if they are few and short: one costs as much as fifty characters, and those of
    a conversion hold half of the text, as the first eight show.
    """
    step = after.steps[-1] if len(after.steps) == len(before.steps) + 1 else None
    if step is None or len(step) * 50 > len(before.text):
        return None, after.text
    if len(step) > 8:
        size = sum([len(edit.after) for edit in islice(step, 8)]) // 8
        if len(step) * (50 + 2 * size) > len(after.text):
            return None, after.text
    return "".join(map(_TOOK, step)), "".join(map(_PUT, step))
