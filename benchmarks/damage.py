"""Clean text, damaged in two dozen ways: how much of each damage do all stages together undo?

    nice python benchmarks/damage.py [DATA] [--documents 80] [--sets B_wiki_hans_cmrc ...]

Each text is cleaned; what comes out is damaged, and cleaned again. Both should be the same. For
each damage: texts that are, characters that the damage changed, and those that differ in the end
(Levenshtein). No stage is asked by itself: that one stage hides from the next what it needs (a
notice joined to a sentence, an entity that is left) is seen here only. DATA holds JSONL sets
(`NAME.jsonl.zst`); without it the text is generated.
"""

from __future__ import annotations

import argparse
import random
import string
from collections.abc import Callable
from pathlib import Path

import opencc
from pypinyin import Style, lazy_pinyin
from rapidfuzz.distance import Levenshtein
from text import generated, texts

from pipeline.document import Document
from pipeline.stages import registry
from pipeline.stages.runner import compile_stages, run_stages

SETS = ("B_cnews_small", "B_wiki_hans_cmrc", "A2_xwlb_item", "B_wiki_hant_drcd")
BATCH = 100
LONGEST = 6000  # characters of a text
Damage = Callable[[str], str]

DRAW = random.Random(5)
HEAD = (
    "2020年12月06日 03:26  来源：新浪财经",
    "发布时间：2018年07月18日  浏览次数：27245次",
    "字号：大 中 小",
)
TAIL = (
    *("扫一扫，用手机看新闻", "网友评论仅供其表达个人看法，并不表明新华网立场。", "责任编辑：杨帆"),
    *("分享到：微信 微博 QQ空间", "【打印】【关闭】【收藏】", "更多精彩内容请关注新浪财经官方微信"),
    "版权声明：本文来源于新浪财经，转载请注明出处。",
)  # fmt: skip


def is_han(char: str) -> bool:
    """Say whether a character is a common ideograph."""
    return "\u4e00" <= char <= "\u9fff"


def each(change: Callable[[str], str], share: float = 1.0) -> Damage:
    """Return what changes a share of the ideographs of a text."""
    return lambda text: "".join(
        change(char) if is_han(char) and DRAW.random() < share else char for char in text
    )


def behind(marks: str, share: float) -> Damage:
    """Return what puts one of these characters behind a share of the others."""
    return lambda text: "".join(
        char + (DRAW.choice(marks) if char != "\n" and DRAW.random() < share else "")
        for char in text
    )


def annotated(style: Style, brackets: str, share: float) -> Damage:
    """Return what puts the reading of a share of the ideographs behind them."""

    def damage(text: str) -> str:
        said = lazy_pinyin(text, style=style, errors=list)  # type: ignore[arg-type]
        return "".join(
            char
            + (
                brackets[0] + reading + brackets[1]
                if is_han(char) and DRAW.random() < share
                else ""
            )
            for char, reading in zip(text, said, strict=True)
        )

    return damage


def swapped(these: str, those: str) -> Damage:
    """Return what puts other characters for some."""
    return lambda text: text.translate(str.maketrans(these, those))


def framed(text: str) -> str:
    """Put the frame of a news page around a text."""
    head, tail = DRAW.sample(HEAD, 1), DRAW.sample(TAIL, 3)
    return "\n".join([*head, text.strip("\n"), *tail])


def paged(text: str) -> str:
    """Wrap a text at 36 characters, with a page number after every eight lines."""
    lines = [line[i : i + 36] for line in text.split("\n") for i in range(0, max(len(line), 1), 36)]
    out: list[str] = []
    for number, line in enumerate(lines, 1):
        out.append(line)
        if number % 8 == 0 and number < len(lines):
            out.append(f"- {number // 8} -")
    return "\n".join(out)


def mojibake(wrong: str) -> Damage:
    """Return what reads the UTF-8 of a text as another encoding."""
    return lambda text: text.encode("utf-8").decode(wrong, "replace")


