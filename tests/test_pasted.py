"""Copies within a text: where they are, which one goes, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.repetition.pasted import pasted
from tests.stage_cases import settled
from tests.test_dedup import changed, prose

A, B, C = prose(1, 400), prose(2, 400), prose(3, 120)


def said(text: str) -> list[str]:
    return [text[copy.start : copy.end] for copy in pasted(text, 100, 0.2)]


@pytest.mark.parametrize("between", ["", "\n", "\n----\n", B])
def test_the_later_of_two_goes(between: str) -> None:
    text = A + between + A
    assert said(text) == [A.rstrip("。")]
    assert pasted(text, 100, 0.2)[0].start == len(A + between)


def test_the_less_complete_of_two_goes() -> None:
    text = f"{A}\n{A[:210]}{C}\n{A[210:]}"
    assert [copy.start for copy in pasted(text, 100, 0.2)] == [0]
    text = f"{A[:210]}{C}\n{A[210:]}\n{A}"
    assert [copy.kept for copy in pasted(text, 100, 0.2)] == [0]


def test_all_of_several_go() -> None:
    text = "\n".join([A, changed(A, 0.01), B, A])
    assert [text[copy.start] for copy in pasted(text, 100, 0.2)] == [A[0], A[0]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (A + B, "nothing twice"),
        (A + C + B + prose(4) + prose(5) + C, "too small a part"),
        (A + changed(A, 0.2), "too much changed"),
        ("啊" * 600, "one character"),
        ("春眠不觉晓" * 120, "a pattern"),
        ("".join(C[i : i + 30] for i in (0, 60, 30, 90, 0, 30, 60)), "parts in another order"),
        ("", "empty"),
    ],
)
def test_no_copy(text: str, why: str) -> None:
    assert not pasted(text, 100, 0.2), why


def test_exactly() -> None:
    assert pasted(A + A, 100, 0.2, exact=True)
    assert pasted(A + changed(A, 0.01), 100, 0.2)
    assert not pasted(A + changed(A, 0.01), 100, 0.2, exact=True)


PARTS = (A, B, C, changed(A, 0.01), A[:200], f"{A[:200]}\n{A[200:]}", "----", "短句。")


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PARTS), max_size=6), st.sampled_from(["\n", "", "\n\n"]))
def test_everything_is_still_said_once(parts: list[str], between: str) -> None:
    text = between.join(parts)
    out = settled("repetition", text)
    left = {out.text[i : i + 12] for i in range(len(out.text))}
    for part in {A, B, C} & set(parts):
        there = [part[i : i + 12] in left for i in range(0, len(part) - 11, 12)]
        assert sum(there) >= 0.7 * len(there)
