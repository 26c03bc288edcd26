"""The artifact of a cleaned shard: a folder with every record, its receipts and its arrays.

    records.arrow   a row per input record, in order: what becomes of it, text and columns
    edits.arrow     a row per receipt: row of the record, step, stage, rule, ...
    <name>.npy      arrays for `decide`, first axis = rows of records.arrow
    lines.npy       lines of the documents that have a site (LINE_DTYPE), `owner` = row
    paragraphs.npy  long paragraphs (PARAGRAPH_DTYPE), `owner` = row
    meta.json       pieces and counts; written last

Arrow IPC, as it is written once, read once or twice, and never published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.document import Document, Dropped, Edit, RawDocument
from pipeline.engines.pulse import alive
from pipeline.readers import Fault
from pipeline.readers.fields import encodable
from pipeline.store.files import output_errors
from pipeline.store.ipc import COMPRESSION
from pipeline.store.schema import DATA, EDITS

# Columns of DATA that the stages or the record give, as they stand in Document.columns.
GIVEN = (
    "title", "author", "correspondent", "editor", "photographer", "translator", "source",
    "published_at", "published_at_zone", "place", "url", "site", "language", "script", "encoding",
)  # fmt: skip
LISTS = frozenset(c.name for c in DATA if pa.types.is_list(c.type))
_TYPES = {column.name: column.type for column in DATA}
RECORD_SCHEMA = pa.schema(
    [
        ("piece", pa.int32()),
        ("record", pa.int64()),
        ("records", pa.int64()),  # 1, or more where a fault stands for several
        ("status", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("offset", pa.int64()),
        ("sample", pa.binary()),
        ("id", pa.string()),
        ("text", pa.string()),
        *((name, _TYPES[name]) for name in GIVEN),
        ("encoding_confidence", pa.float32()),
        ("decode_errors", pa.int32()),
        ("damage_marks", pa.int32()),
        ("n_chars", pa.int32()),
        ("n_chars_in", pa.int32()),
        ("n_paragraphs", pa.int32()),
        ("n_paragraphs_in", pa.int32()),
        ("size", pa.int64()),  # bytes of text, by which parts are cut
        ("n_edits", pa.int32()),
        ("content_hash", pa.string()),
        ("extra", pa.string()),
    ]
)
EDIT_SCHEMA = pa.schema(
    [
        ("row", pa.int32()),
        ("step", pa.int16()),
        *((c.name, c.type) for c in EDITS[4:]),
    ]
)
EDITS_AT_ONCE = 1 << 16
"""Receipts of a batch on disk: the dirtiest batch of documents has fewer, a dirty book millions."""
_MOST_BYTES = (1 << 31) - 1  # of all texts in an array of strings
_STORED = {field.name: field.type for field in RECORD_SCHEMA}
# What a record has that says nothing of itself; a list of names is empty, never null.
_ABSENT: dict[str, Any] = {
    **{name: [] for name in LISTS & set(GIVEN)},
    "encoding": "utf-8",
    "encoding_confidence": 1.0,
    "decode_errors": 0,
}
_KEPT: dict[str, Any] = {
    "records": 1, "status": "kept", "reason": "", "detail": "", "offset": -1, "sample": b"",
}  # fmt: skip


class Row:
    """A record on its way into an artifact. Mutable, and private to the cleaning of one batch."""

    __slots__ = (
        "damage_marks", "detail", "document", "id", "n_input_chars", "n_input_paragraphs",
        "n_lines", "offset", "piece", "reason", "record", "records", "sample", "source", "status",
    )  # fmt: skip

    def __init__(self, piece: int, source: RawDocument | Fault) -> None:
        self.piece = piece
        self.source = source
        self.record = source.record
        self.document: Document | None = None
        self.damage_marks = self.n_input_chars = self.n_input_paragraphs = self.n_lines = 0
        self.status, self.reason, self.detail = "kept", "", ""
        self.offset, self.sample, self.records = -1, b"", 1
        if isinstance(source, Fault):
            self.id = f"{source.path}#{source.record}"
            self.status, self.reason, self.detail = "quarantined", source.reason, source.detail
            self.offset, self.sample = source.offset, source.sample
            self.records = source.records
        else:
            self.id = source.id or f"{source.path}#{source.record}"

    @property
    def text(self) -> str:
        """The text as it came out, empty where there is none."""
        return self.document.text if self.document and self.status == "kept" else ""

    @property
    def site(self) -> str:
        """The site of the document, empty where it has none."""
        return str(self.document.columns.get("site") or "") if self.document else ""

    def take(self) -> Document:
        """Return the document and hold it no longer."""
        document, self.document = self.document, None
        assert document is not None
        return document

    def drop(self, dropped: Dropped) -> None:
        """Note that a stage dropped the document."""
        self.document = dropped.document
        self.status, self.detail = "dropped", dropped.detail
        self.reason = f"{dropped.stage}:{dropped.reason}"

    def quarantine(self, reason: str, detail: str) -> None:
        """Note that the record could not be processed."""
        self.status, self.reason, self.detail = "quarantined", reason, detail
        data = self.source.data if isinstance(self.source, RawDocument) else b""
        raw = data if isinstance(data, bytes) else data[:200].encode("utf-8", "replace")
        self.sample, self.document = raw[:200], None


class ShardWriter:
    """Writes an artifact batch by batch; the folder is complete when the block ends well."""

    def __init__(self, folder: Path, compression: str = "none") -> None:
        self.folder = folder
        self.options = pa.ipc.IpcWriteOptions(
            compression=None if compression == "none" else compression
        )
        self.rows = 0
        self.arrays: dict[str, list[Any]] = {}

    def __enter__(self) -> Self:
        with output_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self.records = self._new("records", RECORD_SCHEMA)
            self.edits = self._new("edits", EDIT_SCHEMA)
        return self

    def _new(self, name: str, schema: pa.Schema) -> pa.RecordBatchFileWriter:
        if self.options.compression:
            schema = schema.with_metadata({COMPRESSION: self.options.compression})
        return pa.ipc.new_file(str(self.folder / f"{name}.arrow"), schema, options=self.options)

    def write(
        self, rows: Sequence[Row], features: Mapping[str, Any], owned: Mapping[str, NDArray[Any]]
    ) -> None:
        """Append a batch of rows with their arrays, and arrays whose `owner` is a row of it."""
        for name, records in owned.items():
            records["owner"] += self.rows
            self.arrays.setdefault(name, []).append(records)
        with output_errors(self.folder):
            self.records.write_batch(record_batch(rows))
            for batch in edit_batches(rows, self.rows):
                self.edits.write_batch(batch)
                alive()
        for name, array in features.items():
            self.arrays.setdefault(name, []).append(array)
        self.rows += len(rows)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            with suppress(OSError):  # what went wrong first is what counts
                self.records.close()
                self.edits.close()
            return
        with output_errors(self.folder):
            self.records.close()
            self.edits.close()
            for name, parts in self.arrays.items():
                # By column: `decide` reads one column of hashes of all shards at a time.
                array = np.asfortranarray(np.concatenate(parts))
                np.save(self.folder / f"{name}.npy", array)


def record_batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """Return rows as an Arrow batch of RECORD_SCHEMA.

    What most records of a batch do not have costs nothing: such a column is made in one go.
    """
    n = len(rows)
    documents = [row.document for row in rows]
    texts = [document.text if document else None for document in documents]
    raw = [text.encode() if text is not None else None for text in texts]
    columns: list[Mapping[str, Any]] = [d.columns if d else {} for d in documents]
    arrays = _given(columns, [text is not None for text in texts])
    arrays.update(_fates(rows))
    hashes = [hashlib.sha256(d).hexdigest()[:32] if d is not None else None for d in raw]
    values: dict[str, Any] = {
        "piece": [row.piece for row in rows],
        "record": [row.record for row in rows],
        "damage_marks": [row.damage_marks for row in rows],
        "n_chars": [len(text) if text is not None else 0 for text in texts],
        "n_chars_in": [row.n_input_chars for row in rows],
        "n_paragraphs": [row.n_lines if text else 0 for row, text in zip(rows, texts, strict=True)],
        "n_paragraphs_in": [row.n_input_paragraphs for row in rows],
        "size": [len(data) if data is not None else 0 for data in raw],
        "n_edits": [sum(map(len, d.steps)) if d and d.steps else 0 for d in documents],
        "content_hash": hashes,
    }
    arrays["id"] = _strings([row.id for row in rows])
    arrays["text"] = _texts(raw)
    arrays |= {name: pa.array(column, _STORED[name]) for name, column in values.items()}
    assert all(len(array) == n for array in arrays.values())
    return pa.RecordBatch.from_arrays(
        [arrays[name] for name in RECORD_SCHEMA.names], schema=RECORD_SCHEMA
    )


def _texts(raw: Sequence[bytes | None]) -> pa.Array:
    """Return texts in UTF-8 as an array: laid end to end once, where a builder copies twice."""
    ends = np.cumsum([0, *(len(data) for data in raw if data is not None)])
    if len(ends) <= len(raw) or ends[-1] > _MOST_BYTES:
        return pa.array(raw, pa.binary()).view(pa.string())
    data = b"".join(cast("Sequence[bytes]", raw))
    buffers = (None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(data))
    return pa.Array.from_buffers(pa.string(), len(raw), buffers)


def _given(columns: Sequence[Mapping[str, Any]], full: Sequence[bool]) -> dict[str, pa.Array]:
    """Return the columns that stages and records give; `full` tells which rows have a text."""
    present = set().union(*columns)
    out: dict[str, pa.Array] = {}
    for name in (*GIVEN, "encoding_confidence", "decode_errors", "extra"):
        default = _ABSENT.get(name)
        if name not in present and name != "encoding":
            out[name] = _repeated(default, _STORED[name], len(columns))
            continue
        values = [c.get(name, default) for c in columns]
        if name in LISTS:
            values = [as_names(value) if value else [] for value in values]
        elif name in ("title", "source", "place", "url", "site"):
            out[name] = _strings([v if v is None else str(v) for v in values])
            continue
        elif name == "encoding":
            values = [v if c or f else None for v, c, f in zip(values, columns, full, strict=True)]
        out[name] = pa.array(values, _STORED[name])
    return out


def _fates(rows: Sequence[Row]) -> dict[str, pa.Array]:
    """Return the columns that say what becomes of the records."""
    names = ("records", "status", "reason", "detail", "offset", "sample")
    if all(row.status == "kept" for row in rows):
        return {name: _repeated(_KEPT[name], _STORED[name], len(rows)) for name in names}
    values: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in names}
    values["detail"] = encodable(values["detail"])
    return {name: pa.array(column, _STORED[name]) for name, column in values.items()}


def _repeated(value: Any, kind: pa.DataType, n: int) -> pa.Array:
    if value is None:
        return pa.nulls(n, kind)
    return pa.array([value] * n, kind) if value == [] else pa.repeat(pa.scalar(value, kind), n)


def edit_batches(rows: Sequence[Row], first: int) -> Iterator[pa.RecordBatch]:
    """Yield the receipts of rows as Arrow batches of EDIT_SCHEMA; `first` numbers row 0."""
    places: list[tuple[int, int, int]] = []  # row, step, receipts
    edits: list[Edit] = []
    for number, row in enumerate(rows, first):
        for i, step in enumerate(row.document.steps if row.document is not None else ()):
            for some in _portions(step):
                edits += some
                places.append((number, i, len(some)))
                if len(edits) >= EDITS_AT_ONCE:
                    yield _edit_batch(places, edits)
                    places, edits = [], []
    if edits:
        yield _edit_batch(places, edits)


def _portions(step: Sequence[Edit]) -> Iterator[Sequence[Edit]]:
    """Cut the receipts of a very long text: packed, they are few bytes each."""
    if len(step) <= EDITS_AT_ONCE:
        yield step
        return
    left = iter(step)
    while some := list(islice(left, EDITS_AT_ONCE)):
        yield some


def _edit_batch(places: Sequence[tuple[int, int, int]], edits: Sequence[Edit]) -> pa.RecordBatch:
    owners, steps, counts = np.array(places, np.int64).T
    columns = [np.repeat(owners, counts), np.repeat(steps, counts), *zip(*edits, strict=True)]
    arrays = [
        pa.array(values, field.type) for values, field in zip(columns, EDIT_SCHEMA, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=EDIT_SCHEMA)


def _strings(values: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array(encodable(list(values)), pa.string())


def as_names(value: Any) -> list[str]:
    """Return a column of names as a list of strings."""
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str) else [str(v) for v in value]
