"""Which literal strings a regular expression cannot match without: the triggers of a rule.

A text that holds none of a rule's literals needs no matching at all, and one Aho-Corasick pass
answers that for all rules together. (RE2 has the same idea in `FilteredRE2`, which its Python
binding does not offer.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

_FOREIGN = re.compile(r"\\[pP](?:\{\^?\w+\}|\w)|\\x\{[0-9a-fA-F]+\}|\[:\^?\w+:\]")
_EITHER_CASE = re.compile(r"\(\?\w*i")
_UNKNOWN = "\ue000"  # stands for a class of RE2 that Python's parser does not know
_MOST = 64  # alternatives of one pattern; beyond that a set is treated as unknown


def required_literals(pattern: str) -> frozenset[str]:
    """Return strings one of which occurs in every match of `pattern`; empty where none is certain.

    The set whose shortest member is longest is chosen, so that triggers are as rare as can be.

    >>> sorted(required_literals("相关(阅读|新闻)[:：]?"))
    ['相关新闻', '相关阅读']
    >>> required_literals("[0-9]+")
    frozenset()
    """
    exact, best = _analyse(_parser.parse(pattern))
    chosen = _better(exact, best) or frozenset()
    return frozenset(s for s in chosen if not any(o in s for o in chosen if o != s))


_Set = frozenset[str] | None


def _better(a: _Set, b: _Set) -> _Set:
    return max((s for s in (a, b) if s and all(s)), key=_rank, default=None)


def _rank(strings: frozenset[str]) -> tuple[int, int]:
    return min(map(len, strings)), -len(strings)


def _analyse(tokens: Iterable[tuple[Any, Any]]) -> tuple[_Set, _Set]:
    """Return (all strings that a sequence can match, or None; the best required set seen)."""
    run: _Set = frozenset([""])  # what the current run of finite parts can match
    best: _Set = None
    whole = True
    for token, argument in tokens:
        exact, inner = _one(token, argument)
        best = _better(best, inner)
        joined = (
            frozenset(a + b for a in run for b in exact)
            if run is not None and exact is not None and len(run) * len(exact) <= _MOST
            else None
        )
        if joined is None:
            best = _better(best, run)
            whole = False
            run = exact if exact is not None else frozenset([""])
        else:
            run = joined
    return (run if whole else None), _better(best, run)


def _one(token: Any, argument: Any) -> tuple[_Set, _Set]:
    if token is op.LITERAL:
        return frozenset([chr(argument)]), None
    if token is op.AT:
        return frozenset([""]), None
    if token is op.IN:
        chars = [chr(value) for kind, value in argument if kind is op.LITERAL]
        return (frozenset(chars) if len(chars) == len(argument) <= 8 else None), None
    if token is op.SUBPATTERN:
        return _analyse(argument[-1])
    if token is op.BRANCH:
        return _branch([_analyse(branch) for branch in argument[1]])
    if token in (op.MAX_REPEAT, op.MIN_REPEAT):
        low, high, inner = argument
        exact, best = _analyse(inner)
        if low == high == 1:
            return exact, best
        if (low, high) == (0, 1) and exact is not None:
            return exact | {""}, None
        return None, (_better(exact, best) if low else None)
    return None, None


def _branch(branches: list[tuple[_Set, _Set]]) -> tuple[_Set, _Set]:
    exact: _Set = frozenset()
    best: _Set = frozenset()
    for strings, required in branches:
        exact = exact | strings if exact is not None and strings is not None else None
        chosen = _better(strings, required)
        best = best | chosen if best is not None and chosen is not None else None
    return (exact if exact is not None and len(exact) <= _MOST else None), best


Needs = tuple[tuple[Any, ...], ...]
"""Of each of these one must be in a text: a string, or again `Needs`."""


def needs(pattern: str) -> Needs:
    """Return what every match of a pattern holds; () where nothing is certain.

    All that the pattern asks for, where `required_literals` is one of these: to look for a dozen
    strings in a line takes a microsecond, to compile a pattern a thousand, and most lines that
    hold a trigger hold nothing else of the rule.

    >>> needs("关注.{0,9}(?:微信|微博|公众号.*文章)[。!]?")
    (('关注',), ('微信', '微博', (('公众号',), ('文章',))))
    """
    return () if _EITHER_CASE.search(pattern) else _needs(_tokens(pattern))


def holds(text: str, needed: Needs) -> bool:
    """Say whether a text holds what is needed."""
    for some in needed:
        for one in some:
            if one in text if type(one) is str else holds(text, one):
                break
        else:
            return False
    return True


def _needs(tokens: Iterable[tuple[Any, Any]]) -> Needs:
    found: list[tuple[Any, ...]] = []
    run = frozenset([""])  # what the current run of finite parts can match
    for token, argument in tokens:
        exact = _one(token, argument)[0]
        if exact is None or any(_UNKNOWN in string for string in exact):
            found += _certain(run) + _needs_one(token, argument)
            run = frozenset([""])
        elif len(run) * len(exact) > _MOST:
            found += _certain(run)
            run = exact
        else:
            run = frozenset(a + b for a in run for b in exact)
    return tuple(found + _certain(run))


def _certain(run: frozenset[str]) -> list[tuple[Any, ...]]:
    shortest = [s for s in run if not any(o in s for o in run if o != s)]
    return [tuple(sorted(shortest))] if all(run) else []


def _needs_one(token: Any, argument: Any) -> list[tuple[Any, ...]]:
    """Return what a part needs whose matches are no short list."""
    if token is op.SUBPATTERN and not argument[1] & re.IGNORECASE:
        return list(_needs(argument[-1]))
    if token in (op.MAX_REPEAT, op.MIN_REPEAT) and argument[0]:
        return list(_needs(argument[2]))
    if token is not op.BRANCH:
        return []
    branches = [_needs(branch) for branch in argument[1]]
    # A branch that needs one thing is that thing.
    flat = [b[0] if len(b) == 1 else (b,) for b in branches]
    return [tuple(dict.fromkeys(one for some in flat for one in some))] if all(branches) else []


class _Side(NamedTuple):
    """An end of a pattern, and which characters are looked for there."""

    last: bool
    counts: Callable[[str], bool]


def outer_letters(pattern: str, last: bool = False) -> frozenset[str] | None:
    """Return what the first (last) letter or digit of every match can be; None where any can.

    Marks and spaces around it are passed over.

    >>> sorted(outer_letters("[(]*(?:相关|推荐)阅读[0-9]?"))
    ['推', '相']
    >>> outer_letters(".*阅读"), outer_letters("-+")
    (None, None)
    """
    return _outermost(pattern, _Side(last, str.isalnum))


def first_marks(pattern: str) -> frozenset[str] | None:
    """Return what the first character of every match can be that is no space; None where any can.

    >>> sorted(first_marks("[#> ]*阅读"))
    ['#', '>', '阅']
    """
    return _outermost(pattern, _Side(False, _is_mark))


def _is_mark(char: str) -> bool:
    return not char.isspace()


def _outermost(pattern: str, side: _Side) -> frozenset[str] | None:
    tokens = _tokens(pattern)
    letters, passed = _outer(tokens, side)
    return letters if tokens and not passed else None


def ends_line(pattern: str) -> bool:
    """Say whether a pattern ends in `$`."""
    return _tokens(pattern)[-1:] == ((op.AT, op.AT_END),)


@lru_cache(maxsize=256)  # asked three times of each rule
def _tokens(pattern: str) -> tuple[tuple[Any, Any], ...]:
    """Parse a pattern; empty where Python's parser does not know it, or where case counts."""
    try:
        tokens = _parser.parse(_FOREIGN.sub(_UNKNOWN, pattern))
    except re.error:
        return ()
    return () if tokens.state.flags & re.IGNORECASE else tuple(tokens)


