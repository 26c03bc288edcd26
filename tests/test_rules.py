"""The rules of the boilerplate stage: every example of every rule, in both scripts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache

import opencc
import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import Document, replay
from pipeline.report.rules import explain_rule
from pipeline.stages.boilerplate import BoilerplateOptions, build
from pipeline.text.boilerplate.rule_patterns import compiled, finds
from pipeline.text.boilerplate.rules import Example, Rule, builtin_rules, builtin_texts, parse_rules
from pipeline.text.fold import fold
from tests.stage_cases import one


def test_the_rules_of_the_package_are_sound() -> None:
    """They are trusted at every start; here they are checked as a user's are."""
    assert parse_rules(builtin_texts()) == builtin_rules()


PROSE = "昨日上午，全市重点工作推进会在市民中心召开，与会代表围绕今年的目标任务进行了讨论。"
TO_TRADITIONAL = opencc.OpenCC("s2t")


@cache
def only(identifier: str) -> Callable[[Document], Document]:
    """Return the stage with this rule alone."""
    others = [rule.id for rule in builtin_rules() if rule.id != identifier]
    return one(build(BoilerplateOptions(without=tuple(others))))


def pages(rule: Rule, text: str) -> list[tuple[str, str]]:
    """Return (before, after) texts that put an example where its rule may apply."""
    words = {word for word, _ in rule.where}
    places = []
    if words & {"anywhere", "tail", "last"}:
        places.append((f"{PROSE}\n", ""))
    if words & {"anywhere", "head", "first"}:
        places.append(("", f"\n{PROSE}"))
    return places


def examples(kind: str) -> list[object]:
    return [
        pytest.param(rule, example, id=f"{rule.id}-{number}")
        for rule in builtin_rules()
        for number, example in enumerate(getattr(rule, kind))
    ]


def run(rule: Rule, text: str) -> str:
    out = only(rule.id)(Document("", text))
    assert isinstance(out, Document)
    assert replay(text, out.edits) == out.text
    again = only(rule.id)(Document("", out.text))
    assert isinstance(again, Document)
    assert again.text == out.text, "not idempotent"
    return out.text


@pytest.mark.parametrize(("rule", "example"), examples("catch"))
@pytest.mark.parametrize("script", ["as written", "traditional"])
def test_catches(rule: Rule, example: Example, script: str) -> None:
    def form(text: str) -> str:
        return TO_TRADITIONAL.convert(text) if script == "traditional" else text

    for before, after in pages(rule, example.text):
        whole = form(f"{before}{example.text}{after}")
        expect = form(f"{before}{example.left}{after}".strip("\n"))
        assert run(rule, whole) == expect


@pytest.mark.parametrize(("rule", "text"), examples("leave"))
@pytest.mark.parametrize("script", ["as written", "traditional"])
def test_leaves(rule: Rule, text: str, script: str) -> None:
    for before, after in [*pages(rule, text), ("", "")]:
        whole = f"{before}{text}{after}"
        whole = TO_TRADITIONAL.convert(whole) if script == "traditional" else whole
        assert run(rule, whole) == whole


@pytest.mark.parametrize("rule", builtin_rules(), ids=lambda rule: rule.id)
def test_explains_itself(rule: Rule) -> None:
    text = explain_rule(rule)
    assert rule.id in text
    assert all(repr(example.text) in text for example in rule.catch)
    assert all(repr(example) in text for example in rule.leave)


@given(st.sampled_from(builtin_rules()), st.data())
def test_a_pattern_without_its_high_bounds_says_the_same(rule: Rule, data: st.DataObject) -> None:
    """Of its examples, drawn out at one place to around a bound, or a little."""
    texts = [fold(line) for example in rule.catch for line in example.text.split("\n")]
    line = data.draw(st.sampled_from(texts))
    at = data.draw(st.integers(0, len(line)))
    repeated = data.draw(st.sampled_from(("字", "a", "1 ", line[at : at + 2])))
    bounds = [int(high) for high in re.findall(r",(\d+)\}", rule.pattern)] or [0]
    count = data.draw(st.sampled_from(bounds)) + data.draw(st.integers(-len(line) - 1, 2))
    drawn_out = line[:at] + repeated * max(count, 0) + line[at:]
    how = {"head": "match", "tail": "search"}.get(rule.match, "fullmatch")
    exact = getattr(compiled(rule.pattern), how)(drawn_out) is not None
    assert finds(rule.pattern, how, drawn_out) == exact


def test_han_is_what_re2_has_for_it() -> None:
    """But for four marks beyond the BMP that are no ideographs."""
    chars = [chr(code) for code in range(0x40000) if unicodedata.name(chr(code), "")]
    ours, han = compiled(r"[\p{Han}]"), re2.compile(r"\p{Han}")
    other = [c for c in chars if (ours.match(c) is None) != (han.match(c) is None)]
    assert all(0x16FE0 <= ord(char) <= 0x16FFF for char in other)
