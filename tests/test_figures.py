"""The same form with other numbers is no copy; a copy with noise in its numbers is one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dedup.figures import figures, other_figures
from pipeline.dedup.options import DedupOptions
from pipeline.text.sketches.shadow import shadow_units
from tests.test_dedup import prose, run

FIXED = prose(7, 160)
FORECAST = (
    "气象台{d}月{e}日发布：今天夜间多云，最低气温{a}℃，东风{b}级；明天白天晴转多云，最高气温{c}℃，"
    "相对湿度{f}%，降水概率{g}%，空气质量指数{h}。" + FIXED
)


def forecast(seed: int) -> str:
    draw = np.random.default_rng(seed)
    return FORECAST.format(**{key: int(draw.integers(1, 9000)) for key in "abcdefgh"})


def article(numbers: list[int]) -> str:
    return "".join(f"{prose(900 + i, 50)}{n}{prose(950 + i, 30)}" for i, n in enumerate(numbers))


def apart(one: str, other: str) -> bool:
    words, firsts = figures(*shadow_units([one, other]))
    return other_figures(words[: firsts[1]], words[firsts[1] :])


def test_bulletins_of_one_form_stay() -> None:
    texts = [forecast(seed) for seed in range(12)]
    assert run(texts).kept.all()
    merged = run(texts, DedupOptions(jaccard=0.6, same_numbers=False))
    assert merged.kept.sum() == 1  # else this test could not fail
    assert run(texts, DedupOptions(jaccard=0.6)).kept.all()


DATES = "".join(
    f"{prose(970 + i, 40)}{2010 + i}年{i + 1}月{20 + i}日{prose(980 + i)}" for i in range(6)
)
NUMBERS = [2019, 35, 8, 1246, 70, 512, 33, 9]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (article([2018, 35, 8, 1246, 70, 512, 33, 9]), "a number that was mistyped"),
        (article([9, 2019, 35, 8, 1246, 70, 512, 33]), "articles in another order"),
        (article(NUMBERS) + "阅读4711次评论25条转发38次赞901", "counters of a page"),
        (article(NUMBERS[:4]), "the first half"),
        (article(NUMBERS).replace("2019", "２０１９"), "width"),
        (DATES.replace("年", "�").replace("月", "�"), "damage"),
        (prose(3, 300), "nothing in common"),
    ],
)
def test_copies_have_the_same_numbers(other: str, why: str) -> None:
    assert not apart(DATES if "�" in other else article(NUMBERS), other), why


def test_other_numbers() -> None:
    assert apart(article(NUMBERS), article([n + 1 for n in NUMBERS]))
    assert apart(article(NUMBERS), article([2019, 35, *(n + 1 for n in NUMBERS[2:])]))
    assert not apart(article(NUMBERS), article([*NUMBERS[:5], *(n + 1 for n in NUMBERS[5:])]))


def test_another_date_alone_is_none() -> None:
    one, other = (
        prose(1) + f"{date}来源某社" + prose(2) for date in ("2019年3月5日", "2020年4月6日")
    )
    assert not apart(one, other)
    assert (
        len(figures(*shadow_units(["会议于2019年3月5日召开"]))[0]) == 8
    )  # one date, three numbers


def test_noise_in_dates() -> None:
    """Of ten dates, one character in each was drawn anew."""
    dates = "".join(f"{prose(970 + i, 40)}{2010 + i}年{i + 1}月{20 + i}日" for i in range(10))
    assert not apart(
        dates, dates.replace("1年", "会年").replace("月2", "法2").replace("年", "了", 4)
    )


@given(st.lists(st.text("甲乙丙丁0１2 ，", max_size=12), max_size=6))
def test_a_text_has_its_numbers_in_any_company(texts: list[str]) -> None:
    words, firsts = figures(*shadow_units(texts))
    for i, text in enumerate(texts):
        alone, _ = figures(*shadow_units([text]))
        assert words[firsts[i] : firsts[i + 1]].tolist() == alone.tolist()
