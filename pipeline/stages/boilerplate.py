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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipeline.census import Census, classes
from pipeline.document import Document
from pipeline.errors import RecipeError
from pipeline.stages.base import CHAPTERS, Apply, Options, Outcome, Stage, option
from pipeline.text.boilerplate.hits import Hit, hits_of
from pipeline.text.boilerplate.rules import Rule, builtin_rules, load_rules
from pipeline.text.boilerplate.triggers import Candidate, Match, TriggerIndex
from pipeline.text.fold import fold
from pipeline.text.kept import kept
from pipeline.text.page import Page, page_of
from pipeline.text.prose import BLANK, FOOTER_CHARS, LIKELY, PLAIN, core, is_bulleted
from pipeline.text.removal import Cut, Reason, removal

_EDGE_LINES = 10  # of a page without prose: the furthest a head or a tail reaches
_ITEM_CHARS = 120  # the longest item of a list (a damaged headline is three times as long)
_HEADLINE_CHARS = 60
_MID_ITEMS = 8  # unmarked headlines that a block takes with it where prose follows
_FOOTERS = 2  # short sentences of the site that may stand below its lists, unknown to any rule
_SENTENCE_ENDS = tuple("。！？…”’」』）】.!?\"')")
_REMEMBERED = 4096  # lines of which it is known what rules find in them,
_REMEMBERED_CHARS = 240  # paragraphs aside: notices are that long
_FENCES = ("```", "~~~")
_BLOCKS = ("drop-block", "drop-to-end")
_HEADING = re.compile(r"#{1,6} ")
_reason = lru_cache(512)(Reason)  # of a line: a look-up costs a fifth of a new one
_ROUNDS = 8  # dropping a block may bring the next heading to an edge; each round drops something


@dataclass(frozen=True, slots=True, kw_only=True)
class BoilerplateOptions(Options):
    """Options of the boilerplate stage."""

    rules: tuple[str, ...] = option((), "rule files of your own (TOML), before the built-in ones")
    without: tuple[str, ...] = option((), "ids of rules that do not apply")


Hits = tuple[Hit, ...]


class _Judged:
    """A page, with what the rules find in its lines; what is not asked is not found out."""

    def __init__(
        self,
        page: Page,
        ticked: Sequence[int],
        rules: Mapping[int, tuple[int, ...]],
        match: Match[Hits],
    ) -> None:
        self.page = page
        self.rules = rules
        self._match = match
        self.found: dict[int, Hits] = {}
        self._others: list[int] | None = None
        self._fences = [n for n in ticked if page.folded(n).lstrip(" \t>")[:3] in _FENCES]
        self._first: int | None = None
        self._last: int | None = None

    def hits(self, number: int) -> Hits:
        """Return what the rules find in a line."""
        if number not in self.rules:
            return ()
        found = self.found.get(number)
        if found is None:
            found = self.learn(number, self._match(self.page.folded(number), self.rules[number]))
        return found

    def hit(self, number: int) -> Hit | None:
        """Return what the first of these rules finds that may apply where the line stands."""
        found = self.found.get(number)  # as most are: `hits` need not be called
        for hit in self.hits(number) if found is None else found:
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
        if not self._fences:
            return False
        above = bisect_left(self._fences, number)
        return above % 2 == 1 and above < len(self._fences)

    def _is_heading(self, number: int) -> bool:
        """Say whether a line is a heading of Markdown: `## 引用`, or underlined with `===`."""
        page = self.page
        if page.text[page.starts[number]] in "#＃" and _HEADING.match(page.folded(number)):
            return True
        after = page.ends[number] + 1
        if number + 1 == len(page) or page.text[after : after + 1] not in ("=", "＝"):
            return False
        below = page.folded(number + 1)
        return below.startswith("===") and not below.rstrip().strip("=")

    def allows(self, number: int, rule: Rule) -> bool:
        for word, limit in rule.where:
            if word == "tail":
                last = self._last
                stands = number > (self.last_prose() if last is None else last)
            elif word == "head":
                first = self._first
                stands = number < (self.first_prose() if first is None else first)
            elif word == "first":
                stands = self._own_above(number) < limit
            elif word == "last":
                stands = self._own_above(len(self.page)) - self._own_above(number) < limit
            else:
                stands = True
            if stands:
                return True
        return False

    def _own_above(self, number: int) -> int:
        """Return how many lines above are the article's own: neither blank nor hit."""
        if self._others is None:  # the lines that are not
            blank = [n for n, kind in enumerate(self.page.kinds) if kind == BLANK]
            self._others = sorted([n for n in self.rules if self.hits(n)] + blank)
        return number - bisect_left(self._others, number)

    def first_prose(self) -> int:
        """Return the number of the first line of prose that no rule drops."""
        if self._first is None:
            edge = min(_EDGE_LINES, len(self.page))
            self._first = next(self._prose(range(len(self.page))), edge)
        return self._first

    def last_prose(self) -> int:
        """Return the number of the last line of prose that no rule drops."""
        if self._last is None:
            edge = max(-1, len(self.page) - _EDGE_LINES - 1)
            prose = self._prose(range(len(self.page) - 1, -1, -1))
            last = found = next(prose, edge)
            for _ in range(_FOOTERS):
                if found == edge or not (least := _least_furniture(self.page.line(found))):
                    break
                if (above := next(prose, None)) is None:
                    break
                last = above if self._is_footed(above, found, least) else last
                found = above
            self._last = last
        return self._last

    def _is_footed(self, above: int, last: int, least: int) -> bool:
        """Say whether between two sentences stands what stands below an article, lists with it."""
        hits = [hits[0] for n in range(above + 1, last) if (hits := self.hits(n))]
        return len(hits) >= least and any(hit.rule.match == "block-start" for hit in hits)

    def _prose(self, numbers: Iterable[int]) -> Iterator[int]:
        """Yield the numbers of those lines that are prose, which no rule drops."""
        kinds, rules = self.page.kinds, self.rules
        for number in numbers:
            kind = kinds[number]
            if kind < LIKELY or (number in rules and not self._stays(number)):
                continue
            if kind == PLAIN or self.page.is_prose(number):
                yield number

    def _stays(self, number: int) -> bool:
        return all(hit.rule.action == "cut" for hit in self.hits(number))


