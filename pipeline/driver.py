"""A run: plan → clean → decide → publish → report, under the lock of its output."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import plan
from pipeline.corpus import Artifact, Corpus, gather
from pipeline.decide import decide_corpus
from pipeline.dedup.options import DedupOptions
from pipeline.engines.isolate import Isolation, run_isolated
from pipeline.engines.local import Crew, Failed, Watch
from pipeline.errors import ConservationError, UsageError
from pipeline.plan import PlannedPiece, Shard
from pipeline.readers.options import InputOptions, LimitOptions
from pipeline.recipe import Recipe
from pipeline.records import CleanJob, careful, nothing, without
from pipeline.remembered import Remembered
from pipeline.report import html
from pipeline.report.files import write_reports
from pipeline.report.logs import write_metrics
from pipeline.report.terminal import Figures, Observer, counted, next_step
from pipeline.stamps import Stamps
from pipeline.state import State
from pipeline.store import texts
from pipeline.store import version as versions
from pipeline.store.earlier import read_parts
from pipeline.store.options import OutputOptions, RunOptions
from pipeline.store.parquet import WriteOptions, write_parquet
from pipeline.store.schema import FILES
from pipeline.tasks import clean_shard, load
from pipeline.text.kept import keep_for
from pipeline.totals import check_laws, totals
from pipeline.writing import Writer

ISOLATION = Isolation(careful, without, nothing)


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did: the published folder (None after a dry run), its run.json."""

    version: Path | None
    facts: Mapping[str, Any]


