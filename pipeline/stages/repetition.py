"""Paragraphs that a document says twice: an article pasted again, captions between paragraphs.

Most lines that repeat, repeat because the text wants it: refrains, dialogue, headings, rows of
tables, code, the formulae of statutes and manuals. A line goes only

- as part of a *block* that was pasted again and is a good part of the document, with all its short
  lines: three lines in the same order, or a copy with other line breaks, with small changes or with
  paragraphs more or less, where the one lies in the other (`text/repetition/pasted.py`);
- as a long *paragraph* of prose, the same or nearly so, with the same numbers in it;
- as a *caption* or title between the paragraphs, where it is long enough to be no refrain;
- as one of a *stuck* line, ten times and more in a row, where that is half of the document.

Paragraphs and captions never go in a document that is a statute, verse, code or a table. The first
occurrence stays, unless a later one is the more complete.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby, islice

import numpy as np
from numpy.typing import NDArray

from pipeline.census import Census, classes
from pipeline.document import Document
from pipeline.runs import runs
from pipeline.stages.base import CHAPTERS, Apply, Options, Outcome, Stage, option
from pipeline.stages.repeated import ENDS, NAME, WHOLE, Lines, Repeat, lines_of, removals, without
from pipeline.text.repetition.alike import alike, covered, shingle_units, suspects
from pipeline.text.repetition.echoes import Echoes, echoes, goes_on_again
from pipeline.text.repetition.pasted import pasted
from pipeline.text.repetition.repeatable import (
    HAN,
    SENTENCE_END,
    is_formal,
    is_long_sentence,
    is_prose,
    is_statute,
    numbers,
)
from pipeline.text.sketches.shadow import shadow


@dataclass(frozen=True, slots=True, kw_only=True)
class RepetitionOptions(Options):
    """Options of the repetition stage."""

    min_chars: int = option(15, "shorter lines repeat legitimately (refrains, dialogue)", ge=1)
    sentence_chars: int = option(
        25, "shorter sentences repeat in manuals and chronicles; captions need min_chars only", ge=1
    )
    block_lines: int = option(3, "a block of at least so many repeated lines was pasted", ge=2)
    block_chars: int = option(100, "and has at least so many characters", ge=1)
    block_share: float = option(0.2, "and is at least this share of the text", ge=0, le=1)
    near_jaccard: float = option(
        0.8, "paragraphs this alike (shared shingles) are one; above 1 turns it off", gt=0
    )
    near_chars: int = option(30, "shorter paragraphs are compared exactly only", ge=15)


_MAX_LINES = 1 << 18  # a text of more lines is a table or a log, and takes too much memory
_TOLD, _SAID = 0.4, 1.25  # of the share of a block: with changes less is told before, else more
_ROUNDS = 64  # in each of which a copy goes that is less complete than the next
_CAPTION = re.compile("[图圖]|资料图|資料圖|.*[^。！？；…!?;]$")  # no sentence, but of a picture
_LONG, _PARALLEL = 100, 3
"""Short paragraphs less than three lines apart are parallels (大于或等于 …, 小于或等于 …)."""
_SLACK = 0.1
"""What the Jaccard of two texts by their characters may be less than that by their code units."""
_COMPARED = 16
"""Lines with the same numbers above which a text is looked at without comparing them in pairs."""
_FORMULA = 4
"""Times apart from each other from which a sentence is a formula of the text, as of a manual."""
_STUCK = 10
"""Times in a row: a chant or a cell of a table that was flattened stays below."""


def repeats(
    text: str, lines: Lines, options: RepetitionOptions, near: bool, title: str
) -> dict[int, Repeat]:
    """Return {line that goes: why}, by number. `near`: look for near-copies as well."""
    bare = lines.bare
    first: dict[str, int] = {}
    twin = list(map(first.setdefault, bare, range(len(bare))))
    again = [i for i, of in enumerate(twin) if i != of]
    sizes = list(map(len, bare))
    formal = is_formal(text, bare, sizes)
    # A listing may stand twice in a manual; twice the manual may not.
    gone = _blocks(sizes, twin, again, options, options.block_share * (2 if formal else 1))
    if len(again) >= _STUCK - 1:
        gone |= _stuck(bare, sizes, twin, options)
    left = [i for i in again if i not in gone]
    if not (near or left) or is_statute(text, bare):
        return gone
    counts = Counter(twin)
    stuck = {twin[i] for i in again if twin[i - 1] == twin[i]}
    for i in left:
        line = bare[i]
        if not is_prose(line, options.min_chars):
            continue
        often = counts[twin[i]] > 2 or line == title
        if often and not formal and _CAPTION.match(line):
            gone[i] = Repeat("repeated-caption", twin[i])
        elif counts[twin[i]] >= _FORMULA and twin[i] not in stuck:
            continue
        elif len(line) >= options.sentence_chars and (not formal or is_long_sentence(line)):
            # Between two line ends in mid-sentence stands no paragraph, but that no line is wrapped
            # so late.
            wrapped = len(line) < _LONG or "，" not in line
            if i and wrapped and not {line[-1], bare[i - 1][-1]} & ENDS:
                continue
            gone[i] = Repeat("repeated-paragraph", twin[i])
    if near and not formal:
        _near(text, lines, gone, options)
    return gone


def _blocks(
    sizes: Sequence[int],
    twin: Sequence[int],
    again: Sequence[int],
    options: RepetitionOptions,
    share: float,
) -> dict[int, Repeat]:
    """Find runs of lines that follow each other as they did before."""
    gone: dict[int, Repeat] = {}
    total = sum(sizes)
    i = 0
    for start in again:
        if start < i:
            continue
        i = end = start
        while end < len(twin) and twin[end] != end and (end == i or twin[end] == twin[end - 1] + 1):
            end += 1
        chars = sum(sizes[i:end])
        large = end - i >= options.block_lines and chars >= share * total
        # All of the text again: two lines will do.
        whole = end - i > 1 and chars >= WHOLE * total
        if chars >= options.block_chars // (2 if whole else 1) and (large or whole):
            gone.update((j, Repeat("pasted-block", twin[j])) for j in range(i, end))
        i = end
    return gone


def _stuck(
    bare: Sequence[str], sizes: Sequence[int], twin: Sequence[int], options: RepetitionOptions
) -> dict[int, Repeat]:
    """Find a line that some loop wrote again and again: no refrain fills half of a text."""
    gone: dict[int, Repeat] = {}
    total = sum(sizes)
    at = 0
    for number, run in groupby(twin):
        first, at = at, at + sum(1 for _ in run)
        chars = sizes[number] * (at - first)
        much = chars >= options.block_chars and chars * 2 >= total
        if at - first >= _STUCK and much and HAN.search(bare[number]):
            gone.update((i, Repeat("stuck-line", number)) for i in range(first, at) if i != number)
    return gone


def _near(text: str, lines: Lines, gone: dict[int, Repeat], options: RepetitionOptions) -> None:
    """Add the near-copies of paragraphs that are left."""
    bare = lines.bare
    left = [
        i
        for i in covered(text, list(zip(lines.start, lines.end, strict=True)))
        if i not in gone and bare[i][-1] in SENTENCE_END and is_prose(bare[i], options.near_chars)
    ]
    if len(left) < 2:
        return
    for pair in alike([bare[i] for i in left], options.near_jaccard, options.near_chars):
        a, b = left[pair.first], left[pair.later]
        # Other numbers are other facts: two dispatches of one form, two rows of a bulletin.
        if a in gone or b in gone or numbers(bare[a]) != numbers(bare[b]):
            continue
        if len(bare[b]) < _LONG and b - a < _PARALLEL:
            continue
        goes, stays = (a, b) if pair.more else (b, a)
        gone[goes] = Repeat("repeated-paragraph-near", stays, pair.jaccard)


def build(options: RepetitionOptions) -> Apply:
    """Return the stage's function for a batch: most documents repeat nothing that could go."""

    def apply_batch(documents: Sequence[Document], census: Census) -> list[Outcome]:
        del census
        out: list[Outcome] = list(documents)
        for i, document in _changed(documents, options):
            out[i] = document
        return out

    return apply_batch


