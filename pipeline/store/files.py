"""Files that are either whole or not there: temp, fsync, rename, fsync of the folder.

Every write of a run goes through here, so that one place turns a full or broken disk into
`OutputError`. Input faults never come this way (law 6).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from pipeline.errors import OutputError

_TOGETHER = 16  # files


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn an OSError of an output operation into OutputError."""
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(
            f"cannot write {path}: a file stands in its place", "name a folder with --output"
        ) from error
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {(error.strerror or str(error)).lower()}",
            "nothing was published; mend the disk and run the same command again to resume",
        ) from error


def sync(path: Path) -> None:
    """Make the content of a file, or the entries of a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(paths: Iterable[Path]) -> None:
    """Make files and folders durable, together.

    One after the other each waits for the disk, 3 ms a hundred times a run: a third of the time
    of a small one. Together they wait once or twice.
    """
    some = list(paths)
    if len(some) == 1:
        sync(some[0])
        return
    with ThreadPoolExecutor(_TOGETHER) as pool:
        for _ in pool.map(sync, some):
            pass  # the first fault is raised


@contextmanager
def whole_files(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Give a temporary path beside each path; at the end they are synced and renamed to them."""
    temporaries = [path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in paths]
    folders = sorted({path.parent for path in paths})
    with output_errors(paths[0]):
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            yield temporaries
            sync_all(temporaries)
            for temporary, path in zip(temporaries, paths, strict=True):
                temporary.replace(path)
            sync_all(folders)
        finally:
            for temporary in temporaries:
                temporary.unlink(missing_ok=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; at the end it is synced and renamed to `path`."""
    with whole_files([path]) as (temporary,):
        yield temporary


def write_bytes(path: Path, data: bytes) -> None:
    """Write a small file whole."""
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def write_staged(path: Path, data: bytes) -> None:
    """Write a small file into a folder that is synced as a whole before it is renamed."""
    with output_errors(path):
        path.write_bytes(data)


def save_rows(path: Path, rows: NDArray[Any]) -> None:
    """Write rows, behind a hash of them and of what they are."""
    with path.open("wb") as file:
        file.write(_check(rows).to_bytes(8, "little"))
        rows.tofile(file)


def load_rows(path: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return what `save_rows` wrote; no rows where it is missing, damaged or of another shape."""
    with suppress(OSError, ValueError):  # ValueError: no multiple of the size of a row
        content = np.fromfile(path, np.uint8)
        rows = content[8:].view(dtype)
        if _check(rows) == int.from_bytes(content[:8].tobytes(), "little"):
            return rows
    return np.zeros(0, dtype)


def _check(rows: NDArray[Any]) -> int:
    check = xxhash.xxh3_64(repr(rows.dtype.descr).encode())
    check.update(np.ascontiguousarray(rows).view(np.uint8).data)
    return check.intdigest()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def swap_link(link: Path, target: str) -> None:
    """Point the symbolic link `link` at `target` in one step."""
    temporary = link.with_name(f".{link.name}.{os.getpid()}.tmp")
    with output_errors(link):
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        temporary.replace(link)
        sync(link.parent)
