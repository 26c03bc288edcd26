"""Script conversion: OpenCC's tables in OpenCC's engine, our mends, and receipts for both.

Every conversion of script keeps the length of a text, so that receipts come from comparing two
arrays. A conversion of vocabulary does not; it is a step of its own, and is aligned by line.
Converters are loaded at first use, once a process, never at import.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pipeline.census import NAMES, class_table, code_points, from_code_points
from pipeline.document import Edit, apply_edits, compose, difference
from pipeline.tablefiles import table_toml
from pipeline.text.script.mends import Codes, mends
from pipeline.text.script.t2s import ASK, t2s, tables_of_t2s

Convert = Callable[[str], str]
Places = NDArray[np.int64]
"""Offsets in a text: int64 (n,)."""

# Changed characters at most this far apart share one receipt. Every third character of a
# Traditional text changes: a receipt for each would weigh more than the text, and take ten times
# OpenCC's time; at 8 receipts are a third of the stage, beyond 12 little is left to win.
JOIN_WITHIN = 12


_MARKS = re.compile("[\n ，。、；：！？（）「」《》“”,;:!?]")
# Characters between two marks that are still aligned one by one: the cost is quadratic in them.
ALIGN_MAX = 2000


@dataclass(frozen=True, slots=True)
class Step:
    """A conversion: an OpenCC configuration and our mends of its output, then those of a region.

    `rule` names in the receipts what was found in the text; with `stray` the Simplified characters
    in a Traditional text become Traditional first; `table` and `regional_table` are the
    tables of mends (or ""); `words` is the configuration of OpenCC whose vocabulary replaces words
    of the region.
    """

    rule: str
    config: str
    table: str
    regional: str = ""
    regional_table: str = ""
    words: str = ""
    stray: bool = False


def step(source: str, target: str, vocabulary: bool) -> Step:
    """Return the step from a source script (`Hans`, `Hant`, `Hant-TW`, `Hant-HK`) to a target.

    Without `vocabulary` words stay as they are: 軟體 is 软体 in Simplified characters. A text of
    no known region goes through Taiwan's words: a word found in the table is its own evidence.
    """
    if target == "hans":
        words = "hk2sp" if source == "Hant-HK" else "tw2sp"
        return Step("traditional-form", "t2s", "hans", words=words if vocabulary else "")
    region = target.removeprefix("hant-")
    if source == "Hans":
        words = f"s2{region}p" if vocabulary else ""
        return Step("simplified-form", "s2t", "hant", f"t2{region}", f"hant_{region}", words)
    return Step("regional-form", f"t2{region}", f"hant_{region}", stray=True)


@cache
def converter(config: str) -> Convert:
    """Return OpenCC's converter of that name; loaded once a process, at first use."""
    import opencc

    return opencc.OpenCC(config).convert


def convert(texts: Sequence[str], step: Step, stage: str) -> list[tuple[str, list[Edit]]]:
    """Return each text after one step, and the receipts for it."""
    found = _script(texts, step, stage)
    if not step.words:
        return found
    return [
        _words(text, plain, edits, step, stage)
        for text, (plain, edits) in zip(texts, found, strict=True)
    ]


def _words(
    text: str, plain: str, edits: list[Edit], step: Step, stage: str
) -> tuple[str, list[Edit]]:
    """Replace the words of a region in `plain`, which is `text` after `edits`.

    What OpenCC does with vocabulary and without it differs in those words alone, so that few
    lines need to be aligned; and where it replaces no word our mends stand.
    """
    without = _opencc(step.words.removesuffix("p"), text)
    words = _replaced(stage, without, _opencc(step.words, text))
    words = _meant(without, words, "hans" if step.table == "hans" else "hant") if words else []
    words = [edit._replace(before=plain[edit.start : edit.end]) for edit in words]
    words = [edit for edit in words if edit.before != edit.after]
    out = apply_edits(plain, words)
    return out, list(compose(text, edits, words, out))


def _meant(text: str, words: list[Edit], target: str) -> list[Edit]:
    """Return the edits without those of words that are terms of computing in other texts only.

    `text` is as the conversion of script alone leaves it (`tables/script/vocabulary.toml`).
    """
    least, sure, general, never = _doubtful(target)
    technical = len(set(sure.findall(text))) >= least
    kept = never if technical else general
    spans = [match.span() for match in kept.finditer(text)]
    at, out = 0, []
    for edit in words:
        while at < len(spans) and spans[at][1] <= edit.start:
            at += 1
        if at == len(spans) or spans[at][0] >= max(edit.end, edit.start + 1):
            out.append(edit)
    return out


