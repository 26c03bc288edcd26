"""Writing: parts that the version before has are linked, workers write the files of the others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.corpus import Corpus
from pipeline.dedup.options import DedupOptions
from pipeline.engines.local import Crew, Failed, TaskError, Watch
from pipeline.made import Receipts
from pipeline.parts import PartJob, write_part
from pipeline.publish import Part, cut_parts, weights, write_clusters
from pipeline.report.terminal import Observer, counted
from pipeline.state import State
from pipeline.store.earlier import Earlier
from pipeline.store.files import output_errors, write_staged
from pipeline.store.parquet import WriteOptions
from pipeline.store.schema import FILES

SMALL_PART = 16 << 20
"""Bytes of a part below which a process would cost more than it saves."""


@dataclass(frozen=True, slots=True)
class Writer:
    """What writes the parts of a version. `patience`: how long a worker may take over one part."""

    options: WriteOptions
    part_bytes: int
    program: str
    dedup: DedupOptions
    state: State
    crew: Crew
    workers: int
    patience: Watch
    observer: Observer

    def write(
        self, corpus: Corpus, decisions: pa.Table, before: Path | None, staged: Path
    ) -> tuple[dict[str, Counter[str]], dict[str, str]]:
        """Write or link the files of every part into `staged`. `before`: the version before.

        Returns rows by folder, receipts by stage and sums of what is kept; and of the files that
        are linked, which file of the version before each one is.
        """
        parts = cut_parts(corpus, decisions, self.part_bytes, self.program)
        earlier = Earlier(before, self.state.texts)
        jobs = self._jobs(corpus, parts, earlier, staged)
        anew = len({job.number for job in jobs})  # of a large part two workers write the files
        linked = len(parts) - anew
        detail = f", {linked:,} linked from the version before" if linked else ""
        self.observer.phase("publish", counted(anew, "part") + detail)
        with output_errors(staged):
            for number, path in {job.number: Path(job.plan) for job in jobs}.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_plan(path, corpus, decisions, parts[number])
            index = [dict[str, Any](number=part.number) for part in parts]
            for number, written in self._written(jobs):
                index[jobs[number].number].update(written)
            links = _link(parts, index, earlier, staged)
            write_clusters(corpus, decisions, staged / "audit/clusters.parquet", self.options)
        write_staged(staged / "parts.json", json.dumps(index, indent=0, sort_keys=True).encode())
        return _counts(index), links

    def _jobs(
        self, corpus: Corpus, parts: Sequence[Part], earlier: Earlier, staged: Path
    ) -> list[PartJob]:
        """Return what is to be written of which parts."""
        sources = tuple(str(artifact.folder) for artifact in corpus.artifacts)
        todo = {part.number: earlier.missing(part.made, part.decided) for part in parts}
        count = sum(map(bool, todo.values()))
        signatures = self.dedup if self.dedup.publish_signatures else None
        weigh = weights(corpus)
        jobs = []
        for part in parts:
            if not todo[part.number]:
                continue
            slabs, heads, files = earlier.places(part.slabs, part.gone)
            receipts = earlier.places_of_receipts(part.receipts)
            weight = int(weigh[part.first : part.last].sum())
            groups = [todo[part.number]]
            if count < self.workers and weight >= SMALL_PART:  # there is a worker for each group
                groups = [(group,) for group in todo[part.number]]
            threads = max(1, self.workers // (count * len(groups)))
            jobs += [
                PartJob(
                    part.number, some,
                    str(self.state.work / "plans" / f"{part.number}.arrow"), sources, str(staged),
                    self.options, slabs, heads, files, (str(self.state.texts), part.decided),
                    Receipts(*receipts, (str(self.state.texts), part.made)), signatures, threads,
                    weight,
                )
                for some in groups
            ]  # fmt: skip
        return jobs

    def _written(self, jobs: Sequence[PartJob]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Write parts; yield (number of the job, what `write_part` returned)."""
        if len(jobs) <= 1 and all(job.weight < SMALL_PART for job in jobs):
            yield from ((number, write_part(job)) for number, job in enumerate(jobs))
            return
        for number, result in self.crew.run(write_part, jobs, self.patience):
            if isinstance(result, Failed):
                raise TaskError(f"writing part {jobs[number].number} failed: {result.reason}")
            yield number, result


def _link(
    parts: Sequence[Part], index: Sequence[dict[str, Any]], earlier: Earlier, staged: Path
) -> dict[str, str]:
    """Link what was not written, and enter it in the index; return which file each one is."""
    links: dict[str, str] = {}
    for part, entry in zip(parts, index, strict=True):
        for group, digest in (("made", part.made), ("decided", part.decided)):
            if group not in entry:
                entry[group], files = earlier.link(group, digest, staged, part.number)
                links.update(files)
            entry[group]["digest"] = digest
    return links


def _counts(index: Sequence[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Add up what the parts hold: rows by folder, receipts by stage, sums of what is kept."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("rows", "edits", "kept")}
    for entry in index:
        for group in FILES:
            for name in counts.keys() & entry[group].keys():
                counts[name].update(entry[group][name])
    return counts


def _write_plan(path: Path, corpus: Corpus, decisions: pa.Table, part: Part) -> None:
    """Write what `write_part` needs to know of the records of a part."""
    n = part.last - part.first
    table = decisions.slice(part.first, n)
    known = corpus.table.slice(part.first, n)
    decided = pc.not_equal(table.column("reason"), "")
    for name, value in (("status", "dropped"), ("reason", table.column("reason"))):
        column = pc.if_else(decided, value, known.column(name))
        known = known.set_column(known.column_names.index(name), name, column)
    table = table.drop_columns(["reason"])
    for name in ("id", "input_path", "record", "records", "status", "reason"):
        table = table.append_column(name, known.column(name))
    table = table.append_column("artifact", pa.array(corpus.artifact[part.first : part.last]))
    table = table.append_column("row", pa.array(corpus.row[part.first : part.last]))
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)
