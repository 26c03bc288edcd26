"""The columns of what is published: one row a column, with what it means.

The dataset card and the documentation are written from these rows.
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa


class Column(NamedTuple):
    """A published column."""

    name: str
    type: pa.DataType
    doc: str


NAMES = pa.list_(pa.string())

SPANS = pa.list_(
    pa.struct(
        [
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("twin", pa.string()),
            ("jaccard", pa.float32()),
        ]
    )
)
"""Spans of the text, in code points, each with the id of the other document."""

# A time zone with a name, since polars and pandas read names only; +08:00 all year since 1992.
DATE = pa.timestamp("us", tz="Asia/Shanghai")

DATA: tuple[Column, ...] = (
    Column("id", pa.string(), "the record's own id, or its path and number"),
    Column("text", pa.string(), "the clean text, one line a paragraph"),
    Column("title", pa.string(), "title that the document gives, joined where it had two lines"),
    Column("author", NAMES, "names of the authors, without roles"),
    Column("correspondent", NAMES, "names of the correspondents (通讯员)"),
    Column("editor", NAMES, "names of the editors (编辑, 责任编辑)"),
    Column("photographer", NAMES, "names of the photographers"),
    Column("translator", NAMES, "names of the translators"),
    Column("source", pa.string(), "where the document says that it was taken from (来源)"),
    Column("published_at", DATE, "when it says that it was published; +08:00 where it names none"),
    Column("published_at_zone", pa.string(), "stated, or assumed (+08:00)"),
    Column("place", pa.string(), "place of the dateline (本报济南讯)"),
    Column("url", pa.string(), "address of the page"),
    Column(
        "site",
        pa.string(),
        "host of the address, or what the record names; of other files their folder",
    ),
    Column("language", pa.string(), "ISO 639 code of the main language"),
    Column("script", pa.string(), "script and region before conversion: Hans, Hant-TW, ..."),
    Column("encoding", pa.string(), "encoding from which the bytes were decoded"),
    Column("encoding_confidence", pa.float32(), "0-1; 1 for strict UTF-8 and for text in JSON"),
    Column("decode_errors", pa.int32(), "bytes that could not be decoded"),
    Column("damage_marks", pa.int32(), "characters � left in the text: what no bytes say any more"),
    Column("n_chars", pa.int32(), "characters (code points) of the text"),
    Column("n_paragraphs", pa.int32(), "lines of the text"),
    Column("n_edits", pa.int32(), "receipts in the audit for this document"),
    Column("content_hash", pa.string(), "SHA-256 of the text, first 32 hex digits"),
    Column("duplicate_cluster", pa.string(), "id of the cluster that this document stands for"),
    Column("duplicate_count", pa.int32(), "documents dropped in favour of this one"),
    Column("duplicate_urls", NAMES, "addresses (or ids) of those documents"),
    Column("shared_paragraphs", SPANS, "long paragraphs that an earlier document has as well"),
    Column("extra", pa.string(), "other fields of the record, as JSON"),
    Column("input_path", pa.string(), "file from which the record came"),
    Column("record", pa.int64(), "number of the record in its file, from 0"),
    Column("run_id", pa.string(), "hash of recipe, code, tables and dependencies"),
)

_WHOSE = (
    Column("id", pa.string(), "id of the document"),
    Column("input_path", pa.string(), "its file"),
    Column("record", pa.int64(), "its record"),
)

EDITS: tuple[Column, ...] = (
    *_WHOSE,
    Column("step", pa.int16(), "order of the stages that changed it, from 0"),
    Column("stage", pa.string(), "stage that made the edit"),
    Column("rule", pa.string(), "defect that was found"),
    Column("start", pa.int32(), "first code point, in the stage's input"),
    Column("end", pa.int32(), "code point after the last"),
    Column("before", pa.string(), "text that stood there"),
    Column("after", pa.string(), "text that stands there now"),
    Column("confidence", pa.float32(), "0-1"),
    Column("note", pa.string(), "what else: twin, column, line of audit/site_lines"),
)

DROPPED: tuple[Column, ...] = (
    *_WHOSE,
    Column("unit", pa.string(), "document or paragraph"),
    Column("stage", pa.string(), "stage that dropped it"),
    Column("reason", pa.string(), "rule or kind of duplicate"),
    Column("detail", pa.string(), "what there is to say about it"),
    Column("twin", pa.string(), "id of the document that stays instead"),
    Column("jaccard", pa.float32(), "similarity with the twin, 0-1"),
    Column("text", pa.string(), "the paragraph, or the head of the document (200 characters)"),
)

CLUSTERS: tuple[Column, ...] = (
    Column("cluster", pa.string(), "id of the cluster: the id of the document that stays"),
    Column("id", pa.string(), "id of a member"),
    Column("input_path", pa.string(), "its file"),
    Column("record", pa.int64(), "its record"),
    Column("kept", pa.bool_(), "whether it is the one that stays"),
    Column("kind", pa.string(), "survivor, exact, near or contained"),
    Column("jaccard", pa.float32(), "similarity with the survivor, 0-1"),
)

SITE_LINES: tuple[Column, ...] = (
    Column("line", pa.string(), "name of the line, as the notes of its receipts have it"),
    Column("site", pa.string(), "the site"),
    Column("kind", pa.string(), "line (the same everywhere) or form (with changing values)"),
    Column("documents", pa.int64(), "documents of the site that have it, reprints not counted"),
    Column("site_documents", pa.int64(), "documents of the site, reprints not counted"),
    Column("examples", NAMES, "ids of the first documents that have it"),
)

QUARANTINE: tuple[Column, ...] = (
    Column("input_path", pa.string(), "file"),
    Column("record", pa.int64(), "number of the record, from 0"),
    Column("offset", pa.int64(), "byte at which it begins, where known; else -1"),
    Column("reason", pa.string(), "reason code"),
    Column("detail", pa.string(), "what went wrong"),
    Column("sample", pa.binary(), "the first bytes of it"),
    Column(
        "records", pa.int64(), "how many records the row stands for: 1, but for floods of faults"
    ),
)

LEDGER: tuple[Column, ...] = (
    Column("input_path", pa.string(), "file"),
    Column("record", pa.int64(), "number of the record, from 0"),
    Column("id", pa.string(), "id of the document"),
    Column("status", pa.string(), "kept, dropped or quarantined"),
    Column("reason", pa.string(), "why it was dropped or quarantined"),
    Column(
        "records", pa.int64(), "how many records the row stands for: 1, but for floods of faults"
    ),
)

FILES = {
    "made": (
        "audit/edits.parquet/part-{:05d}.parquet",
        "audit/dropped.parquet/paragraphs-{:05d}.parquet",
        "quarantine/part-{:05d}.parquet",
        "audit/summaries/made-{:05d}.json",
    ),
    "decided": (
        "data/part-{:05d}.parquet",
        "audit/dropped.parquet/part-{:05d}.parquet",
        "ledger/part-{:05d}.parquet",
        "audit/summaries/decided-{:05d}.json",
    ),
}
"""The files of each group of a part, by its number. A file without a row is left out, but of the
first part: a reader always finds the columns."""


def schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the Arrow schema of a table."""
    return pa.schema([(column.name, column.type) for column in columns])


def select(table: pa.Table, columns: tuple[Column, ...]) -> pa.Table:
    """Return the columns of a table as they are published."""
    arrays = [table.column(column.name).cast(column.type) for column in columns]
    return pa.Table.from_arrays(arrays, schema=schema(columns))