def _changed(
    documents: Sequence[Document], options: RepetitionOptions
) -> Iterator[tuple[int, Document]]:
    """Yield the number and the outcome of the documents that repeat something that could go."""
    texts = [document.text for document in documents]
    one_line = ["\n" not in text for text in texts]
    lines = ["" if one else text for one, text in zip(one_line, texts, strict=True)]
    found = echoes(lines, options.near_chars, SENTENCE_END)
    near = _near_possible(found, texts, options)
    awake = _blocks_possible(found, options)
    copies = _copies_possible(found, options)
    copies[
        [i for i, one in enumerate(one_line) if one and goes_on_again(texts[i], 0, len(texts[i]))]
    ] = True
    awake[list(near)] = True
    awake[_said_again(found, documents, awake, options)] = True
    for i in np.flatnonzero(awake | copies).tolist():
        alike_too = i in near and bool(suspects([texts[i]])[0])
        if not alike_too and texts[i].count("\n") > _MAX_LINES:
            continue
        document = _single(documents[i], options) if copies[i] else documents[i]
        if awake[i] or document is not documents[i]:
            yield i, _settled(document, options, alike_too, bool(copies[i]))


def _settled(document: Document, options: RepetitionOptions, near: bool, copies: bool) -> Document:
    """Take out lines, and copies that are a good part of what is left, until nothing goes."""
    while (after := _apply(document, options, near)) is not document and copies:
        document = _single(after, options)
    return after


