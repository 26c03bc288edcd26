"""Publish: decisions + artifacts → the files of a version.

The corpus, in order of key, is cut into parts. A cut depends only on the keys and sizes of the
records near it, so that a document that comes or goes changes the parts beside it and no other: all
others are the same files in the new version, by hard link.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.corpus import Corpus, read_records, take_edits, take_records
from pipeline.dedup.options import DedupOptions
from pipeline.plan import sha
from pipeline.report.summary import summarise
from pipeline.shared import spans, with_signatures
from pipeline.sites import apply_removals
from pipeline.store.files import output_errors, write_bytes
from pipeline.store.schema import CLUSTERS, DATA, DROPPED, EDITS, LEDGER, QUARANTINE, Column, schema

# The folders of a version that hold one file per part.
PARTS: dict[str, tuple[Column, ...]] = {
    "data": DATA,
    "audit/edits.parquet": EDITS,
    "audit/dropped.parquet": DROPPED,
    "quarantine": QUARANTINE,
    "ledger": LEDGER,
}
SUMMARIES = "audit/summaries"  # JSON per part, from which the report is made
# Stages whose removals of whole lines count as dropped paragraphs.
REMOVING = ("metadata", "boilerplate", "repetition", "sites", "decide")
LOOKUP_ROWS = 1 << 16  # rows of a row group where single documents are looked up
HEAD = 200  # characters of a dropped document that the audit shows
PLAIN_TEXT = {"text", "before", "after", "sample", "extra", "content_hash", "id", "url"}


@dataclass(frozen=True, slots=True)
class Part:
    """A run of the corpus, ranks `first` to `last` (exclusive), and the digest of its content."""

    number: int
    first: int
    last: int
    digest: str


def cut_parts(
    corpus: Corpus, decisions: pa.Table, sizes: NDArray[np.int64], part_bytes: int, program: str
) -> list[Part]:
    """Cut the corpus into parts of about `part_bytes`, and digest what each will hold."""
    bounds = content_cuts(corpus, sizes, part_bytes)
    digests = _row_digests(corpus, decisions)
    return [
        Part(i, first, last, sha(program.encode(), digests[first:last].tobytes()))
        for i, (first, last) in enumerate(pairwise(bounds))
    ]


def content_cuts(corpus: Corpus, sizes: NDArray[np.int64], part_bytes: int) -> list[int]:
    """Return the bounds of the parts: content-defined chunking over the keys.

    A record ends a part with a chance of its size / part_bytes, drawn from a hash of its key;
    a quarter of part_bytes at least and twice at most lie between two cuts.
    """
    n = len(corpus)
    records = corpus.table.column("record").to_numpy().astype(np.uint64)
    draws = _mix(corpus.path_hash ^ _mix(records + np.uint64(1)))
    chance = np.minimum(sizes.astype(np.float64) / part_bytes, 1.0) * float(2**64 - 2048)
    wanted = np.flatnonzero(draws < chance.astype(np.uint64)) + 1
    ends = np.cumsum(sizes)
    bounds = [0]
    while bounds[-1] < n:
        done = int(ends[bounds[-1] - 1]) if bounds[-1] else 0
        earliest = int(np.searchsorted(ends, done + part_bytes // 4)) + 1
        latest = int(np.searchsorted(ends, done + part_bytes * 2)) + 1
        place = int(np.searchsorted(wanted, earliest))
        cut = int(wanted[place]) if place < len(wanted) else n
        bounds.append(min(max(min(cut, latest), bounds[-1] + 1), n))
    return bounds if n else [0, 0]


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble words (the finaliser of splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _row_digests(corpus: Corpus, decisions: pa.Table) -> NDArray[np.uint64]:
    """Return per record a hash of all that its published rows depend on.

    The row of an artifact is a function of its piece and of the program; the decision is the rest.
    """
    import xxhash

    pieces: list[NDArray[np.uint64]] = []
    for artifact in corpus.artifacts:
        of_piece = np.array(
            [xxhash.xxh3_64_intdigest("\0".join(map(str, p)).encode()) for p in artifact.pieces],
            np.uint64,
        )
        owner = read_records(artifact.folder, ("piece",)).column("piece").to_numpy()
        pieces.append(of_piece[owner] if len(owner) else of_piece[:0])
    starts = np.cumsum([0, *map(len, pieces)])
    flat = np.concatenate(pieces) if pieces else np.zeros(0, np.uint64)
    owner_digest = flat[starts[corpus.artifact] + corpus.row]
    records = corpus.table.column("record").to_numpy().astype(np.uint64)
    rows = _mix(owner_digest ^ _mix(records + np.uint64(7)))
    named = [decisions.column(name) for name in ("duplicate_cluster", "removals", "shared")]
    decided = np.flatnonzero(np.logical_or.reduce([c.is_valid().to_numpy() for c in named]))
    for rank, row in zip(decided.tolist(), decisions.take(decided).to_pylist(), strict=True):
        rows[rank] ^= np.uint64(xxhash.xxh3_64_intdigest(json.dumps(row).encode()))
    return rows


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What is the same for every Parquet file of a version.

    `signatures`: by which options they are published, None where they are not.
    """

    run_id: str
    zstd_level: int
    signatures: DedupOptions | None = None


