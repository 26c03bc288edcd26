"""Sets of documents to measure on: NAME.jsonl.zst, and their pages in NAME.raw.tar.zst."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard


def rows(data: Path, name: str, limit: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the objects of a set, `limit` at most (0: all)."""
    with (data / f"{name}.jsonl.zst").open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file)
        for number, line in enumerate(io.TextIOWrapper(stream, "utf-8")):
            if limit and number >= limit:
                return
            yield json.loads(line)


def pages(data: Path, name: str) -> dict[str, str]:
    """Return the pages of a set by their path: UTF-8, or GB18030 where they are not."""
    found: dict[str, str] = {}
    with (data / f"{name}.raw.tar.zst").open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file)
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None:
                    continue
                raw = content.read()
                raw = gzip.decompress(raw) if member.name.endswith(".gz") else raw
                try:
                    found[member.name] = raw.decode("utf-8")
                except UnicodeDecodeError:
                    found[member.name] = raw.decode("gb18030", "replace")
    return found