def run(recipe: Recipe, observer: Observer, dry_run: bool = False, replay: bool = False) -> Result:
    """Run a recipe. Raises PipelineError; publishes all or nothing.

    `replay` cleans again what holds a quarantined record, though nothing of its name has changed.
    """
    output = Path(recipe.section(OutputOptions).path)
    started = time.monotonic()
    plan.check_places(recipe.section(InputOptions).paths, output)
    keep_for(plan.tables_id())
    stamps = Stamps(State(output).inputs, plan.clean_id(recipe))
    pieces = plan.list_pieces(recipe, stamps)
    if not pieces:  # a mount that is not there must not empty what is published
        shown = ", ".join(recipe.section(InputOptions).paths)
        raise UsageError(f"no files in {shown}", "nothing was published; name another input")
    name = plan.identity(recipe, pieces)
    observer.phase("plan", _describe(pieces))
    if dry_run:
        return _dry_run(recipe, output, pieces, name, observer)
    with versions.locked(output), State(output).damage_told():
        stamps.save()
        there = versions.find(output, name)
        if there is not None and not replay:
            versions.point(output, there)
            observer.note(f"nothing new: {output / 'current'} is up to date ({there.name})")
            return Result(there, versions.read_run(there))
        job = _Run(recipe, output, name, observer)
        if replay:
            job.state.forget_quarantined()
        with job.crew:
            facts, folder = job.build(pieces, started)
    return Result(folder, facts)


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
        _, missing = State(output).match(pieces, plan.clean_id(recipe))
        observer.note(f"would clean {_describe(missing)}, and publish a new version to {output}")
    return Result(None, {})


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
        self.cleaner = plan.clean_id(recipe)
        self.program = plan.program_id(recipe)
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
        writer = self._writer()
        counts, links = self._timed(
            seconds, "publish", lambda: writer.write(corpus, decisions, before, staged)
        )
        self.crew.dismiss()
        write_parquet(lines, staged / "audit/site_lines.parquet", writer.options)
        facts = {
            **self._names(),
            **totals(corpus, decisions, counts),
            "recipe": self.recipe.resolved(),
            "dependencies": dict(plan.dependency_versions()),
            "shards": sorted(artifact.folder.name for artifact in artifacts),
        }
        check_laws(facts, counts["rows"], self.limits.max_quarantine_share)
        seconds["all"] = round(time.monotonic() - started, 3)
        facts.update(seconds=seconds, published_at=int(time.time()))
        name = versions.next_name(self.output, self.name)
        alerts, example = write_reports(
            staged, facts, corpus, decisions, before, name, self.options
        )
        versions.seal(staged, self._names(), versions.known_files(before, links))
        folder = versions.publish(self.output, staged, name)
        self._clear(folder)
        self.observer.finish({
            **facts, "alerts": alerts, "paths": self._paths(), "version": folder.name,
            "next": next_step(facts, self.output, example),
        })  # fmt: skip
        self._tell(facts, folder)
        return facts, folder

    def _names(self) -> dict[str, str]:
        """Return what a version is known by: `run_id` of its rows, identity of the run."""
        return {"run_id": self.program[:16], "identity": self.name}

    def _clear(self, folder: Path) -> None:
        """Remove what served this run alone, and the places of texts that the version lacks."""
        self.state.clear_work()
        digests = (part[group]["digest"] for part in read_parts(folder) for group in FILES)
        texts.forget_others(self.state.texts, digests)

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
        """Clean the pieces that no earlier run has; return the shards that hold them all."""
        if self.limits.limit:
            return self._clean_some(pieces)
        artifacts, missing = self.state.match(pieces, self.cleaner)
        shards = plan.cut_shards(
            missing, self.limits.shard_bytes, self.cleaner, self._workers() * 4
        )
        known = len(pieces) - len(missing)
        detail = f", {counted(known, 'piece')} known from earlier runs" if known else ""
        self.observer.phase("clean", counted(len(shards), "shard") + detail)
        self._clean_shards(shards)
        if not shards:
            return artifacts
        artifacts, missing = self.state.match(pieces, self.cleaner)
        if missing:
            raise ConservationError(f"{len(missing)} pieces of input were not cleaned")
        return artifacts

    def _clean_shards(self, shards: Sequence[Shard]) -> None:
        """Clean shards in the workers; each counts as soon as it is committed."""
        jobs = [self._job(shard) for shard in shards]
        records = quarantined = size = 0
        workers = min(len(shards), self._workers())
        self.crew.start(len(shards), partial(load, self.recipe.values, workers))
        html.template("report.html.j2")  # is loaded while the workers are busy
        self.observer.progress(0, len(shards))
        results = run_isolated(clean_shard, jobs, self.crew, ISOLATION)
        for done, (number, stats) in enumerate(results, 1):
            self.state.commit(shards[number], self.cleaner, stats.records)
            records += stats.records
            quarantined += stats.quarantined
            size += sum(p.size for p in shards[number].pieces)
            figures = Figures(records, size / 1e6, self._workers(), quarantined)
            self.observer.progress(done, len(shards), figures)

    def _clean_some(self, pieces: Sequence[PlannedPiece]) -> list[Artifact]:
        """Clean shard after shard, a megabyte each, until the limit of records is reached."""
        left = self.limits.limit
        artifacts: list[Artifact] = []
        self.crew.start(1, partial(load, self.recipe.values, 1))
        for one in plan.cut_shards(pieces, 1 << 20, f"{self.cleaner} limit {left}"):
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

    def _writer(self) -> Writer:
        return Writer(
            WriteOptions(self.program[:16], self.options.zstd_level),
            self.options.part_bytes,
            self.program,
            self.recipe.section(DedupOptions),
            self.state,
            self.crew,
            self._workers(),
            self._patience(),
            self.observer,
        )

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
        if sys.platform == "linux":
            return self.limits.workers or len(os.sched_getaffinity(0))
        return self.limits.workers or os.cpu_count() or 1

    def _watch(self) -> Watch:
        limits = self.recipe.section(LimitOptions)
        return Watch(limits.max_seconds, limits.worker_memory_mb)

    def _paths(self) -> dict[str, str]:
        current = self.output / "current"
        return {
            "data": str(current / "data"),
            "audit": str(current / "audit"),
            "report": str(current / "report.html"),
        }