def matcher(options: BoilerplateOptions) -> tuple[Match[Hits], TriggerIndex]:
    """Return what matches the rules of a recipe, and the index of their triggers."""
    every = load_rules(options.rules)
    if unknown := sorted(set(options.without) - {rule.id for rule in every}):
        raise RecipeError(  # a mistyped one would leave the rule at work
            f"boilerplate.without: no rule {', '.join(unknown)}", "run: python -m pipeline rule"
        )
    rules = tuple(r for r in every if r.id not in options.without)

    def match(folded: str, which: tuple[int, ...]) -> Hits:
        return tuple(hits_of(folded, [rules[number] for number in which]))

    # The lines of a site recur from page to page.
    remembered = lru_cache(_REMEMBERED)(match)

    def once(folded: str, which: tuple[int, ...]) -> Hits:
        return (remembered if len(folded) <= _REMEMBERED_CHARS else match)(folded, which)

    index = TriggerIndex(rules) if options.rules else _builtin_index(tuple(options.without))
    return once, index


@kept
def _builtin_index(without: tuple[str, ...]) -> TriggerIndex:
    return TriggerIndex([rule for rule in builtin_rules() if rule.id not in without])


def build(options: BoilerplateOptions) -> Apply:
    """Return the stage's function for a batch."""
    match, index = matcher(options)

    def apply(documents: Sequence[Document], _: Census) -> list[Outcome]:
        outcomes: list[Outcome] = list(documents)
        for candidate in index.find([document.text for document in documents], match):
            number = candidate.document
            outcomes[number] = _settle(documents[number], candidate, match)
        return outcomes

    return apply


def _settle(document: Document, candidate: Candidate[Hits], match: Match[Hits]) -> Document:
    """Apply the rules until nothing more falls."""
    judged = _Judged(candidate.page, candidate.ticked, candidate.rules, match)
    if candidate.ticked or candidate.headed:
        for number, found in candidate.now.items():
            judged.learn(number, found)
    else:
        judged.found.update(candidate.now)
    numbers: Iterable[int] = candidate.now
    for _ in range(_ROUNDS):
        drops, cuts, columns = _judge(judged, numbers)
        if not drops and not cuts:
            break
        if _is_all(judged.page, drops):
            break  # nothing would be left: then this is no page around an article
        edits = removal(STAGE.name, judged.page, drops, cuts)
        fresh = {k: v for k, v in columns.items() if not document.columns.get(k)}
        document = document.edited(edits, **fresh)
        if not cuts and judged.rules.keys() <= drops.keys():
            break
        left = [n for n in judged.rules if n not in drops and (n in cuts or judged.hits(n))]
        if not left:
            break
        judged = _without(judged, document.text, left, cuts, match)
        numbers = judged.rules
    return document


