"""The table of roles compiled: the patterns in which a label may stand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from pipeline.text.fold import fold
from pipeline.text.metadata.roles import Role, roles

SURE = ("责任编辑", "责编", "责任编缉")
"""Labels that mean nothing else, with a value or without."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The table compiled. `by_label` maps a label (without spaces) to its role.

    `closed_by`, `headed_by`: the same patterns by the first character that they can match, as an
    alternation of three hundred labels costs more than everything else about a line.
    """

    by_label: dict[str, Role] = field(repr=False)
    closed: Closed  # label and separator
    closed_by: Patterns = field(repr=False)
    spaced: re.Pattern[str]  # label and a space
    headed_by: Patterns = field(repr=False)  # where no word of `staffed` occurs
    staffed: re.Pattern[str]  # what `glued` and `ranked` cannot do without
    glued: re.Pattern[str]  # outlet, reporter and a name at once
    ranked: re.Pattern[str]  # paper or rank, a role and a colon: 济报全媒体首席记者：
    enclosed: re.Pattern[str]  # label and a name at once, in brackets


class Patterns:
    """Patterns by the first character of what they match, each compiled when it is asked for.

    There are two hundred, 40 ms together, and a few documents begin lines with a dozen of them.
    """

    def __init__(self, patterns: dict[str, str]) -> None:
        self._patterns = patterns
        self._compiled: dict[str, re.Pattern[str]] = {}

    def get(self, initial: str) -> re.Pattern[str] | None:
        """Return the pattern for a first character, None where there is none."""
        found = self._compiled.get(initial)
        if found is None and initial in self._patterns:
            found = self._compiled[initial] = re.compile(self._patterns[initial])
        return found

    @property
    def initials(self) -> re.Pattern[str]:
        """A pattern for the first characters."""
        return re.compile(f"[{''.join(map(re.escape, self._patterns))}]")


class Closed:
    """Labels with a separator behind them, looked for by their first characters."""

    def __init__(self, by_initial: Patterns) -> None:
        self._by_initial = by_initial
        self._initials = by_initial.initials

    def match(self, text: str, start: int, end: int) -> re.Match[str] | None:
        """Return the label that begins at a place."""
        pattern = self._by_initial.get(text[start]) if start < end else None
        return pattern.match(text, start, end) if pattern else None

    def search(self, text: str, start: int, end: int) -> re.Match[str] | None:
        """Return the first label in a part of a text."""
        for place in self._initials.finditer(text, start, end):
            pattern = self._by_initial.get(place[0])
            if pattern and (found := pattern.match(text, place.start(), end)):
                return found
        return None


@cache
def grammar() -> Grammar:
    """Compile tables/metadata/roles.toml."""
    by_label = {fold(label).replace(" ", ""): role for role in roles() for label in role.labels}
    ordered = sorted(by_label, key=len, reverse=True)
    spaced = [x for x in ordered if by_label[x].spaced]
    staff = [x for x in ordered if by_label[x].spaced and by_label[x].value == "people"]
    sent = "|".join(x for x in staff if by_label[x].outlet)
    # A role word before the colon may have its paper and rank before it: 新京报记者：.
    prefix = r"[^\s\d:/|,、;()\[\]【】]{0,16}?"
    sure = "|".join(SURE)
    closed = Patterns({c: _closed(some, by_label) for c, some in _by_initial(ordered).items()})
    return Grammar(
        by_label,
        Closed(closed),
        closed,
        re.compile(rf"{_headed(spaced)}|{prefix}(?P<sent>{sent})(?:\s{{1,4}}|$)"),
        Patterns({c: _headed(some) for c, some in _by_initial(spaced).items()}),
        re.compile(rf"{sent}|编辑|{sure}"),
        re.compile(rf"(?:{prefix}(?P<label>{sent})|(?P<sure>{sure}))(?=[\u3400-\u9fff])"),
        re.compile(rf"{prefix}(?P<ranked>{sent}|编辑|责编)\s{{0,3}}[:|丨]"),
        re.compile(rf"(?P<label>{'|'.join(staff)})(?=[\u3400-\u9fff])"),
    )


def _by_initial(labels: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for label in labels:
        found.setdefault(label[0], []).append(label)
    return found


def _headed(labels: Iterable[str]) -> str:
    return rf"(?P<label>{'|'.join(map(re.escape, labels))})(?:\s{{1,4}}|(?=$))"


def _closed(labels: Iterable[str], by_label: dict[str, Role]) -> str:
    marked = [_spaced_out(x) for x in labels if by_label[x].separators == ":|/丨"]
    slashed = [_spaced_out(x) for x in labels if by_label[x].separators != ":|/丨"]
    # A pattern that matches nothing stands for an empty alternation.
    either, slash = ("|".join(some) or "(?!)" for some in (marked, slashed))
    return rf"(?:(?P<label>{either})\s{{0,3}}[:|/丨]|(?P<slashed>{slash})\s{{0,2}}[:/|丨])"


def _spaced_out(label: str) -> str:
    """Let the characters of a label stand apart (作 者), as old pages justify them."""
    return re.escape(label) if label.isascii() else r"\s{0,3}".join(map(re.escape, label))
