"""TODO."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.census import ALWAYS
from pipeline.document import Document
from pipeline.stages.base import Apply, Options, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class BoilerplateOptions(Options):
    """Options of the boilerplate stage."""


def build(options: BoilerplateOptions) -> Apply:
    """Return the stage's function."""

    def apply(document: Document) -> Document:
        return document

    return apply


STAGE = Stage(
    name="boilerplate",
    summary="TODO",
    wakes=ALWAYS,
    options=BoilerplateOptions,
    build=build,
)
