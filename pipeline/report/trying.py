"""One file through the readers and the document stages, without an output folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from pipeline.cleaning import Cleaner
from pipeline.readers import InputOptions, LimitOptions, Piece, discover, read
from pipeline.recipe import Recipe
from pipeline.records import Placed
from pipeline.report.lookup import Found
from pipeline.store.shard import Row

STDIN = "-"


def try_file(path: Path, recipe: Recipe, most: int) -> tuple[list[Found], bool]:
    """Clean the first records of a file, as `find` returns them; say whether there are more."""
    options, limits = recipe.section(InputOptions), recipe.section(LimitOptions)
    (file,) = discover([str(path)], options)
    records = list(islice(read(Piece(file), options, limits), most + 1))
    rows = Cleaner(recipe.values).rows([Placed(0, record) for record in records[:most]])
    return [_found(row, str(path)) for row in rows], len(records) > most


@contextmanager
def kept(data: bytes) -> Iterator[Path]:
    """Give bytes a path for as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / STDIN
        path.write_bytes(data)
        yield path


def _found(row: Row, path: str) -> Found:
    given = Path(path).name == STDIN  # its temporary name says nothing, nor does its folder
    names = [STDIN if given and name == row.source.path else name for name in (row.id, path)]
    ledger = {"id": names[0], "input_path": names[1], "record": row.record,
              "status": row.status, "reason": row.reason}  # fmt: skip
    if row.document is None:
        gone = {"unit": "document", "twin": None, "detail": row.detail}
        return Found(ledger, {}, None, (), (gone,))
    columns = {**row.document.columns, "damage_marks": row.damage_marks}
    if given:
        columns.pop("site", None)
    return Found(ledger, columns, row.document.text, row.document.steps, ())
