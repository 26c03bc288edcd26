"""Bytes to text: byte-order mark, strict UTF-8, then the evidence of the bytes and the declaration.

Nothing else in the pipeline sees bytes. A text that is valid UTF-8 costs one strict decode. For the
others a sample is decoded in every charset and the decodings compete by likelihood, where what was
declared has an advantage that evidence can outweigh: wrong labels are common, and gb2312 and gbk
mean GB18030. What could not be decoded is marked U+FFFD and counted; a few bad bytes cost those
bytes and never the document. A file of which some lines are in another charset is decoded by line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.stages.base import option
from pipeline.tablefiles import table_rows
from pipeline.text.decoding.charsets import codec_of, decode_with
from pipeline.text.decoding.realign import aligned
from pipeline.text.likelihood import log_likelihood, tables


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeOptions:
    """Options of decoding files, pages and the text cells of tables.

    A row of JSONL that is not UTF-8 has the charset of its file, which its beginning shows, and is
    decoded with the defaults of these: a row alone says too little to weigh one against another.
    """

    sample_bytes: int = option(
        600, "how much of a text that is not UTF-8 is tried in every charset", ge=64
    )
    declared_advantage: float = option(
        12.0, "nats by which the evidence must outweigh a declared charset", ge=0
    )


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text: `encoding` as Python names it (two joined by + in a file of two charsets).

    `confidence` is 0-1: below 0.1 the bytes are probably no text. `errors` is the number of marks
    (U+FFFD) that stand for undecodable bytes.
    """

    text: str
    encoding: str
    confidence: float
    errors: int


DEFAULT = DecodeOptions()
BOMS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),  # before UTF-16, whose mark it begins with
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_CHARSETS = [(*row, "")[:5] for row in table_rows("decode/charsets.tsv")]
CJK, UTF8, WIDE, OTHERS = (
    tuple(codec for codec, kind, *_ in _CHARSETS if kind == wanted)
    for wanted in ("cjk", "utf-8", "wide", "other")
)
WIDE16 = WIDE[:2]
LATIN = frozenset(codec for codec, *_, letters in _CHARSETS if letters == "latin")
RARE = {codec: int(nats) for codec, _, _, nats, _ in _CHARSETS}
_LANGUAGES = {codec: tuple(languages.split()) for codec, _, languages, *_ in _CHARSETS}
AMONG_LATIN = 8.0
"""Nats against another alphabet among Latin letters: è alone would be и in Windows-1251."""
UNCLEAR = 0.3
"""Confidence below which other charsets than ours are asked for."""
MAX_ASKED = 20_000
"""Bytes shown to charset-normalizer: it takes 2 ms for a kilobyte."""
MIN_BEYOND = 20
"""Bytes beyond ASCII that show a single-byte charset in a file of UTF-8; fewer are bad bytes."""
CLEAR = 30.0
"""Nats by which the best CJK reading must lead for the rest not to be tried."""
PLAUSIBLE = -9.5
"""ln p per character: text in its own charset has -4 to -8, in a wrong one -11 and less."""

ESCAPED = -12.5
"""The same for what escape sequences enclose: chance ones must be told apart from text."""

# A run of bytes beyond ASCII with the few ASCII ones that may be second bytes or neighbours. It
# begins and ends where every charset has a boundary: no second byte is below 0x30, and none is
# further than two bytes from the last one beyond ASCII.
_PIECE = re.compile(rb"[\x30-\x7f]{0,2}(?:[\x80-\xff][\x30-\x7f]{0,2})+")
_THREE = re.compile(rb"[\xe0-\xff]")
_BEYOND = re.compile(rb"[\x80-\xff]")
_UTF8_RUN = re.compile(rb"(?:[\xe3-\xed][\x80-\xbf]{2}){3}")
_UTF8_SIGNS = tuple(c.encode() for c in "，。的の이")
_ODD = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffd]")
_ONLY_PAIRS = 60
"""Valid UTF-8 of at most so many two-byte characters may be GBK by chance (目录 is Ŀ¼)."""


def decode(data: bytes, declared: str = "", options: DecodeOptions = DEFAULT) -> Decoded:
    """Decode `data`; `declared` is what HTTP, `<meta>` or a field says, and may be wrong.

    >>> decode("中文".encode("gbk"), "gb2312").encoding
    'gb18030'
    """
    for mark, codec in BOMS:
        if data.startswith(mark):
            data = data[len(mark) :]
            if codec != "utf-8":
                text, errors = decode_with(data, codec)
                return Decoded(text, codec, 1.0, errors)
            declared = "utf-8"
            break
    label = codec_of(declared)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _legacy(data, error.start, label, options)
    if b"\0" in data:
        return _best(data, [*UTF8, *_wide(data)], label, options)
    if text.isascii():
        return _escaped(data, text)
    if len(data) - len(text) <= _ONLY_PAIRS and not _THREE.search(data):
        return _best(data, [*UTF8, *CJK], label, options)
    return Decoded(text, "utf-8", 1.0, 0)


