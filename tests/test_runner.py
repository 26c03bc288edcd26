"""The runner: what a stage is given, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import Document, Edit, PackedEdits, replay
from pipeline.stages import registry
from pipeline.stages.base import CHAPTERS, PARAGRAPHS, Stage
from pipeline.stages.pieces import pieces
from pipeline.stages.runner import compile_stages, run_stages
from tests.hostile import prose

# Each line has something for each of the stages that may see a text piece by piece.
LINES = [
    "锟介」鐩繘搴﹁〃,,昨天上午，会议在市民中心召开。",
    "進(jìn)行(xíng)了工(gōng)作(zuò)討(tǎo)論(lùn),,與會代表都發言。",
    "Ａ１２３　\u200b說明：⼀切如常. 他说:好(的)!",
    "这一行没有什么可改的地方，它应当原样留下来。",
]
# A book: paragraphs between which it may be cut, with something for each stage that weighs a text.
BOOK = [prose(f"book-{number}", 4) for number in range(90)]
BOOK[25:25] = [BOOK[23], "会议还讨论了秋收的安排和仓库的修\n\n缮，代表们一致认为应当早做准备。"]
BOOK += ["相关阅读：", "某地召开重要会议", "某市部署下一步工作"]


@pytest.mark.parametrize(
    "stage", [s for s in registry() if s.piece_chars == PARAGRAPHS], ids=lambda s: s.name
)
def test_a_long_text_in_pieces_becomes_what_it_becomes_as_a_whole(stage: Stage) -> None:
    compiled = compile_stages([(stage, stage.options())])
    text = "\n".join(LINES * 60)
    whole, short = [Document("a", text), Document("b", LINES[2])], Document("c", LINES[1])
    expected, _ = run_stages(compiled, [*whole, short])
    smaller = replace(stage, piece_chars=len(text) // 7)
    outcomes, counted = run_stages(compile_stages([(smaller, stage.options())]), [*whole, short])
    for outcome, expect in zip(outcomes, expected, strict=True):
        assert isinstance(outcome, Document)
        assert isinstance(expect, Document)
        assert outcome == expect
        before = next(d for d in (*whole, short) if d.id == outcome.id)
        assert replay(before.text, outcome.edits) == outcome.text
    changed = outcomes[0]
    assert isinstance(changed, Document)
    assert changed.text != text
    assert counted.counts.tolist() == run_stages((), outcomes)[1].counts.tolist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "stage", [s for s in registry() if s.piece_chars == CHAPTERS], ids=lambda s: s.name
)
def test_a_book_in_pieces_is_cut_where_no_page_ends(stage: Stage) -> None:
    document = Document("a", "\n".join(BOOK))
    (expect,), _ = run_stages(compile_stages([(stage, stage.options())]), [document])
    smaller = replace(stage, piece_chars=len(document.text) // 5)
    (outcome,), _ = run_stages(compile_stages([(smaller, stage.options())]), [document])
    assert outcome == expect
    assert isinstance(outcome, Document)
    assert outcome.text != document.text
    assert replay(document.text, outcome.edits) == outcome.text


@given(st.text("甲乙。 \n\r", max_size=300), st.integers(1, 40))
def test_pieces_are_the_text(text: str, size: int) -> None:
    found = list(pieces(text, size))
    assert "".join(found) == text
    assert all(len(piece) >= size for piece in found[:-1])


def test_packed_receipts_are_the_receipts() -> None:
    edits = [Edit("s", "r", i, i + 1, "甲", "乙\ud800", 0.5, "n") for i in range(5)]
    packed = PackedEdits()
    packed.add(edits[:2], 0)
    packed.add((), 7)
    packed.add([edit._replace(start=edit.start - 2, end=edit.end - 2) for edit in edits[2:]], 2)
    assert tuple(packed) == tuple(edits)
    assert (len(packed), packed[0], packed[-1], packed[1:3]) == (
        5,
        edits[0],
        edits[4],
        tuple(edits[1:3]),
    )
