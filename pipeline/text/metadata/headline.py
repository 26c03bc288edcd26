"""Headlines and datelines: the title above a byline, the place and reporter before the first words.

A title is claimed only where a byline stands below it: a first line alone proves nothing, and no
title is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.text.fold import fold
from pipeline.text.metadata import byline
from pipeline.text.metadata.names import people

_HAN = re.compile(r"[\u3400-\u9fff]")
_NOT_TITLE = re.compile(
    r"[。；;…>|<]$|。|https?://|首页|>|^[·•●○\-*]|(?:记者|記者|通讯员|通訊員)\s*$"
    r"|^\s*\d{1,2}[.、．]\s*\D|\s[/|｜].*\s[/|｜]"  # an item of a list, fields in a row
    r"|^\s*[(（【\[]?(?:图|圖|表|注)\d?[:：]|尽在.{2,16}(?:APP|客户端)|[扫掃].{0,6}[码碼]|下载.{0,10}APP"
)
_WIRED = re.compile(r"^.{0,12}\d{1,2}日[电電]\s?[题題]?\s?[：:]\s?")  # 新华社香港11月29日电题：
_CONTINUES = re.compile(r"[:：,，、;；—“（(《]$")
_SUBTITLE = re.compile(r"^\s*(?:——|--|—|──)")
_ORIGINAL = re.compile(r"[\s(\[【]*(?:本文)?原(?:文)?标题\s{0,3}:\s*")
# Outlet, place, day, 电 or 讯. Greedy in the outlet: 中国台湾网台北3月1日电.
_DATELINE = re.compile(
    r"\s*(?:[(【\[][^()【】\[\]]{1,20}[)】\]]\s*)?"
    r"(?P<outlet>[^\s,。:;\"()《》]{0,10}(?:社|报|网|台|在线|新闻)(?:客户端)?)"
    r"(?P<place>[\u4e00-\u9fff]{2,8}?)?\s?"
    r"(?:(?:(?:\d{4}年)?(?:\d{1,2}月)?\d{1,2}日\s?)(?:电|讯|消息)|讯(?=[\s(【:]|记者|\d))"
    r"\s*(?:[(【\[](?P<by>[^()【】\[\]]{2,60})[)】\]])?"
)
# 中央社記者吳曉璐台北5日電; 〔記者吳曉璐／台北報導〕; 【大公報訊】記者丁春麗濟南報道：
_SIGNED_WIRE = re.compile(
    r"[\s(\[【]*[^\s\d,。:;()]{0,8}?记者(?P<by>[\u4e00-\u9fff、·]{2,16}?)"
    r"(?:/(?P<at>[\u4e00-\u9fff]{2,6}?)(?:即时|综合|连线)?报[道导]"
    r"|(?:\d{1,2}月)?\d{1,2}日(?:专|综合外)?电|(?:即时|综合|连线)?报[道导](?=[\s:]))"
)
# 記者林怡君／台南報導. What stands there besides places says how it was reported.
_REPORTED = re.compile(
    r"记者[^\s/]{2,16}\s?/\s?(?P<at>[\u4e00-\u9fff]{2,4}?)(?:即时|综合|连线|现场)?报[道导]"
)
_NO_PLACE = frozenset(re.findall("..", "综合即时连线现场编译整理专题独家外电摄影特别国际体育娱乐"))
_WIRE = re.compile("[电電讯訊]|消息|[报報][道导導]")
_RUN_ON = re.compile(r"(?<=[\u4e00-\u9fff])(?=(?:特约|职工)?(?:通讯员|摄影))")


def is_title(line: str) -> bool:
    """Whether a line could be a title: short, Chinese, no sentence, no path through a site."""
    line = line.strip()
    return 4 <= len(line) <= 90 and bool(_HAN.search(line)) and not _NOT_TITLE.search(line)


def title_above(lines: Sequence[str]) -> str | None:
    """Return the title that ends the lines above a byline, or None.

    Two lines are one title where the first cannot end there; a line that begins with a dash is a
    subtitle and stays out; a line above that could stand alone is a kicker and stays out as well.

    >>> title_above(["建设现代化产业体系，槐荫区：", "以产业大提升推动发展"])
    '建设现代化产业体系，槐荫区：以产业大提升推动发展'
    >>> title_above(["这是导语，说明了文章的内容。", "槐荫区实干担当跑出加速度"])
    '槐荫区实干担当跑出加速度'
    >>> title_above(["新闻", "体育", "槐荫区实干担当跑出加速度"])
    '槐荫区实干担当跑出加速度'
    >>> title_above(["某地召开会议部署重点工作", "会议要求把工作做细做实。"])
    '某地召开会议部署重点工作'
    """
    candidates = [line.strip().lstrip("#").strip() for line in lines]
    if len(candidates) > 1 and _SUBTITLE.match(candidates[-1]):
        candidates.pop()
    # The first line, a summary in a sentence, the byline.
    if len(candidates) == 2 and len(candidates[0]) >= 8 and not is_title(candidates[1]):
        candidates.pop()
    # Two sentences above it, and the byline stands in the middle of the article. A word of a menu
    # is neither title nor sentence.
    if not candidates or sum(not is_title(line) for line in candidates if len(line) >= 4) > 1:
        return None
    title = _WIRED.sub("", candidates.pop())
    if not is_title(title) or _CONTINUES.search(title):
        return None
    while candidates and _CONTINUES.search(candidates[-1]) and is_title(candidates[-1]):
        title = candidates.pop() + title
    return title


def marked_title(line: str) -> str | None:
    """Return the title that Markdown marks as one.

    >>> marked_title("# 科技爱好者周刊（第 351 期）"), marked_title("## 一、总则")
    ('科技爱好者周刊（第 351 期）', None)
    """
    title = line[2:].strip(" #\r\t") if line.startswith("# ") else ""
    return title if is_title(title) else None


def original_title(line: str) -> str | None:
    """Return what a line names as the original title: （原标题：…）.

    >>> original_title("（原标题：多地项目连环爆雷）")
    '多地项目连环爆雷'
    """
    if len(line) > 160 or "原" not in line[:8]:
        return None
    found = _ORIGINAL.match(fold(line))
    if found is None:
        return None
    title = line[found.end() :].strip()
    for pair in ("()", "（）", "【】", "[]", "《》"):
        if title.endswith(pair[1]) and title.count(pair[0]) < title.count(pair[1]):
            title = title[:-1].strip()
        if title.startswith(pair[0]) and title.endswith(pair[1]):
            title = title[1:-1].strip()
    return title or None


def dateline(line: str) -> dict[str, object] | None:
    """Return the place and the reporters that a dateline names; None where there is no dateline.

    >>> dateline("本报济南讯 6月21日，记者获悉")
    {'place': '济南'}
    >>> dateline("新京报讯（记者 陆一夫）11月25日，新京报记者登录")
    {'author': ['陆一夫']}
    """
    start = line[:140]
    if not _WIRE.search(start, 0, 50):
        return None
    folded = fold(start)
    if signed := _SIGNED_WIRE.match(folded):
        return _signed_wire(start, signed)
    found = _DATELINE.match(folded)
    if found is None:
        return None
    said: dict[str, object] = {}
    if found["place"]:
        said["place"] = start[found.start("place") : found.end("place")]
    if found["by"]:
        inner = start[found.start("by") : found.end("by")]
        for statement in byline.read(_RUN_ON.sub(" ", inner)):
            if statement.value is not None and isinstance(statement.value, list):
                said.setdefault(statement.column, list(statement.value))
        if "author" not in said and (alone := people(inner, strict=True)):
            said["author"] = alone
    return said or None


def reported_from(line: str) -> str | None:
    """Return the place that a byline names.

    >>> reported_from("記者林怡君／台南報導"), reported_from("記者林怡君／綜合報導")
    ('台南', None)
    """
    found = _REPORTED.search(fold(line)) if "報" in line or "报" in line else None
    if found is None or found["at"] in _NO_PLACE:
        return None
    return line[found.start("at") : found.end("at")]


def _signed_wire(start: str, found: re.Match[str]) -> dict[str, object] | None:
    """Read reporter and place; run together, the shortest place that leaves names is taken."""
    by = start[found.start("by") : found.end("by")]
    if found["at"]:
        names = people(by, strict=True)
        at = start[found.start("at") : found.end("at")]
        return {"author": names, "place": at} if names else None
    for size in (2, 3, 4):
        if len(by) > size + 1 and (names := people(by[:-size], strict=True)):
            return {"author": names, "place": by[-size:]}
    return None
