"""TODO."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.census import ALWAYS
from pipeline.document import Document
from pipeline.stages.base import Apply, Options, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationsOptions(Options):
    """Options of the annotations stage."""


def build(options: AnnotationsOptions) -> Apply:
    """Return the stage's function."""

    def apply(document: Document) -> Document:
        return document

    return apply


STAGE = Stage(
    name="annotations",
    summary="TODO",
    wakes=ALWAYS,
    options=AnnotationsOptions,
    build=build,
)
