"""A run: plan → clean → decide → publish → report, under the lock of its output."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.corpus import Artifact, Corpus, gather
from pipeline.decide import decide_corpus
from pipeline.dedup.options import DedupOptions
from pipeline.engines.isolate import Isolation, run_isolated
from pipeline.engines.local import Crew, Failed, TaskError, Watch
from pipeline.errors import ConservationError, QuarantineLimitError
from pipeline.parts import PartJob, write_part
from pipeline.plan import (
    PlannedPiece,
    Shard,
    check_places,
    clean_id,
    cut_shards,
    dependency_versions,
    identity,
    list_pieces,
    no_input,
    program_id,
    tables_id,
)
from pipeline.publish import Part, cut_parts, weights, write_clusters
from pipeline.readers.options import InputOptions, LimitOptions
from pipeline.recipe import Recipe
from pipeline.records import CleanJob, careful, nothing, without
from pipeline.remembered import Remembered
from pipeline.removals import STAGE as SITES
from pipeline.report import html
from pipeline.report.card import render_card
from pipeline.report.compare import compare
from pipeline.report.logs import write_metrics
from pipeline.report.pairs import near_misses, sample_pairs
from pipeline.report.summary import length_counts
from pipeline.report.terminal import Figures, Observer, counted, next_step
from pipeline.stages import ORDER
from pipeline.stamps import Stamps
from pipeline.store import texts
from pipeline.store import version as versions
from pipeline.store.earlier import Earlier, read_parts
from pipeline.store.files import output_errors, write_bytes
from pipeline.store.groups import groups
from pipeline.store.options import OutputOptions, RunOptions
from pipeline.store.parquet import WriteOptions, write_parquet
from pipeline.store.schema import FILES
from pipeline.store.state import State
from pipeline.tasks import clean_shard, load
from pipeline.text.kept import keep_for

ISOLATION = Isolation(careful, without, nothing)
SMALL_PART = 16 << 20
"""Bytes of a part below which a process would cost more than it saves."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did: exit code, the published folder (None after a dry run), its run.json."""

    exit_code: int
    version: Path | None
    facts: Mapping[str, Any]
    published: bool


def run(recipe: Recipe, observer: Observer, dry_run: bool = False, replay: bool = False) -> Result:
    """Run a recipe. Raises PipelineError; publishes all or nothing.

    `replay` cleans again what holds a quarantined record, though nothing of its name has changed.
    """
    output = Path(recipe.section(OutputOptions).path)
    started = time.monotonic()
    check_places(recipe.section(InputOptions).paths, output)
    keep_for(tables_id())
    stamps = Stamps(State(output).inputs, clean_id(recipe))
    pieces = list_pieces(recipe, stamps)
    name = identity(recipe, pieces)
    observer.phase("plan", _describe(pieces))
    if dry_run:
        return _dry_run(recipe, output, pieces, name, observer)
    with versions.locked(output):
        stamps.save()
        there = versions.find(output, name)
        if there is not None and not replay:
            versions.point(output, there)
            observer.note(f"nothing new: {output / 'current'} is up to date ({there.name})")
            return Result(0, there, versions.read_run(there), False)
        job = _Run(recipe, output, name, observer)
        if replay:
            job.state.forget_quarantined()
        with job.crew:
            facts, folder = job.build(pieces, started)
    return Result(0, folder, facts, True)


def _describe(pieces: Sequence[PlannedPiece]) -> str:
    files = len({p.name.path for p in pieces})
    size = sum(p.size for p in pieces)
    amount = f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
    return f"{counted(files, 'file')}, {amount}"


def _dry_run(
    recipe: Recipe, output: Path, pieces: Sequence[PlannedPiece], name: str, observer: Observer
) -> Result:
    there = versions.find(output, name)
    if there is not None:
        observer.note(f"nothing new: {there.name} holds this already")
    else:
        _, missing = State(output).match(pieces, clean_id(recipe))
        observer.note(f"would clean {_describe(missing)}, and publish a new version to {output}")
    return Result(0, None, {}, False)


