"""What is compiled is kept beside the sources, in the user's cache, or (`-B`) not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
from pipeline.startup import own_process, save_patterns
own_process()
import pipeline.decode, pipeline.document
save_patterns()
print(type(pipeline.document.__loader__).__name__, sys.pycache_prefix, sys.dont_write_bytecode)
"""


def run(cache: Path, *flags: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, *flags, "-c", CODE],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ".", "XDG_CACHE_HOME": str(cache), **env},
    )
    return done.stdout.strip()


def test_where_no_bytecode_may_stand_by_the_sources_the_user_s_cache_has_it(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(tmp_path, PYTHONDONTWRITEBYTECODE="1") == "_Loader None True"
        found = {path.name.split(".")[0]: path for path in tmp_path.rglob("*") if path.is_file()}
        assert {"document", "decode", "patterns"} <= found.keys()
        assert not {"click", "numpy", "_compiler"} & found.keys()
    code = found["document"].read_bytes()
    found["document"].write_bytes(code[:16] + b"no code")
    with pytest.raises(subprocess.CalledProcessError):  # so it is what is read
        run(tmp_path, PYTHONDONTWRITEBYTECODE="1")


def test_a_run_that_is_to_write_none_writes_none(tmp_path: Path) -> None:
    assert run(tmp_path, "-B") == "SourceFileLoader None True"
    assert not list(tmp_path.iterdir())


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert run(tmp_path / "file", PYTHONDONTWRITEBYTECODE="1") == "_Loader None True"


def test_a_home_that_is_nowhere_is_no_cache(tmp_path: Path) -> None:
    assert run(Path("relative"), PYTHONDONTWRITEBYTECODE="1") == "SourceFileLoader None True"
