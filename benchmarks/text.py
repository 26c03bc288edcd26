"""Punctuation and reflow on damaged clean text, compared with data-juicer's and ftfy's ways.

    nice python benchmarks/text.py [DATA] [--documents 60]

DATA holds JSONL sets (`NAME.jsonl.zst`, one object a line with `text`); without it the text is
generated. Punctuation: marks of clean paragraphs are made ASCII, or doubled as scrapers do, and
counted again afterwards. Reflow: paragraphs are wrapped in several ways, and their boundaries
looked for. Times are CPU seconds, the least of five runs, receipts included, census excluded.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import zstandard
from ftfy import TextFixerConfig, fix_text
from rapidfuzz.distance import Levenshtein

from pipeline.census import Census, census
from pipeline.document import Document
from pipeline.stages import punctuation, reflow
from pipeline.stages.base import Apply, Outcome
from pipeline.stages.chain import run_text

SETS = (
    *("B_cnews_small", "B_wiki_hans_cmrc", "B_wiki_hant_drcd", "A2_chinanews_text", "B_cnlaw_md"),
    *("B_medical_qa", "B_classical_modern_pairs", "B_twlaw_hant"),
)
STABLE = (
    *("B_poetry", "A1_hkfire_html", "A2_lctt_md", "B_lygazette_hant", "G_clickbait_titles"),
    *("F_debdoc_en", "F_debdoc_ja", "F_udhr"),
)
# data-juicer 1.x, ops/mapper/punctuation_normalization_mapper.py (Apache-2.0), as it stands there
JUICER_PAIRS = (
    '，,。.、,„"”"“"«"»"１"」"「"《"》"´\'∶:：:？?！!（(）)；;–-．.～~’\'━-〈<〉>【[】]％%►-'
)
JUICER = str.maketrans(
    {
        **dict(zip(JUICER_PAIRS[::2], JUICER_PAIRS[1::2], strict=True)),
        "—": " - ",
        "．": ". ",
        "…": "...",
    }
)
GENTLE = TextFixerConfig(uncurl_quotes=False, fix_character_width=False)
NARROW = str.maketrans("，；：！？（）", ",;:!?()")
MARKS = "，；：！？（）、。,;:!?().“”‘’\"'…—-"
Paragraphs = list[str]


def texts(data: Path | None, name: str, most: int) -> list[str]:
    if data is None:
        return generated(most, name)
    stream = zstandard.ZstdDecompressor().stream_reader((data / f"{name}.jsonl.zst").open("rb"))
    lines = io.TextIOWrapper(stream, encoding="utf-8")
    return [json.loads(line)["text"] for line, _ in zip(lines, range(most), strict=False)]


def generated(most: int, seed: str) -> list[str]:
    """Return texts of sentences put together from a few hundred words."""
    rng = random.Random(seed)
    words = re.findall(
        "..", "今年全区经济持续向好项目建设加快推进企业创新发展提升服务群众坚持完成投资"
    )

    def sentence() -> str:
        clauses = [
            "".join(rng.choices(words, k=rng.randint(3, 7))) for _ in range(rng.randint(1, 4))
        ]
        return "，".join(clauses) + rng.choice("。。。！？")

    def paragraph() -> str:
        return "".join(sentence() for _ in range(rng.randint(1, 5)))

    return ["\n".join(paragraph() for _ in range(rng.randint(3, 9))) for _ in range(most)]


def documents(data: Path | None, name: str, most: int) -> list[Paragraphs]:
    """Return documents of at least three clean paragraphs; single ones are put together."""
    found: list[Paragraphs] = []
    left: Paragraphs = []
    for text in texts(data, name, most * 30):
        lines = (re.sub(r"^\s+|\s+$", "", line) for line in re.split(r"[\r\n]+", text))
        good = [
            x
            for x in lines
            if x and not re.search("[│┌├{}<>`]", x) and (x[-1] in "。！？”」" or len(x) < 30)
        ]
        left += good
        if len(left) >= 3 and sum(map(len, left)) > 150:
            found.append(left[:60])
            left = []
        if len(found) == most:
            break
    return found


# ---------------------------------------------------------------- punctuation


def doubled(text: str) -> str:
    """Put an ASCII comma before every mark, as seed 001 has it."""
    return re.sub("([，；：！？、。])", lambda m: ",," if m[1] == "，" else "," + m[1], text)


def score_marks(
    clean: Sequence[str], damage: Callable[[str], str], repair: Callable[[str], str]
) -> str:
    wrong = right = marks = 0
    strip = str.maketrans("", "", MARKS + " ")
    for text in clean:
        out = repair(damage(text))
        kept, got = (re.findall(f"[{re.escape(MARKS)}]", x) for x in (text, out))
        marks += len(kept)
        right += max(0, len(kept) - Levenshtein.distance(kept, got))
        wrong += text.translate(strip) != out.translate(strip)
    share = f"{right / marks:.4f}"
    return f"{right:7}/{marks} marks right ({share}), {wrong} texts changed elsewhere"


def stage(name: str) -> Callable[[str], str]:
    def apply(text: str) -> str:
        out = run_text(text, [name])
        assert isinstance(out, Document)
        return out.text

    return apply


REPAIRS: dict[str, Callable[[str], str]] = {
    "this stage": stage("punctuation"),
    "data-juicer's table": lambda text: text.translate(JUICER),
    "ftfy, defaults": fix_text,
    "ftfy, width and quotes kept": lambda text: fix_text(text, config=GENTLE),
    "nothing": lambda text: text,
}
DAMAGES: dict[str, Callable[[str], str]] = {
    "untouched": lambda text: text,
    "made ASCII": lambda text: text.translate(NARROW),
    "made ASCII, a blank behind": lambda text: re.sub(
        "([,;:!?])(?=[^\\d\\n])", r"\1 ", text.translate(NARROW)
    ),
    "doubled": doubled,
}


# ---------------------------------------------------------------- reflow


def width_of(text: str, columns: bool) -> int:
    return sum(1 + (columns and unicodedata.east_asian_width(c) in "WFA") for c in text)


def wrapped(text: str, width: int, *, columns: bool, kinsoku: bool) -> list[str]:
    lines = [""]
    for word in re.findall(r"[!-~]+|.", text) if columns else text:
        over = width_of(lines[-1] + word, columns) > width
        if over and lines[-1] and not (kinsoku and word in "，。、；：！？）》」』”’"):
            lines[-1] = lines[-1].rstrip(" ")
            lines.append("" if word == " " else word)
        else:
            lines[-1] += word
    return lines


def torn(text: str, rng: random.Random) -> list[str]:
    parts = []
    while len(text) > 30 and rng.random() < 0.5:
        cut = rng.randint(10, len(text) - 10)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text]


def layouts(paragraphs: Paragraphs, rng: random.Random) -> Iterator[tuple[str, str]]:
    width = rng.randint(20, 40)
    by_chars = [wrapped(p, width, columns=False, kinsoku=False) for p in paragraphs]
    flat = [line for lines in by_chars for line in lines]
    yield "20-40 characters", "\n".join(flat)
    yield "same, random blank lines", "".join(x + rng.choice(["\n"] * 6 + ["\n\n"]) for x in flat)
    yield "same, a blank line between paragraphs", "\n\n".join("\n".join(x) for x in by_chars)
    indented = [
        wrapped("\u3000\u3000" + p, width, columns=False, kinsoku=False) for p in paragraphs
    ]
    yield "same, indents", "\n".join(x for lines in indented for x in lines)
    for name, columns in (
        ("20-40 columns, words whole", width),
        ("40-80 columns, words whole", 2 * width),
    ):
        yield (
            name,
            "\n".join(
                x for p in paragraphs for x in wrapped(p, columns, columns=True, kinsoku=False)
            ),
        )
    hung = (wrapped(p, 2 * width, columns=True, kinsoku=True) for p in paragraphs)
    yield "40-80 columns, hanging marks", "\n".join(x for lines in hung for x in lines)
    yield "torn at random, blank lines", "\n\n".join(x for p in paragraphs for x in torn(p, rng))


def boundaries(lines: Sequence[str]) -> set[int]:
    return set(accumulate(len(re.sub(r"\s", "", line)) for line in lines))


def naive(text: str) -> str:
    """Join every line that does not end in a stop: what scripts do."""
    return re.sub(r"(?<![。！？”」：；\n])\n+", "", re.sub(r"\n+", "\n", text))


def score_reflow(name: str, docs: Sequence[Paragraphs]) -> None:
    totals: dict[str, list[int]] = {}
    for number, paragraphs in enumerate(docs):
        want = boundaries(paragraphs)
        for layout, text in layouts(paragraphs, random.Random(number)):
            for who, repair in (("", stage("reflow")), (" [naive joining]", naive)):
                got = boundaries(repair(text).split("\n"))
                total = totals.setdefault(layout + who, [0, 0, 0])
                for i, n in enumerate((len(want & got), len(want), len(got))):
                    total[i] += n
    for layout, (both, wanted, given) in totals.items():
        print(f"{name:26} {layout:56} recall {both / wanted:.3f} precision {both / given:.3f}")


def score_stable(name: str, given: Sequence[str]) -> None:
    lost = breaks = 0
    for text in given:
        lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
        kept = boundaries([x for x in stage("reflow")(text).split("\n") if x.strip()])
        breaks += len(lines)
        lost += len(boundaries(lines) - kept)
    print(f"{name:26} {lost} of {breaks} line breaks gone ({lost / breaks:.5f})")


# ---------------------------------------------------------------- speed


def speed(name: str, apply: Apply, given: Sequence[str]) -> float:
    docs = [Document(str(i), text) for i, text in enumerate(given)]
    counted = census(given)
    times = []
    for _ in range(5):
        begin = time.process_time()
        apply(docs, counted)
        times.append(time.process_time() - begin)
    size = sum(len(text.encode()) for text in given) / 1e6
    print(
        f"{name:40} {size / min(times):8.1f} MB/s {min(times) / len(docs) * 1e6:8.1f} us a document"
    )
    return min(times)


def by_ftfy(docs: Sequence[Document], _: Census) -> list[Outcome]:
    return [Document(doc.id, fix_text(doc.text)) for doc in docs]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--documents", type=int, default=60)
    args = parser.parse_args()
    marks = punctuation.build(punctuation.PunctuationOptions())
    lines = reflow.build(reflow.ReflowOptions())
    for name in SETS if args.data else ("generated",):
        docs = documents(args.data, name, args.documents)
        whole = ["\n".join(paragraphs) for paragraphs in docs]
        clean = [stage("punctuation")(text) for text in whole]
        for damage, spoil in DAMAGES.items():
            for who, repair in REPAIRS.items():
                print(f"{name:26} {damage:28} {who:28} {score_marks(clean, spoil, repair)}")
        score_reflow(name, docs)
        speed(f"{name} punctuation, clean", marks, clean)
        speed(f"{name} punctuation, made ASCII", marks, [text.translate(NARROW) for text in clean])
        speed(f"{name} reflow, clean", lines, [stage("reflow")(text) for text in clean])
        speed(f"{name} ftfy, clean", by_ftfy, clean)
    for name in STABLE if args.data else ():
        score_stable(name, texts(args.data, name, args.documents * 3))


if __name__ == "__main__":
    main()
