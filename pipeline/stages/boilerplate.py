"""Boilerplate: what the site put around the article.

Knowledge lives in `pipeline/tables/boilerplate/*.toml`; this file only says how rules are applied.
Array work over a batch finds the lines that hold a trigger of some rule where that rule may apply;
the rules are matched against those lines alone, and documents without one are not looked at.

What is left alone: a text of which nothing would be left; sentences of the article; fenced code;
headings of Markdown (`### 引用`) where a rule means a single line; lists and other headings that no
rule begins; what is right in form and wrong in place (`新闻排行` in the middle of a paragraph, or
above prose).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

from pipeline.census import Census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import CHAPTERS, ApplyBatch, Options, Outcome, Stage, of_one, option
from pipeline.text.prose import PROSE_CHARS, core, is_bulleted, is_prose
from pipeline.text.removal import Cut, Reason, removal
from pipeline.text.rules import Rule, load_rules
from pipeline.text.triggers import Candidate, Match, TriggerIndex

_QUOTED = re.compile(r'"[^"]*"')
_EDGE_LINES = 10  # of a page without prose: the furthest a head or a tail reaches
_ITEM_CHARS = 120  # the longest item of a list (a damaged headline is three times as long)
_HEADLINE_CHARS = 60
_MID_ITEMS = 8  # unmarked headlines that a block takes with it where prose follows
_REMEMBERED = 4096  # lines of which it is known what rules find in them
_FENCES = ("```", "~~~")
_HEADING = re.compile(r"#{1,6} ")
_ROUNDS = 8  # dropping a block may bring the next heading to an edge; each round drops something


@dataclass(frozen=True, slots=True, kw_only=True)
class BoilerplateOptions(Options):
    """Options of the boilerplate stage."""

    rules: tuple[str, ...] = option((), "rule files of your own (TOML), before the built-in ones")
    without: tuple[str, ...] = option((), "ids of rules that do not apply")


@dataclass(frozen=True, slots=True)
class _Hit:
    rule: Rule
    start: int = 0  # of the part to cut, in the line
    end: int = 0
    value: str = ""


Hits = tuple[_Hit, ...]


class _Page:
    """A text cut into lines, with what is known of each; what is not asked is not found out."""

    def __init__(
        self, text: str, folded: str, rules: Mapping[int, tuple[int, ...]], match: Match[Hits]
    ) -> None:
        self.lines = text.split("\n")
        self.folded = folded.split("\n")
        self.rules = rules
        self._match = match
        self.found: dict[int, Hits] = {}
        self._own: list[int] = []
        fenced = "```" in folded or "~~~" in folded
        self._fences: list[int] | None = None if fenced else []
        self._first: int | None = None
        self._last: int | None = None

    def hits(self, number: int) -> Hits:
        """Return what the rules find in a line."""
        if number not in self.rules:
            return ()
        found = self.found.get(number)
        if found is None:
            found = self.learn(number, self._match(self.folded[number], self.rules[number]))
        return found

    def hit(self, number: int) -> _Hit | None:
        """Return what the first of these rules finds that may apply where the line stands."""
        for hit in self.hits(number):
            if self.allows(number, hit.rule):
                return hit
        return None

    def learn(self, number: int, found: Hits) -> Hits:
        """Remember of what the rules find in a line what holds where that line stands."""
        if found and self._is_code(number):
            found = ()
        elif found and self._is_heading(number):
            found = tuple(hit for hit in found if hit.rule.action != "drop-line")
        self.found[number] = found
        return found

    def _is_code(self, number: int) -> bool:
        """Say whether a line stands in a fenced block that ends."""
        if self._fences is None:
            lines = enumerate(self.folded)
            self._fences = [n for n, line in lines if line.lstrip(" \t>")[:3] in _FENCES]
        if not self._fences:
            return False
        above = bisect_left(self._fences, number)
        return above % 2 == 1 and above < len(self._fences)

    def _is_heading(self, number: int) -> bool:
        """Say whether a line is a heading of Markdown: `## 引用`, or underlined with `===`."""
        line = self.folded[number]
        if line.startswith("#") and _HEADING.match(line):
            return True
        below = self.folded[number + 1] if number + 1 < len(self.folded) else ""
        return below.startswith("===") and not below.rstrip().strip("=")

    def allows(self, number: int, rule: Rule) -> bool:
        for word, limit in rule.where:
            if word == "tail":
                stands = number > self.last_prose()
            elif word == "head":
                stands = number < self.first_prose()
            elif word == "first":
                stands = self._own_before()[number] < limit
            elif word == "last":
                own = self._own_before()
                stands = own[-1] - own[number] < limit
            else:
                stands = True
            if stands:
                return True
        return False

    def _own_before(self) -> list[int]:
        """Return how many lines above are the article's own: neither blank nor hit."""
        if not self._own:
            own = (not _blank(line) and not self.hits(n) for n, line in enumerate(self.folded))
            self._own = [0, *accumulate(own)]
        return self._own

    def first_prose(self) -> int:
        """Return the number of the first line of prose that no rule drops."""
        if self._first is None:
            edge = min(_EDGE_LINES, len(self.folded))
            self._first = self._first_of(range(len(self.folded)), edge)
        return self._first

    def last_prose(self) -> int:
        """Return the number of the last line of prose that no rule drops."""
        if self._last is None:
            numbers = range(len(self.folded) - 1, -1, -1)
            edge = max(-1, len(self.folded) - _EDGE_LINES - 1)
            self._last = self._first_of(numbers, edge)
        return self._last

    def _first_of(self, numbers: Iterable[int], edge: int) -> int:
        """Return the first of some lines that is prose which no rule drops, or the edge."""
        for number in numbers:
            line = self.folded[number]
            prose = len(line) >= PROSE_CHARS and is_prose(line)
            if prose and all(hit.rule.action == "cut" for hit in self.hits(number)):
                return number
        return edge


