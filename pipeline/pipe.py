"""`pipe`: document-local stages as a Unix filter over JSONL, in order, with bounded memory.

Whatever has arrived is processed at once, up to a batch: quick on a file, prompt at a keyboard.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

import orjson

from pipeline.cleaning import run_guarded
from pipeline.document import Document, Dropped, Edit
from pipeline.errors import UsageError
from pipeline.readers.fields import encodable
from pipeline.recipe import Recipe
from pipeline.stages import ORDER
from pipeline.stages.runner import Compiled, compile_stages

READ_BYTES = 1 << 20
BATCH_BYTES = 1 << 19
COLUMNS = "columns"


def filter_stream(recipe: Recipe, names: Sequence[str], source: BinaryIO, target: BinaryIO) -> int:
    """Run the named stages (all of the recipe where none is named) over JSONL; return 0.

    A line that is no object with a text comes back as it can, with `"quarantined": reason`, in its
    place: the output has a line for every line of the input.
    """
    stages = choose(recipe, names)
    for lines in _batches(source):
        target.writelines(_process(stages, lines))
        target.flush()
    return 0


def choose(recipe: Recipe, names: Sequence[str]) -> list[Compiled]:
    """Compile the named stages in recipe order; UsageError for a name that is none."""
    known = [name for name, _ in ORDER]
    for name in names:
        if name not in known:
            raise UsageError(f"unknown stage {name}", f"stages are: {', '.join(known)}")
    chosen = [
        # Naming a stage asks for it, whatever the recipe says.
        (stage, replace(options, enabled=True) if names else options)
        for stage, options in recipe.stages()
        if not names or stage.name in names
    ]
    return compile_stages(chosen)


def _batches(source: BinaryIO) -> Iterator[list[bytes]]:
    handle = source.fileno()
    rest: list[bytes] = []
    while block := os.read(handle, READ_BYTES):
        head, newline, tail = block.rpartition(b"\n")
        if not newline:
            rest.append(block)
            continue
        yield from _cut(b"".join([*rest, head]).split(b"\n"))
        rest = [tail] if tail else []
    if rest:
        yield from _cut(b"".join(rest).split(b"\n"))


def _cut(lines: list[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _process(stages: Sequence[Compiled], lines: Sequence[bytes]) -> Iterator[bytes]:
    objects = [_parse(line) for line in lines if line.strip()]
    documents = [
        Document(str(item.get("id", "")), encodable(item["text"]), _given(item))
        for item in objects
        if "quarantined" not in item
    ]
    outcomes = iter(run_guarded(stages, documents)[0])
    for item in objects:
        if "quarantined" not in item:
            _describe(item, next(outcomes))
        yield orjson.dumps(item, default=str) + b"\n"


def _parse(line: bytes) -> dict[str, Any]:
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError:
        # orjson refuses lone surrogates, which json and real crawls have.
        try:
            item = encodable(json.loads(line))
        except (ValueError, RecursionError) as error:
            return {"id": None, "quarantined": f"bad-json: {error}"}
    if not isinstance(item, dict):
        return {"id": None, "quarantined": "not-an-object"}
    if not isinstance(item.get("text"), str):
        return {**item, "quarantined": "no-text"}
    return item


def _given(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("url", "title", "site", "source") if item.get(name)}


def _describe(item: dict[str, Any], outcome: Document | Dropped | str) -> None:
    """Write an outcome into the object that it belongs to."""
    if isinstance(outcome, str):
        item["quarantined"] = f"stage-failed: {outcome}"
        return
    document = outcome.document if isinstance(outcome, Dropped) else outcome
    item["text"] = document.text
    item["edits"] = [edit_json(edit) for edit in document.edits]
    columns = {
        k: v for k, v in document.columns.items() if v not in (None, [], "") and k not in item
    }
    if columns:
        item[COLUMNS] = columns
    if isinstance(outcome, Dropped):
        item["dropped"] = f"{outcome.stage}:{outcome.reason}"


def edit_json(edit: Edit) -> dict[str, Any]:
    """Return an edit as a JSON object; what says nothing is left out."""
    out = edit._asdict()
    if edit.confidence == 1.0:
        del out["confidence"]
    if not edit.note:
        del out["note"]
    return out
