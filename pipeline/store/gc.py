"""Removes what no reader and no later run needs: old versions, and shards that no version used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.store.files import output_errors
from pipeline.store.version import current, locked, read_run, versions


def collect(output: Path, keep: int) -> Iterator[Path]:
    """Remove all but the current version and the newest `keep` others; yield what went.

    Cleaned shards that only the removed versions used go with them. Raises LockedError while a run
    holds the output.
    """
    if not output.is_dir():
        raise UsageError(f"no such output: {output}", "name the folder that a run published to")
    with locked(output):
        now = current(output)
        others = [version for version in versions(output) if version != now]
        old = others[: len(others) - keep] if keep else others
        staged = [*output.glob(".staging-*"), output / "state" / "work"]
        left = [version for version in versions(output) if version not in old]
        used = {key for version in left for key in read_run(version).get("shards", ())}
        shards = sorted((output / "state" / "clean").glob("*"))
        unused = [shard for shard in shards if shard.name not in used]
        for folder in (*old, *staged, *unused):
            if folder.exists():
                with output_errors(folder):
                    shutil.rmtree(folder)
                yield folder
