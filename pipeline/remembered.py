"""What `decide` remembers from run to run: files of arrays under the state of an output.

    state/decide/<program>/{documents,groups,misses,paragraphs,signed}.rows

Everything in it is a function of texts and program, and can be computed again: a file that is
missing, torn or of another shape is as good as none. Each run leaves what it has used itself, so
that the memory grows with the corpus and not with the number of runs.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.memory import PAIR_DTYPE, Memory
from pipeline.dedup.verdicts import MEMBER_DTYPE, MISS_DTYPE, GroupMemory
from pipeline.store.files import load_rows, output_errors, save_rows, whole_files


class Remembered:
    """The memory of one program (code, tables, recipe) under `state`; None remembers nothing."""

    def __init__(self, state: Path | None = None, program: str = "") -> None:
        self.folder = state / "decide" / program[:32] if state else None
        self.documents = Memory(self._load("documents", PAIR_DTYPE))
        self.groups = GroupMemory(
            self._load("groups", MEMBER_DTYPE), self._load("misses", MISS_DTYPE)
        )
        self.texts: NDArray[np.uint64] | None = None  # hashes of the texts of this run
        self.paragraphs = Memory(self._load("paragraphs", PAIR_DTYPE))
        self.signed: NDArray[Any] | None = None

    def signatures(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the features of texts without the lines of their sites, sorted by `key`."""
        return self._load("signed", dtype)

    def _load(self, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
        if self.folder is None:
            return np.zeros(0, dtype)
        return load_rows(self.folder / f"{name}.rows", dtype)

    def save(self) -> None:
        """Write what this run used, and remove what other programs left."""
        if self.folder is None:
            return
        groups, misses = self.groups.to_remember()
        files = {
            "documents": self.documents.to_remember(self.texts),
            "groups": groups,
            "misses": misses,
            "paragraphs": self.paragraphs.to_remember(),
        }
        if self.signed is not None:
            files["signed"] = self.signed
        with whole_files([self.folder / f"{name}.rows" for name in files]) as paths:
            for path, array in zip(paths, files.values(), strict=True):
                save_rows(path, array)
        with output_errors(self.folder):
            for other in self.folder.parent.iterdir():
                if other != self.folder:
                    shutil.rmtree(other)
