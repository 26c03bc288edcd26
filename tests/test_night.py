"""What a night takes over from the version before, and that nobody can see that it did."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.document import Edit, replay
from pipeline.errors import OutputError, VerifyError
from pipeline.recipe import load
from pipeline.report.terminal import Silent
from pipeline.stamps import Stamps
from pipeline.state import State
from pipeline.store.splice import compressed, spliced
from pipeline.store.thrift import Reader, written
from pipeline.store.verify import verify
from pipeline.writing import Writer
from tests.test_dedup import changed, prose

RUN: Any = import_module("pipeline.driver")
PUBLISH: Any = import_module("pipeline.publish")
PARTS: Any = import_module("pipeline.parts")
SITE = "{}市融媒体中心为您呈现每日新鲜资讯并保留最终解释权"
DAYS, A_DAY = 12, 16
DROPPED = "audit/dropped.parquet"
TAKEN = ("data", DROPPED, "audit/edits.parquet")
OPTIONS = {
    "compression": "zstd", "write_page_checksum": True, "use_dictionary": ["id"],
    "write_statistics": ["id"],
}  # fmt: skip


def day(number: int) -> bytes:
    """Return the rows of a day: pages of two sites; one is a copy of an older page, made longer."""
    rows = []
    for i in range(A_DAY):
        text = prose(100 * number + i, 300)
        if number and not i:
            text = changed(prose(100 * (number // 2) + 3, 300), 0.01) + "又及此事。"
        text += "\n" + SITE.format("甲乙"[i % 2])
        rows.append({"id": f"d{number}-{i}", "url": f"http://s{i % 2}.example/{i}", "text": text})
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def run(folder: Path, output: Path, **more: Any) -> Path:
    """Publish a folder; return the version.

    The folder's name is the same wherever the test runs: parts are cut by the keys of records.
    """
    os.chdir(folder.parent)
    flags = {
        "input.paths": [folder.name], "output.path": str(output), "run.workers": 1,
        "output.part_bytes": 1 << 16, "mojibake.enabled": False,
    } | more  # fmt: skip
    version: Path = RUN.run(load(None, flags), Silent()).version
    return version


def files(version: Path, pattern: str = "*.parquet") -> dict[str, bytes]:
    return {
        path.relative_to(version).as_posix(): path.read_bytes()
        for path in version.rglob(pattern)
        if path.is_file()
    }


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    """All in this process, and slabs of a few documents."""

    def here(task: Any, jobs: Any, *_: Any) -> Iterator[tuple[int, Any]]:
        yield from ((number, task(job)) for number, job in enumerate(jobs))

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(".")  # and back at the end
        patch.setattr(RUN, "run_isolated", here)
        patch.setattr(Writer, "_written", lambda _, jobs: here(PARTS.write_part, jobs))
        patch.setattr(PUBLISH, "SLAB_BYTES", 1 << 13)
        patch.setattr(PUBLISH, "RECEIPT_BYTES", 1 << 13)
        yield patch


@pytest.fixture(scope="module")
def published(patch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Days that were published one after the other, and one more; and all of them in one run."""
    folder = tmp_path_factory.mktemp("nights")
    source, output = folder / "in", folder / "out"
    source.mkdir()
    order = list(range(DAYS))
    random.Random(1).shuffle(order)
    for some in (order[:9], order[9:11]):
        for number in some:
            (source / f"day-{number:02d}.jsonl").write_bytes(day(number))
        run(source, output)
    (source / f"day-{order[-1]:02d}.jsonl").write_bytes(day(order[-1]))
    run(source, folder / "whole")
    return folder


@pytest.fixture
def nights(published: Path, tmp_path: Path) -> tuple[Path, Path, Path]:
    """The days, what the nights before have left, and the version of one run over all."""
    shutil.copytree(published / "out", tmp_path / "out", symlinks=True)
    return published / "in", tmp_path / "out", (published / "whole" / "current").resolve()


