"""What a line of text is: prose cut off, verse, a list item, a table row, code.

Pure functions of one line; `pipeline.text.reflow.wrapping` decides about the breaks between lines.
"""

from __future__ import annotations

import re
from functools import cache

from pipeline.tablefiles import table_toml
from pipeline.text.marks import HAN

STOPS = "。！？…!?."
"""Marks after which a sentence is over."""
CLOSERS = "”’」』）》】〉\"')]*_~"
_STOP_SET = frozenset(STOPS)
LEFTOVERS = "，。、；！？℃％‰"
"""Marks that at the start of a line continue a sentence."""
OPENERS = "“‘「『（《【〈("
_LEFTOVER_SET = frozenset(LEFTOVERS)
MARKERS = "•●■◆○◎※►▪▲△□☆★◇‧·①-⑳⒈-⒛㈠-㈩+*|>#-"
"""What begins an item of a list in any case, as the body of a regular-expression class."""
_ITEM = re.compile(
    r"第 ?[一二三四五六七八九十百千○〇零\d]{1,7} ?[条條章節节款項项编編篇]"
    r"|[（(][一二三四五六七八九十百\d]{1,4}[)）]"
    r"|[一二三四五六七八九十]{1,3}[、．.]"
    r"|\d{1,3}(?:[)）、．]|\.(?!\d)|\.\d{1,2}\.? )"
    rf"|[{MARKERS}]"
    r"|[A-Za-z][.)）] "
)
_LABEL = re.compile(r"[^，。、；！？：:\s]{1,10}[：:]|[【\[］〔（(□■▲]|图[为：/:]|附[：:件]|——|--")
LABEL_STARTS = "【[］〔（(□■▲图附—-"
"""What begins a label that no colon ends, or may begin one."""
_TABLE = re.compile(
    r"[│┌├└┬┴┼┃]|[─━]{3}|^\||\s\|\s"
    r"|\S(?: {3,}|\t|\u3000{2,})\S.*\S(?: {3,}|\t|\u3000{2,})\S"
)
_CODE = re.compile(r"[#$%>] ?\w+|//|/\*|<[/!a-zA-Z]|import |from |def |class |\S+\(.*\)$")
CODE_ENDS, CODE_STARTS = frozenset("{};"), "#$%></ifdc"
"""The last characters of lines of code; the first, where the last one is another or a bracket."""
_LONGEST_TABLE, _LONGEST_CODE = 1000, 300
"""Characters above which a line is no row of a table, no line of code."""
_HEADING = re.compile(r"#{1,6} |<h\d|[-=_*~]{4,}$")
_HEADING_SIGNS = frozenset("#<-=_*~")
LONGEST_VERSE = 66
"""Six clauses of ten characters with their marks."""
_LONGEST_SOURCE = 16
_VERSE_ENDS = frozenset("，。、；！？：,;!?…")
_CLAUSE = re.compile("[，。、；！？：,;!?]")
_PICTURES = re.compile("[ \u2600-\u27bf\u200d\ufe0f\U0001f000-\U0001faff]+$")
_REMARK = re.compile("[。！？…][（(][^（()）]{1,40}[)）]$")
_HAN = re.compile(f"[{HAN}]")


@cache
def words(kind: str) -> tuple[str, ...]:
    """Return the words of one table of tables/reflow/words.toml."""
    return tuple(table_toml("reflow/words.toml")[kind]["words"])


@cache
def _credit_ends() -> frozenset[str]:
    return frozenset(word[-1] for word in words("credit"))


def columns(line: str) -> int:
    """Return the width of a line in columns: one for ASCII, two for any other character.

    Wide are CJK and its marks, and what Chinese fonts draw wide although Latin ones do not: quotes,
    dashes, · ° ± ×, Greek and Cyrillic ("ambiguous" in Unicode's UAX 11).
    """
    return len(line) if line.isascii() else 2 * len(line) - len(line.encode("ascii", "ignore"))


def has_han(line: str) -> bool:
    """Whether there is an ideograph in the line."""
    return not line.isascii() and _HAN.search(line) is not None


