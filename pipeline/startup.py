"""What a process that is ours alone leaves out: imported before anything heavy."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NoReturn

from pipeline.patterns import keep_patterns, save_patterns

# A process is one core's worth; pools of threads would fight, and reserve address space.
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # others reserve a gigabyte of addresses
}


def _sorts_slowly() -> bool:
    """Tell whether numpy sorts faster without AVX-512 here.

    On AMD's Zen 4, where storing the words that a mask selects is microcode, numpy 2.4 sorts 10
    million words in 0.7 s with it and in 0.2 s without; nothing else of ours gets slower.
    """
    with suppress(OSError), Path("/proc/cpuinfo").open("rb", buffering=0) as file:
        first = file.read(4096)
        return b"AuthenticAMD" in first and b" avx512f" in first
    return False


@cache
def one_thread_variables() -> dict[str, str]:
    """Return the environment of a process of ours, asked for where one loads numpy or starts."""
    more = {"NPY_DISABLE_CPU_FEATURES": "X86_V4"} if _sorts_slowly() else {}
    return _ONE_THREAD | more


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of mallopt
_HARMLESS = {"jemalloc_bg_thd"}  # it has handlers for fork of its own

_ours = False


class _WithoutPandas:
    """Refuses to find pandas, as if it were not installed; leaves the rest to other finders.

    A finder by what it does: the base class for finders loads twenty modules.
    """

    def find_spec(self, fullname: str, *_: object) -> None:
        """Raise ModuleNotFoundError for pandas."""
        if fullname == "pandas":
            raise ModuleNotFoundError(f"{fullname} is not used here", name=fullname)


def without_pandas() -> None:
    """Keep pyarrow from importing pandas to look at each list that it is given: 0.4 s."""
    sys.meta_path.insert(0, _WithoutPandas())


def keep_freed_memory() -> None:
    """Let the arrays of one batch have the memory of the last one, which holds as many.

    Left alone, glibc gives them back and asks for them again, page by page: a third of the system
    time of a run. What is to be given back, `release_unused` gives back.
    """
    import ctypes

    with suppress(OSError, AttributeError):  # elsewhere than with glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # bytes; larger ones are mapped by themselves
        mallopt(_M_TRIM_THRESHOLD, 128 << 20)  # of the end of the heap: more is given back


def own_process() -> None:
    """Say that this process is ours alone, as that of `python -m pipeline` is."""
    global _ours  # noqa: PLW0603
    _ours = True
    # Modules and tables live as long as the process: looking for garbage among them every 700
    # objects costs a tenth of a small run, every 50,000 still 15 ms.
    gc.set_threshold(300_000, 20, 20)
    without_pandas()
    keep_patterns()


def one_thread() -> None:
    """Load the libraries that start threads when they are loaded, without their threads."""
    variables = one_thread_variables()
    added = [name for name in variables if name not in os.environ]
    os.environ.update({name: variables[name] for name in added})
    import numpy  # noqa: F401
    import pyarrow

    if _ours:
        keep_freed_memory()
        # Eight threads that read small columns side by side mostly wait for one another: up to a
        # second of system time on a machine that others use as well.
        pyarrow.set_io_thread_count(1)
    for name in added:  # a hook of the user's is not concerned
        del os.environ[name]


def may_fork() -> bool:
    """Tell whether a child would be whole: the process is ours, and no other thread holds a lock.

    Forking a worker then costs nothing where starting one costs half a second of imports.
    """
    if not _ours:
        return False
    with suppress(OSError):  # elsewhere than on Linux nobody can tell
        me = str(os.getpid())
        tasks = [task for task in Path("/proc/self/task").iterdir() if task.name != me]
        return all((task / "comm").read_text().strip() in _HARMLESS for task in tasks)
    return False


def leave(code: int) -> NoReturn:
    """End this process at once: to take apart, first, all that it has loaded costs 50 ms.

    What reads its output has all of it. A profiler or a debugger is left time to say its own.
    """
    save_patterns()
    watched = sys.gettrace() is not None or sys.getprofile() is not None
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        watched = True  # the usual way says so
    if watched:
        sys.exit(code)
    os._exit(code)
