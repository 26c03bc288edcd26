"""How likely a line break stands in mid-sentence, by the two lines alone.

A sum of weights in nats, 0 where a break is as likely a wrap as a paragraph end. The weights are
those of a logistic regression, rounded: 5,300 breaks cut into paragraphs of news, statutes,
encyclopedia and medical text at 20-40 characters and at random, against 4,900 true line ends
without a stop (headlines, page furniture, captions, signatures).
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text import layout as look
from pipeline.text import ngram
from pipeline.text.marks import HAN

LATIN_LINE = 30
"""Characters below which a line of Latin prose is not called wrapped."""
_PROSE = re.compile(r"[a-z]+,? [a-z]+[^|{};=<>$\\]*$")
"""Two small words and no sign of code after them."""
_MARKED = re.compile("[，。、；：！？]")
_LINK = re.compile(r"\]\([^()]{1,300}\)\W*(?:（\w{1,6}）)?$")
_OPENS = re.compile(
    r"(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日|[初底末中])|\d{1,2}日[，上下晚]"
    r"|[^，。、；：]{2,16}[日社网报台][电電讯訊][，（( 　]"
    r"|[本日晚早晨]?[报報][讯訊]|新[华華]社"
)
"""What paragraphs of the news begin with, seldom the second half of a sentence: 3月26日晚，."""
_SAID = (*"吗嗎呢吧嘛哦呀", "谢谢", "謝謝", "怎么办", "怎麼辦")
"""What a sentence ends with: there a mark is missing, and what follows is another."""
_LOST = "\ufffd"
"""A character that is lost: at the end of a line a full stop as a rule."""
_IS_HAN = re.compile(f"[{HAN}]")
SHORTEST = 10
"""Characters below which a line is never taken for one that was cut."""
MOST_BOND = 6.0
"""Nats at which the bond of two lines is capped: one frequent word must not outweigh the rest."""
_AROUND = 4
"""Characters around a break by which its bond is remembered."""
_REMEMBERED = 600
"""Characters of two lines whose odds are remembered."""
_BONDS: dict[str, float] = {}
"""What was found out about four characters: pages end lines alike, and each break is asked about
three times."""


def bond(left: str, right: str) -> float:
    """Return how much better the two lines fit together than apart, in nats, within -4 to 6.

    The pointwise mutual information of two characters on either side, by the trigram model: a word
    cut in two gives 3 to 10, a title above a paragraph -2. Latin lines are judged by `_latin`.
    """
    if left.isascii() and right.isascii():
        return _latin(left, right)
    around = (" " + left)[-2:] + right[:2]
    known = _BONDS.get(around) if len(around) == _AROUND else None
    return _association(around) if known is None else known


def _association(around: str) -> float:
    """Return the capped gain of one or two characters, given the two before the line break."""
    model = ngram.load()
    a, b, *following = map(model.symbol, around)
    gain = 0.0
    before = model.symbol("\n")
    for c in following:
        gain += model.log_prob(a, b, c) - model.log_prob(before, before, c)
        a, b, before = b, c, c
    found = max(-4.0, min(MOST_BOND, gain))
    if len(around) == _AROUND:
        _keep({around: found})
    return found


def _keep(found: dict[str, float]) -> None:
    if len(_BONDS) > 1 << 16:
        _BONDS.clear()
    _BONDS.update(found)


def bonds(codes: NDArray[np.uint32], ends: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the `bond` over each of some line ends of a text: float32.

    A line of one character counts as what it could reach at best.
    """
    around = codes[np.minimum(ends[:, None] + [-2, -1, 1, 2], len(codes) - 1)]
    short = codes[np.minimum(ends + 2, len(codes) - 1)] == ord("\n")
    return np.where(short, np.float32(MOST_BOND), associations(around))


def associations(around: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return how well two pairs of characters fit together, in nats: (n, 4) to float32 (n,)."""
    # NULs at the end of a key are lost, and with them one that `bond` would ask for.
    keys = np.ascontiguousarray(around, np.uint32).view("U4")[:, 0].tolist()
    known = list(map(_BONDS.get, keys))
    missing = [i for i, gain in enumerate(known) if gain is None]
    if missing:
        a, b, c, d = around[missing].T
        model = ngram.load()
        p, q, r, t = (model.symbols(column) for column in (a, b, c, d))
        firsts, seconds = np.concatenate([p, q, r]), np.concatenate([q, r, r])
        found = model.given(firsts, seconds, np.concatenate([r, t, t])).reshape(3, -1)
        gain = (found[0] - _at_line_start()[np.minimum(c, 0xFFFF)]) + (found[1] - found[2])
        gains = np.clip(gain, -4.0, MOST_BOND).tolist()
        _keep(dict(zip([keys[i] for i in missing], gains, strict=True)))
        for i, one in zip(missing, gains, strict=True):
            known[i] = one
    return np.array(known, np.float32)


@cache
def _at_line_start() -> NDArray[np.float64]:
    """Return ln p of each code point of the BMP after a line break: float64 (65536,)."""
    model = ngram.load()
    symbols = np.arange(len(model.uni), dtype=np.uint32)
    line = np.full_like(symbols, model.symbol("\n"))
    return model.given(line, line, symbols).take(model.fold)


def torn(paragraph: str, last: str, this: str, worth: float) -> float:
    """Return the log-odds (nats) that the break between two lines stands in mid-sentence.

    `paragraph` is what was joined so far and ends with `last`. The costly part is left out where it
    could not lift the result above `worth`.
    """
    size = len(last)
    if len(paragraph) < SHORTEST or last[-1] == _LOST:
        return -9.0
    if last.isascii() and this.isascii():
        return _latin(last, this)
    odds = -2.8
    odds += -5.0 if size < SHORTEST else -1.0 if size < 16 else 1.2 if size >= 36 else 0.5
    if "，" in paragraph or _MARKED.search(paragraph):  # one character is looked for fast
        odds += 1.1
    elif (" " in last or "\u3000" in last) and not look.is_item(last):
        odds -= 3.5  # a headline in two halves
    if "。" in paragraph or "！" in paragraph or "？" in paragraph:
        odds += 2.7
    if look.unclosed(paragraph):
        odds += 3.7
    if "，" in this or _MARKED.search(this):
        odds += 2.6
    if look.is_label(last):
        odds -= 3.0
    if look.is_label(this):
        odds -= 1.5
    if look.ending(last) == "closed":
        odds -= 6.0 if _LINK.search(last) else 3.0
    if not _IS_HAN.match(this):
        odds -= 1.5
    if last.endswith(_SAID):
        odds -= 3.0
    if _OPENS.match(this):
        odds -= 3.0
    if odds + 0.8 * MOST_BOND < worth:
        return odds
    strength = bond(last, this)
    return odds + strength * (0.8 if strength > 0 else 0.5)


def alone(last: str, this: str) -> float:
    """Return what `torn` says of a line that is all of its paragraph, if it is above -3."""
    if len(last) + len(this) > _REMEMBERED:
        return torn(last, last, this, -3.0)
    return _alone(last, this)


@lru_cache(maxsize=1 << 12)  # each break is asked about three times
def _alone(last: str, this: str) -> float:
    return torn(last, last, this, -3.0)


def _latin(last: str, this: str) -> float:
    """Return the log-odds for two lines without Chinese: prose goes on with a small letter.

    Nine of ten words in running English begin with one, one of twenty headings and list items.
    """
    if len(last) < LATIN_LINE or "   " in last or not _PROSE.search(last):
        return -5.0  # three blanks set columns apart
    return 2.0 if this[0].islower() else -2.0
