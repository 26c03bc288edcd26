"""Which documents go, and which must not: on made text of known similarity."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup import candidates, groups, paragraphs
from pipeline.dedup import decide as decide_module
from pipeline.dedup.bands import linked
from pipeline.dedup.clusters import Forest
from pipeline.dedup.columns import StoredColumns, halves, shortened, whole
from pipeline.dedup.decide import EXACT, NEVER, CorpusArrays, Decisions, decide
from pipeline.dedup.features import features
from pipeline.dedup.memory import Memory
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.spread import Ranks
from pipeline.dedup.verdicts import GroupMemory
from pipeline.dedup.verify import Overlap, ShingleSets, judge, overlaps, smallest, unit_sets
from pipeline.text.sketches.shadow import Units, shadow, shadow_units

# Level 1 of GB 2312: what no stage converts.
COMMON = "".join(bytes((0xB0 + i // 94, 0xA1 + i % 94)).decode("gb2312") for i in range(3755))


def prose(seed: int, length: int = 600) -> str:
    """Return text of common characters that shares nothing with that of another seed."""
    text = "".join(COMMON[i] for i in np.random.default_rng(seed).integers(0, 3755, length))
    return "。".join(text[i : i + 20] for i in range(0, length, 20))


def changed(text: str, share: float, seed: int = 0) -> str:
    """Return the text with a share of its characters replaced."""
    generator = np.random.default_rng(seed)
    fresh = prose(seed + 10_000, len(text))
    hit = generator.random(len(text)) < share
    return "".join(f if h else c for c, f, h in zip(text, fresh, hit, strict=False))


def shingle_sets(shadows: Sequence[str], ngram: int) -> ShingleSets:
    """Return the sets of the shingles of texts that are their own shadows."""
    starts = np.cumsum([0, *map(len, shadows)])
    return unit_sets(np.array([ord(c) for c in "".join(shadows)], np.uint16), starts, ngram)


def cluster(decisions: Decisions) -> Ranks:
    """Return for each document the name of its cluster, -1 where it matches no other."""
    names = np.full(decisions.n, -1, np.int64)
    names[decisions.members] = decisions.root
    return names


def arrays_of(texts: Sequence[str], options: DedupOptions, **arrays: Any) -> CorpusArrays:
    n = len(texts)
    found = features(texts, options)
    return CorpusArrays(
        found.text_hash,
        found.length.astype(np.int64),
        np.ascontiguousarray(found.bands.T),
        arrays.pop("damage", np.zeros(n, np.int64)),
        arrays.pop("published_at", np.full(n, NEVER)),
        **arrays,
    )


def run(texts: Sequence[str], options: DedupOptions | None = None, **arrays: Any) -> Decisions:
    options = options or DedupOptions()
    corpus = arrays_of(texts, options, **arrays)
    return decide(corpus, options, lambda ranks: shadow_units([texts[i] for i in ranks]))


A, B = prose(1), prose(2)


@pytest.mark.parametrize(
    "copy",
    [
        A,
        A.replace("。", "．"),
        "新华社北京一月二日电　记者张三\n" + A + "\n责任编辑：李四",
        A + "\n" + prose(3, 100),
        A[: int(len(A) * 0.6)],
        changed(A, 0.03),
    ],
    ids=["same", "width", "byline", "paragraph", "truncated", "edited"],
)
def test_copies_are_found(copy: str) -> None:
    decisions = run([A, copy, B])
    assert decisions.kept.tolist().count(False) == 1
    assert decisions.kept[2]
    assert cluster(decisions).tolist() == [0, 0, -1]
    gone = int(np.flatnonzero(~decisions.kept)[0])
    assert decisions.stays.tolist() == decisions.twin.tolist() == [1 - gone]
    assert len(decisions.gone) == 1


def test_short_texts_cut_to_60_percent_are_found() -> None:
    whole = [prose(seed, 220) for seed in range(3000, 3200)]
    decisions = run([*whole, *(text[: int(len(text) * 0.6)] for text in whole)])
    assert np.flatnonzero(decisions.kept).tolist() == list(range(200))


def test_scripts_meet() -> None:
    opencc = pytest.importorskip("opencc")
    text = "槐荫区着力发展现代产业体系，" * 3 + prose(7)
    assert run([text, opencc.OpenCC("s2tw").convert(text)]).kind.tolist().count(EXACT) == 1


def test_what_is_not_a_copy_stays() -> None:
    form = [prose(seed, 60) for seed in range(20, 26)]
    dispatches = ["".join(f + prose(100 * k + i, 40) for i, f in enumerate(form)) for k in range(4)]
    quoting = prose(30) + A[:200] + prose(31)
    decisions = run([*dispatches, A, quoting, "", "短文", "短"])
    assert decisions.kept.all()
    assert (cluster(decisions) == -1).all()


def test_short_and_empty_texts_by_exact_hash_only() -> None:
    decisions = run(["短文一则", "短文一则。", "短文二则", "", "", "。"])
    assert decisions.kept.tolist() == [True, False, True, True, False, False]


@pytest.mark.parametrize(
    ("arrays", "stays"),
    [
        ({}, 1),  # longest
        ({"damage": np.array([0, 1, 0])}, 2),  # fewest marks, then longest
        ({"damage": np.array([0, 1, 1])}, 0),
        ({"settled": np.array([True, False, False])}, 0),
    ],
)
def test_survivor(arrays: dict[str, Any], stays: int) -> None:
    decisions = run([A, A + prose(5, 60), A + prose(6, 40)], **arrays)
    assert np.flatnonzero(decisions.kept).tolist() == [stays]


def test_earliest_then_smallest_key() -> None:
    assert run([A, A, A], published_at=np.array([5, 3, NEVER])).kept.tolist() == [
        False,
        True,
        False,
    ]
    assert run([A, A, A]).kept.tolist() == [True, False, False]


def test_settled_documents_stay_side_by_side_and_newcomers_go() -> None:
    near = changed(A, 0.01)
    decisions = run([near, A, A], settled=np.array([True, True, False]))
    assert decisions.kept.tolist() == [True, True, False]


def test_scope() -> None:
    assert run([A, A, changed(A, 0.01)], scope=np.array([0, 1, 1])).kept.sum() == 2
    assert run([A, A, changed(A, 0.01)], scope=np.array([0, 1, 2])).kept.all()


@pytest.mark.parametrize(("exact", "near", "gone"), [(0, 0, 0), (1, 0, 1), (0, 1, 2), (1, 1, 2)])
def test_switches(exact: int, near: int, gone: int) -> None:
    options = DedupOptions(exact=bool(exact), near=bool(near))
    assert (~run([A, A, changed(A, 0.01)], options).kept).sum() == gone


def test_the_copy_of_a_copy_goes_but_a_chain_does_not_drift() -> None:
    blocks = [prose(seed, 100) for seed in range(40, 60)]
    chain = ["".join(blocks[k : k + 10]) for k in range(10)]
    decisions = run(chain)
    assert len(set(cluster(decisions).tolist())) == 1  # each matches its neighbours
    assert decisions.kept.sum() > 1
    sets = shingle_sets(shadow(chain), 5)
    gone = np.flatnonzero(~decisions.kept)
    for other, least in ((decisions.twin, 0.7), (decisions.stays, 0.5)):
        assert (overlaps(sets, gone, other).jaccard >= least - 0.02).all()
    assert decisions.kept[decisions.stays].all()


def test_all_pairs_of_a_group_are_compared_up_to_its_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once each, at the limit too."""
    blocks = [prose(seed, 100) for seed in range(40, 60)]
    chain = ["".join(blocks[k : k + 10]) for k in range(10)]
    every = run(chain)
    monkeypatch.setattr(groups, "SMALL", len(chain))
    at_limit = run(chain)
    assert every.compared == at_limit.compared
    assert np.array_equal(every.gone, at_limit.gone)


