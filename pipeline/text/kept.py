"""Tables that take long to make are kept, as Python keeps compiled modules (`caches.py`).

Under the identity of the program: where a source file, a table or a dependency has changed, they
are made anew. Without an identity (`keep_for`) nothing is written.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from array import array
from collections.abc import Callable
from contextlib import suppress
from functools import cache, wraps
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import xxhash

from pipeline.caches import folder, keep, may_write

P = ParamSpec("P")
T = TypeVar("T")

_CHECK = 16  # bytes of the checksum in front
_ALIGNED = 64  # bytes: where a part begins in the file
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
            if parts := _read(path):
                return cast("T", pickle.loads(parts[0], buffers=parts[1:]))  # noqa: S301  our own
        value = make(*args)  # type: ignore[call-arg]
        if may_write():
            with suppress(OSError):
                _write(path, value)
        return value

    return cast("Callable[P, T]", cache(table))


def _path(make: Callable[..., Any], args: tuple[Any, ...]) -> Path:
    of = hashlib.sha256(repr(args).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    name = f"{make.__module__}.{make.__qualname__}-{of}.{sys.implementation.cache_tag}"
    return folder() / f"{name}.{_identity[:16]}"


def _read(path: Path) -> list[memoryview] | None:
    """Return the parts that were written; None where these are not those bytes.

    They are mapped: of a table of ten megabytes a run needs some, and no copy.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size <= _CHECK:
            return None
        content = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))
    data = content[_CHECK:]
    if xxhash.xxh3_128_digest(data) != content[:_CHECK]:
        return None
    count = data[:8].cast("Q")[0]
    parts, at = [], _aligned(8 + 8 * count)
    for size in data[8 : 8 + 8 * count].cast("Q"):
        parts.append(data[at : at + size])
        at = _aligned(at + size)
    return parts


def _aligned(place: int) -> int:
    return -(-(place + _CHECK) // _ALIGNED) * _ALIGNED - _CHECK


def _write(path: Path, value: object) -> None:
    """Write a file in one step, and remove those of other identities.

    Arrays stand beside the pickle, so that they are read where they lie.
    """
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(pickled), *(buffer.raw() for buffer in buffers)]
    sizes = array("Q", [len(parts), *map(len, parts)]).tobytes()
    data = bytearray(sizes)
    for item in parts:
        data += bytes(_aligned(len(data)) - len(data))
        data += item
    keep(path, xxhash.xxh3_128_digest(data) + data)
    for other in path.parent.glob(f"{path.stem}.*"):
        if other != path:
            other.unlink()
