"""Chinese text in one script: Traditional to Simplified, or the other way.

Detects the script of every document from the census alone (columns `script`, of the text as it
was found, and `language`) and converts Chinese text that is not in the target script. Japanese
and Korean are never converted; of a document in both scripts only the lines that are not in the
target's. Text in the target script already does not change by one character.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice

import numpy as np
from numpy.typing import NDArray

from pipeline.census import ALWAYS, Census
from pipeline.document import Document, Edit, PackedEdits
from pipeline.stages.base import PARAGRAPHS, Apply, Options, Outcome, Stage, option
from pipeline.stages.pieces import pieces
from pipeline.text.script.conversion import Step, convert, step
from pipeline.text.script.language import languages
from pipeline.text.script.scripts import (
    HANS,
    HANT,
    MIXED,
    TRADITIONAL,
    detect,
    of_each,
    region,
    scripts,
    simplified_lines,
    traditional_lines,
    traditional_only,
)

NAME = "script"
# Columns that hold what was taken from the text, and so are in its script.
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
TARGETS = {"hans": HANS, "hant-tw": "Hant-TW", "hant-hk": "Hant-HK"}
# Characters that go through OpenCC at once: enough to make the arrays worth while, little enough
# to stay in the cache.
CHUNK = 1 << 17

Lines = NDArray[np.bool_] | None
"""Which lines of a document are converted: bool (n,); None for all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptOptions(Options):
    """Options of the script stage."""

    target: str = option(
        "hans",
        "script to write: hans, hant-tw, hant-hk, or keep (detect only)",
        pattern="^(hans|hant-tw|hant-hk|keep)$",
    )
    vocabulary: bool = option(False, "replace words of the region too (軟體 → 软件)")


def build(options: ScriptOptions) -> Apply:
    """Return the stage's function for a batch."""

    def apply_batch(documents: Sequence[Document], counted: Census) -> list[Outcome]:
        found = detect([document.text for document in documents], counted)
        out = list(documents)
        for conversion, chosen in _work(documents, counted, found, options):
            _run(out, chosen, conversion)
        spoken = languages(found, [document.text for document in documents], counted)
        # Not `edited([])`: for short documents its checks cost as much as the detection. `_make`
        # as well takes half the time of `Document(...)`.
        rows = zip(out, found, spoken, strict=True)
        return [
            Document._make((id_, text, {**columns, "script": script, "language": language}, steps))
            for (id_, text, columns, steps), script, language in rows
        ]

    return apply_batch


def _work(
    documents: Sequence[Document], counted: Census, found: list[str], options: ScriptOptions
) -> Iterator[tuple[Step, list[tuple[int, Lines]]]]:
    """Yield conversions, each with the documents (and the lines of them) to go through it."""
    if options.target == "keep":
        return
    select = _to_simplified if options.target == "hans" else _to_traditional
    jobs: dict[str, list[tuple[int, Lines]]] = {}
    for i, source, lines in select(documents, counted, found, TARGETS[options.target]):
        if lines is None or lines.any():
            jobs.setdefault(source, []).append((i, lines))
    for source, job in jobs.items():
        conversion = step(source, options.target, options.vocabulary)
        for _, chunk in groupby(job, key=_by_size(documents)):
            yield conversion, list(chunk)


def _by_size(documents: Sequence[Document]) -> Callable[[tuple[int, Lines]], int]:
    """Return a key that changes whenever `CHUNK` characters are full."""
    size = 0

    def key(job: tuple[int, Lines]) -> int:
        nonlocal size
        size += len(documents[job[0]].text)
        return size // CHUNK

    return key


def _to_simplified(
    documents: Sequence[Document], counted: Census, found: list[str], _: str
) -> Iterator[tuple[int, str, Lines]]:
    places = np.flatnonzero(counted.count("han_traditional")).tolist()
    foreign = (counted.count("kana", "hangul") > 2).tolist()
    by_line = [i for i in places if found[i] == MIXED or (found[i] in TRADITIONAL and foreign[i])]
    chosen = _traditional_lines(documents, counted, by_line)
    for i in places:
        script = found[i]
        if i in chosen:
            yield i, script if script in TRADITIONAL else HANT, chosen[i]
        elif script in TRADITIONAL:
            yield i, script, None


