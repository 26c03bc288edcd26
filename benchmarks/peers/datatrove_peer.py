"""datatrove on the jobs of our default recipe, as far as it has them. Run by its own Python:

    python -m venv /tmp/peers/datatrove
    /tmp/peers/datatrove/bin/pip install "datatrove[processing,io]" opencc jieba spacy
    /tmp/peers/datatrove/bin/python benchmarks/peers/datatrove_peer.py INPUT.jsonl OUTPUT_FOLDER

It has no conversion of scripts: OpenCC is called here as one of its formatters would. It has no
repair of Chinese mojibake, no readings, no punctuation, no reflow, no bylines, no rules for Chinese
boilerplate; its MinHash is over words. All of ours are on in the same comparison.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.filters import GopherRepetitionFilter
from datatrove.pipeline.formatters import FTFYFormatter, SymbolLinesFormatter
from datatrove.pipeline.formatters.base import BaseFormatter
from datatrove.pipeline.readers import JsonlReader, ParquetReader
from datatrove.pipeline.writers import ParquetWriter

LANGUAGE = "cmn_Hani"


class Simplified(BaseFormatter):  # type: ignore[misc]
    """Traditional to Simplified with OpenCC."""

    name = "opencc"

    converter: Any = None  # made where it is used: it cannot be copied

    def format(self, text: str) -> str:
        """Return the text in Simplified characters."""
        if self.converter is None:
            import opencc

            self.converter = opencc.OpenCC("t2s")
        return str(self.converter.convert(text))


def steps(source: Path, folder: Path) -> list[list[Any]]:
    """Return the pipelines that run one after the other: cleaning, then four of deduplication."""
    clean, signatures, buckets, removed, out = (
        str(folder / name) for name in ("clean", "signatures", "buckets", "removed", "data")
    )
    return [
        [
            JsonlReader(str(source.parent.resolve()), glob_pattern=source.name),
            FTFYFormatter(),  # mojibake, unicode
            SymbolLinesFormatter(),  # boilerplate
            Simplified(),  # script
            GopherRepetitionFilter(language=LANGUAGE),  # repetition: drops the document
            ParquetWriter(clean),
        ],
        [ParquetReader(clean), MinhashDedupSignature(signatures, language=LANGUAGE)],
        [MinhashDedupBuckets(signatures, buckets)],
        [MinhashDedupCluster(buckets, removed)],
        [ParquetReader(clean), MinhashDedupFilter(removed), ParquetWriter(out)],
    ]


def main() -> None:
    """Run the steps, each in a process of its own: a tokenizer in use cannot be copied."""
    source, folder, *step = sys.argv[1:]
    pipelines = steps(Path(source), Path(folder))
    if step:
        number = int(step[0])
        tasks = 14 if number == 2 else 1  # one for each band
        logs = str(Path(folder) / "logs" / step[0])
        LocalPipelineExecutor(pipelines[number], tasks=tasks, workers=1, logging_dir=logs).run()
        return
    for number in range(len(pipelines)):
        subprocess.run([sys.executable, __file__, source, folder, str(number)], check=True)


if __name__ == "__main__":
    main()
