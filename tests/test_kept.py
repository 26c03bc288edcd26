"""Tables that are kept on disk: made once for each identity of the program, and never wrong."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.stages.boilerplate import _builtin_index
from pipeline.text import kept as module
from pipeline.text.boilerplate.rules import builtin_rules
from pipeline.text.kept import keep_for, kept
from pipeline.text.mojibake.codecs import reading


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(module, "folder", lambda: tmp_path)
    monkeypatch.setattr(module, "may_write", lambda: True)
    keep_for("a" * 64)
    yield tmp_path
    keep_for("")


def counting() -> tuple[Callable[[int], list[int]], list[int]]:
    """Return a kept function as a new process has it, and the arguments it was made for."""
    made: list[int] = []

    def squares(n: int) -> list[int]:
        made.append(n)
        return [i * i for i in range(n)]

    return kept(squares), made


def test_what_one_process_made_the_next_one_reads(folder: Path) -> None:
    for expected in ([3, 4], []):
        squares, made = counting()
        assert [squares(3), squares(4), squares(3)] == [[0, 1, 4], [0, 1, 4, 9], [0, 1, 4]]
        assert made == expected
    assert len(list(folder.iterdir())) == 2


def test_another_program_makes_its_own_and_removes_the_others(folder: Path) -> None:
    counting()[0](3)
    keep_for("b" * 64)
    squares, made = counting()
    assert (squares(3), made) == ([0, 1, 4], [3])
    assert [path.suffix for path in folder.iterdir()] == [f".{'b' * 16}"]


@pytest.mark.parametrize("harm", ["empty", "cut off", "rotten"])
def test_a_file_that_was_harmed_is_made_anew(folder: Path, harm: str) -> None:
    counting()[0](3)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    rotten = whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:]
    path.write_bytes({"empty": b"", "cut off": whole[:-2], "rotten": rotten}[harm])
    squares, made = counting()
    assert (squares(3), made) == ([0, 1, 4], [3])
    assert path.read_bytes() == whole


def test_nothing_is_written_without_an_identity_nor_where_python_writes_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_for("")
    counting()[0](3)
    keep_for("a" * 64)
    monkeypatch.setattr(module, "may_write", lambda: False)
    counting()[0](3)
    assert not list(folder.iterdir())


def test_a_folder_that_cannot_be_written_is_no_fault(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file").touch()
    monkeypatch.setattr(module, "folder", lambda: folder / "file")
    assert counting()[0](3) == [0, 1, 4]


def test_tables_come_back_as_they_were() -> None:
    table = reading("gbk")
    again = pickle.loads(pickle.dumps(table))
    assert np.array_equal(again.first, table.first)
    assert again.first.dtype == table.first.dtype
    assert pickle.loads(pickle.dumps(builtin_rules())) == builtin_rules()
    index = _builtin_index(())
    assert pickle.dumps(pickle.loads(pickle.dumps(index))) == pickle.dumps(index)