def test_what_lies_in_a_copy_goes_with_it() -> None:
    """Copies of one short text, the longest of them with a paragraph more than half as long."""
    text = prose(61, 150)
    part, signed = text[:90], "某社北京一月二日电记者张三李四报道" + text
    decisions = run([text, text + prose(62, 110), signed, part])
    assert np.flatnonzero(decisions.kept).tolist() == [1]
    far = text + prose(63, 500)  # that a text of a fifth of its length lies in it is quotation
    assert run([far, part]).kept.all()


def test_exact_copies_share_the_fate_of_their_twin() -> None:
    near = changed(A, 0.02)[: len(A) - 20]
    decisions = run([near, near, A])
    assert (decisions.gone.tolist(), decisions.stays.tolist()) == ([0, 1], [2, 2])


def test_a_flood_is_linear_and_its_cap_is_told() -> None:
    core = prose(70, 300)
    texts = [core + prose(1000 + k, 330) for k in range(300)]  # J about .3: nothing matches
    options = DedupOptions(rows=2, passages=0, max_anchors=4)
    decisions = run(texts, options)
    assert decisions.kept.all()
    assert decisions.uncompared > 250
    assert decisions.compared < 300 * (4 + decide_module._REACH * options.bands)
    copies = [changed(core, 0.01, seed) for seed in range(300)]
    decisions = run(copies)
    assert decisions.kept.sum() <= 2
    assert decisions.compared < 600


