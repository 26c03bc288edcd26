"""Which lines at the two ends of a text are its byline: what stands where, and beside what.

`pipeline.text.metadata.byline` reads one line; here lines vouch for one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, pairwise, takewhile

from pipeline.text.metadata import byline, names
from pipeline.text.metadata.headline import is_title, original_title
from pipeline.text.metadata.statement import Statement

HEAD_CHARS = 2000
"""How far from its start a text is looked at: the bylines of a head are within 300 characters."""
TAIL_CHARS = 6000
"""How far from its end: a ranking list of 40 lines with links may stand below the byline."""

READ_CHARS = 4 * byline.MAX_CHARS
"""A longer line is never a byline: links count by what they show."""

PEOPLE = ("author", "correspondent", "editor", "photographer", "translator")
_FORM = re.compile(r"[\s【\[]*[^\s:：](?:\s{0,3}[^\s:：]){1,5}[】\]]?\s*[:：]")
_OF_PAGE = re.compile(
    r"[\s【\[<·]*(?:[上下前后後]一?[篇条條则則页頁章]|分享|相[关關]|推[荐薦]|延伸|[热熱][门門]"
    r"|字[体體号號型级級]|[当當]前|[您你]|位置)"
)
# 1987年9月15日 国务院发布 heads a statute and is its text; pages stamp in figures or to the minute.
_STAMP = re.compile(r"\d{4}[-/.]\d|\d[:：]\d\d|\d版")
_TO_THE_SECOND = re.compile(r"\d\d[:：]\d\d[:：]\d\d")
_EDITION = re.compile(r"第?[A-Z]?\d{1,3}\s?版")
BESIDE = 3  # lines around a byline that are looked at, or at the end of a text
_BUTTONS = 30  # lines between a stamp and the first sentence, where a player stands between them
_RUN = 15  # more byline lines in a row than this are a list of credits, which is content


Labelled = Mapping[int, tuple[Statement, ...]]
"""What lines say, by where they begin; nothing where they have not been read."""
_Said = dict[int, tuple[Statement, ...]]
_Span = tuple[int, int, str]


class Line:
    """A line that is not blank: its span, its text, what it says, and whether it goes."""

    __slots__ = ("answers", "deep", "end", "goes", "says", "start", "text")

    def __init__(self, start: int, end: int, text: str, says: tuple[Statement, ...] = ()) -> None:
        self.start = start
        self.end = end
        self.text = text
        self.says = says
        self.deep = False  # too far from the end for most bylines
        self.goes = False
        self.answers = False  # it is the value of the label above it


@lru_cache(maxsize=8192)  # pages of a site repeat each other, and lines are read twice
def read(line: str) -> tuple[Statement, ...]:
    """Return what a line of at most READ_CHARS says as a byline; () where it is none."""
    says = byline.read(line)
    if says or "原" not in line[:8]:
        return says
    title = original_title(line)
    return (Statement("original-title", "original_title", title, True),) if title else ()


def may_be_one(says: Sequence[Statement]) -> bool:
    """Whether what a line says can make it a byline, alone or with the line below it."""
    for said in says:
        if said.alone or said.likely or said.open or said.column == "published_at":
            return True
    return False


def find_bylines(
    text: str,
    labelled: Labelled,
    head_lines: int,
    tail_lines: int,
    deep_lines: int,
    *,
    whole: bool = True,
) -> tuple[list[Line], list[Line]]:
    """Return the lines of the head and of the tail of a text, those marked that are bylines.

    The tail is empty where the head reaches the end of the text. `labelled`: where the lines begin
    that may be bylines by themselves, and what they say: only the lines beside them are read.
    `whole`: the head is wanted even where no byline stands in it; otherwise it may be empty.
    """
    known = _blocks(text, labelled)
    head: list[Line] = []
    stop = 0
    first = min(known, default=len(text))
    if whole or not _has_lines(text, first, head_lines + BESIDE):
        head = _scan(_forwards(text), known, head_lines, head_lines, HEAD_CHARS)
    _judge(head, head=True)  # without a tail, what stands near the end of a short text is its tail
    if not any(line.goes for line in head):
        head = _below_menu(text, known) or head
    if head:
        stop = head[-1].end + 1
        first = min((at for at in known if at >= stop), default=len(text))
    spans = _backwards(text, stop)
    tail = _scan(spans, known, tail_lines, deep_lines, TAIL_CHARS, first)[::-1]
    _judge(tail)
    _spare_lists([*head, *tail])
    return head, tail


def _below_menu(text: str, known: _Said) -> list[Line]:
    """Return the lines around the bylines between a long menu and the first sentence, if they go.

    Only those of a date with a paper or a label, and of no list that has a date an item. A stamp to
    the minute may have the buttons of a player below it.
    """
    dated = [at for at in known if any(s.column == "published_at" for s in known[at])]
    if not dated or dated[0] > HEAD_CHARS or len(dated) > BESIDE:
        return []
    if text.count("\n", 0, dated[0]) <= BESIDE:
        return []  # so far up its place has been judged
    above = list(takewhile(lambda span: not _is_prose(span[2]), _to(text, HEAD_CHARS)))
    near = [i for i, span in enumerate(above) if span[0] in dated]
    if not near:
        return []
    stamped = re.search(r"\d[:：]\d\d", above[near[-1]][2])
    if len(above) - near[-1] > (_BUTTONS if stamped else BESIDE + 1):
        return []
    spans = _forwards(text, above[max(near[-1] - 2 * BESIDE, 0)][0])
    lines = [Line(*span, known.get(span[0], ())) for span in islice(spans, 3 * BESIDE + 1)]
    _judge(lines, head=True)
    gone = {s.column for line in lines if line.goes for s in line.says}
    return lines if "published_at" in gone else []


def _to(text: str, chars: int) -> Iterator[_Span]:
    return takewhile(lambda span: span[0] < chars, _forwards(text))


def _is_prose(line: str) -> bool:
    """Whether a line is the article's: headlines and buttons end in ？ and ！, none in a stop."""
    return len(line) > byline.MAX_CHARS or line.rstrip('"”’」』）) ').endswith("。")


