"""Learning the lines of a site: what recurs goes, what recurs for other reasons stays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.line_counts import Tallies
from pipeline.dedup.lines import RULES, SiteRemovals, SitesOptions, learn
from pipeline.document import apply_edits
from pipeline.text.page import page_of
from pipeline.text.removal import Reason, removal
from pipeline.text.sketches.line_hashes import LineRecords, line_records, unpack

OPTIONS = SitesOptions()
SUBJECTS = (
    "城市", "乡村", "学校", "医院", "公园", "车站", "剧院", "河流",
    "山林", "海港", "市场", "工厂", "田野", "机场", "桥梁", "村落",
)  # fmt: skip
DEEDS = (
    "改造", "扩建", "启用", "关闭", "庆祝", "巡查", "评估", "规划", "募捐", "招标", "普查", "迁移",
)  # fmt: skip


def sentence(n: int, k: int = 0) -> str:
    """Return a sentence that no other pair of numbers gives."""
    subject, deed = SUBJECTS[(n + k) % 16], DEEDS[(n * 5 + k) % 12]
    people = n * 37 + k
    return f"通报{n}的第{k}点说的是{subject}{deed}，负责人介绍了进展并回答了提问，{people}人到场。"


def article(n: int, paragraphs: int = 3) -> str:
    return "\n".join(sentence(n, k) for k in range(paragraphs))


def run(
    texts: Sequence[str], sites: Sequence[int] | None = None, size: int = 7
) -> tuple[list[str], SiteRemovals, Tallies]:
    """Learn from texts in chunks of `size`; return the texts without the lines that go."""
    site = np.array(sites or [1] * len(texts), np.uint64)
    chunks = []
    for first in range(0, len(texts), size):
        part = texts[first : first + size]
        chunks.append(unpack(line_records(part).pack(), np.arange(first, first + len(part))))
    removals, tallies = learn(lambda: chunks, site, OPTIONS)
    out = list(texts)
    why, reasons = removals.reasons()
    drops: dict[int, dict[int, Reason]] = {}
    columns = (removals.owner, removals.line, why)
    for owner, line, number in zip(*(column.tolist() for column in columns), strict=True):
        drops.setdefault(owner, {})[line] = reasons[number]
    for owner, some in drops.items():
        out[owner] = apply_edits(out[owner], removal("sites", page_of(out[owner]), some))
    return out, removals, tallies


def test_a_long_line_that_recurs_goes_by_itself() -> None:
    slogan = "本站由某某市新闻传媒中心主办并保留最终解释权"
    texts = [f"{article(n)}\n{slogan}" for n in range(20)]
    out, removals, _ = run(texts)
    assert out == [article(n) for n in range(20)]
    assert set(removals.documents) == {20}
    assert removals.examples[0].tolist() == [0, 1, 2]
    assert removals.reasons()[1][0].note == f"site_lines {removals.name[0]:016x}"
    assert removals.of_sites().tolist() == [0]


def test_short_lines_go_in_a_run_only() -> None:
    menu = (
        "首页\n要闻\n本地新闻频道\n视听中心与图片\n评论与专栏文章\n政务公开与服务\n数字报刊阅读器"
    )
    menu = f"{menu}\n天气预报与路况"
    texts = [f"{menu}\n{article(n)}\n本报讯\n{sentence(n, 9)}" for n in range(12)]
    out, _, _ = run(texts)
    assert out == [f"{article(n)}\n本报讯\n{sentence(n, 9)}" for n in range(12)]


def test_forms_with_changing_values_are_learned_beside_lines_of_the_site() -> None:
    tail = "本站由某某市新闻传媒中心主办并保留最终解释权"
    texts = [f"{article(n)}\n阅读 {n * 7 + 13} 次\n编辑：张{n}\n{tail}" for n in range(12)]
    out, removals, _ = run(texts)
    assert out == [article(n) for n in range(12)]
    assert {RULES[rule] for rule in removals.rule} == {"site-line", "site-template"}


def test_a_form_that_every_document_has_needs_no_fixed_neighbour() -> None:
    tail = "本文由某某翻译计划组织编译并在某某中国荣誉推出"
    texts = []
    for n in range(48):
        feet = [f"via: https://example.org/{n}", f"译者：某{n}", f"校对：校{n}", tail]
        feet = [*list(permutations(feet))[n * 7 % 24]]
        links = [f"[{k}]: https://example.org/{n}/{sentence(n, k)}" for k in range(n * 7 % 40)]
        texts.append("\n".join([article(n, 30), *feet, *links]))
    out, _, _ = run(texts)
    assert not [text for text in out if "via:" in text or "译者：" in text]
    assert sum(text.count("通报") for text in out) == sum(text.count("通报") for text in texts)


def test_a_label_beside_the_lines_of_a_site_goes_whatever_its_value() -> None:
    """A title that ends in a question mark, and a label in a wording that few documents use."""
    foot = "译文出自：某某翻译计划组织编译的系列文章"
    texts = []
    for n in range(60):
        label, mark = ("原文地址", "？" * (n % 3)) if n % 10 else ("原文链接", "")
        head = f"{label}：第{n}篇说的是什么{mark}\n作者：某{n}\n{foot}"
        texts.append(f"{head}\n{article(n, 10)}")
    out, _, _ = run(texts)
    assert out == [article(n, 10) for n in range(60)]


def test_a_heading_goes_when_nothing_is_left_below_it() -> None:
    tail = "## 订阅\n微信搜索某某日志或者扫描二维码就可以每周收到新的一期"
    texts = [f"## 正文\n{article(n)}\n{tail}" for n in range(12)]
    out, _, _ = run(texts)
    assert out == [f"## 正文\n{article(n)}" for n in range(12)]


def test_a_picture_between_the_last_lines_of_a_site_goes_with_them() -> None:
    """Its address is new with every issue; a picture among sentences is the article's."""
    tail = "## 订阅\n微信搜索某某日志或者扫描二维码就可以每周收到新的一期\n![](https://example.org/{}.jpg)\n（完）"
    picture = "![](https://example.org/{}.png)"
    texts = [f"{article(n)}\n{picture.format(SUBJECTS[n])}\n{article(n + 50)}" for n in range(12)]
    out, _, _ = run([f"{text}\n{tail.format(SUBJECTS[n])}" for n, text in enumerate(texts)])
    assert out == texts