def decode_row(data: bytes, charset: str = "") -> Decoded:
    r"""Decode one row of a file of rows, most of which are in `charset` (empty: UTF-8).

    >>> decode_row("今天天气很好".encode("gbk")).encoding, decode_row(b"caf\xe9").text
    ('gb18030', 'caf�')
    """
    found = decode(data, charset or "utf-8")
    other = found.encoding in OTHERS and found.encoding != codec_of(charset)
    if other and len(_BEYOND.findall(data)) < MIN_BEYOND:
        usual = codec_of(charset) or "utf-8"
        text, errors = decode_with(data, usual)
        return Decoded(text, usual, round(_plausibility(text[:1000], _LANGUAGES[usual]), 3), errors)
    return found


def _escaped(data: bytes, text: str) -> Decoded:
    """ASCII bytes may be a charset that switches by escape sequences: ISO-2022, HZ."""
    codecs = []
    if b"\x1b$" in data:
        codecs = ["iso2022_kr"] if b"\x1b$)C" in data else ["iso2022_jp_2"]
    elif b"~{" in data and b"~}" in data:
        codecs = ["hz"]
    for codec in codecs:
        decoded, errors = decode_with(data, codec)
        wide = "".join(c for c in decoded if c > "\x7f")
        if wide and log_likelihood(wide, ("zh", "ja", "ko")) > ESCAPED * len(wide):
            return Decoded(decoded, codec, 0.99, errors)
    return Decoded(text, "utf-8", 1.0, 0)


def _legacy(data: bytes, valid: int, label: str, options: DecodeOptions) -> Decoded:
    """Decode what is not valid UTF-8; its first `valid` bytes are."""
    # The search for UTF-8 all over is slow: do it where its commonest characters are found first.
    last = data.rfind(b"\n", 0, -1) + 1
    if (
        _UTF8_RUN.search(data, 0, valid)
        or _UTF8_RUN.search(data, last, last + 1000)
        or any(sign in data for sign in _UTF8_SIGNS)
    ):
        found = _mixed(data, label, options)
        if found:
            return found
    found = _best(data, CJK, label, options)
    # What reads badly may still be two charsets.
    doubtful = found.errors or found.confidence < 0.95
    return (_mixed(data, label, options) if doubtful else None) or found


def _mixed(data: bytes, label: str, options: DecodeOptions) -> Decoded | None:
    """Decode by line a file that has lines of UTF-8 and others; None for one that has not.

    In GBK three characters of UTF-8 in a row are an accident of one in a hundred thousand bytes,
    and then the whole line is still not valid.
    """
    if not _UTF8_RUN.search(data):
        return None
    lines = data.split(b"\n")
    bad = {i for i, line in enumerate(lines) if not is_utf8(line)}
    if any(_UTF8_RUN.search(line) for i, line in enumerate(lines) if i not in bad):
        return _by_line(lines, sorted(bad), label, options)
    return None