def of_a_kind(count: int) -> list[str]:
    """Return texts made of the same 60 clauses: two of them have a Jaccard of .2 or so."""
    pool = [prose(seed, 20) for seed in range(5000, 5060)]
    draw = np.random.default_rng(1)
    return ["".join(pool[i] for i in draw.permutation(60)[:20]) for _ in range(count)]


def test_what_chance_holds_together_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = of_a_kind(150)
    texts += [changed(text, 0.02, seed) for seed, text in enumerate(texts[:40])]
    options = DedupOptions(rows=4, max_anchors=8)
    decisions = run(texts, options)
    sets = shingle_sets(shadow(texts), options.ngram)
    left, right = np.triu_indices(len(texts), 1)
    true = overlaps(sets, left, right).jaccard >= options.jaccard
    assert true.sum() == 40
    assert np.array_equal(np.sort(right[true]), decisions.gone)
    assert decisions.uncompared == 0

    capped = run(texts, replace(options, max_anchors=1))
    assert capped.uncompared > 100
    monkeypatch.setattr(decide_module, "thinned", lambda *given: given[:2])
    together = run(texts, options)
    assert together.uncompared > 100
    assert together.compared > 5 * decisions.compared


def test_a_night_reads_no_text_of_pairs_that_chance_made() -> None:
    texts, options = of_a_kind(150), DedupOptions(rows=4)
    memory = Memory()
    arrays = arrays_of(texts, options)
    first = decide(arrays, options, lambda r: shadow_units([texts[i] for i in r]), memory)
    again = Memory(memory.to_remember(arrays.text_hash))

    def read(ranks: Ranks) -> tuple[Units, Ranks]:
        raise AssertionError(f"{len(ranks)} texts are read again")

    second = decide(arrays, options, read, again, GroupMemory())
    assert np.array_equal(first.gone, second.gone)


def test_the_smallest_hashes_tell_the_overlap() -> None:
    texts = of_a_kind(20)
    texts += [changed(text, 0.05, seed) for seed, text in enumerate(texts)]
    sets = shingle_sets(shadow(texts), 5)
    left, right = np.triu_indices(len(texts), 1)
    told = overlaps(smallest(sets, 128), left, right).jaccard
    assert np.abs(told - overlaps(sets, left, right).jaccard).max() < 0.2
    few = smallest(sets, 1 << 20)
    assert np.array_equal(few.words, sets.words)
    assert np.array_equal(few.bounds, sets.bounds)


