"""Chinese text in one script: Traditional to Simplified, or the other way.

Detects the script of every document (columns `script` and `language`, from the census alone) and
converts Chinese text that is not in the target script. Japanese and Korean are never converted;
of a mixed document only the paragraphs in another script than the target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.census import ALWAYS, Census, census
from pipeline.document import Document, difference
from pipeline.stages.base import Apply, ApplyBatch, Options, Outcome, Stage, option
from pipeline.text.conversion import converter
from pipeline.text.scripts import HANS, HANT, JAPANESE, KOREAN, MIXED, scripts
from pipeline.text.substitutions import substitutions

RULE = "traditional-form"
FROM_TEXT = (
    "title",
    "source",
    "place",
    "author",
    "correspondent",
    "editor",
    "photographer",
    "translator",
)
LANGUAGES = {HANS: "zh", HANT: "zh", MIXED: "zh", JAPANESE: "ja", KOREAN: "ko"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptOptions(Options):
    """Options of the script stage."""

    target: str = option("hans", "script to write: hans or keep", pattern="hans|keep")


def build_batch(options: ScriptOptions) -> ApplyBatch:
    """Return the stage's function for a batch."""

    def apply_batch(documents: Sequence[Document], counted: Census) -> list[Outcome]:
        found = scripts(counted).tolist()
        outcomes: list[Outcome] = []
        for document, script in zip(documents, found, strict=True):
            out = document
            if options.target == "hans" and script in (HANT, MIXED):
                out = simplified(document)
            language = LANGUAGES.get(script, "other")
            outcomes.append(out.edited([], script=script, language=language))
        return outcomes

    return apply_batch


def build(options: ScriptOptions) -> Apply:
    """Return the stage's function."""
    apply_batch = build_batch(options)

    def apply(document: Document) -> Outcome:
        return apply_batch([document], census([document.text]))[0]

    return apply


def simplified(document: Document) -> Document:
    """Return a document with its Traditional paragraphs in Simplified characters."""
    lines = document.text.split("\n")
    convert = converter("t2s", "hans")
    found = scripts(census(lines))
    wanted = np.isin(found, (HANT, MIXED))
    text = "\n".join(
        convert(line) if yes else line for line, yes in zip(lines, wanted.tolist(), strict=True)
    )
    document = document.edited([], **_converted(document.columns, convert))
    if len(text) != len(document.text):
        return document.edited(difference("script", RULE, document.text, text))
    return document.edited(substitutions("script", RULE, document.text, text))


def _converted(columns: Mapping[str, object], convert: Callable[[str], str]) -> dict[str, object]:
    """Return the columns that were taken from the text, in the script of the text."""
    found: dict[str, object] = {}
    for name in FROM_TEXT:
        value = columns.get(name)
        if isinstance(value, str):
            found[name] = convert(value)
        elif isinstance(value, list):
            found[name] = [convert(item) for item in value]
    return found


STAGE = Stage(
    name="script",
    summary="detects the script of Chinese text and converts it to the one wanted",
    wakes=ALWAYS,
    options=ScriptOptions,
    build=build,
    build_batch=build_batch,
    adds=("script", "language"),
)
