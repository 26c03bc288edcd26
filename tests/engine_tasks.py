"""Tasks for the tests of the engine: well behaved, slow, and deadly."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

from pipeline.engines.pulse import beat
from pipeline.errors import OutputError


def square(n: int) -> int:
    return n * n


def die_on_seven(numbers: list[int]) -> list[int]:
    """Each number is a record; 7 kills the worker, 70 hangs it, 700 eats memory."""
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
