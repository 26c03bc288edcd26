"""Pages: the main text, the fields, and pages made to hurt."""

from __future__ import annotations

import doctest
from datetime import datetime

import pytest
from resiliparse.parse.html import HTMLTree

from pipeline.readers import html, pagefields, pagelines
from pipeline.readers.html import extract
from pipeline.readers.options import HtmlOptions
from pipeline.readers.pagelines import page_lines

SENTENCE = "会议强调，要把工作做细做实，让群众看到变化，得到实惠。"
MENU = "".join(f"<li><a href='/{i}'>频道{i}</a></li>" for i in range(30))


def page(body: str, head: str = "") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


ARTICLE = page(
    f"<ul class=nav>{MENU}</ul><div class=a><h1>某地召开会议部署工作</h1>"
    "<div class=info><span>2024-03-05 10:20</span><span>来源：某某日报</span>"
    "<span>作者：张龙</span></div>"
    f"<div class=text><p>{SENTENCE}</p><p>一、抓落实</p><p>{SENTENCE * 2}</p><p>（完）</p></div>"
    f"</div><div class=related><p>{SENTENCE}</p></div>"
    "<div class=foot>版权所有 某某网，未经许可不得转载。</div>",
    "<title>某地召开会议部署工作_新闻_某某网</title>",
)


def test_main_text_keeps_short_lines_and_leaves_the_site_out() -> None:
    text = extract(ARTICLE).text
    assert text.split("\n") == [SENTENCE, "一、抓落实", SENTENCE * 2, "（完）"]


def test_a_break_of_the_source_is_no_blank_between_ideographs() -> None:
    half = SENTENCE[:18]
    body = f"<h1>某地召开会议部署工作，取得一致\n各方代表出席</h1><p>{half}\n   {SENTENCE[18:]}</p>"
    document = HTMLTree.parse(page(body)).document
    assert document is not None
    lines = [line.text for line in page_lines(document.html).lines]
    assert lines == ["某地召开会议部署工作，取得一致 各方代表出席", SENTENCE]
    assert page_lines("<p>甲。 乙\n丙</p>").lines[0].text == "甲。 乙 丙"


def test_a_wrapper_of_main_is_no_advertisement() -> None:
    box = f"<div class=ad><p>{SENTENCE * 3}</p></div>"
    article = f"<main><p>{SENTENCE}</p><p>{SENTENCE}</p></main>"
    body = f"{box}<div class='l-wrapper gate-ad'>{box}{article}</div>"
    assert extract(page(body)).text == f"{SENTENCE}\n{SENTENCE}"


def test_fields_from_what_readers_see() -> None:
    fields = extract(ARTICLE).fields
    assert fields["title"] == "某地召开会议部署工作"
    assert fields["published_at"] == datetime.fromisoformat("2024-03-05T10:20:00+08:00")
    assert fields["source"] == "某某日报"
    assert fields["author"] == ["张龙"]


def test_fields_from_what_machines_read() -> None:
    head = (
        "<title>题目在此_某网</title><meta property=article:published_time "
        "content=2024-03-05T10:20:00Z><link rel=canonical href=https://example.org/1>"
        '<script type="application/ld+json">{"@graph":[{"headline":"题目在此",'
        '"author":{"name":"王健"},"publisher":{"name":"某网"}}]}</script>'
    )
    fields = extract(page(f"<p>{SENTENCE}</p>", head)).fields
    assert fields["published_at"] == datetime.fromisoformat("2024-03-05T10:20:00+00:00")
    assert fields["author"] == ["王健"]
    assert fields["title"] == "题目在此"
    assert fields["url"] == "https://example.org/1"
    assert fields["source"] == "某网"


def test_an_author_is_not_the_account_nor_a_word_of_the_menu() -> None:
    head = (
        "<title>题目在此</title><meta name=author content=某某网><meta name=author content=王健>"
        "<meta property=og:site_name content=某某网>"
    )
    menu = "<a href=/1>高知</a><br><a href=/2>安徽</a><br><span>关注</span>"
    fields = extract(page(f"{menu}<h1>题目在此</h1><p>{SENTENCE}</p>", head)).fields
    assert fields["author"] == ["王健"]
    assert "author" not in extract(page(f"{menu}<h1>题目在此</h1><p>{SENTENCE}</p>")).fields


@pytest.mark.parametrize("name", ["Андрей Колесников", "신현주", "Kesk Noren"])
def test_authors_who_write_in_other_scripts(name: str) -> None:
    head = f"<title>{name} о встрече — Издание</title><meta name=author content='{name}'>"
    assert extract(page(f"<h1>Заголовок</h1><p>{SENTENCE}</p>", head)).fields["author"] == [name]


