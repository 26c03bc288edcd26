"""Chinese marks where the text is Chinese: width by context, doubled marks, runs, pairs, blanks.

Left alone: decimals, times, ratios, thousands, addresses, code between backticks, tags, Latin
sentences, Japanese and Korean, spaces in headlines, emphasis (！！, ？！).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.census import Census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import PARAGRAPHS, Apply, Options, Outcome, Stage, option
from pipeline.text.punctuation.punctuate import Punctuation

_PASSES = 10
"""A mark that became wide can be the neighbour that widens the next one. Prose needs one pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PunctuationOptions(Options):
    """Options of the punctuation stage."""

    width: str = option(
        "cjk",
        "marks beside Chinese characters: cjk (full width), ascii, or keep",
        pattern="^(cjk|ascii|keep)$",
    )


def build(options: PunctuationOptions) -> Apply:
    """Return the stage's function for a batch."""
    rules = Punctuation(options.width)

    def apply(documents: Sequence[Document], _: Census) -> list[Outcome]:
        return list(_punctuated(rules, documents))

    return apply


def _punctuated(rules: Punctuation, documents: Sequence[Document]) -> list[Document]:
    out = list(documents)
    awake = list(range(len(out)))
    for _ in range(_PASSES):
        found = rules.batch([out[i].text for i in awake])
        for k, changes in found.items():
            i = awake[k]
            out[i] = out[i].converted(changes.text, _edits(changes.items))
        awake = [awake[k] for k, changes in found.items() if not changes.final]
        if not awake:
            break
    return out


def _edits(items: Sequence[tuple[str, int, int, str, str]]) -> list[Edit]:
    """Return the receipts. A third of the price of Edit(...): a text can need hundreds of them."""
    make = tuple.__new__
    return [make(Edit, ("punctuation", *item, 1.0, "")) for item in items]


STAGE = Stage(
    name="punctuation",
    summary="doubled marks and runs; width of marks and brackets by context; quotes; blanks",
    wakes=classes(
        "ascii_mark",
        "ascii_bracket",
        "tag_start",
        "ascii_quote",
        "ascii_stop",
        "space",
        "wide_space",
        "wide_mark",
        "cjk_stop",
        "ellipsis_dash",
        "curly_quote",
    ),
    options=PunctuationOptions,
    build=build,
    piece_chars=PARAGRAPHS,
    of_text=True,
)
