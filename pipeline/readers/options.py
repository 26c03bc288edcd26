"""What a recipe says about its inputs: layout of the files, names of the fields, limits.

Defaults stand here and nowhere else. A limit that is hit is a counted reason in the quarantine,
never the end of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from pipeline.errors import RecipeError
from pipeline.stages.base import option

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class InputOptions:
    """How the input files are read."""

    paths: tuple[str, ...] = option(("seeds",), "files, folders and globs to read")
    format: str = option(
        "auto",
        "what the files are; auto tells it from their bytes, and from the name where text could be "
        "several things",
        pattern="^(auto|text|json|jsonl|csv|tsv|parquet|warc|arc|html)$",
    )
    layout: str = option(
        "file",
        "plain text: one document a file, one a line, or cut at `separator`",
        pattern="^(file|line|separator)$",
    )
    separator: str = option("\n\n\n", "what stands between documents under layout = separator")
    charset: str = option("", "charset of the files, where it is known; nothing is taken on trust")
    fields: dict[str, str] = option(
        {
            "text": "text",
            "id": "id",
            "url": "url",
            "title": "title",
            "site": "site",
            "charset": "charset",
        },
        "the pipeline's name of a field = the input's name of it",
    )
    extras: str = option(
        "keep",
        "all other fields: kept as one JSON column, or dropped",
        pattern="^(keep|drop)$",
    )
    hidden: bool = option(True, "read files whose name begins with a dot")
    follow_links: bool = option(False, "read links to files found in a folder (never to folders)")


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlOptions:
    """How the main text of a page is found."""

    extractor: str = option(
        "blocks",
        "what picks the main text: blocks (our own), resiliparse, trafilatura (if installed), or "
        "all for everything that the page shows",
        pattern="^(blocks|resiliparse|trafilatura|all)$",
    )

    def check(self) -> None:
        """Raise RecipeError where the extractor that a recipe asks for is not installed."""
        if self.extractor == "trafilatura" and find_spec("trafilatura") is None:
            raise RecipeError(
                "html.extractor: trafilatura is not installed", "pip install trafilatura"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOptions:
    """What one input may cost. Above it, the record is quarantined and the run goes on."""

    max_record_bytes: int = option(
        64 * MIB, "largest document, in bytes as read: twenty million Han in UTF-8", ge=1
    )
    max_expansion: int = option(
        200,
        "a compressed file may grow by this factor (real text: 3 to 20; gzip's end is 1032); "
        "not asked below 64 MiB",
        ge=1,
    )
    max_json_depth: int = option(64, "how deep the values of a record may be nested", ge=1, le=1000)
    max_html_depth: int = option(2000, "how deep the elements of a page may be nested", ge=1)
    max_seconds: float = option(60.0, "longest time that one document may spend in one stage", gt=0)
    max_bad_rows: int = option(
        1000,
        "bad rows of one file that are quarantined one by one; further ones are counted by reason",
        ge=0,
    )
    max_sample_bytes: int = option(200, "how much of a bad record the quarantine quotes", ge=0)
    worker_memory_mb: int = option(1024, "what one worker may allocate, MiB", ge=512)