def test_the_form_around_a_title_names_the_office() -> None:
    cells = ("索引号：", "11220/2022-4", "发文机关：", "某某省人民政府", "标 题：", "某某省通告")
    form = "".join(f"<p>{cell}</p>" for cell in (*cells, "发布日期：", "2022年01月28日"))
    title = "<title>某某省通告_某某网</title>"
    fields = extract(page(f"{form}<p>{SENTENCE}</p><p>{SENTENCE}</p>", title)).fields
    assert fields["author"] == ["某某省人民政府"]
    assert fields["published_at"] == datetime.fromisoformat("2022-01-28T00:00:00+08:00")


def test_a_title_without_a_mark_opens_the_text_or_is_the_link_above_it() -> None:
    body = f"<p>某地召开会议部署工作</p><p>发布时间：2019-05-18 来源：某某日报</p><p>{SENTENCE}</p>"
    assert extract(page(f"<ul>{MENU}</ul>{body}")).fields["title"] == "某地召开会议部署工作"
    linked = f"<div><a href=/1>很高兴来到这里</a></div><p>{SENTENCE * 3}</p><p>{SENTENCE}</p>"
    assert extract(page(linked)).fields["title"] == "很高兴来到这里"


@pytest.mark.parametrize(
    ("heading", "wanted"),
    [
        ("李建忠的博客", ["李建忠"]),
        ("李建忠", ["李建忠"]),
        ("我的博客", None),
        ("财经的专栏", None),
    ],
)
def test_who_keeps_a_blog_writes_it(heading: str, wanted: list[str] | None) -> None:
    body = f"<h1>{heading}</h1><p>随笔分类 (rss)</p><p>存档</p><div><p>{SENTENCE}</p></div>"
    assert extract(page(body)).fields.get("author") == wanted


def test_wechat_says_in_a_script_when_and_by_whom() -> None:
    script = '<script>var nickname = "某某科技"; var ct = "1581517074";</script>'
    fields = extract(page(f'<div id="js_content"><p>{SENTENCE}</p></div>{script}')).fields
    assert fields["published_at"] == datetime.fromisoformat("2020-02-12T22:17:54+08:00")
    assert fields["source"] == "某某科技"
    assert "published_at" not in extract(page(f"<p>{SENTENCE}</p>{script}")).fields


def test_lists_and_programs_that_close_a_text_belong_to_it() -> None:
    steps = "<ul><li>一月：勘察</li><li>三月：拆解</li></ul><pre>a = 1\nb = 2</pre>"
    links = "<ul><li><a href=1>相关的另一条新闻在这里</a></li></ul>"
    text = extract(page(f"<div><p>{SENTENCE}</p><p>{SENTENCE}</p>{steps}{links}</div>")).text
    assert text.split("\n")[2:] == ["一月：勘察", "三月：拆解", "a = 1", "b = 2"]


def test_readings_over_characters_are_no_text() -> None:
    ruby = "<ruby>迎<rp>(</rp><rt>yíng</rt><rp>)</rp></ruby>"
    assert extract(page(f"<p>{ruby}新桥。{SENTENCE}</p>")).text == f"迎新桥。{SENTENCE}"


def test_the_first_cell_below_a_sentence_signs_nothing() -> None:
    table = "<table><tr><td>项目</td><td>数量</td></tr></table>"
    body = f"<h1>老桥修缮完工</h1><div class=c><p>{SENTENCE}</p>{table}<p>{SENTENCE}</p></div>"
    assert "author" not in extract(page(body)).fields


def test_a_date_of_another_article_is_not_taken() -> None:
    body = f"<p>{SENTENCE}</p><p>{SENTENCE}</p>" + "".join(
        f"<li><a href=/{i}>别的新闻{i}</a> 2024-03-0{i}</li>" for i in range(1, 9)
    )
    assert "published_at" not in extract(page(body)).fields


@pytest.mark.parametrize(("written", "taken"), [("2024/3/5", True), ("2024年3月5日", False)])
def test_behind_a_name_only_a_date_in_figures_is_a_stamp(written: str, taken: bool) -> None:
    body = f"<h1>老桥修缮完工</h1><p>老桥 {written}</p><p>{SENTENCE}</p><p>{SENTENCE}</p>"
    assert ("published_at" in extract(page(body)).fields) is taken


def test_of_a_thread_the_first_post_is_kept() -> None:
    posts = [f"<p>{SENTENCE}{i}</p><p>发表于 2024-03-0{i} 10:20 某某{i}</p>" for i in range(1, 6)]
    assert extract(page("".join(posts))).text.split("\n")[0] == f"{SENTENCE}1"
    assert f"{SENTENCE}2" not in extract(page("".join(posts))).text


def test_a_chronicle_is_no_thread() -> None:
    days = [f"<p>2024-03-0{i} 10:20 发布通报</p><p>{SENTENCE}{i}</p>" for i in range(1, 6)]
    assert f"{SENTENCE}5" in extract(page("".join(days))).text


