r"""Text as mail carried it, and nobody unpacked: `=?GB2312?B?1tDOxA==?=`, `=E4=B8=AD`, `~{VPND~}`.

Mail was seven bits wide, and what was wider was written in letters: words of a header (RFC 2047),
quoted-printable (RFC 2045), UTF-7 (RFC 2152), HZ (RFC 1843). Archives of lists, of newsgroups and
of forums keep it so. What is found must be Chinese, Japanese or Korean that reads like a text.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error, a2b_qp
from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from pipeline.census import Census
from pipeline.text import ngram
from pipeline.text.decoding.charsets import codec_of
from pipeline.text.fold import fold

Found = tuple[int, int, str, str]
"""Start, end, rule, what stands there instead."""
LETTERS_SHARE = 2
"""Of a text that holds such things one letter in so many is of ASCII: they are nothing else."""
QUOTED_SHARE = 9
"""One character in so many of a text with quoted-printable is its sign."""
MIN_SIGNS, MIN_LETTERS = 2, 8
MIN_WIDE = 4
"""Wide characters of quoted-printable, UTF-7 or HZ in a text: three bytes may be a colour."""
MIN_SCORE = -10.0
"""Mean log-probability: text has -5 to -8, verse to -9.5, bytes read wrongly -11 to -15."""
MAX_BASE64 = 10_000
_WORDS = re.compile(
    r"=\?(?P<charset>[A-Za-z0-9_-]{3,20})\?(?P<way>[BbQq])\?(?P<text>[!->@-~]{4,300})\?="
    r"(?:[ \t]*\n?[ \t]+(?==\?))?"
)
_BYTE = "=[0-9A-F]{2}"
_QUOTED = re.compile(
    rf"=[89A-F][0-9A-F](?:[@-~]?{_BYTE}){{2}}(?:{_BYTE}|=\n|[ -<>-~]{{1,24}}(?:=\n)?(?={_BYTE}))*"
)
_LONG_QUOTED = re.compile(f"(?:{_BYTE}){{3}}")
_LONG_UTF7 = re.compile(r"\+[A-Za-z0-9+/]{6}")
_UTF7 = re.compile(r"\+([A-Za-z0-9+/]{3,})")
_SOFT = re.compile(r"=\n|=3D|=20(?=\n)")
_HZ = re.compile(r"~\{(?P<pairs>(?:[!-w][!-~]){1,2000})~\}|~\n")
_WIDE = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_SPOKEN = re.compile("[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef\u2010-\u2026 -~\n·]*")
_ABOUT = re.compile(
    "quoted-printable|base64|UTF-7|HZ-|MIME|RFC ?\\d{3}|编码|編碼|encod|charset=", re.I
)


def asked(counted: Census) -> NDArray[np.bool_]:
    """Tell which texts have the letters and signs of such things: bool (n,)."""
    han = counted.count("han", "han_traditional", "han_simplified")
    signs = counted.count("ascii_other") >= MIN_SIGNS
    letters = counted.count("latin")
    word = (counted.count("ascii_mark") >= 4) & (letters >= MIN_LETTERS)  # =?utf-8?B?...?=
    return signs & (word | (letters * LETTERS_SHARE >= han))


def may_be_carried(text: str) -> bool:
    """Tell whether a text may hold any of these: plain strings are found fastest."""
    # One character is looked for much faster than two, and than it is counted.
    return (
        ("=" in text and _has_equal_signs(text))
        or ("~" in text and "~{" in text)
        or ("+" in text and _LONG_UTF7.search(text) is not None)
    )


def _has_equal_signs(text: str) -> bool:
    signs = text.count("=")
    if signs * QUOTED_SHARE >= len(text) and _LONG_QUOTED.search(text):
        return True
    return signs >= 2 and "=?" in text and text.count("?") >= 4


def carried(text: str) -> Iterator[Found]:
    """Yield what a text has of these, in order, and what it stands for.

    >>> [after for *_, after in carried("=?GB2312?B?udjT2tXZv6q74dLptcTNqNaq?=")]
    ['关于召开会议的通知']
    """
    if not may_be_carried(text):
        return
    found = [*_words(text), *_together(_quoted(text)), *_together(_utf7(text))]
    found += _together(_hz(text))
    if not found or _ABOUT.search(text):
        return
    done = 0
    for start, end, rule, after in sorted(found):
        if start >= done:
            done = end
            yield start, end, rule, after


def _words(text: str) -> Iterator[Found]:
    for word in _WORDS.finditer(text):
        try:
            if word["way"] in "Bb":
                raw = b64decode(word["text"] + "=" * (-len(word["text"]) % 4), validate=True)
            else:
                raw = a2b_qp(word["text"], header=True)
        except Error:
            continue
        after = _decoded(raw, codec_of(word["charset"]) or "ascii")
        if _SPOKEN.fullmatch(after) and _WIDE.search(after):
            yield word.start(), word.end(), "encoded-word", after


def _quoted(text: str) -> Iterator[Found]:
    if "=" not in text:
        return
    some = False
    for run in _QUOTED.finditer(text):
        # The second byte of a character may be a letter, and the last one of the run.
        ends = (run.end(), run.end() + 1)
        for codec, end in (("utf-8", ends[0]), *product(("gb18030", "big5hkscs"), ends)):
            after = _decoded(a2b_qp(text[run.start() : end]), codec)
            if after and _SPOKEN.fullmatch(after) and _reads(after):
                some = True
                yield run.start(), end, "quoted-printable", after
                break
    if some:
        inside = _SOFT.finditer(text)
        yield from ((m.start(), m.end(), "quoted-printable", _soft(m[0])) for m in inside)


def _decoded(raw: bytes, codec: str) -> str:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return ""


def _soft(found: str) -> str:
    return {"=3D": "=", "=20": " "}.get(found, "")


def _utf7(text: str) -> Iterator[Found]:
    for run in _UTF7.finditer(text):
        base64 = run[1]
        if len(base64) > MAX_BASE64 or len(base64) * 6 % 16 >= 6:
            continue  # bits that are left over are fewer than a letter
        raw = b64decode(base64 + "=" * (-len(base64) % 4)) if len(base64) % 4 != 1 else b""
        after = _decoded(raw[: len(raw) // 2 * 2], "utf-16-be")
        if after and _SPOKEN.fullmatch(after) and not after.isascii():
            end = run.end() + (text[run.end() : run.end() + 1] == "-")
            yield run.start(), end, "utf-7", after


def _hz(text: str) -> Iterator[Found]:
    if "~{" not in text:
        return
    for run in _HZ.finditer(text):
        raw = bytes(ord(c) | 0x80 for c in run["pairs"] or "")
        after = _decoded(raw, "gb2312")
        if after or not raw:
            yield run.start(), run.end(), "hz", after


def _together(found: Iterator[Found]) -> list[Found]:
    """Return what was found, where all of it together is a text."""
    every = list(found)
    after = "".join([after for *_, after in every])
    return every if len(_WIDE.findall(after)) >= MIN_WIDE and _reads(after) else []


def _reads(text: str) -> bool:
    wide = "".join(_WIDE.findall(text))
    return bool(wide) and ngram.load().scores([fold(wide)])[0] > MIN_SCORE
