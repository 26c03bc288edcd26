"""Script detection and conversion, compared with OpenCC's own on the same texts.

    nice python benchmarks/script.py DATA [--documents 300]

DATA holds JSONL sets (`NAME.jsonl.zst`, one object a line with `text`). data-juicer's
chinese_convert_mapper runs OpenCC over every text, so its rows are OpenCC's. Times are CPU
seconds, the least of nine runs in turns, census and receipts included.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sets

from pipeline.census import census
from pipeline.document import Document, replay
from pipeline.stages.chain import run_text
from pipeline.stages.runner import Compiled, compile_stages, run_stages
from pipeline.stages.script import STAGE
from pipeline.text.script.conversion import converter
from pipeline.text.script.mends import pairs_of, read_tables
from pipeline.text.script.scripts import traditional_only

SIMPLIFIED = (
    *("B_cnlaw_md", "B_medical_qa", "B_cnews_small", "B_wiki_hans_cmrc", "B_debdoc_hans"),
    *("B_classical_modern_pairs", "A2_chinanews_text", "A2_lctt_md"),
)
TRADITIONAL = (
    *("B_twlaw_hant", "B_wiki_hant_drcd", "B_lygazette_hant", "B_debdoc_hant", "A1_hkfire_html"),
)
PEERS = ("t2s", "tw2s")  # the configurations of OpenCC that are measured beside ours
# Which language the sets of many languages are in, by the beginning of `lang`; others are "other".
LANGS = {
    "zh": "Han",
    "cmn_hant": "Hant",
    "cmn_hans": "Hans",
    "wuu": "Hans",
    "cjy": "Hans",
    "023": "Hans",
    "ja": "Japanese",
    "jpn": "Japanese",
    "ko": "Korean",
    "kor": "Korean",
    "026": "Korean",
}
MANY = ("F_udhr", "F_lingua_sentences")
MAINLAND = {"peoples-daily-gba"}  # outlets among the Traditional ones that write Simplified
OTHERS = {
    "F_debdoc_ja": "Japanese",
    "F_debdoc_ko": "Korean",
    "F_debdoc_en": "other",
    "F_debdoc_ru": "other",
    "F_debdoc_otherlangs": "other",
}
# Which options of ours ask for what a configuration of OpenCC does.
CONFIGS: dict[str, dict[str, object]] = {
    **{name: {"target": "hans"} for name in ("t2s", "tw2s", "hk2s")},
    **{name: {"target": "hans", "vocabulary": True} for name in ("tw2sp", "hk2sp")},
    **{name: {"target": "hant-tw"} for name in ("s2tw", "t2tw")},
    **{name: {"target": "hant-hk"} for name in ("s2hk", "t2hk")},
    "s2twp": {"target": "hant-tw", "vocabulary": True},
    "s2hkp": {"target": "hant-hk", "vocabulary": True},
}

# Cases whose text is not what their configuration is for, or that ask for what the stage is
# to mend: docs/stages/script.md says of each what comes out.
_STRAY = "leaves Simplified words as they are in text that is to be Traditional"
_PARTICLE = "keeps 著 as a particle, which the stage writes 着"
_REGION = "replaces words of a region in a text that is Traditional and does not show its region"
NOT_OURS = {
    **dict.fromkeys(
        (
            "BYVoid_OpenCC_Issue_506:t2hk",
            "BYVoid_OpenCC_Issue_722:t2hk",
            "BYVoid_OpenCC_Issue_722:t2tw",
            "BYVoid_OpenCC_Issue_767_solace:t2tw",
            "BYVoid_OpenCC_Issue_930:t2hk",
            "BYVoid_OpenCC_PR_1256_HK_news_channels:t2hk",
            "BYVoid_OpenCC_PR_1266_zhou:t2tw",
            "BYVoid_OpenCC_PR_1267_HK_proper_noun_variants_heng_lines:t2hk",
        ),
        _STRAY,
    ),
    **dict.fromkeys(
        ("BYVoid_OpenCC_Issue_767_solace:hk2s", "BYVoid_OpenCC_Issue_767_solace:s2hk"), _PARTICLE
    ),
    **dict.fromkeys((f"BYVoid_OpenCC_Issue_506:{c}" for c in ("hk2sp", "s2hkp", "s2twp")), _REGION),
}


def rows(data: Path, name: str, most: int) -> list[dict[str, Any]]:
    """Return the first `most` objects of a set; an absent set is empty."""
    there = (data / f"{name}.jsonl.zst").exists()
    return list(sets.rows(data, name, most)) if there else []


def documents(data: Path, name: str, most: int) -> list[Document]:
    return [Document(str(i), row["text"]) for i, row in enumerate(rows(data, name, most))]


def stage(**options: Any) -> list[Compiled]:
    return compile_stages([(STAGE, STAGE.options(**options))])


def outputs(compiled: list[Compiled], docs: Sequence[Document]) -> list[Document]:
    return [out for out in run_stages(compiled, docs)[0] if isinstance(out, Document)]


def least(*runs: Callable[[], object]) -> list[float]:
    """Return the least CPU seconds of nine runs of each, in turns, so that noise meets all alike.

    The collector is set as in a worker.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(9):
        for run, seconds in zip(runs, times, strict=True):
            start = time.process_time()
            run()
            seconds.append(time.process_time() - start)
    return [min(seconds) for seconds in times]