class _Run:
    """The steps of one run that has something to do."""

    def __init__(self, recipe: Recipe, output: Path, name: str, observer: Observer) -> None:
        self.recipe = recipe
        self.output = output
        self.name = name
        self.observer = observer
        self.options = recipe.section(OutputOptions)
        self.limits = recipe.section(RunOptions)
        self.state = State(output)
        self.cleaner = clean_id(recipe)
        self.program = program_id(recipe)
        self.crew = Crew(self._workers(), self._watch())

    def build(self, pieces: Sequence[PlannedPiece], started: float) -> tuple[dict[str, Any], Path]:
        """Clean what is new, decide, and publish; return run.json and the version's folder."""
        seconds: dict[str, float] = {}
        artifacts = self._timed(seconds, "clean", lambda: self._clean(pieces))
        corpus = gather(artifacts, self.limits.limit)
        before = versions.current(self.output)
        self.observer.phase("decide", counted(len(corpus.table), "record"))
        decisions, lines = self._timed(seconds, "decide", lambda: self._decide(corpus, before))
        staged = versions.staging(self.output, self.name)
        counts, links = self._timed(
            seconds, "publish", lambda: self._write_parts(corpus, decisions, staged)
        )
        write_parquet(lines, staged / "audit/site_lines.parquet", self._writing())
        facts = self._facts(corpus, decisions, counts)
        facts["shards"] = sorted(artifact.folder.name for artifact in artifacts)
        self._check_laws(facts, counts["rows"])
        seconds["all"] = round(time.monotonic() - started, 3)
        facts.update(seconds=seconds, published_at=int(time.time()))
        name = versions.next_name(self.output, self.name)
        alerts, example = self._write_reports(staged, facts, corpus, decisions, name)
        known = versions.known_files(before, links)
        versions.seal(staged, {"run_id": self.program[:16], "identity": self.name}, known)
        folder = versions.publish(self.output, staged, name)
        self.state.clear_work()
        texts.forget_others(
            self.state.texts, (part["decided"]["digest"] for part in read_parts(folder))
        )
        self.observer.finish({
            **facts, "alerts": alerts, "paths": self._paths(), "version": folder.name,
            "next": next_step(facts, self.output, example),
        })  # fmt: skip
        self._tell(facts, folder)
        return facts, folder

    def _tell(self, facts: Mapping[str, Any], folder: Path) -> None:
        """Write the metrics and call the hook; the version is published whatever they do."""
        if self.limits.metrics:
            write_metrics(Path(self.limits.metrics), facts)
        if self.limits.hook:
            done = subprocess.run([*shlex.split(self.limits.hook), str(folder)], check=False)
            if done.returncode:
                self.observer.note(f"warning: the hook ended with {done.returncode}")

    def _timed(self, seconds: dict[str, float], name: str, step: Callable[[], Any]) -> Any:
        begun = time.monotonic()
        result = step()
        seconds[name] = round(time.monotonic() - begun, 3)
        return result

    def _decide(self, corpus: Corpus, before: Path | None) -> tuple[pa.Table, pa.Table]:
        remembered = Remembered(self.state.folder, self.cleaner)
        spread = self._elsewhere if self._workers() > 1 else None
        decisions = decide_corpus(corpus, self.recipe, before, remembered, spread)
        remembered.save()
        return decisions

    def _clean(self, pieces: Sequence[PlannedPiece]) -> list[Artifact]:
        cleaner = self.cleaner
        if self.limits.limit and pieces:
            return self._clean_some(pieces)
        artifacts, missing = self.state.match(pieces, cleaner)
        shards = cut_shards(missing, self.limits.shard_bytes, cleaner, self._workers() * 4)
        if not pieces:
            shards = [no_input(cleaner)]
        known = len(pieces) - len(missing)
        detail = f", {counted(known, 'piece')} known from earlier runs" if known else ""
        self.observer.phase("clean", counted(len(shards), "shard") + detail)
        jobs = [self._job(shard) for shard in shards]
        records = quarantined = size = 0
        workers = min(len(shards), self._workers())
        self.crew.start(len(shards), partial(load, self.recipe.values, workers))
        html.template()  # is loaded while the workers are busy
        self.observer.progress(0, len(shards))
        results = run_isolated(clean_shard, jobs, self.crew, ISOLATION)
        for done, (number, stats) in enumerate(results, 1):
            self.state.commit(shards[number], cleaner, stats.records)
            records += stats.records
            quarantined += stats.quarantined
            size += sum(p.size for p in shards[number].pieces)
            figures = Figures(records, size / 1e6, self._workers(), quarantined)
            self.observer.progress(done, len(shards), figures)
        if not pieces:
            return [Artifact(self.state.clean / shards[0].key, (), ())]
        if not shards:
            return artifacts
        artifacts, missing = self.state.match(pieces, cleaner)
        if missing:
            raise ConservationError(f"{len(missing)} pieces of input were not cleaned")
        return artifacts

    def _clean_some(self, pieces: Sequence[PlannedPiece]) -> list[Artifact]:
        """Clean shard after shard, a megabyte each, until the limit of records is reached."""
        left = self.limits.limit
        artifacts: list[Artifact] = []
        self.crew.start(1, partial(load, self.recipe.values, 1))
        for one in cut_shards(pieces, 1 << 20, f"{self.cleaner} limit {left}"):
            shard = Shard(one.pieces, one.key, left)
            ((_, stats),) = run_isolated(clean_shard, [self._job(shard)], self.crew, ISOLATION)
            self.state.commit(shard, f"{self.cleaner} limit", stats.records)
            names = tuple(p.name for p in shard.pieces)
            artifacts.append(Artifact(self.state.clean / shard.key, names, (True,) * len(names)))
            left -= stats.records
            if left <= 0:
                break
        return artifacts

    def _job(self, shard: Shard) -> CleanJob:
        folder = str(self.state.workplace(shard))
        pieces = tuple(p.piece for p in shard.pieces)
        return CleanJob(pieces, self.recipe.values, folder, shard.limit)

    def _write_parts(
        self, corpus: Corpus, decisions: pa.Table, staged: Path
    ) -> tuple[dict[str, Counter[str]], dict[str, str]]:
        """Write or link the files of every part.

        Returns rows by folder, receipts by stage and sums of what is kept; and of the files that
        are linked, which file of the version before each one is.
        """
        parts = cut_parts(corpus, decisions, self.options.part_bytes, self.program)
        earlier = Earlier(versions.current(self.output), self.state.texts)
        jobs = self._part_jobs(corpus, parts, earlier, staged)
        linked = len(parts) - len(jobs)
        detail = f", {linked:,} linked from the version before" if linked else ""
        self.observer.phase("publish", counted(len(jobs), "part") + detail)
        index = [dict[str, Any](number=part.number) for part in parts]
        links: dict[str, str] = {}
        with output_errors(staged):
            for number, path in {job.number: Path(job.plan) for job in jobs}.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_plan(path, corpus, decisions, parts[number])
            for number, written in self._written(jobs):
                index[jobs[number].number].update(written)
            for part, entry in zip(parts, index, strict=True):
                for group, digest in (("made", part.made), ("decided", part.decided)):
                    if group not in entry:
                        entry[group], files = earlier.link(group, digest, staged, part.number)
                        links.update(files)
                    entry[group]["digest"] = digest
            write_clusters(corpus, decisions, staged / "audit/clusters.parquet", self._writing())
        write_bytes(staged / "parts.json", json.dumps(index, indent=0, sort_keys=True).encode())
        counts: dict[str, Counter[str]] = {name: Counter() for name in ("rows", "edits", "kept")}
        for entry in index:
            for group in FILES:
                for name in counts.keys() & entry[group].keys():
                    counts[name].update(entry[group][name])
        return counts, links

    def _writing(self) -> WriteOptions:
        return WriteOptions(self.program[:16], self.options.zstd_level)

    def _part_jobs(
        self, corpus: Corpus, parts: Sequence[Part], earlier: Earlier, staged: Path
    ) -> list[PartJob]:
        """Return what is to be written of which parts."""
        dedup = self.recipe.section(DedupOptions)
        sources = tuple(str(artifact.folder) for artifact in corpus.artifacts)
        todo = {part.number: earlier.missing(part.made, part.decided) for part in parts}
        count, workers = sum(map(bool, todo.values())), self._workers()
        jobs = []
        weigh = weights(corpus)
        for part in parts:
            if not todo[part.number]:
                continue
            slabs, heads, files = earlier.places(part.slabs, part.gone)
            weight = int(weigh[part.first : part.last].sum())
            groups = [todo[part.number]]
            if count < workers and weight >= SMALL_PART:  # there is a worker for each group
                groups = [(group,) for group in todo[part.number]]
            threads = max(1, workers // (count * len(groups)))
            jobs += [
                PartJob(
                    part.number, some,
                    str(self.state.work / "plans" / f"{part.number}.arrow"), sources, str(staged),
                    self._writing(), slabs, heads, files, (str(self.state.texts), part.decided),
                    dedup if dedup.publish_signatures else None, threads, weight,
                )
                for some in groups
            ]  # fmt: skip
        return jobs

    def _written(self, jobs: Sequence[PartJob]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Write parts; yield (number of the job, what `write_part` returned)."""
        if len(jobs) <= 1 and all(job.weight < SMALL_PART for job in jobs):
            yield from ((number, write_part(job)) for number, job in enumerate(jobs))
            return
        for number, result in self.crew.run(write_part, jobs, self._patience()):
            if isinstance(result, Failed):
                raise TaskError(f"writing part {jobs[number].number} failed: {result.reason}")
            yield number, result

    def _elsewhere(
        self, task: Callable[[Any], Any], jobs: Iterable[Any]
    ) -> Iterator[tuple[int, Any]]:
        """Run a task over jobs in the workers; what finds no room there is done here."""
        given = list(jobs)
        for number, result in self.crew.run(task, given, self._patience()):
            yield number, task(given[number]) if isinstance(result, Failed) else result

    def _patience(self) -> Watch:
        """Return how long to wait where no document can hang: a part may take minutes."""
        return replace(self._watch(), seconds=3600.0)

    def _workers(self) -> int:
        return self.limits.workers or len(os.sched_getaffinity(0))

    def _watch(self) -> Watch:
        limits = self.recipe.section(LimitOptions)
        return Watch(limits.max_seconds, limits.worker_memory_mb)

    def _facts(
        self, corpus: Corpus, decisions: pa.Table, counts: Mapping[str, Mapping[str, int]]
    ) -> dict[str, Any]:
        edits = counts["edits"]
        return {
            "run_id": self.program[:16],
            "identity": self.name,
            "funnel": funnel(corpus, decisions, counts["kept"]),
            "edits": {name: edits[name] for name in (*dict(ORDER), SITES) if name in edits},
            "reasons": reasons(corpus, decisions),
            "dedup": {
                name.decode(): int(value)
                for name, value in (decisions.schema.metadata or {}).items()
                if name in (b"compared", b"uncompared", b"paragraphs_uncompared")
            },
            "recipe": self.recipe.resolved(),
            "dependencies": dict(dependency_versions()),
        }

    def _check_laws(self, facts: Mapping[str, Any], counts: Mapping[str, int]) -> None:
        """Law 1: every input record is kept, dropped or quarantined, and written exactly once."""
        documents = facts["funnel"]["documents"]
        fates = documents["kept"] + documents["dropped"] + documents["quarantined"]
        written = {"ledger": documents["in"], "data": documents["kept"],
                   "quarantine": documents["quarantined"]}  # fmt: skip
        wrong = {name: (counts[name], n) for name, n in written.items() if counts[name] != n}
        if fates != documents["in"] or wrong:
            raise ConservationError(f"records do not add up: {documents}, written {wrong}")
        share = documents["quarantined"] / max(documents["in"], 1)
        if share > self.limits.max_quarantine_share:
            raise QuarantineLimitError(
                f"{documents['quarantined']} of {documents['in']} records are in quarantine, "
                f"a share of {share:.3f}",
                f"run.max_quarantine_share is {self.limits.max_quarantine_share}; reasons: "
                f"{facts['reasons']}",
            )

    def _write_reports(
        self,
        staged: Path,
        facts: Mapping[str, Any],
        corpus: Corpus,
        decisions: pa.Table,
        name: str,
    ) -> tuple[list[tuple[str, str]], str]:
        """Write run.json, report and card; return what a keeper should look at, and a document."""
        write_bytes(staged / "run.json", json.dumps(facts, indent=1, default=str).encode())
        before = versions.current(self.output)
        change = None
        if before is not None:
            kept = versions.read_run(before)["funnel"]["documents"]["kept"]
            change = {**compare(before, staged), "kept_before": kept}
        lengths = length_counts(corpus.table.column("n_chars_in"))
        pairs = sample_pairs(corpus, decisions)
        band = near_misses(corpus, decisions)
        title = self.options.name
        summary = html.read_summary(staged)
        page = html.render(title, name, facts, summary, change, pairs, band, lengths)
        write_bytes(staged / "report.html", page.encode())
        card = render_card(self.options.name, self.options.licence, facts, summary)
        write_bytes(staged / "README.md", card.encode())
        return html.alerts(facts, summary, change), html.telling(summary)

    def _paths(self) -> dict[str, str]:
        current = self.output / "current"
        return {
            "data": str(current / "data"),
            "audit": str(current / "audit"),
            "report": str(current / "report.html"),
        }


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


def funnel(
    corpus: Corpus, decisions: pa.Table, left: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """Count documents, paragraphs and characters: in, kept, dropped, quarantined.

    `left`: paragraphs and characters of the published data.
    """
    table = corpus.table
    status = table.column("status")
    decided = pc.not_equal(decisions.column("reason"), "")
    kept = pc.and_(pc.equal(status, "kept"), pc.invert(decided))
    quarantined = pc.equal(status, "quarantined")
    dropped = pc.invert(pc.or_(kept, quarantined))
    masks = {"kept": kept, "dropped": dropped, "quarantined": quarantined}
    records = table.column("records")
    out = {
        "documents": {
            "in": _total(records),
            **{name: _total(records.filter(mask)) for name, mask in masks.items()},
        }
    }
    for unit, name in (("paragraphs", "n_paragraphs"), ("characters", "n_chars")):
        total = _total(table.column(f"{name}_in"))
        out[unit] = {"in": total, "kept": left[name], "dropped": max(total - left[name], 0)}
    return out


def _total(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)


def reasons(corpus: Corpus, decisions: pa.Table) -> dict[str, int]:
    """Count dropped and quarantined records by reason."""
    decided = decisions.column("reason")
    found = pc.if_else(pc.not_equal(decided, ""), decided, corpus.table.column("reason"))
    table = pa.table({"reason": found, "records": corpus.table.column("records")})
    by_reason = groups(table, ["reason"])
    names = table.column("reason").take(pa.array(by_reason.first)).to_pylist()
    sums = by_reason.sums(table.column("records").to_numpy()).tolist()
    return {name: n for name, n in zip(names, sums, strict=True) if name}
