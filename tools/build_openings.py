"""Builds `pipeline/tables/reflow/openings.tsv`: with which words sentences open a paragraph.

    python tools/build_openings.py DATA

DATA holds JSONL sets (`NAME.jsonl.zst`, one object a line with `text`). The first sentences of
paragraphs are counted against the later ones, in the second half of each set: `benchmarks/text.py`
measures on the first. Sets weigh alike. What begins fewer than 100 sentences, or those of
fewer than three sets, is left out: the table says how Chinese is written, not what about.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from math import log
from pathlib import Path

import zstandard

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pipeline.text.fold import fold

OUT = Path(__file__).resolve().parents[1] / "pipeline/tables/reflow/openings.tsv"
SETS = (
    *("B_cnews_small", "B_wiki_hans_cmrc", "B_wiki_hant_drcd", "A2_chinanews_text", "B_cnlaw_md"),
    *("B_medical_qa", "B_classical_modern_pairs", "B_twlaw_hant", "A1_hkfire_html", "A2_lctt_md"),
    "A2_page_lines",
)
MOST, LEAST, LONGEST = 1500, 100, 3
STOP = re.compile("[。！？!?…]+[”’」』）)]*")
HEADER = """\
# With which characters (script and width folded, a digit is 0) a sentence opens a paragraph rather
# than goes on with one: log-odds in nats. Built by tools/build_openings.py from the second halves
# of eleven sets: news, statutes, encyclopaedia, questions, technical articles, modern prose.
"""


def documents(path: Path) -> Iterator[list[str]]:
    """Yield the lines of the texts in the second half of a set."""
    stream = zstandard.ZstdDecompressor().stream_reader(path.open("rb"))
    rows = list(io.TextIOWrapper(stream, encoding="utf-8"))
    for row in rows[len(rows) // 2 :][:MOST]:
        yield [x for line in re.split(r"[\r\n]+", json.loads(row)["text"]) if (x := line.strip())]


def sentences(lines: list[str]) -> Iterator[tuple[bool, str]]:
    """Yield the beginnings of sentences, and whether they open a paragraph behind another one."""
    for i, line in enumerate(lines):
        # A text of one paragraph stands beside others; the first of many is a headline or a lead.
        if len(lines) == 1 or (i and STOP.search(lines[i - 1][-2:])):
            yield True, line[:LONGEST]
        for stop in STOP.finditer(line):
            if stop.end() < len(line):
                yield False, line[stop.end() :].lstrip()[:LONGEST]


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    data: Path = parser.parse_args().data
    shares = (defaultdict[str, float](float), defaultdict[str, float](float))
    seen, sets = Counter[str](), defaultdict[str, set[str]](set)
    for name in SETS:
        found = [x for d in documents(data / f"{name}.jsonl.zst") for x in sentences(d)]
        totals = Counter(opens for opens, _ in found)
        for opens, start in found:
            folded = re.sub("[0-9]", "0", fold(start))
            for size in range(1, len(folded) + 1):
                head = folded[:size]
                shares[opens][head] += 1 / totals[opens] / len(SETS)
                seen[head] += 1
                sets[head].add(name)
    odds: dict[str, float] = {}
    for head in sorted(seen, key=lambda head: (len(head), head)):
        if seen[head] < LEAST or len(sets[head]) < 3:
            continue
        shorter = next((odds[head[:n]] for n in (2, 1) if head[:n] in odds), 0.0)
        own = log((shares[True][head] + 1e-4) / (shares[False][head] + 1e-4))
        value = shorter + (own - shorter) * seen[head] / (seen[head] + 5)
        if abs(value - shorter) >= 0.2:
            odds[head] = value
    rows = "".join(f"{head}\t{value:.1f}\n" for head, value in sorted(odds.items()))
    OUT.write_text(HEADER + rows, "utf-8")


if __name__ == "__main__":
    main()
