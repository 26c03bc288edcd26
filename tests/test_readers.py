"""The readers' laws: each record once, wherever a file is cut, whatever packs it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import RawDocument
from pipeline.errors import UsageError
from pipeline.readers import (
    Fault,
    InputFile,
    InputOptions,
    LimitOptions,
    Piece,
    discover,
    read,
    split,
)
from pipeline.readers.fields import OTHER_TEXTS
from pipeline.readers.sniff import sniff, wide_charset
from pipeline.readers.sound import idle, sound_chunks

OPTIONS, LIMITS = InputOptions(), LimitOptions()
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gz": lambda data: gzip.compress(data, mtime=0),
    "zst": zstandard.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def rows(*objects: Any) -> bytes:
    return b"".join(json.dumps(o, ensure_ascii=False).encode() + b"\n" for o in objects)


def write(path: Path, data: bytes) -> InputFile:
    path.write_bytes(data)
    return discover([str(path)], OPTIONS)[0]


def everything(
    file: InputFile,
    options: InputOptions = OPTIONS,
    limits: LimitOptions = LIMITS,
    size: int = 1 << 40,
) -> list[RawDocument | Fault]:
    return [r for piece in split(file, size, options, limits) for r in read(piece, options, limits)]


def reasons(records: list[RawDocument | Fault]) -> list[str]:
    return [r.reason for r in records if isinstance(r, Fault)]


def test_a_text_file_is_one_document(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", "你好\n".encode("gb18030"))
    name = str(tmp_path / "a.txt")
    assert everything(file) == [RawDocument(name, 0, "你好\n".encode("gb18030"), name)]


def test_fields_are_mapped_and_the_rest_is_one_column(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.jsonl", rows({"id": 7, "content": "正文", "url": "u", "n": {"a": [1]}})
    )
    options = InputOptions(fields={"text": "content"})
    (document,) = everything(file, options)
    assert isinstance(document, RawDocument)
    assert (document.id, document.data) == ("7", "正文")
    assert document.fields == {"url": "u", "extra": '{"n":{"a":[1]}}'}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", ["a.jsonl", "misleading.gz"])
def test_compression_is_told_by_the_bytes(tmp_path: Path, packer: str, name: str) -> None:
    data = rows(*({"text": f"第{i}条"} for i in range(50)))
    records = everything(write(tmp_path / name, PACKERS[packer](data)))
    assert [r.data for r in records if isinstance(r, RawDocument)] == [
        f"第{i}条" for i in range(50)
    ]


@pytest.mark.parametrize("packer", [p for p in PACKERS if p])
def test_a_damaged_stream_is_one_fault_and_no_document(tmp_path: Path, packer: str) -> None:
    whole = PACKERS[packer](rows(*({"text": f"第{i}条{i**9}"} for i in range(500))))
    for i, broken in enumerate((whole[: len(whole) // 2], whole[:-3])):
        records = everything(write(tmp_path / f"{i}.jsonl", broken))
        assert reasons(records) == ["damaged-stream"]
        assert len(records) == 1


@pytest.mark.parametrize("packer", ["gz", "zst", "bz2", "xz"])
def test_members_follow_one_another(tmp_path: Path, packer: str) -> None:
    pack = PACKERS[packer]
    data = pack(rows({"text": "一"})) + pack(b"") + pack(rows({"text": "二"}))
    assert [r.data for r in everything(write(tmp_path / "a.jsonl", data))] == ["一", "二"]  # type: ignore[union-attr]


BAD_ROWS = {
    b"{oops": "json-syntax",
    b"[1]": "not-an-object",
    b"7": "not-an-object",
    b'{"id":1}': "text-missing",
    b'{"text":null}': "text-missing",
    b'{"text":5}': "text-not-a-string",
    b'{"text":"x","n":NaN}': "json-syntax",
    b'{"text":"x","a":' + b"[" * 70 + b"]" * 70 + b"}": "json-too-deep",
    b'{"text":"x","a":' + b"[" * 9999 + b"]" * 9999 + b"}": "json-too-deep",
    b'{"text":"\xff"}': "bad-utf8",
    b'{"text":"a"}{"text":"b"}': "json-syntax",
}


@pytest.mark.parametrize("row", BAD_ROWS, ids=lambda r: r[:20].decode("latin-1"))
def test_a_bad_row_costs_that_row(tmp_path: Path, row: bytes) -> None:
    good = rows({"text": "好"})
    records = everything(write(tmp_path / "a.jsonl", good + row + b"\n" + good))
    assert reasons(records) == [BAD_ROWS[row]]
    assert [r.record for r in records] == [0, len(good), len(good) + len(row) + 1]


def test_half_an_emoji_costs_that_character(tmp_path: Path) -> None:
    (record,) = everything(write(tmp_path / "a.jsonl", b'{"text":"a\\ud83db"}\n'))
    assert isinstance(record, RawDocument)
    assert record.data == "a�b"
    assert record.fields["decode_errors"] == 1


def test_a_whole_emoji_and_a_mark_cost_nothing(tmp_path: Path) -> None:
    (record,) = everything(write(tmp_path / "a.jsonl", b'{"text":"a\\ud83d\\ude00 \\ufffd"}\n'))
    assert isinstance(record, RawDocument)
    assert record.data == "a\U0001f600 �"
    assert "decode_errors" not in record.fields


def test_large_integers_keep_their_digits(tmp_path: Path) -> None:
    (record,) = everything(
        write(tmp_path / "a.jsonl", b'{"text":"x","n":123456789012345678901234}\n')
    )
    assert isinstance(record, RawDocument)
    assert record.fields["extra"] == '{"n": 123456789012345678901234}'


def test_bad_rows_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", b"{oops\n" * 50 + rows({"text": "好"}) + b"[]\n" * 7)
    records = everything(file, limits=LimitOptions(max_bad_rows=10))
    faults = [r for r in records if isinstance(r, Fault)]
    assert [(f.reason, f.records) for f in faults[10:]] == [
        ("json-syntax", 40),
        ("not-an-object", 7),
    ]
    assert sum(isinstance(r, RawDocument) for r in records) == 1


def test_a_row_too_large_is_skipped(tmp_path: Path) -> None:
    good = rows({"text": "好"})
    file = write(tmp_path / "a.jsonl", good + rows({"text": "x" * 3_000_000}) + good)
    records = everything(file, limits=LimitOptions(max_record_bytes=1000))
    assert reasons(records) == ["record-too-large"]
    assert len(records) == 3


LINE = st.binary(max_size=12).map(lambda b: b.replace(b"\n", b""))


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(LINE, max_size=30),
    size=st.integers(1, 80),
    layout=st.sampled_from(["jsonl", "line"]),
)
def test_cutting_changes_no_record(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int, layout: str
) -> None:
    path = tmp_path_factory.mktemp("cut") / "a"
    path.write_bytes(b"\n".join(lines))
    file = InputFile(
        str(path), path.stat().st_size, format="jsonl" if layout == "jsonl" else "text"
    )
    options = InputOptions(layout="line")
    assert everything(file, options, size=size) == everything(file, options)


@settings(max_examples=60, deadline=None)
@given(
    chunks=st.lists(st.binary(max_size=9).map(lambda b: b.replace(b"\xfe", b"|")), max_size=20),
    separator=st.sampled_from([b"\n", b"||", b"|-|"]),
    limit=st.integers(0, 20),
)
def test_rows_are_what_split_gives(chunks: list[bytes], separator: bytes, limit: int) -> None:
    from pipeline.readers.lines import rows as cut

    parts = b"".join(chunks).split(separator)
    want = parts[:-1] + ([parts[-1]] if parts[-1] else [])
    got = list(cut(chunks, 0, limit, separator))
    assert [(r.size, r.data[:limit]) for r in got] == [(len(p), p[:limit]) for p in want]
    joined = b"".join(chunks)
    assert all(joined[r.offset :].startswith(r.data) for r in got)


@settings(max_examples=80, deadline=None)
@given(data=st.binary(max_size=300), name=st.sampled_from(["a.txt", "a.jsonl", "a.gz", "a"]))
def test_any_bytes_are_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("any") / name
    records = everything(write(path, data))
    text = data.decode(wide_charset(data) or "utf-8", "ignore")
    assert records or not text.strip("\ufeff \t\r\n\v\f"), "bytes that nobody accounts for"


def test_utf16_rows(tmp_path: Path) -> None:
    records = everything(
        write(tmp_path / "a.jsonl", rows({"text": "一"}).decode().encode("utf-16"))
    )
    assert [r.data for r in records if isinstance(r, RawDocument)] == ["一"]


def test_gbk_rows(tmp_path: Path) -> None:
    text = "研究人员在山谷里布置了十二台记录仪"
    data = (json.dumps({"text": text}, ensure_ascii=False) + "\n").encode("gbk") * 20
    records = everything(write(tmp_path / "a.jsonl", data))
    assert {r.data for r in records if isinstance(r, RawDocument)} == {text}


def charsets(records: Sequence[object]) -> list[object]:
    return [r.fields.get("encoding") for r in records if isinstance(r, RawDocument)]


PROSE = "研究人员在山谷里布置了十二台记录仪，用来观察夜间湿度的变化。"
WIDE = ("utf-16-le", "utf-16-be")


@pytest.mark.parametrize(
    ("row", "charset", "said"),
    [
        (PROSE, "gbk", "gb18030"),
        ("研究人員在山谷裡佈置了十二台記錄儀，用來觀察夜間濕度的變化。", "big5", "big5hkscs"),
        (PROSE + "啊\\誠", "gb18030", "gb18030"),
        ("山の谷間に観測機が置かれた。", "cp932", "cp932"),
    ],
)
def test_a_row_in_another_charset_is_read(
    tmp_path: Path, row: str, charset: str, said: str
) -> None:
    good = rows({"text": "好" * 20})
    bad = rows({"text": row, "title": row[:4]}).decode().encode(charset)
    records = everything(write(tmp_path / "a.jsonl", good * 5 + bad + good))
    assert not reasons(records)
    assert charsets(records) == [None] * 5 + [said, None]
    assert (records[5].data, records[5].fields["title"]) == (row, row[:4])  # type: ignore[union-attr]
    whole = everything(write(tmp_path / "b.jsonl", bad * 9))
    assert charsets(whole) == [said] * 9


def test_a_bad_byte_in_a_row_costs_that_byte(tmp_path: Path) -> None:
    for name, charset in (("a", "utf-8"), ("b", "gbk")):
        data = rows({"text": PROSE * 2}).decode().encode(charset)
        bad = data.replace("，".encode(charset), b"\xff", 1)
        (record,) = everything(write(tmp_path / f"{name}.jsonl", bad))
        assert isinstance(record, RawDocument)
        assert record.data == (PROSE * 2).replace("，", "�", 1)
        assert record.fields["decode_errors"] == 1


@pytest.mark.parametrize("charset", WIDE)
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv"])
def test_utf16_without_a_mark(tmp_path: Path, name: str, charset: str) -> None:
    sheet = f"id,text\n1,{PROSE}\n2,{PROSE}\n".replace(",", "\t" if "tsv" in name else ",")
    data = rows(*[{"text": PROSE}] * 2).decode() if "json" in name else sheet
    records = everything(write(tmp_path / name, data.encode(charset)))
    assert [r.data for r in records] == [PROSE] * 2  # type: ignore[union-attr]
    assert charsets(records) == [charset] * 2


def test_cells_in_another_charset_are_read(tmp_path: Path) -> None:
    for name, delimiter in (("a.csv", ","), ("a.tsv", "\t")):
        line = f"1,{PROSE[:6]},{PROSE}\n".replace(",", delimiter)
        data = "id,title,text\n".replace(",", delimiter) + line * 3
        mixed = data.encode() + line.encode("gbk")
        records = everything(write(tmp_path / name, mixed))
        assert {r.fields["title"] for r in records} == {PROSE[:6]}  # type: ignore[union-attr]
        assert records[-1].data == PROSE.encode("gbk")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        ('id,text\r1,一\r2,"二\n二"\r3,"三\r三"\r', ["一", "二\n二", "三\r三"]),
        ("id,text\r1,一\r\r2,二", ["一", "二"]),
        ('id,text\n1,"一\r一"\n2,"二"\n', ["一\r一", "二"]),
        ('"id\r","text"\n1,一\n', ["一"]),
        ('id,text\r\n1,"一\r二"\r\n2,三\r\n', ["一\r二", "三"]),
        ('"a\nb",text\r1,一\r', ["一"]),
        ('id,text\r1,5" 一\r2,二\r', ['5" 一', "二"]),
    ],
)
def test_rows_end_in_what_stands_outside_of_cells(
    tmp_path: Path, data: str, texts: list[str]
) -> None:
    records = everything(write(tmp_path / "a.csv", data.encode()))
    assert [r.data.decode() for r in records] == texts  # type: ignore[union-attr]
    begins = [data.encode()[r.record :].decode()[0] for r in records]
    assert begins == [str(n + 1) for n in range(len(records))]


def test_an_array_in_gbk(tmp_path: Path) -> None:
    data = json.dumps([{"text": PROSE}] * 2, ensure_ascii=False).encode("gbk")
    records = everything(write(tmp_path / "a.json", data))
    assert [r.data for r in records] == [PROSE] * 2  # type: ignore[union-attr]
    assert charsets(records) == ["gb18030"] * 2


def test_a_changed_file_is_a_fault(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", b"one")
    assert reasons(everything(replace(file, size=9))) == ["changed-during-run"]
    os.unlink(file.path)
    assert reasons(everything(file)) == ["unreadable"]


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    (tmp_path / "b").mkdir()
    (tmp_path / "empty").mkdir()
    for name in ("b/1.txt", "a.txt", "é.txt", "new\nline.txt", "[glob]*.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / os.fsdecode(b"bad\xff.txt")).write_text("x")
    os.mkfifo(tmp_path / "pipe")
    for name, target in {
        "self": ".",
        "loop": "loop",
        "out": "/etc/passwd",
        "zero": "/dev/zero",
    }.items():
        (tmp_path / name).symlink_to(target)
    return tmp_path


def test_discover_never_opens_and_never_loops(odd_folder: Path) -> None:
    found = discover([str(odd_folder)], OPTIONS)
    names = {os.path.relpath(f.path, odd_folder): f.fault for f in found}
    assert names == {
        "b/1.txt": "", "a.txt": "", "é.txt": "", "new\nline.txt": "", "[glob]*.txt": "",
        os.fsdecode(b"bad\xff.txt"): "", "pipe": "not-a-file", "self": "link",
        "loop": "link-broken",
        "out": "link", "zero": "link",
    }  # fmt: skip
    assert [os.fsencode(f.path) for f in found] == sorted(os.fsencode(f.path) for f in found)
    assert reasons([r for f in found for r in everything(f)]) == [f.fault for f in found if f.fault]


def test_inputs_may_overlap_and_must_exist(odd_folder: Path) -> None:
    here = str(odd_folder)
    twice = discover([here, f"{here}/*.txt", f"{here}/b/../a.txt"], OPTIONS)
    assert twice == discover([here], OPTIONS)
    with pytest.raises(UsageError):
        discover([f"{here}/nothing*"], OPTIONS)


def test_a_piece_names_records_by_place() -> None:
    piece = Piece(InputFile("a"), 10, 20)
    assert [piece.holds(n) for n in (9, 10, 19, 20)] == [False, True, True, False]


def test_a_row_over_many_pieces_is_read_once(tmp_path: Path) -> None:
    """Each piece that lies within it would read it to its end: quadratic in the row."""
    data = rows({"text": "好"}) + rows({"text": "长" * 400_000}) + rows({"text": "坏"})
    file = write(tmp_path / "a.jsonl", data)
    pieces = split(file, 50_000, InputOptions(), LimitOptions())
    assert len(pieces) > 20
    found = [list(read(piece, InputOptions(), LimitOptions())) for piece in pieces]
    assert [r.record for part in found for r in part] == [r.record for r in everything(file)]
    within = pieces[5]
    with sound_chunks(
        Piece(sniff(file, InputOptions(), LimitOptions()), within.start, within.stop),
        LimitOptions(), idle, rows=True,
    ) as (_, chunks):  # fmt: skip
        assert not list(chunks)


def test_dates_that_python_has_not_are_shown_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "text": ["甲", "乙"],
        "nanoseconds": pa.array([1, None], pa.timestamp("ns", "Asia/Shanghai")),
        "lasting": pa.array([5, 6], pa.duration("ns")),
        "far": pa.array([1 << 60, 0], pa.timestamp("us")),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    file = discover([str(tmp_path / "a.parquet")], OPTIONS)[0]
    monkeypatch.setitem(sys.modules, "pandas", None)  # a worker has none
    first, second = everything(file)
    assert isinstance(first, RawDocument)
    assert isinstance(second, RawDocument)
    assert (first.data, second.data) == ("甲", "乙")
    assert "00:00.000000001" in str(first.fields["extra"])


def other_names(tmp_path: Path, text: str, **columns: str) -> list[InputFile]:
    """Write one record, whose text has another name, in four formats."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    record = {text: "会议昨天举行。", **columns}
    table = io.BytesIO()
    pq.write_table(pa.table({name: [value] for name, value in record.items()}), table)
    lines = "\t".join(record) + "\n" + "\t".join(record.values()) + "\n"
    return [
        write(tmp_path / "a.jsonl", rows(record)),
        write(tmp_path / "a.json", json.dumps([record]).encode()),
        write(tmp_path / "a.tsv", lines.encode()),
        write(tmp_path / "a.parquet", table.getvalue()),
    ]


