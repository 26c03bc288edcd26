"""The contract of a stage: one transform of one document, woken by the census.

A stage module holds an options dataclass and one `STAGE`. `build(options)` compiles whatever the
stage needs (tables, patterns) once per worker and returns the function that is called for the
documents of each batch that the census wakes; one that looks at documents one by one is made `each`
of what it does to one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pipeline.census import Census
from pipeline.document import Document, Dropped

T = TypeVar("T")

PARAGRAPHS = 1 << 20
"""`piece_chars` of a stage that looks no further than some paragraphs."""
CHAPTERS = 1 << 21
"""Of one that weighs a text as a whole: what is longer is no page but a book, or a heap of pages,
and its arrays would take more than a worker may."""

Outcome = Document | Dropped
Apply = Callable[[Sequence[Document], Census], list[Outcome]]
"""Takes documents and their census (row i for document i); returns outcomes in the same order."""


def each(build: Callable[[T], Callable[[Document], Outcome]]) -> Callable[[T], Apply]:
    """Return the `build` of a stage from what binds a function of one document to its options."""

    def of_batch(options: T) -> Apply:
        apply = build(options)
        return lambda documents, _: [apply(document) for document in documents]

    return of_batch


def option(default: Any, doc: str, **limits: Any) -> Any:
    """Declare one option of a stage: its default, what it does, and its limits (ge, le, pattern).

    The default is written here and nowhere else; the recipe, its JSON Schema, `check` and the
    documentation all derive from these fields.
    """
    metadata = {"doc": doc, **limits}
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options that every stage has."""

    enabled: bool = option(True, "run this stage")


@dataclass(frozen=True, slots=True)
class Stage:
    """A registered stage.

    `wakes` is a census mask: the stage sees a document only if one of these classes occurs in it. A
    text of more than twice `piece_chars` (0: none) is given to the stage piece by piece, which then
    must not drop it. `of_text`: what becomes of a document depends on nothing but its text, the
    options, and columns other than `url` and `extra` (whether there is an address may count); where
    a stage does not say so, copies are cleaned one by one.
    """

    name: str
    summary: str
    wakes: int
    options: type[Options]
    build: Callable[[Any], Apply]
    piece_chars: int = 0
    of_text: bool = False
