"""Characters that a text can do without, or that stand for another: what to do with each, in place.

`oddities(text)` yields (start, end, rule, replacement). A rule is named for what is wrong. Most
characters are decided by a table; some by their neighbours: a joiner between emoji or in Persian
stays, between Han it goes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.census import code_points
from pipeline.tablefiles import code_points_of, table_rows
from pipeline.text.codes import slices

Change = tuple[int, int, str, str]
_Handler = Callable[[str, int, int], Iterator[Change]]

# Scripts whose spelling needs joiners, and whose words need zero-width spaces.
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua8ff\ufb50-\ufdff]"
)
_SPACELESS = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\ua9e0-\ua9ff]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff]")
_PICTURE = re.compile(
    "[#*0-9©®\u203c-\u3299\U0001f000-\U0001faff\ufe0f\u20e3\U000e0020-\U000e007f\u200d]"
)
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,8}\U000e007f")
HAN = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_TERMINAL = re.compile(
    "\x1b(?:\\[[0-?]{0,40}[ -/]{0,8}[@-~]|\\][^\x07\x1b\n]{0,400}(?:\x07|\x1b\\\\)?|[@-Z\\\\-_])?"
)
_KANA_LETTER = "ｦｧ-ﾝ"
_VERTICAL = {"︵": "︶", "︷": "︸", "︹": "︺", "︻": "︼", "︽": "︾", "︿": "﹀", "﹁": "﹂",
             "﹃": "﹄", "﹇": "﹈", "︗": "︘"}  # fmt: skip


@cache
def table(name: str) -> dict[str, str]:
    """Return a table of tables/unicode: character -> what it stands for."""
    return {chr(int(code[2:], 16)): to for code, _, to in table_rows(f"unicode/{name}.tsv")}


def oddities(text: str, *, squared: bool = False) -> Iterator[Change]:
    """Yield the changes of a text, in order; `squared` expands ㎏ to kg."""
    groups = _group_table(squared).take(code_points(text))
    places = np.flatnonzero(groups != 0)
    kinds = groups[places].tolist()
    done = until = kind = 0
    start = -1
    # A run of one group is handled at once: cut where the group changes or a gap begins.
    for place, group in zip([*places.tolist(), -1], [*kinds, 0], strict=True):
        if place == until and group == kind:
            until += 1
            continue
        if start >= done:  # else a handler has taken more than its characters
            for change in _HANDLERS[_NAMES[kind]](text, start, until):
                done = change[1]
                yield change
        start, until, kind = place, place + 1, group


def have_oddities(texts: Sequence[str], squared: bool) -> NDArray[np.bool_]:
    """Return which texts hold a character that `oddities` may change: bool (n,)."""
    found = np.zeros(len(texts), np.bool_)
    for part in slices(texts):
        places = np.flatnonzero(_group_table(squared).take(part.codes) != 0)
        found[part.first + part.owners(places)] = True
    return found


@cache
def _group_table(squared: bool) -> NDArray[np.uint8]:
    """Return the group of every code point, 0 for none: uint8 (0x110000,)."""
    groups = np.zeros(0x110000, np.uint8)
    for number, (name, ranges) in enumerate(table_rows("unicode/groups.tsv"), 1):
        for codes in code_points_of(ranges) if squared or name != "squared" else ():
            groups[codes] = number
    return groups


def _all(rule: str, replacement: str = "") -> _Handler:
    def handler(_: str, start: int, end: int) -> Iterator[Change]:
        yield start, end, rule, replacement

    return handler


def _mapped(rule: str, name: str) -> _Handler:
    def handler(text: str, start: int, end: int) -> Iterator[Change]:
        known = table(name)
        yield start, end, rule, "".join([known.get(c, c) for c in text[start:end]])

    return handler


# The quotation marks, bullets and dashes of Windows-1252, read as Latin-1.
_WINDOWS = dict(zip("\x91\x92\x93\x94\x95\x96\x97", "‘’“”•–—", strict=True))


def _control(text: str, start: int, end: int) -> Iterator[Change]:
    """Terminal sequences go as a whole; a form feed is a line end; the rest goes."""
    while start < end:
        if text[start] == "\x1b" and (match := _TERMINAL.match(text, start)):
            yield start, match.end(), "terminal-sequence", ""
            start = match.end()
        elif text[start] in "\x0b\x0c\x1c\x1d\x1e":
            yield start, start + 1, "odd-line-end", "\n"
            start += 1
        elif text[start] in _WINDOWS and _is_latin(text[start - 1 : start + 2]):
            yield start, start + 1, "windows-1252-as-latin-1", _WINDOWS[text[start]]
            start += 1
        else:
            yield start, start + 1, "control-character", ""
            start += 1


def _is_latin(characters: str) -> bool:
    return any(c.isalpha() and c < "\u0250" for c in characters)


def _line_end(text: str, start: int, end: int) -> Iterator[Change]:
    """CR LF, CR, NEL, LS and PS are one line end each."""
    for i in range(start, end):
        if text[i] == "\r" and text[i + 1 : i + 2] == "\n":
            yield i, i + 1, "odd-line-end", ""
        else:
            yield i, i + 1, "odd-line-end", "\n"


def _soft_hyphen(text: str, start: int, end: int) -> Iterator[Change]:
    """At a line end it is a visible hyphen, which joining the lines will undo; elsewhere none."""
    at_end = text[end : end + 1] in ("\n", "\r") and text[start - 1 : start].isalpha()
    yield start, end, "soft-hyphen", "-" if at_end else ""


def _odd_space(text: str, start: int, end: int) -> Iterator[Change]:
    """Make a no-break or typographic space beside Han a plain one; Latin typography keeps it.

    Other lines do not count: a line says the same wherever it stands.
    """
    if "\u4e00" <= text[end : end + 1] <= "\u9fff":
        yield start, end, "odd-space", " " * (end - start)
        return
    before = text[max(0, start - 8) : start].rpartition("\n")[2]
    around = before + text[end : end + 8].partition("\n")[0]
    if HAN.search(around) or not around.strip():
        yield start, end, "odd-space", " " * (end - start)


def _invisible(text: str, start: int, end: int) -> Iterator[Change]:
    done = start
    for i in range(start, end):
        if i < done:
            continue
        if text[i] == "\ufffa" and (closing := text.find("\ufffb", i, i + 200)) > 0:
            done = closing + 1  # U+FFF9 text U+FFFA annotation U+FFFB: the text stays
            yield i, done, "interlinear-annotation", ""
        elif not _needed(text, i):
            yield i, i + 1, _INVISIBLE_RULES.get(text[i], "invisible-character"), ""


_INVISIBLE_RULES = {
    "\ufeff": "byte-order-mark",
    **dict.fromkeys("\u200b\u200c\u200d\u2060", "zero-width-character"),
    **dict.fromkeys("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
                    "bidi-control"),
}  # fmt: skip


def _needed(text: str, i: int) -> bool:
    """Return whether an invisible character does something for the text where it stands."""
    character, before, after = text[i], text[i - 1 : i], text[i + 1 : i + 2]
    if character in "\u200c\u200d":
        picture = character == "\u200d" and _PICTURE.match(before) and _PICTURE.match(after)
        return bool(picture or _JOINING.match(before))
    if character == "\u200b":
        return bool(_SPACELESS.match(before) and _SPACELESS.match(after))
    if "\u180b" <= character <= "\u180f":
        return "\u1800" <= before <= "\u18af"
    if _INVISIBLE_RULES.get(character) == "bidi-control":
        near = text[max(0, i - 100) : i].rpartition("\n")[2] + text[i : i + 100].partition("\n")[0]
        return bool(_RIGHT_TO_LEFT.search(near))
    if character in "\u115f\u1160":  # fill the missing part of an old Hangul syllable
        return "\u1100" <= before <= "\u11ff" or "\u1100" <= after <= "\u11ff"
    if character == "\u034f":
        return bool(unicodedata.combining(before or " ") or unicodedata.combining(after or " "))
    return character in "\u17b4\u17b5"  # Khmer spelling


def _variation(text: str, start: int, end: int) -> Iterator[Change]:
    """One selector after a Han character, a symbol or a Mongolian letter means something."""
    before = text[start - 1 : start]
    ideographic = text[start] >= "\U000e0100"
    if ideographic:
        meant = bool(HAN.match(before))
    elif text[start] in "\ufe0e\ufe0f":
        meant = bool(_PICTURE.match(before))
    else:
        meant = bool(HAN.match(before)) or unicodedata.category(before or " ")[0] in "SLP"
    kept = start + meant
    if kept < end:
        yield kept, end, "stray-variation-selector", ""


def _tags(text: str, start: int, end: int) -> Iterator[Change]:
    """Tag characters spell the flags of England, Scotland, Wales; elsewhere they hide text."""
    flag = _FLAG.match(text, start - 1) if start else None
    kept = flag.end() if flag else start
    if kept < end:
        yield kept, end, "tag-character", ""


def _radicals(text: str, start: int, end: int) -> Iterator[Change]:
    """Three radicals in the order of their list are a list of radicals."""
    codes = [ord(c) for c in text[start:end]]
    ordered = sum(b - a == 1 for a, b in pairwise(codes))
    if ordered < 2:
        yield from _mapped("radical-for-character", "radicals")(text, start, end)


def _private(text: str, start: int, end: int) -> Iterator[Change]:
    known = table("private")
    for i in range(start, end):
        if text[i] in known:
            yield i, i + 1, "private-use-character", known[text[i]]


def _halfwidth(text: str, start: int, end: int) -> Iterator[Change]:
    """Two half-width letters are Japanese or Korean text; a single one is a drawn face, (ﾟДﾟ)."""
    run = text[start:end]
    letters = re.findall(f"[{_KANA_LETTER}ﾡ-ￜ]", run)
    marks = table("small")
    beside = text[start - 1 : start] + text[end : end + 1]
    if len(letters) >= 2:
        # Punctuation first: NFKC would compose ･ and ﾞ into nothing sensible.
        after = unicodedata.normalize("NFKC", "".join([marks.get(c, c) for c in run]))
        yield start, end, "half-width-form", after
    elif not letters and all(c in marks for c in run) and any(map(_is_letter, beside)):
        yield start, end, "half-width-form", "".join([marks[c] for c in run])


def _is_letter(character: str) -> bool:
    return bool(HAN.match(character)) or "\u3041" <= character <= "\u30ff"


def _vertical(text: str, start: int, end: int) -> Iterator[Change]:
    """Change a bracket of vertical layout together with its partner on the same line."""
    known = table("vertical")
    for i in range(start, end):
        character = text[i]
        if (character not in _VERTICAL and character not in _VERTICAL.values()) or _has_partner(
            text, i
        ):
            yield i, i + 1, "vertical-form", known[character]


def _has_partner(text: str, i: int) -> bool:
    """Look up to 200 characters along the line for the partner, with a letter between them."""
    character = text[i]
    if character in _VERTICAL:
        inside, found, _ = text[i + 1 : i + 200].partition("\n")[0].partition(_VERTICAL[character])
    else:
        opening = next(a for a, b in _VERTICAL.items() if b == character)
        _, found, inside = text[max(0, i - 199) : i].rpartition("\n")[2].rpartition(opening)
    return bool(found) and any(map(str.isalnum, inside))


def _wide_stop(text: str, start: int, end: int) -> Iterator[Change]:
    """３．１４ is a number; a full stop elsewhere is punctuation and not ours."""
    if end - start == 1 and _is_digit(text[start - 1 : start]) and _is_digit(text[end : end + 1]):
        yield start, end, "full-width-letter", "."


def _bullet(text: str, start: int, end: int) -> Iterator[Change]:
    """卡尔•古斯塔夫 has the dot of GB/T 15834; a bullet stands before a blank."""
    if end - start == 1 and HAN.match(text[start - 1 : start]) and HAN.match(text[end : end + 1]):
        yield start, end, "bullet-for-dot", "·"


def _is_digit(character: str) -> bool:
    return bool(character) and character in "0123456789０１２３４５６７８９"


def _blank(text: str, start: int, end: int) -> Iterator[Change]:
    """Take out the empty Braille pattern where it is no space between Braille."""
    beside = text[start - 1 : start] + text[end : end + 1]
    if not any("\u2801" <= c <= "\u28ff" for c in beside):
        yield start, end, "invisible-character", ""


def _squared(text: str, start: int, end: int) -> Iterator[Change]:
    yield start, end, "squared-form", unicodedata.normalize("NFKC", text[start:end])


_NAMES = ("", *(name for name, _ in table_rows("unicode/groups.tsv")))
_HANDLERS: dict[str, _Handler] = {
    "wide": _mapped("full-width-letter", "wide"),
    "wide_stop": _wide_stop,
    "bullet": _bullet,
    "control": _control,
    "line_end": _line_end,
    "odd_space": _odd_space,
    "soft_hyphen": _soft_hyphen,
    "invisible": _invisible,
    "blank": _blank,
    "variation": _variation,
    "tags": _tags,
    "radicals": _radicals,
    "private": _private,
    "vertical": _vertical,
    "small": _mapped("small-form", "small"),
    "halfwidth": _halfwidth,
    "noncharacter": _all("noncharacter"),
    "surrogate": _all("lone-surrogate", "\ufffd"),
    "squared": _squared,
}
