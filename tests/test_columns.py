"""Arrays of files: mapped as numpy would read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.dedup.columns import mapped
from pipeline.dedup.paragraphs import PARAGRAPH_DTYPE

ARRAYS: dict[str, NDArray[Any]] = {
    "none": np.zeros(0, np.uint64),
    "no rows of three": np.zeros((0, 3), np.uint32),
    "rows": np.arange(12, dtype=np.int32).reshape(3, 4),
    "columns": np.asfortranarray(np.arange(12, dtype=np.uint8).reshape(3, 4)),
    "one number": np.array(5.0),
    "records": np.ones(3, PARAGRAPH_DTYPE),
    "strings": np.array(["字", "字符"]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_a_mapped_array_is_that_which_was_saved(name: str, tmp_path: Path) -> None:
    array, path = ARRAYS[name], tmp_path / "array.npy"
    np.save(path, array)
    found = mapped(path)
    assert found.dtype == array.dtype
    assert found.flags.f_contiguous == array.flags.f_contiguous
    np.testing.assert_array_equal(found, array, strict=True)


def test_a_header_of_another_version_is_numpys_affair(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, ARRAYS["rows"], version=(2, 0))
    np.testing.assert_array_equal(mapped(path), ARRAYS["rows"], strict=True)


def test_a_torn_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    np.save(path, ARRAYS["rows"])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="buffer"):
        mapped(path)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="nothing else tells")
def test_a_mapped_file_is_not_held_open(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    np.save(path, ARRAYS["rows"])
    before = len(list(Path("/proc/self/fd").iterdir()))
    held = [mapped(path) for _ in range(50)]
    assert len(list(Path("/proc/self/fd").iterdir())) < before + len(held) / 2
