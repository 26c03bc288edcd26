"""The main text of a page: the block whose lines weigh most.

Every line has a weight: sentences count for it, links and fragments against it. The best block is
the one with the greatest sum, which takes in all paragraphs of an article and shuts out the lists
around it, whatever the elements are called (Kadane's maximum sum, on a tree). At its two ends what
weighs less than nothing is cut off.
"""

from __future__ import annotations

import re
from functools import cache

from pipeline.readers.pagelines import PageLine, PageLines
from pipeline.tablefiles import table_toml

_MARKS = re.compile(r"[，。；！？,;!?]|\.\s|\.$")
_ENDS = re.compile(r"[。！？!?…；.”\"）)：:]$")
_PARTS = frozenset(("p", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"))
_ITEMS = frozenset(("li", "dd", "dt", "td", "th", "pre"))
_ASIDE_TAGS = frozenset({"nav", "footer", "aside", "menu", "dialog"})


@cache
def words() -> dict[str, list[str]]:
    """Return the lists of tables/pages/words.toml."""
    return table_toml("pages/words.toml")


@cache
def _aside_name() -> re.Pattern[str]:
    whole, part = "|".join(words()["aside_words"]), "|".join(words()["aside_parts"])
    return re.compile(rf"(?:^|[\s_\-])(?:{whole})(?:$|[\s_\-\d])|{part}")


@cache
def _site_line() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words()["site_lines"])))


def main_lines(page: PageLines) -> list[PageLine]:
    """Return the lines of the main text, in order; [] where the page shows no text."""
    aside = _aside(page)
    weights = [
        _weight(line, aside[line.block] if line.block >= 0 else False) for line in page.lines
    ]
    sums = _sums(page, weights)
    best = max(range(len(sums)), key=lambda n: (sums[n], n), default=-1)
    if best < 0 or sums[best] <= 0:
        return _sentences(page)
    inside = _inside(page, best, _lists(page, sums))
    chosen = [i for i, line in enumerate(page.lines) if line.block >= 0 and inside[line.block]]
    first, last = _span([weights[i] for i in chosen])
    first, last = _with_siblings(page, weights, chosen, first, last)
    last = _with_lists(page, weights, chosen, last)
    kept = [page.lines[i] for i in chosen[first : last + 1] if weights[i] > _LINKS]
    return _first_post(kept)


_LINKS = -8.0
"""At or below this weight a line inside the main text is a link of the site (相关阅读)."""


def _weight(line: PageLine, aside: bool) -> float:
    """Return what a line says for or against its block: about its number of characters."""
    text = line.text
    chars = len(text)
    own = chars - line.link_chars
    if aside:
        return -10.0 - chars / 4
    if chars < 200 and _site_line().search(text.lower()):
        return -20.0
    if line.link_chars * 2 > chars:
        return -8.0 - min(chars, 40) / 2
    marks = len(_MARKS.findall(text))
    if marks and (own >= 25 or (own >= 10 and _ENDS.search(text))):
        return min(own, 400) + 5.0
    if own >= 40:
        return own / 2
    return min(own, 12) / 4 - 5.0


def _aside(page: PageLines) -> list[bool]:
    """Say for each block whether it, or one around it, calls itself something beside the text."""
    found: list[bool] = []
    around_main = _around_main(page)
    for number, block in enumerate(page.blocks):
        around = found[block.parent] if block.parent >= 0 else False
        own = block.tag in _ASIDE_TAGS or (
            block.tag not in ("body", "html", "main", "article")
            and _aside_name().search(block.name) is not None
        )
        found.append(around or (own and number not in around_main))
    return found


def _around_main(page: PageLines) -> set[int]:
    """Return the blocks around <main>: no such wrapper is beside the text, whatever its name."""
    around: set[int] = set()
    for block in page.blocks:
        if block.tag == "main":
            number = block.parent
            while number >= 0 and number not in around:
                around.add(number)
                number = page.blocks[number].parent
    return around


_FLOOR = -60.0
"""What a block can say against the one around it: a long list beside a text must not hide it."""