def _near_possible(found: Echoes, texts: Sequence[str], options: RepetitionOptions) -> set[int]:
    """Return which texts have two paragraphs that are nearly the same, with the same numbers."""
    if options.near_jaccard > 1:
        return set()
    forms: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for i, start, end in zip(*(column.tolist() for column in found.near[:3]), strict=True):
        line = texts[i][start:end]
        if not line.isascii():
            forms.setdefault((i, tuple(numbers(line))), []).append(line)
    some = [
        (i, [line for line in lines if is_prose(line, options.near_chars)])
        for (i, _), lines in forms.items()
        if len(lines) > 1
    ]
    near = {i for i, lines in some if len(lines) > _COMPARED}
    few = [(i, lines) for i, lines in some if len(lines) > 1 and i not in near]
    shadows = iter(shadow([line for _, lines in few for line in lines]))
    for i, lines in few:
        pairs = combinations(islice(shadows, len(lines)), 2)
        if any(_may_be_alike(*pair, options) for pair in pairs):
            near.add(i)
    return near


def _may_be_alike(one: str, other: str, options: RepetitionOptions) -> bool:
    """Whether two shadows may be near-copies, by a Jaccard a little below that of `alike`.

    It counts code units, these are characters.
    """
    n = shingle_units(min(len(one), len(other)))
    a, b = ({text[i : i + n] for i in range(len(text) - n + 1)} for text in (one, other))
    shared = len(a & b)
    return shared >= (options.near_jaccard - _SLACK) * (len(a) + len(b) - shared)


def _blocks_possible(found: Echoes, options: RepetitionOptions) -> NDArray[np.bool_]:
    """Return which texts repeat enough for a block: of the rules in `_blocks` the weaker one.

    A block, or all but the first of ten stuck lines, is a run of repeated lines that follow one
    another.
    """
    owner, start, end, line = found.again
    first, lines = runs(line - np.arange(len(line)), owner)
    if not first.size:
        return np.zeros(len(found.size), np.bool_)
    text = owner[first]
    chars = np.add.reduceat(end - start, first)
    share = min(options.block_share, WHOLE)
    least = np.maximum(options.block_chars // 2, share * found.size[text])
    possible = np.zeros(len(found.size), np.bool_)
    possible[text[(lines > 1) & (chars >= least)]] = True
    return possible


def _copies_possible(found: Echoes, options: RepetitionOptions) -> NDArray[np.bool_]:
    """Return which texts repeat enough for a copy that has changes, or is in other lines."""
    owner, start, end, _ = found.again
    chars = np.bincount(owner, end - start, len(found.size))
    told = found.told >= _TOLD * options.block_share
    told |= chars / np.maximum(found.size, 1) + found.told >= _SAID * options.block_share
    return told & (found.size >= options.block_chars)


def _said_again(
    found: Echoes,
    documents: Sequence[Document],
    awake: NDArray[np.bool_],
    options: RepetitionOptions,
) -> list[int]:
    """Return which of the documents that sleep repeat a line that may go by itself."""
    owner, start, end, _ = found.again
    rows = np.flatnonzero((end - start >= options.min_chars) & ~awake[owner])
    said: list[int] = []
    twice: set[tuple[int, str]] = set()
    for i, start_, end_ in zip(*(column[rows].tolist() for column in found.again[:3]), strict=True):
        if said and said[-1] == i:
            continue
        line = documents[i].text[start_:end_]
        if not is_prose(line, options.min_chars):
            continue
        caption = (i, line) in twice or line == documents[i].columns.get("title")
        if len(line) >= options.sentence_chars or (caption and _CAPTION.match(line)):
            said.append(i)
        twice.add((i, line))
    return said


def _single(document: Document, options: RepetitionOptions) -> Document:
    """Take copies out of a document until it says everything once; each is a good part of it."""
    for _ in range(_ROUNDS):
        text = document.text
        copies = pasted(text, options.block_chars, options.block_share)
        if not copies:
            break
        lines = lines_of(text)
        if is_formal(text, lines.bare, list(map(len, lines.bare))) or is_statute(text, lines.bare):
            copies = pasted(text, options.block_chars, 2 * options.block_share, exact=True)
        edits = without(text, lines, copies)
        if not edits:
            break
        document = document.edited(edits)
    return document


def _apply(document: Document, options: RepetitionOptions, near: bool) -> Document:
    lines = lines_of(document.text)
    title = document.columns.get("title")
    gone = repeats(document.text, lines, options, near, title if isinstance(title, str) else "")
    return document.edited(removals(document.text, lines, gone))


STAGE = Stage(
    name=NAME,
    summary="remove paragraphs that the document has already said",
    wakes=classes("newline", "han"),
    options=RepetitionOptions,
    build=build,
    piece_chars=CHAPTERS,
    of_text=True,
)
