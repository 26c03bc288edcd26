"""What of the version before the next one takes over: groups of files, and compressed texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        made, digests = (
            [digest for group, digest in self.groups if group == wanted] for wanted in FILES
        )
        self.folder = folder
        self.receipts = made
        self.known_receipts = texts.known(folder, made)
        self.files = [self._decided(digest) for digest in digests]
        self.known = texts.known(folder, digests)
        self.heads = texts.known_heads(folder, digests)

    def _whole(self, group: str, number: int, sizes: Mapping[str, int]) -> bool:
        """Tell whether the files that the manifest names for a group are there, in their size."""
        assert self.version is not None
        names = [name.format(number) for name in FILES[group]]
        try:
            there = [(self.version / name).stat().st_size for name in names if name in sizes]
        except OSError:
            return False
        return there == [sizes[name] for name in names if name in sizes]

    def _decided(self, digest: str) -> tuple[str, str]:
        """Return the paths of the data and of the dropped documents of a part."""
        number = self.groups["decided", digest]["number"]
        data, dropped, *_ = (f"{self.version}/{name.format(number)}" for name in FILES["decided"])
        return data, dropped

    def missing(self, made: str, decided: str) -> tuple[str, ...]:
        """Return the groups of a part that the version does not have."""
        wanted = {"made": made, "decided": decided}
        return tuple(group for group in FILES if (group, wanted[group]) not in self.groups)

    def places(
        self, slabs: texts.Slabs, words: NDArray[np.uint64]
    ) -> tuple[texts.Slabs, NDArray[Any], tuple[tuple[str, str], ...]]:
        """Return slabs and dropped documents with the places where their texts lie.

        And of each part that is meant the paths of its data and of its dropped documents.
        """
        found, heads = texts.found(slabs, self.known), texts.found_heads(words, self.heads)
        files = np.union1d(found["file"], heads["file"])
        files = files[files >= 0]
        for rows in (found, heads):
            mine = rows["file"] >= 0
            rows["file"][mine] = np.searchsorted(files, rows["file"][mine])
        return found, heads, tuple(self.files[number] for number in files.tolist())

    def places_of_receipts(
        self, slabs: texts.Slabs
    ) -> tuple[texts.Slabs, tuple[tuple[str, str, str], ...]]:
        """Return slabs with the part that has their receipts, and where those parts have them."""
        found = texts.found(slabs, self.known_receipts)
        files = np.unique(found["file"])
        files = files[files >= 0]
        mine = found["file"] >= 0
        found["file"][mine] = np.searchsorted(files, found["file"][mine])
        return found, tuple(self._made(self.receipts[number]) for number in files.tolist())

    def _made(self, digest: str) -> tuple[str, str, str]:
        number = self.groups["made", digest]["number"]
        edits, paragraphs, *_ = (f"{self.version}/{name.format(number)}" for name in FILES["made"])
        return edits, paragraphs, str(texts.receipts(self.folder, digest))

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
