"""Lines cut out of the texts of a batch, in their bytes, with the receipts that say why.

Nearly every document of some sites loses lines. So all of a batch are taken out at once; only texts
with blank lines, or with a rule (`----`) that would be left at their end, are looked at one by one
(`pipeline.text.removal`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.document import Edit
from pipeline.removals import LOW, STAGE, Ints
from pipeline.runs import portions
from pipeline.text.page import page_of
from pipeline.text.removal import ORNAMENTS, Reason, removal

_BATCH = 1 << 21  # bytes of texts that lose lines at a time, or of one chunk
_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))


def apply_removals(
    records: pa.Table,
    edits: pa.Table,
    removals: pa.ChunkedArray,
    reasons: Sequence[Reason],
    told: NDArray[np.bool_] | None = None,
    hashed: NDArray[np.bool_] | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Return records and receipts (both in order of the part) with the removals applied.

    `removals` is of type COLUMN. `edits.row` is the place in `records`. `told`: of which records
    receipts are wanted (None: of none); `hashed`: of which the hash of the text (None: of all).
    """
    lists = removals.combine_chunks()
    lengths = lists.value_lengths().to_numpy()
    places = np.flatnonzero(lengths)
    if not places.size:
        return records, edits
    bounds = np.concatenate(([0], np.cumsum(lengths)))
    values = lists.flatten().to_numpy()
    texts: list[pa.Array] = []
    found: list[tuple[Any, ...]] = []
    first = 0
    for chunk in _batches(records.column("text").chunks):
        mine = places[slice(*np.searchsorted(places, [first, first + len(chunk)]))]
        if mine.size:
            lines = values[bounds[mine[0]] : bounds[mine[-1] + 1]]
            rows = np.repeat(mine - first, lengths[mine])
            wanted = None if hashed is None else hashed[first : first + len(chunk)]
            thinned = _thinned(chunk, _Lines(rows, lines >> 32, lines & LOW), reasons, wanted)
            found.append(thinned.at(first))
            chunk = thinned.texts  # noqa: PLW2901
        texts.append(chunk)
        first += len(chunk)
    every = _Thinned(pa.chunked_array(texts, pa.string()), *map(_joined, zip(*found, strict=True)))
    records = _told(records, every)
    return records, edits if told is None else _with_receipts(edits, every, reasons, told)


def _batches(chunks: Sequence[pa.Array]) -> Iterator[pa.Array]:
    """Join small chunks, as those are of which some rows were taken: each costs 2 ms by itself."""
    for run in portions(np.array([chunk.nbytes for chunk in chunks], np.int64), _BATCH):
        some = chunks[run]
        yield pa.concat_arrays(some) if len(some) > 1 else some[0]


class _Lines(NamedTuple):
    """Lines that go, by text and line: number of the text, of the line, of the reason."""

    row: Ints
    line: Ints
    why: Ints


class _Thinned(NamedTuple):
    """Texts, and what was taken out of them.

    Of each text that lost something: its `place`, `hashes` of what is left, characters, line ends
    and marks of damage that it lost, and whether it says anything still. Of each receipt: its
    `row`, number of the reason, `start` and `end` in code points, and the text between them.
    """

    texts: Any
    place: Ints
    hashes: Any
    chars: Ints
    breaks: Ints
    marks: Ints
    full: NDArray[np.bool_]
    row: Ints
    why: Ints
    start: Ints
    end: Ints
    before: Any

    def at(self, first: int) -> tuple[Any, ...]:
        """Return all but the texts, with the number of the first text added to places."""
        return (self.place + first, *self[2:7], self.row + first, *self[8:])


def _joined(parts: Sequence[Any]) -> Any:
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else pa.chunked_array(parts)


