"""Names of people as bylines give them: freed of role and paper, taken apart, or refused.

Names are names: `济南日报记者 张龙 通讯员` gives 张龙. What is no name (未知,
管理员, 网络) gives nothing.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from pipeline.tablefiles import table_rows, table_toml

_HAN = r"[\u3400-\u9fff]"
# What stands before a name: a paper, a rank, a role.
ROLE = (
    r"(?:本报|本刊|本网|本台|本社)?(?:首席|特约|特派|见习|实习|资深|高级|全媒体|融媒体|融媒|图片|摄影|文字|视频|"
    r"驻[\u4e00-\u9fff]{1,6}?)*"
    r"(?:记者|通讯员|评论员|专栏作者|特约撰稿人|特约撰稿|撰稿人|实习生|见习生|编辑|研究员|主笔|摄影师|作者|译者|特派员)"
)
_ROLE_END = re.compile("[者员人稿生辑笔师]")
_BEFORE = re.compile(rf"[^\s,、;/|:]{{0,16}}?{ROLE}[\s:/|]*")
_AFTER = re.compile(
    r"(?:[\s/|]+[\u4e00-\u9fff]{0,8}报[道导]|[\s/|]*(?:摄影|综合)?报[道导]|[\s/|]*(?:供图|供稿|文/图|图/文|摄)|"
    r"\s*发自[\u4e00-\u9fff]{2,6}|[\s/|]+(?:摄影|摄像|整理|编译|采写|撰文|文图|图文|文|图|译))\s*$"
)
_ENDS = frozenset("道导图稿文摄影像理译写")
"""What ends every match of it but where somebody sent it from (发自台北)."""
_ASIDE = re.compile(r"\([^()]{0,20}\)")  # 李明(EN012), 张龙(新华社记者)
_STAFF_CODE = re.compile(rf"(?<={_HAN})_[A-Z]{{1,3}}\d{{0,6}}(?![\w])")  # 李明_NB1234
_STAFF_NUMBER = re.compile(r"[A-Z]{1,3}\d{2,6}")
_SPLIT = re.compile(r"[\s,、;/|&，；／｜＆]+")
_LATIN = re.compile(r"\w[\w.'’\-]*(?: [^\W\d_][\w.'’\-]*){0,4}")  # Кириллица and 한글 as well
_WORD = re.compile(r"[A-Z][a-zà-ɏ'’.]+")
_ALL_HAN = re.compile(rf"{_HAN}+")
_ANY_HAN = re.compile(_HAN)
_ANY_NAME = re.compile(rf"{_HAN}{{2,20}}(?:[·•.]{_HAN}{{1,12}})*|[\w.·'’ \-]{{2,30}}")
_KOREAN_STAFF = re.compile(r"\s(?:기자|특파원)\b")
_LATIN_SPLIT = re.compile(r"\s*(?:,|，|、|;|/|&|\band\b)\s*")
_ICONS = re.compile("[\ue000-\uf8ff]")  # private use
_SENTENCE = re.compile(r"[。！？!?；…“”\"]")


@cache
def _han_name() -> re.Pattern[str]:
    return re.compile(rf"{_HAN}{{1,12}}(?:[·•.]{_HAN}{{1,12}})*")  # takes 2 ms, and is asked seldom


@cache
def _surnames() -> tuple[dict[str, int], frozenset[str]]:
    table = dict(table_rows("metadata/surnames.tsv"))
    single = {c: i for i, c in enumerate(table["single"])}
    return single, frozenset(table["compound"].split())


@cache
def words() -> dict[str, frozenset[str]]:
    """Return the word lists of tables/metadata/outlets.toml."""
    return {key: frozenset(value) for key, value in table_toml("metadata/outlets.toml").items()}


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    from pipeline.text.fold import fold

    return fold(text)


def looks_chinese(name: str) -> bool:
    """Whether a name is a surname with a given name of one or two characters, or has a middle dot.

    >>> looks_chinese("張龍"), looks_chinese("获悉"), looks_chinese("买买提·艾力")
    (True, False, True)
    """
    if "・" in name:  # parts names of Japan's lists; 东京・大阪 is nobody
        return False
    name = _folded(name)
    if "·" in name:
        return _han_name().fullmatch(name) is not None
    single, compound = _surnames()
    if not _ALL_HAN.fullmatch(name):
        return False
    if name[:2] in compound:
        return 3 <= len(name) <= 4
    return name[0] in single and 2 <= len(name) <= 3


def apart(run: str) -> list[str]:
    """Take names that were run together apart; [run] where that cannot be done.

    Of several readings the one with the fewest names wins, then the one with the commonest
    surnames.

    >>> apart("刘忠俊贺劭清"), apart("棒棒不是糖"), apart("欧阳修文")
    (['刘忠俊', '贺劭清'], ['棒棒不是糖'], ['欧阳修文'])
    """
    if not 4 <= len(run) <= 15 or not _ALL_HAN.fullmatch(run) or looks_chinese(run):
        return [run]
    single, compound = _surnames()
    folded = _folded(run)
    best: list[tuple[int, int, list[str]] | None] = [None] * (len(run) + 1)
    best[0] = (0, 0, [])
    for end in range(2, len(run) + 1):
        for size in (2, 3, 4):
            start = end - size
            before = best[start] if start >= 0 else None
            name = folded[start:end]
            if before is None or not looks_chinese(name):
                continue
            rank = 500 if name[:2] in compound else single[name[0]]
            reading = (before[0] + 1, before[1] + rank, [*before[2], run[start:end]])
            if best[end] is None or reading[:2] < best[end][:2]:  # type: ignore[index]
                best[end] = reading
    whole = best[len(run)]
    return whole[2] if whole else [run]


def people(value: str, *, strict: bool = False) -> list[str] | None:
    """Return the names in a byline's value; None where it cannot be one.

    `strict`: every name must begin with a surname (no label with a colon vouches for it).
    An empty list means that the value says nobody (未知, 网络, empty).

    >>> people("济南日报·爱济南记者 张龙、王 健 摄")
    ['张龙', '王健']
    >>> people("中青报·中青网"), people("列夫·托尔斯泰")
    ([], ['列夫·托尔斯泰'])
    >>> people("Kesk noren"), people("系统管理员"), people("他说，这不是名字。")
    (['Kesk noren'], [], None)
    """
    names = _people(value.strip(" \t\u3000,、;；:：|/"), strict)
    return None if names is None else list(names)


@lru_cache(maxsize=4096)  # a site has few editors
def _people(value: str, strict: bool) -> tuple[str, ...] | None:
    if len(value) > 60 or _SENTENCE.search(value):
        return None
    folded = _folded(value)
    if "(" in folded:
        folded = _ASIDE.sub(lambda aside: " " * len(aside[0]), folded)
    while (folded.rstrip()[-1:] in _ENDS or "发自" in folded) and (found := _AFTER.search(folded)):
        folded = folded[: found.start()]
    if _ROLE_END.search(folded):
        folded = _BEFORE.sub(lambda before: " " * len(before[0]), folded)
    value = value[: len(folded)]
    if " " in folded:
        value = "".join([" " if f == " " else c for c, f in zip(value, folded, strict=True)])
    if not _ANY_HAN.search(value):
        return _latin(value, strict)
    strict = strict or "," in folded  # commas make clauses as well as lists
    tokens: list[str] = []
    if "_" in value:
        value = _STAFF_CODE.sub("", value)
    parts = [t for t in _SPLIT.split(value) if t]
    if len(parts) > 1 and _STAFF_NUMBER.fullmatch(parts[-1]):  # 孟夏 PN088
        del parts[-1]
    for token in _joined(parts):
        tokens += apart(token)
    names: list[str] = []
    for token in tokens:
        if _folded(token) in words()["not_names"] or _is_two_outlets(token):
            continue
        if not _acceptable(token, strict):
            return None
        names.append(token.strip("()（）[]【】"))
    return tuple(dict.fromkeys(names))


def _is_two_outlets(token: str) -> bool:
    """Whether this is a paper with its site, 济南日报·爱济南, and no foreign name."""
    parts = token.split("·")
    return len(parts) > 1 and any(len(p) > 2 and ends_like_outlet(_folded(p)) for p in parts)


def _acceptable(token: str, strict: bool) -> bool:
    if strict:
        return looks_chinese(token)
    token = token.strip("()（）[]【】")
    return _ANY_NAME.fullmatch(token) is not None


def _joined(tokens: list[str]) -> list[str]:
    """Put 王 健 together again, and Lin Clark: parts of a name that a space parted."""
    joined: list[str] = []
    for token in tokens:
        single = len(token) == 1 and _ANY_HAN.match(token)
        if single and joined and len(joined[-1]) == 1:
            joined[-1] += token
        elif joined and _WORD.fullmatch(token) and _WORD.fullmatch(joined[-1].split(" ")[-1]):
            joined[-1] += f" {token}"
        else:
            joined.append(token)
    return joined


def _latin(value: str, strict: bool) -> tuple[str, ...] | None:
    if strict:
        return None
    value = _KOREAN_STAFF.sub("", value)
    names: list[str] = []
    for part in _LATIN_SPLIT.split(value.strip()):
        if not part or part.lower() in words()["not_names"]:
            continue
        if not _LATIN.fullmatch(part) or len(part) > 40:
            return None
        names.append(part)
    return tuple(names)


def is_outlet(name: str) -> bool:
    """Whether a bare name is that of a paper or a site, by its ending.

    >>> is_outlet("大众日报"), is_outlet("舜网-济南日报"), is_outlet("槐荫区")
    (True, True, False)
    """
    return ends_like_outlet(_folded(name).strip())


@cache
def _endings() -> tuple[str, ...]:
    return tuple(words()["endings"])


def ends_like_outlet(folded: str) -> bool:
    """Say the same of a name that is folded and stripped already."""
    return 2 <= len(folded) <= 24 and folded.endswith(_endings())


@lru_cache(maxsize=4096)  # as few papers are named as editors
def source(value: str) -> str | None:
    """Return a source freed of brackets; "" where it says nothing (网络), None where it is none.

    >>> source("《中国社会科学》2024年第3期"), source("中国政府网(ID：zhengfu)"), source("网络")
    ('中国社会科学', '中国政府网', '')
    """
    value = _ICONS.sub("", value).strip(" \t\u3000,、;；:：|/\"'“”")
    value = re.sub(r"^[《〈（(【\[［](.*)[》〉）)】\]］]$", r"\1", value).strip()
    value = re.sub(r"^《([^》]{2,30})》[\s（(]*[\d年月日第期版卷总,，:：\s]*[)）]?$", r"\1", value)
    named, _, where = value.rpartition(" ")  # 深圳新闻网 广东
    value = named if named and where in words()["provinces"] else value
    value = re.sub(r"\s*[（(](?:ID|id|微信号)?[:：]?\s*[\w\-]{2,30}[)）]$", "", value)
    if len(value) > 40 or re.search(r"[。！？!?；]|[，,].*[，,]", value):
        return None
    if _folded(value) in words()["not_names"]:
        return ""
    return value
