"""Boilerplate measured: rules and learning against labels by hand, clean text, and peers.

    python benchmarks/boilerplate.py DATA [--limit 600] [--peers]

DATA holds A2_gne_inarticle_labels, A2_lctt_md, A2_goldminer_md, A2_ruanyf_weekly_md, A1_hkfire_html
and B_* as JSONL (zst), and A1_immortal_html and A1_gne_html with their pages. `--peers` compares
with other programs instead (`extractors.py` says how to install them), on samples: they are slow.
"""

from __future__ import annotations

import argparse
import html
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from extractors import System, as_page, peers
from metadata import fourgram_f
from sets import pages, rows

from pipeline.census import census
from pipeline.dedup.lines import SitesOptions, learn
from pipeline.document import Document
from pipeline.readers.html import extract as read_page
from pipeline.stages import registry
from pipeline.stages.base import Apply
from pipeline.stages.boilerplate import BoilerplateOptions, build
from pipeline.stages.chain import run_text
from pipeline.stages.runner import compile_stages, run_stages
from pipeline.text.sketches.line_hashes import line_records, unpack

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


@cache
def _rules() -> Apply:
    apply = build(BoilerplateOptions())
    apply([Document("", "相关阅读")], census(["相关阅读"]))  # tables are loaded
    return apply


def by_rules(texts: Sequence[str]) -> list[str]:
    outcomes = _rules()([Document("", text) for text in texts], census(texts))
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


def heads_and_tails(name: str, texts: Sequence[str]) -> Kept:
    """Return the lines of each text that are its project's, not its own."""
    head, first, tail, last = _MARKDOWN[name]
    wanted = []
    for text in texts:
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        found = [line for line in lines[:first] if re.match(head, line)]
        wanted.append(Counter(found + [line for line in lines[-last:] if re.match(tail, line)]))
    return wanted


def markdown(data: Path, limit: int) -> None:
    """Heads and tails that go: by rules alone, by learning alone; of those, what can be learned.

    A line in words that fewer than five documents have, and with a label that fewer have, recurs
    nowhere: no counting can find it.
    """
    for name in _MARKDOWN:
        texts = [row["text"] for row in rows(data, name, limit)]
        wanted = heads_and_tails(name, texts)
        often = Counter(form for want in wanted for form in {_form(line) for line in want})
        least = SitesOptions().min_documents
        recurring = [
            Counter({x: n for x, n in want.items() if often[_form(x)] >= least}) for want in wanted
        ]
        for how, out, wants in (
            ("rules", by_rules(texts), wanted),
            ("learning", (learned := by_learning(texts, [name] * len(texts))), wanted),
            ("learning, of lines that recur", learned, recurring),
        ):
            total = sum(w.total() for w in wants)
            missed = sum((w & lines_of(t)).total() for w, t in zip(wants, out, strict=True))
            show(f"{name}: {how}", 1 - missed / total, total)


def _form(line: str) -> str:
    """Return what a line may share with others: its label, or what it shows, without numbers."""
    label, colon, value = re.sub(r"\]\([^)]*\)", "]", line).partition("：" if "：" in line else ":")
    form = label if colon and value and len(shown(label)) <= 10 else line
    return re.sub(r"\d+", "0", shown(form))


Shares = tuple[float, float, float, float]


def of_outlet(found: Sequence[dict[str, Any]], out: Sequence[str]) -> Shares:
    """Return shares of labelled lines kept, of those of the article, of its sentences; removed.

    The labels were made by comparing strings with a gold text that holds links to other reports and
    topic tags: they name lines all over the page. A line that its page has more than twice is none
    of the article, whatever its label says; the lines of the article are the labelled ones between
    its first and its last sentence.
    """
    kept = Counter[str]()
    total = Counter[str]()
    for row, text in zip(found, out, strict=True):
        lines = [line.replace("\n", " ").strip() for line in row["page_lines"]]
        left, often = lines_of(text), Counter(lines)
        labels = [
            bool(m) and often[line] <= 2 for line, m in zip(lines, row["line_main"], strict=True)
        ]
        said = [
            m and len(x) > 20 and x[-1] in "。！？.」”" for x, m in zip(lines, labels, strict=True)
        ]
        sentences = [n for n, yes in enumerate(said) if yes]
        for n, line in enumerate(lines):
            if not line or (row["line_main"][n] and not labels[n]):
                continue
            kinds = ["labelled"] if labels[n] else ["other"]
            if labels[n] and sentences and sentences[0] <= n <= sentences[-1]:
                kinds += ["article"] + ["sentence"] * said[n]
            for kind in kinds:
                total[kind] += 1
                kept[kind] += left[line] > 0
    shares = {kind: kept[kind] / max(total[kind], 1) for kind in total}
    return shares["labelled"], shares["article"], shares["sentence"], 1 - shares["other"]


