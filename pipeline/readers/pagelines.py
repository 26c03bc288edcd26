"""A page as lines: what its elements show, with what each line needs to be judged by.

One iterative walk over the parsed tree, linear in its size: resiliparse's own text extraction takes
400 s for 100,000 nested elements, and lxml drops what is deeper than 256.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

# fmt: off
INVISIBLE = frozenset((
    "script", "style", "noscript", "template", "svg", "math", "canvas", "object", "embed", "iframe",
    "frame", "title", "select", "datalist", "button", "textarea", "input", "audio", "video", "map",
))
"""Elements whose text is no text of the page."""
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
    "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
    "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend", "li", "main",
    "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul",
))
# fmt: on
_TELLING = frozenset({"meta", "script", "time", "link", "h1", "h2", "h3"})
_MANY, _SOME = 500, 20  # more of a kind than this tell nothing about the article
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
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


def page_lines(root: Any) -> PageLines:
    """Walk a resiliparse element and return what it shows, line by line."""
    page = PageLines()
    walk = _Walk(page)
    node, depth = root, 0
    while node is not None:
        entered = walk.enter(node, depth)
        child = node.first_child if entered else None
        if child is not None:
            node, depth = child, depth + 1
            continue
        while True:
            if entered:
                walk.leave(node)
            if depth == 0:
                node = None
                break
            following = node.next
            if following is not None:
                node = following
                break
            node, depth, entered = node.parent, depth - 1, True
    walk.line_break()
    return page


def _is_hidden(node: Any) -> bool:
    if not (node.hasattr("style") and _HIDDEN.search(node.getattr("style") or "")):
        return False
    # WeChat hides the whole article until its script has run.
    return "js_content" not in (node.id or "")


class _Walk:
    """Where the walk stands: the open blocks, the open links, the line being put together."""

    def __init__(self, page: PageLines) -> None:
        self.page = page
        self.open: list[int] = []
        self.links = 0
        self.pre = 0
        self.parts: list[str] = []
        self.link_chars = 0

    def enter(self, node: Any, depth: int) -> bool:
        """Take a node in; return whether its children are to be walked."""
        kind = node.type
        if kind == 3:
            self._text(node.value or "")
            return False
        if kind != 1:
            return bool(kind == 9)  # the document itself
        tag = node.tag
        self.page.depth = max(self.page.depth, depth)
        if tag in _TELLING:
            self._told(node, tag)
        if tag == "head":
            return True
        if tag in INVISIBLE:
            return False
        if tag == "br":
            self.line_break()
            return False
        if tag == "a":
            self.links += 1
        elif tag in BLOCKS:
            if _is_hidden(node):
                return False
            self.line_break()
            name = f"{node.class_name or ''} {node.id or ''}".lower()
            parent = self.open[-1] if self.open else -1
            self.open.append(len(self.page.blocks))
            self.page.blocks.append(Block(parent, tag, name[:200], depth))
            self.pre += tag == "pre"
        return True

    def _told(self, node: Any, tag: str) -> None:
        page = self.page
        if tag == "meta" and len(page.metas) < _MANY:
            name = node.getattr("property") or node.getattr("name") or node.getattr("itemprop")
            if name:
                page.metas.append((name, node.getattr("content") or ""))
        elif tag == "script" and len(page.linked) < _SOME:
            if node.getattr("type") == "application/ld+json":
                page.linked.append(node.text)
        elif tag == "time" and len(page.times) < 3:
            page.times.append(node.getattr("datetime") or node.text[:60])
        elif tag == "link" and node.getattr("rel") == "canonical":
            page.canonical = page.canonical or node.getattr("href") or ""
        elif tag in ("h1", "h2", "h3") and len(page.headings) < _SOME:
            page.headings.append(node.text[:300])

    def leave(self, node: Any) -> None:
        """Close an element that was entered."""
        tag = node.tag
        if tag == "a":
            self.links -= 1
        elif tag in BLOCKS:
            self.line_break()
            self.open.pop()
            self.pre -= tag == "pre"

    def _text(self, text: str) -> None:
        if self.pre and "\n" in text:
            first, *rest = text.split("\n")
            self.parts.append(first)
            for line in rest:
                self.line_break(strip=False)
                self.parts.append(line)
            return
        if text:
            self.parts.append(text)
            if self.links:
                self.link_chars += len(text.strip())

    def line_break(self, *, strip: bool = True) -> None:
        """Finish the line."""
        if not self.parts:
            return
        text = "".join(self.parts)
        text = _SPACE.sub(" ", text).strip() if strip else text.rstrip()
        if text.strip("\u3000 "):
            block = self.open[-1] if self.open else -1
            line = PageLine(text, min(self.link_chars, len(text)), block)
            if 1 < len(self.parts) < 40 and len(text) < 200:
                line.spaced = _SPACE.sub(" ", " ".join(self.parts)).strip()
            self.page.lines.append(line)
        self.parts = []
        self.link_chars = 0
