"""A page as lines: what its elements show, with what each line needs to be judged by.

The tree that resiliparse has built is written out again and read as tokens: what the standard's
serialisation gives is well-formed, so one pattern reads it, at a fifth of what a walk over node
objects costs. Linear at any depth: resiliparse's own text extraction takes 400 s for 100,000 nested
elements, and lxml drops what is deeper than 256.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape

from pipeline.tablefiles import table_toml

_ELEMENTS = {
    name: frozenset(some.split()) for name, some in table_toml("pages/elements.toml").items()
}
INVISIBLE, BLOCKS, _VOID = (_ELEMENTS[name] for name in ("invisible", "blocks", "void"))
_KEPT = frozenset({"time", "h1", "h2", "h3"})  # what they hold is a field as well
_ATTRIBUTES = r"(?: =?[^\s/>=]*=\"[^\"]*\")*"
# The text of these is written as it is, with no entities and no elements in it.
_RAW = "script|style|noscript|iframe|noembed|noframes|xmp|plaintext"
_TOKEN = re.compile(
    rf"<(?P<raw>{_RAW})(?P<given>{_ATTRIBUTES})>(?P<body>.*?)</(?P=raw)>"
    rf"|</(?P<end>[^\s>]+)>|<(?P<tag>[a-zA-Z][^\s/>]*)(?P<attributes>{_ATTRIBUTES})>"
    r"|(?P<text>[^<]+)|<!--.*?-->|<![^<>]*>|<",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r" (=?[^\s/>=]*)=\"([^\"]*)\"")
_MANY, _SOME = 500, 20  # more of a kind than this tell nothing about the article
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
# Breaks of the source between ideographs stand for no blank (CSS Text 3, 4.1.3). Only in prose: the
# blank of a headline parts it, and shorter lines may be words of a list.
_WRAPPED = re.compile(r"(?<=\S{11}[\u3400-\u9fff，、；：])[ \t\r]*\n[ \t\r\n]*(?=[\u3400-\u9fff])")
_SPACE = re.compile(r"[ \t\n\r\f\u00a0]+")


@dataclass(slots=True)
class Block:
    """A block element: `parent` is a number of another block (-1 for none)."""

    parent: int
    tag: str
    name: str  # class and id, lower case
    depth: int


@dataclass(slots=True)
class PageLine:
    """A line as shown: its text, how many of its characters are links, the block it stands in.

    `spaced`: the same with a space between elements, for bylines set in one element a statement;
    empty where that makes no difference.
    """

    text: str
    link_chars: int
    block: int
    spaced: str = ""


@dataclass(slots=True)
class PageLines:
    """All lines of a page and all its blocks, in document order. `depth`: the deepest element.

    `metas`: name and content; `linked`: the JSON-LD elements; `times`, `headings`: as written;
    `canonical`: the address that the page gives as its own.
    """

    lines: list[PageLine] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    depth: int = 0
    metas: list[tuple[str, str]] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    canonical: str = ""


def page_lines(written: str) -> PageLines:
    """Read what a page shows, line by line, from its tree as resiliparse writes it out."""
    walk = _Walk()
    for token in _TOKEN.finditer(written):
        kind = token.lastgroup
        if kind == "text":
            walk.text(token["text"])
        elif kind == "end":
            walk.leave(token["end"])
        elif kind == "attributes":
            walk.enter(token["tag"], token["attributes"])
        elif kind == "body":
            walk.raw(token["raw"], token["given"], token["body"])
    walk.line_break()
    return walk.page


def _attributes(written: str) -> dict[str, str]:
    if not written:
        return {}
    return {
        name: unescape(value) if "&" in value else value
        for name, value in _ATTRIBUTE.findall(written)
    }


def _is_hidden(given: Mapping[str, str]) -> bool:
    if "style" not in given or not _HIDDEN.search(given["style"]):
        return False
    # WeChat hides the whole article until its script has run.
    return "js_content" not in given.get("id", "")


@dataclass(slots=True)
class _Kept:
    """An open heading or time: how deep it is, and which entry of `told` it will fill."""

    depth: int
    told: list[str]
    number: int
    chars: int
    said: list[str] = field(default_factory=list)


class _Walk:
    """Where the reading stands: the open elements, the line being put together."""

    def __init__(self) -> None:
        self.page = PageLines()
        self.open: list[str] = []
        self.blocks: list[int] = []
        self.hidden = 0  # how many elements were open when the first invisible one was; 0: none is
        self.kept: list[_Kept] = []
        self.links = 0
        self.pre = 0
        self.parts: list[str] = []
        self.link_chars = 0

    def enter(self, tag: str, written: str) -> None:
        """Open an element."""
        void = tag in _VOID
        if self.hidden:
            if not void:
                self.open.append(tag)
            return
        depth = len(self.open) + 1
        self.page.depth = max(self.page.depth, depth)
        if void:
            self._void(tag, written, depth)
            return
        self.open.append(tag)
        if tag in _KEPT:
            self._keep(tag, written, depth)
        if tag in INVISIBLE:
            self.hidden = depth
        elif tag == "a":
            self.links += 1
        elif tag in BLOCKS:
            self._block(tag, _attributes(written), depth)

    def _block(self, tag: str, given: Mapping[str, str], depth: int) -> None:
        if _is_hidden(given):
            self.hidden = depth
            return
        self.line_break()
        name = f"{given.get('class', '')} {given.get('id', '')}".lower()
        parent = self.blocks[-1] if self.blocks else -1
        self.blocks.append(len(self.page.blocks))
        self.page.blocks.append(Block(parent, tag, name[:200], depth))
        self.pre += tag == "pre"

    def _void(self, tag: str, written: str, depth: int) -> None:
        page = self.page
        if tag == "br":
            self.line_break()
        elif tag == "hr":
            self._block(tag, {}, depth)
            self.blocks.pop()
        elif tag == "meta" and len(page.metas) < _MANY:
            given = _attributes(written)
            name = given.get("property") or given.get("name") or given.get("itemprop")
            if name:
                page.metas.append((name, given.get("content", "")))
        elif tag == "link" and not page.canonical and "canonical" in written:
            given = _attributes(written)
            if given.get("rel") == "canonical":
                page.canonical = given.get("href", "")

    def raw(self, tag: str, written: str, body: str) -> None:
        """Take in an element whose text is written as it is."""
        if self.hidden:
            return
        self.page.depth = max(self.page.depth, len(self.open) + 1)
        if tag == "script" and len(self.page.linked) < _SOME:
            if _attributes(written).get("type") == "application/ld+json":
                self.page.linked.append(body)
        elif tag not in INVISIBLE and body:
            self._add(body)

    def leave(self, tag: str) -> None:
        """Close an element."""
        if not self.open or self.open[-1] != tag:
            return
        depth = len(self.open)
        self.open.pop()
        if self.kept and self.kept[-1].depth == depth:
            kept = self.kept.pop()
            kept.told[kept.number] = "".join(kept.said)[: kept.chars]
        if self.hidden:
            if depth == self.hidden:
                self.hidden = 0
        elif tag == "a":
            self.links -= 1
        elif tag in BLOCKS:
            self.line_break()
            self.blocks.pop()
            self.pre -= tag == "pre"

    def _keep(self, tag: str, written: str, depth: int) -> None:
        """Begin to keep what a heading holds, or the time that no attribute tells."""
        page = self.page
        told, limit, chars = (page.times, 3, 60) if tag == "time" else (page.headings, _SOME, 300)
        if len(told) < limit:
            told.append(_attributes(written).get("datetime", "") if tag == "time" else "")
            if not told[-1]:
                self.kept.append(_Kept(depth, told, len(told) - 1, chars))

    def text(self, written: str) -> None:
        """Take in text."""
        if self.hidden and not self.kept:
            return
        text = unescape(written) if "&" in written else written
        for kept in self.kept:
            kept.said.append(text)
        if not self.hidden:
            self._add(text)

    def _add(self, text: str) -> None:
        if self.pre and "\n" in text:
            first, *rest = text.split("\n")
            self.parts.append(first)
            for line in rest:
                self.line_break()
                self.parts.append(line)
            return
        if not self.parts and text.isspace():
            return
        if "\n" in text and "。" in text:
            text = _WRAPPED.sub("", text)
        self.parts.append(text)
        if self.links:
            self.link_chars += len(text.strip())

    def line_break(self) -> None:
        """Finish the line."""
        if not self.parts:
            return
        text = "".join(self.parts)
        text = text.rstrip() if self.pre else _SPACE.sub(" ", text).strip()
        if text.strip("\u3000 "):
            block = self.blocks[-1] if self.blocks else -1
            line = PageLine(text, min(self.link_chars, len(text)), block)
            if 1 < len(self.parts) < 40 and len(text) < 200:
                line.spaced = _SPACE.sub(" ", " ".join(self.parts)).strip()
            self.page.lines.append(line)
        self.parts = []
        self.link_chars = 0
