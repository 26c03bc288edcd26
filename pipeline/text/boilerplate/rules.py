"""Rules as data: TOML tables of patterns, their validation, and how one is explained.

A rule file holds `[[rule]]` rows. Patterns are RE2, written once for both scripts: they are matched
against the folded text (`pipeline.text.fold`): Simplified, half-width, lower case, one kind of
quotation mark, dash, dot and lenticular bracket. `line` and block patterns match the whole *core*
of a line: what is left once marks and spaces at its two ends and the targets of Markdown links are
taken off, so that `- 相关阅读：`, `【相关阅读】` and `相關閱讀>>` are one line. `head` and `tail`
patterns match at the two ends of the folded line as it stands.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import RecipeError
from pipeline.tablefiles import FOLDER
from pipeline.text.boilerplate.literals import Needs, needs, required_literals
from pipeline.text.boilerplate.rule_patterns import compiled
from pipeline.text.fold import fold
from pipeline.text.kept import kept

MATCHES = {
    "line": "the whole line",
    "block-start": "the whole line, which heads the block below it",
    "block-end": "the whole line, which closes the block above it, up to the start of the page",
    "head": "the beginning of a line",
    "tail": "the end of a line",
}
ACTIONS = {
    "drop-line": "drop the line",
    "drop-to-end": "drop everything from here to the end",
    "drop-block": "drop the line and its block",
    "cut": "cut the matched part of the line",
    "move": "move the group `value` to a column",
}
_FITTING = {
    "line": {"drop-line", "drop-to-end", "move"},
    "block-start": {"drop-block", "drop-to-end"},
    "block-end": {"drop-block"},
    "head": {"cut", "drop-line", "move"},
    "tail": {"cut", "drop-line", "move"},
}
WHERE = {
    "anywhere": "anywhere",
    "head": "before the first sentence",
    "tail": "after the last sentence",
    "first": "among the first N lines",
    "last": "among the last N lines",
}
_KEYS = {
    "id": str,
    "name": str,
    "match": str,
    "pattern": str,
    "action": str,
    "where": list,
    "reason": str,
    "catch": list,
    "leave": list,
    "trigger": list,
    "max_chars": int,
    "column": str,
    "sentence": bool,
    "unquoted": bool,
}
_NEEDED = ("id", "name", "match", "pattern", "action", "where", "reason", "catch", "leave")


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what one rule leaves of it. Lines are separated by newlines."""

    text: str
    left: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    `max_chars`: the longest line (or, for head and tail, the longest part of a line) that it may
    touch. `triggers`: folded strings one of which every match contains, and `needs`: all that every
    match contains. `sentence`: may the line
    be a sentence? A rule that does not say so never touches prose. `unquoted`: the line as a whole
    must match without what stands in quotation marks, which is spoken about.
    """

    id: str
    name: str
    match: str
    pattern: str
    action: str
    where: tuple[tuple[str, int], ...]
    reason: str
    catch: tuple[Example, ...]
    leave: tuple[str, ...]
    triggers: tuple[str, ...]
    needs: Needs
    max_chars: int
    column: str
    sentence: bool
    unquoted: bool
    file: str


@kept
def builtin_rules() -> tuple[Rule, ...]:
    """Return the rules of `pipeline/tables/boilerplate/*.toml`, files and rows in order.

    They are not validated again at every start: a test does that for every change of them.
    """
    return tuple(
        _rule(row, name) for name, text in builtin_texts() for row in tomllib.loads(text)["rule"]
    )


def builtin_texts() -> list[tuple[str, str]]:
    """Return (file name, TOML) of the built-in rules, in order of name."""
    paths = sorted((FOLDER / "boilerplate").glob("*.toml"))
    return [(path.name, path.read_text("utf-8")) for path in paths]


def load_rules(paths: Sequence[str]) -> tuple[Rule, ...]:
    """Return the rules of a user's own files, then the built-in ones.

    Raises RecipeError that lists all mistakes of all files.
    """
    texts = []
    for path in paths:
        try:
            texts.append((path, Path(path).read_text("utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(
                f"rule file {path} cannot be read: {getattr(error, 'strerror', error)}",
                "check boilerplate.rules in the recipe: they are found from where you are",
            ) from error
    builtin = builtin_rules()
    own = parse_rules(texts, taken={rule.id: rule.file for rule in builtin})
    return (*own, *builtin)


def parse_rules(
    texts: Iterable[tuple[str, str]], taken: dict[str, str] | None = None
) -> tuple[Rule, ...]:
    """Parse and validate (file name, TOML) pairs; RecipeError with every mistake found."""
    mistakes: list[str] = []
    rules: list[Rule] = []
    seen = dict(taken or {})
    for name, text in texts:
        try:
            rows = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            mistakes.append(f"{name}: not TOML: {error}")
            continue
        unknown = sorted(set(rows) - {"rule"})
        mistakes += [f"{name}: unknown table {key!r}" for key in unknown]
        table = rows.get("rule", [])
        if not isinstance(table, list) or not all(isinstance(row, dict) for row in table):
            mistakes.append(f"{name}: rules are written as [[rule]] tables")
            continue
        for number, row in enumerate(table, 1):
            label = f"{name}: rule {row.get('id') or number}"
            found = _mistakes(row)
            if not found and row["id"] in seen:
                found = [f"id already used in {seen[row['id']]}"]
            mistakes += [f"{label}: {mistake}" for mistake in found]
            if not found:
                seen[row["id"]] = name
                rules.append(_rule(row, name))
    if mistakes:
        raise RecipeError(
            "\n".join(mistakes), "`python -m pipeline rule ID` prints a rule as a model"
        )
    return tuple(rules)


def _mistakes(row: dict[str, Any]) -> list[str]:
    """Return what is wrong with a row, all of it."""
    found = [f"`{key}` is missing" for key in _NEEDED if key not in row]
    found += [f"unknown key `{key}`" for key in row if key not in _KEYS]
    found += [
        f"`{key}` must be {kind.__name__}, not {type(row[key]).__name__}"
        for key, kind in _KEYS.items()
        if key in row and type(row[key]) is not kind
    ]
    if found:
        return found
    if not row["id"] or row["id"].strip("abcdefghijklmnopqrstuvwxyz0123456789-"):
        found.append("`id` is lower-case letters, digits and hyphens")
    if row["match"] not in MATCHES:
        found.append(f"`match` is one of {', '.join(MATCHES)}")
    elif row["action"] not in _FITTING[row["match"]]:
        fitting = ", ".join(sorted(_FITTING[row["match"]]))
        found.append(f"`action` of a {row['match']} rule is one of {fitting}")
    if (row["action"] == "move") != ("column" in row):
        found.append("`column` belongs to the action move, and to it alone")
    found += _where_mistakes(row["where"]) + _pattern_mistakes(row)
    for key in ("name", "reason"):
        if not row[key].strip():
            found.append(f"`{key}` is empty")
    for key in ("catch", "leave"):
        if not row[key]:
            found.append(f"`{key}` needs at least one example")
    found += [
        "an example of `catch` is a text, or a table of `text` and `left`"
        for example in row["catch"]
        if not isinstance(example, str)
        and not (isinstance(example, dict) and set(example) == {"text", "left"})
    ]
    found += ["an example of `leave` is a text" for e in row["leave"] if not isinstance(e, str)]
    return found


def _where_mistakes(where: list[Any]) -> list[str]:
    found = [] if where else ["`where` is empty"]
    for item in where:
        try:
            _where(item)
        except ValueError:
            found.append(f"`where` knows {', '.join(WHERE)} (first and last with a number)")
    return found


def _where(item: Any) -> tuple[str, int]:
    """Parse `anywhere`, `head`, `tail`, `first N` or `last N`."""
    word, _, number = str(item).partition(" ")
    if word not in WHERE or (word in ("first", "last")) != bool(number):
        raise ValueError(item)
    return word, int(number) if number else 0


def _cost(where: tuple[str, int]) -> int:
    """Return how much work it is to say whether a line stands there: WHERE is in this order."""
    return list(WHERE).index(where[0])


def _pattern_mistakes(row: dict[str, Any]) -> list[str]:
    import re2

    pattern = row["pattern"]
    try:
        compiled(pattern)
    except re2.error as error:
        return [f"`pattern` is not RE2: {error}"]
    if fold_pattern(pattern) != pattern:
        return [f"`pattern` must be written folded: {fold_pattern(pattern)}"]
    given = row.get("trigger", [])
    if not all(isinstance(t, str) and t for t in given):
        return ["`trigger` is a list of texts"]
    if not given and not all(len(t) >= 2 for t in _literals(pattern) or [""]):
        return ["`pattern` has no literal of two characters or more: give `trigger`"]
    return [f"`trigger` must be written folded: {fold(t)}" for t in given if fold(t) != t]


def fold_pattern(pattern: str) -> str:
    """Fold a pattern but for its ASCII letters, which name classes as well."""
    pairs = zip(pattern, fold(pattern), strict=True)
    return "".join(c if c.isascii() else folded for c, folded in pairs)


@cache  # asked when a row is checked, and again when it becomes a rule
def _literals(pattern: str) -> tuple[str, ...]:
    try:
        return tuple(sorted(required_literals(pattern)))
    except Exception:  # RE2 syntax that Python's parser does not know: a trigger must be given
        return ()


def _rule(row: dict[str, Any], file: str) -> Rule:
    examples = (
        Example(e, "") if isinstance(e, str) else Example(e["text"], e["left"])
        for e in row["catch"]
    )
    return Rule(
        id=row["id"],
        name=row["name"],
        match=row["match"],
        pattern=row["pattern"],
        action=row["action"],
        where=tuple(sorted(map(_where, row["where"]), key=_cost)),
        reason=row["reason"],
        catch=tuple(examples),
        leave=tuple(row["leave"]),
        triggers=tuple(row.get("trigger") or _literals(row["pattern"])),
        needs=needs(row["pattern"]),
        max_chars=row.get("max_chars", 40),
        column=row.get("column", ""),
        sentence=row.get("sentence", row["action"] == "cut"),
        unquoted=row.get("unquoted", False),
        file=file,
    )
