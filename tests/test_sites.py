"""Lines that a site puts on its pages leave the text, with counts, examples and receipts."""

from __future__ import annotations

import hashlib
import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cutting import apply_removals
from pipeline.document import Edit, apply_edits, replay
from pipeline.removals import STAGE, Removals, lines_left
from pipeline.report.lookup import find
from pipeline.store.shard import EDIT_SCHEMA, RECORD_SCHEMA
from pipeline.text.page import page_of
from pipeline.text.removal import Reason, removal
from pipeline.text.sketches.shadow import shadow
from tests.runs import SEEDS, publish

TAIL = "本网所刊内容均由蓝鲸编务组整理并保留全部解释之权利"
PAGES = 40


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One site with a line of its own under every page, and one without."""
    folder = tmp_path_factory.mktemp("sites")
    paragraphs = [
        line.strip()
        for path in sorted(SEEDS.glob("00[24]*.txt"))
        for line in path.read_text("utf-8").split("\n")
        if len(line.strip()) > 80 and line.strip().endswith("。")
    ]
    draw = random.Random(1)
    with (folder / "pages.jsonl").open("w", encoding="utf-8") as file:
        for i in range(PAGES):
            for site, tail in (("a.example", f"\n{TAIL}"), ("b.example", "")):
                words = "".join(draw.choice("天地玄黄宇宙洪荒日月盈昃") for _ in range(60))
                text = f"{draw.choice(paragraphs)}\n{words}。{tail}"
                row = {"id": f"{site}{i}", "url": f"https://{site}/{i}", "text": text}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    publish(folder / "pages.jsonl", folder / "out", dedup__enabled=False)
    return folder / "out" / "current"


def rows(published: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(published / name).to_pylist()
    return found


def test_the_line_goes_from_every_page_of_its_site_and_nothing_else(published: Path) -> None:
    data = rows(published, "data")
    assert len(data) == 2 * PAGES
    assert not any(TAIL in row["text"] for row in data)
    assert all(row["n_paragraphs"] == 2 == row["text"].count("\n") + 1 for row in data)
    assert {row["site"] for row in data} == {"a.example", "b.example"}


def test_the_audit_has_counts_and_examples(published: Path) -> None:
    gone = [r for r in rows(published, "audit/dropped.parquet") if r["stage"] == "sites"]
    assert len(gone) == PAGES
    assert all(row["text"] == TAIL for row in gone)
    assert len({row["detail"] for row in gone}) == 1, "the receipts of a line are alike"
    (line,) = rows(published, "audit/site_lines.parquet")
    assert line["line"] == gone[0]["detail"]
    # Pages that share the paragraph drawn for them may count as reprints of one another.
    assert line["documents"] == line["site_documents"] > PAGES - 5
    assert (line["site"], line["kind"]) == ("a.example", "line")
    assert "a.example0" in line["examples"]


def test_explain_tells_the_counts_of_the_day(published: Path) -> None:
    (found,) = find(published, "a.example1")
    told = r"in (\d\d) of \1 documents of the site; as in a.example0, "
    assert re.match(told, found.gone[-1]["detail"])
    assert re.match(told, found.steps[-1][0].note)
    page = (published / "report.html").read_text("utf-8")
    assert "site_lines " not in page


def test_receipts_replay_over_all_stages_and_sites(published: Path) -> None:
    source = published.parents[1] / "pages.jsonl"
    texts = {
        row["id"]: row["text"] for row in map(json.loads, source.read_text("utf-8").splitlines())
    }
    edits: dict[str, list[Edit]] = {}
    for row in rows(published, "audit/edits.parquet"):
        edits.setdefault(row["id"], []).append(Edit(*(row[n] for n in Edit._fields[:6])))
    for row in rows(published, "data"):
        assert replay(texts[row["id"]], edits.get(row["id"], [])) == row["text"]
        assert row["n_edits"] == len(edits.get(row["id"], []))


LINES = st.lists(
    st.sampled_from(("甲乙", "丙丁。", "", "  ", "----", "\u3000·", "�。")), max_size=9
)
REASONS = (Reason("site-line", "one"), Reason("site-template", "two"))


def table(texts: list[str]) -> pa.Table:
    """Return records of texts; two chunks, of which the second begins inside its buffers."""
    columns = {
        "text": texts,
        "n_chars": [len(text) for text in texts],
        "n_paragraphs": [text.count("\n") + 1 if text else 0 for text in texts],
        "damage_marks": [text.count("�") for text in texts],
        "n_edits": [0] * len(texts),
        "content_hash": ["before"] * len(texts),
    }
    whole = pa.table(columns).cast(pa.schema([(n, RECORD_SCHEMA.field(n).type) for n in columns]))
    return pa.concat_tables([whole.slice(0, len(texts) // 2), whole.slice(len(texts) // 2)])


@given(st.lists(LINES, min_size=1, max_size=6), st.data())
def test_texts_of_a_batch_lose_what_each_would_lose_by_itself(
    pages: list[list[str]], data: st.DataObject
) -> None:
    texts = ["\n".join(lines) for lines in pages]
    drops: list[dict[int, Reason]] = []
    for text in texts:
        numbers = st.integers(0, text.count("\n"))
        drops.append(data.draw(st.dictionaries(numbers, st.sampled_from(REASONS), max_size=9)))
    rows = sorted((i, n, REASONS.index(why)) for i, d in enumerate(drops) for n, why in d.items())
    rank, line, why = np.array(rows, np.int64).reshape(-1, 3).T
    gone = Removals(rank, line, why, REASONS)
    column = pa.chunked_array([gone.column(len(texts))])
    told = np.ones(len(texts), np.bool_)
    edits = EDIT_SCHEMA.empty_table()
    records, edits = apply_removals(table(texts), edits, column, REASONS, told)
    expected = [removal(STAGE, page_of(t), d) for t, d in zip(texts, drops, strict=True)]
    made = [[Edit(*(row[n] for n in Edit._fields)) for row in edits.to_pylist() if row["row"] == i]
            for i in range(len(texts))]  # fmt: skip
    assert made == expected
    left = [apply_edits(text, some) for text, some in zip(texts, expected, strict=True)]
    counted = table(left).drop_columns(["n_edits", "content_hash"])
    assert records.select(counted.column_names).combine_chunks() == counted.combine_chunks()
    assert records.column("n_edits").to_pylist() == [len(some) for some in expected]
    for text, some, hashed in zip(
        left, drops, records.column("content_hash").to_pylist(), strict=True
    ):
        assert hashed == (hashlib.sha256(text.encode()).hexdigest()[:32] if some else "before")
    for text, some, rest in zip(texts, drops, left, strict=True):
        assert shadow([lines_left(text, some)]) == shadow([rest])