def _told(records: pa.Table, thinned: _Thinned) -> pa.Table:
    """Return records with other texts and what follows from them."""
    places = thinned.place
    counts = np.bincount(thinned.row, minlength=len(records))[places]
    less = {"n_chars": thinned.chars, "n_paragraphs": thinned.breaks,
            "damage_marks": thinned.marks, "n_edits": -counts}  # fmt: skip
    updates = {"text": thinned.texts}
    for name, n in less.items():
        values = records.column(name).to_numpy().copy()
        values[places] -= n.astype(values.dtype)
        if name == "n_paragraphs":
            values[places[~thinned.full]] = 0
        updates[name] = pa.array(values)
    mask = np.zeros(len(records), np.bool_)
    mask[places] = True
    hashes = records.column("content_hash")
    updates["content_hash"] = pc.replace_with_mask(
        hashes.combine_chunks(), pa.array(mask), thinned.hashes.combine_chunks()
    )
    for name, column in updates.items():
        records = records.set_column(records.column_names.index(name), name, column)
    return records


def _with_receipts(
    edits: pa.Table, thinned: _Thinned, reasons: Sequence[Reason], told: NDArray[np.bool_]
) -> pa.Table:
    """Add receipts of some records, each in a step after its last; order by record."""
    rows, steps = (edits.column(name).to_numpy() for name in ("row", "step"))
    n = len(thinned.row)
    last = np.full(max(int(rows.max(initial=-1)), int(thinned.row.max(initial=-1))) + 1, -1)
    np.maximum.at(last, rows, steps)
    why = pa.array(thinned.why)
    said = [pa.array([reason[i] for reason in reasons], pa.string()).take(why) for i in (0, 1)]
    columns = {
        "row": thinned.row, "step": last[thinned.row] + 1, "stage": pa.repeat(STAGE, n),
        "rule": said[0], "start": thinned.start, "end": thinned.end, "before": thinned.before,
        "after": pa.repeat("", n), "confidence": pa.repeat(1.0, n), "note": said[1],
    }  # fmt: skip
    added = pa.table(columns).select(edits.schema.names).cast(edits.schema)
    if not told[thinned.row].all():
        added = added.filter(pa.array(told[thinned.row]))
    both = pa.concat_tables([edits, added])
    return both.take(pa.array(np.argsort(both.column("row").to_numpy(), kind="stable")))


class _Page:
    """The texts of a batch as bytes: `data`, text i from `offsets[i]` on; line ends at `breaks`."""

    def __init__(self, texts: pa.Array) -> None:
        _, offsets, data = texts.buffers()
        self.buffer = data or pa.py_buffer(b"")
        window = np.frombuffer(offsets, np.int32, len(texts) + 1, texts.offset * 4)
        self.offsets = window.astype(np.int64)
        text = np.frombuffer(self.buffer, np.uint8)[: self.offsets[-1]]
        self.data = text if len(text) else np.zeros(1, np.uint8)
        base = int(self.offsets[0])
        self.breaks = np.flatnonzero(text[base:] == ord("\n")) + base

    def opens_with(self, places: Ints, chars: str) -> NDArray[np.bool_]:
        """Say at which places one of the characters, of three bytes at most, stands."""
        out = np.zeros(len(places), np.bool_)
        some = np.flatnonzero(_leads(chars).take(self.data.take(places, mode="clip")))
        value = np.zeros(len(some), np.int32)
        for i, codes in enumerate(_by_size(chars)):
            value = value << 8 | self.data.take(places[some] + i, mode="clip")
            out[some] |= np.isin(value, codes)
        return out


@cache
def _by_size(chars: str) -> list[NDArray[np.int32]]:
    """Return the characters of one, two and three bytes as numbers."""
    raw = [char.encode() for char in chars]
    return [
        np.array([int.from_bytes(c, "big") for c in raw if len(c) == size], np.int32)
        for size in (1, 2, 3)
    ]


@cache
def _leads(chars: str) -> NDArray[np.bool_]:
    """Return which bytes begin one of the characters: bool (256,)."""
    leads = np.zeros(256, np.bool_)
    leads[[char.encode()[0] for char in chars]] = True
    return leads


