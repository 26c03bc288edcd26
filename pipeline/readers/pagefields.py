"""What a page says about its article: in `<meta>`, in JSON-LD, in `<time>`, in the lines around it.

The order of trust: what is written for machines first, then bylines read strictly, then a date or a
name beside the title. Nothing is taken from menus or from other articles.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pipeline.readers.pagelines import PageLine, PageLines
from pipeline.readers.pagetext import words
from pipeline.text.fold import fold
from pipeline.text.metadata import byline, dates
from pipeline.text.metadata.headline import is_title
from pipeline.text.metadata.names import is_outlet, looks_chinese, people, source
from pipeline.text.metadata.signature import trailing
from pipeline.text.metadata.statement import Statement

_MAX_JSON = 1 << 20  # characters of one JSON-LD element
_PARAGRAPH = 60  # characters of a line that is no second line of a title
_SENTENCE = 25  # characters from which a line that ends as a sentence is one of the article
_NEAR = 12  # lines around the text in which a byline is looked for
_TITLE_CUT = re.compile(
    r"\s*(?:[_|丨｜]|\s[-–—]\s|--|——|-(?=[^-]{2,20}$)|[《<]{2}|>>|\s·\s).*$", re.DOTALL
)
_BY = re.compile(
    r"(?:\bby\s|(?:作者|撰文|楼主|发表者|发帖人|采写)\s{0,3}[:：/|]|(?<![\u4e00-\u9fff])文\s{0,2}[:/|])"
    r"\s{0,3}(?P<name>[^\s:,。|/()\[\]<>]{2,16})"
    r"|(?:由|作者)\s{0,2}(?P<poster>[^\s:,。|/()\[\]<>]{2,16}?)\s{0,2}[于在]\s{0,2}(?=(?:19|20)\d\d)"
)
# 张三的博客; 李建忠 over a page with archives and feeds: who keeps a blog writes it.
_OWNER = re.compile(
    r"(?P<name>[^\s的:：|,，]{2,12})的(?:个人|個人)?(?:博客|部落格|网志|網誌|专栏|專欄|blog)",
    re.IGNORECASE,
)
_BLOG = re.compile(
    r"随笔|隨筆|博客|部落格|日志|日誌|网志|網誌|存档|存檔|\brss\b|\bblog", re.IGNORECASE
)
_TODAY = re.compile(r"今天是|今日是|现在是|现在时间|当前时间|农历")
_SAID = re.compile(
    r"(?:时间|日期|发布|发表|更新|刊登|posted|发布于|发表于|于|在|on)\s{0,2}:?\s{0,2}$"
)
_TITLE_LABEL = re.compile(r"(?:标|標)\s{0,8}[题題]\s?[:：]|(?:文件)?名\s{0,8}[称稱]\s?[:：]")
_ISSUE = re.compile(r"[<《][^<>《》]{2,16}[>》],?\s?((?:19|20)\d\d)年(?:第)?(\d{1,2})月号?$")


def page_fields(page: PageLines, page_title: str, text: tuple[int, int]) -> dict[str, object]:
    """Return the fields of a page under the pipeline's names; only those that were found.

    `text`: numbers of the first and last line of the main text in `page.lines`; (0, -1) without.
    """
    found: dict[str, object] = {}
    named = _named(page.metas)
    linked = [item for block in page.linked for item in _articles(block)]
    title = _title(named, linked, page.headings, page_title)
    title = title or _shown_title(page, text[0], page_title)
    around = _Around(page, text, title)
    says = [s for line in around.all for s in _said(line)]
    says += [s for line in around.inside for s in byline.read(line) if s.column == "editor"]
    if title := title or _unmarked_title(page, text, around, page_title):
        found["title"] = title
    if when := _published(named, linked, page.times, says, around):
        found["published_at"] = when
    signed = _signed_for_machines(page.metas, linked)
    found |= _people(signed, says, around, _site(named, linked, page_title, title))
    if "author" not in found and (owner := _blog_owner(page, page_title)):
        found["author"] = [owner]
    if origin := _source(named, linked, says):
        found["source"] = origin
    url = _first(named, words()["url_meta"]) or page.canonical
    if url.startswith("http"):
        found["url"] = url
    return found


def _said(line: str) -> tuple[Statement, ...]:
    """Return what a line says; the name of a paper alone on a line may be anything."""
    says = byline.read(line)
    return () if len(says) == 1 and says[0].rule == "bare-outlet" else says


def _named(metas: Iterable[tuple[str, str]]) -> dict[str, str]:
    named: dict[str, str] = {}
    for name, content in metas:
        if content.strip():
            named.setdefault(name.lower().strip(), content.strip())
    return named


def _first(named: Mapping[str, str], names: Iterable[str]) -> str:
    return next((named[name] for name in names if name in named), "")


def _articles(block: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON-LD element that have a headline or a date."""
    if len(block) > _MAX_JSON:
        return
    try:
        data = json.loads(block, strict=False)
    except (ValueError, RecursionError):
        return
    level = [data]
    for _ in range(4):  # @graph, mainEntity and lists thereof; deeper is no article of this page
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                if "headline" in item or "datePublished" in item or "pubDate" in item:
                    yield item
                deeper += [item.get("@graph"), item.get("mainEntity"), item.get("mainEntityOfPage")]
            elif isinstance(item, list):
                deeper += item[:50]
        level = deeper


