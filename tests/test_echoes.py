"""What may recur in a batch of texts: nothing that recurs is passed over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import codes
from pipeline.text.repetition.echoes import Echoes, echoes

LINE = st.sampled_from(
    ("", " ", "甲", "　甲\u2003", "甲乙丙丁" * 5, "\t" * 12, " " * 20 + "甲" + " " * 20, "𠀀。")
)
TEXTS = st.lists(st.lists(LINE, max_size=8).map("\n".join), max_size=6)
SENTENCE = "农机手老周把插秧机开下了田，合作社的人站在田埂上看，说今年的秧苗比往年壮。"


def again(texts: list[str]) -> list[tuple[int, str]]:
    """Return the lines that an earlier one equals, from the definition."""
    out = []
    for i, text in enumerate(texts):
        seen: set[str] = set()
        for line in filter(None, (raw.strip() for raw in text.split("\n"))):
            if line in seen:
                out.append((i, line))
            seen.add(line)
    return out


def lines(found: Echoes, texts: list[str]) -> list[tuple[int, str]]:
    """Return the same of what was found."""
    columns = (column.tolist() for column in found.again[:3])
    return [(i, texts[i][a:b]) for i, a, b in zip(*columns, strict=True)]


@given(TEXTS)
def test_equal_lines_are_found_whatever_stands_around_them(texts: list[str]) -> None:
    found = echoes(texts, 30, "。")
    assert lines(found, texts) == again(texts)
    bare = [[line.strip() for line in text.split("\n")] for text in texts]
    assert found.size.tolist() == [sum(map(len, some)) for some in bare]


def test_texts_of_several_slices_are_told_apart() -> None:
    long = "\n".join(f"第{i}行" for i in range(codes.SLICE // 4))
    texts = [SENTENCE, long, SENTENCE, long + "\n第7行"]
    found = echoes(texts, 30, "。")
    assert lines(found, texts) == [(3, "第7行")]
    assert not found.near.owner.size


def test_near_copies_are_found_wherever_they_differ() -> None:
    for place in range(len(SENTENCE) - 1):
        other = SENTENCE[:place] + "也" + SENTENCE[place + 1 :]
        found = echoes([SENTENCE, f"{SENTENCE}\n甲。\n{other}"], 30, "。")
        assert found.near.owner.tolist() == [1, 1], place


def test_what_need_not_be_asked_about_is_no_near_copy() -> None:
    name = "国家市场监督管理总局特种设备局"
    other = f"近日，{name}发布通知，要求各地加强检查，督促使用单位落实主体责任，发现问题及时处理。"
    more = f"记者从{name}获悉，今年以来各地共检查单位八千余家，消除隐患两千余处，罚款若干。"
    texts = [
        f"{other}\n{more}",  # a name in common
        f"{SENTENCE}\n{SENTENCE}",  # equal: that is the other question
        f"{SENTENCE}\n{SENTENCE[:-1]}",  # does not end like a sentence
        SENTENCE[:20] + "。\n" + SENTENCE[:20] + "！",  # short
    ]
    assert not echoes(texts, 30, "。").near.owner.size


def test_more_long_lines_than_a_small_word_can_number() -> None:
    many = [
        f"{i}号机组于当日零时起投入运行，运行参数正常，值班人员每小时巡视{i}次。"
        for i in range(5000)
    ]
    found = echoes(["\n".join([SENTENCE, *many, SENTENCE.replace("田埂", "田头")])], 30, "。")
    assert {0, found.near.start.max()} <= set(found.near.start.tolist())
    assert len(found.near.owner) > 2