def _thinned(
    texts: pa.Array,
    lines: _Lines,
    reasons: Sequence[Reason],
    hashed: NDArray[np.bool_] | None,
) -> _Thinned:
    """Take lines out of the texts of a batch; `hashed`: of which the hash is wanted."""
    page = _Page(texts)
    row, start, stop, why = _ranges(page, lines, reasons)
    docs = np.unique(lines.row)
    counts = np.bincount(row, minlength=len(texts))[docs]
    # Cut points: of each text its begin, what goes from where to where, and its end.
    begins = np.cumsum(2 * counts + 2) - (2 * counts + 2)
    points = np.empty(int((2 * counts + 2).sum()), np.int32)
    at = np.repeat(begins - 2 * (np.cumsum(counts) - counts) + 1, counts) + 2 * np.arange(len(row))
    points[begins], points[begins + 2 * counts + 1] = page.offsets[docs], page.offsets[docs + 1]
    points[at], points[at + 1] = start, stop
    pieces = pa.Array.from_buffers(
        pa.string(), len(points) - 1, [None, pa.py_buffer(points), page.buffer]
    )
    chars = np.concatenate(([0], np.cumsum(pc.utf8_length(pieces).to_numpy())))
    origin = np.repeat(chars[begins], counts)
    before = pieces.take(pa.array(at))
    bounds = np.concatenate(([0], np.cumsum(counts)))
    ends = np.diff(np.searchsorted(page.breaks, np.stack((start, stop))), axis=0)[0]
    damage = pc.count_substring(before, "�").to_numpy()
    thin, offsets = _rest(page, row, start, stop)
    left = pa.Array.from_buffers(
        pa.string(), len(texts), [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(thin)]
    )
    if texts.null_count:
        left = pc.if_else(texts.is_valid(), left, None)
    wanted = np.ones(len(docs), np.bool_) if hashed is None else hashed[docs]
    return _Thinned(
        left,
        docs,
        _hashes(thin, offsets[docs], offsets[docs + 1], wanted),
        _sums(chars[at + 1] - chars[at], bounds),
        _sums(ends, bounds),
        _sums(damage, bounds),
        offsets[docs + 1] > offsets[docs],
        row,
        why,
        chars[at] - origin,
        chars[at + 1] - origin,
        before,
    )


def _hashes(data: bytes, starts: Ints, ends: Ints, wanted: NDArray[np.bool_]) -> pa.Array:
    """Return the hash of each text that begins and ends there; null where it is not wanted."""
    view = memoryview(data)
    rows = zip(starts.tolist(), ends.tolist(), wanted.tolist(), strict=True)
    return pa.array(
        [hashlib.sha256(view[a:b]).hexdigest()[:32] if w else None for a, b, w in rows], pa.string()
    )


def _sums(values: Ints, bounds: Ints) -> Ints:
    return np.diff(np.concatenate(([0], np.cumsum(values)))[bounds])


def _rest(page: _Page, row: Ints, start: Ints, stop: Ints) -> tuple[bytes, Ints]:
    """Return the bytes that are left of all texts, and where each text begins in them."""
    whole = memoryview(page.buffer)
    begins = [int(page.offsets[0]), *stop.tolist()]
    ends = [*start.tolist(), int(page.offsets[-1])]
    thin = b"".join([whole[a:b] for a, b in zip(begins, ends, strict=True)])
    gone = np.zeros(len(page.offsets), np.int64)
    np.add.at(gone, row + 1, stop - start)
    return thin, page.offsets - page.offsets[0] - np.cumsum(gone)


