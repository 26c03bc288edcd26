"""Lines that repeat because the text wants it: rows, code, headings, formulae, speech, verse."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_NUMERAL = "0-9０-９一二三四五六七八九十百千万零〇两"
# Begins as an article of a statute, a row, markup or code.
_ITEM = re.compile(
    rf"第\s?[{_NUMERAL}]+\s?[条條章节節编編款项項部分回集]"
    r"|[0-9]+(?:\.[0-9]+)+\.?\s"  # 3.1.10. a heading, which stands in the list of contents as well
    r"|[-*+•·●○■□◆#>|=~`$<{}\[\\/@│┃├┌└─━╭╰]"
)
# Begins as an item or a date; as a quotation, or says who speaks: shorter ones may repeat. The
# formula of a chairman has up to 80 characters, an entry of a chronicle 40.
_ENTRY = re.compile(rf"[（(]?[{_NUMERAL}]+[)）、.．:：年月日时時]")
_SPEECH = re.compile(r"[“「『\"'‘]|[^，。]{0,10}[:：]")
_ENTRY_CHARS, _SPEECH_CHARS = 40, 80
# Says by which clause of which law: decisions and judgments begin or end with it, each anew.
_CITED = re.compile(
    rf"《[^》]*(?:法|法典|條例|条例|規定|规定|辦法|办法|規則|规则|解釋|解释)》[^，。《]{{0,12}}第[{_NUMERAL}]+[条條]"
)
_CITED_CHARS = 200
# Says what to choose in a menu, or puts to the vote: manuals and minutes say so each time.
_CALLED = re.compile(
    r".{0,24}?(?:选[择取中]|選[擇取中]|[点點单單双雙][击擊]|按一下)[^，。]{0,12}[「\[【“\"『〈]"
    r"|(?:主席|主持人|召集人|审判长|審判長)[:：]"
)
_CALLED_CHARS = 160
_NAMES, _MARKS = 4, re.compile("[，。；！？,;!?]")  # more words than these without a mark are names
_FORMAL_CHARS = 100  # from which even between code or verse a sentence is a paragraph
_TABLE = re.compile(r"[|\t│┃]|[─━═]{2}|\s{3,}\S+\s{3,}")
_RULES = "|\t│┃─━═"
_ARTICLE = re.compile(rf"第\s?[{_NUMERAL}]+\s?[条條]")
# The provisions of a court's interpretation: 41.…, 三、…, （一）….
_PROVISION = re.compile(rf"[{_NUMERAL}]+[.．、]|[（(][{_NUMERAL}]+[)）]")
_DUTIES, _PROVISIONS = 5, 10
SENTENCE_END = "。！？…!?”』」）)"
_NUMBERS = re.compile(rf"[{_NUMERAL}]+")
HAN = re.compile(f"[{_HAN}]")
_HAN_RUNS = re.compile(f"[{_HAN}]+")


def is_statute(text: str, bare: Sequence[str]) -> bool:
    """Whether a text has articles of a statute, or lays down duties (应当) in numbered provisions.

    Of these a third of the lines, and ten.
    """
    if "第" in text and sum(1 for line in bare if _ARTICLE.match(line)) >= 3:
        return True
    if text.count("应当") + text.count("應當") < _DUTIES:
        return False
    return sum(1 for line in bare if _PROVISION.match(line)) >= max(_PROVISIONS, len(bare) / 3)


def is_formal(text: str, bare: Sequence[str], sizes: Sequence[int]) -> bool:
    """Whether the text is verse, a table or code: its shorter lines repeat by their form.

    So it is with half of eight lines or more (the median) under 20 characters.
    """
    ranked = sorted(sizes)
    if len(bare) >= 8 and ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2] < 40:
        return True
    formed = list(map(HAN.search, bare)).count(None)
    if formed * 4 <= len(bare) < (formed + _rows_at_most(text)) * 4:
        formed += sum(1 for line in bare if _is_row(line) and HAN.search(line))
    return formed * 4 > len(bare)


def _rows_at_most(text: str) -> int:
    """Return how many lines may have a sign of a table: a rule, or two gaps of three blanks."""
    blanks = len(text) - sum(map(len, text.split())) - text.count("\n")
    return sum(map(text.count, _RULES)) + blanks // 6


def _is_row(bare: str) -> bool:
    """Whether there is a sign of a table in a line: asked in full only where it may be."""
    return (_is_ruled(bare) or _is_spaced(bare)) and bool(_TABLE.search(bare))


def _is_ruled(bare: str) -> bool:
    return any(map(bare.__contains__, _RULES))


def _is_spaced(bare: str) -> bool:
    """Whether a line may have two gaps of three blanks: four more than one for each gap."""
    words = bare.split()
    return len(words) > 2 and len(bare) - sum(map(len, words)) - len(words) > 2


def is_long_sentence(bare: str) -> bool:
    """Whether even between code or verse a line is a paragraph."""
    return len(bare) >= _FORMAL_CHARS and bare[-1] in SENTENCE_END


def is_prose(bare: str, least: int) -> bool:
    """Whether a line is long enough to be no refrain, and neither an item nor a row nor code."""
    if len(bare) < least or bare.isascii() or _ITEM.match(bare) or _is_row(bare):
        return False
    if len(bare) < _ENTRY_CHARS and _ENTRY.match(bare):
        return False
    if len(bare) < _SPEECH_CHARS and _SPEECH.match(bare):
        return False
    if len(bare.split()) > _NAMES and not _MARKS.search(bare):
        return False
    if len(bare) < _CITED_CHARS and "《" in bare and _CITED.search(bare):
        return False
    if len(bare) < _CALLED_CHARS and _CALLED.match(bare):
        return False
    # Names in Latin letters may fill half of a long paragraph.
    han = len(bare) - len(_HAN_RUNS.sub("", bare))
    return han * (2 if len(bare) < _SPEECH_CHARS else 3) >= len(bare)


def numbers(text: str) -> list[str]:
    """Return the numbers of a text, in order: other numbers are other facts."""
    return _NUMBERS.findall(text)