def _has_lines(text: str, end: int, lines: int) -> bool:
    """Whether so many lines, none of them blank, stand above a place."""
    return text.count("\n", 0, end) >= lines and text.find("\n\n", 0, end) < 0


def _blocks(text: str, labelled: Labelled) -> _Said:
    """Return what is said by the runs of bylines that hold `labelled`, by where lines begin.

    The value of a label that ends a line may stand between two of them.
    """
    known: _Said = {}
    for at in labelled:
        if at in known:
            continue
        down = _run(_forwards(text, at), labelled)
        known.update(down)
        if at in down:
            known.update(_run(_backwards(text, 0, at - 1), labelled, up=True))
    return known


def _run(spans: Iterable[_Span], labelled: Labelled, *, up: bool = False) -> _Said:
    run: _Said = {}
    label = up  # whether a label may have its value on the line beside the run
    value = False  # whether one line that says nothing was passed
    for start, _, line in spans:
        says = labelled.get(start) or (read(line) if len(line) <= READ_CHARS else ())
        is_open = bool(says) and says[-1].open
        if not says and (value or not label):
            break
        if says and value and up and not is_open:
            break
        if says:
            run[start] = says
        value = not says
        label = up or is_open
    return run


def outer_lines(text: str, head_lines: int, tail_lines: int) -> tuple[list[Line], list[Line]]:
    """Return the first and the last lines of a text in which no line is a byline."""
    head = [Line(*span) for span in islice(_forwards(text), head_lines)]
    stop = head[-1].end + 1 if head else 0
    tail = [Line(*span) for span in islice(_backwards(text, stop), tail_lines)]
    return head, tail[::-1]


def _forwards(text: str, start: int = 0) -> Iterator[_Span]:
    """Lines that are not blank, from a start of a line to the end of the text."""
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if (line := text[start:end]) and not line.isspace():
            yield start, end, line
        start = end + 1


def _backwards(text: str, stop: int, end: int | None = None) -> Iterator[_Span]:
    """Lines that are not blank, from the end; none begins before `stop`, a start of a line."""
    end = len(text) if end is None else end
    while end > stop:
        start = text.rfind("\n", stop, end) + 1 or stop
        if (line := text[start:end]) and not line.isspace():
            yield start, end, line
        end = start - 1


def _scan(
    spans: Iterable[_Span],
    known: _Said,
    near: int,
    deep: int,
    chars: int,
    first: int = 0,
) -> list[Line]:
    """Return the lines of one end of the text, up to `deep` that are no bylines.

    Bylines do not count, so that taking them away brings no other line within reach; but a long
    run of them is a list, and ends the search. So do a few lines above the `first` byline.
    """
    found: list[Line] = []
    others = run = 0
    beyond = BESIDE
    for start, end, said in spans:
        if says := known.get(start, ()):
            run += 1
            if run > _RUN:
                return found[: len(found) - _RUN]
        else:
            others += 1
            chars -= end - start + 1
            run = 0
        line = Line(start, end, said, says)
        if others > near:
            line.deep = True
        found.append(line)
        if start < first:
            beyond -= 1
        if others >= deep or chars < 0 or not beyond:
            break
    return found


def _judge(lines: Sequence[Line], *, head: bool = False) -> None:
    """Mark the lines that go: bylines with a sure statement in them or in a line beside them."""
    i = 0
    said = [i for i, line in enumerate(lines) if line.says]
    for start in said:
        if start < i:
            continue
        i = start
        while i < len(lines) and lines[i].says:
            i += 1
        first = start + (head and i - start > 1 and _is_the_title(lines, start))
        block = lines[first:i]
        following = lines[i] if i < len(lines) else None
        value = _value_below(block[-1], following) if block[-1].says[-1].open else None
        sure = value or _is_sure(block) or (head and _is_dateline(lines, first, i))
        if not (sure or _is_placed(lines, first, i, head=head)):
            continue
        if _in_form(lines, first, i, answered=value is not None):
            continue
        for line in block:
            line.goes = not is_out_of_reach(line)
        if value and following and block[-1].goes:
            following.says, following.goes, following.answers = (value,), True, True
            i += 1


