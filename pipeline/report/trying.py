"""One file through the document stages, without an output folder."""

from __future__ import annotations

from pathlib import Path

from pipeline.cleaning import Cleaner
from pipeline.document import RawDocument
from pipeline.recipe import Recipe
from pipeline.records import Placed
from pipeline.report.lookup import Found


def try_bytes(data: bytes, name: str, recipe: Recipe) -> list[Found]:
    """Clean one document and return it as `find` would return it from a published version."""
    page = Path(name).suffix.lower() in (".html", ".htm") or data.lstrip()[:15].lower().startswith(
        (b"<!doctype html", b"<html")
    )
    raw = RawDocument(name, 0, data, name, format="html" if page else "text")
    (row,) = Cleaner(recipe.values).rows([Placed(0, raw)])
    document = row.document
    ledger = {"id": name, "input_path": name, "record": 0, "status": row.status,
              "reason": row.reason}  # fmt: skip
    if document is None:
        return [Found(ledger, {}, None, (), ({"unit": "document", "twin": None,
                                              "detail": row.detail},))]  # fmt: skip
    columns = {**document.columns, "damage_marks": row.damage_marks}
    return [Found(ledger, columns, document.text, document.steps, ())]
