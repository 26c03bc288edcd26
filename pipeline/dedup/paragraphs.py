"""Long paragraphs that an earlier document has as well: quotation or copy, for the user to weigh.

Cleaning leaves a record of each paragraph of `paragraph_chars` or more. Of equal ones the first
stays by itself; of the others, those that share a passage are looked at, those of them whose prints
are close are read again, and exact overlap decides.

A passage of 20 characters is a set phrase as often as not: over 400 MB, three million pairs share
one and twenty are alike. Their prints, 64 bits each, tell that apart without reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.candidates import READ_UNITS, recurring_words
from pipeline.dedup.clusters import Forest
from pipeline.dedup.memory import Memory
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.order import stable_order
from pipeline.dedup.passages import passages
from pipeline.dedup.signature import span_hashes
from pipeline.dedup.sketch import furthest, prints
from pipeline.dedup.spread import Portable, Spread, Texts, in_turn
from pipeline.dedup.verify import Overlap, overlaps, unit_sets
from pipeline.runs import begins, portions, runs
from pipeline.text.longlines import lines_of
from pipeline.text.sketches.longshadow import shadows
from pipeline.text.sketches.shadow import Units
from pipeline.text.sketches.shingles import Hashes

Ranks = NDArray[np.int64]
_PASSAGES, _WIDTH = 4, 20  # one substitution spoils a fifth of a paragraph's passages
NGRAM = 5
_FEW = 1 << 20  # paragraphs: 60 MB
_PARTITION = 1 << 25  # values sorted at a time: 256 MB
_PIECE = 1 << 24  # passages sorted at a time when pairs are looked for: 128 MB
_REACH = 32
"""Of the paragraphs with one passage each is compared with so many less one before it in time: with
all, where a passage is no formula; and copies of which there are thousands have each other."""
_BATCH, _BATCH_UNITS = 1 << 14, 1 << 23  # pairs, and shadow characters of documents, read at a time

PARAGRAPH_DTYPE = np.dtype(
    [
        ("owner", "<i4"),
        ("line", "<i4"),
        ("hash", "<u8"),
        ("print", "<u8"),
        ("passages", "<u8", (_PASSAGES,)),
    ]
)
"""A paragraph: row of its document, number of its line, hash of its shadow, print, passages."""


def paragraph_records(
    units: Units, hashes: NDArray[np.uint32], starts: Ranks, ends: Ranks
) -> NDArray[Any]:
    """Return the records of the paragraphs `units[starts[i]:ends[i]]`; not yet where they are.

    `hashes`: those of NGRAM units that begin at each place.
    """
    records = np.zeros(len(starts), PARAGRAPH_DTYPE)
    if len(starts):
        records["hash"] = span_hashes(units, starts, ends)
        records["print"] = prints(hashes, starts, np.maximum(ends - NGRAM + 1, starts))
        records["passages"] = passages(units, hashes, starts, ends, _PASSAGES, _WIDTH)
    return records


def may_be_shared(
    parts: Sequence[NDArray[Any]], rows: Sequence[NDArray[np.intp]]
) -> list[NDArray[np.intp]]:
    """Return of each part those of the `rows` whose hash, or a passage of which, others have too.

    A range of values at a time, so that memory does not grow with the corpus; of hashes of 64 bits
    the number of the paragraph takes the lowest, and what meets by chance is told apart later. Few
    are all held, as looking for those that meet costs as much as what it spares.
    """
    starts = np.cumsum([0, *map(len, rows)])
    total = int(starts[-1])
    if total <= _FEW:
        return list(rows)
    mask = np.uint64((1 << max(total.bit_length(), 1)) - 1)
    pieces = max(1, total * (_PASSAGES + 1) // _PARTITION)
    edges = [(piece << 64) // pieces for piece in range(pieces)] + [1 << 64]
    found = np.zeros(total, bool)
    for low, high in pairwise(edges):
        words = [np.zeros(0, np.uint64)]
        for part, mine, first in zip(parts, rows, starts.tolist(), strict=False):
            numbers = np.arange(first, first + len(mine), dtype=np.uint64)
            for values in (part["hash"], *part["passages"].T):
                words.append(_ranged(values[mine], numbers, (low, high), mask))
        found[recurring_words(np.concatenate(words), mask)[1]] = True
    return [mine[found[a:b]] for mine, (a, b) in zip(rows, pairwise(starts.tolist()), strict=True)]


def _ranged(values: Hashes, numbers: Hashes, bounds: tuple[int, int], mask: np.uint64) -> Hashes:
    """Return the values, but 0, from the lower bound to before the upper, each with its number."""
    low, high = max(bounds[0], 1), bounds[1] - 1
    inside = values != 0 if high - low > 1 << 63 else (values >= low) & (values <= high)
    if not inside.all():
        values, numbers = values[inside], numbers[inside]
    return (values & ~mask) | numbers


@dataclass(frozen=True, slots=True)
class Shared:
    """m paragraphs that an earlier document has, sorted by document and line.

    `rank`, `line` int64 (m,): where; `hash` uint64 (m,) of the shadow; `twin` int64 (m,): rank of
    the earlier document; `jaccard` float64 (m,). `uncompared`: paragraphs without a twin that were
    not compared with all that share a passage with them.
    """

    rank: Ranks
    line: Ranks
    hash: NDArray[np.uint64]
    twin: Ranks
    jaccard: NDArray[np.float64]
    uncompared: int = 0


def shared_paragraphs(
    records: NDArray[Any],
    ranks: Ranks,
    place: Ranks,
    length: Ranks,
    options: DedupOptions,
    texts: Texts,
    memory: Memory | None = None,
    spread: Spread | None = None,
) -> Shared:
    """Return the paragraphs that stand in an earlier document too.

    `ranks` int64 (k,): the document of each record. For each document, `place` int64 (n,): its
    place in the order of time, the earliest first; `length` (n,): characters of its shadow.
    """
    when = place[ranks].astype(np.uint64) << np.uint64(32) | records["line"].astype(np.uint64)
    by_time = stable_order(when)
    equal, first = _equal(records["hash"][by_time])
    distinct = np.delete(by_time, equal)
    equal, first = by_time[equal], by_time[first]
    same = ranks[equal] != ranks[first]  # twice in one document is not our affair
    left, right, crowded = _near_pairs(records, ranks, distinct, options)
    memory = memory or Memory()
    overlap = _compared(records, ranks, (left, right), length, texts, memory, spread)
    # Of pairs of one form with other numbers it is 0.
    jaccard = overlap.jaccard * ~(overlap.apart & options.same_numbers)
    match = jaccard >= options.paragraph_jaccard
    best = _best(left[match], right[match], jaccard[match], place[ranks])
    later = np.concatenate((equal[same], best[1]))
    earlier = np.concatenate((first[same], best[0]))
    values = np.concatenate((np.ones(int(same.sum())), best[2]))
    unmet = np.zeros(len(records), bool)
    unmet[crowded] = True
    unmet[later] = False
    by_place = np.lexsort((records["line"][later], ranks[later]))
    later, earlier = later[by_place], earlier[by_place]
    return Shared(
        ranks[later],
        records["line"][later].astype(np.int64),
        records["hash"][later],
        ranks[earlier],
        values[by_place],
        int(np.count_nonzero(unmet)),
    )


def _equal(hashes: Hashes) -> tuple[Ranks, Ranks]:
    """Return the places of the hashes that stand at an earlier place too, and the first of each."""
    mask = np.uint64((1 << max(len(hashes).bit_length(), 1)) - 1)
    words = (hashes & ~mask) | np.arange(len(hashes), dtype=np.uint64)
    places = recurring_words(words, mask)[1].astype(np.int64)
    places = places[np.argsort(hashes[places], kind="stable")]  # nearly in order: one pass
    full = hashes[places]
    fresh = np.concatenate(([True], full[1:] != full[:-1]))[: len(full)]
    first = places[np.flatnonzero(fresh)][np.cumsum(fresh) - 1]
    return places[~fresh], first[~fresh]


def _near_pairs(
    records: NDArray[Any], ranks: Ranks, distinct: Ranks, options: DedupOptions
) -> tuple[Ranks, Ranks, Ranks]:
    """Return the pairs of two documents' paragraphs that share a passage and may be alike.

    `distinct`: the paragraphs in the order of time; of each pair the earlier comes first. And those
    that share a passage with more than they are compared with.
    """
    prints_, owners = records["print"][distinct], ranks[distinct]
    bits = furthest(options.paragraph_jaccard)
    found = [np.zeros(0, np.uint64)]
    crowded = np.zeros(len(distinct), bool)
    for heads, numbers in _buckets(records["passages"][distinct]):
        far = heads[_REACH:] == heads[:-_REACH]
        crowded[numbers[_REACH:][far]] = True
        for earlier, later in _close(heads, numbers, prints_, bits):
            apart = owners[earlier] != owners[later]
            found.append((earlier[apart] << np.uint64(32)) | later[apart])
    left, right = _ends(np.unique(np.concatenate(found)))
    return distinct[left], distinct[right], distinct[crowded]


def _close(
    heads: Hashes, numbers: Hashes, prints_: Hashes, bits: int
) -> Iterator[tuple[Hashes, Hashes]]:
    """Yield the pairs of numbers of one bucket, less than _REACH apart, whose prints are close.

    All neighbours are compared, of one bucket or not: of six million pairs, laid side by side, that
    takes a third of the time of looking up those of one bucket.
    """
    print_ = prints_[numbers]
    _, sizes = runs(heads)
    size = np.repeat(sizes, sizes)
    for apart in range(1, _REACH):
        if apart & (apart - 1) == 0:  # of smaller buckets all have been compared
            left = size > apart
            columns: tuple[NDArray[Any], ...] = heads, numbers, print_, size
            heads, numbers, print_, size = (column[left] for column in columns)
        close = np.flatnonzero(np.bitwise_count(print_[:-apart] ^ print_[apart:]) <= bits)
        close = close[heads[close] == heads[close + apart]]
        yield numbers[close], numbers[close + apart]


def _buckets(columns: NDArray[np.uint64]) -> Iterator[tuple[Hashes, Hashes]]:
    """Yield (hash, number) of the passages uint64 (m, count) that recur, some hashes at a time."""
    mask = np.uint64((1 << max(len(columns).bit_length(), 1)) - 1)
    pieces = columns.size // _PIECE + 1
    edges = [(piece << 64) // pieces for piece in range(pieces)] + [1 << 64]
    every = np.arange(len(columns), dtype=np.uint64)
    for bounds in pairwise(edges):
        words = [_ranged(hashes, every, bounds, mask) for hashes in columns.T]
        yield recurring_words(np.concatenate(words), mask)


def _ends(pairs: Hashes) -> tuple[Ranks, Ranks]:
    low = np.uint64(0xFFFFFFFF)
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & low).astype(np.int64)


class _Job(NamedTuple):
    """Pairs of paragraphs to compare: `left`, `right` are places among k paragraphs.

    Of each paragraph its `line` and `owner`, a place among documents, of which `texts` gives the
    texts and `length` tells the characters.
    """

    left: Ranks
    right: Ranks
    line: NDArray[np.int32]
    owner: Ranks
    length: Ranks
    texts: Texts


def compared(job: _Job) -> Overlap:
    """Return how many shingles each pair of paragraphs shares: a task."""
    documents, of = np.unique(job.owner, return_inverse=True)
    chosen = [""] * len(job.line)
    places = np.split(np.argsort(of, kind="stable"), np.cumsum(np.bincount(of))[:-1])
    for some in portions(job.length[documents], READ_UNITS):
        for mine, text in zip(places[some], job.texts(documents[some]), strict=True):
            split = lines_of(text)
            for place in mine.tolist():
                chosen[place] = split[job.line[place]]
    return overlaps(unit_sets(*shadows(chosen), NGRAM), job.left, job.right)


def _compared(
    records: NDArray[Any],
    ranks: Ranks,
    pairs: tuple[Ranks, Ranks],
    length: Ranks,
    texts: Texts,
    memory: Memory,
    spread: Spread | None,
) -> Overlap:
    """Return how many shingles each pair of paragraphs shares."""
    left, right = pairs
    hashes = records["hash"]

    def compare(fresh: Ranks) -> Overlap:
        of_job = list(_together(ranks[left[fresh]], ranks[right[fresh]], length))
        batches = [fresh[rows] for rows in of_job]
        away = len(batches) > 1 and isinstance(texts, Portable)

        def job(rows: Ranks) -> _Job:
            both = np.concatenate((left[rows], right[rows]))
            some, inverse = np.unique(both, return_inverse=True)
            documents, owner = np.unique(ranks[some], return_inverse=True)
            first, second = np.split(inverse, 2)
            mine = _some(texts, documents, away)
            return _Job(first, second, records["line"][some], owner, length[documents], mine)

        shared, ours, theirs = np.empty((3, len(fresh)), np.int64)
        out = Overlap(shared, ours, theirs, np.empty(len(fresh), bool))
        run = spread if spread is not None and away else in_turn
        for number, found in run(compared, map(job, batches)):
            for column, values in zip(out, found, strict=True):
                column[of_job[number]] = values
        return out

    return memory.overlap(hashes[left], hashes[right], compare)


def _some(texts: Texts, documents: Ranks, away: bool) -> Texts:
    """Return what gives the texts of some documents, by their places."""
    if away and isinstance(texts, Portable):
        some: Texts = texts.of(documents)
        return some
    return lambda places: texts(documents[places])


def _together(left: Ranks, right: Ranks, length: Ranks) -> Iterator[Ranks]:
    """Yield the rows of pairs of documents batch by batch, so that few are read more than once.

    Documents that pairs connect stand together.
    """
    documents, numbers = np.unique(np.concatenate((left, right)), return_inverse=True)
    forest = Forest(len(documents))
    forest.link(*np.split(numbers, 2))
    rows = np.lexsort((right, left, forest.roots(numbers[: len(left)])))
    seen = np.stack((left[rows], right[rows]), axis=1).ravel()
    size = np.zeros(len(seen), np.int64)
    size[np.unique(seen, return_index=True)[1]] = length[documents]
    total = np.cumsum(size.reshape(-1, 2).sum(axis=1))
    at = 0
    while at < len(rows):
        before = int(total[at - 1]) if at else 0
        to = int(np.searchsorted(total, before + _BATCH_UNITS, "right"))
        to = min(max(to, at + 1), at + _BATCH)
        yield rows[at:to]
        at = to


def _best(
    earlier: Ranks, later: Ranks, jaccard: NDArray[np.float64], place: Ranks
) -> tuple[Ranks, Ranks, NDArray[np.float64]]:
    """Of several earlier twins keep the earliest."""
    order = np.lexsort((earlier, place[earlier], later))
    later = later[order]
    fresh = begins(later)
    return earlier[order][fresh], later[fresh], jaccard[order][fresh]
