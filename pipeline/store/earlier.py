"""What of the version before the next one takes over: groups of files, and compressed texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.store import texts
from pipeline.store.schema import FILES
from pipeline.store.version import file_sizes


class Earlier:
    """The parts of the version before (None: there is none); `folder`: the state's texts."""

    def __init__(self, version: Path | None, folder: Path) -> None:
        self.version = version
        self.groups: dict[tuple[str, str], dict[str, Any]] = {}
        sizes = file_sizes(version) if version else {}
        for entry in read_parts(version) if version else ():
            for group in FILES:
                found = {"number": entry["number"], **entry[group]}
                if self._whole(group, entry["number"], sizes):
                    self.groups[group, entry[group]["digest"]] = found
        digests = [digest for group, digest in self.groups if group == "decided"]
        self.files = [self._data(digest) for digest in digests]
        self.known = texts.known(folder, digests)

    def _whole(self, group: str, number: int, sizes: Mapping[str, int]) -> bool:
        """Tell whether the files that the manifest names for a group are there, in their size."""
        assert self.version is not None
        names = [name.format(number) for name in FILES[group]]
        try:
            there = [(self.version / name).stat().st_size for name in names if name in sizes]
        except OSError:
            return False
        return there == [sizes[name] for name in names if name in sizes]

    def _data(self, digest: str) -> str:
        number = self.groups["decided", digest]["number"]
        return str(self.version) + "/" + FILES["decided"][0].format(number)

    def missing(self, made: str, decided: str) -> tuple[str, ...]:
        """Return the groups of a part that the version does not have."""
        wanted = {"made": made, "decided": decided}
        return tuple(group for group in FILES if (group, wanted[group]) not in self.groups)

    def slabs(self, slabs: texts.Slabs) -> tuple[texts.Slabs, tuple[str, ...]]:
        """Return slabs with the places where they lie, and the data files that are meant."""
        found = texts.found(slabs, self.known)
        files = np.unique(found["file"][found["file"] >= 0])
        mine = found["file"] >= 0
        found["file"][mine] = np.searchsorted(files, found["file"][mine])
        return found, tuple(self.files[number] for number in files)

    def link(
        self, group: str, digest: str, staged: Path, number: int
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Link the files of a group; return what it counts, and of each file its earlier name."""
        assert self.version is not None
        entry = dict(self.groups[group, digest])
        before = entry.pop("number")
        links = {}
        for name in FILES[group]:
            source, target = self.version / name.format(before), staged / name.format(number)
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.hardlink_to(source)
                links[name.format(number)] = name.format(before)
        return entry, links


def read_parts(version: Path) -> list[dict[str, Any]]:
    """Return parts.json: of each part its number, and for each group its digest and counts."""
    path = version / "parts.json"
    content = json.loads(path.read_bytes()) if path.is_file() else []
    return content if isinstance(content, list) else []
