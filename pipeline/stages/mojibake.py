"""TODO."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.census import ALWAYS
from pipeline.document import Document
from pipeline.stages.base import Apply, Options, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class MojibakeOptions(Options):
    """Options of the mojibake stage."""


def build(options: MojibakeOptions) -> Apply:
    """Return the stage's function."""

    def apply(document: Document) -> Document:
        return document

    return apply


STAGE = Stage(
    name="mojibake",
    summary="TODO",
    wakes=ALWAYS,
    options=MojibakeOptions,
    build=build,
)