def matcher(options: BoilerplateOptions) -> tuple[Match[Hits], TriggerIndex]:
    """Return what matches the rules of a recipe, and the index of their triggers."""
    rules = tuple(r for r in load_rules(options.rules) if r.id not in options.without)

    def match(folded: str, which: tuple[int, ...]) -> Hits:
        return tuple(_match(folded, [rules[number] for number in which]))

    # The lines of a site recur from page to page.
    remembered = lru_cache(_REMEMBERED)(match)

    def once(folded: str, which: tuple[int, ...]) -> Hits:
        return (remembered if len(folded) <= _ITEM_CHARS else match)(folded, which)

    return once, TriggerIndex(rules)


def build_batch(options: BoilerplateOptions) -> ApplyBatch:
    """Return the stage's function for a batch."""
    match, index = matcher(options)

    def apply(documents: Sequence[Document], _: Census) -> list[Outcome]:
        outcomes: list[Outcome] = list(documents)
        for candidate in index.find([document.text for document in documents], match):
            number = candidate.document
            outcomes[number] = _settle(documents[number], candidate, match)
        return outcomes

    return apply


build = of_one(build_batch)


def _settle(document: Document, candidate: Candidate[Hits], match: Match[Hits]) -> Document:
    """Apply the rules until nothing more falls."""
    page = _Page(document.text, candidate.folded, candidate.rules, match)
    for number, found in candidate.now.items():
        page.learn(number, found)
    numbers: Iterable[int] = candidate.now
    for _ in range(_ROUNDS):
        drops, cuts, columns = _judge(page, numbers)
        if not drops and not cuts:
            break
        if all(n in drops or _blank(line) for n, line in enumerate(page.folded)):
            break  # nothing would be left: then this is no page around an article
        edits = removal(STAGE.name, page.lines, drops, cuts)
        fresh = {k: v for k, v in columns.items() if not document.columns.get(k)}
        document = document.edited(edits, **fresh)
        left = [n for n in page.rules if n not in drops and (n in cuts or page.hits(n))]
        if not left:
            break
        page = _without(page, document.text, edits, left, cuts, match)
        numbers = page.rules
    return document