def _outer(tokens: Sequence[tuple[Any, Any]], side: _Side) -> tuple[_Set, bool]:
    """Return the letters at the beginning (end), and whether there may be none."""
    letters: frozenset[str] = frozenset()
    for token, argument in reversed(tokens) if side.last else tokens:
        here, passed = _outer_one(token, argument, side)
        if here is None:
            return None, True
        letters |= here
        if not passed:
            return letters, False
    return letters, True


def _outer_one(token: Any, argument: Any, side: _Side) -> tuple[_Set, bool]:
    if token is op.AT:
        return frozenset(), True
    if token is op.LITERAL:
        return _letters([chr(argument)], side)
    if token is op.IN:
        return _outer_class(argument, side)
    if token is op.SUBPATTERN and not argument[1] & re.IGNORECASE:
        return _outer(list(argument[-1]), side)
    if token is op.BRANCH:
        found = [_outer(list(branch), side) for branch in argument[1]]
        if any(letters is None for letters, _ in found):
            return None, True
        return frozenset().union(*(x for x, _ in found if x)), any(passed for _, passed in found)
    if token in (op.MAX_REPEAT, op.MIN_REPEAT):
        letters, passed = _outer(list(argument[2]), side)
        return letters, passed or argument[0] == 0
    return None, True


def _outer_class(members: Iterable[tuple[Any, Any]], side: _Side) -> tuple[_Set, bool]:
    chars: list[str] = []
    for kind, value in members:
        if kind is op.LITERAL:
            chars.append(chr(value))
        elif kind is op.RANGE and value[1] - value[0] < _MOST:
            chars += map(chr, range(value[0], value[1] + 1))
        elif kind is op.CATEGORY and value is op.CATEGORY_DIGIT:
            chars += "0123456789"  # as RE2 has it
        elif kind is op.CATEGORY and value is op.CATEGORY_SPACE:
            chars.append(" ")
        else:
            return None, True
    return _letters(chars, side)


def _letters(chars: Sequence[str], side: _Side) -> tuple[_Set, bool]:
    letters = frozenset(char for char in chars if side.counts(char))
    return (None if _UNKNOWN in chars else letters), len(letters) < len(chars)
