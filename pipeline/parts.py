"""Parts: decisions + artifacts → the files of one part, by a worker.

A group of files is written whole, from the records of the artifacts, but for what the version
before has of its texts: of a slab that it holds the compressed texts, and with them the columns
that depend on the document alone; of a document that it dropped as well the head.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from pipeline.dedup.options import DedupOptions
from pipeline.made import Finished, Made, Receipts
from pipeline.part_records import PartRecords, in_place
from pipeline.report.summary import summarise_decided
from pipeline.shared import spans, with_signatures
from pipeline.store.files import output_errors
from pipeline.store.parquet import (
    WriteOptions,
    compress_texts,
    write_parquet,
    write_spliced,
)
from pipeline.store.schema import (
    DATA,
    DROPPED,
    FILES,
    LEDGER,
    select,
)
from pipeline.store.splice import Slab
from pipeline.store.texts import save

Places = NDArray[np.int64]

# What another document may change in the row of one that stays; the rest is of the document.
CHANGING = ("duplicate_cluster", "duplicate_count", "duplicate_urls")
MANY = 1 << 19
"""Receipts of a part that are held for writing and for the report at a time: one of a book."""
HEAD = 200  # characters of a dropped document that the audit shows


@dataclass(frozen=True, slots=True)
class PartJob:
    """What a worker needs to write the files of one part.

    `groups`: which of FILES are to be written. `plan`: path of an Arrow file with, per record of
    the part, artifact, row, what the ledger says of it, and the decision. `sources`: folder of each
    artifact. `slabs` (SLAB_DTYPE) of the texts, `heads` (HEAD_DTYPE) of the documents that are
    dropped; `earlier`: of each part that their `file` means, paths of its data and of its dropped
    documents. `texts`: folder and digest under which to tell where they lie. `receipts`: what is
    needed for the group `made`. `signatures`: by which options they are published, None where they
    are not. `threads` compress side by side. `weight`: about how many bytes texts or receipts have.
    """

    number: int
    groups: tuple[str, ...]
    plan: str
    sources: tuple[str, ...]
    folder: str
    write: WriteOptions
    slabs: NDArray[Any]
    heads: NDArray[Any]
    earlier: tuple[tuple[str, str], ...]
    texts: tuple[str, str]
    receipts: Receipts
    signatures: DedupOptions | None = None
    threads: int = 1
    weight: int = 0

    def path(self, name: str) -> Path:
        """Return the path of one of FILES."""
        return Path(self.folder) / name.format(self.number)


def write_part(job: PartJob) -> dict[str, dict[str, dict[str, int]]]:
    """Write groups of the files of one part; return for each what it counts.

    Both count `rows` by folder; `made` receipts by stage (`edits`), `decided` sums of what is
    published (`kept`).
    """
    with pa.memory_map(job.plan) as source:
        plan = pa.ipc.open_file(source).read_all()
    earlier = _Earlier(job, plan)
    made = Made(job.receipts, plan) if "made" in job.groups else None
    records = PartRecords(
        plan,
        job.sources,
        earlier.fresh(len(plan)) if "decided" in job.groups else None,
        earlier.headless(),
        made.wanted() if made is not None else None,
    )
    out: dict[str, dict[str, dict[str, int]]] = {}
    with ThreadPoolExecutor(job.threads) if job.threads > 1 else _Here() as pool:
        writing = []
        finished = Finished(made, records, job.write) if made is not None else None
        if finished is not None:
            paths = [job.path(name) for name in FILES["made"]]
            writing += [pool.submit(write) for write in finished.writers(paths, not job.number)]
            out["made"] = finished.counts()
            if len(records.edits) > MANY:  # one after the other takes less memory
                wait(writing)
                pa.default_memory_pool().release_unused()
            _write_summary(job, "made", finished.summary())
        if "decided" in job.groups:
            tables, pages = _decided(plan, records, earlier, job, pool)
            writers = _writers(job, tables, earlier.slabs, pages)
            writing += [pool.submit(write) for write in writers]
            out["decided"] = _count_decided(tables)
            _write_summary(job, "decided", summarise_decided(tables))
        for written in writing:
            written.result()
    if finished is not None:
        finished.save()
    pa.default_memory_pool().release_unused()  # a part may be large, and the worker goes on
    return out


class _Here(Executor):
    """Does at once what it is given: a single thread of compression would only cost its arena."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return what is done."""
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def _count_decided(tables: Mapping[str, pa.Table]) -> dict[str, dict[str, int]]:
    data = tables["data"]
    sums = {name: pc.sum(data.column(name)).as_py() or 0 for name in ("n_paragraphs", "n_chars")}
    return {"rows": _rows(tables), "kept": sums}


def _write_summary(job: PartJob, group: str, summary: Mapping[str, Any]) -> None:
    path = job.path(FILES[group][-1])
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # In its place at once: a worker that is killed leaves nothing that would be published.
        path.write_text(json.dumps(summary, ensure_ascii=False, default=str), "utf-8")


