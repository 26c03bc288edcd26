"""data-juicer's mappers of characters: a JSON list of texts in, texts and CPU seconds out.

Run by its own Python (see data_juicer_peer.py): benchmarks/characters.py does so.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from data_juicer.ops.mapper import (
    ChineseConvertMapper,
    FixUnicodeMapper,
    PunctuationNormalizationMapper,
    WhitespaceNormalizationMapper,
)


def main() -> None:
    """Answer each line of stdin, a list of texts, with [texts, seconds]."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what its operators print goes to stderr
    mappers: list[Any] = [
        FixUnicodeMapper(),
        PunctuationNormalizationMapper(),
        WhitespaceNormalizationMapper(),
        ChineseConvertMapper(mode="t2s"),
    ]
    for mapper in mappers:
        mapper.process_batched({"text": ["漢"]})  # loads its tables
    for line in sys.stdin:
        samples = {"text": json.loads(line)}
        begun = time.process_time()
        for mapper in mappers:
            samples = mapper.process_batched(samples)
        seconds = time.process_time() - begun
        answers.write(json.dumps([samples["text"], seconds], ensure_ascii=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
