"""Checks what is published against its manifest: one line per fault."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.store.files import digest
from pipeline.store.version import MANIFEST, SUCCESS, versions

MEND = "restore what is named, or remove it, and run again: input and state/ have what makes it"


def verify(output: Path, deep: bool = False) -> Iterator[str]:
    """Yield a line for every fault of an output folder.

    Looks at every version: files missing, of the wrong size, or not in the manifest. `deep` reads
    all bytes and compares their hashes, and counts the records of the current version (law 1),
    where no file of it is at fault.
    """
    link = output / "current"
    if not link.is_symlink():
        yield f"{link}: missing: nothing is published"
        return
    target = output / os.readlink(link)
    if not (target / SUCCESS).is_file():
        yield f"{link}: points at {target}, which is not a complete version"
    pointer = output / "CURRENT.json"
    if _pointed_at(pointer) != os.readlink(link):
        yield f"{pointer}: does not name the version that current points at; run again to mend it"
    whole = {}
    for version in versions(output):
        faults = list(_verify_version(version, deep))
        whole[version.resolve()] = not faults
        yield from faults
    # What a file that is named above would have counted tells nothing.
    if deep and whole.get(target.resolve()):
        yield from _verify_counts(target)


def _pointed_at(pointer: Path) -> str | None:
    try:
        return str(json.loads(pointer.read_bytes())["version"])
    except (OSError, ValueError, KeyError):
        return None


def _verify_version(version: Path, deep: bool) -> Iterator[str]:
    try:
        sealed = (version / SUCCESS).read_text("ascii").strip()
        if digest(version / MANIFEST) != sealed:
            yield f"{version / MANIFEST}: not the manifest that was sealed"
            return
        files: dict[str, Any] = json.loads((version / MANIFEST).read_bytes())["files"]
    except (OSError, ValueError, KeyError) as error:
        yield f"{version / MANIFEST}: cannot be read: {error}"
        return
    there = {p.relative_to(version).as_posix() for p in version.rglob("*") if p.is_file()}
    for name in sorted(there - set(files) - {MANIFEST, SUCCESS}):
        yield f"{version / name}: not in the manifest"
    for name, facts in files.items():
        path = version / name
        try:
            if path.stat().st_size != facts["bytes"]:
                yield f"{path}: {path.stat().st_size} bytes, {facts['bytes']} in the manifest"
            elif deep and digest(path) != facts["sha256"]:
                yield f"{path}: its bytes are not those of the manifest"
        except OSError as error:
            yield f"{path}: {(error.strerror or str(error)).lower()}"


def _verify_counts(version: Path) -> Iterator[str]:
    """Count the ledger against data, quarantine and the funnel of run.json."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        ledger = pq.read_table(version / "ledger", columns=["status", "records"])
        rows = pq.read_table(version / "data", columns=["record"]).num_rows
    except (OSError, ValueError) as error:
        yield f"{version}: cannot be read: {error}"
        return
    counted = {
        name: pc.sum(ledger.filter(pc.equal(ledger["status"], name))["records"]).as_py() or 0
        for name in ("kept", "dropped", "quarantined")
    }
    stated = json.loads((version / "run.json").read_bytes())["funnel"]["documents"]
    for name, count in counted.items():
        if stated[name] != count:
            yield f"{version}: the ledger has {count} records {name}, run.json {stated[name]}"
    if rows != counted["kept"]:
        yield f"{version}: {rows} rows of data for {counted['kept']} records kept"
