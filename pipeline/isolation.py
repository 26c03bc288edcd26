"""How a cleaning job is narrowed down to the one record that kills its worker, and done without it.

The engine knows jobs, not records: it asks for halves and for the job without its culprits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.clean import CleanJob, Skip
from pipeline.readers import Piece


def halves(job: CleanJob, at: object) -> list[CleanJob]:
    """Cut a job in two; nothing where it is one record, or one file that cannot be opened.

    `at` is the last place that the task named: the numbers of the first and last record of a batch.
    A worker that named none died in the reader, which no cut within the file would mend.
    """
    if len(job.pieces) > 1:
        middle = len(job.pieces) // 2
        return [replace(job, pieces=part) for part in (job.pieces[:middle], job.pieces[middle:])]
    piece = job.pieces[0]
    if not isinstance(at, tuple):
        return []
    if piece.stop < 0:
        middle = max(int(at[1]) + 1, piece.start + 1)
    else:
        middle = (piece.start + piece.stop) // 2
    if middle in (piece.start, piece.stop):
        return []
    parts = (Piece(piece.file, piece.start, middle), Piece(piece.file, middle, piece.stop))
    return [replace(job, pieces=(part,)) for part in parts]


def without(job: CleanJob, culprits: Sequence[tuple[CleanJob, str]]) -> CleanJob:
    """Return the job with the pieces of the culprits quarantined, each for its reason."""
    skips = [Skip(part.pieces[0], reason) for part, reason in culprits]
    return replace(job, skips=tuple(skips))