def _without(
    page: _Page,
    text: str,
    edits: Sequence[Edit],
    left: Sequence[int],
    cuts: Mapping[int, Cut],
    match: Match[Hits],
) -> _Page:
    """Return the page after a round, `left` being the lines that rules may still hit."""
    known = {}
    for n in left:
        line, cut = page.folded[n], cuts.get(n)
        known[line[: cut.start] + line[cut.end :] if cut else line] = page.rules[n]
    # The edits fit the folded text as well, of which only the offsets count.
    folded = _applied("\n".join(page.folded), edits)
    rules = {n: known[line] for n, line in enumerate(folded.split("\n")) if line in known}
    return _Page(text, folded, rules, match)


def _applied(text: str, edits: Sequence[Edit]) -> str:
    pieces, cursor = [], 0
    for edit in edits:
        pieces.append(text[cursor : edit.start])
        cursor = edit.end
    return "".join([*pieces, text[cursor:]])


def _blank(line: str) -> bool:
    return not line or line.isspace()


def _judge(
    page: _Page, numbers: Iterable[int]
) -> tuple[dict[int, Reason], dict[int, Cut], dict[str, Any]]:
    """Return the lines that go, the parts of lines that go, and the columns found."""
    drops: dict[int, Reason] = {}
    cuts: dict[int, Cut] = {}
    columns: dict[str, Any] = {}
    for number in numbers:
        if number in drops:
            continue
        hit = page.hit(number)
        if hit is None:
            continue
        if hit.rule.action == "move":
            columns.setdefault(hit.rule.column, hit.value)
        if hit.rule.action == "cut":
            cuts[number] = Cut(hit.start, hit.end, hit.rule.id)
            continue
        drops[number] = Reason(hit.rule.id)
        for item in _block(page, number, hit.rule):
            drops.setdefault(item, Reason(hit.rule.id, f"below {page.lines[number].strip()[:40]}"))
    return drops, cuts, columns


def _match(folded: str, rules: Sequence[Rule]) -> Iterator[_Hit]:
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
            part, ask = folded[: rule.max_chars], rule.regex.match
        elif rule.match == "tail":
            part, ask = folded[max(0, len(folded) - rule.max_chars) :], rule.regex.search
        else:
            bare = core(folded) if bare is None else bare
            spoken = rule.unquoted and '"' in folded
            part = core(_QUOTED.sub('""', folded)) if spoken else bare
            ask = rule.regex.fullmatch
        # Given bytes, RE2 spares the way back to characters: most lines do not need it.
        if ask(part.encode("utf-8", "surrogatepass")) is not None:
            yield _Hit(rule) if rule.action.startswith("drop") else _part(rule, folded, part, ask)


def _part(rule: Rule, folded: str, part: str, ask: Callable[[str], Any]) -> _Hit:
    """Return the hit of a rule that takes a part of a line."""
    found = ask(part)
    value = str(found.groupdict().get("value") or "")
    if rule.match != "tail":
        return _Hit(rule, found.start(), found.end(), value)
    return _Hit(rule, found.start() + len(folded) - len(part), len(folded), value)


def _block(page: _Page, number: int, rule: Rule) -> list[int]:
    """Return the further lines that go with the line of a rule."""
    if rule.action == "drop-to-end":
        return list(range(number + 1, len(page.lines)))
    if rule.action != "drop-block":
        return []
    if rule.match == "block-end":
        return list(range(number)) if number <= page.first_prose() else []
    end = number > page.last_prose()
    items: list[int] = []
    unmarked = 0
    for n in range(number + 1, len(page.lines)):
        line = page.folded[n]
        marked = is_bulleted(line) and len(line) <= _ITEM_CHARS
        headline = not is_prose(line) and len(core(line)) <= _HEADLINE_CHARS
        if line.strip() and not page.hits(n) and not (marked and (end or not is_prose(line))):
            unmarked += 1
            if not headline or (unmarked > _MID_ITEMS and not end):
                break
        items.append(n)
    while items and not page.lines[items[-1]].strip():
        items.pop()
    return [n for n in items if not page.hits(n)]


STAGE = Stage(
    name="boilerplate",
    summary="rankings, related links, navigation, share bars, disclaimers, translation notes go",
    wakes=classes("han", "han_simplified", "han_traditional", "latin"),
    options=BoilerplateOptions,
    build=build,
    build_batch=build_batch,
    piece_chars=CHAPTERS,
)
