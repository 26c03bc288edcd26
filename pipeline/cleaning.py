"""Clean: one shard of input → one artifact. Document-local: it never looks at another document.

    read → decode → (extract) → stages → signatures → records, edits and arrays on disk

A task is a pure function of its job and of the bytes of its pieces. It writes into the temporary
folder that the job names and returns small statistics; the driver renames the folder.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from pipeline.census import ALWAYS, Census, census, classes
from pipeline.copies import Copies, Result
from pipeline.decode import DecodeOptions, decode
from pipeline.dedup.columns import halves
from pipeline.dedup.features import features
from pipeline.dedup.lines import SitesOptions
from pipeline.dedup.options import DedupOptions
from pipeline.document import Document, Dropped, RawDocument
from pipeline.engines.pulse import alive
from pipeline.readers.options import HtmlOptions, LimitOptions
from pipeline.records import CleanJob, Placed, batches
from pipeline.stages import registry
from pipeline.stages.base import PARAGRAPHS, Outcome
from pipeline.stages.pieces import pieces
from pipeline.stages.runner import Compiled, compile_stages, run_in_place
from pipeline.store.options import RunOptions
from pipeline.store.shard import Row, ShardWriter
from pipeline.text.sketches.line_hashes import line_records
from pipeline.text.sketches.paragraphs import paragraph_counts

# A document in which none of these occurs says nothing: only marks, symbols and space.
WORDS = ALWAYS & ~classes(
    "control", "tab", "newline", "carriage", "c1", "space", "wide_space", "odd_space",
    "ascii_mark", "ascii_bracket", "tag_start", "ascii_quote", "ascii_stop", "ascii_other",
    "escape", "ampersand", "soft_hyphen", "combining", "invisible", "variation", "curly_quote",
    "ellipsis_dash", "symbol",
    "cjk_stop", "cjk_bracket", "private", "wide_mark", "wide_bracket",
    "wide_other", "replacement", "noncharacter",
)  # fmt: skip

LARGE = 1 << 20
"""Length of data that is not held longer than it is needed."""


@dataclass(slots=True)
class CleanStats:
    """How many records a shard has, and how many of them are in quarantine."""

    records: int = 0
    quarantined: int = 0


def clean_shard(job: CleanJob) -> CleanStats:
    """Clean the pieces of a job into its folder."""
    values = job.values
    stats = CleanStats()
    cleaner = Cleaner(values)
    run: RunOptions = values["run"]
    with ShardWriter(Path(job.folder), run.state_compression) as writer:
        # One empty batch first: a shard without a record has all its arrays, too.
        for batch in chain(([],), batches(job)):
            rows = cleaner.rows(batch)
            stats.records += sum(row.records for row in rows)
            stats.quarantined += sum(r.records for r in rows if r.status == "quarantined")
            arrays, paragraphs = cleaner.features(rows)
            alive()
            writer.write(rows, arrays, {"lines": cleaner.lines(rows), "paragraphs": paragraphs})
    return stats


class Cleaner:
    """The compiled stages of a recipe, and what runs a batch of records through them."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.decode_options: DecodeOptions = values["decode"]
        self.html: HtmlOptions = values["html"]
        self.html.check()
        self.limits: LimitOptions = values["limits"]
        self.stages, self.copies = _compiled(tuple((s.name, values[s.name]) for s in registry()))
        self.dedup: DedupOptions = values["dedup"]
        self.sites: SitesOptions = values["sites"]

    def rows(self, batch: Sequence[Placed]) -> list[Row]:
        """Run a batch through decoding and the stages: one row per record, in order."""
        rows = [Row(item.piece, item.content) for item in batch]
        awake = [row for row in rows if isinstance(row.source, RawDocument) and self._open(row)]
        documents = [row.take() for row in awake]
        for row, n in zip(awake, paragraphs([d.text for d in documents]), strict=True):
            row.n_input_paragraphs = n
        results = (
            self.copies.clean(documents, self._results) if self.copies else self._results(documents)
        )
        for row, (outcome, row.damage_marks, row.n_lines, wordless) in zip(
            awake, results, strict=True
        ):
            if isinstance(outcome, str):
                row.quarantine("stage-failed", outcome)
            elif isinstance(outcome, Dropped):
                row.drop(outcome)
            elif wordless:
                row.drop(Dropped(outcome, "clean", _emptiness(outcome.text)))
            else:
                row.document = outcome
        return rows

    def _results(self, documents: list[Document]) -> list[Result]:
        outcomes, counted = run_guarded(self.stages, documents)
        marks, breaks = counted.count("replacement"), counted.count("newline")
        wordless = (counted.masks & np.uint64(WORDS)) == 0
        lines = (breaks + 1).tolist()
        return list(map(Result, outcomes, marks.tolist(), lines, wordless.tolist()))

    def features(self, rows: Sequence[Row]) -> tuple[dict[str, Any], NDArray[Any]]:
        """Return the arrays by which `decide` knows the documents, first axis: rows.

        And the long paragraphs (PARAGRAPH_DTYPE) of the texts; `owner` is the row.
        """
        found = features([row.text for row in rows], self.dedup)
        upper, lower = halves(found.bands)
        arrays = {"text_hash": found.text_hash, "length": found.length,
                  "bands": upper, "bands_low": lower}  # fmt: skip
        return arrays, found.paragraphs

    def lines(self, rows: Sequence[Row]) -> NDArray[Any]:
        """Return the lines (LINE_DTYPE) of the texts that have a site; `owner` is the row."""
        if not self.sites.enabled:
            return line_records([]).pack()
        owners = [i for i, row in enumerate(rows) if row.text and row.site]
        records = line_records([rows[i].text for i in owners]).pack()
        records["owner"] = np.array(owners, np.int32)[records["owner"]]
        return records

    def _open(self, row: Row) -> bool:
        """Decode a record, extract where it is a page; False where that quarantined it."""
        try:
            self._decode(row)
        except MemoryError:
            raise
        except Exception as error:  # law 6: a fault of the input, whatever it does to a decoder
            row.quarantine("decode-failed", f"{type(error).__name__}: {error}"[:500])
        return row.status == "kept"

    def _decode(self, row: Row) -> None:
        raw = row.source
        assert isinstance(raw, RawDocument)
        columns = dict(raw.fields)
        if isinstance(raw.data, bytes):
            decoded = decode(raw.data, raw.charset, self.decode_options)
            text = decoded.text
            columns["encoding"] = decoded.encoding
            columns["encoding_confidence"] = decoded.confidence
            columns["decode_errors"] = decoded.errors
        else:
            text = raw.data  # what readers give can be stored
        if raw.format == "html":
            from pipeline.readers.html import extract

            page = extract(text, self.html)
            if page.depth > self.limits.max_html_depth:
                row.quarantine("html-too-deep", f"{page.depth} levels")
                return
            text = page.text
            columns = {**page.fields, **columns}
        if not columns.get("site"):
            # A folder of files is one site until an address says otherwise; a row of a table that
            # has no address is of no site.
            url, whole = columns.get("url"), raw.id == raw.path
            host = host_of(str(url)) if url else ""
            site = host or (posixpath.dirname(raw.path) if whole else None)
            if site is not None or "site" in columns:
                columns["site"] = site
        if len(raw.data) > LARGE:
            raw.let_go()
        row.document = Document(row.id, text, columns)
        row.n_input_chars = len(text)


