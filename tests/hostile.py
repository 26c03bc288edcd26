"""Writes a folder of hostile and odd inputs, and says what must become of each.

    python -m tests.hostile OUT          write OUT/** and OUT.json

The same bytes on every run. A case names the outcomes that are right for its file:

    kept         every document is published, its text unchanged or cleaned
    dropped      every document is dropped with a reason
    quarantined  some record, or the whole file, is quarantined with a reason of REASONS
    nothing      the file holds no record

and how many records there are (None: undefined, as in a file that is cut), and how many of them are
quarantined. No two cases share a text, so that deduplication has no say.
"""

# ruff: noqa: E501  (a table is wider than prose)

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import random
import socket
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MIB = 1 << 20
KEPT, DROPPED, QUARANTINED, NOTHING = "kept", "dropped", "quarantined", "nothing"


@dataclass(frozen=True)
class Case:
    """A file: its bytes (or what else it is), and what must become of it."""

    path: str
    data: bytes
    outcome: tuple[str, ...]
    records: int | None = 1
    quarantined: int | None = None  # how many records; None: not asked
    special: str = ""  # pipe | socket | link:<target> | empty folder
    why: str = ""


_SUBJECTS = [
    "老船工",
    "图书管理员",
    "气象员",
    "果农",
    "修表匠",
    "邮递员",
    "茶馆掌柜",
    "养蜂人",
    "木偶戏班",
    "测绘队",
]
_TIMES = [
    "清晨",
    "傍晚",
    "霜降以后",
    "梅雨季里",
    "去年冬天",
    "集市散后",
    "停电那晚",
    "开春以来",
    "中秋前夕",
    "午饭以后",
]
_DEEDS = (
    "把缆绳一圈一圈收好，才肯坐下来喝口热茶", "在登记簿上写下当天的水位和风向",
    "沿着田埂走了很远，数清了新栽的树苗", "将修好的座钟送回山那边的小学校",
    "同邻居商量怎样把旧仓库改成阅览室", "给远方的女儿写信，说院里的桂花开了",
    "发现仪器的误差主要来自温度的变化", "把晒干的药材按产地分装在竹匣里",
    "答应替村里的孩子们再讲一遍那个故事", "听见广播里说高速公路下个月通车",
)  # fmt: skip


def prose(seed: object, sentences: int = 9) -> str:
    """Return ordinary Chinese that differs from that of any other seed."""
    rng = random.Random(f"hostile-{seed}")
    return "".join(
        f"{rng.choice(_TIMES)}，{rng.randint(2, 97)}岁的{rng.choice(_SUBJECTS)}{rng.choice(_DEEDS)}。"
        for _ in range(sentences)
    )


def rows(name: str, n: int = 6) -> bytes:
    """Return n good JSON rows."""
    return b"".join(row(text=prose(f"{name}-{i}"), id=f"{name}-{i}") for i in range(n))


