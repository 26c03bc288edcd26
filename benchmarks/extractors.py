"""Other programs that take boilerplate off Chinese text, behind one function: a page in, text out.

They are no dependencies. In a virtual environment of their own, at the root of this repository:

    python -m venv /tmp/peers/extractors
    /tmp/peers/extractors/bin/pip install . jusText trafilatura gne
    /tmp/peers/extractors/bin/pip install lxml_html_clean py-data-juicer aiohttp
    PYTHONPATH=. /tmp/peers/extractors/bin/python benchmarks/boilerplate.py DATA --peers

Those that are not installed are left out. What has no page (a text from a corpus) is given to them
as one, a `<p>` a line.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

System = Callable[[str], str]
"""Takes a page (HTML), returns its main text."""

# Function words; without spaces jusText's "words" are clauses, so a page is cut into characters.
CHINESE_STOP = frozenset("的了在是和有这不为与也就对等而及其从到将將会會个個这並并於于由但以中")
_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff]) ?(?=[\u4e00-\u9fff])")


def as_page(text: str) -> str:
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n"))
    return f"<html><head><title>-</title></head><body><div>{lines}</div></body></html>"


def _justext() -> System:
    import justext

    def extract(page: str) -> str:
        paragraphs = justext.justext(
            _BETWEEN_HAN.sub(" ", page), CHINESE_STOP, length_low=20, length_high=60,
            stopwords_low=0.05, stopwords_high=0.1, max_heading_distance=100, no_headings=True,
        )  # fmt: skip
        return "\n".join(_BETWEEN_HAN.sub("", p.text) for p in paragraphs if not p.is_boilerplate)

    return extract


def _trafilatura() -> System:
    import trafilatura

    # Deduplication keeps a cache for the whole process: the result would depend on the order.
    return lambda page: trafilatura.extract(page, favor_recall=True, deduplicate=False) or ""


def _resiliparse() -> System:
    from resiliparse.extract.html2text import extract_plain_text

    return lambda page: extract_plain_text(page, main_content=True)


def _gne() -> System:
    from gne import GeneralNewsExtractor

    extractor = GeneralNewsExtractor()

    def extract(page: str) -> str:
        try:
            return str(extractor.extract(page)["content"])
        except Exception:  # it raises on pages without a node that it likes
            return ""

    return extract


def _data_juicer() -> System:
    """Those of its mappers that take whole notices away; the others change characters."""
    from data_juicer.ops.mapper.clean_copyright_mapper import CleanCopyrightMapper
    from data_juicer.ops.mapper.clean_links_mapper import CleanLinksMapper
    from data_juicer.ops.mapper.remove_repeat_sentences_mapper import RemoveRepeatSentencesMapper

    mappers = (CleanCopyrightMapper(), CleanLinksMapper(), RemoveRepeatSentencesMapper())

    def extract(page: str) -> str:
        lines = re.findall(r"<p>(.*?)</p>", page)
        sample = {"text": ["\n".join(html.unescape(line) for line in lines)]}
        for mapper in mappers:
            sample = mapper.process_batched(sample)
        return str(sample["text"][0])

    return extract


_KNOWN = {
    "jusText, Chinese stop list": _justext,
    "trafilatura": _trafilatura,
    "GNE": _gne,
    "resiliparse": _resiliparse,
    "data-juicer, 3 mappers": _data_juicer,
}


def peers() -> dict[str, System]:
    """Return the programs that are installed."""
    found = {}
    for name, make in _KNOWN.items():
        try:
            found[name] = make()
        except ImportError as error:
            print(f"{name}: not installed ({error})")
    return found