def _emptiness(text: str) -> str:
    return "no-words" if text.strip() else "empty"


def run_guarded(
    stages: Sequence[Compiled], documents: list[Document]
) -> tuple[list[Document | Dropped | str], Census]:
    """Run the stages; where a batch fails, one by one, so that a fault of ours costs one document.

    An outcome that is a str says which exception the document raised. A document that is alone
    leaves the list: it may be so large that it is not to be held beside its outcome.
    """
    outcomes: list[Outcome] = [documents.pop()] if len(documents) == 1 else [*documents]
    try:
        counted = run_in_place(stages, outcomes, alive)
        return [*outcomes], counted
    except MemoryError:  # of the worker, which is not used again
        raise
    except Exception as error:
        if len(outcomes) == 1:
            # Law 6: an exception inside a stage is an input fault of that document.
            return [f"{type(error).__name__}: {error}"[:500]], census([""])
    results: list[Document | Dropped | str] = []
    for document in documents:
        results += run_guarded(stages, [document])[0]
    return results, census([_text_of(result) for result in results])


def _text_of(outcome: Document | Dropped | str) -> str:
    if isinstance(outcome, Dropped):
        return outcome.document.text
    return outcome.text if isinstance(outcome, Document) else ""


_PLAIN = re.compile(r"https?://([a-z0-9.-]+)(?:[/?#]|\Z)")


def host_of(url: str) -> str:
    """Return the host of an address, empty where there is none."""
    if plain := _PLAIN.match(url):  # most are: a tenth of the time
        return plain[1]
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def paragraphs(texts: Sequence[str]) -> list[int]:
    """Count the lines of each text that are not blank; of a very long one piece by piece."""
    long = [i for i, text in enumerate(texts) if len(text) > PARAGRAPHS]
    counts = paragraph_counts(["" if len(text) > PARAGRAPHS else text for text in texts])
    for i in long:
        counts[i] = sum(
            1
            for piece in pieces(texts[i], PARAGRAPHS)
            for line in piece.split("\n")
            if line and not line.isspace()
        )
    return counts


@lru_cache(maxsize=4)
def _compiled(options: tuple[tuple[str, Any], ...]) -> tuple[list[Compiled], Copies | None]:
    """Return the stages of a worker, and what it has cleaned by them if copies may take it over."""
    known = {stage.name: stage for stage in registry()}
    stages = compile_stages([(known[name], chosen) for name, chosen in options])
    return stages, Copies() if all(item.stage.of_text for item in stages) else None