def _sums(page: PageLines, weights: list[float]) -> list[float]:
    """Return the weight of each block with all that is in it."""
    sums = [0.0] * len(page.blocks)
    for line, weight in zip(page.lines, weights, strict=True):
        if line.block >= 0:
            sums[line.block] += weight
    for number in range(len(sums) - 1, 0, -1):
        sums[page.blocks[number].parent] += max(sums[number], _FLOOR)
    return sums


def _lists(page: PageLines, sums: list[float]) -> list[bool]:
    """Say for each block whether it is a list of links."""
    chars = [0] * len(sums)
    links = [0] * len(sums)
    for line in page.lines:
        if line.block >= 0:
            chars[line.block] += len(line.text)
            links[line.block] += line.link_chars
    for number in range(len(sums) - 1, 0, -1):
        parent = page.blocks[number].parent
        chars[parent] += chars[number]
        links[parent] += links[number]
    return [sums[n] < _LINKS and links[n] * 2 > chars[n] for n in range(len(sums))]


def _inside(page: PageLines, best: int, lists: list[bool]) -> list[bool]:
    inside: list[bool] = []
    for number, block in enumerate(page.blocks):
        within = block.parent >= 0 and inside[block.parent] and not lists[number]
        inside.append(number == best or within)
    return inside


def _with_siblings(
    page: PageLines, weights: list[float], chosen: list[int], first: int, last: int
) -> tuple[int, int]:
    """Take in the short lines at either end that stand in blocks beside those of the text.

    A heading, a sign-off, the name and date under a notice weigh nothing but belong to the text.
    """

    def beside(a: int, b: int) -> bool:
        one, other = page.lines[chosen[a]].block, page.lines[chosen[b]].block
        blocks = page.blocks
        same = one == other or (
            blocks[one].parent == blocks[other].parent and blocks[one].tag == blocks[other].tag
        )
        return same and weights[chosen[a]] > _LINKS

    while first > 0 and beside(first - 1, first):
        first -= 1
    while last + 1 < len(chosen) and beside(last + 1, last):
        last += 1
    return first, last


def _with_lists(page: PageLines, weights: list[float], chosen: list[int], last: int) -> int:
    """Take in the lists, tables and programs that close a text: items weigh less than nothing.

    They stand in the element that holds its last paragraph, as short lines may, and hold no links.
    """
    blocks = page.blocks
    own = page.lines[chosen[last]].block if chosen else -1
    around = blocks[own].parent if own >= 0 and blocks[own].tag in _PARTS else own

    def within(number: int) -> bool:
        while number > around:
            number = blocks[number].parent
        return number == around

    while around >= 0 and last + 1 < len(chosen):
        line = page.lines[chosen[last + 1]]
        part = blocks[line.block].tag in _ITEMS or line.block == around
        of_site = line.link_chars or weights[chosen[last + 1]] <= _LINKS
        if of_site or not part or not within(line.block):
            break
        last += 1
    return last


def _span(weights: list[float]) -> tuple[int, int]:
    """Return the first and last of the run of weights with the greatest sum."""
    best = total = 0.0
    first, span = 0, (0, len(weights) - 1)
    for i, weight in enumerate(weights):
        if total <= 0:
            total, first = 0.0, i
        total += weight
        if total > best:
            best, span = total, (first, i)
    return span


_POSTED = re.compile(
    r"(?:发表于|發表於|回复于|回覆於|^#\s?re:|\d\s?(?:楼|樓|#)\s).*(?:19|20)\d\d[-/.年]\d"
    r"|(?:19|20)\d\d[-/.年]\d.{0,20}\d:\d\d(?::\d\d)?\s+by\s",
    re.IGNORECASE,
)


def _first_post(lines: list[PageLine]) -> list[PageLine]:
    """Return the first post of a thread: three stamps of posters or more make one.

    The stamp stands above each post or below it.
    """
    stamps = [
        i for i, line in enumerate(lines) if len(line.text) < 80 and _POSTED.search(line.text)
    ]
    if len(stamps) < 3:
        return lines
    above = not any(len(line.text) >= 25 for line in lines[: stamps[0]])
    return lines[: stamps[1] if above else stamps[0] + 1]


def _sentences(page: PageLines) -> list[PageLine]:
    """Return every line that is no link, where no block is worth anything; else all lines."""
    return [line for line in page.lines if line.link_chars * 2 <= len(line.text)] or page.lines
