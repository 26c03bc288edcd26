"""What rules find in one line, wherever the line stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.text.boilerplate.literals import holds
from pipeline.text.boilerplate.rule_patterns import compiled, finds
from pipeline.text.boilerplate.rules import Rule
from pipeline.text.prose import core, is_prose

_QUOTED = re.compile(r'"[^"]*"')


class Hit(NamedTuple):
    """What a rule finds in a line."""

    rule: Rule
    start: int = 0  # of the part to cut, in the line
    end: int = 0
    value: str = ""


def hits_of(folded: str, rules: Sequence[Rule]) -> Iterator[Hit]:
    """Yield what the rules that fit a line find in it, in their order."""
    bare: str | None = None
    prose: bool | None = None
    for rule in rules:
        if len(folded) > rule.max_chars and rule.action != "cut":
            continue
        if not rule.sentence:
            prose = is_prose(folded) if prose is None else prose
            if prose:
                continue
        if rule.match == "head":
            part, how = folded[: rule.max_chars], "match"
        elif rule.match == "tail":
            part, how = folded[max(0, len(folded) - rule.max_chars) :], "search"
        else:
            bare = core(folded) if bare is None else bare
            spoken = rule.unquoted and '"' in folded
            part, how = core(_QUOTED.sub('""', folded)) if spoken else bare, "fullmatch"
        if not holds(part, rule.needs):  # nor is the pattern compiled: most never are
            continue
        if finds(rule.pattern, how, part):
            yield Hit(rule) if rule.action.startswith("drop") else _part(rule, folded, part, how)


def _part(rule: Rule, folded: str, part: str, how: str) -> Hit:
    """Return the hit of a rule that takes a part of a line."""
    found = getattr(compiled(rule.pattern, groups=rule.action == "move"), how)(part)
    value = str(found.groupdict().get("value") or "")
    if rule.match != "tail":
        return Hit(rule, found.start(), found.end(), value)
    return Hit(rule, found.start() + len(folded) - len(part), len(folded), value)