@pytest.mark.parametrize("extractor", ["blocks", "resiliparse", "trafilatura", "all"])
def test_every_extractor_finds_the_sentences(extractor: str) -> None:
    pytest.importorskip("trafilatura")
    assert SENTENCE * 2 in extract(ARTICLE, HtmlOptions(extractor=extractor)).text


@pytest.mark.parametrize(
    "bomb",
    [
        "<div>" * 50_000 + "文。" + "</div>" * 50_000,
        "<font>" * 50_000 + "文。",
        "".join(f"<p><b id={i}>文。</p>" for i in range(5_000)),
        "<table><tr><td>" * 20_000 + "文。",
        "<" * 50_000 + "文。",
        '<script type="application/ld+json">' + "[" * 50_000 + "</script>文。",
    ],
    ids=["deep", "deep-formatting", "unclosed-formatting", "tables", "angles", "deep-json"],
)
def test_hostile_pages_keep_their_text(bomb: str) -> None:
    assert "文。" in extract(bomb).text


def test_each_element_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    entered = 0
    enter = pagelines._Walk.enter

    def counted(walk: pagelines._Walk, tag: str, written: str) -> None:
        nonlocal entered
        entered += 1
        enter(walk, tag, written)

    monkeypatch.setattr(pagelines._Walk, "enter", counted)
    assert page_lines("<div>" * 999 + "</div>" * 999).depth == 999
    assert entered == 999


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<p>a &lt;b&gt; &amp;amp;</p>", ["a <b> &amp;"]),
        ("<p title='x>\"y<'>一</p><p a\"b=c =x>二</p>", ["一", "二"]),
        (
            "一<script>if(a<b){'</p>'}</script><style>p>a</style><noscript><p>不</p></noscript>二",
            ["一二"],
        ),
        ("<svg><style><a>不</a></style><link/><text>不</text></svg>一", ["一"]),
        ("<div style='display: none'>不<div>不</div></div>一<textarea><b></textarea>", ["一"]),
        ("<pre>\n一\n  二</pre>", ["一", "  二"]),
        ("一<br>二<hr>三<!-- 不 <p> -->四", ["一", "二", "三四"]),
        ("<xmp>一<b>二</xmp>", ["一<b>二"]),
    ],
)
def test_a_page_as_lines(body: str, wanted: list[str]) -> None:
    assert extract(page(body), HtmlOptions(extractor="all")).text.split("\n") == wanted


@pytest.mark.parametrize(
    "form", ["a{}", 'a{}="x>y"', "a{}='<'", "a{} = b", 'a{}="x"/', "'{}", "a{}=b="]
)
def test_a_tag_of_many_attributes_is_cut_short(form: str) -> None:
    many = " ".join(form.format(n) for n in range(3000))
    body = f"<p>一</p><div {many}><p>二</p></div><p title='{'字' * 9000}'>三</p>"
    cut = html._without_attributes(body)
    assert len(cut) < len(body) - len(many) // 2
    assert extract(page(cut), HtmlOptions(extractor="all")).text.split("\n") == ["一", "二", "三"]
    few = " ".join(form.format(n) for n in range(400))
    assert html._without_attributes(f"<p {few}>{'字' * 9000}</p>") == f"<p {few}>{'字' * 9000}</p>"


def test_headings_and_times_are_kept_in_their_order() -> None:
    body = "<h2>一</h2><h3>二</h3><time>2021-02-02 <b>10:00</b></time>"
    body += "<time datetime=2020-01-01>x</time>"
    found = page_lines(str(HTMLTree.parse(page(body))))
    assert found.times == ["2021-02-02 10:00", "2020-01-01"]
    assert found.headings == ["一", "二"]


def test_half_a_surrogate_pair_becomes_a_mark() -> None:
    text = extract(page(f"<p>{SENTENCE}\ud800</p>")).text
    assert text == f"{SENTENCE}\ufffd"


@pytest.mark.parametrize(
    "data",
    ['{"headline": 1, "author": 2}', '[{"headline": null, "author": [{"name": ["x"]}, null, 3]}]',
     '{"@graph": "x", "headline": {}, "datePublished": {"@value": 1}, "publisher": [1]}', "[", "1"],
)  # fmt: skip
def test_odd_json_ld_says_nothing(data: str) -> None:
    head = f'<script type="application/ld+json">{data}</script>'
    fields = extract(page(f"<p>{SENTENCE}</p>", head)).fields
    assert "author" not in fields
    assert "published_at" not in fields


@pytest.mark.parametrize("empty", ["", "<html></html>", "<p></p>", "   ", "\x00", "<!--"])
def test_empty_pages_are_empty(empty: str) -> None:
    assert not extract(empty).text.strip("\x00\ufffd")


@pytest.mark.parametrize("module", [html, pagefields], ids=lambda m: m.__name__)
def test_doctests(module: object) -> None:
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert tried
    assert not failed