class _Earlier:
    """What is taken over: `slabs` with -1 for `file` where their texts have to be compressed.

    `gone`: places of the dropped documents; `heads` (HEAD_DTYPE) of them, with -1 for `file` where
    the text has to be read; `lost`: tables of `detail` and `text` of the others, by file.
    """

    def __init__(self, job: PartJob, plan: pa.Table) -> None:
        self.slabs = job.slabs.copy()
        self.tables: dict[int, pa.Table] = {}
        self.pages: dict[int, bytes] = {}
        self.gone = _places(plan, "dropped")
        self.heads = job.heads.copy()
        self.lost: dict[int, pa.Table] = {}
        for number, (data, dropped) in enumerate(job.earlier if "decided" in job.groups else ()):
            _take_over(self.slabs, number, partial(self._read, number, data))
            _take_over(self.heads, number, partial(self._read_heads, number, dropped, plan))

    def _read(self, number: int, path: str, mine: Places) -> None:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            names = [n for n in file.schema_arrow.names if n not in (*CHANGING, "text")]
            self.tables[number] = file.read(columns=names)
        with Path(path).open("rb") as stream:
            for i in mine.tolist():
                stream.seek(self.slabs["offset"][i])
                pages = stream.read(self.slabs["bytes"][i])
                if xxhash.xxh3_64_intdigest(pages) == self.slabs["check"][i]:
                    self.pages[i] = pages
                else:
                    self.slabs["file"][i] = -1

    def _read_heads(self, number: int, path: str, plan: pa.Table, mine: Places) -> None:
        key, columns = ["input_path", "record"], ["detail", "text"]
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows = file.read(columns=key + columns)
        rows = rows.take(pa.array(self.heads["row"][mine]))
        if rows.select(key).equals(plan.select(key).take(pa.array(self.gone[mine]))):
            self.lost[number] = rows.select(columns)
        else:
            self.heads["file"][mine] = -1

    def headless(self) -> Places:
        """Return the places of the dropped documents of which the text has to be read."""
        return self.gone[self.heads["file"] < 0]

    def fresh(self, n: int) -> NDArray[np.bool_]:
        """Return which of the part's n records lie in slabs whose texts have to be compressed."""
        out = np.zeros(n, np.bool_)
        for slab in self.slabs[self.slabs["file"] < 0]:
            out[slab["first"] : slab["last"]] = True
        return out

    def rows(self, first: int, last: int, schema: pa.Schema) -> list[pa.Table]:
        """Return what the documents of some slabs, which are taken over, have but the CHANGING."""
        slabs = self.slabs[first:last]
        begins, kept, files = slabs["row"], slabs["kept"], slabs["file"]
        joined = (files[1:] == files[:-1]) & (begins[1:] == begins[:-1] + kept[:-1])
        starts = np.flatnonzero(np.concatenate(([True], ~joined)))
        sizes = np.add.reduceat(kept, starts).tolist()
        runs = zip(files[starts].tolist(), begins[starts].tolist(), sizes, strict=True)
        return [self.tables[file].slice(row, size).cast(schema) for file, row, size in runs]

    def slab(self, i: int) -> Slab:
        """Return the compressed texts of a slab."""
        slab = self.slabs[i]
        return Slab(self.pages[i], int(slab["kept"]), int(slab["raw"]))


def _take_over(rows: NDArray[Any], number: int, read: Callable[[Places], None]) -> None:
    """Read those of the rows that lie in one file; -1 for `file` where they cannot be read."""
    mine = np.flatnonzero(rows["file"] == number)
    if len(mine):
        try:
            read(mine)
        except (OSError, pa.ArrowException):  # as good as not there
            rows["file"][mine] = -1


def _places(plan: pa.Table, status: str) -> Places:
    return np.flatnonzero(pc.equal(plan.column("status"), status).to_numpy())


def _decided(
    plan: pa.Table,
    records: PartRecords,
    earlier: _Earlier,
    job: PartJob,
    pool: Executor,
) -> tuple[dict[str, pa.Table], list[Slab]]:
    """Return what was decided about the records of a part, by folder, and the texts of the data."""
    kept = _places(plan, "kept")
    slabs = earlier.slabs
    bounds = np.searchsorted(kept, np.stack((slabs["first"], slabs["last"])))
    fresh = slabs["file"] < 0
    rows = [kept[first:last] for first, last in bounds.T[fresh].tolist()]
    new = _lasting(plan, records, np.concatenate([kept[:0], *rows]), job)
    starts = np.cumsum([0, *map(len, rows)]).tolist()
    texts = [new.column("text").slice(first, last - first) for first, last in pairwise(starts)]
    pressed = zip(starts, pool.map(partial(compress_texts, options=job.write), texts), strict=False)
    small = new.drop_columns(["text"])
    pieces, pages = [small.slice(0, 0)], []
    edges = np.flatnonzero(np.diff(fresh, prepend=True, append=True)).tolist()
    for first, last in pairwise([0, *edges, len(slabs)]):
        if first < last and not fresh[first]:
            pieces += earlier.rows(first, last, small.schema)
        for i in range(first, last):
            if fresh[i]:
                start, page = next(pressed)
                pieces.append(small.slice(start, int(slabs["kept"][i])))
            else:
                page = earlier.slab(i)
            pages.append(page)
    data = pa.concat_tables(pieces)
    for name in CHANGING:
        data = data.append_column(name, plan.column(name).take(pa.array(kept)))
    data = data.append_column("text", pa.nulls(len(data), pa.string()))
    return {
        "data": _in_order(data),
        "audit/dropped.parquet": _dropped_documents(plan, records, earlier),
        "ledger": select(plan, LEDGER),
    }, pages