def opencc_over(config: str, docs: Sequence[Document]) -> Callable[[], object]:
    run = converter(config)
    return lambda: [run(doc.text) for doc in docs]


def megabytes(docs: Sequence[Document]) -> float:
    return sum(len(doc.text.encode()) for doc in docs) / 1e6


def detection(data: Path, most: int) -> None:
    print("\ndetection: documents, share right, answers")
    wanted = {
        **dict.fromkeys(SIMPLIFIED, "Hans"),
        **dict.fromkeys(TRADITIONAL, "Hant"),
        **OTHERS,
    }
    for name, script in wanted.items():
        chinese = [
            row
            for row in rows(data, name, most)
            if (name[0] == "F" or row.get("lang") != "other") and row.get("outlet") not in MAINLAND
        ]
        docs = [Document("", row["text"]) for row in chinese if row["text"].strip()]
        found = [str(out.columns["script"]) for out in outputs(stage(target="keep"), docs)]
        right = sum(answer.startswith(script) for answer in found)
        if found:
            answers = {answer: found.count(answer) for answer in sorted(set(found))}
            print(f"  {name:28} {len(found):5} {right / len(found):8.2%}  {answers}")


def detection_by_language(data: Path) -> None:
    for name in MANY:
        every = rows(data, name, 10**6)
        docs = [Document("", row["text"]) for row in every]
        right = 0
        for row, out in zip(every, outputs(stage(target="keep"), docs), strict=True):
            given = (script for lang, script in LANGS.items() if _of(row["lang"], lang))
            right += str(out.columns["script"]).startswith(next(given, "other"))
        print(f"  {name:28} {len(docs):5} {right / max(len(docs), 1):8.2%}  {right} right")


def _of(code: str, lang: str) -> bool:
    return code == lang or code.startswith(lang + "_")


def changed(before: Sequence[Document], after: Sequence[str]) -> int:
    return sum(
        sum(a != b for a, b in zip(doc.text, out, strict=False))
        for doc, out in zip(before, after, strict=True)
    )


def simplified(data: Path, most: int) -> None:
    print("\nSimplified text to hans: characters changed per million (0 is right); MB/s")
    for name in SIMPLIFIED:
        docs = documents(data, name, most)
        if not docs:
            continue
        size = sum(len(doc.text) for doc in docs)
        compiled = stage()
        ours = changed(docs, [out.text for out in outputs(compiled, docs)])
        seconds = least(
            lambda c=compiled, d=docs: run_stages(c, d),  # type: ignore[misc]
            *(opencc_over(config, docs) for config in PEERS),
        )
        speed = [megabytes(docs) / one for one in seconds]
        line = f"  {name:28} ours {ours / size * 1e6:6.1f} {speed[0]:5.0f}"
        for config, rate in zip(PEERS, speed[1:], strict=True):
            theirs = changed(docs, [converter(config)(doc.text) for doc in docs])
            line += f" | {config} {theirs / size * 1e6:6.1f} {rate:5.0f}"
        print(line)


def left(texts: Sequence[str]) -> int:
    """Count the Traditional-only characters, and 著 where it cannot be but 着."""
    particles = (
        "看著",
        "有著",
        "隨著",
        "随著",
        "接著",
        "跟著",
        "帶著",
        "带著",
        "为著",
        "試著",
        "试著",
    )
    return int(census(texts).count("han_traditional").sum()) + sum(
        text.count(particle) for text in texts for particle in particles
    )


