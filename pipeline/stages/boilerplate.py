"""Boilerplate: what the site put around the article.

Knowledge lives in `pipeline/tables/boilerplate/*.toml`; this file only says how rules are applied.
One Aho-Corasick pass over a batch finds the lines that hold a trigger of some rule; the rules are
matched against those lines alone, and documents without one are not looked at.

What is left alone: a text of which nothing would be left; sentences of the article; headings and
lists that no rule begins; what is right in form and wrong in place (`新闻排行` in the middle of a
paragraph, or above prose).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from pipeline.census import Census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import Apply, ApplyBatch, Options, Outcome, Stage, option
from pipeline.text.removal import Cut, Reason, removal
from pipeline.text.rules import Rule, load_rules
from pipeline.text.triggers import Candidate, TriggerIndex, core, is_bulleted, is_prose

_EDGE_LINES = 10  # of a page without prose: the furthest a head or a tail reaches
_ITEM_CHARS = 120  # the longest item of a list (a damaged headline is three times as long)
_HEADLINE_CHARS = 60
_MID_ITEMS = 8  # unmarked headlines that a block takes with it where prose follows
_ROUNDS = 8  # dropping a block may bring the next heading to an edge; each round drops something


@dataclass(frozen=True, slots=True, kw_only=True)
class BoilerplateOptions(Options):
    """Options of the boilerplate stage."""

    rules: tuple[str, ...] = option((), "rule files of your own (TOML), before the built-in ones")
    without: tuple[str, ...] = option((), "ids of rules that do not apply")


@dataclass(frozen=True, slots=True)
class _Hit:
    rule: Rule
    start: int  # of the part to cut, in the line
    end: int
    value: str = ""


@dataclass(slots=True)
class _Page:
    """A text cut into lines, with what is known of each."""

    lines: list[str]
    folded: list[str]
    hits: dict[int, list[_Hit]]
    first_prose: int
    last_prose: int
    own_before: list[int]  # how many lines above are the article's own: neither blank nor hit

    def allows(self, number: int, rule: Rule) -> bool:
        return any(self._stands(number, word, limit) for word, limit in rule.where)

    def _stands(self, number: int, word: str, limit: int) -> bool:
        if word == "head":
            return number < self.first_prose
        if word == "tail":
            return number > self.last_prose
        before = self.own_before[number]
        if word == "first":
            return before < limit
        if word == "last":
            return self.own_before[-1] - before < limit
        return True


def matcher(options: BoilerplateOptions) -> tuple[tuple[Rule, ...], TriggerIndex]:
    """Return the rules of a recipe and the index of their triggers."""
    rules = tuple(r for r in load_rules(options.rules) if r.id not in options.without)
    return rules, TriggerIndex(rules)


def build(options: BoilerplateOptions) -> Apply:
    """Return the stage's function for one document."""
    rules, index = matcher(options)

    def apply(document: Document) -> Document:
        for candidate in index.find([document.text]):
            document = _settle(document, candidate, rules)
        return document

    return apply


def build_batch(options: BoilerplateOptions) -> ApplyBatch:
    """Return the stage's function for a batch."""
    rules, index = matcher(options)

    def apply(documents: Sequence[Document], _: Census) -> list[Outcome]:
        outcomes: list[Outcome] = list(documents)
        for candidate in index.find([document.text for document in documents]):
            number = candidate.document
            outcomes[number] = _settle(documents[number], candidate, rules)
        return outcomes

    return apply


def _settle(document: Document, candidate: Candidate, rules: Sequence[Rule]) -> Document:
    """Apply the rules until nothing more falls."""
    folded = candidate.folded.split("\n")
    known = {
        folded[number]: hits
        for number, here in _worth_matching(folded, candidate, rules)
        if (hits := _match(folded[number], here))
    }
    for _ in range(_ROUNDS if known else 0):
        page = _page(document.text, folded, known)
        drops, cuts, columns = _judge(page)
        if all(n in drops or not line.strip() for n, line in enumerate(folded)):
            break  # nothing would be left: then this is no page around an article
        edits = removal(STAGE.name, page.lines, drops, cuts)
        if not edits:
            break
        for number, cut in cuts.items():
            line = folded[number][: cut.start] + folded[number][cut.end :]
            known[line] = _match(line, [hit.rule for hit in known[folded[number]]])
        # The edits fit the folded text as well, of which only the offsets count.
        folded = _applied("\n".join(folded), edits).split("\n")
        fresh = {k: v for k, v in columns.items() if not document.columns.get(k)}
        document = document.edited(edits, **fresh)
    return document