def _in_order(data: pa.Table) -> pa.Table:
    """Return the columns of a data file in their order; signatures last."""
    names = [column.name for column in DATA]
    return data.select(names + [n for n in data.column_names if n not in names])


def _lasting(plan: pa.Table, records: PartRecords, places: Places, job: PartJob) -> pa.Table:
    """Return the columns of data that no other document changes."""
    table = records.at(places)
    marks = plan.column("shared").take(pa.array(places))
    table = table.append_column("shared_paragraphs", spans(table.column("text"), marks))
    ids = pa.repeat(pa.scalar(job.write.run_id, pa.string()), len(table))
    table = table.append_column("run_id", ids)
    found = select(table, tuple(column for column in DATA if column.name not in CHANGING))
    return with_signatures(found, job.signatures) if job.signatures else found


def _dropped_documents(plan: pa.Table, records: PartRecords, earlier: _Earlier) -> pa.Table:
    gone = earlier.gone
    told, decided = _told(records, earlier), plan.take(pa.array(gone))
    stage_reason = pc.split_pattern(decided.column("reason"), ":", max_splits=1)
    documents = {
        "id": decided.column("id"),
        "input_path": decided.column("input_path"),
        "record": decided.column("record"),
        "unit": pa.array(["document"] * len(gone), pa.string()),
        "stage": pc.list_element(stage_reason, 0) if len(gone) else pa.array([], pa.string()),
        "reason": pc.list_element(stage_reason, 1) if len(gone) else pa.array([], pa.string()),
        "detail": told.column("detail"),
        "twin": decided.column("twin"),
        "jaccard": decided.column("jaccard"),
        "text": told.column("text"),
    }
    return select(pa.table(documents), DROPPED)


def _told(records: PartRecords, earlier: _Earlier) -> pa.Table:
    """Return `detail` of the dropped documents and the head of their `text`."""
    table = records.at(earlier.headless())
    heads = pc.utf8_slice_codeunits(table.column("text"), 0, HEAD)
    pieces = [pa.table({"detail": table.column("detail"), "text": heads})]
    pieces += [rows.cast(pieces[0].schema) for rows in earlier.lost.values()]
    files = earlier.heads["file"]
    places = [np.flatnonzero(files == number) for number in (-1, *earlier.lost)]
    return in_place(pa.concat_tables(pieces), np.concatenate(places))


def _rows(tables: Mapping[str, pa.Table]) -> dict[str, int]:
    """Count the records of each table; a row may stand for several."""
    rows = {}
    for name, table in tables.items():
        counted = table.column("records") if "records" in table.column_names else None
        rows[name] = len(table) if counted is None else pc.sum(counted).as_py() or 0
    return rows


def _writers(
    job: PartJob,
    tables: Mapping[str, pa.Table],
    slabs: NDArray[Any],
    pages: Sequence[Slab],
) -> Iterator[Callable[[], None]]:
    """Yield what writes each table of the group `decided`; `pages`: the texts of data."""
    for name, (folder, table) in zip(FILES["decided"], tables.items(), strict=False):
        if folder == "data" and pages:
            yield partial(_write_data, job, table, slabs, pages)
        elif len(table) or not job.number:
            yield partial(write_parquet, table, job.path(name), job.write)


def _write_data(job: PartJob, data: pa.Table, slabs: NDArray[Any], pages: Sequence[Slab]) -> None:
    first = write_spliced(data, pages, job.path(FILES["decided"][0]), job.write)
    sizes = np.array([len(slab.pages) for slab in pages], np.int64)
    slabs = slabs.copy()
    slabs["row"] = np.cumsum(slabs["kept"]) - slabs["kept"]
    slabs["offset"] = first + np.cumsum(sizes) - sizes
    slabs["bytes"] = sizes
    slabs["raw"] = [slab.raw for slab in pages]
    slabs["check"] = [xxhash.xxh3_64_intdigest(slab.pages) for slab in pages]
    folder, digest = job.texts
    save(Path(folder), digest, slabs, job.heads["word"])
