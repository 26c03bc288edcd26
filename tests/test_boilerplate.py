"""The boilerplate stage: cases, laws, and what its rule files may not contain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.census import census
from pipeline.document import Document, replay
from pipeline.errors import RecipeError
from pipeline.stages.boilerplate import BoilerplateOptions, _settle, build, matcher
from pipeline.text.boilerplate.literals import Needs, holds, needs, outer_letters, required_literals
from pipeline.text.boilerplate.rules import Rule, builtin_rules, load_rules, parse_rules
from pipeline.text.boilerplate.triggers import Candidate, TriggerIndex
from pipeline.text.fold import fold
from pipeline.text.page import page_of
from pipeline.text.prose import LIKELY, is_prose
from tests.stage_cases import check, load, one

BATCH = build(BoilerplateOptions())
APPLY = one(BATCH)
CATCHES = [example.text for rule in builtin_rules() for example in rule.catch]
SENTENCES = [
    "昨日上午，会议在市民中心召开，代表围绕目标任务进行了讨论。",
    "标题一行",
    "",
    "　",
    "𠮷野家",
]
PAGES = st.lists(st.sampled_from(CATCHES + SENTENCES * 20), max_size=12).map("\n".join)


@pytest.mark.parametrize("case", load("boilerplate"))
def test_cases(case: dict[str, Any]) -> None:
    check("boilerplate", case)


@given(PAGES)
@settings(max_examples=150, deadline=None)
def test_receipts_replay_and_a_second_pass_finds_nothing(text: str) -> None:
    out = APPLY(Document("", text))
    assert isinstance(out, Document)
    assert replay(text, out.edits) == out.text
    again = APPLY(out)
    assert isinstance(again, Document)
    assert again.text == out.text


@given(st.lists(PAGES, min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_a_batch_decides_as_one_by_one(texts: list[str]) -> None:
    documents = [Document("", text) for text in texts]
    together = BATCH(documents, census(texts))
    assert together == [APPLY(document) for document in documents]


PLACED = BoilerplateOptions(
    without=tuple(r.id for r in builtin_rules() if {"first", "last"} & dict(r.where).keys())
)
MATCHER = matcher(PLACED)


@given(PAGES)
@settings(max_examples=200, deadline=None)
def test_no_line_is_passed_over_that_a_rule_would_hit(text: str) -> None:
    """Against every rule on every line with a trigger; not those that count the article's lines.

    Of a line between two sentences it is not asked whether rules for head and tail fit its form.
    """
    match, index = MATCHER
    rules = [rule for rule in builtin_rules() if rule.id not in PLACED.without]
    every = {
        number: tuple(i for i, rule in enumerate(rules) if any_in(rule.triggers, line))
        for number, line in enumerate(fold(text).split("\n"))
    }
    hits = {n: match(line, every[n]) for n, line in enumerate(fold(text).split("\n"))}
    document = Document("", text)
    expected = _settle(document, Candidate(0, page_of(text), list(every), True, every, hits), match)
    found = document
    for candidate in index.find([text], match):
        found = _settle(document, candidate, match)
    assert found == expected


def any_in(triggers: tuple[str, ...], line: str) -> bool:
    return any(trigger in line for trigger in triggers)


@given(st.text())
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)
    assert fold(text) * 50 == fold(text * 50)  # one by one and as an array


def every(_: str, which: tuple[int, ...]) -> tuple[int, ...]:
    return which


def test_clean_text_is_not_looked_at() -> None:
    index = TriggerIndex(builtin_rules())
    assert (
        index.find(["昨日上午，会议在市民中心召开，代表围绕目标任务进行了讨论。\n" * 50], every)
        == []
    )


def test_what_a_rule_cannot_touch_is_not_looked_at() -> None:
    index = TriggerIndex(builtin_rules())
    prose = SENTENCES[0] * 2  # a short sentence below could be the site's
    assert (
        index.find(
            [f"{prose}\n他们阅读全文之后展开了讨论，请点击这里查看更多相关新闻。\n{prose}"], every
        )
        == []
    )
    assert index.find([f"{prose}\n返回首页\n{prose}"], every) == []
    assert index.find([f"{prose}\n{prose}\n返回首页"], every) != []


def test_candidates_are_numbered_by_line_behind_astral_characters() -> None:
    index = TriggerIndex(builtin_rules())
    found = index.find(["𠮷野家\n", "𠮷\n𠮷\n展开全文"], every)
    assert [(c.document, list(c.rules)) for c in found] == [(1, [2])]
    page = found[0].page
    assert [page.line(n) for n in range(len(page))] == ["𠮷", "𠮷", "展开全文"]


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *CATCHES, *SENTENCES, "# 标题", "####### 七级", "[1]: https://example.org/a",
                "- 列表。", "[译者注]：这不是链接。", "　　缩进的一句话，后面有句号。",
                "他说：“好。”  ", "\t \u3000",
                "no full stop " * 6, "A sentence of thirty letters or more.", "……" * 40, "》" * 80,
            ]
        ),
        st.text("ab，。.!）” 字[]:#-", max_size=90),
    ),
    max_size=12,
)  # fmt: skip


@given(LINES)
@settings(max_examples=200, deadline=None)
def test_what_arrays_say_of_lines_is_what_their_characters_say(lines: list[str]) -> None:
    text = "\n".join([*lines, "展开全文"])
    page = TriggerIndex(builtin_rules()).find([text], every)[0].page
    assert [page.line(n) for n in range(len(page))] == text.split("\n")
    for number, line in enumerate(text.split("\n")):
        assert page.is_blank(number) == (not line.strip())
        assert page.is_prose(number) == is_prose(fold(line)), line
    prose = [n for n in range(len(page)) if is_prose(fold(page.line(n)))]
    assert all(page.kinds[number] >= LIKELY for number in prose)


def test_a_heading_does_not_go_alone_and_is_not_asked_for() -> None:
    index = TriggerIndex(builtin_rules())
    for heading in ("# 展开全文", "###### 展开全文", "＃ 展开全文"):
        assert index.find([heading], every) == []
    for line in ("#展开全文", "####### 展开全文"):
        assert index.find([line], every) != []


def test_looking_is_linear_in_the_number_of_lines() -> None:
    prose, line = SENTENCES[0], "展开全文"
    small, large = (APPLY(Document("", "\n".join([prose, *[line] * n]))) for n in (50, 5000))
    assert isinstance(small, Document)
    assert isinstance(large, Document)
    assert len(large.edits) == 100 * len(small.edits)


RULE = """
[[rule]]
id = "my-site-slogan"
name = "a slogan"
match = "line"
pattern = '天天向上'
action = "drop-line"
where = ["tail"]
reason = "it stands under every article"
catch = ["天天向上"]
leave = ["好好学习"]
"""


def test_a_users_own_rules_come_first(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(RULE, "utf-8")
    assert load_rules([str(path)])[0].id == "my-site-slogan"
    apply = one(build(BoilerplateOptions(rules=(str(path),))))
    out = apply(Document("", "会议在下午五点结束，与会者随后参观了展览。\n天天向上"))
    assert isinstance(out, Document)
    assert [edit.rule for edit in out.edits] == ["my-site-slogan"]


def test_a_trigger_may_lie_beyond_the_bmp(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(RULE.replace("天天向上", "天📱天向上"), "utf-8")
    apply = one(build(BoilerplateOptions(rules=(str(path),))))
    prose = "会议在下午五点结束，与会者随后参观了展览。"
    for line, left in (("天📱天向上", prose), ("天📲天向上", f"{prose}\n天📲天向上")):
        out = apply(Document("", f"{prose}\n{line}"))
        assert isinstance(out, Document)
        assert out.text == left


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        (('match = "line"', 'match = "lines"'), "`match` is one of"),
        (("'天天向上'", "'(?=天)'"), "not RE2"),
        (("'天天向上'", "'天天向上'\nwhen = 3"), "unknown key `when`"),
        (("'天天向上'", "'責任'"), "must be written folded"),
        (("'天天向上'", "'[0-9]+'"), "give `trigger`"),
        (('"drop-line"', '"cut"'), "`action` of a line rule"),
        (('["tail"]', '["first"]'), "`where` knows"),
        (('leave = ["好好学习"]', "leave = []"), "`leave` needs"),
        (('reason = "it stands under every article"', ""), "`reason` is missing"),
        (("my-site-slogan", "news-ranking"), "id already used"),
        (("[[rule]]", "[[rules]]"), "unknown table"),
        (("[[rule]]", "[[rule"), "not TOML"),
    ],
)
def test_a_mistake_is_named(change: tuple[str, str], mistake: str) -> None:
    taken = {rule.id: rule.file for rule in builtin_rules()}
    with pytest.raises(RecipeError, match=mistake):
        parse_rules([("mine.toml", RULE.replace(*change))], taken)


def test_all_mistakes_of_a_file_are_listed() -> None:
    broken = RULE.replace("'天天向上'", "'['").replace('["tail"]', "[]")
    with pytest.raises(RecipeError) as caught:
        parse_rules([("mine.toml", broken + broken.replace("my-site", "Other"))])
    assert caught.value.message.count("mine.toml: rule") == 5


def test_a_missing_rule_file_is_a_recipe_error() -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        load_rules(["/nowhere/rules.toml"])


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("相关(?:阅读|新闻)", {"相关阅读", "相关新闻"}),
        ("(?:本)?文完", {"文完"}),
        ("[0-9]+", set()),
        ("甲乙.*丙", {"甲乙"}),
        ("(?:甲乙|[0-9])", set()),
        ("(?:上一篇)+", {"上一篇"}),
    ],
)
def test_the_literals_that_every_match_contains(pattern: str, literals: set[str]) -> None:
    assert required_literals(pattern) == literals


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("关注.{0,9}(?:微信|公众号.*文章)[。!]?", (("关注",), ("微信", (("公众号",), ("文章",))))),
        (r"[\p{Han}]{2}(?:甲乙?)+", (("甲",),)),
        ("(?:甲|乙.*)?丙", (("丙",),)),
        ("甲{0,3}|乙", ()),
        ("[[:alpha:]]网", (("网",),)),
        ("(?i:ab)c", ()),
        ("(甲", ()),  # no pattern
    ],
)
def test_all_that_every_match_holds(pattern: str, needed: Needs) -> None:
    assert needs(pattern) == needed


@given(st.data(), st.sampled_from(builtin_rules()))
@settings(max_examples=300, deadline=None)
def test_what_a_rule_matches_holds_what_it_needs(data: st.DataObject, rule: Rule) -> None:
    pattern = rule.pattern
    for of_re2, known in (
        (r"\p{Han}", "一-龥"),
        (r"\P{Han}", "\0-\u4dff"),
        (r"\x{FFFD}", "\ufffd"),
    ):
        pattern = pattern.replace(of_re2, known)
    match = data.draw(st.from_regex(pattern, fullmatch=True))
    assert holds(match, rule.needs)


@pytest.mark.parametrize(
    ("pattern", "first", "last"),
    [
        ("相关(?:阅读|新闻)", "相", "读闻"),
        (r"\s*[(\[]*(?:上|下)?一篇\s*$", "一上下", "篇"),
        (r"[\p{Han}]{2,4}网", None, "网"),
        (r"第\d+", "第", "0123456789"),
        ("(?:甲|.)乙?", None, None),
        ("[^甲]乙|丙丁", None, "丁乙"),
        ("(?i:ab)", None, None),
        ("(?i)ab", None, None),
        ("(?:甲)?-*", None, None),
    ],
)
def test_the_letters_at_the_ends_of_every_match(
    pattern: str, first: str | None, last: str | None
) -> None:
    found = [outer_letters(pattern), outer_letters(pattern, last=True)]
    assert [letters and "".join(sorted(letters)) for letters in found] == [first, last]