def _title(
    named: Mapping[str, str],
    linked: Iterable[Mapping[str, Any]],
    headings: Iterable[str],
    page_title: str,
) -> str:
    """Return the title: the heading that the page's title repeats, or what comes nearest to it."""
    whole = _plain(page_title)
    fits = [h for h in headings if len(_plain(h)) >= 4 and _plain(h) in whole]
    if fits:
        return _one_line(max(fits, key=len))
    given = [item["headline"] for item in linked if isinstance(item.get("headline"), str)]
    for candidate in (*given, _first(named, words()["title_meta"])):
        if candidate.strip():
            return _uncut(_one_line(candidate))
    return ""


def _shown_title(page: PageLines, first: int, page_title: str) -> str:
    """Return the longest line above the text that the page's title repeats."""
    whole = _plain(page_title)
    near = (line.text for line in page.lines[max(first - 40, 0) : first + 3])
    fits = [t for t in near if len(t) < 120 and len(_plain(t)) >= 6 and _plain(t) in whole]
    return _one_line(max(fits, key=len, default=""))


def _unmarked_title(
    page: PageLines, text: tuple[int, int], around: _Around, page_title: str
) -> str:
    """Return the title of a page that tells machines none.

    It opens the text, or stands above it. A page's <title> that nothing on it repeats is the
    site's; and of the links, only the one right above the text can be the title.
    """
    first, last = text
    if first < last:
        line, following = page.lines[first], page.lines[first + 1]
        says = byline.read(following.spaced or following.text)
        opens = says or len(following.text) >= _PARAGRAPH
        if opens and is_title(line.text) and not line.link_chars and len(line.text) <= 60:
            return line.text
    above = page.lines[first - 1].text if 0 < first <= last else ""
    return around.heading or _uncut(_one_line(page_title)) or (above if is_title(above) else "")


def _plain(text: str) -> str:
    return "".join(c for c in fold(text) if c.isalnum())


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _uncut(title: str) -> str:
    """Take the name of the site off the end of a title.

    >>> _uncut("某地召开大会_新闻频道_某某网"), _uncut("A-B测试")
    ('某地召开大会', 'A-B测试')
    """
    short = _TITLE_CUT.sub("", title)
    return short if len(short) >= 4 else title


