"""A first look at a line: whether it can be a byline at all, before it is folded and read.

Everything here is necessary and nothing is sufficient. Lines are looked at as they are, so the
characters stand here in either script and width.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from string import ascii_lowercase, digits

from pipeline.text.fold import variants
from pipeline.text.metadata.grammar import grammar
from pipeline.text.metadata.names import words

_WORDS = (
    "记者", "通讯员", "编辑", "责编", "校对", "审核", "评论员", "实习", "供稿", "来源", "来自",
    "源于", "字体", "打印", "编审", "摄影", "撰文", "报道", "报导", "香港时间",
)  # fmt: skip


@cache
def marks() -> Callable[[str], re.Match[str] | None]:
    """Return what finds a mark of a byline in a line as it is: in either script and width.

    A separator, a year, a role or a paper's name: every byline that says something has one.

    The first characters stand in one class: `re` then skips to them, seven times as fast.
    """
    digit = f"[{''.join(map(variants, '0123456789'))}]"
    marks, ends = "".join(map(variants, ":|丨/")), "".join(map(variants, "报网社台"))
    parts = [[f"[{variants(char)}]" for char in word] for word in _WORDS]
    initials = "".join(dict.fromkeys(variants(word[0]) for word in _WORDS))
    return re.compile(
        rf"[{marks}{digit[1:-1]}{ends}{initials}]"
        rf"(?:(?<=[{marks}])|(?<={digit}){digit}{{3}}|(?<=[{ends}])\s*$|"
        + "|".join(f"(?<={word[0]}){''.join(word[1:])}" for word in parts)
        + ")"
    ).search


# The first two characters of what a byline can begin with besides labels.
_FIRST_WORDS = (
    "原创", "调整", "字体", "字号", "放大", "缩小", "默认", "打印", "关闭", "收藏", "我要", "我有",
    "分享", "订阅", "举报", "纠错", "复制", "责任", "查看", "阅读", "手机", "投稿", "推荐", "本文",
    "文章", "图文", "内容", "信息", "资料", "图片", "素材", "以上", "部分", "文字", "文图", "均来",
    "均源", "来源", "来自", "源于", "源自", "星期", *("周" + day for day in "一二三四五六日天"),
    "民国", "中华", *(f"{a}{b}" for a in "一二" for b in "〇零○一二三四五六七八九"), "ht",
    "香港", "台北", "北京",
)  # fmt: skip
_WORD = re.compile(r"[^\s()\[\]【】（）［］|/:：,;，；]+")
_STAFF = re.compile(
    r"[记記通責责編编评評专專特实實見见供](?:(?<=[记記通責责編编])[者讯訊任編编辑輯]|(?<=评)论员|(?<=評)論員"
    r"|(?<=专)栏作者|(?<=專)欄作者|(?<=特)[约約]撰|(?<=[实實見见])[习習]生|(?<=供)[稿图圖])"
)
_STAFF_CHARS = 28  # a paper and a rank of 16 characters before the longest role; 供稿 after 24
_CLOCK = re.compile(r"\d\s{0,2}[:：]\s{0,2}\d\d")
_BEHIND = re.compile(
    r"[\u3400-\u9fff·]{2,12}(?:[\s、,，][\u3400-\u9fff·]{2,12}){0,3}\s{0,3}[/／\s]\s{0,2}"
    r"[文图圖摄攝报報采採撰供编編]"
)  # 张龙/文, 陈淑敏 报道
_NUMBER = re.compile(r"\d{1,4}(?:\s|[-/.年版－／．–—]|st|nd|rd|th)", re.IGNORECASE)
_MONTHS = frozenset(re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec"))


@dataclass(frozen=True, slots=True)
class _FirstLooks:
    """What can stand at the start of a line that is a byline, in either script and width.

    `lead`: marks before it; `pairs`: the first two characters of labels and other words; `labels`:
    their first; `endings`: last characters of papers' names.
    """

    lead: str
    pairs: frozenset[str]
    labels: frozenset[str]
    endings: frozenset[str]


@cache
def _first_looks() -> _FirstLooks:
    labels = list(grammar().by_label)
    ones = [label for label in labels if len(label) == 1]
    pairs = [label + mark for label in ones for mark in ":|/丨"]
    pages = [f"{char}{digit}" for char in f"第{ascii_lowercase}" for digit in digits]  # A2版
    pairs += [*pages, *labels, *words()["provinces"], *_FIRST_WORDS]
    return _FirstLooks(
        "".join(map(variants, " |/丨·,;、-*>_~#□■◆◇●○▲△▼▽★☆※+([{<【《)]}>】》"))
        + "\t\r\x0b\x0c\u2028"
        + "".join(map(chr, range(0x25A0, 0x2600))),
        frozenset(
            a + b
            for pair in {word[:2] for word in pairs if len(word) > 1}
            for a in variants(pair[0])
            for b in variants(pair[1])
        ),
        frozenset("".join(variants(label[0]) for label in labels)),
        frozenset("".join(variants(ending[-1]) for ending in words()["endings"])),
    )


def begins(line: str) -> bool:
    """Whether the first word of a line can begin a statement.

    What is no label and no switch begins with a date, or has a role within its first words, or is
    the name of a paper or, beside a time of day, of a person.
    """
    look = _first_looks()
    start = line.lstrip(look.lead)
    if start[:2] in look.pairs:
        return True
    if not start:
        return False
    if start[0].isdecimal() and _NUMBER.match(start):
        return True
    if start[1:2].isspace() and start[0] in look.labels:
        return True  # 作 者
    word = _WORD.match(start)
    if word and word[0][-1] in look.endings:
        return True
    named = word and (len(word[0]) <= 4 or "·" in word[0])
    if named and (":" in start or "：" in start) and _CLOCK.search(start):
        return True
    if _BEHIND.match(start) or "表" in start[-12:] or "版" in start[-4:]:  # 发表于江苏; 13版）
        return True
    return start[:3].lower() in _MONTHS or _STAFF.search(start, 0, _STAFF_CHARS) is not None