def _traditional_lines(
    documents: Sequence[Document], counted: Census, places: list[int]
) -> dict[int, NDArray[np.bool_]]:
    """Return which lines of the documents at some places are to be made Simplified."""
    if not places:
        return {}
    by_counts = scripts(counted.of(np.array(places)))
    chosen: dict[int, NDArray[np.bool_]] = {}
    for sure in (False, True):
        some = [i for i, script in zip(places, by_counts, strict=True) if (script == HANS) == sure]
        judge = partial(traditional_lines, sure=sure)
        chosen.update(zip(some, of_each([documents[i].text for i in some], judge), strict=True))
    return chosen


def _to_traditional(
    documents: Sequence[Document], counted: Census, found: list[str], target: str
) -> Iterator[tuple[int, str, Lines]]:
    foreign = counted.count("han_traditional", "kana", "hangul") > 0
    traditional = counted.count("han_traditional") > 0
    for i, script in enumerate(found):
        if script == HANS and not foreign[i]:
            yield i, script, None
        elif script in (HANS, MIXED):
            text = documents[i].text
            lines = text.split("\n")
            simplified = simplified_lines(lines)
            yield i, HANS, simplified
            # The other lines are to be in the region's forms too, or a second run would do it.
            if (source := region(text)) != target:
                yield i, source, traditional_lines(lines, sure=False) & ~simplified
        elif script in TRADITIONAL and script != target and traditional[i]:
            yield i, script, None


def _run(documents: list[Document], chosen: Sequence[tuple[int, Lines]], by: Step) -> None:
    """Take the chosen documents through one conversion, in place."""
    whole = {i for i, lines in chosen if lines is None}
    long = {i for i in whole if len(documents[i].text) > 2 * PARAGRAPHS}
    for i in long:
        documents[i] = _in_pieces(documents[i], by)
    parts = [
        (i, at, text)
        for i, lines in chosen
        if i not in long
        for at, text in _pieces(documents[i], lines)
    ]
    fields = _fields(documents, chosen, by)
    given = [text for _, _, text in parts]
    given += [str(value) for _, _, values in fields for value in values]
    results = iter(convert(given, by, NAME) if given else [])
    edits: dict[int, list[Edit]] = {}
    for (i, at, _), (text, found) in zip(parts, results, strict=False):
        if i in whole:
            documents[i] = documents[i].converted(text, found)
        else:
            edits.setdefault(i, []).extend(_shifted(found, at))
    for i, found in edits.items():
        documents[i] = documents[i].edited(found)
    for i, name, values in fields:
        new = [text for text, _ in islice(results, len(values))]
        several = isinstance(documents[i].columns[name], list)
        documents[i] = documents[i].edited([], **{name: new if several else new[0]})


def _in_pieces(document: Document, by: Step) -> Document:
    """Return a very long document, converted a piece at a time."""
    texts: list[str] = []
    edits = PackedEdits()
    at = 0
    for piece in pieces(document.text, PARAGRAPHS):
        ((text, found),) = convert([piece], by, NAME)
        texts.append(text)
        edits.add(found, at)
        at += len(piece)
    return document.converted("".join(texts), edits)


def _fields(
    documents: list[Document], chosen: Sequence[tuple[int, Lines]], by: Step
) -> list[tuple[int, str, Sequence[object]]]:
    """Return what the columns hold that was taken from the texts: to be converted with them.

    Of a mixed document only those that are in the other script themselves.
    """
    return [
        (i, name, value if isinstance(value, list) else [value])
        for i, lines in chosen
        if documents[i].columns
        for name in FROM_TEXT
        if (value := documents[i].columns.get(name)) and (lines is None or _foreign(value, by))
    ]


def _foreign(value: object, by: Step) -> bool:
    text = "".join(value) if isinstance(value, list) else str(value)
    return traditional_only().isdisjoint(text) != (by.table == "hans")


def _pieces(document: Document, lines: Lines) -> Iterator[tuple[int, str]]:
    """Yield (offset, text) of each run of chosen lines."""
    if lines is None:
        yield 0, document.text
        return
    at = 0
    rows = zip(document.text.split("\n"), lines.tolist(), strict=True)
    for wanted, run in groupby(rows, key=lambda row: row[1]):
        text = "\n".join(line for line, _ in run)
        if wanted:
            yield at, text
        at += len(text) + 1


def _shifted(edits: list[Edit], by: int) -> list[Edit]:
    return [edit._replace(start=edit.start + by, end=edit.end + by) for edit in edits]


STAGE = Stage(
    name=NAME,
    summary="detects the script of Chinese text and converts it to the one wanted",
    wakes=ALWAYS,
    options=ScriptOptions,
    build=build,
    of_text=True,
)
