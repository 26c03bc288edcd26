"""The runner: what a stage is given, and what comes of it."""

from __future__ import annotations

import pytest

from pipeline.document import Document, replay
from pipeline.stages import registry, runner
from pipeline.stages.runner import compile_stages, run_stages

# Each line has something for each of the stages that may see a text piece by piece.
LINES = [
    "锟介」鐩繘搴﹁〃,,昨天上午，会议在市民中心召开。",
    "進(jìn)行(xíng)了工(gōng)作(zuò)討(tǎo)論(lùn),,與會代表都發言。",
    "Ａ１２３　\u200b說明：⼀切如常. 他说:好(的)!",
    "这一行没有什么可改的地方，它应当原样留下来。",
]


@pytest.mark.parametrize("name", [stage.name for stage in registry() if stage.piecewise])
def test_a_long_text_in_pieces_becomes_what_it_becomes_as_a_whole(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = compile_stages([(s, s.options()) for s in registry() if s.name == name])
    text = "\n".join(LINES * 60)
    whole, short = [Document("a", text), Document("b", LINES[2])], Document("c", LINES[1])
    expected, _ = run_stages(compiled, [*whole, short])
    monkeypatch.setattr(runner, "PIECE_CHARS", len(text) // 7)
    outcomes, counted = run_stages(compiled, [*whole, short])
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