def test_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [changed(prose(k % 9), 0.02 * (k % 4), k) for k in range(60)]
    whole = run(texts)
    monkeypatch.setattr(decide_module, "_BATCH_UNITS", 1)
    monkeypatch.setattr(candidates, "_PARTITION", 16)
    cut = run(texts)
    assert (~whole.kept).sum() > 20
    for name in ("gone", "stays", "twin", "kind", "jaccard", "members", "root"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name)), name


def test_a_group_too_large_for_the_memory_is_decided_in_slices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [changed(prose(k % 2, 400), 0.01, k) for k in range(80)]
    whole = run(texts, DedupOptions(rows=1))
    monkeypatch.setattr(decide_module, "_SLICE_UNITS", 2000)
    sliced = run(texts, DedupOptions(rows=1))
    assert whole.kept.sum() == sliced.kept.sum() == 2
    assert np.array_equal(whole.gone, sliced.gone)
    assert np.array_equal(whole.root, sliced.root)
    assert sliced.kept[sliced.stays].all()


@pytest.mark.parametrize(
    ("shared", "left", "right", "near", "contained", "follows"),
    [
        (7, 8, 9, True, False, True),  # a Jaccard of .7
        (69, 80, 89, False, False, True),
        (9, 10, 20, False, True, False),  # nine tenths of a half
        (9, 20, 10, False, True, True),
        (9, 10, 21, False, False, False),
        (9, 40, 10, False, False, True),  # of a quarter: half of a half
        (9, 41, 10, False, False, False),
        (10, 15, 15, False, False, True),  # the floor, .5
        (9, 15, 14, False, False, False),
    ],
)
def test_verdicts_at_their_bounds(
    shared: int, left: int, right: int, near: bool, contained: bool, follows: bool
) -> None:
    sizes = [np.array([n]) for n in (shared, left, right)]
    for apart in (False, True):
        found = judge(Overlap(sizes[0], sizes[1], sizes[2], np.array([apart])), DedupOptions())
        verdicts = found.near[0], found.contained[0], found.follows[0]
        assert verdicts == ((False,) * 3 if apart else (near, contained, follows))


def test_no_documents() -> None:
    assert run([]).kept.size == 0


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_forest_finds_the_components(links: list[tuple[int, int]]) -> None:
    forest = Forest(20)
    pairs = np.array(links, np.int64).reshape(-1, 2)
    forest.link(pairs[:, 0], pairs[:, 1])
    group = list(range(20))
    for a, b in links:
        low, high = sorted((group[a], group[b]))
        group = [low if g == high else g for g in group]
    assert forest.roots(np.arange(20)).tolist() == group


@settings(max_examples=50)
@given(st.lists(st.text("甲乙丙", max_size=30), min_size=1, max_size=6))
def test_overlaps_are_those_of_sets(texts: list[str]) -> None:
    sets = shingle_sets(texts, 3)
    grams = [{t[i : i + 3] for i in range(len(t) - 2)} for t in texts]
    assert sets.sizes.tolist() == [len(g) for g in grams]
    left, right = np.triu_indices(len(texts))
    expect = [len(grams[i] & grams[j]) for i, j in zip(left, right, strict=True)]
    assert overlaps(sets, left, right).shared.tolist() == expect


def test_stored_columns_are_those_of_the_files_in_order(tmp_path: Path) -> None:
    stored = np.arange(40, dtype=np.uint64).reshape(10, 4) << np.uint64(24)
    paths = [(tmp_path / f"{name}.npy", tmp_path / f"{name}_low.npy") for name in "ab"]
    for pair, rows in zip(paths, (stored[:6], stored[6:]), strict=True):
        for path, half in zip(pair, halves(rows), strict=True):
            np.save(path, np.asfortranarray(half))
    order = np.array([9, 0, 3, 7])
    columns = StoredColumns(paths, order)
    columns.replace(np.array([1]), np.full((1, 4), 99 << 24, np.uint64))
    assert len(columns) == 4
    assert (columns[2] >> np.uint64(24)).tolist() == [38, 99, 14, 30]
    assert (columns.of(np.array([1, 3]))[0] >> np.uint64(24)).tolist() == [99, 28]
    linked(columns[2])
    assert (columns[2] >> np.uint64(24)).tolist() == [38, 99, 14, 30]


