"""The rules of the boilerplate stage: every example of every rule, in both scripts."""

from __future__ import annotations

from functools import cache

import opencc
import pytest

from pipeline.document import Document, replay
from pipeline.report.rules import explain_rule
from pipeline.stages.base import Apply
from pipeline.stages.boilerplate import BoilerplateOptions, build
from pipeline.text.rules import Example, Rule, builtin_rules, builtin_texts, parse_rules


def test_the_rules_of_the_package_are_sound() -> None:
    """They are trusted at every start; here they are checked as a user's are."""
    assert parse_rules(builtin_texts()) == builtin_rules()


PROSE = "昨日上午，全市重点工作推进会在市民中心召开，与会代表围绕今年的目标任务进行了讨论。"
TO_TRADITIONAL = opencc.OpenCC("s2t")


@cache
def only(identifier: str) -> Apply:
    """Return the stage with this rule alone."""
    others = [rule.id for rule in builtin_rules() if rule.id != identifier]
    return build(BoilerplateOptions(without=tuple(others)))


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
