"""Realigns GBK text that lost or gained a byte inside a character.

From such a place on, every character is made of the second byte of one and the first byte of the
next, until an ASCII character brings the reader back into step. Two things do it: a byte that was
lost, and a replacement on bytes that hit inside characters (`char` → `char(pinyin)`, mark →
`,` + mark), after which the decoder swallowed a lead byte and the ASCII byte after it into one
`?`. So `?；笔a` is `。槐蔭`: the `?` is 0xA1 with the inserted comma, `；` is 0xA3BB.

A stretch begins at a `?` and ends where the bytes are in step again. The unknown bytes are filled
in only where the text leaves no doubt; else the character becomes `�`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.text.annotations.readings import pinyin_span
from pipeline.text.mojibake.gbk import characters, moved, pairs
from pipeline.text.mojibake.habits import ANNOTATION, SURE, SURE_LOST, Habits
from pipeline.text.mojibake.hopeless import MARK
from pipeline.text.ngram import Model

LOST = -1
"""A byte that is not known."""
MAX_STRETCH = 400
"""Characters: longest stretch out of step. Chinese text has an ASCII byte far sooner."""
MARK_COST = -8.0
"""Log-probability of a `�`: about that of a rare character."""
BEAM, BRANCHES, FAR = 16, 4, 7.0
"""Readings followed at once; characters tried for an unknown byte; nats behind the best of them."""
DOUBLED = 2.0
"""Nats for a mark where a comma was put before it, and for anything else where none was."""
_LIKELY = re.compile("[\u3400-\u9fff“”‘’《》（）「」、。，；：！？…—·]")
"""What an unknown byte may belong to: Han characters and the marks of running text."""
NARROWED_COST = -2.0
WORST, MIN_JUDGED = -11.5, 6
"""Mean log-probability under which a reading is not followed, and from how many characters on."""
MIN_GAIN_LOST = 1.5
"""More nats for each character where nothing shows a replacement on bytes."""
MIN_GAIN, MIN_KNOWN, MIN_MEAN, MIN_MEAN_REPLACED = 4.0, 2, -8.5, -10.0
"""How much likelier the realigned stretch must be, in nats; how many characters must be known, and
their mean log-probability, also where the text shows a replacement on bytes."""
# A `?` before what may be the rest of a broken character.
TRIGGER = re.compile(
    "\\?(?=[ -@]{0,2}[\u00a4-\uffe5]|[;,!?][@-~?]|[a-z\u00e0-\u00fc\u0101-\u01dc]{1,6}\\))"
)
# A stretch too short to be scored must at least end as one.
_SHORT = re.compile("\\?[,;!?]?[\u00a4-\uffe5]{0,3}[@-~?\u20ac\ufffd]")
_INLINE = re.compile("`[^`\n]{1,40}`")  # code that begins with the `?` is not the second byte of 籤
_REST = re.compile("\\?[a-z\u00e0-\u00fc\u0101-\u01dc]{1,6}\\)")
_RUN = re.compile("[ -@]{0,2}([\u00a4-\uffe5]{4,10})")
_STOPS = frozenset("，。、；：！？,;:!?")
_READING = re.compile("[a-z\u00e0-\u00fc\u0101-\u01dc]{1,6}\\)")


MAX_VAIN = 60
"""Question marks in a row that are none of this, from which those of a text are questions: each is
looked at for some milliseconds."""


@dataclass(frozen=True, slots=True)
class Realigned:
    """Characters `start` to `end` of the line become `text`; `gain` in nats."""

    start: int
    end: int
    text: str
    gain: float


@dataclass(frozen=True, slots=True)
class _Path:
    """A reading of the stretch up to character `at`; `pending` is a byte without its second."""

    at: int
    pending: int | None
    score: float
    text: str
    a: int
    b: int


def _certain(best: _Path, rivals: list[tuple[float, _Path]], sure: float) -> str:
    """Return the best reading with `�` where the others leave a doubt about a character."""
    top = max(gain for gain, _ in rivals)
    shares = [float(np.exp(gain - top)) for gain, _ in rivals]
    out = ""
    for i, char in enumerate(best.text):
        agree = sum(s for s, (_, p) in zip(shares, rivals, strict=True) if p.text[i] == char)
        out += char if agree >= sure * sum(shares) else MARK
    return out


class Shifts:
    """Finds stretches out of step in one text."""

    def __init__(self, text: str, model: Model) -> None:
        """Take the text and the model that judges."""
        self.text = text
        self.model = model
        self.habits = Habits(text, model)
        self.before = ""  # of the stretch at hand: the text before it, where its first byte is,
        self.first_at = 0
        self.comma = False  # and whether a single comma stands before it
        self.olds: dict[int, float] = {}  # log-probability of what stands there, by its end

    def find(self) -> Iterator[Realigned]:
        """Yield the realigned stretches of the text, in order."""
        text = self.text
        done = vain = 0
        for q in triggers([text], self.model)[0]:
            if q < done or _INLINE.match(text, max(0, q - 1)):
                continue
            best = self._best(text, q)
            vain += 1
            if best is not None:
                done, vain = best.end, 0
                yield best
            elif vain == MAX_VAIN:
                return

    def _best(self, text: str, q: int) -> Realigned | None:
        end = text.find("\n", q)
        end = min(len(text) if end < 0 else end, q + MAX_STRETCH)
        # The comma before may have been put in as well: what counts is the text before it.
        before = self._plain_before(q)
        self.before, self.first_at = before, q + 1
        self.olds.clear()
        self.comma = text[q - 1 : q] == "," and text[q - 2 : q - 1] != ","
        a, b = (self.model.symbol(c) for c in ("\n\n" + before)[-2:])
        paths = [
            (self._gain(text, q, path, a, b), path)
            for start in self._starts(text, q, end, a, b)
            for path in self._follow(text, start, end)
        ]
        if not paths:
            return None
        gain, best = max(paths, key=lambda item: (item[0], item[1].text))
        known = sum(char > "\x7f" and char != MARK for char in best.text)
        read = _REST.search(text, q, best.at)  # an inserted reading confirms what was found
        sure = self.habits.sure
        mean = MIN_MEAN if sure == SURE_LOST else MIN_MEAN_REPLACED
        plausible = best.score - MARK_COST * best.text.count(MARK) > mean * known
        least = MIN_GAIN + (
            MIN_GAIN_LOST * len(best.text) if self.habits.sure == SURE_LOST else 0.0
        )
        if (
            gain < least
            or (known < max(MIN_KNOWN, best.text.count(MARK)) and not read)
            or not plausible
        ):
            return None
        rivals = [(g, p) for g, p in paths if p.at == best.at and len(p.text) == len(best.text)]
        return Realigned(
            q, best.at, self.habits.in_width(_certain(best, rivals, self.habits.sure)), gain
        )

    def _starts(self, text: str, q: int, end: int, a: int, b: int) -> Iterator[_Path]:
        """Yield what the `?` may have been: a lost lead byte, or one that an insertion followed."""
        if q + 1 < end and self._byte(text[q + 1]) is not None:
            yield _Path(q + 1, LOST, 0.0, "", a, b)
        match = _READING.match(text, q + 1, end)
        last = self._plain_before(q)[-1:]
        if match and last and self._byte(last):
            # `?` is the second byte of an annotated pair with its bracket; the first byte is the
            # last one of the character before, which may have a reading of its own.
            one = pairs()[ord(last)] & 0xFF
            for two in range(0x81, 0xFF):
                char = characters()[one << 8 | two]
                if char and pinyin_span(match[0][:-1], char) == 1:
                    yield _Path(match.end(), two, 0.0, "", a, b)

    def _plain_before(self, q: int) -> str:
        """Return what stands before a `?`, without what may have been put in there."""
        return ANNOTATION.sub("", self.text[max(q - 12, 0) : q]).removesuffix(",")[-3:]

    def _byte(self, char: str) -> tuple[int, int] | None:
        code = ord(char)
        pair = pairs()[code] if code < 0x10000 else 0
        if pair:
            return pair >> 8, pair & 0xFF
        if "!" <= char <= "~":
            return 0xA3, code | 0x80  # a full-width form, narrowed
        return (0xA1, 0xA1) if char == " " else None

    def _follow(self, text: str, start: _Path, end: int) -> Iterator[_Path]:
        """Yield every way to come into step again."""
        paths = [start]
        while paths:
            path = paths.pop()
            if path.pending is None:
                yield path
                continue
            if path.at >= end:
                continue
            paths += [
                step
                for step in self._step(text, path, end)
                if len(step.text) < MIN_JUDGED or step.score > WORST * len(step.text)
            ]
            if len(paths) > BEAM:
                paths.sort(key=lambda p: (p.score / (len(p.text) + 1), p.text))
                del paths[:-BEAM]

    def _step(self, text: str, path: _Path, end: int) -> list[_Path]:
        assert path.pending is not None
        char = text[path.at]
        code = ord(char)
        steps: list[_Path] = []
        if char in "?\ufffd":
            steps += self._closed(text, path, end)
        if 0x40 <= code <= 0x7E or char == "€":
            byte = 0x80 if char == "€" else code
            steps += self._emitted(text, path, byte, None, path.at + 1)
        pair = self._byte(char)
        if pair is not None:
            cost = NARROWED_COST if code < 0x80 else 0.0
            for found in self._emitted(text, path, pair[0], pair[1], path.at + 1):
                step = replace(found, score=found.score + cost)
                if pair[1] < 0x80:  # the second byte is an ASCII character: in step again
                    step = self._grown(step, chr(pair[1]), 0.0, None, step.at)
                steps.append(step)
        return steps

    def _closed(self, text: str, path: _Path, end: int) -> list[_Path]:
        """Let a `?` be the second byte of the last character, with what it swallowed."""
        match = _READING.match(text, path.at + 1, end)
        at = match.end() if match else path.at + 1
        assert path.pending is not None
        options = self._options(path.pending, LOST)
        if match:
            options = [c for c in options if pinyin_span(match[0][:-1], c) == 1]
            if not options:
                return []
        following = text[at : at + 1]
        if match or not following or following in _STOPS:
            filled = self._filled(options, path, following)
            return [self._grown(path, char, score, None, at) for char, score in filled]
        # It may have swallowed a character of the text as well, and nobody knows which.
        filled = self._filled(options, path, "")
        paths = [self._grown(path, char, score, None, at) for char, score in filled]
        return [self._grown(path, MARK, 0.0, None, at) for path in paths]

    def _emitted(
        self, text: str, path: _Path, byte: int, pending: int | None, at: int
    ) -> list[_Path]:
        assert path.pending is not None
        if path.pending != LOST:
            char = characters()[path.pending << 8 | byte]
            score = self.habits.log_prob(path.a, path.b, self.model.symbol(char)) if char else -25.0
            return [self._grown(path, char or MARK, score, pending, at)]
        following = self._preview(text, pending, at)
        filled = self._filled(self._options(LOST, byte), path, following)
        return [self._grown(path, char, score, pending, at) for char, score in filled]

    def _grown(self, path: _Path, char: str, score: float, pending: int | None, at: int) -> _Path:
        symbol = self.model.symbol(char)
        return _Path(at, pending, path.score + score, path.text + char, path.b, symbol)

    def _options(self, first: int, second: int) -> list[str]:
        table = characters()
        if first == LOST and second == LOST:
            return []
        if first == LOST:
            codes = range(0x8100 | second, 0xFF00 | second, 0x100)
        else:
            codes = range(first << 8 | 0x40, first << 8 | 0xFF)
        return [table[c] for c in codes if _LIKELY.match(table[c])]

    def _preview(self, text: str, pending: int | None, at: int) -> str:
        """Return the two characters that follow if the stretch goes on out of step."""
        out = ""
        while len(out) < 2 and at < len(text):
            if pending is None:
                return out + text[at : at + 2 - len(out)]
            if "@" <= text[at] <= "~":
                out += characters()[pending << 8 | ord(text[at])] or MARK
                pending = None
                at += 1
                continue
            pair = self._byte(text[at])
            if pair is None or text[at] == "?":
                return out
            out += characters()[pending << 8 | pair[0]] or MARK
            pending = pair[1]
            at += 1
        return out

    def _filled(self, options: list[str], path: _Path, following: str) -> list[tuple[str, float]]:
        """Return the likeliest characters where a byte is unknown, with their scores."""
        if not options:
            return [(MARK, MARK_COST)]
        model = self.model
        ahead = [model.symbol(c) for c in following]
        last = path.text[-1:] or (self.before[-1:] if path.at == self.first_at else "")
        after_mark = (last and last in _STOPS) or (following and following[0] in _STOPS)
        by_symbol: dict[int, str] = {}
        for char in options:
            if after_mark and char in _STOPS:
                continue  # 難。。 is what a search for the likeliest finds, not what people write
            symbol = model.symbol(char)
            by_symbol[symbol] = self.habits.of_script(by_symbol.get(symbol, ""), char)
        here: list[float] = []
        total: list[float] = []
        for symbol, char in by_symbol.items():
            score = self.habits.log_prob(path.a, path.b, symbol)
            if not path.text and self.habits.doubled:
                score += DOUBLED if (char in _STOPS) == self.comma else -DOUBLED
            here.append(score)
            a, b = path.b, symbol
            for c in ahead:
                score += self.habits.log_prob(a, b, c)
                a, b = b, c
            total.append(score)
        chars = list(by_symbol.values())
        order = sorted(range(len(chars)), key=lambda i: (-total[i], chars[i]))[:BRANCHES]
        return [(chars[i], here[i]) for i in order if total[i] > total[order[0]] - FAR]

    def _gain(self, text: str, q: int, path: _Path, a: int, b: int) -> float:
        """Return how much likelier the new reading is, with the two characters after it."""
        after = text[path.at : path.at + 2]
        if path.at not in self.olds:  # many ways lead there
            self.olds[path.at] = self._score(text[q : path.at] + after, a, b)
        return path.score + self._score(after, path.a, path.b) - self.olds[path.at]

    def _score(self, text: str, a: int, b: int) -> float:
        total = 0.0
        for char in text:
            c = self.model.symbol(char)
            total += self.habits.log_prob(a, b, c)
            a, b = b, c
        return total


def triggers(texts: Sequence[str], model: Model) -> list[list[int]]:
    """Return the places of `?` in each text after which it reads no worse out of step."""
    found = [[match.start() for match in TRIGGER.finditer(text)] for text in texts]
    runs = [
        [run[1] if (run := _RUN.match(text, q + 1)) else "" for q in places]
        for text, places in zip(texts, found, strict=True)
    ]
    shown = [run for mine in runs for run in mine]
    scores = model.scores(shown + [moved(run) for run in shown])
    better = (new > old - 1.0 for old, new in zip(scores, scores[len(shown) :], strict=False))
    likely: list[list[int]] = []
    for text, places, mine in zip(texts, found, runs, strict=True):
        habits = Habits(text, model)
        likely.append([])
        for q, beyond, good in zip(places, mine, better, strict=False):
            if good if beyond else _SHORT.match(text, q) or habits.sure == SURE:
                likely[-1].append(q)
    return likely


def realigned(text: str, model: Model) -> list[Realigned]:
    """Return the stretches of a text that are out of step, with what they were."""
    return list(Shifts(text, model).find())