def damages() -> dict[str, Damage]:
    """Return each damage by its name."""
    entity: dict[str, str | int | None] = {
        "“": "&ldquo;",
        "”": "&rdquo;",
        "…": "&hellip;",
        "—": "&mdash;",
        "·": "&middot;",
    }
    letters = string.ascii_letters + string.digits
    wide = "".join(chr(ord(char) + 0xFEE0) for char in letters)
    to_tw = opencc.OpenCC("s2tw").convert
    return {
        "pinyin, tone marks": annotated(Style.TONE, "()", 0.1),
        "pinyin, wide brackets": annotated(Style.TONE, "（）", 0.1),
        "pinyin, numbers": annotated(Style.TONE3, "()", 0.1),
        "pinyin, rare": annotated(Style.TONE, "()", 0.03),
        "zhuyin": annotated(Style.BOPOMOFO, "（）", 0.2),
        "zero-width characters": behind("\u200b\u200c\u2060\ufeff", 0.05),
        "soft hyphens": behind("\xad", 0.05),
        "bidi controls": behind("\u200e\u200f\u202c", 0.02),
        "control characters": behind("\x00\x01\x08\x7f", 0.02),
        "tag characters": behind("\U000e0041\U000e0042", 0.02),
        "entities": lambda text: text.translate(str.maketrans(entity)),
        "numeric entities": each(lambda char: f"&#{ord(char)};", 0.3),
        "full-width letters": swapped(letters, wide),
        "Kangxi radicals": swapped("一人大小日月水火", "⼀⼈⼤⼩⽇⽉⽔⽕"),
        "scattered blanks": each(lambda char: char + " ", 0.15),
        "ASCII marks": swapped("，：；！？（）", ",:;!?()"),
        "doubled commas": lambda text: text.replace("，", "，,").replace("、", ",、"),
        "line ends, indents": lambda text: text.replace("\n", "\r\n\r\n\u3000\u3000"),
        "pages": paged,
        "frame of a page": framed,
        "UTF-8 as Latin-1": mojibake("latin-1"),
        "Traditional": to_tw,
    }  # fmt: skip


def cleaned(documents: list[str]) -> list[str]:
    """Return what all stages make of some texts."""
    stages = compile_stages([(stage, stage.options()) for stage in registry()])
    out: list[str] = []
    for first in range(0, len(documents), BATCH):
        batch = [Document(str(i), text) for i, text in enumerate(documents[first : first + BATCH])]
        outcomes = run_stages(stages, batch)[0]
        out += [o.text if isinstance(o, Document) else o.document.text for o in outcomes]
    return out


def main() -> None:
    """Print a row for each damage."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("data", nargs="?", type=Path)
    arguments.add_argument("--documents", type=int, default=80)
    arguments.add_argument("--sets", nargs="*", default=SETS)
    given = arguments.parse_args()
    sources = (
        [texts(given.data, name, 20 * given.documents) for name in given.sets]
        if given.data
        else [generated(given.documents, "damage")]
    )
    clean = []
    for source in sources:
        usable = [text for text in source if 100 < len(text) < LONGEST]
        clean += cleaned(DRAW.sample(usable, min(given.documents, len(usable))))
    print(f"{'damage':24}{'texts':>7}{'as before':>11}{'damaged':>9}{'left':>8}{'share':>8}")
    for name, damage in damages().items():
        damaged = list(map(damage, clean))
        pairs = list(zip(clean, damaged, cleaned(damaged), strict=True))
        same = sum(before == after for before, _, after in pairs)
        done = sum(Levenshtein.distance(before, harmed) for before, harmed, _ in pairs)
        left = sum(Levenshtein.distance(before, after) for before, _, after in pairs)
        print(f"{name:24}{len(pairs):7}{same:11}{done:9}{left:8}{left / max(done, 1):8.4f}")


if __name__ == "__main__":
    main()
