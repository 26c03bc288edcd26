"""What a cleaning task reads: the records of its pieces, less those that are known to kill.

The task says where it is (`beat`) before each batch and after it. Where a worker died or hung,
that place names the batch; run again one by one (`careful`), it names the record; and the shard is
then cleaned `without` it. A batch has no part in what becomes of a document, so the bytes are the
same as if the record had been faulty from the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pipeline.document import RawDocument
from pipeline.engines.pulse import alive, beat
from pipeline.readers import Fault, Piece, read
from pipeline.readers.options import InputOptions, LimitOptions

# Large enough that array operations outweigh their calls, small enough to stay in the caches.
BATCH_CHARS = 1 << 21
BATCH_DOCUMENTS = 4096


class Place(NamedTuple):
    """Records of a shard, from one to another (inclusive): number of the piece, of the record.

    `reading` tells that a reader was looking for the record that follows the first one.
    """

    piece: int
    record: int
    last_piece: int
    last_record: int
    reading: bool = False


class Culprit(NamedTuple):
    """Records of one piece, [start, stop), that end a worker; stop -1 is the end of the piece."""

    piece: int
    start: int
    stop: int
    reason: str


@dataclass(frozen=True, slots=True)
class CleanJob:
    """What a worker needs: pieces, the options of every section, a folder to write, a limit."""

    pieces: tuple[Piece, ...]
    values: Mapping[str, Any]
    folder: str
    limit: int = 0
    culprits: tuple[Culprit, ...] = ()
    only: Place | None = None
    one_by_one: bool = False


class Placed(NamedTuple):
    """A record, or the fault of one, and the number of its piece in the job."""

    piece: int
    content: RawDocument | Fault


def careful(job: CleanJob, at: object, culprits: Sequence[tuple[object, str]]) -> CleanJob:
    """Return the job that cleans the records at a place one by one; all of them without one."""
    only = at if isinstance(at, Place) else None
    return replace(without(job, culprits), only=only, one_by_one=True)


def without(job: CleanJob, culprits: Sequence[tuple[object, str]]) -> CleanJob:
    """Return the job in which the records at some places are quarantined, each for a reason."""
    return replace(job, culprits=tuple(_culprit(at, reason) for at, reason in culprits))


def nothing(job: CleanJob) -> CleanJob:
    """Return the job without its input: what is left is what any job does."""
    return replace(job, pieces=())


def _culprit(at: object, reason: str) -> Culprit:
    if not isinstance(at, Place):
        raise TypeError(f"no place: {at!r}")
    if at.reading:
        return Culprit(at.piece, at.record + 1, -1, reason)
    return Culprit(at.piece, at.record, at.record + 1, reason)


def batches(job: CleanJob) -> Iterator[list[Placed]]:
    """Yield the records of a job in batches, saying before and after each where the task is."""
    batch: list[Placed] = []
    size = 0
    for item in records(job):
        batch.append(item)
        content = item.content
        size += len(content.data) if isinstance(content, RawDocument) else 0
        if size >= BATCH_CHARS or len(batch) >= BATCH_DOCUMENTS or job.one_by_one:
            yield from _told(batch)
            batch, size = [], 0
    if batch:
        yield from _told(batch)


def _told(batch: list[Placed]) -> Iterator[list[Placed]]:
    places = [(item.piece, item.content.record) for item in batch]
    last = max(places)  # faults of a whole file, record -1, may come at its end
    beat(Place(*min(places), *last))
    yield batch
    beat(Place(*last, -1, -1, reading=True))


def records(job: CleanJob) -> Iterator[Placed]:
    """Yield the records of a job in order, culprits as faults."""
    options: InputOptions = job.values["input"]
    limits: LimitOptions = job.values["limits"]
    seen = 0
    for number, piece in enumerate(job.pieces):
        if job.only is not None and not _concerns(job.only, number):
            continue
        beat(_opening(job, number, piece), soon=number > 0 and not job.one_by_one)
        mine = [culprit for culprit in job.culprits if culprit.piece == number]
        for content in _read(piece, mine, options, limits):
            if job.only is not None and not _inside(job.only, number, content.record):
                continue
            yield Placed(number, content)
            seen += 1
            if seen == job.limit:
                return


def _opening(job: CleanJob, number: int, piece: Piece) -> Place:
    only = job.only
    before = only.record if only is not None and only.reading else piece.start - 1
    return Place(number, before, -1, -1, reading=True)


def _read(
    piece: Piece, culprits: Sequence[Culprit], options: InputOptions, limits: LimitOptions
) -> Iterator[RawDocument | Fault]:
    end = min((c.start for c in culprits if c.stop < 0), default=None)
    if end is not None:
        piece = Piece(piece.file, piece.start, max(piece.start, end))
    if piece.stop != piece.start:
        found = read(piece, options, limits, alive)
        if not culprits:
            yield from found
            return
        for content in found:
            hit = next((c for c in culprits if c.start <= content.record < c.stop), None)
            yield content if hit is None else _fault(piece, content.record, hit.reason)
    for culprit in culprits:
        if culprit.stop < 0:
            yield _fault(piece, culprit.start, culprit.reason, "and what follows it in the file")


def _fault(piece: Piece, record: int, reason: str, detail: str = "") -> Fault:
    return Fault(piece.file.name, record, -1, reason, detail)


def _concerns(only: Place, piece: int) -> bool:
    return only.piece <= piece <= (only.piece if only.reading else only.last_piece)


def _inside(only: Place, piece: int, record: int) -> bool:
    if only.reading:
        return record > only.record
    return (only.piece, only.record) <= (piece, record) <= (only.last_piece, only.last_record)
