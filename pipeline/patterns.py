"""Compiled regular expressions, kept from run to run as Python keeps its compiled modules.

Python 3.11 compiles a class of 20,000 characters one character at a time, and a run has 400
patterns: 0.15 s. What is kept is what `re` itself made of a pattern, by pattern, flags and version
of Python; where it cannot be kept or read, it is made again.
"""

from __future__ import annotations

import marshal
import os
import re
import sys
from array import array
from contextlib import suppress
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "__pycache__" / f"patterns.{sys.implementation.cache_tag}"
_MOST = 1024  # twice what a run has; above it goes what this one does not use

_Key = tuple[str, int]
_known: dict[_Key, tuple[Any, ...]] = {}
_used: set[_Key] = set()
_saved = 0


def remember() -> None:
    """Let `re` look up what it compiled in earlier runs, in this process and those forked of it."""
    global _saved  # noqa: PLW0603  what a process knows, it knows once
    from re import _compiler  # type: ignore[attr-defined]

    if not all(hasattr(_compiler, name) for name in ("compile", "_code", "_parser", "_sre")):
        return  # a Python that we do not know
    _known.update(_kept())
    _saved = len(_known)
    compile_anew = _compiler.compile

    def compiled(pattern: Any, flags: int = 0) -> re.Pattern[Any]:
        if type(pattern) is not str or flags & re.DEBUG:
            return compile_anew(pattern, flags)  # type: ignore[no-any-return]
        key = (pattern, int(flags))
        if key not in _known:
            _known[key] = _parts(_compiler, pattern, int(flags))
        _used.add(key)
        final, code, groups, names, numbers = _known[key]
        words = array("I", code).tolist()
        return _compiler._sre.compile(pattern, final, words, groups, names, numbers)  # type: ignore[no-any-return]

    _compiler.compile = compiled


def _kept() -> dict[_Key, tuple[Any, ...]]:
    with suppress(OSError, ValueError, EOFError, TypeError):
        version, known = marshal.loads(_FILE.read_bytes())  # noqa: S302  as trusted as our modules
        if version == sys.version:
            return dict(known)
    return {}


def _parts(compiler: Any, pattern: str, flags: int) -> tuple[Any, ...]:
    """Return what `re` hands to its engine: flags, code, groups and their names."""
    parsed = compiler._parser.parse(pattern, flags)
    code = array("I", compiler._code(parsed, flags)).tobytes()
    state = parsed.state
    numbers: list[str | None] = [None] * state.groups
    for name, number in state.groupdict.items():
        numbers[number] = name
    return int(flags | state.flags), code, state.groups - 1, state.groupdict, tuple(numbers)


def save() -> None:
    """Keep what was compiled anew, if anything was, beside what other processes kept."""
    global _saved  # noqa: PLW0603
    if len(_known) == _saved or sys.dont_write_bytecode:
        return
    _saved = len(_known)
    every = {**_kept(), **_known}
    if len(every) > _MOST:
        every = {key: _known[key] for key in _used}
    temporary = _FILE.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        temporary.write_bytes(marshal.dumps((sys.version, every)))
        temporary.replace(_FILE)
