"""What flows through the pipeline: raw records, documents, and the receipts for every change.

An `Edit` is a receipt. Its offsets are code points of the text *as it stood when the stage of that
name began*, so the receipts of one stage can be applied together, and the stages one after the
other: input text + edits = output text (`replay`). A stage may still work in several passes;
`Document.edited` composes them into one set of receipts, so that nobody who reads an audit has to
know how many passes there were.
"""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple, overload

_NO_COLUMNS: Mapping[str, object] = MappingProxyType({})


class Edit(NamedTuple):
    """One change to a text. A NamedTuple, as a slotted frozen dataclass costs four times as much.

    `start` and `end` are code points of the stage's input; `before` is the text between them and
    `after` what stands there now. `rule` names the defect found, not the deed. `confidence` is 0-1.
    `note` says what a reader needs besides: the twin of a dropped paragraph, the column moved to.
    """

    stage: str
    rule: str
    start: int
    end: int
    before: str
    after: str
    confidence: float = 1.0
    note: str = ""


class PackedEdits(Sequence[Edit]):
    """The receipts of a very long text, in order: five bytes each instead of three hundred."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._ends = [0]

    def add(self, edits: Iterable[Edit], by: int) -> None:
        """Append receipts, moved by so many code points."""
        rows = [(*e[:2], e.start + by, e.end + by, *e[4:]) for e in edits]
        if rows:
            self._packed.append(zlib.compress(marshal.dumps(rows), 1))
            self._ends.append(self._ends[-1] + len(rows))

    def __len__(self) -> int:
        return self._ends[-1]

    def __iter__(self) -> Iterator[Edit]:
        for packed in self._packed:
            yield from map(Edit._make, marshal.loads(zlib.decompress(packed)))  # noqa: S302  our own

    @overload
    def __getitem__(self, index: int) -> Edit: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Edit, ...]: ...

    def __getitem__(self, index: int | slice) -> Edit | tuple[Edit, ...]:
        if index == 0:  # whose receipts they are
            return next(iter(self))
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(slots=True)
class RawDocument:
    """One input record before decoding. Not frozen, which would cost a microsecond a record.

    `data` is bytes where the reader found bytes, str where the container has already decoded them
    (JSON, Parquet). `charset` is what HTTP, `<meta>` or a field declares, unverified. `fields`
    holds the record's other fields under the pipeline's own names (`url`, `title`, `site`, ...).
    `format` is "text", or "html" for a page whose main text must be extracted after decoding.
    """

    path: str
    record: int
    data: bytes | str
    id: str = ""
    charset: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    format: str = "text"

    def let_go(self) -> None:
        """Keep the beginning of the data, for a sample: a text has been made of it.

        Readers and batches hold records for longer than anybody needs fifty megabytes of bytes.
        """
        self.data = self.data[:200]


class Document(NamedTuple):
    """One document on its way through the stages.

    `steps` holds one group of receipts per stage that changed the text, in order. `columns` are
    what the document says about itself (title, author, script, damage marks, ...); a stage adds to
    them and never takes away.
    """

    id: str
    text: str
    columns: Mapping[str, object] = _NO_COLUMNS
    steps: tuple[Sequence[Edit], ...] = ()

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All receipts, stage by stage."""
        return tuple(edit for step in self.steps for edit in step)

    def edited(self, edits: Sequence[Edit], **columns: object) -> Document:
        """Return this document with `edits` (sorted, not overlapping, of one stage) applied.

        Raises ValueError where an edit does not fit the text: a wrong receipt is a bug, and must
        not become a wrong audit.
        """
        merged = {**self.columns, **columns} if columns else self.columns
        edits = [edit for edit in edits if edit.before != edit.after]
        if not edits:
            return self._replace(columns=merged) if columns else self
        text = apply_edits(self.text, edits)
        steps: tuple[Sequence[Edit], ...] = self.steps
        if steps and steps[-1][0].stage == edits[0].stage:
            earlier = undo_edits(self.text, steps[-1])
            composed = compose(earlier, steps[-1], edits, text)
            steps = (*steps[:-1], composed) if composed else steps[:-1]
        else:
            steps = (*steps, tuple(edits))
        return Document(self.id, text, merged, steps)

    def converted(self, text: str, edits: Sequence[Edit], **columns: object) -> Document:
        """Return this document with `text`, which `edits` give; nothing is checked.

        For conversions that change every third character and have compared both texts already:
        applying thousands of edits again would cost as much as the conversion itself.
        """
        if not edits or (self.steps and self.steps[-1][0].stage == edits[0].stage):
            return self.edited(edits, **columns)
        merged = {**self.columns, **columns} if columns else self.columns
        # To ask by `isinstance` what is a Sequence takes ten times as long.
        step = edits if type(edits) is PackedEdits else tuple(edits)
        return Document(self.id, text, merged, (*self.steps, step))


