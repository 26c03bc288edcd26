"""Bylines, fields and main text measured against hand-made gold.

    python benchmarks/metadata.py DATA [--peers resiliparse,trafilatura] [--limit 300]

DATA holds A1_immortal_html and A1_gne_html (JSONL and raw pages), A2_chinanews_text,
A2_gne_inarticle_labels, and B_* (clean text). Prints one table: what, right, of, share.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sets import pages, rows

from pipeline.census import census
from pipeline.document import Document
from pipeline.readers.html import extract
from pipeline.readers.options import HtmlOptions
from pipeline.stages.chain import run_text
from pipeline.stages.metadata import STAGE, MetadataOptions
from pipeline.text.metadata import dates


def fourgram_f(text: str, gold: str) -> float:
    """Character 4-gram F, white space left out."""
    a, b = (Counter(t[i : i + 4] for i in range(len(t) - 3)) for t in map(_joined, (text, gold)))
    both = sum((a & b).values())
    return 2 * both / (sum(a.values()) + sum(b.values())) if a or b else 1.0


def _joined(text: str) -> str:
    return "".join(text.split())


def report(what: str, right: float, of: float, note: str = "") -> None:
    print(f"{what:52} {right:9.1f} {of:9.0f} {right / max(of, 1):8.4f}  {note}", flush=True)


def main_text(data: Path, name: str, extractors: list[str]) -> None:
    html, gold = pages(data, name), list(rows(data, name))
    gold = [row for row in gold if row["html"] in html and row["text"].strip()]
    for extractor in extractors:
        options = HtmlOptions(extractor=extractor)
        began = time.process_time()
        scores = [fourgram_f(extract(html[r["html"]], options).text, r["text"]) for r in gold]
        cost = (time.process_time() - began) / max(len(gold), 1) * 1000
        report(
            f"{name} 4-gram F, {extractor}",
            sum(scores),
            len(scores),
            f"{cost:.0f} ms/page of CPU time",
        )


def fields(data: Path) -> None:
    """Compare author and date of A1_immortal_html, where the gold has them, as the gold has them.

    A gold date to the minute or to the month is met by any moment within it. The gold calls some
    editors authors: counted apart.
    """
    html = pages(data, "A1_immortal_html")
    dated = days = right_dates = authored = right_authors = or_editors = 0
    for row in rows(data, "A1_immortal_html"):
        if row["html"] not in html:
            continue
        found = extract(html[row["html"]]).fields
        body = run_text(extract(html[row["html"]]).text, ["punctuation", "metadata"], {}, found)
        assert isinstance(body, Document)
        columns = body.columns
        wanted, when = row["date"].strip(), columns.get("published_at")
        if re.match(r"\d{4}-", wanted):
            dated += 1
            right_dates += _same_moment(when, wanted)
            days += _same_moment(when, wanted[:10])
        names = set(row["author"].split())
        if names and "UNKNOWN" not in names:
            authored += 1
            authors, editors = (_names(columns.get(key)) for key in ("author", "editor"))
            right_authors += authors == names
            or_editors += names <= authors | editors
    report("A1_immortal_html published_at", right_dates, dated)
    report("A1_immortal_html published_at, the day", days, dated)
    report("A1_immortal_html author", right_authors, authored)
    report("A1_immortal_html author among authors and editors", or_editors, authored)


def _names(value: object) -> set[str]:
    return set(value) if isinstance(value, list) else set()


def _same_moment(found: Any, wanted: str) -> bool:
    if found is None:
        return False
    gold = dates.read(wanted)
    if gold is None:
        return bool(re.fullmatch(rf"{found:%Y}-0?{found.month}", wanted))
    pieces = len(re.findall(r"\d+", wanted))
    return bool(found.timetuple()[:pieces] == gold.timetuple()[:pieces])


def tails(data: Path, limit: int) -> None:
    """Count 【编辑:…】 tails that went into the column, and texts that lost anything else."""
    apply = STAGE.build(MetadataOptions())
    tail = re.compile(r"\s*【编辑[:：]([^】]*)】\s*$")
    of = moved = more = 0
    for row in rows(data, "A2_chinanews_text", limit):
        if not (found := tail.search(row["text"])):
            continue
        (out,) = apply([Document("", row["text"])], census([row["text"]]))
        assert isinstance(out, Document)
        editors = out.columns.get("editor")
        of += 1
        gone = "【编辑" not in out.text[-40:]
        moved += gone and isinstance(editors, list) and set(found[1].split()) <= set(editors)
        more += out.text.rstrip() != row["text"][: found.start()].rstrip()
    report("A2_chinanews_text tails moved", moved, of, f"{more} texts lost other bylines as well")


def labelled_lines(data: Path) -> None:
    """Score hand-labelled lines (title, source, editor, caption, ...) by metadata + boilerplate."""
    removed = right = labelled = 0
    for row in rows(data, "A2_gne_inarticle_labels"):
        lines, labels = _literal(row["lines"]), _literal(row["boilerplate"])
        out = run_text("\n".join(lines), ["metadata", "boilerplate"])
        assert isinstance(out, Document)
        left = Counter(line.strip() for line in out.text.split("\n"))
        for number, line in enumerate(lines):
            labelled += str(number) in labels
            if left[line.strip()]:
                left[line.strip()] -= 1
            elif line.strip():
                removed += 1
                right += str(number) in labels
    report("A2_gne_inarticle_labels precision", right, removed)
    report("A2_gne_inarticle_labels recall", right, labelled)


def _literal(value: Any) -> Any:
    import ast

    return ast.literal_eval(value) if isinstance(value, str) else value


def clean(data: Path, limit: int) -> None:
    """List what goes from clean text, and how fast a batch of it passes."""
    apply = STAGE.build(MetadataOptions())
    for path in sorted(data.glob("B_*.jsonl.zst")):
        name = path.name.removesuffix(".jsonl.zst")
        documents = [Document(r["id"], r["text"]) for r in rows(data, name, limit)]
        size = sum(len(d.text.encode()) for d in documents)
        lines = sum(d.text.count("\n") + 1 for d in documents)
        apply(documents[:20], None)  # type: ignore[arg-type]  # tables are read once
        began = time.process_time()
        outcomes = apply(documents, None)  # type: ignore[arg-type]
        speed = size / (time.process_time() - began) / 1e6
        edits = [e for out in outcomes if isinstance(out, Document) for e in out.edits]
        report(f"{name} lines lost", len(edits), lines, f"{speed:.0f} MB/s of CPU time")
        for edit in edits:
            print(f"    {edit.rule}: {edit.before!r:.100}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--peers", default="resiliparse")
    parser.add_argument("--limit", type=int, default=2000, help="documents of a set")
    given = parser.parse_args()
    for name in ("A1_immortal_html", "A1_gne_html"):
        main_text(given.data, name, ["blocks", *filter(None, given.peers.split(","))])
    fields(given.data)
    tails(given.data, given.limit)
    labelled_lines(given.data)
    clean(given.data, given.limit)


if __name__ == "__main__":
    main()
