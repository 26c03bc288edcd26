"""Repairs text that was decoded with the wrong encoding: `utf8-as-gbk` and its kin.

Left alone: everything that is not clearly better after the repair; text about mojibake; what the
bytes no longer say (it becomes `�` and is counted in `damage_marks`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import cast

import numpy as np

from pipeline.census import Census, census, classes
from pipeline.document import Document, Edit
from pipeline.stages.base import PARAGRAPHS, ApplyBatch, Options, Outcome, Stage, of_one
from pipeline.text import ngram
from pipeline.text.entities import entities
from pipeline.text.mojibake.chains import chain_name
from pipeline.text.mojibake.gate import suspects
from pipeline.text.mojibake.hopeless import MARK
from pipeline.text.mojibake.pages import Repair, confidences
from pipeline.text.mojibake.repairs import confirmed, repairs

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


def build_batch(_: MojibakeOptions) -> ApplyBatch:
    """Return the function for whole batches: one gate for all, repair only where it suspects."""
    model = ngram.load()

    def apply(documents: Sequence[Document], counted: Census) -> list[Outcome]:
        texts = [document.text for document in documents]
        kinds = confirmed(texts, suspects(texts, counted), model)
        outcomes: list[Outcome] = list(documents)
        asked = np.flatnonzero(kinds).tolist()
        found = repairs([texts[i] for i in asked], kinds[asked].tolist(), model)
        sure = iter(confidences(chain.from_iterable(found)))
        for i, mine in zip(asked, found, strict=True):
            outcomes[i] = _repaired(documents[i], _edits(texts[i], mine, sure))
        more = [i for i, mine in zip(asked, found, strict=True) if _may_go_on(mine)]
        _settle(outcomes, more, model)
        for i in np.flatnonzero((kinds == 0) & (counted.count("replacement") > 0)).tolist():
            outcomes[i] = _repaired(documents[i], [])
        for i in np.flatnonzero(counted.count("ampersand") >= MIN_ENTITIES).tolist():
            if edits := _bytes(texts[i]):
                read = documents[i].edited(edits)
                again = apply([read], census([read.text]))[0]
                if again is not read:
                    outcomes[i] = again
        return outcomes

    return apply


build = of_one(build_batch)


def _may_go_on(found: Sequence[Repair]) -> bool:
    """Tell whether there may be more to repair beside these: bytes without step, lost ones."""
    return any(not r.chain[0].startswith("utf8-as-") or "?" in r.text for r in found)


def _settle(outcomes: list[Outcome], chosen: list[int], model: ngram.Model) -> None:
    """Repair the texts chosen again until they stand still: what was beside damage is now clear."""
    for _ in range(MAX_ROUNDS):
        if not chosen:
            return
        documents = [cast("Document", outcomes[i]) for i in chosen]
        texts = [document.text for document in documents]
        kinds = confirmed(texts, suspects(texts, census(texts)), model)
        found = repairs(texts, kinds.tolist(), model)
        sure = iter(confidences(chain.from_iterable(found)))
        for i, document, mine in zip(chosen, documents, found, strict=True):
            if mine:
                outcomes[i] = _repaired(document, _edits(document.text, mine, sure))
        chosen = [i for i, mine in zip(chosen, found, strict=True) if mine]


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
    return list(map(Edit._make, rows))


STAGE = Stage(
    name=NAME,
    summary="repair text that was decoded with the wrong encoding",
    # Nothing outside these classes can be damage; the gate of the batch does the rest.
    wakes=classes(*WAKING),
    options=MojibakeOptions,
    build=build,
    build_batch=build_batch,
    piece_chars=PARAGRAPHS,
    of_text=True,
)
