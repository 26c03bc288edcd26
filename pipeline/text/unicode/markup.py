"""Tags that a bad extraction left in a text: `<p>…</p>`, `<br/>`, and those of forums, `[b]…[/b]`.

Tags that end a line of the page become line ends, as the paragraphs have no others; what they hold
stays, but for scripts, styles, comments and readings (`<rt>`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|cite|del|dfn|em|embed|figure|font|i|iframe|img|input|ins|kbd|label"
    "|mark|nobr|o:p|q|rb|ruby|s|samp|section|small|source|span|st1:[a-z]{2,20}|strike|strong|sub|sup"
    "|time|tt|u|var|video|wbr|article|main"
)
_BLOCK = (
    "address|aside|blockquote|body|br|caption|center|dd|div|dl|dt|figcaption|footer|form|h[1-6]"
    "|head|header|hr|html|li|ol|p|table|tbody|tfoot|thead|tr|ul"
)
_CELL = "td|th"
_REST = r"(?:\s+[a-z_:][\w:.-]*(?:\s*=[^<>]{0,2000}|\s[^<>]{0,200}(?==))?)?\s*/?>"
_TAG = re.compile(
    rf"</?(?:(?P<block>{_BLOCK})|(?P<cell>{_CELL})|(?P<inline>{_INLINE})){_REST}"
    r"|<!--(?P<comment>)|<(?P<raw>script|style|rt|rp|noscript)\b[^<>]{0,500}>|<!doctype[^<>]{0,300}>",
    re.IGNORECASE,
)
_LEFT = re.compile(
    r"<(?=[/pbsfd])"  # rules most out at once
    r"(?:/p\s?>|p(?:\s[^<>]{0,500})?>|br\s?/?>|(strong|font|span|div|b)(?:\s[^<>]{0,500})?>[^<]*</\1>)",
    re.IGNORECASE,
)
_PARAGRAPH = re.compile(r"</p\s?>|<br\s?/?>", re.IGNORECASE)
_MARKDOWN = re.compile(r"^(?:#{1,6} |```|\s*[*+-] )|\]\([^()\s]{4,}\)|\*\*\S", re.MULTILINE)
# Markdown has no other way to say these: a picture, a key, a table, an anchor.
_OF_MARKDOWN = re.compile(
    r"</?(?:a|img|kbd|su[bp]|u|iframe|video|source|table|t[dhr]|tbody|thead|details|summary)\b",
    re.IGNORECASE,
)
_ROW = re.compile(r"[ \t]*(?:\||</?t(?:able|body|head|[dhr])\b)", re.IGNORECASE)
_CELLS = re.compile(r"[ \t]*\|")
_ABOUT = re.compile(
    r"(?<![A-Za-z./_-])(?:X?HTML\d?|XML|XSS|CSS|JavaScript|JSX|Vue|React)(?![A-Za-z])"
    r"|标签|標籤|(?:UBB|BBS|BB)\s?(?:Code|代码|代碼)",
    re.IGNORECASE,
)
# One of these is in a text in which _ABOUT finds something, folded: five times as fast.
_STEMS = ("html", "xml", "xss", "css", "javascr", "jsx", "vue", "react", "标签", "標籤", "bb")
MAX_RAW = 50_000
"""Characters: a longer script is a tag that was never closed."""

_FORUM_NAMES = (
    "b|i|u|s|url|img|color|size|font|align|quote|email|attach|attachimg|flash|media|float|indent"
    "|backcolor|hide|free|list|table|tr|td|p|center|audio|video|swf|wmv|rm|sup|sub|em"
)
_FORUM = re.compile(
    rf"\[(?P<end>/?)(?P<name>{_FORUM_NAMES})(?:=[^\[\]\n]{{0,300}})?\]", re.IGNORECASE
)
_UNSEEN = frozenset(
    ("img", "attach", "attachimg", "flash", "media", "audio", "video", "swf", "wmv")
)
"""What these hold is an address or a number."""
_MAX_UNSEEN = 500

Found = tuple[int, int, str, str]
"""Start, end, rule, what stands there instead."""


def may_have_tags(text: str) -> bool:
    """Whether it is worth looking: every text with a tag that goes has such a one."""
    # One character is looked for much faster than several.
    return ("<" in text and _LEFT.search(text) is not None) or ("[" in text and "[/" in text)


def tags(text: str) -> Iterator[Found]:
    r"""Yield the tags of a text that is not about them, in order, and what becomes of each.

    >>> [after for _, _, _, after in tags("<p>一句。<br>又一句。</p>")]
    ['', '\n', '']
    """
    if not may_have_tags(text) or _is_about_tags(text):
        return
    found = sorted(chain(_of_pages(text), _of_forums(text)))
    first, last = _edges(text, found)
    done = 0
    for start, end, rule, after in found:
        if start >= done:
            done = end
            # There is nothing to be parted from before the first line and behind the last.
            yield start, end, rule, after if first < start < last else after.strip()


def _is_about_tags(text: str) -> bool:
    folded = text.casefold()
    return any(stem in folded for stem in _STEMS) and _ABOUT.search(text) is not None


def _edges(text: str, found: Sequence[Found]) -> tuple[int, int]:
    """Return where the first tag with text before it may begin, and the last with text behind."""
    first, last = 0, len(text.rstrip())
    for start, end, *_ in found:
        if text[first:start].strip():
            break
        first = end
    for start, end, *_ in reversed(found):
        if text[end:last].strip():
            break
        last = start
    return first - 1, last


def _of_pages(text: str) -> Iterator[Found]:
    markdown = _MARKDOWN.search(text) is not None
    if not (_PARAGRAPH if markdown else _LEFT).search(text):
        return
    row = _ROW if markdown else _CELLS
    in_row = row.match(text) is not None
    done = seen = 0
    ends: dict[str, int] = {}
    for tag in _TAG.finditer(text):
        # From the tag before: a page may be one line.
        line = text.rfind("\n", seen, tag.start()) + 1
        seen = tag.end()
        if line:
            in_row = row.match(text, line) is not None
        if tag.start() < done or in_row or (markdown and _OF_MARKDOWN.match(tag[0])):
            continue
        end, after = tag.end(), ""
        if tag["block"]:
            after = "\n"
        elif tag["cell"]:
            after = "\t" if tag[0][1] == "/" else ""
        elif tag["raw"] or tag["comment"] is not None:
            closing = f"</{tag['raw']}>" if tag["raw"] else "-->"
            if ends.get(closing, -1) < end:  # one look for each end, however many stay open
                found = text.find(closing, end)
                ends[closing] = found if found >= 0 else len(text) + MAX_RAW
            until = ends[closing]
            if until - end > MAX_RAW or until >= len(text):
                continue
            end = until + len(closing)
        done = end
        yield tag.start(), end, "html-tag", after


def _of_forums(text: str) -> Iterator[Found]:
    """Yield the tags of forums of which the text has both ends."""
    if "[/" not in text:
        return
    open_at: dict[str, list[re.Match[str]]] = {}
    for tag in _FORUM.finditer(text):
        name = tag["name"].lower()
        if not tag["end"]:
            open_at.setdefault(name, []).append(tag)
        elif open_at.get(name):
            first = open_at[name].pop()
            if name in _UNSEEN:
                if tag.end() - first.start() <= _MAX_UNSEEN:
                    yield first.start(), tag.end(), "forum-tag", ""
                continue
            yield first.start(), first.end(), "forum-tag", ""
            yield tag.start(), tag.end(), "forum-tag", ""
