"""Boilerplate measured: rules and learning against labels by hand, clean text, and peers.

    python benchmarks/boilerplate.py DATA [--limit 600]

DATA holds A2_gne_inarticle_labels, A2_lctt_md, A2_goldminer_md, A2_ruanyf_weekly_md, A1_hkfire_html
and B_* as JSONL (zst). Peers (jusText with a Chinese stop list, trafilatura, resiliparse) are given
the page text, one <p> a line, as the stage has it; those that are not installed are left out.
data-juicer has no mapper for such lines, GNE needs the whole page: neither can be run on text.
"""

from __future__ import annotations

import argparse
import html
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sets import rows

from pipeline.census import census
from pipeline.dedup.lines import SitesOptions, learn
from pipeline.document import Document
from pipeline.stages.boilerplate import BoilerplateOptions, build_batch
from pipeline.stages.chain import run_text
from pipeline.text.line_hashes import line_records, unpack

Kept = list[Counter[str]]
"""Per document, the stripped lines that are left."""
_MARKDOWN = {
    "A2_lctt_md": (r"\[#\]:", 14, r"via: |作者：|选题：|译者：|校对：|本文由 ", 40),
    "A2_goldminer_md": (r"[>\s*-]*(?:原文|译文|译者|校对|本文永久)", 10, r"> .*掘金翻译计划", 9),
    "A2_ruanyf_weekly_md": (
        r"这里记录|本杂志|欢迎投稿|周刊讨论区|这个周刊", 14,
        r"这个周刊|这个专栏|微信搜索|（完）|## (?:欢迎)?订阅", 14,
    ),
}  # fmt: skip


def lines_of(text: str) -> Counter[str]:
    return Counter(line.strip() for line in text.split("\n") if line.strip())


def by_rules(texts: Sequence[str]) -> list[str]:
    apply = build_batch(BoilerplateOptions())
    outcomes = apply([Document("", text) for text in texts], census(texts))
    return [outcome.text for outcome in outcomes if isinstance(outcome, Document)]


def by_learning(texts: Sequence[str], sites: Sequence[str]) -> list[str]:
    names = {name: i + 1 for i, name in enumerate(dict.fromkeys(sites))}
    site = np.array([names[name] for name in sites], np.uint64)
    records = unpack(line_records(texts).pack(), np.arange(len(texts)))
    removals, _ = learn(lambda: [records], site, SitesOptions())
    gone: dict[int, set[int]] = {}
    for owner, line in zip(removals.owner.tolist(), removals.line.tolist(), strict=True):
        gone.setdefault(owner, set()).add(line)
    return [
        "\n".join(line for n, line in enumerate(text.split("\n")) if n not in gone.get(i, ()))
        for i, text in enumerate(texts)
    ]


def show(what: str, *figures: object) -> None:
    print(f"{what:44}", *(f"{f:10.4f}" if isinstance(f, float) else f"{f:>10}" for f in figures))


def labels(data: Path) -> None:
    hit = removed = wanted = 0
    for row in rows(data, "A2_gne_inarticle_labels"):
        out = run_text("\n".join(row["lines"]), ["metadata", "boilerplate"])
        assert isinstance(out, Document)
        left = lines_of(out.text)
        for number, line in enumerate(row["lines"]):
            if not line.strip():
                continue
            gone = left[line.strip()] == 0
            labelled = str(number) in row["boilerplate"]
            hit, removed, wanted = hit + (gone and labelled), removed + gone, wanted + labelled
    show("labels by hand: precision, recall", hit / max(removed, 1), hit / wanted, wanted)


def markdown(data: Path, limit: int) -> None:
    for name, (head, first, tail, last) in _MARKDOWN.items():
        texts = [row["text"] for row in rows(data, name, limit)]
        wanted = []
        for text in texts:
            lines = [line.strip() for line in text.split("\n") if line.strip()]
            found = [line for line in lines[:first] if re.match(head, line)]
            wanted.append(Counter(found + [line for line in lines[-last:] if re.match(tail, line)]))
        total = sum(w.total() for w in wanted)
        for how, out in (
            ("rules", by_rules(texts)),
            ("learning", by_learning(texts, [name] * len(texts))),
        ):
            missed = sum((w & lines_of(t)).total() for w, t in zip(wanted, out, strict=True))
            show(f"{name}: {how}", 1 - missed / total, total)