@given(st.lists(st.integers(0, (1 << 64) - 1), max_size=9))
def test_of_a_hash_forty_bits_are_stored(values: list[int]) -> None:
    hashes = np.array([*values, 0, 1, 1 << 24], np.uint64)
    short = whole([halves(hashes)])
    assert np.array_equal(short, shortened(hashes))
    assert np.array_equal(short == 0, hashes == 0)
    large = hashes >= 1 << 24
    assert np.array_equal(short[large], hashes[large] >> np.uint64(24) << np.uint64(24))


class Shelf:
    """Texts that another process may read."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.stored = list(texts)

    def __call__(self, ranks: Ranks) -> tuple[Units, Ranks]:
        return shadow_units([self.stored[rank] for rank in ranks.tolist()])

    def of(self, ranks: Ranks) -> Shelf:
        return Shelf([self.stored[rank] for rank in ranks.tolist()])


def test_other_processes_decide_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small groups and a crowd whose members are neighbours in a bucket, in jobs of any order."""
    crowd = [changed(A, 0.004 * (k % 9), seed=k) for k in range(60)]
    small = [changed(prose(k % 30 + 40), 0.02 * (k // 30), seed=k) for k in range(90)]
    texts = [*crowd, *small, A]
    count = 0

    def elsewhere(task: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[tuple[int, Any]]:
        nonlocal count
        for number, job in reversed(list(enumerate(jobs))):
            count += 1
            yield number, pickle.loads(pickle.dumps(task(pickle.loads(pickle.dumps(job)))))

    options = DedupOptions()
    corpus = arrays_of(texts, options)
    memories = [(Memory(), GroupMemory()) for _ in range(2)]
    here = decide(corpus, options, Shelf(texts), *memories[0])
    monkeypatch.setattr("pipeline.dedup.decide._ALONE", 3000)
    there = decide(corpus, options, Shelf(texts), *memories[1], elsewhere)
    assert count > 5
    assert len(here.gone) > 50
    for name in ("gone", "stays", "twin", "kind", "jaccard", "members", "root"):
        assert np.array_equal(getattr(here, name), getattr(there, name)), name
    assert (here.compared, here.uncompared) == (there.compared, there.uncompared)
    for one, other in zip(here.misses, there.misses, strict=True):
        assert np.array_equal(one, other)
    (pairs, groups), (more_pairs, more_groups) = memories
    assert np.array_equal(pairs.to_remember(), more_pairs.to_remember())
    for one, other in zip(groups.to_remember(), more_groups.to_remember(), strict=True):
        assert one.tobytes() == other.tobytes()


@given(st.lists(st.lists(st.tuples(*[st.integers(0, 9)] * 5), max_size=8), max_size=4),
       st.integers(1, 9))  # fmt: skip
def test_paragraphs_that_have_a_value_in_common_whatever_the_partition(
    parts: list[list[tuple[int, ...]]], size: int
) -> None:
    stored = [np.zeros(len(part), paragraphs.PARAGRAPH_DTYPE) for part in parts]
    for records, part in zip(stored, parts, strict=True):
        wide = np.array(part, np.uint64).reshape(-1, 5) * np.uint64(0x1C71C71C71C71C71)
        records["hash"], records["passages"] = wide[:, 0], wide[:, 1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paragraphs, "_PARTITION", size)
        patch.setattr(paragraphs, "_FEW", 0)
        found = paragraphs.may_be_shared(stored, [np.arange(len(part)) for part in parts])
    flat = [set(row) - {0} for part in parts for row in part]
    expected = [any(a & b for b in flat[:i] + flat[i + 1 :]) for i, a in enumerate(flat)]
    starts = np.cumsum([0, *map(len, parts)])
    rows = [
        row + start for some, start in zip(found, starts.tolist(), strict=False) for row in some
    ]
    assert rows == np.flatnonzero(expected).tolist()
