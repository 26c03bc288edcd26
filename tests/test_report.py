"""The report: everything escaped, nothing fetched, nothing run; looked at in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import Edit, apply_edits
from pipeline.report import summary as summaries
from pipeline.report.difference import edit_spans, spans, visible, visible_change
from pipeline.report.html import histogram, render
from pipeline.report.pairs import where_they_differ
from pipeline.store.shard import EDIT_SCHEMA
from tests.runs import SEEDS, publish, seeds_in

HOSTILE = (
    "<script>document.title='pwned';fetch('http://evil.example/a')</script>",
    "<img src=http://evil.example/b onerror=document.title='pwned'>",
    "</style><style>@import 'http://evil.example/c';</style>",
    "</script><svg onload=document.title='pwned'>",
    "\"><iframe src='http://evil.example/d'></iframe>",
    "{{ 7 * 191 }}{% raw %}",
)
CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)


class Tags(HTMLParser):
    """Collects the elements of a page and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a corpus in which markup stands wherever a report shows a document's text."""
    folder = tmp_path_factory.mktemp("report")
    source = seeds_in(folder)
    text = min(SEEDS.glob("004*.txt")).read_text("utf-8")
    rows = []
    for i, attack in enumerate(HOSTILE):
        middle = text[i * 50 : i * 50 + 900]
        body = f"{attack}他说,好.\n{middle}\n扫一扫,关注{attack}\n责任编辑:{attack}"
        rows.append(
            {"id": f"x{attack}", "title": attack, "url": f"http://h/{attack}", "text": body}
        )
        rows.append({"id": f"y{i}{attack}", "text": body + "多一句。"})
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (source / "rows.jsonl").write_text("\n".join([*lines, "{broken " + HOSTILE[0]]), "utf-8")
    publish(source, folder / "out", output__name=HOSTILE[1])
    # A second version, so that the comparison has something to show.
    again = publish(source, folder / "out", output__name=HOSTILE[1], punctuation__width="keep")
    return again / "report.html"


def test_markup_in_documents_never_becomes_markup(report: Path) -> None:
    page = report.read_text("utf-8")
    assert "evil.example" in page, "the attacks are shown"
    assert page.count("<script>") == 1
    assert page.count("<style>") == 1
    assert "7 * 191" in page, "a template in a text is text"
    seen = Tags()
    seen.feed(page)
    assert seen.names.isdisjoint({"img", "iframe", "link", "object", "embed", "base", "form"})
    assert not [a for a in seen.attributes if a[0] == "src" or a[0].startswith("on")]
    assert all(value.startswith("#") for name, value in seen.attributes if name == "href")
    assert "default-src 'none'" in page


