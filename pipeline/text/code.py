"""Code in a text: fenced blocks, `inline code`, <pre> and <code> elements, lines of a program."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Openings only; the end is looked for with `find`, which is linear however many stay open.
# The first characters stand in one class: `re` then skips to them.
_OPENING = re.compile(
    r"[`~<](?:(?P<fence>(?<=^`)``|(?<=^~)~~)|(?P<inline>(?<=`)[^`\n]{1,200}`)"
    r"|(?P<tag>(?<=<)(?:pre|code))\b[^<>]{0,200}>)",
    re.MULTILINE,
)
_SIGNS = ("`", "~~~", "<pre", "<code")
"""Without one of these nothing opens."""
_STRING = re.compile(r"""\"[^"\n]*\"|'[^'\n]*'""")
_COMMENT = re.compile(r"(?:^|\s)(?://|/\*|\*/|#|--)(?:[\s!].*)?$|(?<!:)//.*$|/\*.*$")
_STRING_OR_COMMENT = re.compile(r"[\"'#]|//|/\*|\*/|--")
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
    if not any(sign[0] in text and sign in text for sign in _SIGNS):  # one character is found fast
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
            end = "\n" + 3 * text[start] if match["fence"] else f"</{match['tag']}>"
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
    code = line
    if _STRING_OR_COMMENT.search(line):
        code = _COMMENT.sub("", _STRING.sub('""', line)).rstrip()
    if not code or not code.isascii():
        return False
    if code[-1] in "{};[(" or _CLOSERS.issuperset(code):
        return True
    commented = len(code) < len(line) and "//" in line
    if commented and code[-1] in ",:":
        return True
    return (commented or code[-1] in ',:)]"' or "#" in line) and (
        _CALL.search(code) is not None or _KEYWORD.match(code) is not None
    )


def program_lines(lines: Sequence[str]) -> list[bool]:
    """Say which lines belong to a program whose indents mean something.

    That is a run of lines of code, and of indented ASCII lines and comments below them, with two
    lines of code at least and an indent; blank lines may stand in it.

    >>> program_lines(["如下。", "def f(x):", "    return x  # 返回", "", "完。"])
    [False, True, True, False, False]
    """
    out = [False] * len(lines)
    run: list[int] = []  # the lines of the program at hand, blank ones between them included
    code = indents = 0

    def settle() -> None:
        if code > 1 and indents:
            out[run[0] : run[-1] + 1] = [True] * (run[-1] + 1 - run[0])

    blank = 0
    for n, line in enumerate(lines):
        if not line or line.isspace():
            blank += 1
            continue
        indented = line[0] in " \t"
        bare = line.lstrip()
        fence = bare.startswith("```")  # of a list perhaps: it has to stay open or closed
        is_code = not fence and is_code_line(line)
        remark = indented and bare.startswith(_COMMENTS)
        below = run and indented and not fence and line.isascii()
        if run and (blank > 2 or not (is_code or remark or below)):
            settle()
            run, code, indents = [], 0, 0
        if is_code or remark or below:
            run.append(n)
            code, indents = code + is_code, indents + indented
        blank = 0
    settle()
    return out


def is_program(text: str, start: int, end: int) -> bool:
    """Say whether text[start:end] is a line of a program, or a comment beside one."""
    if end - start > _LONGEST or text[start : start + 1] > "\u3000":
        return False  # nearly all lines: no program begins with an ideograph
    line = text[start:end]
    if is_code_line(line):
        return line.strip() != "("  # manual pages set a bracket on a line of its own
    if not line.lstrip().startswith(_COMMENTS):
        return False
    return is_code_line(_line_at(text, start - 1)) or is_code_line(_line_at(text, end + 1))


def _line_at(text: str, at: int) -> str:
    """Return the line of a place, which may lie outside; "" where it is a long one."""
    if at < 0:
        return ""
    start = text.rfind("\n", max(0, at - _LONGEST), at) + 1
    end = text.find("\n", at, at + _LONGEST)
    end = end if end >= 0 else min(len(text), at + _LONGEST)
    return text[start:end] if end - start <= _LONGEST else ""
