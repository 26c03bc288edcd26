"""One document explained: every edit in order, what it cost, and why the document stays or goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.document import Edit, undo_edits
from pipeline.errors import UsageError
from pipeline.report.difference import edit_spans, shorten, visible, visible_change
from pipeline.report.lookup import Found
from pipeline.stages import ORDER

CONTEXT = 20  # characters of text on either side of an edit
LONG = 60  # characters of a removed or inserted text that are shown whole
CHANGES = 6  # changes within one long edit that are shown
Mark = Callable[[str], str]


def plain_marks() -> tuple[Mark, Mark]:
    """Return marks of what went and what came, for output without colour."""
    return (lambda text: f"[-{text}-]"), (lambda text: f"{{+{text}+}}")


def colour_marks() -> tuple[Mark, Mark]:
    """Return marks in red and green."""
    return (lambda text: f"\x1b[31m{text}\x1b[0m"), (lambda text: f"\x1b[32m{text}\x1b[0m")


def explain(found: Found, marks: tuple[Mark, Mark]) -> Iterator[str]:
    """Yield the explanation of a document, line by line."""
    ledger = found.ledger
    place = ledger["input_path"] + (f"#{ledger['record']}" if ledger["record"] >= 0 else "")
    whole = ledger["id"] == ledger["input_path"]  # a file that is one document
    yield visible(ledger["id"] if whole else f"{ledger['id']}  ({place})")
    yield from _fate(found)
    for name, value in found.columns.items():
        if name in SHOWN and value not in (None, [], "", 0):
            shown = "、".join(value) if isinstance(value, list) else str(value)
            folder = name == "site" and ledger["input_path"].startswith(f"{shown}/")
            yield f"  {name:<15} {visible(shown)}{' (its folder)' if folder else ''}"
    yield from explain_steps(found.text, found.steps, marks)


SHOWN = (
    "title", "author", "correspondent", "editor", "photographer", "translator", "source",
    "published_at", "place", "url", "site", "language", "script", "encoding", "decode_errors",
    "damage_marks", "duplicate_count", "duplicate_urls",
)  # fmt: skip


def _fate(found: Found) -> Iterator[str]:
    status, reason = found.ledger["status"], found.ledger["reason"]
    yield f"  {status}{': ' + reason if reason else ''}"
    for row in found.gone:
        if row["unit"] == "document":
            if row["twin"]:
                yield f"  stays instead: {visible(row['twin'])} (Jaccard {row['jaccard']:.3f})"
            if row["detail"]:
                yield f"  {visible(row['detail'])}"


def explain_steps(
    text: str | None, steps: Sequence[Sequence[Edit]], marks: tuple[Mark, Mark]
) -> Iterator[str]:
    """Yield the edits of each stage with their context; `text` is what the last one left."""
    inputs: list[str | None] = []
    for step in reversed(steps):
        text = undo_edits(text, step) if text is not None else None
        inputs.append(text)
    if not steps and text is not None:
        yield "  no edits: the text is as it came"
    for step, source in zip(steps, reversed(inputs), strict=True):
        yield f"{step[0].stage}: {len(step)} edit{'s' if len(step) > 1 else ''}"
        for edit in step:
            sure = f" {edit.confidence:.2f}" if edit.confidence < 0.995 else ""
            note = f"  ({edit.note})" if edit.note else ""
            yield f"  @{edit.start} {edit.rule}{sure}: {in_context(source, edit, marks)}{note}"


def in_context(source: str | None, edit: Edit, marks: tuple[Mark, Mark]) -> str:
    """Return an edit with the text around it, on one line."""
    went, came = marks
    before = source[max(0, edit.start - CONTEXT) : edit.start] if source else ""
    after = source[edit.end : edit.end + CONTEXT] if source else ""
    mark = {"del": went, "ins": came}
    changed = "".join(
        mark[kind](visible_change(shorten(text, LONG))) if kind in mark else visible(text)
        for kind, text in edit_spans(edit.before, edit.after, CONTEXT, CHANGES)
    )
    return f"{visible(before)}{changed}{visible(after)}"


def as_json(found: Found) -> dict[str, Any]:
    """Return everything that is known of a document, as JSON values."""
    columns: Mapping[str, Any] = found.columns
    return {
        **found.ledger,
        "columns": {k: str(v) if k == "published_at" and v else v for k, v in columns.items()},
        "steps": [[edit._asdict() for edit in step] for step in found.steps],
        "dropped": list(found.gone),
    }


def text_at(texts: list[tuple[str, str]], stage: str) -> str:
    """Return the text as it stood after a stage; one that changed nothing left it as it was."""
    names = ["input", *(name for name, _ in ORDER)]
    if stage not in names:
        raise UsageError(f"unknown stage {stage}", f"stages are: {', '.join(names)}")
    if not texts:
        raise UsageError("the text of this document is kept nowhere", "its cleaned shard has gone")
    reached = [text for name, text in texts if names.index(name) <= names.index(stage)]
    return reached[-1]
