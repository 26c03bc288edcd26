"""Roles that stand behind the names, and heads that no label begins.

张龙/文 李明/图
本报记者 张龙 文/图
原创 某人 某号 2022-11-06 08:00 发表于江苏
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from pipeline.text.metadata import dates
from pipeline.text.metadata.names import people, words
from pipeline.text.metadata.statement import Statement

_NAME = r"[\u3400-\u9fff]{2,4}(?:·[\u3400-\u9fff]{1,8}){0,2}"
_ROLES = {
    "author": "文字?|撰文|采写|报道|报导",
    "photographer": "图片?|摄影?|供图",
    "editor": "编辑",
}
_BEHIND = re.compile(
    rf"(?P<names>{_NAME}(?:[\s、,]{{1,2}}{_NAME}){{0,3}})(?P<mark>/|\s{{1,3}}/?\s{{0,2}})"
    rf"(?:{'|'.join(f'(?P<{column}>{role})' for column, role in _ROLES.items())})"
    r"(?=$|[\s)\]】|;,、])"
)
# What a reporter did, with no other name behind it.
_DEEDS = re.compile(
    r"(?:(?P<wrote>文\s?/?\s?[图摄]|图\s?/?\s?文|文字?\s?/\s?摄影|摄影\s?/?\s?报[道导]|"
    r"报[道导]\s?/\s?摄影|文|报[道导]|采写|撰文|整理)|图|摄影?|供图)"
    r"(?=\s*(?:$|[)\]】|;]|本报|记者|通讯员|实习生|编辑))"
)
TOOK = "took-the-picture"
NICKNAME = re.compile(r"[小老阿][\u3400-\u9fff]{1,2}")
"""How those who set a page call themselves: 小王, 老张."""
_FROM = re.compile(r"发表于\s?\S{2,8}")
_NUMBERED = re.compile(r"(1[01]\d)\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{1,2})(?![\d.])")
_FILED = re.compile(r"(1[01]\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)")
_PRINTED = re.compile(
    r"\(?《\s{0,2}(?P<paper>[\u3400-\u9fff]{2,10}?[报刊])\s{0,2}》\s{0,2}\(?"
    r"(?P<when>\s{0,2}\d{4}\s?年[^()]{4,24}?\d{1,3}\s{0,2}版)\s{0,2}\)"
)
_HOUR = re.compile(r"(?:香港|台北|北京)时间\s?(\d{1,2})时(?:(\d{1,2})分)?")


def named_first(
    line: str, folded: str, at: int, end: int
) -> tuple[str, list[str], bool, int] | None:
    """Return column, names, whether they are a byline by themselves, and where they end.

    >>> named_first("张龙/文 李明/图", "张龙/文 李明/图", 0, 9)
    ('author', ['张龙'], True, 4)
    """
    found = _BEHIND.match(folded, at, end)
    if found is None or found.lastgroup is None:
        return None
    names = people(line[found.start("names") : found.end("names")], strict=True)
    return (found.lastgroup, names, found["mark"] == "/", found.end()) if names else None


def belongs(folded: str, at: int, end: int, said: Statement) -> tuple[Statement, int] | None:
    """Return what belongs to the statement before, and where it ends.

    文/图 after a reporter; 1120921, a day, after the editor of an agency of Taiwan.
    """
    if (day := _FILED.match(folded, at, end)) and (when := _filed(day)):
        return Statement("bare-date", "published_at", when, False), day.end()
    deed = _DEEDS.match(folded, at, end) if isinstance(said.value, list) else None
    if deed is None:
        return None
    return Statement("wrote-it" if deed["wrote"] else TOOK, "", None, False), deed.end()


def took(found: Sequence[Statement]) -> bool:
    """Whether the last of those who said 摄 or 图 of themselves is no writer.

    记者 张龙 摄; 记者 张龙 文/李明 图.
    """
    last = found[-1]
    second = last.rule == "byline-written-by-slash" and any(
        s.column == "author" for s in found[:-1]
    )
    return second or last.rule == "byline-reporter"


def day(value: str) -> tuple[datetime, int] | None:
    """Return the moment with which the value of a date's label begins, and its length.

    >>> day("111-08-10 更新")[0].date().isoformat()  # of the Republic
    '2022-08-10'
    """
    found = dates.DATE.match(value)
    if found and (when := dates.moment(found)):
        return when, found.end()
    numbered = _NUMBERED.match(value)
    year, month, day = map(int, numbered.groups()) if numbered else (0, 0, 0)
    when = dates.read(f"{1911 + year}-{month}-{day}") if numbered else None
    return (when, numbered.end()) if when and numbered else None


def _filed(found: re.Match[str]) -> datetime | None:
    year, month, day = map(int, found.groups())
    return dates.read(f"{1911 + year}-{month}-{day}")


def unlabelled(line: str, folded: str) -> Iterator[Statement]:
    """Yield what a line says that no label begins: the head of a WeChat article, an hour.

    The hour stands on a line of its own, below the date of a press release; the paper that printed
    it stands below the text.
    """
    if "版" in folded and (printed := _PRINTED.fullmatch(folded.strip())):
        dated = dates.DATE.search(printed["when"])
        yield Statement("printed-in", "source", printed["paper"].strip(), True)
        yield Statement("printed-in", "published_at", dates.moment(dated) if dated else None, True)
    elif "时间" in folded and (hour := _HOUR.fullmatch(folded.strip())):
        at = f"{int(hour[1]):02}:{int(hour[2] or 0):02}"
        yield Statement("hour-below-date", "hour", at, True)
    elif "原创" in folded[:4] or "发表于" in folded[-12:]:
        for column, value in posted(line, folded):
            yield Statement("posted-by-account", column, value, False, likely=True)


def posted(line: str, folded: str) -> Sequence[tuple[str, object]]:
    """Return what the head of a WeChat article says: account, author, moment; () if it is none.

    >>> posted(*["原创 老周 城南旧事 2022-11-06 08:00 发表于江苏"] * 2)[:2]
    [('source', '城南旧事'), ('author', ['老周'])]
    """
    found = dates.DATE.search(folded)
    if found is None:
        return ()
    named, tail = line[: found.start()].split(), folded[found.end() :].strip()
    own = folded.lstrip().startswith("原创")
    named = named[own:]
    if not (own or tail) or not 1 <= len(named) <= 2 or max(map(len, named)) > 20:
        return ()
    where = tail in words()["provinces"] or _FROM.fullmatch(tail)
    if (tail and not where) or not dates.has_time(found):
        return ()
    says: list[tuple[str, object]] = [("source", named[-1])]
    if len(named) == 2 and named[0] != named[1]:
        says.append(("author", [named[0]]))
    return [*says, ("published_at", dates.moment(found))]
