"""Repairs text that was decoded with the wrong encoding: `utf8-as-gbk` and its kin.

Left alone: everything that is not clearly better after the repair; text about mojibake; what the
bytes no longer say (it becomes `�` and is counted in `damage_marks`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.census import ALWAYS
from pipeline.document import Document, Edit
from pipeline.stages.base import Apply, Options, Stage
from pipeline.text import ngram
from pipeline.text.mojibake.chains import chain_name, repairs
from pipeline.text.mojibake.codecs import READINGS

NAME = "mojibake"


@dataclass(frozen=True, slots=True, kw_only=True)
class MojibakeOptions(Options):
    """Options of the mojibake stage."""


def build(options: MojibakeOptions) -> Apply:
    """Return the stage's function."""
    model = ngram.load()

    def apply(document: Document) -> Document:
        found = repairs(document.text, READINGS, model)
        if not found:
            return document
        edits = [
            Edit(
                NAME,
                chain_name(tuple("utf8-as-" + name for name in repair.chain)),
                repair.start,
                repair.end,
                document.text[repair.start : repair.end],
                repair.text,
                0.99,
            )
            for repair in found
        ]
        repaired = document.edited(edits)
        return repaired.edited([], damage_marks=repaired.text.count("\ufffd"))

    return apply


STAGE = Stage(
    name=NAME,
    summary="repair text that was decoded with the wrong encoding",
    wakes=ALWAYS,
    options=MojibakeOptions,
    build=build,
    adds=("damage_marks",),
)