@cache
def _doubtful(target: str) -> tuple[int, re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    table = table_toml("script/vocabulary.toml")[target]
    sure, general, never = (table[name].split() for name in ("sure", "general", "never"))
    patterns = [
        re.compile("|".join(map(re.escape, sorted(rows, key=len, reverse=True))) or "(?!)")
        for rows in (sure, [*general, *never], never)
    ]
    return table["least"], patterns[0], patterns[1], patterns[2]


def _replaced(stage: str, before: str, after: str) -> list[Edit]:
    """Return the edits between a text without and with a region's vocabulary.

    Between two marks, which no word of the vocabulary holds, so that the alignment stays linear.
    """
    old, new = _MARKS.split(before), _MARKS.split(after)
    if len(old) != len(new):
        old, new = [before], [after]
    edits: list[Edit] = []
    at = 0
    for a, b in zip(old, new, strict=True):
        if a != b and max(len(a), len(b)) <= ALIGN_MAX:
            found = difference(stage, "regional-vocabulary", a, b)
            edits += [e._replace(start=e.start + at, end=e.end + at) for e in found]
        elif a != b:
            edits.append(Edit(stage, "regional-vocabulary", at, at + len(a), a, b))
        at += len(a) + 1
    return edits


def _opencc(config: str, text: str) -> str:
    """Run one of OpenCC's converters; a lone surrogate, which UTF-8 cannot hold, is hidden."""
    try:
        return converter(config)(text)
    except UnicodeEncodeError:
        return converter(config)(text.encode("utf-8", "replace").decode())


def _script(texts: Sequence[str], step: Step, stage: str) -> list[tuple[str, list[Edit]]]:
    """Convert all texts as one, mend the output and compare it with the input.

    The line feeds around the texts keep OpenCC's words and ours from reaching across; some of ours
    ask for one, at the beginning of a text as well.
    """
    before = "\n".join(["", *texts, ""])
    codes = code_points(before)
    start = _without_strays(before) if step.stray else before
    given = codes if start is before else code_points(start)
    out, mended = _mended(start, given, step.config, step.table)
    if step.regional:
        out, more = _mended(from_code_points(out), out, step.regional, step.regional_table)
        mended |= more
    after = from_code_points(out)
    ends = np.cumsum([len(text) + 1 for text in texts])
    starts = np.append(0, ends[:-1]) + 1
    pairs = [
        (text, after[start : start + len(text)])
        for text, start in zip(texts, starts.tolist(), strict=True)
    ]
    spans = _spans(np.flatnonzero(codes != out), starts, mended, step.rule)
    # `Edit(...)` runs Python code for its defaults; this takes a third of the time.
    make = tuple.__new__
    return [
        (new, [make(Edit, (stage, rule, a, b, old[a:b], new[a:b], 1.0, "")) for rule, a, b in mine])
        for (old, new), mine in zip(pairs, spans, strict=True)
    ]


def converted_codes(config: str, text: str, codes: Codes) -> Codes:
    """Return the code points that a configuration of OpenCC makes of a text: uint32 (n,).

    Those of t2s by arrays, but for texts that need more than its tables. Raises ValueError where
    the length is another one.
    """
    if config == "t2s" and (simplified := t2s(text, codes)) is not None:
        return simplified[0]
    out = code_points(_opencc(config, text)).copy()
    if len(out) != len(codes):
        raise ValueError(f"opencc {config} changed the length of a text")
    lone = (codes & ~np.uint32(0x7FF)) == 0xD800
    if lone.any():
        out[lone] = codes[lone]
    return out


def _without_strays(text: str) -> str:
    """Return a Traditional text with its Simplified-only characters made Traditional.

    s2t over all of it would turn its 后, 里, 干 into 後, 裏, 幹.
    """
    codes = code_points(text).copy()
    strays = class_table().take(codes, mode="clip") == NAMES.index("han_simplified")
    if not strays.any():
        return text
    codes[strays] = converted_codes("s2t", text, codes)[strays]
    return from_code_points(codes)


def _mended(text: str, codes: Codes, config: str, table: str) -> tuple[Codes, dict[int, str]]:
    """Return the code points of `text` (which are `codes`) converted and mended, and our rules.

    A region's mends read OpenCC's output, as they know the forms of Traditional text only.
    """
    if config == "t2s" and (found := t2s(text, codes, _asking(table))) is not None:
        out, asked = found
        return out, mends(table).apply(text, codes, out, asked)
    out = converted_codes(config, text, codes)
    if table.startswith("hant_"):
        text, codes = from_code_points(out), out.copy()
    return out, mends(table).apply(text, codes, out)


@cache
def _asking(table: str) -> Codes:
    """Return t2s' table of characters, flagged where one of our mends may know better."""
    characters = tables_of_t2s().characters.copy()
    plain = characters & np.uint32(ASK - 1)
    characters[mends(table).unsettled(plain)] |= np.uint32(ASK)
    return characters


def _spans(
    changed: Places, starts: Places, mended: dict[int, str], rule: str
) -> Iterator[list[tuple[str, int, int]]]:
    """Yield what is to be receipted in each of some texts in a row: rule, start, end.

    `changed`: the places that differ; `starts`: where each text begins; both sorted. `mended`: the
    rules of the places that are ours and not OpenCC's.
    """
    begins = np.searchsorted(changed, starts)
    opens = np.ones(len(changed), np.bool_)
    np.greater(changed[1:] - changed[:-1], JOIN_WITHIN, out=opens[1:])
    opens[begins[begins < len(changed)]] = True
    heads = np.flatnonzero(opens)
    first, last = changed[heads], changed[np.append(heads[1:], len(changed))[: len(heads)] - 1] + 1
    cuts = np.append(np.searchsorted(heads, begins), len(heads))
    base = np.repeat(starts, np.diff(cuts))
    rules = _rules(rule, first, last, mended)
    rows = zip(rules, (first - base).tolist(), (last - base).tolist(), strict=True)
    for count in np.diff(cuts).tolist():
        yield list(islice(rows, count))


def _rules(rule: str, first: Places, last: Places, mended: dict[int, str]) -> list[str]:
    """Name the rule of each receipt, and after a `+` those of the mends in it."""
    rules = [rule] * len(first)
    for place, name in mended.items():
        i = int(np.searchsorted(first, place, "right")) - 1
        if i >= 0 and place < last[i] and name not in rules[i]:
            rules[i] += "+" + name
    return rules
