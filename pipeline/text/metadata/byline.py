"""Reads one line as a byline: a chain of statements about the article, or no byline at all.

    2025-02-24 07:24:36 来源:舜网-济南日报
    作者:济南日报·爱济南记者:张龙 通讯员:韩宏伟
    □记者 王健 报道

The line must be used up by statements: one word that belongs to none of them, and it is a sentence.
The statements themselves are rows of `tables/metadata/roles.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pipeline.text.fold import fold, variants
from pipeline.text.metadata import behind, dates
from pipeline.text.metadata.firstlook import begins, marks
from pipeline.text.metadata.grammar import SURE, Closed, grammar
from pipeline.text.metadata.links import links_shown
from pipeline.text.metadata.names import (
    ends_like_outlet,
    is_outlet,
    looks_chinese,
    people,
    source,
    words,
)
from pipeline.text.metadata.roles import Role
from pipeline.text.metadata.statement import Statement

MAX_CHARS = 160
"""A longer line is no byline. The longest seen in press pages is about 120 characters."""


_ROLE = re.compile(
    r"(?:本报|本网|本台)?(?:特约|实习|见习|全媒体|职工)?(?:记者|記者|通讯员|通訊員|实习生|實習生|摄影|攝影)"
)
_WORD = re.compile(r"[^\s()\[\]【】|/:,;]+")
_ROLE_END = re.compile("[者员員生影]")
_WORD_GAP = re.compile(r"\s+(?=\S)")
_CLOCK = re.compile(r"\d{4}\D.{2,12}\d{1,2}:\d\d")
_GIVEN = re.compile(r"供稿|供图")
_HANDED_IN = re.compile(r"[\u3400-\u9fff·、]{2,16}\s{0,2}供稿(?=[)\]】])")  # （办公室 供稿）
_VAGUE = ("来源", "出处", "来自", "摘自", "原载", "首发于")
"""Labels of sources that head other things as well: 来源：豆科植物甘草的根."""
_FRAMED = re.compile(r"[\[【]((?:\s{0,2}[\u3400-\u9fff]){1,6}\s{0,2})[\]】](?=\s{0,2}[:：])")
"""A label in brackets before its colon: 【 作 者 】：."""
_GAP = re.compile(r"[\s|/丨·,;、\-*>_~\ue000-\uf8ff]+")  # private use: icons
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">", "【": "】", "《": "》"}
_NUMBER = re.compile(
    r"\s*(?:loading|加载中)(?:\.{3}|…{1,2})?(?=\s|$)"  # what a script was to fill in
    r"|\s*[(\[]?\s*\d[\d,.]{0,12}\s*[万亿k+]{0,2}\s*(?:次|人|条|个|字)?\s*[)\]]?(?=\s|$|[|/丨)\]])"
)
_NO_NUMBER = re.compile(r"\s*(?:次|人)?(?=\s|$)")
_NOISE = re.compile(
    r"(?:第?\s?[a-z]?\d{1,3}\s?版(?:\s?:\s?[\u4e00-\u9fff]{1,8})?|原创|调整字体|字体大小|字体|字号|放大|缩小|默认|打印本页|打印|关闭窗口|关闭|收藏|我要评论|我要纠错|我有话说|"
    r"我要分享|分享到?|订阅|举报|纠错|复制链接|责任编辑|查看原文|阅读原文|手机看新闻|投稿|推荐|(?:友善|环保)?列印|转寄|(?:\d{4}/)?\d{1,2}/\d{1,2}\s\d{1,2}:\d\d\s?更新)"
    r"(?:[:\s]*[\[(【]?\s*(?:大|中|小|a\+|a-|\s){1,8}[\])】]?)?(?=\s|$|[|/丨)\]])"
)
_SIZES = re.compile(r"字[体号](?:大小)?\s?:?\s?(?:[\[(【]\s?(?:大|中|小|a\+|a-)\s?[\])】]\s?){2,4}")
"""Each size in brackets of its own: 字号：[大][中][小]."""
_URL = re.compile(r"https?://[^\s\u3400-\u9fff<>\"，。）)】\]]{4,300}")
_MAIL = re.compile(r"[a-z\d_.+\-]{1,40}@[a-z\d\-]{1,30}(?:\.[a-z\d\-]{1,20}){1,3}")
_ADDRESS = re.compile(r"[\s>*\-#·+]*(?:(?:原文|本文)(?:链接|网址|地址|永久链接)|永久链接|via)\s*:")
_ADDRESSED = re.compile(f"[{''.join(map(variants, '链址v'))}]")  # one of these, before it is folded
_LEAD = re.compile(r"[\s>*\-#□■◆◇●○▲△▼▽★☆※·+\u25a0-\u25ff]*")
_NOWHERE = re.compile(
    r"(?:本文|文章|图文|内容|信息|资料|图片|素材|以上内容|部分内容|文字|文图)?"
    r"(?:均)?(?:来源于|来自|源于|源自|来源)\s*:?\s*(?:网络|互联网|网上|网友|网络公开资料)(?:整理|资料)?[。.]?"
)
_SLASHED = re.compile(r"[\u3400-\u9fff]/(?:文|图|摄影?|报[道导])(?=\s+[\u3400-\u9fff])")
_DATED = re.compile("19|20|年")  # what every match of dates.DATE has
_SWITCH = re.compile("[版原调字放缩默打关收我分订举纠复责查阅手投推友环列转]")  # and of _NOISE
_DATELESS = re.compile(r"(?:星期|周)[一二三四五六日天](?=\s|$)")
_OTHERS = dict.fromkeys(
    "第原调字放缩默打关收我分订举纠复责查阅手投推友环列转", _NOISE
) | dict.fromkeys("星周", _DATELESS)


def read(line: str) -> tuple[Statement, ...]:
    """Return the statements of a byline; () where the line is none.

    >>> [(s.column, s.value) for s in read("作者:济南日报·爱济南记者:张龙 通讯员:韩宏伟")]
    [('author', None), ('author', ['张龙']), ('correspondent', ['韩宏伟'])]
    >>> read("编辑：怎样写好一篇通讯，是每个记者都要想的问题。")
    ()
    """
    # What has a full stop inside is a sentence; this alone answers for most lines of an article.
    if len(line) > MAX_CHARS and (
        len(line) > MAX_CHARS * 4 or not ("http" in line or "](" in line or "][" in line)
    ):
        return ()
    if line.find("。", 0, -2) >= 0:
        return ()
    return _read(line)


@lru_cache(maxsize=1024)  # for what stands in brackets: whole lines are remembered elsewhere
def _read(line: str) -> tuple[Statement, ...]:
    return _parsed(line) if marks()(line) and begins(line) else ()


def _parsed(line: str) -> tuple[Statement, ...]:
    if "](" in line or ("][" in line and not _SIZES.search(fold(line))):
        label = line.partition("]")[0]
        address = _ADDRESSED.search(label) is not None and _ADDRESS.match(fold(label)) is not None
        line = links_shown(line, targets=address)
    if len(line) > MAX_CHARS and "http" not in line:
        return ()
    folded = fold(line)
    if "]" in folded and _FRAMED.search(folded):
        line, folded = (_FRAMED.sub(r" \1 ", f) for f in (line, folded))
    text = _Text(line, folded)
    text.at = _LEAD.match(text.folded).end()  # type: ignore[union-attr]
    return tuple(_statements(text) or behind.unlabelled(line, folded))


class _Text:
    """A line and its folded twin, with a place in both."""

    __slots__ = ("at", "end", "folded", "line", "said", "staffed")

    def __init__(self, line: str, folded: str) -> None:
        self.line = line
        self.folded = folded
        self.at = 0
        self.end = len(line.rstrip())
        self.said: Statement | None = None  # the statement before
        self.staffed = grammar().staffed.search(folded) is not None

    def raw(self, start: int, end: int) -> str:
        return self.line[start:end].strip()


def _statements(text: _Text) -> list[Statement] | None:
    found: list[Statement] = []
    if ("源" in text.folded or "来自" in text.folded) and _NOWHERE.fullmatch(
        text.folded, text.at, text.end
    ):
        return [Statement("byline-source", "source", None, True)]
    bracket = ""
    while True:
        gap = _GAP.match(text.folded, text.at, text.end)
        if gap:
            text.at = gap.end()
        if text.at >= text.end:
            return found
        char = text.folded[text.at]
        if char in _CLOSING and not bracket:
            bracket = _CLOSING[char]
            text.at += 1
            continue
        if bracket and char == bracket:
            bracket = ""
            text.at += 1
            continue
        statement = _next(text, bracket)
        if statement is None:
            return None
        text.said = statement
        if statement.rule == behind.TOOK and behind.took(found):
            found[-1] = found[-1]._replace(column="photographer")
        found.append(statement)


def _next(text: _Text, bracket: str) -> Statement | None:
    """Read the statement at the place of `text`, and move it on; None where there is none."""
    at, end, folded = text.at, text.end, text.folded
    first = folded[at]
    if first in dates.INITIALS:
        dated = dates.DATE.match(folded, at, end)
        if dated and (moment := dates.moment(dated)):
            text.at = dated.end()
            return Statement("bare-date", "published_at", moment, False)
    if text.said and (done := behind.belongs(folded, at, end, text.said)):
        text.at = done[1]
        return done[0]
    if first == "字" and (sizes := _SIZES.match(folded, at, end)):
        text.at = sizes.end()
        return Statement("page-switch", "", None, False)
    for pattern, with_colon in _label_patterns(text, bracket):
        found = pattern.match(folded, at, end)
        if found is None:
            continue
        statement = _labelled(text, found, bracket, with_colon=with_colon)
        if statement is not None:
            return statement
    # No word of these begins with the first character of another: one look says which may match.
    other = _OTHERS.get(first, _NOISE if first.isascii() else None)
    if other and (switch := other.match(folded, at, end)):
        text.at = switch.end()
        return Statement("page-switch", "", None, False)
    if first == "h" and (url := _URL.match(text.line, at, end)):
        text.at = url.end()
        return Statement("bare-address", "url", None, False)
    if mail := _MAIL.match(folded, at, end):
        text.at = mail.end()
        return Statement("bare-address", "", None, False)
    return _bare(text, bracket)


def _label_patterns(text: _Text, bracket: str) -> Iterator[tuple[re.Pattern[str], bool]]:
    """Yield the patterns that could match at the place of `text`, and whether they have a colon."""
    rules = grammar()
    first = text.folded[text.at]
    closed = rules.closed_by.get(first)
    staffed = text.staffed and rules.staffed.search(text.folded, text.at, text.end)
    if closed:
        yield closed, True
    if staffed:
        yield from ((rules.spaced, False), (rules.ranked, False), (rules.glued, False))
    elif headed := rules.headed_by.get(first):
        yield headed, False
    if bracket and closed:
        yield rules.enclosed, False


def _labelled(
    text: _Text, found: re.Match[str], bracket: str, *, with_colon: bool
) -> Statement | None:
    label = found[found.lastgroup or 0].replace(" ", "")  # one group of each pattern matches
    role = grammar().by_label[label]
    start = found.end()
    if role.value == "date":
        first = _after_gap(text, start)
        dated = behind.day(text.folded[first : text.end])
        if dated is None:
            return _open(text, role, label, start) if with_colon else None
        text.at = first + dated[1]
        return Statement(role.id, role.column, dated[0], role.alone, role.deep)
    if role.value == "number":
        number = _NUMBER.match(text.folded, start, text.end) or (
            _NO_NUMBER.match(text.folded, start, text.end) if with_colon else None
        )
        if number is None:
            return None
        text.at = number.end()
        empty = not number[0].strip() and text.at >= text.end
        return Statement(role.id, "", None, role.alone, open=empty)
    if role.value == "url":
        url = _URL.search(text.line, start, text.end)
        if url is None:
            return None
        text.at = url.end()
        return Statement(role.id, role.column, url[0], role.alone)
    stop = _value_end(text, start, bracket)
    value = text.raw(start, stop)
    return _valued(text, role, label, value, stop, with_colon=with_colon)


def _valued(
    text: _Text, role: Role, label: str, value: str, stop: int, *, with_colon: bool
) -> Statement | None:
    said: Any
    if not value.strip(" :：、,，-|/"):
        if not with_colon:
            return None
        return _open(text, role, label, stop)
    if role.value == "people":
        if (names_end := _before_role(value)) is not None:
            value = value[:names_end]
            stop = text.line.rfind(value, 0, stop) + names_end
        said = people(value, strict=role.strict or not with_colon)
        if said is None and with_colon and behind.NICKNAME.fullmatch(fold(value)):
            text.at = stop
            return Statement(role.id, role.column, [value], False, likely=role.alone)
        # 作者:济南日报·爱济南记者:张龙: the value is the paper of the label that follows.
        if with_colon and said and stop < text.end and text.folded[stop - 1 : stop].strip():
            following = grammar().closed.match(text.folded, stop, text.end)
            said = [] if following else said
        if said is None or (not said and not with_colon):
            return None
    elif role.value == "source":
        said = source(value)
        if said is None:
            return None
        said = said or None
        if label in _VAGUE and value and not _known(value):
            text.at = stop
            return Statement(role.id, role.column, said, False, likely=True)
    else:
        if len(value) > 24 or re.search(r"[。！？!?；，,]", value):
            return None
        if not with_colon and people(value, strict=True) is None:
            return None
        said = None
    text.at = stop
    alone = role.alone and (with_colon or role.spaced_alone)
    return Statement(role.id, role.column, said or None, alone, role.deep and with_colon)


@lru_cache(maxsize=1024)
def _known(value: str) -> bool:
    """Whether a source is a paper or a site by its name, or says that there is none."""
    return source(value) == "" or any(is_outlet(part) for part in re.split("[、,，/ ]", value))


def _before_role(value: str) -> int | None:
    """Return where names end that another role follows at once: 王选辉实习生郑旭."""
    if not _ROLE_END.search(value):
        return None
    for found in _ROLE.finditer(value, 2):
        if people(value[: found.start()], strict=True):
            return found.start()
    return None


def _open(text: _Text, role: Role, label: str, stop: int) -> Statement | None:
    """Return a label with nothing after it; where the line ends, the next line may say it.

    It is a byline by itself only where the word means nothing else.
    """
    text.at = stop
    at_end = text.at >= text.end
    return Statement(role.id, role.column, None, label in SURE, role.deep, open=at_end)


def _after_gap(text: _Text, start: int) -> int:
    while start < text.end and text.folded[start] in " \t:|/(":
        start += 1
    return start


def _value_end(text: _Text, start: int, bracket: str) -> int:
    """Return where a value ends: before the next statement, at the bracket, or with the line."""
    end = text.end
    if bracket and (close := text.folded.find(bracket, start, end)) >= 0:
        end = close
    elif (opened := text.folded.find("[", start, end)) > 0 and text.folded[start:opened].strip():
        end = opened  # folded 【
    ends = [end]
    rest = text.folded[start:end]
    for pattern in _stops(rest):
        found = pattern.search(text.folded, start, end)
        while found and not (found.start() > start and _starts_here(text, pattern, found, start)):
            found = pattern.search(text.folded, found.start() + 1, end)
        ends += [found.start()] if found else []
    if "/" in rest and (slashed := _SLASHED.search(text.folded, start, end)):
        ends.append(slashed.end())  # 记者张龙/文 李明/摄
    for word in _WORD_GAP.finditer(rest):
        at = start + word.end()
        if _role_word(text, at, end):
            ends.append(at)
            break
    return min(ends)


def _stops(rest: str) -> Iterator[re.Pattern[str] | Closed]:
    """Yield the patterns of statements that may begin within the rest of a line."""
    if ":" in rest or "/" in rest or "|" in rest or "丨" in rest:
        yield grammar().closed
    if _DATED.search(rest):
        yield dates.DATE
    if _SWITCH.search(rest):
        yield _NOISE
    if "http" in rest:
        yield _URL
    if "@" in rest:
        yield _MAIL


def _role_word(text: _Text, at: int, end: int) -> bool:
    """Whether a new role begins at a word: 通讯员刘娟, 新京报记者 李四."""
    rules = grammar()
    if not text.staffed:
        headed = rules.headed_by.get(text.folded[at])
        return headed is not None and headed.match(text.folded, at, end) is not None
    pair = rules.spaced, rules.glued
    return any(pattern.match(text.folded, at, end) for pattern in pair)


def _starts_here(
    text: _Text, pattern: re.Pattern[str] | Closed, found: re.Match[str], start: int
) -> bool:
    before = text.folded[found.start() - 1]
    if pattern is grammar().closed:
        label = found["label"] or found["slashed"] or ""
        # One-character labels and slashes need a gap before them: 影视图/文 is no label.
        # 陈大文 图: is a name and a label.
        if len(label) > 1 and text.folded[found.end() - 1] == ":" and not re.search(r"\s", label):
            return True
    return before in " \t|/丨;,、()[]【】" and found.start() > start


def _bare(text: _Text, bracket: str) -> Statement | None:
    """Read what has no label: a paper beside a date, names with 报道 or 摄 after them."""
    word = _WORD.match(text.folded, text.at, text.end)
    if word is None:
        return None
    if bracket and (office := _HANDED_IN.match(text.folded, text.at, text.end)):
        text.at = office.end()
        return Statement("byline-handed-in-by", "", None, True)
    name_stop = word.end()
    name = text.raw(text.at, name_stop)
    short = len(name) <= (24 if name.isascii() else 16)
    if short and ends_like_outlet(word[0]) and re.fullmatch(r"[\w·.\-]+", name):
        text.at = name_stop
        if "丨" in name:  # 素材支持丨高珧杭州台: a role that no row has
            return Statement("byline-staff", "", None, False)
        return Statement("bare-outlet", "source", name, False)
    if named := behind.named_first(text.line, text.folded, text.at, text.end):
        column, names, alone, text.at = named
        return Statement("byline-name-first", column, names, alone, likely=not alone)
    if ":" in text.folded and looks_chinese(name) and _CLOCK.search(text.folded):
        text.at = name_stop
        return Statement("bare-name", "author", [name], False)
    if name in words()["provinces"]:
        text.at = name_stop
        return Statement("page-switch", "", None, False)
    if not _GIVEN.search(text.folded, text.at, text.end):
        return None
    stop = _value_end(text, text.at, bracket)
    phrase = text.raw(text.at, stop)
    if len(phrase) <= 24 and re.search(r"(?:供稿|供图)$", phrase) and "，" not in phrase:
        text.at = stop
        return Statement("byline-staff", "", None, False)
    return None