@dataclass(frozen=True, slots=True)
class PartJob:
    """What a worker needs to write the files of one part.

    `sources`: folder of each artifact. `slices`: path of an Arrow file with, per record of the
    part, artifact, row, input_path, and the decision. `threads` write files side by side.
    """

    number: int
    sources: tuple[str, ...]
    plan: str
    folder: str
    write: WriteOptions
    threads: int = 1


def part_name(number: int) -> str:
    """Return the file name of a part."""
    return f"part-{number:05d}.parquet"


def part_files(number: int) -> list[str]:
    """Return the files that a part may have, relative to the version."""
    return [
        *(f"{folder}/{part_name(number)}" for folder in PARTS),
        f"{SUMMARIES}/part-{number:05d}.json",
    ]


def write_part(job: PartJob) -> dict[str, dict[str, int]]:
    """Write the files of one part; return rows by folder, receipts by stage, sums of the kept."""
    with pa.memory_map(job.plan) as source:
        plan = pa.ipc.open_file(source).read_all()
    records, edits = apply_removals(*_collect(plan, job.sources), plan.column("removals"))
    tables = build_tables(plan, records, edits, job.write.run_id)
    if job.write.signatures is not None:
        tables["data"] = with_signatures(tables["data"], job.write.signatures)
    rows: dict[str, int] = {}
    writing: list[Future[None]] = []
    with ThreadPoolExecutor(job.threads) as pool:  # compression holds no lock of Python's
        for name, table in tables.items():
            counted = table.column("records") if "records" in table.column_names else None
            rows[name] = len(table) if counted is None else pc.sum(counted).as_py() or 0
            # The first part writes every file, however empty: a reader always finds the columns.
            if len(table) or job.number == 0:
                path = Path(job.folder) / name / part_name(job.number)
                group_rows = len(table) if name == "data" else LOOKUP_ROWS
                writing.append(pool.submit(write_parquet, table, path, job.write, group_rows))
        summary = json.dumps(summarise(tables), ensure_ascii=False, default=str).encode()
        for written in writing:
            written.result()
    write_bytes(Path(job.folder) / SUMMARIES / f"part-{job.number:05d}.json", summary)
    stages = pc.value_counts(tables["audit/edits.parquet"].column("stage")).to_pylist()
    data = tables["data"]
    return {
        "rows": rows,
        "edits": {row["values"]: row["counts"] for row in stages},
        "kept": {
            name: pc.sum(data.column(name)).as_py() or 0 for name in ("n_paragraphs", "n_chars")
        },
    }