def traditional(data: Path, most: int) -> None:
    print("\nTraditional text to hans: Traditional forms left per million; MB/s; receipts")
    for name in TRADITIONAL:
        docs = documents(data, name, most)
        if not docs:
            continue
        size = sum(len(doc.text) for doc in docs)
        compiled = stage()
        found = outputs(compiled, docs)
        assert all(
            replay(doc.text, out.edits) == out.text for doc, out in zip(docs, found, strict=False)
        )
        seconds = least(
            lambda c=compiled, d=docs: run_stages(c, d),  # type: ignore[misc]
            *(opencc_over(config, docs) for config in PEERS),
        )
        receipts = sum(len(out.edits) for out in found)
        line = (
            f"  {name:20} ours {left([out.text for out in found]) / size * 1e6:6.1f} "
            f"{megabytes(docs) / seconds[0]:5.1f} {receipts:6}"
        )
        for config, theirs in zip(PEERS, seconds[1:], strict=True):
            rest = left([converter(config)(doc.text) for doc in docs]) / size * 1e6
            times = seconds[0] / theirs
            line += f" | {config} {rest:6.1f} {megabytes(docs) / theirs:5.1f} ({times:.2f}x)"
        print(line)


def not_simplified() -> frozenset[str]:
    """Return the characters that Simplified text does not write where a round trip changes them.

    Traditional ones, the variants that the mainland has withdrawn, 著 as a particle, 甚么.
    """
    variants = {
        pair[0]
        for table in read_tables("hans")
        if table["id"] in ("variant-form", "regional-variant")
        for pair in pairs_of(table)
    }
    return traditional_only() | variants | {"著", "甚"}


def round_trip(data: Path, most: int) -> None:
    print("\nhans -> hant-tw -> hans: share of the characters returned")
    there, back = stage(target="hant-tw"), stage()
    for name in SIMPLIFIED:
        docs = documents(data, name, most)
        if not docs:
            continue
        middle = [Document(out.id, out.text) for out in outputs(there, docs)]
        found = [out.text for out in outputs(back, middle)]
        size = sum(len(doc.text) for doc in docs)
        pairs = [
            a
            for doc, out in zip(docs, found, strict=True)
            for a, b in zip(doc.text, out, strict=True)
            if a != b
        ]
        foreign = {a: n for a, n in Counter(pairs).most_common() if a in not_simplified()}
        rest = {a: n for a, n in Counter(pairs).most_common() if a not in foreign}
        print(
            f"  {name:26} {size:8} characters {1 - len(pairs) / size:9.4%}; "
            f"{1 - sum(rest.values()) / size:.4%} of those that were Simplified"
        )
        for what, chars in (("not Simplified before", foreign), ("other", rest)):
            print(f"    {what}: {' '.join(f'{a} {n}' for a, n in chars.items()) or 'none'}")


def cases(data: Path) -> None:
    print("\nOpenCC's test cases: passed / of those whose configuration applies")
    score: dict[str, list[bool]] = {}
    apart: dict[str, list[str]] = {}
    for row in rows(data, "D_opencc_cases", 10**6):
        options = CONFIGS.get(row["config"])
        reason = NOT_OURS.get(row["id"]) if options else f"no target of ours is {row['config']}"
        if reason:
            apart.setdefault(reason, []).append(row["id"])
        else:
            out = run_text(row["text"], ["script"], {"script": options or {}})
            right = isinstance(out, Document) and out.text == row["expected"]
            score.setdefault(row["config"], []).append(right)
    print(" ", ", ".join(f"{name} {sum(ok)}/{len(ok)}" for name, ok in sorted(score.items())))
    every = [right for found in score.values() for right in found]
    print(f"  together {sum(every)}/{len(every)}; does not apply:")
    for reason, which in sorted(apart.items()):
        print(f"  {len(which):4} {reason}{': ' + ', '.join(which) if len(which) < 11 else ''}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--documents", type=int, default=300, help="documents of each set")
    given = parser.parse_args()
    detection(given.data, given.documents)
    detection_by_language(given.data)
    simplified(given.data, given.documents)
    traditional(given.data, given.documents)
    round_trip(given.data, given.documents)
    cases(given.data)


if __name__ == "__main__":
    main()
