"""Repairs text that was decoded with the wrong encoding: `utf8-as-gbk` and its kin.

Left alone: everything that is not clearly better after the repair; text about mojibake; what the
bytes no longer say (it becomes `�` and is counted in `damage_marks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.census import Census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import ApplyBatch, Options, Outcome, Stage, of_one
from pipeline.text import ngram
from pipeline.text.mojibake.chains import chain_name
from pipeline.text.mojibake.gate import suspects
from pipeline.text.mojibake.hopeless import MARK
from pipeline.text.mojibake.repairs import Repair, confirmed, repairs

NAME = "mojibake"
WAKING = (
    "han",
    "han_traditional",
    "han_simplified",
    "c1",
    "latin1",
    "latin_extended",
    "cyrillic",
    "halfwidth",
    "hangul",
    "private",
    "replacement",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MojibakeOptions(Options):
    """Options of the mojibake stage."""


def build_batch(_: MojibakeOptions) -> ApplyBatch:
    """Return the function for whole batches: one gate for all, repair only where it suspects."""
    model = ngram.load()

    def apply(documents: Sequence[Document], counted: Census) -> list[Outcome]:
        texts = [document.text for document in documents]
        kinds = confirmed(texts, suspects(texts, counted), model)
        return [
            _repaired(document, int(kind), model) if kind or MARK in document.text else document
            for document, kind in zip(documents, kinds, strict=True)
        ]

    return apply


build = of_one(build_batch)


def _repaired(document: Document, kinds: int, model: ngram.Model) -> Document:
    found = repairs(document.text, kinds, model) if kinds else []
    text = document.text
    lost = sum(
        repair.text.count(MARK) - text.count(MARK, repair.start, repair.end) for repair in found
    )
    marks = text.count(MARK) + lost
    if not (marks or found):
        return document
    return document.edited([_edit(text, repair) for repair in found], damage_marks=marks)


def _edit(text: str, repair: Repair) -> Edit:
    return Edit(
        NAME,
        chain_name(repair.chain),
        repair.start,
        repair.end,
        text[repair.start : repair.end],
        repair.text,
        repair.confidence,
    )


STAGE = Stage(
    name=NAME,
    summary="repair text that was decoded with the wrong encoding",
    # Nothing outside these classes can be damage; the gate of the batch does the rest.
    wakes=classes(*WAKING),
    options=MojibakeOptions,
    build=build,
    build_batch=build_batch,
    adds=("damage_marks",),
    piecewise=True,
)
