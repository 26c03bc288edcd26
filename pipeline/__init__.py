"""Cleans document corpora, Chinese first: raw bytes in, clean Parquet out, receipts for all.

>>> from pipeline import clean
>>> clean("他说,今天是周一。").text
'他说，今天是周一。'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.api import clean, run

__version__ = "0.1.0"
__all__ = ["__version__", "clean", "run"]


def __getattr__(name: str) -> Any:
    """Import the Python interface on first use: `--help` must not pay for it (PEP 562)."""
    if name in {"clean", "run"}:
        from pipeline import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
