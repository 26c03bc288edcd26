"""Decoding compared with charset-normalizer, chardet, faust-cchardet and resiliparse.

    pip install charset-normalizer chardet faust-cchardet resiliparse
    python benchmarks/decode.py DATA [--slices 60] [--peers charset_normalizer,chardet,...]

DATA holds D_chardet, D_git_legacy_bytes, D_legacy_html_index with A1_immortal_html, and the JSONL
sets that are cut into slices. Nobody is told the declared charset. An answer is right where it
names the true charset, or where the text that it leads to equals the true one; peers' labels are
read as ours are (gb2312 is GB18030), so that nobody loses for a label's name.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from pipeline.decode import decode
from pipeline.text.decoding.charsets import codec_of, decode_with

Case = tuple[str, bytes, str]  # class, bytes, true codec
CJK = (
    *("Big5", "GB2312", "EUC-KR", "EUC-JP", "SHIFT_JIS", "CP932", "Johab", "iso-2022-kr"),
    *("UTF-16", "UTF-16LE", "UTF-32BE", "UTF-32LE", "utf-8", "utf-8-sig"),
)
SLICED = (
    ("B_wiki_hans_cmrc", ("gb18030", "utf-8", "utf-16-le", "utf-16-be")),
    ("B_wiki_hant_drcd", ("big5hkscs", "gb18030", "utf-8", "utf-16-le")),
    ("F_debdoc_ja", ("cp932", "euc_jp", "utf-8", "utf-16-le")),
    ("F_debdoc_ko", ("cp949", "utf-8", "utf-16-le")),
)


def unpacked(path: Path) -> dict[str, bytes]:
    stream = zstandard.ZstdDecompressor().stream_reader(path.open("rb")).read()
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        return {
            member.name.rpartition("/")[2]: tar.extractfile(member).read()  # type: ignore[union-attr]
            for member in tar
            if member.isfile()
        }


def texts(path: Path, most: int) -> list[str]:
    stream = zstandard.ZstdDecompressor().stream_reader(path.open("rb"))
    lines = io.TextIOWrapper(stream, encoding="utf-8")
    return [json.loads(line)["text"] for line, _ in zip(lines, range(most), strict=False)]


def file_cases(data: Path) -> Iterator[Case]:
    files = unpacked(data / "D_chardet.raw.tar.zst")
    for line in (data / "D_chardet.index.jsonl").read_text().splitlines():
        row = json.loads(line)
        name = row["file"].rpartition("/")[2]
        if row["encoding"] in CJK and name in files and codec_of(row["encoding"]):
            yield "chardet's CJK files", files[name], codec_of(row["encoding"])
    files = unpacked(data / "D_git_legacy_bytes.raw.tar.zst")
    for row in json.loads((data / "D_git_legacy_bytes.index.json").read_text()):
        name = row["file"].rpartition("/")[2]
        if name in files and codec_of(row["encoding"]):  # not the ones in two charsets
            yield "files in git", files[name], codec_of(row["encoding"])
    files = unpacked(data / "A1_immortal_html.raw.tar.zst")
    for line in (data / "D_legacy_html_index.jsonl").read_text().splitlines():
        row = json.loads(line)
        name = row["file"].rpartition("/")[2]
        if name in files:
            yield (
                "legacy pages",
                files[name],
                codec_of(row["first_strict_decoder"] or row["declared"]),
            )


def slice_cases(data: Path, many: int) -> Iterator[Case]:
    random.seed(5)
    for name, codecs in SLICED:
        pool = texts(data / f"{name}.jsonl.zst", 400)
        for size in (20, 50, 200, 2000):
            for codec in codecs:
                made = tries = 0
                while made < many and tries < many * 40:
                    tries += 1
                    text = random.choice(pool)
                    start = random.randrange(max(1, len(text) - size))
                    piece = text[start : start + size].encode(codec, "ignore").decode(codec)
                    beyond = sum(c > "\x7f" for c in piece)
                    if beyond * 2 >= size or (size == 2000 and beyond * 4 >= len(piece) > 800):
                        made += 1
                        yield f"{size} characters", piece.encode(codec), codec


Answer = Callable[[bytes], tuple[str, str]]  # bytes -> codec, text


def ours(data: bytes) -> tuple[str, str]:
    found = decode(data)
    return found.encoding, found.text


def peers() -> dict[str, Callable[[bytes], str]]:
    import cchardet
    import chardet
    from charset_normalizer import from_bytes
    from resiliparse.parse.encoding import detect_encoding

    def normalizer(data: bytes) -> str:
        best = from_bytes(data).best()
        return best.encoding if best else ""

    return {
        "charset_normalizer": normalizer,
        "chardet": lambda data: chardet.detect(data)["encoding"] or "",
        "faust-cchardet": lambda data: cchardet.detect(data)["encoding"] or "",
        "resiliparse": lambda data: detect_encoding(data) or "",
    }


def read(data: bytes, label: str) -> tuple[str, str]:
    """Decode as a careful user of a peer would."""
    codec = codec_of(label.replace("_", "-")) or codec_of(label)
    try:
        text = decode_with(data, codec)[0] if codec else data.decode(label, "replace")
    except (LookupError, UnicodeError):
        return codec, ""
    return codec, text.removeprefix("\ufeff")


def truth(data: bytes, codec: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return decode_with(data, codec)[0].removeprefix("\ufeff")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--slices", type=int, default=60)
    arguments.add_argument("--verbose", action="store_true", help="print our misses")
    given = arguments.parse_args()
    cases = [*file_cases(given.data), *slice_cases(given.data, given.slices)]
    answers: dict[str, Answer] = {"pipeline": ours}
    for peer, detect in peers().items():
        answers[peer] = lambda data, detect=detect: read(data, detect(data))  # type: ignore[misc]
    total = Counter(kind for kind, _, _ in cases)
    print("right answers of", dict(total))
    for name, answer in answers.items():
        right: Counter[str] = Counter()
        started = time.process_time()
        for kind, data, codec in cases:
            label, text = answer(data)
            good = label == codec or text == truth(data, codec)
            right[kind] += good
            if given.verbose and name == "pipeline" and not good:
                print("   miss:", kind, codec, label, data[:60])
        spent = (time.process_time() - started) * 1e3 / len(cases)
        print(f"{name:20}", " ".join(f"{right[k]:>4}/{n} {k};" for k, n in total.items()), end=" ")
        print(f"{sum(right.values())}/{len(cases)}, {spent:.2f} ms each")


if __name__ == "__main__":
    main()