def _is_all(page: Page, drops: Mapping[int, Reason]) -> bool:
    """Say whether every line goes that is not blank."""
    if len(drops) + page.kinds.count(BLANK) < len(page):
        return False
    return all(n in drops or page.is_blank(n) for n in range(len(page)))


def _without(
    judged: _Judged, text: str, left: Sequence[int], cuts: Mapping[int, Cut], match: Match[Hits]
) -> _Judged:
    """Return the page after a round, `left` being the lines that rules may still hit."""
    known = {}
    for n in left:
        line, cut = judged.page.folded(n), cuts.get(n)
        known[line[: cut.start] + line[cut.end :] if cut else line] = judged.rules[n]
    lines = fold(text).split("\n")
    rules = {n: known[line] for n, line in enumerate(lines) if line in known}
    ticked = [n for n, line in enumerate(lines) if "```" in line or "~~~" in line]
    return _Judged(page_of(text), ticked, rules, match)


def _judge(
    judged: _Judged, numbers: Iterable[int]
) -> tuple[dict[int, Reason], dict[int, Cut], dict[str, Any]]:
    """Return the lines that go, the parts of lines that go, and the columns found."""
    drops: dict[int, Reason] = {}
    cuts: dict[int, Cut] = {}
    columns: dict[str, Any] = {}
    for number in numbers:
        if number in drops:
            continue
        hit = judged.hit(number)
        if hit is None:
            continue
        rule = hit.rule
        action = rule.action
        if action == "move":
            columns.setdefault(rule.column, hit.value)
        elif action == "cut" and not _is_whole(judged.page.line(number), hit):
            cuts[number] = Cut(hit.start, hit.end, rule.id)
            continue
        drops[number] = _reason(rule.id)
        if action in _BLOCKS and (items := _block(judged, number, rule)):
            below = Reason(rule.id, f"below {judged.page.line(number).strip()[:40]}")
            for item in items:
                drops.setdefault(item, below)
    return drops, cuts, columns


def _least_furniture(line: str) -> int:
    """Return how many lines of the site above a sentence make it the site's own, 0 for none.

    A short one is a notice; one that is broken off is the beginning of another article.
    """
    if len(line) <= FOOTER_CHARS:
        return 2
    return 0 if line.rstrip().endswith(_SENTENCE_ENDS) else 4


def _is_whole(line: str, hit: Hit) -> bool:
    """Say whether nothing is left of a line once its part is cut."""
    return not line[: hit.start].strip() and not line[hit.end :].strip()


def _block(judged: _Judged, number: int, rule: Rule) -> list[int]:
    """Return the further lines that go with the line of a rule."""
    page = judged.page
    if rule.action == "drop-to-end":
        return list(range(number + 1, len(page)))
    if rule.match == "block-end":
        return list(range(number)) if number <= judged.first_prose() else []
    end = number > judged.last_prose()
    items: list[int] = []
    unmarked = 0
    for n in range(number + 1, len(page)):
        if not page.is_blank(n) and not judged.hits(n):
            line, prose = page.folded(n), page.is_prose(n)
            marked = is_bulleted(line) and len(line) <= _ITEM_CHARS
            if not (marked and (end or not prose)):
                unmarked += 1
                headline = not prose and len(core(line)) <= _HEADLINE_CHARS
                if not headline or (unmarked > _MID_ITEMS and not end):
                    break
        items.append(n)
    while items and page.is_blank(items[-1]):
        items.pop()
    return [n for n in items if not judged.hits(n)]


STAGE = Stage(
    name="boilerplate",
    summary="rankings, related links, navigation, share bars, disclaimers, translation notes go",
    wakes=classes("han", "han_simplified", "han_traditional", "latin"),
    options=BoilerplateOptions,
    build=build,
    piece_chars=CHAPTERS,
    of_text=True,
)
