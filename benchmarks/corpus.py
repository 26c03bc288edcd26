"""Makes the load corpus: Chinese text with known shares of copies, damage and clutter.

    python benchmarks/corpus.py OUT --mb 40 [--source FOLDER] [--seed 1]

OUT/corpus.jsonl has {"id", "text"}; OUT/labels.jsonl has {"id", "kind", "source", "dirt"}, the
truth. Without --source the text is recombined from the clauses of the project's own seeds, which is
enough for speed; with it, documents are cut from the *.txt files of a folder.

Shares of all documents: 10 % exact copies, 10 % near copies, 10 % with repeated paragraphs, 20 %
Traditional, 5 % mojibake (UTF-8 read as GBK), 30 % with boilerplate lines.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

SEEDS = Path(__file__).parents[1] / "seeds"
HEADS = ("首页 > 新闻 > 正文", "字号：大 中 小", "发布时间：2024-03-05  浏览次数：1234次")
TAILS = (
    "责任编辑：王伟", "相关阅读", "热门推荐", "分享到：微信 微博 QQ空间", "扫一扫，用手机看新闻",
    "【打印】【关闭】【收藏】", "版权声明：本文来源于新华网，转载请注明出处。",
)  # fmt: skip
FILLERS = "的了在是和有这中大来上个国我以要他时用们生到作地于出就分对成会可主发年动"


def clauses(source: Path | None) -> list[str]:
    """Return the clauses of the source text, each with its closing mark."""
    folder = source or SEEDS
    text = "\n".join(path.read_text("utf-8", "ignore") for path in sorted(folder.glob("*.txt")))
    found = re.findall(r"[\u4e00-\u9fff0-9A-Za-z“”]{4,40}[,，。；、]", text.replace(",", "，"))
    return [c for c in dict.fromkeys(found) if sum("\u4e00" <= x <= "\u9fff" for x in c) > 4]


def paragraph(draw: random.Random, pool: list[str]) -> str:
    """Return a paragraph of 60 to 300 characters."""
    want = draw.randint(60, 300)
    parts: list[str] = []
    while sum(map(len, parts)) < want:
        parts.append(draw.choice(pool))
    return "".join(parts)[:-1] + "。"


def near_copy(draw: random.Random, text: str) -> str:
    """Return the text with about 2 % of its characters replaced."""
    return "".join(draw.choice(FILLERS) if draw.random() < 0.02 else c for c in text)


def documents(mb: float, seed: int, source: Path | None) -> Iterator[dict[str, object]]:
    """Yield rows with id, text and the label."""
    import opencc

    draw = random.Random(seed)
    pool = clauses(source)
    convert = opencc.OpenCC("s2t").convert
    earlier: list[tuple[str, str]] = []
    size = number = 0
    while size < mb * 1e6:
        name = f"d{number:07d}"
        kind, origin, dirt = "base", name, []
        roll = draw.random()
        if roll < 0.2 and len(earlier) > 50:
            origin, text = draw.choice(earlier)
            kind = "exact" if roll < 0.1 else "near"
            text = text if kind == "exact" else near_copy(draw, text)
        else:
            rows = [paragraph(draw, pool) for _ in range(draw.randint(3, 14))]
            if draw.random() < 0.1:
                rows.insert(draw.randrange(len(rows)) + 1, rows[0])
                dirt.append("repeat")
            text = "\n".join(rows)
            if len(earlier) < 5000:
                earlier.append((name, text))
        if draw.random() < 0.3:
            text = "\n".join([draw.choice(HEADS), text, *draw.sample(TAILS, 3)])
            dirt.append("boilerplate")
        if draw.random() < 0.2:
            text = convert(text)
            dirt.append("traditional")
        elif draw.random() < 0.05:
            text = text.encode().decode("gb18030", "replace")
            dirt.append("mojibake")
        yield {"id": name, "text": text, "kind": kind, "source": origin, "dirt": dirt}
        size += len(text.encode())
        number += 1


def main() -> None:
    """Write corpus.jsonl and labels.jsonl."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--mb", type=float, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--source", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with (
        (args.out / "corpus.jsonl").open("w", encoding="utf-8") as corpus,
        (args.out / "labels.jsonl").open("w", encoding="utf-8") as labels,
    ):
        for row in documents(args.mb, args.seed, args.source):
            text = row.pop("text")
            record = {"id": row["id"], "text": text}
            corpus.write(json.dumps(record, ensure_ascii=False) + "\n")
            labels.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