def count_fresh(patch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which the number of texts of each slab is added that is compressed."""
    sizes: list[int] = []
    plain = PARTS.compress_texts

    def told(texts: pa.ChunkedArray, options: Any) -> Any:
        sizes.append(len(texts))
        return plain(texts, options)

    patch.setattr(PARTS, "compress_texts", told)
    return sizes


def count_receipts(patch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which the records of each part are added whose receipts are made."""
    counts: list[int] = []
    plain = PARTS.Made

    def told(*args: Any) -> Any:
        made = plain(*args)
        counts.append(int(made.fresh.sum()))
        return made

    patch.setattr(PARTS, "Made", told)
    return counts


def count_headless(patch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of dropped documents that are read again, and of all: they count up."""
    counts = [0, 0]
    plain = PARTS._told

    def told(records: Any, earlier: Any) -> Any:
        counts[0] += len(earlier.headless())
        counts[1] += len(earlier.gone)
        return plain(records, earlier)

    patch.setattr(PARTS, "_told", told)
    return counts


def test_nights_in_any_order_end_in_the_bytes_of_one_run(
    nights: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output, whole = nights
    fresh, headless = count_fresh(monkeypatch), count_headless(monkeypatch)
    receipts = count_receipts(monkeypatch)
    version = run(source, output)
    assert files(version) == files(whole)
    assert files(version, "summaries/*.json") == files(whole, "summaries/*.json")
    assert 0 < sum(receipts) < DAYS * A_DAY / 2, "receipts are copied as they lie"
    assert 0 < sum(fresh) < DAYS * A_DAY / 2, "most texts are copied as they lie"
    assert 0 < headless[0] < headless[1], "so are heads of dropped documents"
    assert any(path.stat().st_nlink > 1 for path in version.rglob("*.parquet") if path.is_file())
    assert not list(verify(output, deep=True))
    dropped = pq.read_table(version / "audit/dropped.parquet").to_pylist()
    assert {row["stage"] for row in dropped} == {"decide", "sites"}
    texts = {f"d{n}-{i}": row["text"] for n in range(DAYS) for i, row in rows_of(day(n))}
    edits: dict[str, list[Edit]] = {}
    for row in pq.read_table(version / "audit/edits.parquet").to_pylist():
        edits.setdefault(row["id"], []).append(Edit(*(row[name] for name in Edit._fields[:6])))
    for row in pq.read_table(version / "data").to_pylist():
        assert replay(texts[row["id"]], edits.get(row["id"], [])) == row["text"]


def rows_of(content: bytes) -> list[tuple[int, Any]]:
    return list(enumerate(map(json.loads, content.splitlines())))


@pytest.mark.parametrize("harm", ["rotten", "gone", "torn", "forgotten"])
def test_what_was_harmed_is_made_again(nights: tuple[Path, Path, Path], harm: str) -> None:
    source, output, whole = nights
    before = (output / "current").resolve()
    if harm in ("rotten", "gone"):
        for path in (file for name in TAKEN for file in (before / name).glob("*")):
            content = bytearray(path.read_bytes())
            for at in range(200, len(content) // 2, 97):
                content[at] ^= 255
            path.unlink()
            if harm == "rotten":
                path.write_bytes(content)
    for path in (output / "state" / "texts").glob("*"):
        if harm == "torn":
            path.write_bytes(path.read_bytes()[:-9])
        elif harm == "forgotten":
            path.unlink()
    if harm == "gone":  # a version that lacks a file cannot be compared with
        (before / "parts.json").write_text("[]")
    version = run(source, output)
    taken = [name for name in files(whole) if name.startswith(TAKEN)]
    linked = {name for name in taken if (version / name).stat().st_nlink > 1}
    assert {n: c for n, c in files(version).items() if n not in linked} == {
        n: c for n, c in files(whole).items() if n not in linked
    }
    faults = list(verify(output, deep=True))
    told = {Path(line.split(":")[0]).name for line in faults if str(version) in line}
    assert told == ({Path(n).name for n in linked} if harm == "rotten" else set())


def zeroed(content: bytes) -> bytes:
    return content[:20] + bytes(40) + content[60:]


@pytest.mark.parametrize(
    ("what", "harm"),
    [
        ("state/clean/*/records.arrow", lambda content: content[:-100]),
        ("state/clean/*/lines.npy", None),
        ("state/clean/*/meta.json", lambda content: content[:-1]),
        ("state/decide/*/*.rows", zeroed),
        ("state/decide/*/*.rows", lambda content: content[:-1] + bytes([content[-1] ^ 1])),
        ("state/texts/*", zeroed),
    ],
)
def test_state_that_has_rotted_is_made_again(
    nights: tuple[Path, Path, Path], what: str, harm: Any
) -> None:
    source, output, whole = nights
    harmed = sorted(output.glob(what))
    for path in harmed:
        content = path.read_bytes()
        path.unlink()
        if harm is not None:
            path.write_bytes(harm(content))
    assert harmed
    assert files(run(source, output)) == files(whole)


def test_stamps_that_have_rotted_are_as_good_as_none(tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "inputs.json", "program")
    stamps.now["a.jsonl"], stamps.fresh = [[0], [], [[0, 500, "", 500]]], True
    stamps.save()
    content = stamps.path.read_bytes()  # type: ignore[union-attr]
    assert Stamps(stamps.path, "program").known
    assert not Stamps(stamps.path, "another").known
    for rotten in (content.replace(b"500", b"400", 1), content[:-1], b"", b"{}"):
        stamps.path.write_bytes(rotten)  # type: ignore[union-attr]
        assert not Stamps(stamps.path, "program").known


def test_a_shard_that_breaks_a_run_is_removed_and_cleaned_by_the_next(
    nights: tuple[Path, Path, Path],
) -> None:
    source, output, whole = nights
    path = min((output / "state/clean").glob("*/lines.npy"))
    path.write_bytes(zeroed(path.read_bytes()))
    assert list(State(output).rotten()) == [path.parent]
    with pytest.raises(OutputError, match="removed: 1 cleaned shard") as told:
        run(source, output)
    assert told.value.hint.startswith("run the same command again")
    assert files(run(source, output)) == files(whole)


def test_a_damaged_version_that_breaks_a_run_is_named_and_can_be_removed(
    nights: tuple[Path, Path, Path],
) -> None:
    source, output, whole = nights
    before = (output / "current").resolve()
    (before / "run.json").write_text("{")
    with pytest.raises(VerifyError, match=r"run\.json: 1 bytes"):
        run(source, output)
    shutil.rmtree(before)
    assert files(run(source, output)) == files(whole)
    assert not list(verify(output, deep=True))


def test_no_text_of_another_program_is_taken_over(nights: tuple[Path, Path, Path]) -> None:
    source, output, _ = nights
    other: Any = {"punctuation.enabled": False, "dedup.min_chars": 60}
    version = run(source, output, **other)
    assert files(version) == files(run(source, output.parent / "anew", **other))


def test_a_column_of_slabs_reads_as_if_written_in_one(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    texts = ["字" * int(n) for n in draw.integers(0, 90, 300)]
    names = [[str(i)] * (i % 3) for i in range(300)]
    table = pa.table({"id": [f"d{i % 7}" for i in range(300)], "names": names, "text": texts,
                      "n": pa.array(range(300), pa.int32())})  # fmt: skip
    plain = {**OPTIONS, "use_dictionary": False, "write_statistics": False}
    slabs = [
        compressed(table.select(["text"]).slice(first, last - first), **plain)
        for first, last in ((0, 100), (100, 101), (101, 300))
    ]
    empty = table.set_column(2, "text", pa.nulls(300, pa.string()))
    pieces, begin = spliced(empty, 2, slabs, **OPTIONS)
    content = b"".join(pieces)
    path = tmp_path / "spliced.parquet"
    path.write_bytes(content)
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        assert file.read().equals(table)
    assert content[begin:].startswith(slabs[0].pages + slabs[1].pages)
    polars, duckdb = (pytest.importorskip(name) for name in ("polars", "duckdb"))
    assert polars.read_parquet(path)["text"].to_list() == texts
    assert duckdb.sql(f"select text from '{path}' order by n").fetchall() == [(t,) for t in texts]


def test_a_footer_is_written_as_it_was_read() -> None:
    file = BytesIO()
    table = pa.table({"a": [1.5, None], "b": [["x"], []], "c": [b"\0", None], "d": [True, False]})
    pq.write_table(table, file, write_page_index=True, store_decimal_as_integer=True)
    content = file.getvalue()
    footer = content[-8 - int.from_bytes(content[-8:-4], "little") : -8]
    assert written(Reader(footer).struct()) == footer
