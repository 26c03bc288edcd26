"""A worker process: takes jobs from its parent, runs the task, sends back what it returns.

Forked by a parent that has no other thread, else started as `python -m pipeline.engines.worker FD
PARENT MEMORY_MB`; not through multiprocessing, which would import the user's script again. It dies
with its parent: at once where the kernel offers that, at the end of its job elsewhere.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import pickle
import resource
import signal
import sys
import traceback
from functools import cache
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from pipeline.engines import pulse
from pipeline.patterns import keep_patterns, save_patterns
from pipeline.startup import keep_freed_memory, without_pandas

_PR_SET_PDEATHSIG = 1


def main(fd: int, parent: int, memory_mb: int) -> None:
    """Serve the parent of a process that was started for it."""
    without_pandas()
    keep_freed_memory()
    keep_patterns()
    serve(Connection(fd), parent, memory_mb)


def serve_forked(connection: Connection, parent: int, memory_mb: int) -> NoReturn:
    """Serve the parent of a forked process, of which only the connection and stderr are kept."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        mine = connection.fileno()
        os.closerange(3, mine)
        os.closerange(mine + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        serve(connection, parent, memory_mb)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def serve(connection: Connection, parent: int, memory_mb: int) -> None:
    """Serve until the parent closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    die_with(parent)
    if memory_mb:
        # What a process allocates. Its address space holds libraries and the artifacts that it
        # maps, too, which take no memory from anybody.
        kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
        resource.setrlimit(kind, (memory_mb << 20, memory_mb << 20))
    pulse.connect(lambda value: connection.send_bytes(pickle.dumps(("at", value))))
    # Tables live as long as the worker, and documents hold no cycles: looking for garbage among
    # them every 700 objects costs 7 % of a run, every 50,000 still 1 %.
    gc.freeze()
    gc.set_threshold(300_000, 20, 20)
    connection.send_bytes(pickle.dumps(("ready", None)))
    while True:
        try:
            task, job = pickle.loads(connection.recv_bytes())  # noqa: S301  our own parent's
        except (EOFError, OSError):
            return
        connection.send_bytes(_answer(task, job))
        save_patterns()  # a worker is ended without notice


@cache
def _task(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)


def die_with(parent: int) -> None:
    """Ask the kernel (Linux) to kill this process when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os._exit(1)


def _answer(task: str, job: Any) -> bytes:
    """Run a task by name; return the pickled message that says how it went."""
    try:
        return pickle.dumps(("done", _task(task)(job)))
    except MemoryError:
        return pickle.dumps(("memory", None))
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:  # a file was to be mapped
            return pickle.dumps(("memory", None))
        trace = traceback.format_exc()
        try:
            return pickle.dumps(("error", (error, trace)))
        except Exception:
            return pickle.dumps(("error", (RuntimeError(str(error)), trace)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
