"""Where what takes long to make is kept from run to run: patterns and tables, compiled.

Beside the sources, as Python keeps compiled modules. Images of containers often forbid that
(`PYTHONDONTWRITEBYTECODE`), so that no file of a run is among those of the program; then these are
kept in the user's cache folder. With `-B`, said for one run, nothing is written at all.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from zlib import crc32

_PACKAGE = Path(__file__).parent
_NAME = "hanzi-pipeline"


def folder() -> Path:
    """Return where patterns and tables are kept."""
    return _of_user() or _PACKAGE / "__pycache__"


def may_write() -> bool:
    """Tell whether anything may be written there."""
    return not sys.dont_write_bytecode or _of_user() is not None


def keep(path: Path, data: bytes) -> None:
    """Write a file there in one step; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)


@cache
def _of_user() -> Path | None:
    """Return this program's folder in the user's cache; None where the sources have their own."""
    if not (sys.dont_write_bytecode and os.environ.get("PYTHONDONTWRITEBYTECODE")):
        return None
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    place = f"{crc32(os.fsencode(_PACKAGE)):08x}"  # of this copy of the program
    return Path(base, _NAME, place) if os.path.isabs(base) else None