def row(**fields: Any) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def text_cases() -> Iterator[Case]:
    def one(name: str, data: bytes, *outcome: str, **more: Any) -> Case:
        return Case(f"text/{name}", data, outcome or (KEPT,), **more)

    for charset in ("utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-32", "utf-16-le"):
        yield one(f"{charset}.txt", prose(charset, 30).encode(charset))
    traditional = "這是一段繁體中文，講述老街茶館裡的日常與季節變化，掌櫃記得每一位客人的習慣。"
    yield one("big5.txt", (traditional * 6).encode("big5"))
    yield one("crlf.txt", prose("crlf").replace("。", "。\r\n").encode())
    yield one("no-newline.txt", prose("long", 9000).encode(), why="one line of 900 kB")
    yield one("cut.txt", prose("cut").encode()[:-1], why="cut inside a character")
    yield one(
        "bad-byte.txt", prose("bad").encode("gb18030") + b"\xff", why="one byte, not the file"
    )
    yield one("nul.txt", prose("nul").replace("。", "。\0").encode(), why="nothing behind may go")
    yield one("surrogates.txt", prose("cesu").encode() + b"\xed\xa0\xbd\xed\xb8\x80")
    yield one("empty.txt", b"", DROPPED)
    yield one("mark-only.txt", b"\xef\xbb\xbf", DROPPED)
    yield one("spaces.txt", " \t　\n".encode() * 3000, DROPPED)
    yield one("marks.txt", "，。！？…".encode() * 3000, DROPPED)
    yield one("noise.txt", random.Random(1).randbytes(100_000), QUARANTINED)
    yield one("nuls.txt", bytes(100_000), QUARANTINED, why="a hole, as a crashed writer leaves")
    for name, magic in {
        "pdf": b"%PDF-1.7\n", "png": b"\x89PNG\r\n\x1a\n", "elf": b"\x7fELF\x02\x01\x01\0",
        "docx": b"PK\x03\x04\x14\0", "sqlite": b"SQLite format 3\0",
    }.items():  # fmt: skip
        data = magic + random.Random(name).randbytes(3000)
        yield one(f"{name}.txt", data, QUARANTINED, quarantined=1)
    marks = "\u0301\u0323" * 60_000
    yield one("combining.txt", (prose("marks") + marks).encode(), KEPT, QUARANTINED,
              why="unicodedata.normalize is quadratic in it")  # fmt: skip
    for name, text in {
        "brackets": "（" * 40_000, "spaces-then-x": " " * 100_000 + "x", "digits": "1" * 100_000,
        "nested": "(" * 5000 + ")" * 5000, "no-stop": "中" * 200_000, "credits": "（责编：" * 10_000,
        "short-lines": "啊\n" * 50_000, "urls": "http://a." * 20_000, "stops": "…。" * 50_000,
        "entities": "&#" * 50_000, "dates": "2024年1月" * 20_000, "heads": "第一章第二章" * 9_000,
    }.items():  # fmt: skip
        data = f"{text}\n{prose(name)}".encode()
        yield one(f"slow-{name}.txt", data, KEPT, DROPPED, QUARANTINED, why="a backtracking rule")


