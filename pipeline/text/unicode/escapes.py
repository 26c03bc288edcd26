r"""Characters that were written as escapes, and never read back: `\u8001\u8857`, `%E8%80%81`.

Programs show a few on purpose, and addresses are made of them; a line of prose that consists of
them is a field of JSON, of a form or of a page's source that was stored as it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote_to_bytes

from pipeline.text import ngram
from pipeline.text.fold import fold

Found = tuple[int, int, str, str]
"""Start, end, rule, what stands there instead."""
RULE = "escaped-character"
MIN_ESCAPES = 8
"""Ideographs written so on a line, and more than there are as such, from which the line is one."""
MIN_SCORE = -10.5
"""Mean log-probability: verse has -8 to -9.5, bytes read wrongly -11 to -15."""
_CODES = re.compile(
    r"\\{1,4}u(?P<u>[0-9a-fA-F]{4})|%u(?P<percent>[0-9a-fA-F]{4})"
    r"|&#(?P<entity>[1-9][0-9]{3,5})[;；]?"
)
_BETWEEN = r"[A-Za-z0-9 .,:;+-]{0,8}"  # of a run of bytes: figures, a word
_BYTES = re.compile(
    "|".join(
        rf"(?:{byte}){{3,}}(?:{_BETWEEN}{byte})*"
        for byte in ("%[0-9a-fA-F]{2}", r"\\x[0-9a-fA-F]{2}", r"\\[23][0-7]{2}")
    )
)
_BYTE = re.compile(r"\\(x[0-9a-fA-F]{2}|[23][0-7]{2})")
_OF_JSON = re.compile(r'\\{1,4}(?:[nrt"/](?![A-Za-z]{2})|u[0-9a-fA-F]{4})')
_SIGNS = {"n": "\n", "r": "\n", "t": "\t", '"': '"', "/": "/"}
_QUOTED = re.compile(r"""[=:(,\[{+]\s?[fbru]?["']\\{1,4}(?:u|x)""")
"""A string in a program, or a field in a row of JSON."""
_BEFORE_ADDRESS = frozenset("/=?&#.([-_+%\"'`")
_ABOUT = re.compile(
    "Unicode|UTF-?\\d|GBK|ASCII|编码|編碼|转义|轉義|跳脱|跳脫|正则|正規|encod|escap", re.I
)
_HAN = re.compile("[\u3400-\u9fff]")
_SPOKEN = re.compile("[\u3400-\u9fff\u3000-\u303f\uff00-\uffef\u2010-\u2026 -~\n·]")


# A literal, which is found fastest, and what begins with it: for `_CODES`, and for `_BYTES`.
_OF_CODES = (
    ("\\", re.compile(r"\\u[0-9a-fA-F]{4}")),
    ("%", re.compile("%u[0-9a-fA-F]{4}")),
    ("&", re.compile("&#[1-9][0-9]{3}")),
)
_OF_BYTES = (
    ("%", re.compile("%[0-9a-fA-F]{2}%[0-9a-fA-F]{2}%")),
    ("\\", re.compile(r"\\x[0-9a-fA-F]{2}\\x")),
    ("\\", re.compile(r"\\[23][0-7]{2}\\[23]")),
)


def _has(text: str, seeds: Sequence[tuple[str, re.Pattern[str]]]) -> bool:
    return any(sign in text and seed.search(text) for sign, seed in seeds)


def escapes(text: str) -> Iterator[Found]:
    r"""Yield the escapes of a text that is not about them, in order, and what they stand for.

    >>> line = r"\u4ed6\u8bf4\u660e\u5929\u518d\u6765\u4e00\u8d9f\u5427\u3002"
    >>> "".join(after for *_, after in escapes(line))
    '他说明天再来一趟吧。'
    """
    found = list(_code_points(text)) if _has(text, _OF_CODES) else []
    found += _runs_of_bytes(text) if _has(text, _OF_BYTES) else []
    if not found or _ABOUT.search(text):
        return
    done = 0
    for change in sorted(found):
        if change[0] >= done:
            done = change[1]
            yield change


def _code_points(text: str) -> Iterator[Found]:
    start = 0
    for line in text.splitlines(keepends=True):
        tokens = list(_CODES.finditer(line)) if len(line) >= 6 * MIN_ESCAPES else []
        chars = [chr(_code(token)) for token in tokens]
        han = sum(_HAN.match(char) is not None for char in chars)
        most = han >= MIN_ESCAPES and han > len(_HAN.findall(line))
        if most and not _QUOTED.search(line) and _reads("".join(chars)):
            yield from _of_line(line, start, tokens, chars)
        start += len(line)


def _of_line(
    line: str, start: int, tokens: list[re.Match[str]], chars: list[str]
) -> Iterator[Found]:
    for token, char in zip(tokens, chars, strict=True):
        if not "\ud800" <= char <= "\udfff":
            yield start + token.start(), start + token.end(), RULE, char
    if tokens[0]["u"]:
        for sign in _OF_JSON.finditer(line):
            if sign[0][-1] in _SIGNS and len(sign[0]) < 6:
                yield start + sign.start(), start + sign.end(), RULE, _SIGNS[sign[0][-1]]


def _code(token: re.Match[str]) -> int:
    if token["entity"]:
        return min(int(token["entity"]), 0x10FFFF)
    return int(token["u"] or token["percent"], 16)


def _runs_of_bytes(text: str) -> Iterator[Found]:
    """Yield runs of escaped bytes that stand in no address, and are UTF-8 or GBK."""
    for run in _BYTES.finditer(text):
        before = text[run.start() - 1 : run.start()]
        if before in _BEFORE_ADDRESS or "://" in _word_before(text, run.start()):
            continue
        if decoded := _decoded(_raw(run[0])):
            yield run.start(), run.end(), RULE, decoded


def _word_before(text: str, at: int) -> str:
    return re.split(r"\s", text[max(0, at - 200) : at])[-1]


def _raw(run: str) -> bytes:
    if run[0] == "%":
        return unquote_to_bytes(run)
    parts = _BYTE.split(run)
    parts[1::2] = [
        chr(int(*((code[1:], 16) if code[0] == "x" else (code, 8)))) for code in parts[1::2]
    ]
    return "".join(parts).encode("latin-1")


def _decoded(raw: bytes) -> str:
    for codec in ("utf-8", "gb18030"):
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError:
            continue
        if (
            len(_HAN.findall(text)) >= 3
            and len(_SPOKEN.findall(text)) == len(text)
            and _reads(text)
        ):
            return text
    return ""


def _reads(text: str) -> bool:
    """Whether a text reads like one."""
    han = "".join(_HAN.findall(text))
    return ngram.load().scores([fold(han)])[0] > MIN_SCORE
