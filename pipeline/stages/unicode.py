"""One character for one meaning: composed, no control or invisible characters, no look-alikes.

NFC always; NFKC never as a whole, since it would turn ， into a comma, ① into 1 and ㎏ into kg.
Compatibility forms change by table and by rule instead, and code blocks keep theirs.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.census import Census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import PARAGRAPHS, Apply, Options, Outcome, Stage, option
from pipeline.text.code import code_spans
from pipeline.text.unicode.compose import MAX_MARKS, excess_marks, uncomposed
from pipeline.text.unicode.entities import entities
from pipeline.text.unicode.escapes import MIN_ESCAPES, escapes
from pipeline.text.unicode.markup import may_have_tags, tags
from pipeline.text.unicode.oddities import Change, have_oddities, oddities
from pipeline.text.unicode.transfer import asked, carried, may_be_carried

NAME = "unicode"
MAX_ROUNDS = 4
"""An entity may hold an invisible character, and removing one may bring letter and mark together:
the passes repeat until the text stands still. More than three rounds have not been seen."""

# Classes with a character that some rule changes.
ODD = classes(
    "control", "carriage", "c1", "odd_space", "soft_hyphen", "invisible", "variation", "radical",
    "private", "presentation", "wide_alnum", "halfwidth", "noncharacter", "surrogate", "ampersand",
)  # fmt: skip
# Classes with a character that form C changes or composes. "symbol" has the kelvin and ångström
# signs, "other" the Indic vowels and the presentation forms of Arabic.
COMPOSABLE = classes(
    "combining", "compatibility_han", "presentation", "symbol", "other", "greek", "hangul",
    "odd_space", "surrogate",
)  # fmt: skip
# The remaining marks with a mapping of their own: ．(a decimal point in full width).
SQUARED = classes("squared")
WIDE = classes("wide_other")
TAGS = classes("tag_start")
ESCAPES = classes("escape")
SIGNS = classes("ascii_other")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnicodeOptions(Options):
    """Options of the unicode stage."""

    squared: str = option(
        "keep", "squared forms such as ㎏ and ㎡: keep | expand", pattern="^(keep|expand)$"
    )


_WIDE_ADDRESS = re.compile("(?:https?：／／|www．)[!-~．／：？＝＆％＃－＿～＋]{3,}")
_Pass = Callable[[str], Iterable[Change]]


def _entity_pass(text: str) -> Iterable[Change]:
    return ((start, end, "html-entity", after) for start, end, after in entities(text))


def _address_pass(text: str) -> Iterable[Change]:
    """Narrow the marks of an address whose letters were wide: http：／／www．example．com."""
    if "：／／" not in text and "www．" not in text:
        return
    for found in _WIDE_ADDRESS.finditer(text):
        narrow = unicodedata.normalize("NFKC", found[0])
        if narrow != found[0]:
            yield found.start(), found.end(), "full-width-letter", narrow


def _marks_pass(text: str) -> Iterable[Change]:
    return ((start, end, "stacked-marks", "") for start, end in excess_marks(text))


def _compose_pass(text: str) -> Iterable[Change]:
    return ((start, end, "not-nfc", after) for start, end, after in uncomposed(text))


def outside_code(
    text: str, changes: Iterable[Change], code: Sequence[tuple[int, int]]
) -> list[Edit]:
    """Return the changes as edits, without those in code; touching ones of a rule are one edit."""
    if code:
        starts = [start for start, _ in code]
        changes = [change for change in changes if not _is_code(change, code, starts)]
    edits: list[Edit] = []
    first = until = 0
    rule = ""
    after: list[str] = []
    for start, end, name, becomes in changes:
        if after and (until != start or name != rule):
            edits.append(_edit(rule, first, until, text[first:until], "".join(after)))
            after.clear()
        if not after:
            first, rule = start, name
        until = end
        after.append(becomes)
    if after:
        edits.append(_edit(rule, first, until, text[first:until], "".join(after)))
    return edits


def _edit(rule: str, start: int, end: int, before: str, after: str) -> Edit:
    """Return a receipt. Cheaper than Edit(...): a text can need thousands of them."""
    return tuple.__new__(Edit, (NAME, rule, start, end, before, after, 1.0, ""))


def _is_code(change: Change, code: Sequence[tuple[int, int]], starts: Sequence[int]) -> bool:
    """Whether a change stands in code, and its rule leaves code alone."""
    i = bisect_right(starts, change[1] - 1) - 1
    return i >= 0 and code[i][1] > change[0] and change[2] not in IN_CODE_TOO


# What no program text can hold either: other tools would stumble over it.
IN_CODE_TOO = frozenset(
    {"control-character", "terminal-sequence", "odd-line-end", "noncharacter", "lone-surrogate"}
    # Whose signs look like code.
    | {"quoted-printable", "utf-7", "hz"}
)


def build_one(options: UnicodeOptions) -> Callable[[Document], Document]:
    """Return the function for one document that may hold any of these."""

    def odd_pass(text: str) -> Iterable[Change]:
        return oddities(text, squared=options.squared == "expand")

    passes: tuple[_Pass, ...] = (
        carried,  # first: a text as mail carried it is none yet
        _entity_pass,  # what they stand for may be any of the following as well
        escapes,
        tags,  # behind the entities: a tag may be written with them
        odd_pass,  # before composing: a joiner between letter and mark keeps them apart
        _address_pass,  # behind the letters
        _marks_pass,  # before composing, which is quadratic in their number
        _compose_pass,
    )

    def apply(document: Document) -> Document:
        still: dict[_Pass, str] = {}  # in which text a pass has found nothing
        for _ in range(MAX_ROUNDS):
            before = document.text
            for find in passes:
                text = document.text
                if still.get(find) is not text:
                    document = _run(document, find)
                    if document.text == text:
                        still[find] = text
            if document.text == before:
                break
        return document

    return apply


def _run(document: Document, find: _Pass) -> Document:
    text = document.text
    changes = list(find(text))
    if not changes:
        return document
    return document.edited(outside_code(text, changes, code_spans(text)))


def build(options: UnicodeOptions) -> Apply:
    """Return the function for batches.

    Texts whose only unusual classes are those of form C are asked whether they are in it, which
    runs at 600 MB/s. Of the others those are read that hold a character with a rule, or an entity.
    """
    apply = build_one(options)
    squared = options.squared == "expand"
    odd = np.uint64(ODD | (SQUARED if squared else 0) | WIDE)
    ampersand = np.uint64(classes("ampersand"))

    def apply_batch(documents: Sequence[Document], census: Census) -> list[Outcome]:
        searched = np.flatnonzero((census.masks & odd & ~ampersand) > 0)
        awake = census.count("combining") > MAX_MARKS
        awake[searched] |= have_oddities([documents[i].text for i in searched.tolist()], squared)
        escaped = (census.masks & ampersand) > 0
        composable = (census.masks & np.uint64(COMPOSABLE)) > 0
        tagged = (census.masks & np.uint64(TAGS)) > 0
        out: list[Outcome] = list(documents)
        for i in np.flatnonzero(tagged & ~awake).tolist():
            text = documents[i].text
            if may_have_tags(text):
                awake[i] = any(True for _ in tags(text))
        coded = census.count("escape", "ampersand") >= MIN_ESCAPES
        for i in np.flatnonzero(coded & ~awake).tolist():
            awake[i] = any(True for _ in escapes(documents[i].text))
        for i in np.flatnonzero(asked(census) & ~awake).tolist():
            text = documents[i].text
            awake[i] = may_be_carried(text) and any(True for _ in carried(text))
        for i in np.flatnonzero(escaped & ~awake).tolist():
            awake[i] = any(True for _ in entities(documents[i].text))
        for i in np.flatnonzero(composable & ~awake).tolist():
            awake[i] = _is_uncomposed(documents[i].text)
        for i in np.flatnonzero(awake).tolist():
            out[i] = apply(documents[i])
        return out

    return apply_batch


def _is_uncomposed(text: str) -> bool:
    # These two are symbols, and cost less than a look at every symbol.
    return "\u2800" in text or "•" in text or not unicodedata.is_normalized("NFC", text)


STAGE = Stage(
    name=NAME,
    summary="composes characters, takes out control and invisible ones, maps look-alikes",
    wakes=ODD | COMPOSABLE | SQUARED | WIDE | TAGS | ESCAPES | SIGNS,
    options=UnicodeOptions,
    build=build,
    piece_chars=PARAGRAPHS,
    of_text=True,
)