def json_cases() -> Iterator[Case]:
    def among(name: str, bad: bytes, n: int = 1, *outcome: str) -> Case:
        """Return n bad rows among six good ones: they cost themselves and no other."""
        data = rows(name, 3) + bad + rows(name + "'", 3)
        wrong = n if not outcome else None
        return Case(f"json/{name}.jsonl", data, outcome or (QUARANTINED,), 6 + n, wrong)

    yield Case("json/plain.jsonl", rows("plain"), (KEPT,), 6)
    yield Case("json/unended.jsonl", rows("unended")[:-1], (KEPT,), 6)
    yield Case("json/blank-lines.jsonl", rows("b").replace(b"\n", b"\r\n\r\n"), (KEPT,), 6)
    yield Case("json/mark.jsonl", b"\xef\xbb\xbf" + rows("mark"), (KEPT,), 6)
    yield Case("json/utf-16.jsonl", rows("u16").decode().encode("utf-16"), (KEPT,), 6)
    yield Case("json/gbk.jsonl", rows("gbk").decode().encode("gbk"), (KEPT,), 6)
    yield Case("json/none.jsonl", b"", (NOTHING,), 0)
    yield Case("json/u2028.jsonl", row(text=prose("a") + "\u2028\x85" + prose("b")), (KEPT,))
    array = json.dumps([{"text": prose(f"array-{i}")} for i in range(4)], ensure_ascii=False)
    yield Case("json/array.json", array.encode(), (KEPT,), 4)
    pretty = json.dumps([{"text": prose(f"pretty-{i}")} for i in range(4)] + [7], indent=1)
    yield Case("json/pretty.json", pretty.encode(), (QUARANTINED,), 5, 1)
    one = json.dumps({"text": prose("one object")}, indent=1)
    yield Case("json/object.json", one.encode(), (KEPT,))
    broken = b'{"text": "x\n' + rows("broken first", 5)
    yield Case("json/broken-first.jsonl", broken, (QUARANTINED,), 6, 1)
    yield Case("json/all-bad.jsonl", b"{oops\n" * 5000, (QUARANTINED,), 5000, 5000)
    yield Case("json/cut.jsonl", rows("cut-row")[:-40], (QUARANTINED,), 6, 1)
    wide = {f"k{i}": i for i in range(20_000)}
    yield Case("json/wide.jsonl", row(text=prose("wide"), **wide), (KEPT, QUARANTINED))
    yield Case("json/long-key.jsonl", row(text=prose("key"), **{"k" * MIB: 1}), (KEPT, QUARANTINED))
    odd = [
        1,
        1.0,
        True,
        None,
        ["l"],
        {"d": 1},
        10**30,
        "../../etc",
        "$(id)",
        "\x1b[31m",
        "x" * 9999,
    ]
    ids = b"".join(row(id=o, text=prose(f"id-{i}")) for i, o in enumerate(odd))
    yield Case("json/odd-ids.jsonl", ids, (KEPT,), len(odd))
    same = b"".join(row(id="same", text=prose(f"same-{i}")) for i in range(9))
    yield Case("json/same-id.jsonl", same, (KEPT,), 9)
    reserved = row(text=prose("own"), run_id="x", content_hash=[1], __index_level_0__=2)
    yield Case("json/own-names.jsonl", reserved, (KEPT,))
    yield among("syntax", b"{'text': 'x'}\n{\"text\": \"x\nnot json\n{}{}\n", 4)
    yield among("not-objects", b'[1]\n"text"\n42\nnull\ntrue\n', 5)
    yield among("no-text", b'{"text":null}\n{"text":5}\n{"text":["a"]}\n{"id":"x"}\n', 4)
    yield among("deep", b'{"text":"x","a":' + b"[" * 50_000 + b"]" * 50_000 + b"}\n")
    yield among("huge-number", b'{"text":"x","n":' + b"9" * 5000 + b"}\n")
    yield among("bad-utf8", b'{"text":"\xff\xfe\xfa"}\n')
    yield among("two-on-a-line", row(text="a")[:-1] + row(text="b"))
    half = row(text=prose("half") + "@").replace(b"@", rb"\ud83d")
    yield among("half-emoji", half, 1, KEPT)
    yield among("nul", row(text=prose("n1") + "\0" + prose("n2")), 1, KEPT)
    yield among("nan", b'{"text":"x","n":NaN}\n')


def table_cases() -> Iterator[Case]:
    def sheet(name: str, more: str = "", head: str = "id,text", n: int = 5) -> str:
        return head + "\n" + "".join(f'{i},"{prose(f"{name}-{i}")}"\n' for i in range(n)) + more

    yield Case("csv/plain.csv", sheet("plain").encode(), (KEPT,), 5)
    yield Case(
        "csv/excel.csv", sheet("excel").replace("\n", "\r\n").encode("utf-8-sig"), (KEPT,), 5
    )
    cells = sheet("mac", '9,"一\n二，的的的"\n').replace("\n", "\r")
    yield Case("csv/mac.csv", cells.encode(), (KEPT,), 6)
    yield Case("csv/gbk.csv", sheet("gbk").encode("gbk"), (KEPT,), 5)
    tabs = sheet("tabs").replace(",", "\t")
    yield Case("csv/tabs.tsv", tabs.encode(), (KEPT,), 5)
    yield Case("csv/header.csv", b"id,text\n", (NOTHING,), 0)
    yield Case(
        "csv/lines-in-a-cell.csv", sheet("cell", '9,"一\n二\n三，的的的"\n').encode(), (KEPT,), 6
    )
    big = sheet("big", f'9,"{prose("big", 4000)}"\n')
    yield Case("csv/big-cell.csv", big.encode(), (KEPT,), 6)
    opened = 'id,text\n0,"open\n' + "".join(f"{i},{prose(f'o{i}')}\n" for i in range(1, 20))
    yield Case("csv/open-quote.csv", opened.encode(), (QUARANTINED,), 20, 1)
    ragged = sheet("ragged", f"7\n8,{prose(8)},extra\n")
    yield Case("csv/ragged.csv", ragged.encode(), (QUARANTINED,), 7, 2)
    yield Case("csv/no-text.csv", sheet("body", head="id,body").encode(), (QUARANTINED,), None)
    yield Case("csv/twice.csv", b"text,text\na,b\n", (QUARANTINED,), None)
    yield Case("csv/nul.csv", sheet("nul", f'9,"{prose(9)}\0{prose(10)}"\n').encode(), (KEPT,), 6)