def is_item(line: str) -> bool:
    """Whether a line begins as an item of a list, an article or a heading of Markdown does."""
    return _ITEM.match(line) is not None


def is_label(line: str) -> bool:
    """Whether a line begins with a label: 责任编辑：, 图为, a bracketed tag."""
    return _LABEL.match(line) is not None


def is_continuation(line: str) -> bool:
    """Whether a line begins with a mark that only continues a sentence."""
    return line[:1] in _LEFTOVER_SET


def is_table(line: str) -> bool:
    """Whether a line is a row of a table: drawn, or with two or more wide gaps."""
    signed = "   " in line or "|" in line or "\t" in line or "\u3000\u3000" in line
    # One by one: four times as fast as a regular expression that looks for all of them.
    if not (signed or "│" in line or "┼" in line or "──" in line or "━━" in line):
        return False
    return len(line) <= _LONGEST_TABLE and _TABLE.search(line) is not None


def is_code(line: str) -> bool:
    """Whether a line looks like code or a command."""
    if len(line) > _LONGEST_CODE:
        return False
    marked = line[-1:] in CODE_ENDS or _CODE.match(line) is not None
    return marked and (line.isascii() or len(_HAN.findall(line)) * 4 < len(line))


def is_heading(line: str) -> bool:
    """Whether a line is marked up as a heading, or rules one off."""
    return line[:1] in _HEADING_SIGNS and _HEADING.match(line) is not None


def is_verse(line: str) -> bool:
    """Whether all clauses of a line are as short as those of a poem (3-9 characters).

    A line of verse with marks in it ends with one; wrapped prose seldom does.
    """
    if len(line) > LONGEST_VERSE:
        return False
    line = line.partition("——")[0] or line  # the poet's name
    clauses = [c for c in _CLAUSE.split(line) if c]
    if len(clauses) > 1 and line.rstrip(CLOSERS)[-1:] not in _VERSE_ENDS:
        return False
    return 0 < len(clauses) <= 6 and all(2 < len(c.strip("“”‘’「」『』 ")) < 10 for c in clauses)


def is_quoted_verse(line: str) -> bool:
    """Whether a line is verse, with its poet and title: 江流天地外，山色有无中。王维汉江."""
    verse, stop, source = line.rpartition("。")
    return len(source) <= _LONGEST_SOURCE and len(verse) > 10 and is_verse(verse + stop)


def ending(line: str) -> str:
    """Return how a line ends: stop, semi (；：), comma (，、), open (a bracket), closed, bare.

    Closing quotes and brackets are looked through, a remark in brackets and pictures too; one that
    follows a bare word is "closed".
    """
    end = line[-1:]
    if end in _STOP_SET or end == ">" or (end in _credit_ends() and line.endswith(words("credit"))):
        return "stop"  # also a tag, or the credit of a photograph or report
    if "\u3400" <= end <= "\u9fff":
        return "bare"  # an ideograph: most lines that are cut
    core = line.rstrip(CLOSERS)
    if "\u2600" <= end <= "\u27bf" or end == "\ufe0f" or end > "\uffff":
        core = _PICTURES.sub("", line).rstrip(CLOSERS)
    last = core[-1:] or line[-1:]
    if last in STOPS:
        return "stop"
    if len(core) < len(line):
        remark = _REMARK.search(line)
        return "stop" if remark and line[remark.start()] in STOPS else "closed"
    if last in "；：;:":
        return "semi"
    if last in "，、,":
        return "comma"
    if last in "“‘" and core[-2:-1] in STOPS and unclosed(core[:-1]):
        return "stop"  # the closing mark, typed the wrong way round
    return "open" if last in OPENERS else "bare"


PAIRS = (("“", "”"), ("（", "）"), ("《", "》"), ("「", "」"), ("『", "』"))


def unclosed(line: str) -> bool:
    """Whether a quotation or bracket opened in the line is still open at its end."""
    for a, b in PAIRS:
        at = line.rfind(a)
        if at >= 0 and at > line.rfind(b):
            return True
    return False
