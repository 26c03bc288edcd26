"""Dates as pages write them: found at a place in a folded text, read as a moment in a zone.

`DATE` matches a whole date with its year, with or without a time of day. Relative ones
(3小时前, 昨天) and dates without a year are no moments and do not match. The text is folded
(`pipeline.text.fold`): one script, half-width, lower case.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""The zone of China, Hong Kong, Taiwan and Singapore: assumed where a text gives none."""

_NUMERAL = r"[〇零○一二三四五六七八九十]"
_TIME = (
    r"(?:(?P<half>凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚|am|pm)\s{0,2})?"
    r"(?P<hour>\d{1,2})(?:(?:\s?:\s?(?P<minute>\d{2})(?:\s?:\s?(?P<second>\d{2})(?:[.,]\d{1,9})?)?)"
    r"|时(?:(?P<minute_zh>\d{1,2})分(?:(?P<second_zh>\d{1,2})秒)?)?"
    r"|点(?:(?P<minute_dot>\d{1,2})分?)?)"
    r"(?:\s{0,2}(?P<half_after>am|pm|a\.m\.|p\.m\.))?"
    r"(?:\s{0,2}(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2}|(?:utc|gmt)\s?[+-]\d{1,2}(?::?\d{2})?)(?![a-z\d]))?"
)
_WEEKDAY = r"(?:[\s,]{0,2}[(\[]?(?:星期|周|礼拜)[一二三四五六日天][)\]]?)?"
_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_DAY = (
    # 2025-02-24, 2025/2/24, 2025.2.24, 2025年2月24日 (号), with stray spaces
    r"(?P<year>(?:19|20)\d{2})(?:\s?年\s?(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?[日号]?"
    r"|(?P<sep>[-/.])(?P<month2>\d{1,2})(?P=sep)(?P<day2>\d{1,2})(?!\d))"
    # 民国114年2月24日
    r"|(?:中华)?民国\s?(?P<roc>\d{1,3}|[〇零○一二三四五六七八九十百]{1,6}|元)\s?年\s?"
    r"(?P<roc_month>\d{1,2}|[一二三四五六七八九十]{1,3})\s?月\s?"
    r"(?P<roc_day>\d{1,2}|[一二三四五六七八九十]{1,3})\s?日"
    # 二〇二五年二月二十四日
    rf"|(?P<han_year>[一二][〇零○一二三四五六七八九]{{3}})年(?P<han_month>{_NUMERAL}{{1,3}})月"
    rf"(?P<han_day>{_NUMERAL}{{1,3}})日"
    # 9/17/2004, only as Americans write it with a month that can be no day, or with am/pm
    r"|(?P<us_month>\d{1,2})/(?P<us_day>\d{1,2})/(?P<us_year>(?:19|20)\d{2})(?!\d)"
    # 24 Feb 2025; Feb 24, 2025
    rf"|(?P<en_day>\d{{1,2}})(?:st|nd|rd|th)?[\s-](?P<en_month>{_MONTHS})\.?,?[\s-]"
    r"(?P<en_year>(?:19|20)\d{2})(?!\d)"
    rf"|(?P<en_month2>{_MONTHS})\.?\s(?P<en_day2>\d{{1,2}})(?:st|nd|rd|th)?,?\s"
    r"(?P<en_year2>(?:19|20)\d{2})(?!\d)"
)
DATE = re.compile(
    rf"(?<![\d./-])(?:{_DAY}){_WEEKDAY}(?:(?:\s{{0,4}}[,t|]?\s{{0,4}})(?<![\d]){_TIME})?"
)
INITIALS = frozenset("0123456789民中一二jfmasond")
"""What a match of `DATE` can begin with."""
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")


