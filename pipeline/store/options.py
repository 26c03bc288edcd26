"""Options of the output and of a run."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.stages.base import option


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Where and how a run publishes."""

    path: str = option(
        "output", "folder that holds current, versions/ and state/", pattern=".", shape="a folder"
    )
    # 3 is the knee: level 1 saves 30 µs a document of 3.4 kB and costs 8 % more disk.
    zstd_level: int = option(3, "compression level of the published Parquet", ge=1, le=22)
    part_bytes: int = option(
        64 << 20, "text bytes in one data file, about; one row group each", ge=1 << 16
    )
    name: str = option("cleaned corpus", "title of the dataset card")
    licence: str = option("other", "licence of the data, for the dataset card")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run is carried out. None of these may change a byte of the data."""

    # lz4 makes state/ a third smaller and costs 15 µs a document of 3.4 kB.
    state_compression: str = option(
        "none",
        "compression of the cleaned texts that are kept in state/: none | lz4",
        pattern=r"^(none|lz4)$",
    )
    workers: int = option(0, "worker processes; 0 takes one per core", ge=0, le=1024)
    shard_bytes: int = option(16 << 20, "input bytes in one unit of work, about", ge=1 << 12)
    max_quarantine_share: float = option(
        1.0, "publish nothing where a larger share of the records is in quarantine", ge=0, le=1
    )
    metrics: str = option("", "OpenMetrics file to write after each publication; empty: none")
    hook: str = option(
        "", "command to run after each publication, with the version's folder as argument"
    )
    limit: int = option(0, "stop after this many records (0: all), to try things out", ge=0)
