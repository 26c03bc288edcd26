"""Code in a text: fenced blocks, `inline code`, <pre> and <code> elements, lines of a program."""

from __future__ import annotations

import re

# Openings only; the end is looked for with `find`, which is linear however many stay open.
_OPENING = re.compile(
    r"^(?P<fence>```|~~~)|(?P<inline>`)[^`\n]{1,200}`|<(?P<tag>pre|code)\b[^<>]{0,200}>",
    re.MULTILINE,
)
_STRING = re.compile(r"""\"[^"\n]*\"|'[^'\n]*'""")
_COMMENT = re.compile(r"(?:^|\s)(?://|/\*|\*/|#|--)(?:[\s!].*)?$|(?<!:)//.*$|/\*.*$")
_CALL = re.compile(
    r"[A-Za-z_]\(|\)\.|\[\w*\]|[)\]}]\(|(?:^|[\w\])])\s?[-+*/|]?=>?\s?\S|->|::|\"\"?:\s?\S"
)
_KEYWORD = re.compile(
    r"(?:import|from|def|class|return|var|let|const|for|if|elif|else|while|func|fn|public|private"
    r"|static|void|int|use|print|echo|sudo|SELECT|INSERT|UPDATE|CREATE)\b|[$>]\s|>>>|#include|@\w|</?\w"
)
_COMMENTS = ("//", "/*", "* ", "# ", "-- ")
_CLOSERS = frozenset("})];,")
_LONGEST = 300
"""Characters: no line of a program is longer."""
MAX_ELEMENT = 20_000
"""Characters: a longer <pre> or <code> is a tag that was never closed."""


def code_spans(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of every stretch of code, in order.

    >>> code_spans("用`a&lt;b`写")
    [(1, 9)]
    """
    if "`" not in text and "~~~" not in text and "<" not in text:
        return []
    spans: list[tuple[int, int]] = []
    done = 0
    closing: dict[str, int] = {}  # where the next end of each kind stands; past the text: nowhere
    for match in _OPENING.finditer(text):
        start = match.start()
        if start < done:
            continue
        if match["inline"]:
            done = match.end()
        else:
            end = "\n" + match["fence"] if match["fence"] else f"</{match['tag']}>"
            at = closing.get(end, -1)
            if at < match.end():
                found = text.find(end, match.end())
                at = closing[end] = found if found >= 0 else len(text) + MAX_ELEMENT + 1
            if match["tag"] and at - start > MAX_ELEMENT:
                continue
            done = min(len(text), at + len(end))  # an open fence runs to the end, as in Markdown
        spans.append((start, done))
    return spans


def is_code_line(line: str) -> bool:
    """Say whether a line of a program stands here: ASCII but for its strings and its comment.

    >>> is_code_line("    minChunks: 2, // 一个依赖"), is_code_line('print("你好,世界")')
    (True, True)
    >>> is_code_line("他说(某某),再见"), is_code_line('"你好,世界"'), is_code_line("// 注意,这里")
    (False, False, False)
    """
    line = line.strip()
    if len(line) > _LONGEST or not line[:1].isascii():
        return False
    code = _COMMENT.sub("", _STRING.sub('""', line)).rstrip()
    if not code or not code.isascii():
        return False
    if code[-1] in "{};" or _CLOSERS.issuperset(code):
        return True
    commented = len(code) < len(line) and "//" in line
    if commented and code[-1] in ",:":
        return True
    return (commented or code[-1] in '([,:)]"' or "#" in line) and (
        _CALL.search(code) is not None or _KEYWORD.match(code) is not None
    )


def program_line(text: str, at: int) -> tuple[bool, int]:
    """Say whether a place is on a line of a program, or on a comment beside one, and where it ends.

    That is true of the whole line.
    """
    line, start, end = _line_at(text, at)
    if line[:1] > "\u3000":  # no program begins so; nearly all lines with marks do
        return False, end
    if is_code_line(line):
        return True, end
    if not line.lstrip().startswith(_COMMENTS):
        return False, end
    above, below = _line_at(text, start - 1)[0], _line_at(text, end + 1)[0]
    return is_code_line(above) or is_code_line(below), end


def _line_at(text: str, at: int) -> tuple[str, int, int]:
    """Return the line of a place, and where it begins and ends; "" where it is a long one."""
    start = text.rfind("\n", max(0, at - _LONGEST), max(0, at)) + 1
    end = text.find("\n", max(0, at), at + _LONGEST)
    end = end if end >= 0 else min(len(text), at + _LONGEST)
    return (text[start:end] if at >= 0 and end - start <= _LONGEST else ""), start, end