class _Around:
    """The lines in which the article's byline can stand.

    `above`: from the title to the first words of the text; `inside`: its short lines; `below`: the
    next few. `heading`: the last line above that could be a title.
    """

    def __init__(self, page: PageLines, text: tuple[int, int], title: str) -> None:
        lines = page.lines
        first, last = text
        shown = [line.spaced or line.text for line in lines]
        start = self._start(page, first, title)
        fits = [i for i in range(len(lines)) if len(lines[i].text) <= byline.MAX_CHARS]
        self.above = _with_values([shown[i] for i in fits if start <= i < first + 4 and i <= last])
        inner = [i for i in fits if first + 4 <= i <= last]
        self.inside = [
            shown[i] for i in (inner if len(inner) < 400 else inner[:200] + inner[-200:])
        ]
        self.below = [shown[i] for i in fits if last < i < last + 6] if last >= first else []
        self.all = [*self.above, *self.inside[-6:], *self.below]
        self.ending = lines[last].text if last >= first else ""
        opens = (i for i in range(first, min(first + 4, len(lines))) if _is_prose(lines[i].text))
        until = next(opens, first + 4)
        near = [i for i in fits if start <= i < until]
        self.names = [lines[i].text for i in near if not _in_menu(lines, i)]
        above = [lines[i].text for i in fits if first - 4 <= i < first and not lines[i].link_chars]
        self.heading = next((t for t in reversed(above) if is_title(t) and not byline.read(t)), "")

    @staticmethod
    def _start(page: PageLines, first: int, title: str) -> int:
        """Return where the lines above the text begin: below the title, or with its form."""
        wanted = _plain(title)
        order: list[int] = list(range(first - 1, max(first - 40, 0) - 1, -1))
        order += range(first, min(first + 3, len(page.lines)))
        for i in order:
            if wanted and len(page.lines[i].text) < 200 and _plain(page.lines[i].text) == wanted:
                form = i > 0 and _TITLE_LABEL.fullmatch(page.lines[i - 1].text)
                return max(i - _NEAR, 0) if form else i + 1
        return max(first - _NEAR, 0)


def _is_prose(text: str) -> bool:
    """Whether the article has begun: what stands below signs nothing, a cell of a table, say."""
    return len(text) >= _SENTENCE and text[-1] in "。！？”」"


def _in_menu(lines: list[PageLine], i: int) -> bool:
    """Whether a line is a link beside another one."""

    def link(n: int) -> bool:
        return 0 <= n < len(lines) and lines[n].link_chars * 2 > len(lines[n].text)

    return link(i) and (link(i - 1) or link(i + 1))


def _with_values(lines: list[str]) -> list[str]:
    """Put a label and its value together where a table has them in two cells."""
    joined: list[str] = []
    for line in lines:
        label = joined[-1] if joined else ""
        if label.endswith((":", "：")) and len(label) <= 10 and not line.endswith((":", "：")):
            joined[-1] = label + line
        else:
            joined.append(line)
    return joined


def _published(
    named: Mapping[str, str],
    linked: Iterable[Mapping[str, Any]],
    times: Iterable[str],
    says: Iterable[Statement],
    around: _Around,
) -> datetime | None:
    given = [named[name] for name in words()["date_meta"] if name in named]
    given += [str(item.get("datePublished") or item.get("pubDate") or "") for item in linked]
    given += times
    read = [moment for value in given if (moment := dates.read(value[:60]))]
    shown = [s.value for s in says if s.column == "published_at" and s.value]
    if read:
        # Many pages give machines the day alone and readers the minute as well.
        finer = (s for s in shown if s.date() == read[0].date() and read[0].hour == 0)
        return next(finer, read[0])
    return shown[0] if shown else _loose_date(around)


def _loose_date(around: _Around) -> datetime | None:
    """Return a date that stands in a line with other things: above the text, or after a label."""
    for lines, anywhere in ((around.above, True), (around.inside, False), (around.below, False)):
        for line in lines:
            folded = fold(line)
            found = dates.DATE.search(folded) if len(line) <= 80 else None
            if found is None or _TODAY.search(folded):
                continue
            # Above the text a time of day tells a byline from the subject.
            if _SAID.search(folded[: found.start()]) or (anywhere and _is_stamp(folded, found)):
                return dates.moment(found)
    issue = _ISSUE.search(fold(around.ending))
    # The month's issue of a journal: its first day stands for it.
    return datetime(int(issue[1]), int(issue[2]), 1, tzinfo=dates.CHINA) if issue else None


def _is_stamp(folded: str, found: re.Match[str]) -> bool:
    before = folded[: found.start()].strip(" ([")
    return (dates.is_numeric(found) or dates.has_time(found)) and len(before) < 40