def is_utf8(data: bytes) -> bool:
    """Say whether bytes are UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _by_line(lines: list[bytes], bad: list[int], label: str, options: DecodeOptions) -> Decoded:
    """Decode the lines that are not UTF-8 in the charset that is likeliest for all of them."""
    rest = b"\n".join(lines[i] for i in bad)
    found = _best(rest, [*UTF8, *CJK], label if label != "utf-8" else "", options)
    other = found.encoding
    few = other in OTHERS and other != label and len(_BEYOND.findall(rest)) < MIN_BEYOND
    if other in UTF8 or other in WIDE or few or found.confidence < 0.5:
        text, errors = decode_with(b"\n".join(lines), "utf-8")
        return Decoded(text, "utf-8", 0.99, errors)
    decoded = [line.decode("utf-8", "replace") for line in lines]
    errors = 0
    used = {"utf-8"}
    for i in {*bad, *(i for i, line in enumerate(lines) if _may_be_pairs(line))}:
        codec = max(("utf-8", other), key=lambda codec: _mended_score(lines[i], codec))
        decoded[i], marks = aligned(lines[i], codec)
        errors += marks
        used.add(codec)
    name = "+".join(sorted(used, key=lambda codec: codec != "utf-8"))
    return Decoded("\n".join(decoded), name, found.confidence, errors)


def _may_be_pairs(line: bytes) -> bool:
    """Return whether a line has bytes beyond ASCII, all of two-byte UTF-8: by chance, as 目录."""
    return not line.isascii() and not _THREE.search(line)


def _mended_score(data: bytes, codec: str) -> float:
    """Return ln p of the data as it will be read, with what the error handlers mend."""
    return log_likelihood(decode_with(data, codec)[0], _LANGUAGES[codec])


def _score(data: bytes, codec: str) -> float:
    """Return ln p(data read in this charset), in nats."""
    # Plain "replace": the handlers' knowledge changes no verdict, and costs a call for each error.
    text = data.decode(codec, "replace")
    return log_likelihood(text, _LANGUAGES[codec]) - RARE[codec]


def _best(data: bytes, codecs: Sequence[str], label: str, options: DecodeOptions) -> Decoded:
    """Decode in the charset in which a sample of the bytes is likeliest."""
    head = data[: options.sample_bytes & ~3]
    # Pieces are cut at ASCII; a wide charset has none, but shows itself by its NULs.
    sample = head if b"\0" in head else _sample(data, options.sample_bytes)
    scores = {codec: _score(sample, codec) for codec in codecs}
    if label in _LANGUAGES:
        scores[label] = scores.get(label, _score(sample, label)) + options.declared_advantage
    if not _is_clear(scores, sample):
        # A bad byte may have put all that follows out of step: weigh it this time.
        for codec in CJK:
            better = log_likelihood(decode_with(sample, codec, 4)[0], _LANGUAGES[codec])
            better += options.declared_advantage * (codec == label)
            scores[codec] = max(better, scores.get(codec, better))
        latin = _is_mostly_ascii(head)
        for codec in (*UTF8, *OTHERS):
            foreign = AMONG_LATIN if latin and codec not in LATIN else 0
            scores.setdefault(codec, _score(sample, codec) - foreign)
        best = max(scores, key=lambda codec: scores[codec])
        # Compared over the same bytes, of which the sample has left most ASCII out.
        gap = scores[best] - _score(head, best)
        for codec in _wide(head):
            scores[codec] = _score(head, codec) + gap
    first, second = sorted(scores, key=lambda codec: -scores[codec])[:2]
    lead = 1 - math.exp(-max(0.0, scores[first] - scores[second]) / 4) / 2
    if first in LATIN and data.decode(first, "replace") == data.decode("cp1252", "replace"):
        first = "cp1252"  # ö and ü are in all of them
    text, errors = aligned(data, first)
    certain = first in UTF8 and not errors
    confidence = 1.0 if certain else lead * _plausibility(text[:1000], _LANGUAGES[first])
    found = Decoded(text, first, round(confidence, 3), errors)
    return found if confidence > UNCLEAR else _remaining(data, sample, found)


def _wide(data: bytes) -> tuple[str, ...]:
    """Return the wide charsets that data may be in: of UTF-32 half and more are NULs."""
    return WIDE if data.count(0) * 3 >= len(data) else WIDE16


def _remaining(data: bytes, sample: bytes, found: Decoded) -> Decoded:
    """Ask charset-normalizer, which knows fifty charsets more, about what reads badly in ours."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:MAX_ASKED]).best()
    if best is None or _ODD.search(found.text[:1000]):
        return found  # nothing known, or bytes that are no text at all
    text = data.decode(best.encoding, "replace")
    every = tuple(tables())
    gain = log_likelihood(sample.decode(best.encoding, "replace"), every) - log_likelihood(
        sample.decode(found.encoding, "replace"), every
    )
    if gain < CLEAR:
        return found
    return Decoded(text, best.encoding, 0.5, text.count("�"))


def _is_mostly_ascii(data: bytes) -> bool:
    """Return whether one byte of seven or fewer is beyond ASCII: Latin letters, some accented."""
    return len(_BEYOND.findall(data)) * 7 <= len(data)


def _plausibility(text: str, languages: tuple[str, ...]) -> float:
    """Return 0-1: how much a text reads like one; 0 where 5 % of it are controls or marks."""
    if not text:
        return 1.0
    odd = len(_ODD.findall(text)) / len(text)
    likely = (13 + log_likelihood(text, languages) / len(text)) / 3
    return min(1.0, max(0.0, likely)) * max(0.0, 1 - 20 * odd)


def _is_clear(scores: dict[str, float], sample: bytes) -> bool:
    """Return whether one reading leads by so much, and reads so well, that no other can win."""
    ordered = sorted(scores.values(), reverse=True)
    # Two bytes make a character in most charsets: a bound per byte, from below.
    return ordered[0] - ordered[1] > CLEAR and ordered[0] > PLAUSIBLE / 2 * len(sample)


def _sample(data: bytes, size: int) -> bytes:
    """Return pieces of the data that hold bytes beyond ASCII, about `size` bytes of them."""
    pieces: list[bytes] = []
    total = 0
    for match in _PIECE.finditer(data):
        piece = match[0][: 2 * size]
        pieces.append(piece)
        total += len(piece) + 1
        if total >= size:
            break
    return b"\n".join(pieces)