def _ranges(page: _Page, lines: _Lines, reasons: Sequence[Reason]) -> tuple[Ints, Ints, Ints, Ints]:
    """Return what goes: (text, first byte, last byte + 1, number of the reason), in order."""
    docs, first, counts = np.unique(lines.row, return_index=True, return_counts=True)
    low, high = np.searchsorted(page.breaks, page.offsets[np.stack((docs, docs + 1))])
    size = high - low + 1  # lines of each text
    odd = _has_blanks(page, docs, low, high)
    odd |= lines.line[first + counts - 1] >= size
    # Lines of which none below stays: the line end before goes with them.
    of = np.repeat(np.arange(len(docs)), counts)
    ends = np.repeat(first + counts, counts)
    last = lines.line + ends - np.arange(len(of)) == size[of]
    stays = size - np.bincount(of, last, len(docs)).astype(np.int64)  # lines above those
    begin, end = _bounds(page, docs[of], low[of], size[of], np.minimum(lines.line, size[of] - 1))
    bottom, _ = _bounds(page, docs, low, size, np.maximum(stays - 1, 0))
    odd |= (stays > 0) & (stays < size) & page.opens_with(bottom, "".join(sorted(ORNAMENTS)))
    start = np.where(last, np.maximum(begin - 1, page.offsets[docs[of]]), begin)
    stop = np.where(last, end, end + 1)
    plain = ~odd[of]
    found = [lines.row[plain], start[plain], stop[plain], lines.why[plain]]
    if not odd.any():
        return found[0], found[1], found[2], found[3]
    rows = [
        row
        for i in np.flatnonzero(odd).tolist()
        for row in _one_by_one(page, _Lines(*(x[of == i] for x in lines)), reasons)
    ]
    others = np.array(rows, np.int64).reshape(-1, 4).T
    row, start, stop, why = (np.concatenate(pair) for pair in zip(found, others, strict=True))
    order = np.argsort(row, kind="stable")
    return row[order], start[order], stop[order], why[order]


def _has_blanks(page: _Page, docs: Ints, low: Ints, high: Ints) -> NDArray[np.bool_]:
    """Say which texts may have blank lines: such a line begins with white space, or is empty."""
    spaces = page.opens_with(page.breaks + 1, _SPACES)
    before = np.concatenate(([0], np.cumsum(spaces)))
    first, end = page.offsets[docs], page.offsets[docs + 1]
    odd = (before[high] > before[low]) | page.opens_with(first, _SPACES) | (first == end)
    closing = page.data.take(np.maximum(end - 1, 0), mode="clip") == ord("\n")
    return np.asarray(odd | closing)


def _bounds(
    page: _Page, docs: Ints, low: Ints, size: Ints, line: Ints
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where lines begin and end, in bytes; `low`: the first line end of the text."""
    breaks = page.breaks if len(page.breaks) else np.zeros(1, np.int64)
    above = breaks.take(low + line - 1, mode="clip") + 1
    below = breaks.take(low + line, mode="clip")
    begin = np.where(line == 0, page.offsets[docs], above)
    return begin, np.where(line == size - 1, page.offsets[docs + 1], below)


def _one_by_one(
    page: _Page, lines: _Lines, reasons: Sequence[Reason]
) -> list[tuple[int, int, int, int]]:
    """Do the same for the lines of one text, whatever stands around them."""
    row = int(lines.row[0])
    first, end = page.offsets[row : row + 2].tolist()
    text = bytes(page.data[first:end]).decode()
    why = {reasons[n]: n for n in lines.why.tolist()}
    drops = {n: reasons[w] for n, w in zip(lines.line.tolist(), lines.why.tolist(), strict=True)}
    edits = removal(STAGE, page_of(text), drops)
    cuts = [0, *(at for edit in edits for at in (edit.start, edit.end))]
    sizes = [len(text[a:b].encode()) for a, b in pairwise(cuts)]
    places = (np.cumsum(sizes) + first).tolist()
    return [
        (row, places[2 * i], places[2 * i + 1], why[_reason(edit)]) for i, edit in enumerate(edits)
    ]


def _reason(edit: Edit) -> Reason:
    return Reason(edit.rule, edit.note)
