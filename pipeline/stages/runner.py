"""Runs the stages over a batch: one census, then each stage over the documents that it wakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.census import ALWAYS, Census, census, recount
from pipeline.document import Document
from pipeline.stages.base import ApplyBatch, Options, Outcome, Stage


@dataclass(frozen=True, slots=True)
class Compiled:
    """A stage with its options bound: what a worker holds."""

    stage: Stage
    apply: ApplyBatch


def compile_stages(stages: Sequence[tuple[Stage, Options]]) -> list[Compiled]:
    """Bind each enabled stage to its options. Done once per worker."""
    return [Compiled(stage, _batch(stage, options)) for stage, options in stages if options.enabled]


def _batch(stage: Stage, options: Options) -> ApplyBatch:
    if stage.build_batch:
        return stage.build_batch(options)
    apply = stage.build(options)
    return lambda documents, _: [apply(document) for document in documents]


def run_stages(
    compiled: Sequence[Compiled], documents: Sequence[Document]
) -> tuple[list[Outcome], Census]:
    """Run all stages over a batch of documents.

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
        results = item.apply(inputs, Census(counted.masks[awake], counted.counts[awake]))
        changed: dict[int, tuple[str, str]] = {}
        for i, before, after in zip(awake, inputs, results, strict=True):
            outcomes[i] = after
            if isinstance(after, Document) and after.text is not before.text:
                changed[i] = _change(before, after)
        if changed:
            recount(counted, list(changed), list(changed.values()))
    return outcomes, counted


def _change(before: Document, after: Document) -> tuple[str, str]:
    """Return what a stage took out of a text and what it put in: by its receipts, if they are few.

    A receipt costs as much as fifty characters.
    """
    step = after.steps[-1] if len(after.steps) == len(before.steps) + 1 else None
    if step is None or len(step) * 50 > len(before.text):
        return before.text, after.text
    return "".join([edit.before for edit in step]), "".join([edit.after for edit in step])
