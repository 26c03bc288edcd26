"""Rows in runs: against `itertools.groupby`, and against what portions promise."""

from __future__ import annotations

import doctest
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import runs

_ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)))
_SIZES = st.lists(st.integers(0, 9))


@given(_ROWS)
def test_runs_are_those_of_groupby(rows: list[tuple[int, int]]) -> None:
    columns = np.array(rows, np.uint64).reshape(-1, 2).T
    heads, sizes = runs.runs(*columns)
    assert sizes.tolist() == [len(list(group)) for _, group in groupby(rows)]
    assert heads.tolist() == (np.cumsum(sizes) - sizes).tolist()


@given(_SIZES, st.integers(1, 20))
def test_portions_are_as_large_as_they_may_be(sizes: list[int], most: int) -> None:
    some = list(runs.portions(np.array(sizes, np.int64), most))
    assert [row for run in some for row in sizes[run]] == sizes
    for run, after in pairwise([*some, slice(len(sizes), len(sizes) + 1)]):
        assert sum(sizes[run]) <= most or run.stop == run.start + 1
        assert after.start == len(sizes) or sum(sizes[run.start : run.stop + 1]) > most


@given(_SIZES, st.integers(1, 20))
def test_stretches_are_as_small_as_they_may_be(sizes: list[int], least: int) -> None:
    some = list(runs.cut(np.array(sizes, np.int64), least))
    assert [row for first, last in some for row in sizes[first:last]] == sizes
    for first, last in some:
        assert sum(sizes[first : last - 1]) < least
        assert last == len(sizes) or sum(sizes[first:last]) >= least


@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_find_gives_the_first_row_of_a_key(column: list[int], keys: list[int]) -> None:
    column.sort()
    found = runs.find(np.array(column, np.uint64), np.array(keys, np.uint64))
    assert found.tolist() == [column.index(key) if key in column else -1 for key in keys]


def test_doctests() -> None:
    failed, tried = doctest.testmod(runs)
    assert tried
    assert not failed


@pytest.mark.parametrize("kind", [np.uint16, np.uint64])
def test_the_first_row_begins_a_run_whatever_its_value(kind: type) -> None:
    assert runs.firsts(np.zeros(2, kind)).tolist() == [0]
    assert runs.firsts(np.full(2, np.iinfo(kind).max, kind)).tolist() == [0]
