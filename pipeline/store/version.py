"""Versions of an output: staged beside it, checked, renamed once, then pointed at.

output/current -> versions/<name>      the one thing that a reader looks at
output/CURRENT.json                    the same for those who cannot follow links
output/versions/<name>/                immutable once it has this name
output/.staging-<identity>/            half-written; no reader looks here
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import LockedError
from pipeline.store.files import (
    digest,
    output_errors,
    swap_link,
    sync,
    sync_all,
    write_bytes,
    write_staged,
)

MANIFEST = "MANIFEST.json"
SUCCESS = "_SUCCESS"


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Hold the lock of an output; LockedError says who holds it where it is taken.

    A kernel lock (flock): it goes with its process, so that no crash leaves it behind.
    """
    with output_errors(output):
        output.mkdir(parents=True, exist_ok=True)
        handle = os.open(output / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 4096, 0).decode("utf-8", "replace").strip()
            raise LockedError(
                f"another run holds {output}: {holder}", "wait for it to end, or stop it"
            ) from None
        with output_errors(output):
            who = {"pid": os.getpid(), "host": socket.gethostname(), "start": int(time.time())}
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(who).encode() + b"\n", 0)
        yield
    finally:
        os.close(handle)


def current(output: Path) -> Path | None:
    """Return the folder of the published version, or None."""
    link = output / "current"
    if not link.is_symlink():
        return None
    folder = output / os.readlink(link)
    return folder if (folder / SUCCESS).is_file() else None


def versions(output: Path) -> list[Path]:
    """Return all complete versions, oldest first."""
    found = (output / "versions").glob(f"*/{SUCCESS}")
    return sorted(path.parent for path in found)


def read_run(version: Path) -> dict[str, Any]:
    """Return run.json of a version."""
    content: dict[str, Any] = json.loads((version / "run.json").read_bytes())
    return content


def find(output: Path, identity: str) -> Path | None:
    """Return the newest complete version of this identity, if there is one."""
    suffix = "-" + identity[:12]
    return next((v for v in reversed(versions(output)) if v.name.endswith(suffix)), None)


def next_name(output: Path, identity: str) -> str:
    """Return the name of the version to come: a serial number, and the identity of the run."""
    numbers = [int(v.name[1:7]) for v in (output / "versions").glob("v[0-9]*-*")]
    return f"v{max(numbers, default=0) + 1:06d}-{identity[:12]}"


def staging(output: Path, identity: str) -> Path:
    """Return an empty folder in which to build a version; older attempts go."""
    with output_errors(output):
        for left in output.glob(".staging-*"):
            shutil.rmtree(left)
        folder = output / f".staging-{identity[:12]}"
        folder.mkdir()
    return folder


def file_sizes(version: Path) -> dict[str, int]:
    """Return the bytes of each file of a version, as its manifest has them."""
    files = json.loads((version / MANIFEST).read_bytes())["files"]
    return {name: facts["bytes"] for name, facts in files.items()}


def known_files(before: Path | None, links: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return what the manifest of the version before says of files that are linked from it.

    `links`: name of the file → its name in the version `before`. They are not read again: whoever
    looks (`verify --deep`) finds a file that has rotted, by the hash that it had when it was made.
    """
    if before is None or not links:
        return {}
    files = json.loads((before / MANIFEST).read_bytes())["files"]
    return {name: files[old] for name, old in links.items()}


def seal(
    folder: Path, facts: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """Sync every file of a staged version and write its manifest and its done-marker.

    `known`: entries of the manifest of files that are neither new nor changed.
    """
    known = known or {}
    with output_errors(folder):
        files: dict[str, Mapping[str, Any]] = {}
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = path.relative_to(folder).as_posix()
            if name in known:
                files[name] = known[name]
                continue
            files[name] = {"sha256": digest(path), "bytes": path.stat().st_size}
        content = json.dumps({**facts, "files": files}, indent=1, sort_keys=True).encode()
        write_staged(folder / MANIFEST, content)
        write_staged(folder / SUCCESS, (digest(folder / MANIFEST) + "\n").encode())
        old = {folder / name for name in known}
        sync_all([*(path for path in folder.rglob("*") if path not in old), folder])


def publish(output: Path, folder: Path, name: str) -> Path:
    """Rename a sealed folder into versions/ and point `current` at it: the one visible instant."""
    target = output / "versions" / name
    with output_errors(output):
        target.parent.mkdir(exist_ok=True)
        folder.rename(target)
        sync(target.parent)
    point(output, target)
    return target


def _pointer(output: Path) -> str:
    """Return what CURRENT.json names; nothing where a run ended before it was written."""
    try:
        return str(json.loads((output / "CURRENT.json").read_bytes())["version"])
    except (OSError, ValueError, KeyError):
        return ""


def point(output: Path, version: Path) -> None:
    """Make `version` the current one. Does nothing where it is, by both names of it."""
    relative = f"versions/{version.name}"
    if current(output) == version and _pointer(output) == relative:
        return
    swap_link(output / "current", relative)
    write_bytes(output / "CURRENT.json", json.dumps({"version": relative}).encode() + b"\n")