def _collect(plan: pa.Table, sources: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """Read the part's records and receipts, in the order of the plan.

    The receipts' `row` becomes the place in the plan.
    """
    owners = plan.column("artifact").to_numpy()
    rows = plan.column("row").to_numpy()
    nothing = np.zeros(0, np.int64)
    pieces: list[pa.Table] = [take_records(Path(sources[0]), nothing)]
    receipts: list[pa.Table] = [take_edits(Path(sources[0]), nothing)]
    places: list[NDArray[np.int64]] = [nothing]
    numbers, firsts = np.unique(owners, return_index=True)
    for number in numbers[np.argsort(firsts)]:  # mostly the order of the plan already
        folder = Path(sources[number])
        mine = np.flatnonzero(owners == number)
        pieces.append(take_records(folder, rows[mine]))
        places.append(mine)
        found = take_edits(folder, rows[mine])
        if len(found):
            by_row = np.argsort(rows[mine], kind="stable")
            at = np.searchsorted(rows[mine][by_row], found.column("row").to_numpy())
            place = mine[by_row][at]
            receipts.append(found.set_column(0, "row", pa.array(place.astype(np.int32))))
    records = _sorted(pa.concat_tables(pieces), np.concatenate(places))
    edits = pa.concat_tables(receipts)
    return records, _sorted(edits, edits.column("row").to_numpy())


def _sorted(table: pa.Table, places: NDArray[Any]) -> pa.Table:
    """Return the rows of a table in order of their places; as it is where they are in order."""
    if bool((places[1:] >= places[:-1]).all()):
        return table
    return table.take(pa.array(np.argsort(places, kind="stable")))


def build_tables(
    plan: pa.Table, records: pa.Table, edits: pa.Table, run_id: str
) -> dict[str, pa.Table]:
    """Return the tables of a part by folder."""
    table = records
    for name in ("input_path", "duplicate_cluster", "duplicate_count", "duplicate_urls",
                 "twin", "jaccard"):  # fmt: skip
        table = table.append_column(name, plan.column(name))
    marked = spans(table.column("text"), plan.column("shared"))
    table = table.append_column("shared_paragraphs", marked)
    decided = pc.not_equal(plan.column("reason"), "")
    status = pc.if_else(decided, "dropped", table.column("status"))
    reason = pc.if_else(decided, plan.column("reason"), table.column("reason"))
    for name, values in (("status", status), ("reason", reason)):
        table = table.set_column(table.column_names.index(name), name, values)
    table = table.append_column("run_id", pa.array([run_id] * len(table), pa.string()))
    return {
        "data": _select(table.filter(pc.equal(status, "kept")), DATA),
        "audit/edits.parquet": _edits(table, edits),
        "audit/dropped.parquet": _dropped(table, edits),
        "quarantine": _select(table.filter(pc.equal(status, "quarantined")), QUARANTINE),
        "ledger": _select(table, LEDGER),
    }


def _select(table: pa.Table, columns: tuple[Column, ...]) -> pa.Table:
    arrays = [table.column(column.name).cast(column.type) for column in columns]
    return pa.Table.from_arrays(arrays, schema=schema(columns))


def _edits(table: pa.Table, edits: pa.Table) -> pa.Table:
    owner = edits.column("row")
    for name in ("id", "input_path", "record"):
        edits = edits.append_column(name, table.column(name).take(owner))
    return _select(edits, EDITS)


def _dropped(table: pa.Table, edits: pa.Table) -> pa.Table:
    gone = table.filter(pc.equal(table.column("status"), "dropped"))
    stage_reason = pc.split_pattern(gone.column("reason"), ":", max_splits=1)
    documents = {
        "id": gone.column("id"),
        "input_path": gone.column("input_path"),
        "record": gone.column("record"),
        "unit": pa.array(["document"] * len(gone), pa.string()),
        "stage": pc.list_element(stage_reason, 0) if len(gone) else pa.array([], pa.string()),
        "reason": pc.list_element(stage_reason, 1) if len(gone) else pa.array([], pa.string()),
        "detail": gone.column("detail"),
        "twin": gone.column("twin"),
        "jaccard": gone.column("jaccard"),
        "text": pc.utf8_slice_codeunits(gone.column("text"), 0, HEAD),
    }
    removed = pc.and_(
        pc.is_in(edits.column("stage"), pa.array(REMOVING)),
        pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(edits.column("after"))), 0),
    )
    removed = pc.and_(
        removed, pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(edits.column("before"))), 0)
    )
    lines = edits.filter(removed)
    owner = lines.column("row")
    n = len(lines)
    paragraphs = {
        "id": table.column("id").take(owner),
        "input_path": table.column("input_path").take(owner),
        "record": table.column("record").take(owner),
        "unit": pa.array(["paragraph"] * n, pa.string()),
        "stage": lines.column("stage"),
        "reason": lines.column("rule"),
        "detail": lines.column("note"),
        "twin": pc.if_else(
            pc.equal(lines.column("stage"), "repetition"),
            table.column("id").take(owner),
            pa.scalar(None, pa.string()),
        ),
        "jaccard": pa.nulls(n, pa.float32()),
        "text": pc.utf8_trim_whitespace(lines.column("before")),
    }
    both = [pa.table(documents), pa.table(paragraphs)]
    return pa.concat_tables([_select(part, DROPPED) for part in both])


def write_clusters(corpus: Corpus, decisions: pa.Table, path: Path, options: WriteOptions) -> None:
    """Write the members of every cluster: the document that stays, then those that go."""
    members = pa.array(
        np.flatnonzero(pc.is_valid(decisions.column("duplicate_cluster")).to_numpy())
    )
    decided = decisions.take(members)
    kept = pc.equal(decided.column("reason"), "")
    kind = pc.replace_substring_regex(decided.column("reason"), "decide:(.*)-duplicate", r"\1")
    table = corpus.table.select(["id", "input_path", "record"]).take(members)
    table = table.append_column("cluster", decided.column("duplicate_cluster"))
    table = table.append_column("kept", kept)
    table = table.append_column("kind", pc.if_else(kept, "survivor", kind))
    table = table.append_column("jaccard", decided.column("jaccard"))
    order = pc.sort_indices(table, [("cluster", "ascending"), ("kept", "descending")])
    write_parquet(_select(table.take(order), CLUSTERS), path, options)


def write_parquet(
    table: pa.Table, path: Path, options: WriteOptions, group_rows: int = LOOKUP_ROWS
) -> None:
    """Write one Parquet file with every writer option pinned: no default may alter its bytes."""
    plain = [name for name in table.column_names if name not in PLAIN_TEXT]
    table = table.replace_schema_metadata({"run_id": options.run_id})
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(
            table,
            path,
            compression="zstd",
            compression_level=options.zstd_level,
            use_dictionary=plain,
            write_page_checksum=True,
            write_statistics=plain,
            row_group_size=max(group_rows, 1),
            data_page_size=1 << 20,
            store_schema=True,
            version="2.6",
        )
