"""A copy of a text that was cleaned lately is not cleaned again: a crawl has many.

What becomes of a document is decided by its text and by what its record says of it, never by its
id; nor by its address, or by fields that the pipeline does not know, where every stage says so
(`Stage.of_text`). So a copy takes over outcome and receipts. Whether one is found changes no byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from pipeline.document import Document, Dropped

HELD = 48 << 20
"""Bytes of texts and receipts that a worker holds, about: some thousand pages."""
LONGEST = 1 << 15
"""Characters of a text that is held: longer ones recur seldom."""
RECEIPT = 300  # bytes
NOT_READ = frozenset(("url", "extra"))
"""Columns of whose values nothing depends (but if there is an address, none is looked for)."""


class Result(NamedTuple):
    """What became of a text (str: how it failed), its marks of lost bytes and its lines."""

    outcome: Document | Dropped | str
    marks: int
    lines: int
    wordless: bool


@dataclass(slots=True)
class _Seen:
    columns: Mapping[str, object]
    result: Result | None = None
    size: int = 0


class Copies:
    """The texts that were cleaned last, and what became of them; what is not asked for goes."""

    def __init__(self, held: int = HELD) -> None:
        self._seen: dict[str, _Seen] = {}
        self._room = held

    def clean(
        self, documents: list[Document], clean: Callable[[list[Document]], list[Result]]
    ) -> list[Result]:
        """Return the results of documents, in order; `clean` is asked for those of new texts.

        The list is emptied, and `clean` may do the same with its own: a document may be so large
        that it is not to be held beside its outcome.
        """
        new: list[Document] = []
        fresh: list[_Seen] = []
        found: list[tuple[_Seen, Document | None]] = []
        for document in documents:
            seen = self._take(document)
            found.append((seen, document) if seen else (_Seen(document.columns), None))
            if seen is None:
                new.append(document)
                fresh.append(found[-1][0])
            if len(document.text) <= LONGEST:
                self._put(document.text, found[-1][0])
        keys = [document.text if len(document.text) <= LONGEST else "" for document in new]
        documents.clear()
        try:
            results = clean(new)
        except BaseException:
            self._seen.clear()  # some are without a result
            raise
        for text, seen, result in zip(keys, fresh, results, strict=True):
            seen.result = result
            if self._seen.get(text) is seen:
                seen.size = _size(text, result)
                self._room -= seen.size
        while self._room < 0:
            self._room += self._seen.pop(next(iter(self._seen))).size
        return [_result_for(document, seen) for seen, document in found]

    def _take(self, document: Document) -> _Seen | None:
        seen = self._seen.pop(document.text, None)
        if seen is None:
            return None
        self._room += seen.size
        return seen if _alike(seen.columns, document.columns) else None

    def _put(self, text: str, seen: _Seen) -> None:
        self._seen[text] = seen
        self._room -= seen.size


def _size(text: str, result: Result) -> int:
    document = _document(result)
    if document is None:
        return len(text) * 2
    receipts = sum(map(len, document.steps))
    return (len(text) + len(document.text)) * 2 + receipts * RECEIPT


def _document(result: Result) -> Document | None:
    of = result.outcome
    if isinstance(of, Dropped):
        return of.document
    return of if isinstance(of, Document) else None


def _result_for(document: Document | None, seen: _Seen) -> Result:
    result = seen.result
    assert result is not None
    cleaned = _document(result)
    if document is None or cleaned is None:
        return result
    given = seen.columns
    added = {
        name: value
        for name, value in cleaned.columns.items()
        if name not in given or given[name] is not value
    }
    mine = cleaned._replace(id=document.id, columns={**document.columns, **added})
    of = result.outcome
    return result._replace(outcome=replace(of, document=mine) if isinstance(of, Dropped) else mine)


def _alike(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Tell if two records say the same of their documents."""
    if one == other:
        return True
    if not one.keys() ^ other.keys() <= {"extra"}:
        return False
    return all(
        bool(value) == bool(other[name]) if name in NOT_READ else value == other[name]
        for name, value in one.items()
        if name in other
    )