def _people(
    signed: Iterable[str],
    says: Iterable[Statement],
    around: _Around,
    site: str,
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for statement in says:
        if isinstance(statement.value, list) and statement.column:
            so_far = found.setdefault(statement.column, [])
            so_far += [name for name in statement.value if name not in so_far]
    if "author" not in found and (names := _author(signed, site, around)):
        found["author"] = names
    return found


def _site(
    named: Mapping[str, str], linked: Iterable[Mapping[str, Any]], page_title: str, title: str
) -> str:
    """Return all that names the site, plain: no author is called so."""
    publishers = [item.get("publisher") for item in linked]
    said = [str(p.get("name") or "") for p in publishers if isinstance(p, dict)]
    whole, begun = _plain(page_title), _plain(title)
    cut = _TITLE_CUT.search(page_title)
    behind = whole.removeprefix(begun) if whole.startswith(begun) else _plain(cut[0]) if cut else ""
    said += [named[name] for name in words()["source_meta"] if name in named]
    return " ".join([behind, *map(_plain, said)])


def _is_person(name: str, site: str) -> bool:
    return not (is_outlet(name) or "http" in name or name.isdecimal() or _plain(name) in site)


def _signed_for_machines(
    metas: Iterable[tuple[str, str]], linked: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Return the authors in `<meta>`, of which a page may have several, and in JSON-LD."""
    wanted = words()["author_meta"]
    given = [value for key in wanted for name, value in metas if name.lower().strip() == key]
    for item in linked:
        written = item.get("author")
        for author in written if isinstance(written, list) else [written]:
            name = author.get("name") if isinstance(author, dict) else author
            given += [name] if isinstance(name, str) else []
    return given


def _author(given: Iterable[str], site: str, around: _Around) -> list[str]:
    for value in given:
        names = [n for n in people(value[:60]) or [] if _is_person(n, site)]
        if names:
            return names
    # The first lines of a text with nothing but a name, and the name in brackets at its end.
    for line in (*around.names, around.heading):
        if looks_chinese(line.strip()) and (alone := people(line, strict=True)):
            return alone
        # 茉莉：我是怎样……, and 茉莉 on the line below: a pen name needs no surname.
        if len(line) <= 6 and around.heading.startswith((f"{line}：", f"{line}:")):
            return [line.strip()]
    if (signed := trailing(around.ending)) and signed[1][0].column == "author":
        return list(signed[1][0].value or [])
    bracketed = re.fullmatch(r"[(（]([^:：]{2,20})[)）]", around.ending.strip())
    if bracketed and (names := people(bracketed[1], strict=True) or []):
        return names
    for line in (*around.above, *around.inside, *around.below):
        by = _BY.search(fold(line)) if len(line) <= 100 else None
        if by:
            group = "name" if by["name"] else "poster"
            there = people(line[by.start(group) : by.end(group)])
            if there and not is_outlet(there[0]):
                return there
    return []


def _blog_owner(page: PageLines, page_title: str) -> str:
    """Return the person whose blog a page belongs to, by its headings; no person is called 我."""
    heads = [_one_line(head) for head in (*page.headings[:3], page_title)]
    for head in heads:
        owner = _OWNER.search(head)
        if owner and looks_chinese(owner["name"]) and people(owner["name"], strict=True):
            return owner["name"]
    words_of_blogs = {word for line in page.lines for word in _BLOG.findall(line.text)}
    if heads and len(words_of_blogs) > 1 and len(heads[0]) == 3 and looks_chinese(heads[0]):
        return heads[0]
    return ""


def _source(
    named: Mapping[str, str], linked: Iterable[Mapping[str, Any]], says: Iterable[Statement]
) -> str | None:
    # A site's own name stands beside the date, the paper's has a label.
    for statement in sorted(says, key=lambda s: s.rule == "bare-outlet"):
        if statement.column == "source" and statement.value:
            return str(statement.value)
    value = _first(named, words()["source_meta"])
    if not value:
        publishers = (item.get("publisher") for item in linked)
        names = (p.get("name") for p in publishers if isinstance(p, dict))
        value = next((name for name in names if isinstance(name, str)), "")
    return source(_one_line(value)[:40]) or None if value else None
