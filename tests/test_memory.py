"""What `decide` remembers changes no decision, and spares the reading of what was compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.dedup.decide import NEVER, CorpusArrays, Decisions, decide
from pipeline.dedup.features import features
from pipeline.dedup.memory import PAIR_DTYPE, Comparer, Memory
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.verdicts import GroupMemory
from pipeline.remembered import Remembered
from pipeline.store.files import save_rows
from pipeline.text.sketches.shadow import shadow_units
from tests.test_dedup import changed, cluster, prose, shingle_sets


def night(
    texts: list[str],
    memory: Memory,
    groups: GroupMemory | None = None,
    settled: NDArray[np.bool_] | None = None,
    options: DedupOptions = DedupOptions(),  # noqa: B008
) -> tuple[Decisions, set[int]]:
    """Return what is decided over all texts, and which of them were read."""
    found = features(texts, options)
    corpus = CorpusArrays(
        found.text_hash,
        found.length.astype(np.int64),
        np.ascontiguousarray(found.bands.T),
        np.zeros(len(texts), np.int64),
        np.full(len(texts), NEVER),
        settled=settled,
    )
    seen: set[int] = set()

    def read(ranks: NDArray[np.int64]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
        seen.update(ranks.tolist())
        return shadow_units([texts[rank] for rank in ranks])

    return decide(corpus, options, read, memory, groups), seen


def test_the_next_night_reads_only_what_is_new() -> None:
    texts = [form for seed in range(4) for form in (prose(seed), changed(prose(seed), 0.03))]
    first, read = night(texts, memory := Memory())
    assert read == set(range(8))
    again, read = night(texts, Memory(memory.to_remember()))
    assert not read
    assert again.gone.tolist() == first.gone.tolist()
    assert again.jaccard.tolist() == first.jaccard.tolist()
    more = [*texts, changed(prose(2), 0.02, seed=5)]
    later, read = night(more, Memory(memory.to_remember()))
    assert read == {4, 5, 8}
    assert cluster(later).tolist() == cluster(night(more, Memory())[0]).tolist()


FAMILIES = [
    [
        changed(prose(seed, 150), share, seed=n)
        for n, share in enumerate((0, 0.01, 0.02, 0.04, 0.06))
    ]
    for seed in range(4)
]


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_known_groups_end_as_those_that_are_compared(data: st.DataObject) -> None:
    every = data.draw(st.permutations([text for family in FAMILIES for text in family]))
    some = data.draw(st.lists(st.sampled_from(every), min_size=2, unique=True))
    settled = np.array(data.draw(st.lists(st.booleans(), min_size=len(every), max_size=len(every))))
    options = DedupOptions(max_anchors=data.draw(st.integers(1, 3)))
    before = GroupMemory()
    night(some, Memory(), before, settled[: len(some)], options)
    known = GroupMemory(*before.to_remember())
    later, _ = night(every, Memory(), known, settled, options)
    fresh, _ = night(every, Memory(), None, settled, options)
    again, read = night(every, Memory(), GroupMemory(*known.to_remember()), settled, options)
    assert not read
    for found in (later, again):
        for name in ("gone", "stays", "twin", "kind", "jaccard", "members", "root"):
            np.testing.assert_array_equal(getattr(found, name), getattr(fresh, name), name)
        assert (found.compared, found.uncompared) == (fresh.compared, fresh.uncompared)
        for one, other in zip(found.misses, fresh.misses, strict=True):
            np.testing.assert_array_equal(one, other)


def test_pairs_of_known_groups_are_still_known() -> None:
    texts = [form for seed in range(3) for form in (prose(seed), changed(prose(seed), 0.03))]
    night(texts, memory := Memory(), groups := GroupMemory())
    hashes = features(texts[2:], DedupOptions()).text_hash
    later = Memory(memory.to_remember())
    night(texts[2:], later, GroupMemory(*groups.to_remember()))
    assert len(later.to_remember(hashes)) == 2
    _, read = night(
        [*texts[2:], changed(texts[2], 0.01, seed=9)], Memory(later.to_remember(hashes))
    )
    assert read == {0, 1, 4}


@given(st.data())
def test_a_memory_of_some_pairs_answers_as_one_of_none(data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.text("甲乙丙", min_size=3, max_size=9), min_size=2, unique=True))
    hashes = np.arange(7, 7 + len(texts), dtype=np.uint64)[::-1].copy()
    pairs = st.lists(st.tuples(*[st.integers(0, len(texts) - 1)] * 2), min_size=1, max_size=9)
    known, asked = (np.array(data.draw(pairs)).T for _ in range(2))

    def compared(pairs: NDArray[np.int64], memory: Memory) -> list[list[int]]:
        def read(which: NDArray[np.int64]) -> object:
            return shingle_sets([texts[i] for i in which], 3)

        compare = Comparer(hashes, np.zeros(len(texts), np.int64), read, memory)  # type: ignore[arg-type]
        return [column.tolist() for column in compare.overlap(*pairs)]

    memory = Memory()
    compared(known, memory)
    assert compared(asked, Memory(memory.to_remember())) == compared(asked, Memory())


def test_a_torn_or_strange_file_is_as_good_as_none(tmp_path: Path) -> None:
    kept = Remembered(tmp_path, "program")
    kept.documents = Memory(np.zeros(3, PAIR_DTYPE))
    kept.documents.used.append(np.zeros(3, PAIR_DTYPE))
    kept.save()
    assert len(Remembered(tmp_path, "program").documents.known) == 1
    path = tmp_path / "decide/program/documents.rows"
    whole = path.read_bytes()
    for content in (whole[:-5], whole[:-1] + b"\1", b"", whole[:3], b"strange" * 99):
        path.write_bytes(content)
        assert not len(Remembered(tmp_path, "program").documents.known)
    save_rows(path, np.zeros(2))
    assert not len(Remembered(tmp_path, "program").documents.known)
    Remembered(tmp_path, "another").save()
    assert [folder.name for folder in (tmp_path / "decide").iterdir()] == ["another"]
