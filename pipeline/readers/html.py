"""Pages: the main text of an HTML document, and the fields that it brings for the columns.

Parsing is resiliparse's (lexbor, the algorithm of the standard); the main text is chosen by
`pipeline.readers.pagetext`, or by resiliparse or trafilatura where a recipe says so. Every page
gives a result: one without a text gives an empty one, and depth costs time in proportion only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline.readers.fields import encodable
from pipeline.readers.options import HtmlOptions
from pipeline.readers.pagefields import page_fields
from pipeline.readers.pagelines import PageLine, PageLines, page_lines
from pipeline.readers.pagetext import main_lines
from pipeline.text.metadata import byline
from pipeline.text.metadata.dates import CHINA

_FORMATTING = re.compile(
    r"<(/?)(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])[^<>]{0,2000}>",
    re.IGNORECASE,
)
_POSTED = re.compile(r"""var ct ?= ?["'](\d{10})["']""")  # seconds since 1970
_ACCOUNT = re.compile(r"""var nickname ?= ?(?:htmlDecode\()?["']([^"'\\<>]{1,60})["']""")
# A tag that may have many attributes: it is long, or has many values in quotes, where < may stand.
_LONG_TAG = re.compile(r"""<[a-zA-Z](?:[^<]{4096}|(?:[^<>"']*+(?:"[^"]*+"|'[^']*+')){500})""")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+[^\s>/][^\s>/=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>][^\s>]*+)?+)?+"""
)
_TAG_NAME = re.compile(r"<[^\s>/]*+")
MAX_ATTRIBUTES = 500
"""Attributes of one tag that are read: parsing compares each with all before it, so that 200,000 of
them take a minute. No page has a tenth of this."""
MAX_UNCLOSED = 300
"""Formatting elements left open are opened again in every later paragraph, as the standard has it:
2,000 of them in 36 kB make two million nodes and 30 s. Above this they are taken out unparsed."""
MAX_DEPTH = 500
"""Deeper pages are read by our own walk alone: the extractors are quadratic in the depth."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """The main text of a page, its lines separated by newlines, and its fields.

    `depth`: how deep the elements were nested.
    """

    text: str
    fields: dict[str, object] = field(default_factory=dict)
    depth: int = 0


def extract(html: str, options: HtmlOptions | None = None) -> Extracted:
    """Return the main text and the fields of a page.

    >>> page = "<ul><li><a href=/>首页</a></ul><p>这是正文，写得很清楚，两句话。</p>"
    >>> extract(page).text
    '这是正文，写得很清楚，两句话。'
    """
    from resiliparse.parse.html import HTMLTree

    options = options or HtmlOptions()
    html = _without_attributes(_without_unclosed(encodable(html)))
    tree = HTMLTree.parse(html)
    page = page_lines(str(tree))
    if 'id="js_content"' in html:
        _add_script_fields(html, page)
    lines = main_lines(page)
    text = _text(html, tree, page, options)
    if text is None:
        text = "\n".join(map(_shown, lines))
    numbers = {id(line): i for i, line in enumerate(page.lines)}
    span = (numbers[id(lines[0])], numbers[id(lines[-1])]) if lines else (0, -1)
    return Extracted(text, page_fields(page, tree.title or "", span), page.depth)


def _add_script_fields(html: str, page: PageLines) -> None:
    """Add what a WeChat page says only in a script: when it was posted, and by which account."""
    if posted := _POSTED.search(html):
        page.times.append(datetime.fromtimestamp(int(posted[1]), CHINA).isoformat())
    if account := _ACCOUNT.search(html):
        page.metas.append(("source", account[1]))


def _shown(line: PageLine) -> str:
    """Return a line as text: a byline set in one element a statement gets its spaces."""
    return line.spaced if line.spaced and byline.read(line.spaced) else line.text


def _without_unclosed(html: str) -> str:
    slashes = _FORMATTING.findall(html)
    opened = len(slashes) - 2 * slashes.count("/")
    return html if opened <= MAX_UNCLOSED else _FORMATTING.sub("", html)


def _without_attributes(html: str) -> str:
    """Leave MAX_ATTRIBUTES of the attributes of a tag that has more."""
    parts: list[str] = []
    done = 0
    for tag in _LONG_TAG.finditer(html):
        name = _TAG_NAME.match(html, max(tag.start(), done))
        at = name.end() if name else done
        count, kept = 0, at
        while found := _ATTRIBUTE.match(html, at):
            at = found.end()
            count += 1
            if count == MAX_ATTRIBUTES:
                kept = at
        if count > MAX_ATTRIBUTES:
            parts.append(html[done:kept])
            done = at
    return "".join((*parts, html[done:])) if parts else html


def _text(html: str, tree: Any, page: PageLines, options: HtmlOptions) -> str | None:
    """Return the text by another extractor; None for our own, and where depth forbids another."""
    if options.extractor == "all":
        return "\n".join(line.text for line in page.lines)
    if options.extractor == "blocks" or page.depth > MAX_DEPTH:
        return None
    if options.extractor == "resiliparse":
        from resiliparse.extract.html2text import extract_plain_text

        return extract_plain_text(
            tree, main_content=True, alt_texts=False, list_bullets=False, preserve_formatting=True
        )
    import trafilatura

    # deduplicate=True keeps a cache for the life of the process: output by order of pages.
    return trafilatura.extract(html, deduplicate=False, include_comments=False) or ""
