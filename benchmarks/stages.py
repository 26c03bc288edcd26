"""Each stage alone, on clean and on dirty text: megabytes per core-second, µs a document.

    python benchmarks/stages.py [CORPUS.jsonl] [--mb 8]

Clean text is the recombined text of the seeds as `pipeline` itself leaves it; dirty text is the
load corpus. The time is that of `run_stages` with one stage: census, wake-up, stage, receipts. In
the pipeline all stages share one census; its row says what is to be taken off the others.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import orjson
from corpus import documents
from machine import save

from pipeline.document import Document
from pipeline.stages import registry
from pipeline.stages.runner import compile_stages, run_stages

BATCH = 256


def texts_of(path: Path | None, mb: float) -> list[str]:
    """Return the texts of a JSONL file, or of the generator."""
    if path is None:
        return [str(row["text"]) for row in documents(mb, 1, None)]
    out, size = [], 0
    with path.open("rb") as file:
        for line in file:
            out.append(orjson.loads(line)["text"])
            size += len(line)
            if size > mb * 1e6:
                break
    return out


def seconds(name: str, texts: list[str]) -> tuple[float, list[str]]:
    """Return CPU seconds of one stage over texts in batches, and what came out."""
    compiled = compile_stages([(s, s.options()) for s in registry() if s.name == name])
    batches = [
        [Document(str(i), text) for i, text in enumerate(texts[first : first + BATCH])]
        for first in range(0, len(texts), BATCH)
    ]
    run_stages(compiled, batches[0])  # tables are loaded once per worker
    begun = time.process_time()
    out = [outcome for batch in batches for outcome in run_stages(compiled, batch)[0]]
    taken = time.process_time() - begun
    return taken, [o.text if isinstance(o, Document) else o.document.text for o in out]


def main() -> None:
    """Measure, print a table, and save it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--mb", type=float, default=8)
    args = parser.parse_args()
    dirty = texts_of(args.corpus, args.mb)
    clean = dirty
    for stage in registry():
        clean = seconds(stage.name, clean)[1]
    result = {}
    print(f"{'stage':<14}{'clean MB/s':>12}{'µs/doc':>9}{'dirty MB/s':>12}{'µs/doc':>9}")
    for name in ("census", *(stage.name for stage in registry())):
        row = {}
        for kind, texts in (("clean", clean), ("dirty", dirty)):
            size = sum(len(text.encode()) for text in texts) / 1e6
            taken = seconds(name, texts)[0]
            row[kind] = {"mb_per_s": round(size / taken, 1),
                         "us_per_document": round(taken / len(texts) * 1e6, 1)}  # fmt: skip
        result[name] = row
        print(f"{name:<14}" + "".join(
            f"{row[k]['mb_per_s']:>12}{row[k]['us_per_document']:>9}" for k in row))  # fmt: skip
    print(save("stages", {"megabytes": args.mb, "stages": result}))


if __name__ == "__main__":
    main()
