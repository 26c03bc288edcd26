"""Undoes "bytes of one legacy encoding read as another": GBK as Latin-1, Big5 as GBK and so on.

These encodings do not synchronise themselves: every byte string is nearly valid in each of them,
and one lost byte shifts what follows. So only stretches that go back byte for byte are decoded,
and the n-gram score alone decides.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.text.decoding.realign import aligned, suspicious
from pipeline.text.mojibake.adjoining import within
from pipeline.text.mojibake.codecs import ONE_BYTE, UNKNOWN, cp932_twins, reading
from pipeline.text.mojibake.gate import CONTROLS
from pipeline.text.mojibake.judge import MIN_GAIN, MIN_GAIN_ALL
from pipeline.text.ngram import Model

# Wrong reading → what the bytes may have been. Order is a claim: the first of equals wins.
ORIGINS: dict[str, tuple[str, ...]] = {
    "cp1252": ("gbk", "big5", "cp932", "cp949", "euc-jp"),
    "big5": ("gbk", "cp932", "euc-jp"),
    "cp949": ("gbk", "big5", "euc-jp"),
    "cp932": ("gbk", "big5", "euc-jp"),
    "euc-jp": ("gbk",),
    "gbk": ("big5", "cp932", "cp949"),
}
_CODEC = {
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "cp932": "cp932",
    "cp949": "cp949",
    "euc-jp": "euc_jp",
}
MIN_HIGH, MIN_LINE, MIN_PART = 6, 4, 12
"""Fewest bytes outside ASCII of a line (three characters): with less the score cannot tell; of a
line that is nothing but Hangul; and of what is only part of a line."""
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""UTF-8 of another script (Greek, Cyrillic) is no legacy encoding, whatever Han it would give."""
_TORN_UTF8 = re.compile(rb"(?:[\xe3-\xe9\xef][\x80-\xbf]{0,2}|\xe2\x80[\x90-\xaf]?)+")
"""Chinese in UTF-8, and its quotation marks, some of whose bytes were dropped: the controls of
Latin-1, which are half."""
MAX_UTF8 = 0.85
"""Share of the bytes from which they are UTF-8; GBK has up to half of its own by chance."""
MAX_BAD, MAX_TORN = 0.04, 0.15
"""Largest share of the characters beyond ASCII that may stay undecodable; one always may. And the
same of a stretch in which bytes were dropped."""
MAX_LOST = 0.5
"""Bytes that may be lost for each character that is read: with more the step is guesswork."""
MIN_KEPT = 0.85
"""Of the bytes beyond ASCII that are left so many must be of characters, or it is another kind."""
_NARROW = re.compile("[\x00-\x7f]")
_TOGETHER = re.compile("[^\x00-\x7f\ufffd]{2}")
_INSIDE = re.compile("(?<=[A-Za-z])[^\x00-\x7f]{1,2}(?=[A-Za-z])")
"""Lone characters inside Latin words are accented letters, or letters of some other font."""
BAD = "\ufffd"
_ASKED = re.compile(f"[?{BAD}]*{BAD}[?{BAD}]*")
"""What is left of a character beside the `?` of its other byte."""
_ASKED_TWICE = re.compile(r"(?<=[^\x00-\x7f])\?\?(?=[^\x00-\x7f])")
_MARKS = re.compile("[\x00-\x7f“”‘’…·、。\ufffd]+")
"""What is the same in several of these encodings, and ASCII."""
_HANGUL = re.compile("[가-힣]+")
_KANA = re.compile("[\u3040-\u30ff]{2,}")
HANGUL_PRIOR, MIN_GAIN_HANGUL = 1.0, (3.2, -1.0)
"""Nats; the second for alphabets, whose letters and signs never stand in such rows."""
_NEVER = np.isin(np.arange(65536), CONTROLS)
LOOK_BACK = 160
"""Bytes looked back for one from which the reading is in step."""
_SYNC = re.compile(rb"[\x00-\x3f]")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Characters `start` to `end` may have been `text`, whose bytes `origin` wrote.

    `prior` (nats) is what the choice of characters says besides the model; `least` is what the text
    must gain with it. `torn`: bytes were lost.
    """

    start: int
    end: int
    text: str
    origin: str
    prior: float
    least: float
    torn: bool


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return BAD, error.start + 1


codecs.register_error("pipeline-bad", _mark)


def candidates(
    name: str,
    codes: NDArray[np.uint32],
    model: Model,
    origins: Sequence[str] = (),
    beside: bool = False,
) -> Iterator[Candidate]:
    """Yield what the stretches of a text may have been before reading `name` hit them.

    `beside`: they are what a page of such damage has left, and may be as short as a word.
    """
    full = reading(name)
    data, starts = full.encode(codes)
    # FOREIGN (0xFE) is a byte like others here: foreign characters are found by their code.
    foreign = full.foreign(codes)
    breaks = np.flatnonzero(foreign & (codes != 0xFFFD) | (codes == 10))
    edges = np.concatenate([[-1], breaks, [len(codes)]])
    lefts, rights = edges[:-1] + 1, edges[1:]
    # The second byte of a character may be ASCII: of a whole line all its wide ones count.
    ended = np.append(codes, 10)[np.stack([lefts - 1, rights])] == 10  # -1: the one put behind
    lines = ended.all(axis=0)
    high = np.append(0, np.cumsum(np.frombuffer(data, np.uint8) >= 0x80))
    highs = high[starts[rights]] - high[starts[lefts]]
    wide = np.append(0, np.cumsum(codes > 0x7F))
    sizes = highs if full.single else np.where(lines, 2 * (wide[rights] - wide[lefts]), highs)
    never = np.append(0, np.cumsum(_NEVER.take(codes, mode="clip") & (name == "cp1252")))
    controls = lines & (never[rights] > never[lefts])
    # What is less than a whole line must hold enough; a line of Hangul or kana may have less.
    least = 2 if beside else MIN_LINE
    asked = np.flatnonzero((sizes >= MIN_PART) | (lines & (sizes >= least)) | controls)
    for i in asked.tolist():
        whole = int(lefts[i]), int(rights[i])
        raw = data[starts[whole[0]] : starts[whole[1]]]
        most = MAX_UTF8 * highs[i]
        if sum(map(len, _UTF8.findall(raw))) >= most:
            continue
        if full.single and sum(map(len, _TORN_UTF8.findall(raw))) >= most:
            continue
        for origin in origins or ORIGINS.get(name, ORIGINS["cp1252"]):
            left, right = whole
            if not (full.single or beside):
                left, right = within(codes, whole, (name, _CODEC[origin]), model)
            part = (left, right) != whole
            raw = data[starts[left] : starts[right]]
            beyond = int(high[starts[right]] - high[starts[left]])
            size, line = (beyond, False) if part else (int(sizes[i]), bool(lines[i]))
            if part and size < MIN_PART:
                continue
            lost = raw.count(UNKNOWN) + raw.count(ord("?"))
            if lost > MAX_LOST * (len(raw) - lost) + 1:  # so many, however the others are read
                continue
            offsets = (starts[left:right] - starts[left]).tolist() if name == "cp932" else []
            settled = _settled(raw, offsets, _CODEC[origin], model)
            text, torn = _read(settled, _CODEC[origin], lost > 0)
            control = bool(controls[i]) and origin == "cp932"
            # A lost byte takes the other one of its character along.
            rest = beyond - raw.count(UNKNOWN) - lost
            if (lost or torn) and _size(text) < MIN_KEPT * rest:
                continue
            if beside and not (lost or torn or BAD in text):
                yield Candidate(left, right, text, origin, 0.0, MIN_GAIN * _size(text) / 4, False)
            elif evidence := _evidence(name, text, size, line, control, lost, torn):
                yield Candidate(left, right, text, origin, *evidence, lost > 0 or torn or part)


def _read(raw: bytes, codec: str, lost: bool) -> tuple[str, bool]:
    """Decode the bytes of a stretch, and tell whether some more are gone than those `lost`.

    Then in the step that reads best.
    """
    text = raw.decode(codec, "pipeline-bad")
    torn = not lost and suspicious(text, codec) > 0
    if torn or lost:
        text, _ = aligned(raw, codec, torn=True)
    if lost:
        text = _ASKED_TWICE.sub(BAD, text)
    return _ASKED.sub(BAD, text) if BAD in text else text, torn


def _size(text: str) -> int:
    """Return how many bytes beyond ASCII the characters of a text have, about."""
    return 2 * (len(text) - text.count(BAD) - len(_NARROW.findall(text)))


def _evidence(
    name: str, text: str, size: int, line: bool, control: bool, lost: int, torn: bool
) -> tuple[float, float] | None:
    """Return prior and least gain of a candidate, or None where there is too little to go by.

    `size`: bytes beyond ASCII. `line`: it is a whole line. `control`: the damaged text has controls
    that only kana leave. `lost`: bytes that were lost before. `torn`: more seem to be.
    """
    letters = _MARKS.sub("", text)
    wide = len(letters)
    if lost > MAX_LOST * wide + 1:
        return None
    if text.count(BAD) > max((MAX_TORN if torn else MAX_BAD) * wide, wide >= MIN_HIGH) + lost:
        return None
    if sum(map(len, _INSIDE.findall(text))) * 2 >= wide:
        return None
    together = _TOGETHER.search(text) is not None
    if line and wide >= 2 and together and _is_hangul(letters):
        # Chinese keeps to the rows of Hangul with one chance in two for each character, and says
        # nothing in Korean: of 6,000 clean lines that do, the best would gain 1.1 nats.
        return HANGUL_PRIOR * wide, MIN_GAIN_HANGUL[name in ONE_BYTE]
    if control:
        return 0.0, (MIN_GAIN * wide + MIN_GAIN_ALL) / 4
    if size < MIN_HIGH or not together:
        return None
    # Kana are evidence by themselves: few Han characters have such bytes.
    kana = sum(map(len, _KANA.findall(text))) * 2 >= wide
    return 0.0, (MIN_GAIN * wide + MIN_GAIN_ALL) / (2 if kana else 1)


def _is_hangul(letters: str) -> bool:
    """Tell whether all are syllables of KS X 1001: others are as rare as chance makes them."""
    if not _HANGUL.fullmatch(letters):
        return False
    try:
        letters.encode("euc-kr")
    except UnicodeEncodeError:
        return False
    return True


def _settled(raw: bytes, offsets: list[int], codec: str, model: Model) -> bytes:
    """Choose, from left to right, between the two codes of a character by what they give."""
    twins = cp932_twins()
    out = bytearray(raw)
    for at in offsets:
        twin = twins.get(int.from_bytes(raw[at : at + 2], "big"))
        if twin is None:
            continue
        # From a byte that ends any character, or far enough back that the choice is not local.
        since = max((m.end() for m in _SYNC.finditer(out, max(at - LOOK_BACK, 0), at)), default=-1)
        if since < 0 and at > LOOK_BACK:
            continue
        window = bytes(out[max(since, 0) : at]), bytes(out[at + 2 : at + 8])
        options = [bytes(out[at : at + 2]), twin.to_bytes(2, "big")]
        texts = [(window[0] + o + window[1]).decode(codec, "pipeline-bad") for o in options]
        same = next((i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), 0)
        if _tail_score(texts[1], same, model) > _tail_score(texts[0], same, model):
            out[at : at + 2] = options[1]
    return bytes(out)


def _tail_score(text: str, start: int, model: Model) -> float:
    """Return the mean log-probability of the characters from `start` on."""
    symbols = [model.symbol(char) for char in "\n\n" + text[max(start - 2, 0) :]]
    first = min(start, 2) + 2
    scores = [model.log_prob(*symbols[i - 2 : i + 1]) for i in range(first, len(symbols))]
    return sum(scores) / max(len(scores), 1)