def peers() -> dict[str, Callable[[str], str]]:
    found: dict[str, Callable[[str], str]] = {}
    try:
        import justext

        # Function words; without spaces jusText's "words" are clauses, so a page is cut into
        # characters for it.
        stop = frozenset("的了在是和有这不为与也就对等而及其从到將将會会個个這並并於于由但以中")

        def with_justext(page: str) -> str:
            spaced = re.sub(r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])", " ", page)
            paragraphs = justext.justext(
                spaced, stop, length_low=20, length_high=60, stopwords_low=0.05,
                stopwords_high=0.1, max_heading_distance=100, no_headings=True,
            )  # fmt: skip
            kept = (p.text for p in paragraphs if not p.is_boilerplate)
            return "\n".join(
                re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", t) for t in kept
            )

        found["jusText"] = with_justext
    except ImportError:
        pass
    try:
        import trafilatura

        found["trafilatura"] = lambda page: (
            trafilatura.extract(page, favor_recall=True, deduplicate=False) or ""
        )
    except ImportError:
        pass
    from resiliparse.extract.html2text import extract_plain_text

    found["resiliparse"] = lambda page: extract_plain_text(page, main_content=True)
    return found


def press_pages(data: Path) -> None:
    """Per outlet with 20 pages: shares of the article's lines and sentences kept, others removed.

    A line that its page has more than twice is no line of the article, whatever its label says:
    the labels were made by comparing strings.
    """
    found = [row for row in rows(data, "A1_hkfire_html") if row["gold_kind"] != "none"]
    texts = ["\n".join(line.replace("\n", " ") for line in row["page_lines"]) for row in found]
    outlets = [row["outlet"] for row in found]
    ruled = by_rules(texts)
    systems = {"rules": ruled, "rules + learning": by_learning(ruled, outlets)}
    for name, extract in peers().items():
        systems[name] = [
            extract(
                "<html><body>" + "".join(f"<p>{html.escape(line)}</p>" for line in t.split("\n"))
            )
            for t in texts
        ]
    sizes = Counter(outlets)
    for name, out in systems.items():
        shares = []
        for outlet in (o for o, n in sizes.items() if n >= 20):
            main = kept = other = removed = sentences = told = 0
            for row, text in zip(found, out, strict=True):
                if row["outlet"] != outlet:
                    continue
                left, all_lines = lines_of(text), lines_of("\n".join(row["page_lines"]))
                for given, label in zip(row["page_lines"], row["line_main"], strict=True):
                    line = given.replace("\n", " ").strip()
                    if not line or (label and all_lines[line] > 2):
                        continue
                    here = left[line] > 0
                    main, kept = main + label, kept + (label and here)
                    sentence = label and len(line) > 20 and line[-1] in "。！？.」”"
                    sentences, told = sentences + sentence, told + (sentence and here)
                    other, removed = other + (not label), removed + (not label and not here)
            shares.append((kept / main, told / sentences, removed / other))
        medians = [statistics.median(share) for share in zip(*shares, strict=True)]
        show(f"press pages, {len(shares)} outlets: {name}", *medians)


def clean_text(data: Path) -> None:
    total = gone = 0
    for path in sorted(data.glob("B_*.jsonl.zst")):
        name = path.name.removesuffix(".jsonl.zst")
        texts = [row["text"] for row in rows(data, name)]
        started = time.process_time()
        out = by_rules(texts)
        seconds = time.process_time() - started
        size = sum(len(text.encode()) for text in texts)
        lines = sum(lines_of(text).total() for text in texts)
        lost = [a - b for a, b in zip(map(lines_of, texts), map(lines_of, out), strict=True)]
        removed = sum(counter.total() for counter in lost)
        total, gone = total + lines, gone + removed
        show(f"{name}: lines, removed, MB/s", lines, removed, size / 1e6 / seconds)
        for counter in lost:
            for line in counter:
                print("     ", line[:90])
    show("clean text: lines, removed", total, gone)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=600, help="documents of the Markdown sets")
    args = parser.parse_args()
    labels(args.data)
    markdown(args.data, args.limit)
    press_pages(args.data)
    clean_text(args.data)


if __name__ == "__main__":
    main()
