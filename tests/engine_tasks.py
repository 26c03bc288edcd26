"""Tasks for the tests of the engine: well behaved, slow, and deadly."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.cleaning import CleanStats
from pipeline.document import Document
from pipeline.engines.pulse import beat
from pipeline.errors import OutputError
from pipeline.readers import Piece
from pipeline.records import CleanJob


def square(n: int) -> int:
    return n * n


def die_on_seven(numbers: list[int]) -> list[int]:
    """Each number is a record; 7 kills the worker, 70 hangs it, 700 eats memory, 701 maps it."""
    done = []
    for n in numbers:
        beat(n)
        if n == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        if n == 77:
            ctypes.string_at(0)
        if n == 70:
            time.sleep(600)
        if n == 700:
            bytearray(1 << 42)
        if n == 701:
            mmap.mmap(-1, 1 << 42)
        done.append(-n if n < 0 else n)
    return done


def die_once(marker: str) -> str:
    """Kill the worker at the first attempt only."""
    path = Path(marker)
    if not path.exists():
        path.write_text("dead")
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def wrong(n: int) -> int:
    raise ValueError(f"no {n}")


def disk_full(n: int) -> int:
    raise OutputError("cannot write: no space left", "free some")


def sleep_and_tell(folder: str) -> None:
    """Write the worker's number, then wait to be killed."""
    Path(folder, str(os.getpid())).write_text("")
    time.sleep(600)


def deadly_clean(job: CleanJob) -> CleanStats:
    """Clean a shard with stages that some words kill, and a reader that some file names do."""
    clean: Any = import_module("pipeline.cleaning")
    records: Any = import_module("pipeline.records")
    stages, reader = clean.run_guarded, records.read

    def run_guarded(compiled: Any, documents: Sequence[Document]) -> Any:
        text = "".join(document.text for document in documents)
        if "死" in text:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "等" in text:
            time.sleep(600)
        if len(documents) > 1 and "众" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        return stages(compiled, documents)

    def read(piece: Piece, *rest: Any) -> Iterator[Any]:
        for n, record in enumerate(reader(piece, *rest)):
            if n == 2 and "deadly" in piece.path:
                os.kill(os.getpid(), signal.SIGBUS)
            yield record

    clean.run_guarded, records.read = run_guarded, read
    stats: CleanStats = clean.clean_shard(job)
    return stats


def die_at_the_end(job: CleanJob) -> CleanStats:
    """Clean a shard, and die when all is read: as where writing kills."""
    clean: Any = import_module("pipeline.cleaning")
    clean.clean_shard(job)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def always_die(numbers: list[int]) -> None:
    """Die whatever there is to do, as on a machine without memory."""
    beat(len(numbers))
    os.kill(os.getpid(), signal.SIGKILL)