def packed_cases() -> Iterator[Case]:
    packers: dict[str, Callable[[bytes], bytes]] = {
        "gz": lambda data: gzip.compress(data, mtime=0), "bz2": bz2.compress, "xz": lzma.compress,
        "zst": lambda data: pa.compress(data, "zstd", asbytes=True),
    }  # fmt: skip
    for kind, pack in packers.items():
        good = pack(rows(kind))
        yield Case(f"packed/plain.jsonl.{kind}", good, (KEPT,), 6)
        yield Case(f"packed/{kind}-named-otherwise.jsonl", pack(rows(kind + "n")), (KEPT,), 6)
        two = pack(rows(kind + "1", 3)) + pack(b"") + pack(rows(kind + "2", 3))
        yield Case(f"packed/members.jsonl.{kind}", two, (KEPT,), 6)
        cut = pack(rows(kind + "cut", 40))
        yield Case(f"packed/cut.jsonl.{kind}", cut[: len(cut) // 2], (QUARANTINED,), None, 1)
        yield Case(f"packed/end-cut.jsonl.{kind}", cut[:-3], (QUARANTINED,), None, 1)
        flipped = bytearray(pack(rows(kind + "flip", 40)))
        flipped[len(flipped) // 2] ^= 0x40
        # Only zstd frames of this writer have no checksum: damage may pass as bad text.
        wanted = (QUARANTINED,) if kind != "zst" else (KEPT, QUARANTINED)
        yield Case(f"packed/flipped.jsonl.{kind}", bytes(flipped), wanted, None)
        twice = pack(pack(rows(kind + "twice")))
        yield Case(f"packed/twice.txt.{kind}", twice, (QUARANTINED,), 1, 1)
    gz = packers["gz"]
    yield Case("packed/padded.jsonl.gz", gz(rows("pad")) + bytes(512), (KEPT,), 6)
    yield Case("packed/garbage.jsonl.gz", gz(rows("gar")) + b"garbage", (QUARANTINED,), None, 1)
    yield Case("packed/plain-text.jsonl.gz", rows("named"), (KEPT,), 6)
    yield Case("packed/zero-bytes.jsonl.gz", b"", (QUARANTINED,), None, 1)
    yield Case("packed/no-rows.jsonl.gz", gz(b""), (NOTHING,), 0)
    yield Case("packed/many-members.jsonl.gz", gz(b"") * 20_000, (NOTHING,), 0)
    skippable = struct.pack("<II", 0x184D2A50, 4) + b"meta"
    yield Case("packed/skippable.jsonl.zst", skippable + packers["zst"](rows("sk")), (KEPT,), 6)
    window = (
        b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + (4 << 3 | 1).to_bytes(3, "little") + b"text"
    )
    yield Case("packed/window-2-gib.jsonl.zst", window, (QUARANTINED,), None, 1)
    reserved = b"\x28\xb5\x2f\xfd\x00\x38" + (4 << 3 | 7).to_bytes(3, "little") + b"text"
    yield Case("packed/reserved-block.jsonl.zst", reserved, (QUARANTINED,), None, 1)


def repeated(prefix: bytes, block: bytes, times: int, suffix: bytes = b"") -> bytes:
    """Return gzip of prefix + block * times + suffix, without ever holding it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(prefix) + packer.flush(zlib.Z_FULL_FLUSH)
    unit = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    tail = packer.compress(suffix) + packer.flush()
    crc = zlib.crc32(prefix)
    for _ in range(times):
        crc = zlib.crc32(block, crc)
    size = len(prefix) + len(block) * times + len(suffix)
    end = struct.pack("<II", zlib.crc32(suffix, crc), size & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + head + unit * times + tail + end


def bomb_cases() -> Iterator[Case]:
    line = repeated(b'{"text":"', b"a" * MIB, 300, b'"}\n')
    yield Case("bomb/one-row.jsonl.gz", line, (QUARANTINED,), 1, 1)
    yield Case("bomb/nuls.txt.gz", repeated(b"", bytes(MIB), 300), (QUARANTINED,), 1, 1)
    block = prose("bomb", 9000).encode()
    yield Case("bomb/text.txt.gz", repeated(b"", block, 120), (QUARANTINED,), 1, 1)
    frame = [b"\x28\xb5\x2f\xfd\x00\x38"]
    frame += [(131072 << 3 | 2 | (i == 16383)).to_bytes(3, "little") + b" " for i in range(16384)]
    yield Case("bomb/2-gib.jsonl.zst", b"".join(frame), (QUARANTINED,), 1, 1)
    empty = repeated(b"", b"{}\n" * 10_000, 5)
    yield Case("bomb/bad-rows.jsonl.gz", empty, (QUARANTINED,), 50_000, 50_000)
    same = repeated(b"", row(id="same", text="同一句话，一遍又一遍。") * 1000, 10)
    yield Case("bomb/same-rows.jsonl.gz", same, (KEPT, DROPPED), 10_000)
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"
    body = http + repeated(b"<p>", b"a" * MIB, 100)
    yield Case("bomb/body.warc", archived("response", 1, body, HTTP), (QUARANTINED,), 1, 1)
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    page = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "哈">{laughs}]><html><body>&l9;</body></html>'
    yield Case("bomb/laughs.xhtml", page.encode(), (KEPT, DROPPED, QUARANTINED))


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, **options)
    return bytes(sink.getvalue())


def parquet_cases() -> Iterator[Case]:
    def texts(name: str, n: int = 6) -> list[str]:
        return [prose(f"{name}-{i}") for i in range(n)]

    good = parquet({"id": list("abcdef"), "text": texts("parquet")})
    yield Case("parquet/plain.parquet", good, (KEPT,), 6)
    yield Case(
        "parquet/groups.parquet", parquet({"text": texts("g")}, row_group_size=2), (KEPT,), 6
    )
    yield Case(
        "parquet/no-rows.parquet", parquet({"text": pa.array([], pa.string())}), (NOTHING,), 0
    )
    as_bytes = [t.encode("gb18030") for t in texts("binary")]
    yield Case("parquet/binary.parquet", parquet({"text": as_bytes}), (KEPT,), 6)
    named = pa.array(texts("dictionary")).dictionary_encode()
    yield Case("parquet/dictionary.parquet", parquet({"text": named}), (KEPT,), 6)
    nulls = [None if i % 2 else t for i, t in enumerate(texts("nulls"))]
    yield Case("parquet/nulls.parquet", parquet({"text": nulls}), (QUARANTINED,), 6, 3)
    odd = parquet({"text": texts("odd", 1), "../etc/x": [1], "a\0b": [[{"c": 2}]]})
    yield Case("parquet/odd-columns.parquet", odd, (KEPT,))
    for name, data in {
        "cut": good[: len(good) // 2], "end-cut": good[:-20], "magic": b"PAR1", "twice": b"PAR1" * 2,
        "footer": good[:-8] + b"\xff\xff\xff\x7fPAR1", "csv": b"id,text\n1,x\n",
    }.items():  # fmt: skip
        yield Case(f"parquet/{name}.parquet", data, (QUARANTINED,), 1, 1)
    yield Case("parquet/no-text.parquet", parquet({"body": ["x"]}), (QUARANTINED,), 1, 1)
    yield Case("parquet/numbers.parquet", parquet({"text": [1, 2, 3]}), (QUARANTINED,), 3, 3)
    big = pa.DictionaryArray.from_arrays(pa.array([0] * 5000, pa.int32()), ["A" * MIB])
    yield Case("parquet/bomb.parquet", parquet({"text": big}, compression="gzip"),
               (QUARANTINED,), 5000)  # fmt: skip


HTTP = "application/http; msgtype=response"


def archived(kind: str, n: int, body: bytes, mime: str = "text/plain", length: str = "") -> bytes:
    """Return one WARC record."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{n}>\r\n"
        f"WARC-Target-URI: http://example.invalid/{n}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
        f"Content-Type: {mime}\r\nContent-Length: {length or len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def warc_cases() -> Iterator[Case]:
    def wet(name: str, length: str = "", n: int = 1) -> bytes:
        return archived("conversion", n, prose(name).encode(), length=length)

    def page(name: str, headers: str = "Content-Type: text/html; charset=utf-8") -> bytes:
        html = f"<html><body><p>{prose(name)}</p><p>{prose(name, 7)}</p></body></html>"
        return archived("response", 1, f"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{html}".encode(), HTTP)

    def gz(data: bytes) -> bytes:
        return gzip.compress(data, mtime=0)

    five = [wet(f"w{i}", n=i) for i in range(5)]
    yield Case("warc/plain.wet", b"".join(five), (KEPT,), 5)
    members = [gz(wet(f"m{i}")) for i in range(5)]
    yield Case("warc/members.wet.gz", b"".join(members), (KEPT,), 5)
    yield Case("warc/one.wet.gz", gz(b"".join(wet(f"o{i}") for i in range(5))), (KEPT,), 5)
    cut = b"".join(gz(wet(f"c{i}")) for i in range(5))[:-50]
    yield Case("warc/cut.wet.gz", cut, (QUARANTINED,), 5, 1)
    yield Case("warc/pages.warc", page("p1") + page("p2"), (KEPT,), 2)
    chunks = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    broken = archived("response", 1, chunks + b"FFFFFFF\r\n<p>short", HTTP)
    yield Case("warc/chunks.warc", broken + page("p3"), (QUARANTINED,), 2, 1)
    for name, length in {
        "large": "99999999999",
        "small": "10",
        "negative": "-1",
        "word": "many",
    }.items():
        data = wet(f"{name}0", length) + wet(f"{name}1") + wet(f"{name}2")
        yield Case(f"warc/length-{name}.wet", data, (QUARANTINED,), 3, 1)
    endless = b"WARC/1.0\r\nWARC-Type: conversion\r\n" * 3000
    yield Case("warc/endless.wet", endless, (QUARANTINED,), None)
    others = archived("request", 1, b"GET / HTTP/1.1\r\n\r\n", HTTP) + archived(
        "metadata", 2, b"a: b"
    )
    yield Case("warc/others.warc", others, (NOTHING,), 0)
    arc = b"".join(
        b"http://example.invalid/ 1.2.3.4 20240101000000 text/plain %d\n%b\n" % (len(body), body)
        for body in (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + prose(f"arc{i}").encode()
                     for i in range(3))
    )  # fmt: skip
    info = b"1 0 test\nURL IP-address Archive-date Content-type Archive-length\n"
    first = b"filedesc://x.arc 0.0.0.0 20240101000000 text/plain %d\n%b\n" % (len(info), info)
    yield Case("warc/plain.arc", first + arc, (KEPT,), 3)


def html_cases() -> Iterator[Case]:
    def page(name: str, body: str, *outcome: str, head: str = '<meta charset="utf-8">') -> Case:
        html = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
        return Case(f"html/{name}.html", html.encode(), outcome or (KEPT,))

    def article(name: str) -> str:
        return f"<article><h1>{name}</h1><p>{prose(f'page {name}')}</p></article>"

    yield page("plain", article("plain"))
    yield page("deep", "<div>" * 300 + article("deep") + "</div>" * 300)
    yield page("deeper", "<div>" * 50_000 + article("deeper"), KEPT, DROPPED, QUARANTINED)
    yield page("unclosed", "<b><i>" * 20_000 + prose("unclosed"), KEPT, DROPPED, QUARANTINED)
    yield page("comment", article("comment") + "<!--" * 20_000)
    yield page("attribute", f'<p title="{"a" * MIB}">{prose("attribute", 20)}</p>')
    attributes = " ".join(f'a{n}="{n}"' for n in range(200_000))
    yield page("attributes", f"<div {attributes}>{article('attributes')}</div>")
    yield page("entities", "&#x4e2d;&#0;&#xd800;&#x110000;&bogus;" * 90 + article("entities"))
    yield page("declared-zlib", article("zlib"), head='<meta charset="zlib">')
    yield page("declared-utf-7", article("utf7"), head='<meta charset="utf-7">')
    yield page("declared-gb2312", article("gb2312"), head='<meta charset="gb2312">')
    yield page("script-only", f"<script>var a='{prose('script')}'</script>", DROPPED)
    yield Case("html/empty.html", b"", (DROPPED,))
    outer = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield Case(
        "html/entity.html", f"{outer}<html><body>&x;{article('x')}</body></html>".encode(), (KEPT,)
    )


def name_cases() -> Iterator[Case]:
    names = [
        "new\nline.txt", "-rf.txt", "a b  c.txt", "[glob]*.txt", "per%2e%2e%2f.txt", "year=2024.txt",
        os.fsdecode(b"bad\xff\xfename.txt"), "é.txt", "e\u0301.txt", "\u202etxt.exe.txt", "back\\slash.txt",
        "<img src=x onerror=alert(1)>.txt", "$(touch PWNED).txt", "=1+1.txt", "\x1b[31mred.txt",
        "n" * 251 + ".txt", "Case.txt", "case.txt", "noextension", "UPPER.TXT", ".hidden.txt",
    ]  # fmt: skip
    for i, name in enumerate(names):
        yield Case(f"names/{name}", prose(f"name-{i}").encode(), (KEPT,))


def special_cases() -> Iterator[Case]:
    for name, special in {
        "pipe.txt": "pipe", "socket.txt": "socket", "loop": "link:loop", "self": "link:.",
        "dangling.txt": "link:nothing", "escape.txt": "link:/etc/passwd",
        "endless.txt": "link:/dev/zero", "environment.txt": "link:/proc/self/environ",
    }.items():  # fmt: skip
        yield Case(f"special/{name}", b"", (QUARANTINED,), 1, 1, special)
    yield Case("special/folder.jsonl", b"", (NOTHING,), 0, special="empty folder")


GROUPS = (text_cases, json_cases, table_cases, packed_cases, bomb_cases, parquet_cases, warc_cases,
          html_cases, name_cases, special_cases)  # fmt: skip


def cases() -> list[Case]:
    """Return all cases; no two share a path."""
    found = [case for group in GROUPS for case in group()]
    assert len({case.path for case in found}) == len(found)
    return found


def write(folder: Path) -> list[Case]:
    """Write the files of all cases under a folder."""
    found = cases()
    for case in found:
        path = folder / case.path
        path.parent.mkdir(parents=True, exist_ok=True)
        kind, _, target = case.special.partition(":")
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            _bind(path)
        elif kind == "link":
            path.symlink_to(target)
        elif kind == "empty folder":
            path.mkdir()
        else:
            path.write_bytes(case.data)
    return found


def _bind(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path has room for 108 bytes only
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def main() -> None:
    out = Path(sys.argv[1])
    found = write(out)
    listed = [{k: v for k, v in asdict(case).items() if k != "data"} for case in found]
    out.with_suffix(".json").write_text(json.dumps(listed, indent=1))


if __name__ == "__main__":
    main()
