"""Where what takes long to make is kept from run to run: modules, patterns and tables, compiled.

Beside the sources, as Python keeps compiled modules. Images of containers often forbid that
(`PYTHONDONTWRITEBYTECODE`), so that no file of a run is among those of the program; then it is
kept in the user's cache folder, as two hundred modules are else compiled in each run, for 0.6 s.
With `-B`, said for one run, nothing is written at all.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from hashlib import sha256
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType

_PACKAGE = Path(__file__).parent
_NAME = "hanzi-pipeline"


def folder() -> Path:
    """Return where patterns and tables are kept."""
    return _of_user() or _PACKAGE / "__pycache__"


def may_write() -> bool:
    """Tell whether anything may be written there."""
    return not sys.dont_write_bytecode or _of_user() is not None


@cache
def _of_user() -> Path | None:
    """Return this program's folder in the user's cache; None where the sources have their own."""
    if not (sys.dont_write_bytecode and os.environ.get("PYTHONDONTWRITEBYTECODE")):
        return None
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    place = sha256(os.fsencode(_PACKAGE)).hexdigest()[:12]  # of this copy of the program
    return Path(base, _NAME, place) if os.path.isabs(base) else None


class _Loader(SourceFileLoader):
    """Loads a module of ours, and keeps it compiled in the user's cache."""

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of the module."""
        before = sys.pycache_prefix, sys.dont_write_bytecode
        sys.pycache_prefix, sys.dont_write_bytecode = str(folder()), False
        try:
            return super().get_code(fullname)
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = before


class _Finder:
    """Finds the modules of this package; a finder by what it does."""

    def find_spec(
        self, fullname: str, path: list[str] | None = None, _: object = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of ours, with the loader that keeps it."""
        if not fullname.startswith("pipeline."):
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def keep_modules() -> None:
    """Keep the modules that are imported from now on, where Python does not do so itself."""
    if _of_user() is not None and not any(isinstance(f, _Finder) for f in sys.meta_path):
        sys.meta_path.insert(0, _Finder())  # type: ignore[arg-type]
