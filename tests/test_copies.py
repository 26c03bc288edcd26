"""Copies of a text are cleaned once, and nobody can tell."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from pipeline.cleaning import Cleaner
from pipeline.copies import LONGEST, RECEIPT, Copies, Result
from pipeline.document import Document, Dropped, RawDocument
from pipeline.recipe import load
from pipeline.records import Placed
from pipeline.stages import registry
from pipeline.stages.base import Stage
from pipeline.stages.runner import compile_stages, run_stages
from tests.stage_cases import CASES

TEXTS = [
    "标题\n2024-03-05 来源：新华网\n会议昨天举行,,代表们讨论了秋收的安排。\n责任编辑：王伟",
    "鐩繘搴﹁〃,,昨天上午，會議在市民中心召開，與會代表發言。",
    "一篇干净的文章，没有什么可改的地方，它应当原样留下来。",
    "，，。！？",
    "",
]


def rows(cleaner: Cleaner, documents: list[tuple[str, str, dict[str, object]]]) -> list[Any]:
    """Clean records (id, text, fields); return what the artifact would hold of each."""
    batch = [
        Placed(0, RawDocument("a.jsonl", number, text, name, fields=fields))
        for number, (name, text, fields) in enumerate(documents)
    ]
    return [
        (row.id, row.status, row.reason, row.document, row.damage_marks, row.n_lines,
         row.n_input_chars, row.n_input_paragraphs)
        for row in cleaner.rows(batch)
    ]  # fmt: skip


def cleaner(*, copies: bool) -> Cleaner:
    """Return a cleaner that has cleaned nothing yet."""
    made = Cleaner(load(None).values)
    made.copies = Copies() if copies else None
    return made


FIELDS: list[dict[str, object]] = [
    {},
    {"url": "https://a.example.com/1", "site": "a"},
    {"url": "https://a.example.com/2", "site": "a", "extra": '{"n":1}'},
    {"url": "", "site": "a", "extra": '{"n":2}'},
    {"url": "https://a.example.com/2", "site": "b"},
    {"title": "标题", "published_at": "2023-01-01"},
    {"title": "另一个", "author": "王五"},
    {"title": "另一个", "author": "王五", "extra": "{}"},
]


def test_a_copy_becomes_what_it_becomes_alone() -> None:
    documents = [
        (f"{n}-{number}", text, fields)
        for n, fields in enumerate([*FIELDS, *FIELDS[::-1]])
        for number, text in enumerate(TEXTS)
    ]
    with_copies, without = cleaner(copies=True), cleaner(copies=False)
    for start in range(0, len(documents), 7):  # copies within a batch and across batches
        batch = documents[start : start + 7]
        assert rows(with_copies, batch) == rows(without, batch)


def seen(copies: Copies, texts: list[str], columns: dict[str, object] | None = None) -> list[str]:
    """Clean texts; return those that were not taken over."""
    asked: list[str] = []

    def clean(documents: list[Document]) -> list[Result]:
        asked.extend(document.text for document in documents)
        return [Result(document, 0, 1, wordless=False) for document in documents]

    documents = [Document(str(n), text, columns or {}) for n, text in enumerate(texts)]
    results = copies.clean(documents, clean)
    assert [(r.outcome.id, r.outcome.text) for r in results] == list(  # type: ignore[union-attr]
        zip(map(str, range(len(texts))), texts, strict=True)
    )
    assert documents == []
    return asked


def test_only_new_texts_are_cleaned() -> None:
    copies = Copies()
    assert seen(copies, ["a", "b", "a"]) == ["a", "b"]
    assert seen(copies, ["b", "c", "c", "a"]) == ["c"]
    assert seen(copies, ["a"], {"title": "t"}) == ["a"]
    assert seen(copies, ["a", "b"], {"title": "t"}) == ["b"]


def test_what_was_asked_for_longest_ago_is_forgotten() -> None:
    copies = Copies(held=3 * 2 * 2 * 100)  # three texts of a hundred characters, in and out
    texts = [letter * 100 for letter in "abcd"]
    assert seen(copies, texts[:3]) == texts[:3]
    assert seen(copies, [texts[0], texts[3]]) == [texts[3]]
    assert seen(copies, [texts[0]]) == []
    assert seen(copies, [texts[1]]) == [texts[1]]


def test_long_texts_are_not_held_and_receipts_weigh() -> None:
    long = "长" * (LONGEST + 1)
    copies = Copies()
    assert seen(copies, [long, long]) == [long, long]
    assert copies._seen == {}
    dirty = Copies(held=2 * RECEIPT)
    results = dirty.clean(
        [Document("a", "会议,,昨天举行。")],
        lambda d: [Result(run_stages(STAGES, d)[0][0], 0, 1, wordless=False)],
    )
    assert isinstance(results[0].outcome, Document)
    assert len(dirty._seen) == 1
    dirty.clean(
        [Document("b", "會議,,昨天在臺北舉行，與會代表討論瞭許多問題。")],
        lambda d: [Result(run_stages(STAGES, d)[0][0], 0, 1, wordless=False)],
    )
    assert list(dirty._seen) == []


def test_after_a_failure_nothing_is_known() -> None:
    copies = Copies()
    seen(copies, ["a"])

    def fail(_: list[Document]) -> list[Result]:
        raise MemoryError

    with pytest.raises(MemoryError):
        copies.clean([Document("1", "b")], fail)
    assert seen(copies, ["a", "b"]) == ["a", "b"]


STAGES = compile_stages([(stage, stage.options()) for stage in registry()])


@pytest.mark.parametrize("stage", [s for s in registry() if s.of_text], ids=lambda s: s.name)
def test_no_stage_looks_at_id_address_or_unknown_fields(stage: Stage) -> None:
    """What `of_text` says, over all cases of the stage."""
    cases = tomllib.loads((CASES / f"{stage.name}.toml").read_text("utf-8"))["case"]
    compiled = compile_stages([(stage, stage.options())])
    texts = [case["input"] for case in cases]

    def outcomes(mark: str) -> list[Any]:
        own = {"url": f"https://{mark}.example.com/", "extra": mark}
        documents = [Document(f"{mark}{n}", text, own) for n, text in enumerate(texts)]
        found = run_stages(compiled, documents)[0]
        of = [o.document if isinstance(o, Dropped) else o for o in found]
        return [(d.text, d.steps, {k: v for k, v in d.columns.items() if k not in own}) for d in of]

    assert outcomes("a") == outcomes("z")


def test_all_stages_say_so() -> None:
    assert all(stage.of_text for stage in registry())
    assert Cleaner(load(None).values).copies is not None