def press_pages(data: Path, others: Mapping[str, System]) -> None:
    """Per outlet with 20 pages or more, medians: labelled, article's, sentences kept; removed."""
    found = [row for row in rows(data, "A1_hkfire_html") if row["gold_kind"] != "none"]
    texts = ["\n".join(line.replace("\n", " ") for line in row["page_lines"]) for row in found]
    outlets = [row["outlet"] for row in found]
    ruled = by_rules(texts)
    sizes = Counter(outlets)
    large = [outlet for outlet, n in sizes.items() if n >= 20]
    systems = {"rules": ruled, "rules + learning": by_learning(ruled, outlets)}
    for name, extract in others.items():
        systems[name] = [extract(as_page(text)) for text in texts]
    for name, out in systems.items():
        shares = []
        for outlet in large:
            mine = [i for i, other in enumerate(outlets) if other == outlet]
            shares.append(of_outlet([found[i] for i in mine], [out[i] for i in mine]))
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


def shown(line: str) -> str:
    """Return what a line shows: letters, digits and Han, without addresses."""
    return re.sub(r"\W|_", "", re.sub(r"https?://[^\s)\]]+", "", line))


def shown_lines(text: str) -> Counter[str]:
    return Counter(filter(None, map(shown, text.split("\n"))))


def lines_gone(
    texts: Sequence[str], wanted: Sequence[Counter[str]], system: System
) -> list[object]:
    """Return the share of wanted lines that go, of the others that stay, ms of CPU a text."""
    started = time.process_time()
    out = [system(as_page(text)) for text in texts]
    cost = (time.process_time() - started) / len(texts) * 1000
    hit = told = stays = others = 0
    for text, want, left in zip(texts, wanted, map(shown_lines, out), strict=True):
        other = shown_lines(text) - want
        told, hit = told + want.total(), hit + want.total() - (want & left).total()
        others, stays = others + other.total(), stays + (other & left).total()
    return [hit / told if told else "-", stays / max(others, 1), f"{cost:.1f}"]


def these_rules() -> System:
    """Return the rules of metadata and boilerplate, on the lines of a page of `as_page`."""
    used = [(s, s.options()) for s in registry() if s.name in ("metadata", "boilerplate")]
    compiled = compile_stages(used)

    def extract(page: str) -> str:
        text = "\n".join(html.unescape(line) for line in re.findall(r"<p>(.*?)</p>", page))
        out = run_stages(compiled, [Document("", text)])[0][0]
        assert isinstance(out, Document)
        return out.text

    return extract


def labelled_sets(data: Path, limit: int) -> Iterator[tuple[str, list[str], list[Counter[str]]]]:
    """Yield name, texts, and what each has of lines that should go."""
    found = list(rows(data, "A2_gne_inarticle_labels"))
    texts = ["\n".join(row["lines"]) for row in found]
    wanted = ["\n".join(row["lines"][int(n)] for n in row["boilerplate"]) for row in found]
    yield "labels by hand", texts, list(map(shown_lines, wanted))
    for name in _MARKDOWN:
        texts = [row["text"] for row in rows(data, name, limit)]
        yield (
            name,
            texts,
            [shown_lines("\n".join(c.elements())) for c in heads_and_tails(name, texts)],
        )
    texts = [
        row["text"]
        for path in sorted(data.glob("B_*.jsonl.zst"))
        for row in rows(data, path.name.removesuffix(".jsonl.zst"), limit // 5)
    ]
    yield "clean text (B_*)", texts, [Counter()] * len(texts)


def compare(data: Path, limit: int) -> None:
    """Other programs and the rules on the same texts, and on whole pages."""
    others, rules = peers(), these_rules()
    press_pages(data, others)
    print(f"{'':44} {'they go':>10} {'others stay':>10} {'ms':>10}")
    for name, texts, wanted in labelled_sets(data, limit):
        for system, extract in {"rules": rules, **others}.items():
            show(f"{name}: {system}", *lines_gone(texts, wanted, extract))
    own = {"pipeline": lambda page: read_page(page).text}
    for name in ("A1_immortal_html", "A1_gne_html"):
        page_of = pages(data, name)
        gold = [r for r in rows(data, name) if r["html"] in page_of and r["text"].strip()]
        for system, extract in {**own, **others}.items():
            if system.startswith("data-juicer"):
                continue  # it has no extraction of main text
            scores = [fourgram_f(extract(page_of[r["html"]]), r["text"]) for r in gold]
            show(f"{name}, 4-gram F: {system}", statistics.mean(scores), len(scores))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=600, help="documents of the Markdown sets")
    parser.add_argument("--peers", action="store_true", help="compare with other programs")
    args = parser.parse_args()
    if args.peers:
        compare(args.data, min(args.limit, 60))
        return
    labels(args.data)
    markdown(args.data, args.limit)
    press_pages(args.data, {})
    clean_text(args.data)


if __name__ == "__main__":
    main()