@pytest.mark.parametrize("name", OTHER_TEXTS)
def test_the_text_may_have_another_common_name(tmp_path: Path, name: str) -> None:
    for path in other_names(tmp_path, name, title="标题", note="一"):
        (record,) = everything(path)
        assert isinstance(record, RawDocument), path
        assert as_str(record) == "会议昨天举行。"
        assert record.fields == {"title": "标题", "extra": '{"note":"一"}'}


def test_a_text_of_the_usual_name_comes_first_and_a_named_one_alone(tmp_path: Path) -> None:
    for path in other_names(tmp_path, "text", content="摘要"):
        (record,) = everything(path)
        assert isinstance(record, RawDocument)
        assert (as_str(record), record.fields) == (
            "会议昨天举行。",
            {"extra": '{"content":"摘要"}'},
        )
    for path in other_names(tmp_path, "content"):
        (record,) = everything(path, InputOptions(fields={"text": "passage"}))
        assert isinstance(record, Fault)
        assert record.reason in ("text-missing", "no-text-column")
    (record,) = everything(write(tmp_path / "b.jsonl", b'{"text":null,"content":"x"}\n'))
    assert isinstance(record, Fault)


def as_str(record: RawDocument) -> str:
    return record.data.decode() if isinstance(record.data, bytes) else record.data


def test_a_response_is_http_though_its_header_does_not_say_so(tmp_path: Path) -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"
    body += gzip.compress(b"<p>page</p>")
    head = f"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: {len(body)}\r\n\r\n"
    file = write(tmp_path / "a.warc", head.encode() + body + b"\r\n\r\n")
    (page,) = everything(file)
    assert isinstance(page, RawDocument)
    assert (page.data, page.format) == (b"<p>page</p>", "html")
