"""Regular expressions are kept compiled, as Python keeps compiled modules (`caches.py`).

Python compiles a pattern anew in each process: some four hundred of ours, a millisecond for each
range of Han characters, a third of the time of a small run. What the compiler made is kept under
what it was given, and Python's own check of such code still takes place where it is loaded.

Nothing is read that another Python has written.
"""

from __future__ import annotations

import marshal
import sys
import zlib
from array import array
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.caches import folder, keep, may_write

_Key = tuple[str | bytes, int]  # pattern and flags
_Made = tuple[int, bytes, int, dict[str, int], tuple[str | None, ...]]
"""All flags, code (uint32), groups, and their numbers by name and names by number."""

_DEBUG = 128
_MOST = 4096
"""Patterns that are kept: beyond, those of other recipes go."""


class Patterns:
    """Stands in for Python's compiler of patterns, and remembers what that made."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or folder() / f"patterns.{sys.implementation.cache_tag}"
        self.compiler: Any = import_module("re._compiler")
        self.parser: Any = import_module("re._parser")
        self.engine: Any = import_module("_sre")
        self.original: Any = self.compiler.compile
        self.known: dict[_Key, _Made] | None = None
        self.new: dict[_Key, _Made] = {}

    def compile(self, p: Any, flags: int = 0) -> Any:
        """Do as `re._compiler.compile`."""
        if type(p) not in (str, bytes) or flags & _DEBUG:
            return self.original(p, flags)
        if self.known is None:
            self.known = _read(self.path)
        made = self.known.get((p, flags))
        if made is None:
            made = self.known[p, flags] = self.new[p, flags] = self._make(p, flags)
        every, code, groups, numbers, names = made
        return self.engine.compile(p, every, array("I", code).tolist(), groups, numbers, names)

    def _make(self, p: str | bytes, flags: int) -> _Made:
        parsed = self.parser.parse(p, flags)
        code = array("I", self.compiler._code(parsed, flags)).tobytes()
        state = parsed.state
        names: list[str | None] = [None] * state.groups
        for name, number in state.groupdict.items():
            names[number] = name
        return flags | state.flags, code, state.groups - 1, dict(state.groupdict), tuple(names)

    def save(self) -> None:
        """Write what is new beside what others have written meanwhile."""
        if not self.new or not may_write():
            return
        there = _read(self.path)
        _write(self.path, there | self.new if len(there) + len(self.new) <= _MOST else self.new)
        self.new = {}


def _read(path: Path) -> dict[_Key, _Made]:
    """Return what is kept; nothing where these are not those bytes, or of another Python."""
    with suppress(OSError, ValueError, EOFError, TypeError):
        content = path.read_bytes()
        data = memoryview(content)[4:]
        if zlib.crc32(data) == int.from_bytes(content[:4], "little"):
            made_by, patterns = marshal.loads(data)  # noqa: S302  as a module's code, our own
            if made_by == _made_by():
                return dict(patterns)
    return {}


def _write(path: Path, patterns: dict[_Key, _Made]) -> None:
    content: Any = (_made_by(), patterns)
    data = marshal.dumps(content)
    with suppress(OSError):
        keep(path, zlib.crc32(data).to_bytes(4, "little") + data)


def _made_by() -> tuple[str, str, int]:
    return sys.version, sys.byteorder, array("I").itemsize


_patterns: Patterns | None = None


def keep_patterns() -> None:
    """Keep what is compiled in this process from now on, and use what is kept."""
    global _patterns  # noqa: PLW0603  one process, one compiler
    if _patterns is not None:
        return
    with suppress(ImportError, AttributeError):  # a Python that is built otherwise
        _patterns = Patterns()
        _patterns.compiler.compile = _patterns.compile


def save_patterns() -> None:
    """Write what has been compiled in this process, and was not kept."""
    if _patterns is not None:
        _patterns.save()
