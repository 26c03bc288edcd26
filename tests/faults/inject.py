"""Makes the N-th system call of a kind fail or kill, in this process and in its workers.

    PIPELINE_TEST_FAULT=fsync:3:KILL     the third fsync of a process kills it
    PIPELINE_TEST_FAULT=rename:1:ENOSPC  the first rename fails
    PIPELINE_TEST_FAULT=size:4000:EFBIG  no file grows beyond 4,000 bytes: whoever writes it fails
    PIPELINE_TEST_CALLS=FILE             every call is noted there, one line each

A worker inherits the environment and imports this through sitecustomize.py beside it.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import resource
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

# call -> the functions of `os` that make it
CALLS: dict[str, tuple[str, ...]] = {
    "fsync": ("fsync",),
    "rename": ("rename", "replace"),
    "mkdir": ("mkdir",),
    "unlink": ("unlink", "remove", "rmdir"),
    "link": ("link", "symlink"),
}


def install(folder: str) -> None:
    """Patch this process as the environment says; only paths under `folder` count."""
    fault = os.environ.get("PIPELINE_TEST_FAULT", "")
    log = os.environ.get("PIPELINE_TEST_CALLS", "")
    if not fault and not log:
        return
    call, number, what = fault.split(":") if fault else ("", "0", "")
    if call == "size":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(number), int(number)))
        return
    seen: Counter[tuple[int, str]] = Counter()  # a forked worker counts for itself

    def strike(kind: str) -> None:
        seen[os.getpid(), kind] += 1
        if log:
            handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(handle, f"{os.getpid()} {kind}\n".encode())
            os.close(handle)
        if kind == call and seen[os.getpid(), kind] == int(number):
            if what in ("KILL", "TERM", "INT"):
                os.kill(os.getpid(), signal.Signals[f"SIG{what}"])
            else:
                raise OSError(getattr(errno, what), os.strerror(getattr(errno, what)))

    def concerned(*args: Any) -> bool:
        return any(isinstance(a, int) or str(a).startswith(folder) for a in args[:2])

    def wrapped(kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call_or_strike(*args: Any, **options: Any) -> Any:
            if concerned(*args) or "dir_fd" in options:
                strike(kind)
            return function(*args, **options)

        return call_or_strike

    for kind, names in CALLS.items():
        for name in names:
            setattr(os, name, wrapped(kind, getattr(os, name)))
    opened = io.open

    def open_or_strike(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if set(mode) & set("wax+") and str(file).startswith(folder):
            strike("write")
        return opened(file, mode, *args, **options)

    io.open = builtins.open = open_or_strike
