"""Rules as text: what `python -m pipeline rule` prints, wherever a rule stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from pipeline.errors import UsageError
from pipeline.tablefiles import FOLDER
from pipeline.text.boilerplate.rules import ACTIONS, MATCHES, WHERE, Rule
from pipeline.text.metadata.roles import Role, roles


def list_rules(rules: Sequence[Rule]) -> Iterator[str]:
    """Yield a line for every row of a table: its id and its name. `rules`: those of boilerplate."""
    names = [(role.id, role.name) for role in roles()] + [(rule.id, rule.name) for rule in rules]
    yield from (f"{identifier:26} {name}" for identifier, name in names)


def describe(identifier: str, rules: Sequence[Rule]) -> str:
    """Return a rule with its examples; UsageError names its neighbours where there is none."""
    identifier = identifier.rpartition(":")[2]  # explain and the report show stage:rule
    bylines = {role.id: role for role in roles()}
    if identifier in bylines:
        return explain_role(bylines[identifier])
    named = {rule.id: rule for rule in rules}
    if identifier in named:
        return explain_rule(named[identifier])
    shown = examples()
    if identifier in shown:
        return "{}: a rule of {stage}\n  for example  {example}\n  why          {why}".format(
            identifier, **shown[identifier]
        )
    near = get_close_matches(identifier, dict.fromkeys([*bylines, *named, *shown]))
    meant = f"did you mean {' or '.join(near)}?" if near else "run: python -m pipeline rule"
    raise UsageError(f"no rule {identifier}", meant)


def examples() -> dict[str, dict[str, str]]:
    """Return an example of every rule that stands in code, not in a table."""
    text = (FOLDER / "rule_examples.json").read_text("utf-8")
    found: dict[str, dict[str, str]] = json.loads(text)
    return found


def explain_rule(rule: Rule) -> str:
    """Return a row of the boilerplate tables as text."""
    where = " or ".join(WHERE[word].replace("N", str(n)) for word, n in rule.where)
    lines = [
        f"{rule.id}: {rule.name}  ({rule.file})",
        f"  matches {MATCHES[rule.match]}, at most {rule.max_chars} characters: {rule.pattern}",
        f"  where   {where}",
        f"  action  {ACTIONS[rule.action]}" + (f" `{rule.column}`" if rule.column else ""),
        f"  woken by {' | '.join(rule.triggers)}",
        f"  why     {rule.reason}",
    ]
    for example in rule.catch:
        lines.append(f"  catches {example.text!r}" + (f" → {example.left!r}" * bool(example.left)))
    lines += [f"  leaves  {text!r}" for text in rule.leave]
    return "\n".join(lines)


def explain_role(role: Role) -> str:
    """Return a row of the table of bylines as text."""
    how = [word for word in ("alone", "strict", "spaced", "outlet", "deep") if getattr(role, word)]
    lines = [
        f"{role.id}: {role.name}  (metadata/roles.toml)",
        f"  labels  {' | '.join(role.labels)}",
        f"  action  move the {role.value} to a column `{role.column}`" * bool(role.column)
        or "  action  drop the statement with its line",
        f"  how     {', '.join(how)}",
        f"  why     {role.reason}",
    ]
    lines += [f"  catches {text!r}" for text in role.catch]
    lines += [f"  leaves  {text!r}" for text in role.leave]
    return "\n".join(lines)