def test_sections_come_in_the_order_in_which_people_ask(report: Path) -> None:
    page = report.read_text("utf-8")
    ids = re.findall(r'<section id="(\w+)"', page)
    assert ids == [
        "verdict", "funnel", "edits", "removed", "sites", "duplicates", "shape", "quarantine",
        "reproduction",
    ]  # fmt: skip
    assert "Against v000001" in page
    assert "punctuation.width" in page
    assert ".staging" not in page
    assert "json-syntax" in page


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; .ci/run installs one")
def test_in_a_real_browser_nothing_runs_and_nothing_is_fetched(
    report: Path, tmp_path: Path
) -> None:
    log, shot = tmp_path / "net.json", tmp_path / "report.png"
    common = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000",
    ]  # fmt: skip
    dom = subprocess.run(
        [*common, f"--log-net-log={log}", "--dump-dom", report.as_uri()],
        capture_output=True, check=True, timeout=120,
    ).stdout.decode()  # fmt: skip
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title is not None
    assert "pwned" not in re.sub(r"document\.title='pwned'", "", title[1].replace("&#39;", "'"))
    assert not re.search(r"<(img|iframe)", dom)
    assert 'aria-sort="none"' in dom, "our own script did run: tables can be sorted"
    assert "evil.example" not in _requested(log)
    subprocess.run(
        [*common, "--window-size=390,1600", f"--screenshot={shot}", report.as_uri()],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    assert shot.stat().st_size > 20_000, "a phone's screen full of report"
    paper = tmp_path / "report.pdf"
    subprocess.run(
        [*common, f"--print-to-pdf={paper}", report.as_uri()],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    assert paper.read_bytes().count(b"/Type /Page\n") > 2, "it prints on several pages"


def _requested(log: Path) -> str:
    """Return every address that the browser asked for."""
    events = json.loads(log.read_text("utf-8"))["events"]
    return "\n".join(str(event.get("params", {}).get("url", "")) for event in events)


def test_spans_show_where_two_texts_differ() -> None:
    assert spans("甲乙丙丁", "甲乙戊丁") == [
        ("same", "甲乙"),
        ("del", "丙"),
        ("ins", "戊"),
        ("same", "丁"),
    ]
    shortened = spans("字" * 200 + "a", "字" * 200 + "b")[0][1]
    assert len(shortened) < 100


def test_an_edit_is_shown_in_parts_where_its_texts_are_alike() -> None:
    assert edit_spans("他說今天要來這裡開會。", "他说今天要来这里开会。", 9, 9)[:3] == [
        ("same", "他"),
        ("del", "說"),
        ("ins", "说"),
    ]
    assert edit_spans("甲乙丙丁戊己庚辛壬", "子丑寅卯辰巳午未申", 9, 9)[0] == (
        "del",
        "甲乙丙丁戊己庚辛壬",
    )
    many = edit_spans("來的" * 20, "来的" * 20, 9, 3)
    assert many[-1] == ("more", " … 17 more changes …")
    assert sum(kind == "del" for kind, _ in many) == 3


def test_nothing_that_is_shown_is_invisible() -> None:
    assert visible("一\n二\u200b") == "一⏎二\\u200b"
    assert visible("\x81" * 9) == "▯" * 9
    assert visible_change("  ") == "␣␣"
    assert visible_change("一 ") == "一 "


def test_a_pair_is_shown_where_it_differs() -> None:
    one, other = where_they_differ("字" * 5000 + "甲", "字" * 5000 + "乙")
    assert (one[-1], other[-1]) == ("甲", "乙")
    assert one.startswith("… ")
    assert where_they_differ("甲乙", "甲丙") == ("甲乙", "甲丙")


def test_long_tables_unfold_and_say_where_the_rest_is() -> None:
    facts = {
        "run_id": "r", "identity": "i", "published_at": 0, "edits": {}, "reasons": {},
        "funnel": {unit: {"in": 9, "kept": 9, "dropped": 0, "quarantined": 0}
                   for unit in ("documents", "paragraphs", "characters")},
        "recipe": {}, "dependencies": {},
    }  # fmt: skip
    summary: dict[str, Any] = {
        "examples": {}, "stages": {}, "removed": [],
        "rules": [["s", f"rule-{i}", 1] for i in range(500)],
        "sites": [["one.example", 3]], "dropped": [], "lengths": [0] * 24, "columns": {},
        "damage": {"marks": 0, "documents": 0, "decode_errors": 0}, "quarantine": [],
        "quarantined": [],
    }  # fmt: skip
    page = render("n", "v", facts, summary, None, [], [], [0] * 24)
    assert "<summary>288 more</summary>" in page
    assert "200 more are in <code>audit/edits.parquet</code>" in page
    assert "rule-299" in page
    assert "rule-300" not in page
    assert "9 of 9 documents kept" in page
    few = {**summary, "rules": summary["rules"][:15]}
    short = render("n", "v", facts, few, None, [], [], [0] * 24)
    assert "<summary>" not in short.partition('id="reproduction"')[0]


def test_histogram_draws_before_beside_after() -> None:
    before, after = [0] * 24, [0] * 24
    before[5], after[4] = 10, 5
    bars = histogram(before, after)
    assert [bar["label"] for bar in bars] == ["8", "16"]
    assert bars[1]["h0"] == 150
    assert bars[0]["h1"] == 75


@given(st.text("甲乙丙", max_size=40), st.data())
def test_what_stands_around_a_receipt_is_the_input_of_its_stage(
    text: str, data: st.DataObject
) -> None:
    rows: list[dict[str, Any]] = []
    expect: list[tuple[str, str]] = []
    for step in range(data.draw(st.integers(1, 4))):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
        pairs = zip(cuts[::2], cuts[1::2], strict=False)
        edits = [
            Edit("s", "r", a, b, text[a:b], data.draw(st.text("丁戊", max_size=4)))
            for a, b in pairs
        ]
        rows += [{"step": step, **edit._asdict()} for edit in edits]
        expect += [
            (
                text[max(0, e.start - summaries.CONTEXT) : e.start],
                text[e.end :][: summaries.CONTEXT],
            )
            for e in edits
        ]
        text = apply_edits(text, edits)
    record = pa.table({"text": [text], "status": ["kept"]})
    receipts = pa.Table.from_pylist(rows) if rows else EDIT_SCHEMA.empty_table()
    original = summaries._Original(record, receipts)
    assert [original.around(place) for place in range(len(rows))] == expect
