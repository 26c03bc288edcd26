"""Tables that take long to make are kept, as Python keeps compiled modules (`caches.py`).

Under the identity of the program: where a source file, a table or a dependency has changed, they
are made anew. Without an identity (`keep_for`) nothing is written.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import xxhash

from pipeline.caches import folder, may_write

P = ParamSpec("P")
T = TypeVar("T")

_CHECK = 16  # bytes of the checksum in front
_identity = ""


def keep_for(identity: str) -> None:
    """Read and write kept tables from now on: those of the program of this identity."""
    global _identity  # noqa: PLW0603  one process, one program
    _identity = identity


def kept(make: Callable[P, T]) -> Callable[P, T]:
    """Remember what a function of hashable arguments returns, in this process and on disk."""

    @wraps(make)
    def table(*args: Any) -> T:
        path = _path(make, args) if _identity else None
        if path is None:
            return make(*args)  # type: ignore[call-arg]
        with suppress(OSError):
            if (data := _read(path)) is not None:
                return cast("T", pickle.loads(data))  # noqa: S301  as code, our own
        value = make(*args)  # type: ignore[call-arg]
        if may_write():
            with suppress(OSError):
                _write(path, pickle.dumps(value))
        return value

    return cast("Callable[P, T]", cache(table))


def _path(make: Callable[..., Any], args: tuple[Any, ...]) -> Path:
    of = hashlib.sha256(repr(args).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    name = f"{make.__module__}.{make.__qualname__}-{of}.{sys.implementation.cache_tag}"
    return folder() / f"{name}.{_identity[:16]}"


def _read(path: Path) -> memoryview | None:
    """Return what was written; None where these are not those bytes."""
    content = path.read_bytes()
    check, data = content[:_CHECK], memoryview(content)[_CHECK:]
    return data if xxhash.xxh3_128_digest(data) == check else None


def _write(path: Path, data: bytes) -> None:
    """Write a file in one step, and remove those of other identities."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(xxhash.xxh3_128_digest(data) + data)
    part.replace(path)
    for other in path.parent.glob(f"{path.stem}.*"):
        if other != path:
            other.unlink()
