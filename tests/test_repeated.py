"""What of a copy goes: whole lines, and of a line that it shares a part, at the bounds."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.stages.repeated import _begins, _last_end, _opened, lines_of, without
from pipeline.text.repetition.pasted import Copy


def copy(start: int, end: int, kept: int, told: int) -> Copy:
    """Return a copy of which the first `told` characters stand in the other."""
    return Copy(start, end, kept, told / (end - start), np.array([[start, start + told]]))


@pytest.mark.parametrize(
    ("size", "told", "goes"),
    [(20, 10, True), (20, 9, False), (44, 33, True), (44, 32, False)],
)
def test_a_line_goes_with_the_copy_of_half_of_it_but_for_little_of_its_own(
    size: int, told: int, goes: bool
) -> None:
    text = "甲" * size + "\n乙\n" + "甲" * told + "丙" * (size - told)
    start = size + 3
    edits = without(text, lines_of(text), [copy(start, len(text), 0, told)])
    assert [(e.start, e.end) for e in edits] == [(start - 1, len(text))] * goes
    assert [e.note for e in edits] == [f"repeats the text {start} characters before"] * goes


def test_a_copy_within_a_line_ends_with_a_sentence() -> None:
    said = "会议昨日在京召开。代表们讨论了今年的工作。"
    text = said + "又讯，" + said + "完"
    edits = without(text, lines_of(text), [copy(len(said) + 3, len(text) - 1, 0, len(said))])
    assert [(e.start, e.end) for e in edits] == [(len(said) + 3, len(text) - 1)]
    assert not without(text + "字" * 80, lines_of(text + "字" * 80), [
        copy(len(said) + 3, len(text) - 1, 0, len(said))
    ])  # fmt: skip


def test_where_sentences_begin_and_end() -> None:
    assert _opened("他说：“「甲", 5) == 3
    text = "甲乙。”丙丁，戊己"
    assert [_last_end(text, 0, end) for end in (6, 3, 2)] == [4, 4, 0]
    assert _last_end("甲乙", 1, 2) == 1
    later = copy(7, 9, 7, 2)
    assert [_begins(text, at, later) for at in (0, 4, 7)] == [True, True, False]
    assert _begins(text, 7, copy(7, 9, 0, 2))  # where it is said the other time, a line begins
    assert not _begins(text, 7, copy(6, 9, 0, 3))
