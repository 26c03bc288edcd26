"""Patterns and tables are kept by the sources, in the user's cache, or (`-B`) not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import re
from pipeline.startup import own_process, save_patterns
own_process()
import pipeline.decode
re.compile("没有人写过的模式[一二]{3}")
save_patterns()
"""


def kept(cache: Path, *flags: str, **env: str) -> list[str]:
    """Run a process of ours twice; return what is kept in the user's cache."""
    for _ in range(2):
        subprocess.run(
            [sys.executable, *flags, "-c", CODE],
            check=True,
            env={"PYTHONPATH": ".", "XDG_CACHE_HOME": str(cache), **env},
        )
    return [path.name.split(".")[0] for path in cache.rglob("*") if path.is_file()]


def test_where_no_bytecode_may_stand_by_the_sources_the_user_s_cache_has_it(tmp_path: Path) -> None:
    assert kept(tmp_path, PYTHONDONTWRITEBYTECODE="1") == ["patterns"]


def test_a_run_that_is_to_write_none_writes_none(tmp_path: Path) -> None:
    assert kept(tmp_path, "-B") == []


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert kept(tmp_path / "file", PYTHONDONTWRITEBYTECODE="1") == []


def test_a_home_that_is_nowhere_is_no_cache(tmp_path: Path) -> None:
    assert kept(Path("relative"), PYTHONDONTWRITEBYTECODE="1") == []
