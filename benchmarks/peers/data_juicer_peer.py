"""data-juicer on the jobs of our default recipe, as far as it has them. Run by its own Python:

    python -m venv /tmp/peers/data-juicer
    /tmp/peers/data-juicer/bin/pip install py-data-juicer opencc ftfy aiohttp
    /tmp/peers/data-juicer/bin/python benchmarks/peers/data_juicer_peer.py INPUT.jsonl OUTPUT_FOLDER

The first run installs what its operators need besides (torch, scipy, ray): make one before you
measure. It has no repair of Chinese mojibake, no inserted readings, no reflow, no bylines to
columns, and no rules for boilerplate but lines that many documents share. All of ours are on in the
same comparison.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

# Its operators by our stages; options are its defaults except where its pages say "for Chinese".
PROCESS: tuple[dict[str, dict[str, str]], ...] = (
    {"fix_unicode_mapper": {}},  # mojibake, unicode: ftfy
    {"punctuation_normalization_mapper": {}},  # punctuation
    {"whitespace_normalization_mapper": {}},  # unicode
    {"clean_copyright_mapper": {}},  # boilerplate
    {"document_line_deduplicator": {}},  # boilerplate: lines in more than six documents
    {"chinese_convert_mapper": {"mode": "t2s"}},  # script: OpenCC
    {"remove_repeat_sentences_mapper": {}},  # repetition
    {"document_minhash_deduplicator": {"tokenization": "character"}},  # decide
)


def main() -> None:
    """Write its recipe, as JSON (which YAML includes), and run it with one worker."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    recipe = folder / "recipe.yaml"
    settings = {
        "project_name": "benchmark", "dataset_path": str(source.resolve()), "np": 1,
        "export_path": str((folder / "data.parquet").resolve()), "process": list(PROCESS),
        "open_tracer": False, "use_cache": False,
    }  # fmt: skip
    recipe.write_text(json.dumps(settings), "utf-8")
    program = Path(sys.executable).with_name("dj-process")
    raise SystemExit(
        subprocess.run([str(program), "--config", str(recipe)], check=False).returncode
    )


if __name__ == "__main__":
    main()