@pytest.mark.parametrize(("empty", "learned"), [(3, True), (60, False)])
def test_a_label_without_its_value_goes_where_others_have_one(empty: int, learned: bool) -> None:
    """What leads into something on every page is the page's own."""
    foot = "译文出自：某某翻译计划组织编译的系列文章"
    heads = [
        f"作者：某{n}\n{foot}\n译者：译{n}\n校对者：{'' if n < empty else f'校{n}'}"
        for n in range(60)
    ]
    out, _, _ = run([f"{head}\n{article(n, 10)}" for n, head in enumerate(heads)])
    left = "" if learned else "校对者：\n"
    assert out == [left + article(n, 10) for n in range(60)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "第一章 总则\n{}\n第九章 附则\n第九十条 本条例自公布之日起施行。", id="statute"
        ),
        pytest.param("{}\n我们走在大路上，意气风发斗志昂扬，向前进！\n{}", id="refrain"),
        pytest.param("本期节目主要内容：\n{}\n国内联播快讯\n{}", id="broadcast"),
        pytest.param("## 本周要闻与图片集锦\n{}\n## 往期精选与读者来信\n{}", id="headings"),
        pytest.param("{}\n（一）加强组织领导，落实工作责任。\n{}", id="numbered formula"),
    ],
)
def test_what_recurs_for_other_reasons_stays(text: str) -> None:
    """The refrain stays because it keeps no place; were it always third line, it would go."""
    places = [1 + n % 5 * 6 for n in range(30)]
    texts = [
        text.format(article(n, places[n]), article(n + 100, 31 - places[n])) for n in range(30)
    ]
    out, _, _ = run(texts)
    assert out == texts


def test_a_site_with_few_documents_learns_nothing() -> None:
    slogan = "本站由某某市新闻传媒中心主办并保留最终解释权"
    texts = [f"{article(n)}\n{slogan}" for n in range(9)]
    assert run(texts)[0] == texts


def test_what_all_sites_say_is_of_no_site() -> None:
    line = "本站由某某市新闻传媒中心主办并保留最终解释权"
    texts = [f"{article(n)}\n{line}" for n in range(60)]
    assert run(texts, [1 + n % 5 for n in range(60)])[0] == texts


def test_a_text_without_a_site_is_left_alone() -> None:
    slogan = "本站由某某市新闻传媒中心主办并保留最终解释权"
    texts = [f"{article(n)}\n{slogan}" for n in range(20)]
    out, _, _ = run(texts, [0 if n < 5 else 1 for n in range(20)])
    assert out[:5] == texts[:5]
    assert out[5] == article(5)


def test_reprints_do_not_make_an_article_recur() -> None:
    texts = [article(0)] * 8 + [article(n) for n in range(1, 20)]
    assert run(texts)[0] == texts


