r"""Patterns of rules as RE2 compiles them: as little of each as decides about a text.

RE2 writes `.{0,120}` out a hundred and twenty times, and `\p{Han}` as every range of two dozen: to
compile a rule takes a millisecond, and a corpus meets a hundred. So a text is asked first for a
pattern without its high bounds, which takes a fifth of that. What does not match it matches no
narrower one, and where no bound went that the text is long enough to pass, its answer is final.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_BOUNDS = (20, 80, 200)  # bounds so high are taken away, all of them first
_NONE = 1 << 30
# Escaped characters and classes stand for themselves.
_REPEATED = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+),(\d+)\}", re.DOTALL)
_HAN_CLASS = r"\p{Han}"
# Of the BMP all of it, beyond it the planes of ideographs (four Han marks stand elsewhere).
_HAN = (
    r"\x{2e80}-\x{2fd5}\x{3005}\x{3007}\x{3021}-\x{3029}\x{3038}-\x{303b}"
    r"\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}\x{f900}-\x{fad9}\x{20000}-\x{3ffff}"
)


def finds(pattern: str, how: str, part: str) -> bool:
    """Say whether a pattern matches a text; `how`: match, fullmatch or search."""
    # Given bytes, RE2 spares the way back to characters: most lines do not need it.
    data = part.encode("utf-8", "surrogatepass")
    for chars, looser in _levels(pattern):
        if getattr(compiled(looser, groups=False), how)(data) is None:
            return False
        if len(part) <= chars:
            break
    return True


@cache
def compiled(pattern: str, *, groups: bool = True) -> Any:
    """Compile a pattern, when a text is first asked: most rules never meet their words.

    Its groups say something where a value moves; without them RE2 is faster. Raises re2.error.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_capture = not groups
    return re2.compile(_REPEATED.sub(_with_ranges, pattern), options)


def _with_ranges(token: re.Match[str]) -> str:
    return token[0].replace(_HAN_CLASS, _HAN) if token[0].startswith("[") else token[0]


@cache
def _levels(pattern: str) -> tuple[tuple[int, str], ...]:
    """Return the pattern loosened, and less so: for how long a text each is as good as it."""
    levels: dict[str, int] = {}
    for least in (*_BOUNDS, _NONE):
        chars, looser = _loosened(pattern, least)
        levels.setdefault(looser, chars)
    return tuple((chars, looser) for looser, chars in levels.items())


def _loosened(pattern: str, least: int) -> tuple[int, str]:
    """Return a pattern without bounds so high, and the lowest that went.

    A text of no more characters than that repeats nothing as often, so that the two agree on it.

    >>> _loosened(r"[{2,40}].{3,30}阅读.{0,400}", 20)
    (30, '[{2,40}].{3,}阅读.{0,}')
    """
    gone = [_NONE]

    def open_ended(token: re.Match[str]) -> str:
        if token[2] is None or int(token[2]) < least:
            return token[0]
        gone.append(int(token[2]))
        return f"{{{token[1]},}}"

    looser = _REPEATED.sub(open_ended, pattern)
    return min(gone), looser