def _is_the_title(lines: Sequence[Line], first: int) -> bool:
    """Whether what ends like a paper's name is the title (呼籲漁民加強防颱), with none above it."""
    says, text = lines[first].says, lines[first].text.strip()
    named = len(says) == 1 and says[0].rule == "bare-outlet" and len(text) > 6
    return named and is_title(text) and not any(is_title(line.text) for line in lines[:first])


def is_out_of_reach(line: Line) -> bool:
    """Whether a byline stands too far from the end for what it says."""
    return line.deep and not any(s.deep for s in line.says)


def _is_sure(block: Sequence[Line]) -> bool:
    """Whether lines that could be bylines are: one sure statement, or three kinds of weak ones."""
    says = [s for line in block for s in line.says]
    for said in says:
        if said.alone:
            return True
    kinds = {s.column for s in says if s.column and (s.value or s.open)}
    answered = any(
        one.says[-1].open and one.says[-1].column == other.says[0].column and other.says[0].value
        for one, other in pairwise(block)
    )
    beside = any(
        any(s.likely for s in line.says) and any(s.column == "published_at" for s in line.says)
        for line in block
    )
    return answered or beside or len(kinds) >= 3


def _is_placed(lines: Sequence[Line], first: int, last: int, *, head: bool) -> bool:
    """Whether a likely byline stands where bylines stand: under the title, or at the very end."""
    if not any(s.likely for line in lines[first:last] for s in line.says):
        return False
    under_title = head and 1 <= first <= 3 and is_title(lines[first - 1].text)
    return under_title or last >= len(lines) - 1


def _in_form(lines: Sequence[Line], first: int, last: int, *, answered: bool) -> bool:
    """Whether other labels stand beside a block (性味：, 索引号：): a form, which is content.

    Not so the labels of the page itself (上一篇：), nor beside a line that says three things of the
    page. `answered`: the line below has a value.
    """
    if any(len({s.rule for s in line.says}) > 2 for line in lines[first:last]):
        return False
    beside = *lines[max(first - 2, 0) : first], *lines[last : last + 2]
    labels = sum([_is_label(line.text) for line in beside if not line.says])
    if labels == 0:
        return False
    sure = answered or any(s.alone and s.value for line in lines[first:last] for s in line.says)
    return labels > int(sure)


def _is_label(text: str) -> bool:
    """Whether a line has the form of a label with its value: no byline, and not of the page."""
    return (
        (":" in text or "：" in text)
        and _is_short(text)
        and not _OF_PAGE.match(text)
        and _FORM.match(text) is not None
        and not read(text)
    )


def _is_short(text: str) -> bool:
    return (
        len(text) <= 40 and "。" not in text and not text.rstrip().endswith(("？", "！", "?", "!"))
    )


def _is_dateline(lines: Sequence[Line], first: int, last: int) -> bool:
    """Whether a date, with a paper, a name or without, dates the page: right under a title.

    Or at the very top, with the page of the paper: 2020年7月14日 / 第05版：综合新闻.
    """
    if not first and any(_EDITION.search(line.text) for line in lines[first:last]):
        return True
    if last - first > 2 or not 1 <= first <= 3 or last >= len(lines):
        return False
    block = lines[first:last]
    columns = {s.column for line in block for s in line.says if s.rule != "bare-name"}
    return (
        "published_at" in columns <= {"published_at", "source", "url", ""}
        and any(_STAMP.search(line.text) for line in block)
        and is_title(lines[first - 1].text)
        and (
            len(lines[last].text) > len(lines[first - 1].text)
            or any(_TO_THE_SECOND.search(line.text) for line in block)
        )
    )


def _value_below(line: Line, following: Line | None) -> Statement | None:
    """Return what the line below says for a label that ends a line."""
    label = line.says[-1]
    value = _value_of(label, following.text) if label.open and following else None
    return None if value is None else label._replace(value=value, open=False, alone=True)


def _value_of(label: Statement, text: str) -> object | None:
    """Read a line as the value of the label on the line before it; None where it is none."""
    value = text.strip()
    if label.column in PEOPLE:
        return names.people(value, strict=True) or None
    if label.rule == "byline-view-count":
        return value if value.isdecimal() else None
    if label.column == "source" and len(value) <= 16:
        return names.source(value) if names.is_outlet(value) else None
    return None


def _spare_lists(lines: Sequence[Line]) -> None:
    """Leave the lines of a list in which one role recurs: books and poems with their authors."""
    seen: dict[str, int] = {}
    goes = False
    for line in lines:
        if line.goes and not goes:
            for column in {s.column for s in line.says if s.value is not None}:
                seen[column] = seen.get(column, 0) + 1
        goes = line.goes
    listed = {column for column, times in seen.items() if times > 2}  # head, tail, and no third
    for line in lines if listed else ():
        if any(s.column in listed for s in line.says):
            line.goes = False