@pytest.mark.parametrize("others", [0, 20])
def test_versions_of_one_text_are_not_each_others_boilerplate(others: int) -> None:
    """Every version has a sentence of its own and shares the rest, as statutes do."""
    texts = []
    for version in range(12):
        lines = article(0, 14).split("\n")
        lines[version] = sentence(version + 500)
        texts.append("\n".join(lines))
    texts += [article(n) for n in range(1, 1 + others)]
    assert run(texts)[0] == texts


def test_of_a_whole_page_the_article_stays() -> None:
    menu = "\n".join(f"某某市新闻频道栏目之{name}" for name in SUBJECTS + DEEDS)

    def page(n: int) -> tuple[str, str]:
        title = f"{SUBJECTS[n % 16]}{DEEDS[n % 12]}工作第{n}次通报会召开"
        cards = "\n".join(f"{deed}进展第{n}期综述\n{n}分钟前" for deed in DEEDS + SUBJECTS)
        return (
            f"{menu}\n{title}\n{article(n)}\n某某市新闻频道精选\n{cards}",
            f"{title}\n{article(n)}",
        )

    pages = [page(n) for n in range(20)]
    out, removals, _ = run([text for text, _ in pages])
    assert out == [kept for _, kept in pages]
    assert "outside-article" in {RULES[rule] for rule in removals.rule}


def test_a_short_article_is_not_outweighed() -> None:
    """What a page says of its cookies, in words of its own, may be longer than the article."""
    menu = "\n".join(f"某某市新闻频道栏目之{name}" for name in SUBJECTS + DEEDS)
    cards = "\n".join(f"{deed}进展综述\n十分钟前" for deed in DEEDS + SUBJECTS)
    pages = [f"{menu}\n{sentence(n)}\n{sentence(n, 1)}\n{cards}" for n in range(20)]
    consent = "\n".join(f"{sentence(99, k)[:-1]}，{sentence(99, k + 9)}" for k in range(6))
    out, _, _ = run([*pages[1:], f"{pages[0]}\n{consent}"])
    assert out[-1].startswith(f"{sentence(0)}\n{sentence(0, 1)}\n")


@given(st.integers(1, 40), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_neither_chunks_nor_their_order_matter(size: int, random: object) -> None:
    tail = "本站由某某市新闻传媒中心主办并保留最终解释权\n编辑：某人"
    texts = [f"{article(n)}\n阅读 {n} 次\n{tail}" for n in range(25)]
    _, expected, tallies = run(texts)
    site = np.ones(25, np.uint64)
    order = list(range(25))
    random.shuffle(order)  # type: ignore[attr-defined]
    chunks: list[LineRecords] = []
    for first in range(0, 25, size):
        ranks = sorted(order[first : first + size])
        chunks.append(unpack(line_records([texts[r] for r in ranks]).pack(), np.array(ranks)))
    removals, again = learn(lambda: chunks, site, OPTIONS)
    for name in ("owner", "line", "rule", "documents", "site_documents", "examples"):
        assert np.array_equal(getattr(removals, name), getattr(expected, name)), name
    for a, b in zip(tallies, again, strict=True):
        assert np.array_equal(a.key, b.key)
        assert np.array_equal(a.documents, b.documents)
        assert np.array_equal(a.sums, b.sums)


def test_lines_are_the_same_in_either_script_width_and_case() -> None:
    records = line_records(["責任編輯：ＡＢＣ", "责任编辑:abc", "责任编辑abd"])
    assert records.exact[0] == records.exact[1] != records.exact[2]


def test_places_count_lines_that_are_not_blank() -> None:
    records = line_records(["\n一行\n\n二行\n", "", "三行"])
    assert records.owner.tolist() == [0, 0, 2]
    assert records.line.tolist() == [1, 3, 0]
    assert records.top.tolist() == [0, 1, 0]
    assert records.bottom.tolist() == [1, 0, 0]


def test_nothing_gives_nothing() -> None:
    assert len(line_records([])) == len(line_records(["", "\n"])) == 0
    assert len(run(["", "\n"])[1]) == 0


@given(st.lists(st.text(alphabet="甲乙12：\n #第条。", max_size=60), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_line_hashes_alike_wherever_it_stands(texts: list[str]) -> None:
    together = line_records(texts)
    alone = [line_records([text]) for text in texts]
    for name in ("line", "exact", "template", "top", "bottom", "chars", "shape"):
        joined = np.concatenate([getattr(part, name) for part in alone])
        assert np.array_equal(getattr(together, name), joined), name
