"""Which lines may repeat, at the bounds: one character or line less and the answer is another."""

from __future__ import annotations

import pytest

from pipeline.text.repetition.repeatable import (
    is_formal,
    is_long_sentence,
    is_prose,
    is_statute,
)

LONG = "字" * 60


def provisions(count: int, lines: int, duties: int) -> str:
    """Return a text of numbered provisions and other lines, with so many duties."""
    numbered = [f"{n}.甲方{'应当' * (n <= duties)}办理。" for n in range(1, count + 1)]
    return "\n".join(numbered + ["其他。"] * (lines - count))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("第一条 甲。\n第二条 乙。\n第三条 丙。", True),
        ("第一条 甲。\n第二条 乙。\n丙。", False),
        ("第三人说。\n第四人说。\n第五人说。", False),
        (provisions(10, 30, 5), True),
        (provisions(10, 30, 4), False),
        (provisions(9, 27, 5), False),
        (provisions(10, 31, 5), False),
    ],
)
def test_statutes(text: str, is_one: bool) -> None:
    assert is_statute(text, text.split("\n")) == is_one


@pytest.mark.parametrize(
    ("lines", "is_one"),
    [
        (["字" * 10] * 4 + ["字" * 29] * 4, True),  # the median of eight: 19.5
        (["字" * 10] * 4 + ["字" * 30] * 4, False),
        (["字" * 10] * 7, False),
        (["x = 1  # a comment"] * 4 + [LONG] * 11, True),
        (["x = 1  # a comment"] * 3 + [LONG] * 9, False),
        (["x = 1  # a comment"] * 3 + [f"| {LONG} | 0 |"] + [LONG] * 8, True),
        (["x = 1  # a comment"] * 3 + [f"{LONG}   甲   乙   丙"] + [LONG] * 8, True),
        (["x = 1  # a comment"] * 3 + [f"{LONG}─甲"] + [LONG] * 8, False),
    ],
)
def test_forms(lines: list[str], is_one: bool) -> None:
    assert is_formal("\n".join(lines), lines, list(map(len, lines))) == is_one


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("字" * 15, True),
        ("字" * 14, False),
        ("a plain line of English words, forty characters", False),
        ("第一条　" + "字" * 60, False),
        ("| " + "字" * 60 + " | 0 |", False),
        ("甲 | " + "字" * 60 + " | 0", False),
        ("1、" + "字" * 38, True),
        ("1、" + "字" * 37, False),
        ("他说：" + "字" * 77, True),
        ("他说：" + "字" * 76, False),
        ("张三 李四 王五 赵六的名字都在这一行里面", True),
        ("张三 李四 王五 赵六 孙七的名字都在这一行里面", False),
        ("张三 李四 王五 赵六 孙七，名字都在这一行里面", True),
        ("依照《某某法》第三条，" + "字" * 189, True),
        ("依照《某某法》第三条，" + "字" * 188, False),
        ("请选择“确定”按钮，" + "字" * 150, True),
        ("请选择“确定”按钮，" + "字" * 149, False),
        ("abcdefghij" * 2 + "字" * 20, True),
        ("abcdefghij" * 2 + "字" * 19, False),
        ("abcdefghij" * 5 + "字" * 30, True),
        ("abcdefghij" * 6 + "字" * 30, True),
        ("abcdefghij" * 6 + "字" * 29, False),
    ],
)
def test_prose(line: str, is_one: bool) -> None:
    assert is_prose(line, 15) == is_one


def test_a_long_sentence_has_a_hundred_characters_and_an_end() -> None:
    lines = "字" * 99 + "。", "字" * 98 + "。", "字" * 100
    assert [is_long_sentence(line) for line in lines] == [True, False, False]