def _worth_matching(
    folded: Sequence[str], candidate: Candidate, rules: Sequence[Rule]
) -> Iterator[tuple[int, list[Rule]]]:
    """Yield the lines with the rules that may apply where they stand.

    Between two lines of prose without triggers nothing is head or tail, whatever the rules say of
    the others; most lines with a trigger stand there.
    """
    prose = (n for n in range(len(folded)) if n not in candidate.hits and is_prose(folded[n]))
    first = next(prose, len(folded))
    back = (n for n in range(len(folded) - 1, first, -1) if n not in candidate.hits)
    last = next((n for n in back if is_prose(folded[n])), first)
    for number, which in sorted(candidate.hits.items()):
        here = [rules[i] for i in sorted(which)]
        if first < number < last:
            here = [rule for rule in here if not {"head", "tail"}.issuperset(dict(rule.where))]
        if here:
            yield number, here


def _applied(text: str, edits: Sequence[Edit]) -> str:
    pieces, cursor = [], 0
    for edit in edits:
        pieces.append(text[cursor : edit.start])
        cursor = edit.end
    return "".join([*pieces, text[cursor:]])


def _page(text: str, folded: list[str], known: dict[str, list[_Hit]]) -> _Page:
    hits = {n: found for n, line in enumerate(folded) if (found := known.get(line))}
    own = (n not in hits and bool(line.strip()) for n, line in enumerate(folded))
    bounds = _prose_bounds(folded, hits)
    return _Page(text.split("\n"), folded, hits, *bounds, [0, *accumulate(own)])


def _judge(page: _Page) -> tuple[dict[int, Reason], dict[int, Cut], dict[str, Any]]:
    """Return the lines that go, the parts of lines that go, and the columns found."""
    drops: dict[int, Reason] = {}
    cuts: dict[int, Cut] = {}
    columns: dict[str, Any] = {}
    for number, hits in page.hits.items():
        hit = next((hit for hit in hits if page.allows(number, hit.rule)), None)
        if number in drops or hit is None:
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


def _match(folded: str, rules: Sequence[Rule]) -> list[_Hit]:
    """Return what the rules that fit a line find in it, in their order."""
    bare, prose = None, is_prose(folded)
    hits = []
    for rule in rules:
        whole = rule.action != "cut"
        if (prose and not rule.sentence) or (whole and len(folded) > rule.max_chars):
            continue
        offset = 0
        if rule.match == "head":
            found = rule.regex.match(folded[: rule.max_chars])
        elif rule.match == "tail":
            offset = max(0, len(folded) - rule.max_chars)
            found = rule.regex.search(folded[offset:])
        else:
            bare = core(folded) if bare is None else bare
            found = rule.regex.fullmatch(bare)
        if found is not None:
            end = len(folded) if rule.match == "tail" else found.end()
            hits.append(_Hit(rule, found.start() + offset, end, _value(found)))
    return hits


def _value(found: Any) -> str:
    return str(found.groupdict().get("value") or "")


def _prose_bounds(folded: Sequence[str], hits: dict[int, list[_Hit]]) -> tuple[int, int]:
    """Return the numbers of the first and the last line of prose that no rule hits."""

    def prose(number: int) -> bool:
        dropping = (hit.rule.action != "cut" for hit in hits.get(number, ()))
        return is_prose(folded[number]) and not any(dropping)

    numbers = range(len(folded))
    first = next((n for n in numbers if prose(n)), None)
    if first is None:
        return min(_EDGE_LINES, len(folded)), max(-1, len(folded) - _EDGE_LINES - 1)
    return first, next(n for n in reversed(numbers) if prose(n))


def _block(page: _Page, number: int, rule: Rule) -> list[int]:
    """Return the further lines that go with the line of a rule."""
    if rule.action == "drop-to-end":
        return list(range(number + 1, len(page.lines)))
    if rule.action != "drop-block":
        return []
    if rule.match == "block-end":
        return list(range(number)) if number <= page.first_prose else []
    end = number > page.last_prose
    items: list[int] = []
    unmarked = 0
    for n in range(number + 1, len(page.lines)):
        line = page.folded[n]
        marked = is_bulleted(line) and len(line) <= _ITEM_CHARS
        headline = not is_prose(line) and len(core(line)) <= _HEADLINE_CHARS
        if line.strip() and n not in page.hits and not (marked and (end or not is_prose(line))):
            unmarked += 1
            if not headline or (unmarked > _MID_ITEMS and not end):
                break
        items.append(n)
    while items and not page.lines[items[-1]].strip():
        items.pop()
    return [n for n in items if n not in page.hits]


STAGE = Stage(
    name="boilerplate",
    summary="rankings, related links, navigation, share bars, disclaimers, translation notes go",
    wakes=classes("han", "han_simplified", "han_traditional", "latin"),
    options=BoilerplateOptions,
    build=build,
    build_batch=build_batch,
)
