"""Which literal strings a regular expression cannot match without: the triggers of a rule.

A text that holds none of a rule's literals needs no matching at all, and one Aho-Corasick pass
answers that for all rules together. (RE2 has the same idea in `FilteredRE2`, which its Python
binding does not offer.)
"""

from __future__ import annotations

from collections.abc import Iterable
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

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
