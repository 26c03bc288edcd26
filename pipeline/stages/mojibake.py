"""Repairs text that was decoded with the wrong encoding: `utf8-as-gbk` and its kin.

Left alone: everything that is not clearly better after the repair; text about mojibake; what the
bytes no longer say (it becomes `�` and is counted in `damage_marks`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat

import numpy as np

from pipeline.census import Census, census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import PARAGRAPHS, Apply, Options, Outcome, Stage
from pipeline.text import ngram
from pipeline.text.mojibake.chains import chain_name
from pipeline.text.mojibake.gate import suspects
from pipeline.text.mojibake.hopeless import MARK
from pipeline.text.mojibake.pages import Repair, confidences
from pipeline.text.mojibake.repairs import confirmed, repairs
from pipeline.text.mojibake.western import LETTERS
from pipeline.text.unicode.entities import entities

NAME = "mojibake"
WAKING = (
    "han",
    "han_traditional",
    "han_simplified",
    "c1",
    "latin1",
    "latin_extended",
    "cyrillic",
    "halfwidth",
    "hangul",
    "private",
    "replacement",
    "ampersand",
)
MIN_ENTITIES = 8
"""Ampersands from which a text may have bytes that were written as entities: &Ouml;&ETH;&sup1;."""

MAX_ROUNDS = 3
"""Times that a repaired text is looked at again; more than one that finds something is rare."""
_LETTERS = re.compile(r"(?:&(?:#1[2-9]\d|#2[0-5]\d|[A-Za-z]{2,6}[123]?\d?);){4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MojibakeOptions(Options):
    """Options of the mojibake stage."""


def build(_: MojibakeOptions) -> Apply:
    """Return the function for whole batches: one gate for all, repair only where it suspects."""
    model = ngram.load()

    def apply(documents: Sequence[Document], counted: Census) -> list[Outcome]:
        out = list(documents)
        found = _repair(out, range(len(out)), counted, model)
        more = [i for i, mine in found.items() if _may_go_on(mine, out[i].text)]
        for _ in range(MAX_ROUNDS):
            again = _repair(out, more, census([out[i].text for i in more]), model) if more else {}
            more = [i for i, mine in again.items() if mine]
        for i in np.flatnonzero(counted.count("replacement")).tolist():
            if i not in found:
                out[i] = _repaired(documents[i], [])
        for i in np.flatnonzero(counted.count("ampersand") >= MIN_ENTITIES).tolist():
            if edits := _bytes(documents[i].text):
                read = documents[i].edited(edits)
                (repaired,) = apply([read], census([read.text]))
                if repaired is not read and isinstance(repaired, Document):
                    out[i] = repaired
        return list(out)

    return apply


def _repair(
    out: list[Document], chosen: Sequence[int], counted: Census, model: ngram.Model
) -> dict[int, list[Repair]]:
    """Repair some of the documents, whose census is given, in place.

    Returns what was found in those that may be damaged, by their numbers.
    """
    texts = [out[i].text for i in chosen]
    kinds = confirmed(texts, suspects(texts, counted), model)
    asked = np.flatnonzero(kinds).tolist()
    found = repairs([texts[k] for k in asked], kinds[asked].tolist(), model)
    sure = iter(confidences(chain.from_iterable(found)))
    mine = {chosen[k]: repaired for k, repaired in zip(asked, found, strict=True)}
    for i, repaired in mine.items():
        out[i] = _repaired(out[i], _edits(out[i].text, repaired, sure))
    return mine


def _may_go_on(found: Sequence[Repair], text: str) -> bool:
    """Tell whether there may be more to repair beside these: bytes without step, lost ones.

    Or bytes of another encoding, which are found in the `text` that these leave.
    """
    others = any(not chain[0].startswith("utf8-as-") for chain in {r.chain for r in found})
    return others or bool(
        found and ("?" in "".join([repair.text for repair in found]) or LETTERS.search(text))
    )


def _repaired(document: Document, edits: Sequence[Edit]) -> Document:
    marks = document.text.count(MARK)
    marks += "".join([edit.after for edit in edits]).count(MARK)
    marks -= "".join([edit.before for edit in edits]).count(MARK) if marks else 0
    if not (marks or edits):
        return document
    return document.edited(edits, damage_marks=marks)


def _bytes(text: str) -> list[Edit]:
    """Read the entities of a text that were bytes to who wrote them: half of the text and more.

    `htmlentities` of PHP takes a page in any encoding for Latin-1.
    """
    if not _LETTERS.search(text):
        return []
    found = list(entities(text))
    if sum(end - start for start, end, _ in found) * 2 < len(text):
        return []
    return [
        Edit(NAME, "html-entity", start, end, text[start:end], after) for start, end, after in found
    ]


def _edits(text: str, found: Sequence[Repair], sure: Iterator[float]) -> list[Edit]:
    if not found:
        return []
    starts, ends, fixed, chains, *_ = zip(*found, strict=True)
    before = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    rules = map(chain_name, chains)
    rows = zip(repeat(NAME), rules, starts, ends, before, fixed, sure, repeat(""))
    return list(map(partial(tuple.__new__, Edit), rows))


STAGE = Stage(
    name=NAME,
    summary="repair text that was decoded with the wrong encoding",
    # Nothing outside these classes can be damage; the gate of the batch does the rest.
    wakes=classes(*WAKING),
    options=MojibakeOptions,
    build=build,
    piece_chars=PARAGRAPHS,
    of_text=True,
)