@dataclass(frozen=True, slots=True)
class Dropped:
    """A document that goes, with the reason (a rule id) and what there is to say about it."""

    document: Document
    stage: str
    reason: str
    detail: str = ""


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Apply sorted, non-overlapping edits to `text`; ValueError where one does not fit."""
    pieces: list[str] = []
    cursor = 0
    for _, rule, start, end, before, after, _, _ in edits:
        if start < cursor or text[start:end] != before:
            raise ValueError(f"edit does not fit the text at {start}: {rule} {before!r:.200}")
        pieces.append(text[cursor:start])
        pieces.append(after)
        cursor = end
    pieces.append(text[cursor:])
    return "".join(pieces)


def undo_edits(text: str, edits: Sequence[Edit]) -> str:
    """Return the text that `edits` turned into `text`."""
    pieces: list[str] = []
    cursor = shift = 0
    for edit in edits:
        start = edit.start + shift
        pieces += (text[cursor:start], edit.before)
        cursor = start + len(edit.after)
        shift += len(edit.after) - len(edit.before)
    pieces.append(text[cursor:])
    return "".join(pieces)


def replay(text: str, edits: Iterable[Edit]) -> str:
    """Apply the receipts of several stages, in the order in which the stages ran."""
    for _, step in groupby(edits, key=lambda edit: edit.stage):
        text = apply_edits(text, step)
    return text


def difference(
    stage: str, rule: str, before: str, after: str, confidence: float = 1.0
) -> list[Edit]:
    """Return the edits that turn `before` into `after`, aligned character by character.

    Texts of one length that differ character for character (most script conversions) are compared
    directly; others through rapidfuzz, line by line where the number of lines is the same, which
    keeps the alignment local and the cost linear in the number of lines.
    """
    if before == after:
        return []
    if len(before) == len(after):
        spans = _substitutions(before, after)
        # A true insertion and deletion elsewhere would shift everything between them.
        if sum(end - start for start, end, _, _ in spans) * 2 <= len(before):
            return _as_edits(stage, rule, before, after, spans, confidence)
    return _as_edits(stage, rule, before, after, _aligned(before, after), confidence)


_Span = tuple[int, int, int, int]


def _as_edits(
    stage: str, rule: str, before: str, after: str, spans: Iterable[_Span], confidence: float
) -> list[Edit]:
    return [
        Edit(stage, rule, start, end, before[start:end], after[to:until], confidence)
        for start, end, to, until in spans
    ]


def _substitutions(before: str, after: str) -> list[_Span]:
    places = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    spans: list[_Span] = []
    for i in places:
        if spans and spans[-1][1] == i:
            spans[-1] = (spans[-1][0], i + 1, spans[-1][2], i + 1)
        else:
            spans.append((i, i + 1, i, i + 1))
    return spans


def _aligned(before: str, after: str) -> list[_Span]:
    from rapidfuzz.distance import Levenshtein

    old, new = before.split("\n"), after.split("\n")
    if len(old) != len(new):
        old, new = [before], [after]
    spans: list[_Span] = []
    at = to = 0
    for a, b in zip(old, new, strict=True):
        if a != b:
            spans += [
                (o.src_start + at, o.src_end + at, o.dest_start + to, o.dest_end + to)
                for o in Levenshtein.opcodes(a, b)
                if o.tag != "equal"
            ]
        at += len(a) + 1
        to += len(b) + 1
    return _touching_joined(spans)


def _touching_joined(spans: list[_Span]) -> list[_Span]:
    joined: list[_Span] = []
    for span in spans:
        if joined and joined[-1][1] == span[0] and joined[-1][3] == span[2]:
            joined[-1] = (joined[-1][0], span[1], joined[-1][2], span[3])
        else:
            joined.append(span)
    return joined


def compose(
    source: str, first: Sequence[Edit], second: Sequence[Edit], target: str
) -> tuple[Edit, ...]:
    """Return the edits from `source` to `target`, given source → middle and middle → target.

    Edits of the two that touch the same place of the middle text become one, whose rule names
    both. Linear in the number of edits.
    """
    items: list[tuple[int, int, int, Edit]] = []  # (start, end in the middle text, pass, edit)
    shift = 0
    for edit in first:
        start = edit.start + shift
        items.append((start, start + len(edit.after), 0, edit))
        shift += len(edit.after) - len(edit.before)
    items += [(edit.start, edit.end, 1, edit) for edit in second]
    items.sort(key=lambda item: item[:3])

    composed: list[Edit] = []
    from_shift = to_shift = 0  # source = middle - from_shift; target = middle + to_shift
    i = 0
    while i < len(items):
        start, end = items[i][0], items[i][1]
        group = [items[i]]
        while i + len(group) < len(items) and items[i + len(group)][0] <= end:
            group.append(items[i + len(group)])
            end = max(end, group[-1][1])
        i += len(group)
        grown = sum(len(e.after) - len(e.before) for _, _, which, e in group if which == 0)
        grew = sum(len(e.after) - len(e.before) for _, _, which, e in group if which == 1)
        a0, a1 = start - from_shift, end - from_shift - grown
        c0, c1 = start + to_shift, end + to_shift + grew
        from_shift += grown
        to_shift += grew
        if source[a0:a1] != target[c0:c1]:
            edits = [item[3] for item in group]
            composed.append(
                Edit(
                    edits[0].stage,
                    "+".join(dict.fromkeys(e.rule for e in edits)),
                    a0,
                    a1,
                    source[a0:a1],
                    target[c0:c1],
                    min(e.confidence for e in edits),
                    "; ".join(dict.fromkeys(e.note for e in edits if e.note)),
                )
            )
    return tuple(composed)
