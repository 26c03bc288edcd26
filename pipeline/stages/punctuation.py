"""Chinese marks where the text is Chinese: width by context, doubled marks, runs, brackets.

Left alone: decimals, times, ratios, thousands, addresses, code between backticks, tags, Latin
sentences, Japanese and Korean, spaces in headlines, emphasis (！！, ？！).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.census import classes
from pipeline.document import Document, Edit
from pipeline.stages.base import Apply, Options, Stage, option
from pipeline.text.marks import KANA_HANGUL
from pipeline.text.punctuate import Punctuation

_PASSES = 10
"""A mark that became wide can be the neighbour that widens the next one. Prose needs one pass."""
_FOREIGN = re.compile(f"[{KANA_HANGUL}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PunctuationOptions(Options):
    """Options of the punctuation stage."""

    width: str = option(
        "cjk",
        "marks beside Chinese characters: cjk (full width), ascii, or keep",
        pattern="^(cjk|ascii|keep)$",
    )


def build(options: PunctuationOptions) -> Apply:
    """Return the stage's function."""
    rules = Punctuation(options.width)

    def apply(document: Document) -> Document:
        if _is_foreign(document.text):
            return document
        for _ in range(_PASSES):
            found = rules.edits(document.text)
            if not found:
                break
            document = document.edited([Edit("punctuation", *edit) for edit in found])
        return document

    return apply


def _is_foreign(text: str) -> bool:
    """Whether the text is Japanese or Korean: a tenth of its characters are kana or hangul.

    A Chinese text with a Japanese name in it has a hundredth.
    """
    return _FOREIGN.search(text) is not None and len(_FOREIGN.findall(text)) * 10 > len(text)


STAGE = Stage(
    name="punctuation",
    summary="doubled marks and runs; width of marks and brackets by context",
    wakes=classes(
        "ascii_mark",
        "ascii_bracket",
        "ascii_quote",
        "ascii_stop",
        "wide_mark",
        "cjk_stop",
        "ellipsis_dash",
        "curly_quote",
    ),
    options=PunctuationOptions,
    build=build,
)