def read(text: str) -> datetime | None:
    """Return the moment that a value such as a meta tag or a field gives, or None.

    Takes any form of `DATE` with nothing but marks and spaces around it, and compact 20250224.

    >>> read("2025-02-24T07:24:36+08:00").isoformat()
    '2025-02-24T07:24:36+08:00'
    >>> read("2025年") is None
    True
    """
    from pipeline.text.fold import fold

    folded = fold(text).strip(" \n()[]<>\"'-:,")
    if found := DATE.match(folded):
        rest = folded[found.end() :].strip(" \n()[]<>\"'-:,")
        return moment(found) if not rest or len(rest) <= 4 else None
    if compact := _COMPACT.fullmatch(folded):
        year, month, day, hour, minute, second = (int(part or 0) for part in compact.groups())
        return _made((year, month, day), (hour, minute, second))
    return None


def moment(found: re.Match[str]) -> datetime | None:
    """Return the moment of a match of `DATE`, zone included; None where there is no such day."""
    g = found.groupdict()
    if not g["hour"]:
        return _made(_day(g), (0, 0, 0), _zone(g["zone"]))
    hour = int(g["hour"])
    half = g["half"] or g["half_after"] or ""
    if half and half.startswith(("下午", "傍晚", "晚", "p")) and hour < 12:
        hour += 12
    elif half and half.startswith(("a", "凌晨")) and hour == 12:
        hour = 0
    elif half == "中午" and hour < 3:
        hour += 12
    minute = int(g["minute"] or g["minute_zh"] or g["minute_dot"] or 0)
    second = int(g["second"] or g["second_zh"] or 0)
    return _made(_day(g), (hour, minute, second), _zone(g["zone"]))


def zone_of(when: datetime) -> str:
    """Say whether a moment read here has a zone that was stated or one that was assumed."""
    return "assumed" if when.tzinfo is CHINA else "stated"


def has_time(found: re.Match[str]) -> bool:
    """Whether a match of `DATE` gives a time of day."""
    return found["hour"] is not None


def is_numeric(found: re.Match[str]) -> bool:
    """Whether a match of `DATE` is written in figures and marks alone (2025-02-24)."""
    return found["sep"] is not None or found["us_year"] is not None


def _day(g: dict[str, str | None]) -> tuple[int, int, int]:
    if g["year"]:
        return int(g["year"]), int(g["month"] or g["month2"] or 0), int(g["day"] or g["day2"] or 0)
    if g["roc"]:
        year = 1 if g["roc"] == "元" else _number(g["roc"])
        return 1911 + year, _number(g["roc_month"]), _number(g["roc_day"])
    if g["han_year"]:
        return _number(g["han_year"]), _number(g["han_month"]), _number(g["han_day"])
    if g["us_year"]:
        return int(g["us_year"]), int(g["us_month"] or 0), int(g["us_day"] or 0)
    name = (g["en_month"] or g["en_month2"] or "jan")[:3]
    month = "janfebmaraprmayjunjulaugsepoctnovdec".index(name) // 3 + 1
    return int(g["en_year"] or g["en_year2"] or 0), month, int(g["en_day"] or g["en_day2"] or 0)


def _number(numeral: str | None) -> int:
    """Read 114, 一一四, 十二, 二十四, 一百一十四.

    >>> [_number(n) for n in ("114", "二〇二五", "十二", "二十", "一百一十四")]
    [114, 2025, 12, 20, 114]
    """
    if not numeral:
        return 0
    if numeral.isascii():
        return int(numeral)
    figures = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0}
    if not set(numeral) & set("十百"):
        return int("".join(str(figures[c]) for c in numeral))
    total = current = 0
    for c in numeral:
        if c in figures:
            current = figures[c]
        else:
            total += (current or 1) * (10 if c == "十" else 100)
            current = 0
    return total + current


def _zone(written: str | None) -> timezone:
    if not written:
        return CHINA
    if written in {"z", "utc", "gmt"}:
        return UTC
    found = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", written)
    if found is None:
        return CHINA
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset > timedelta(hours=14):
        return CHINA
    return timezone(-offset if found[1] == "-" else offset)


def _made(
    day: tuple[int, int, int], time: tuple[int, int, int], zone: timezone = CHINA
) -> datetime | None:
    try:
        return datetime(*day, *time, tzinfo=zone)
    except ValueError:
        return None
