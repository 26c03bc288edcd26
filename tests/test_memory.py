"""What `decide` remembers changes no decision, and spares the reading of what was compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.dedup.decide import NEVER, CorpusArrays, Decisions, decide
from pipeline.dedup.features import features
from pipeline.dedup.memory import PAIR_DTYPE, Comparer, Memory
from pipeline.dedup.options import DedupOptions
from pipeline.dedup.verify import shingle_sets
from pipeline.remembered import Remembered
from pipeline.text.shadow import shadow_units
from tests.test_dedup import changed, prose


def night(texts: list[str], memory: Memory) -> tuple[Decisions, set[int]]:
    """Return what is decided over all texts, and which of them were read."""
    options = DedupOptions()
    found = features(texts, options)
    corpus = CorpusArrays(
        found.text_hash,
        found.length.astype(np.int64),
        np.ascontiguousarray(found.bands.T),
        np.zeros(len(texts), np.int64),
        np.full(len(texts), NEVER),
    )
    seen: set[int] = set()

    def read(ranks: NDArray[np.int64]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
        seen.update(ranks.tolist())
        return shadow_units([texts[rank] for rank in ranks])

    return decide(corpus, options, read, memory), seen


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
    assert later.cluster.tolist() == night(more, Memory())[0].cluster.tolist()


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
    path = tmp_path / "decide/program/documents.npy"
    for content in (path.read_bytes()[:-5], b"", b"\x93NUMPY\x01\x00", b"strange" * 99):
        path.write_bytes(content)
        assert not len(Remembered(tmp_path, "program").documents.known)
    np.save(path, np.zeros((2, 2)))
    assert not len(Remembered(tmp_path, "program").documents.known)
    Remembered(tmp_path, "another").save()
    assert [folder.name for folder in (tmp_path / "decide").iterdir()] == ["another"]
