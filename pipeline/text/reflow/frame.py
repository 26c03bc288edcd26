"""Lines of a page's frame: what later stages take away is no half of a sentence."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from ahocorasick_rs import AhoCorasick

from pipeline.text.boilerplate.hits import hits_of
from pipeline.text.boilerplate.rules import Rule, builtin_rules
from pipeline.text.fold import fold
from pipeline.text.metadata import byline
from pipeline.text.metadata.placement import may_be_one

# Two things set to the two margins of a page: 第3期          张龙：农田的观测.
_GAP = re.compile(r"^\S[^，。；！？\u3000]{0,30}?\S(?: {6,}|\u3000{5,})\S[^，。；！？]{0,40}$")
_WHOLE = ("line", "block-start", "block-end")


@lru_cache(maxsize=4096)  # the frame is what pages share
def is_frame(line: str) -> bool:
    """Say whether a line by itself is a byline, a running head, or what a rule takes whole.

    >>> is_frame("扫一扫，用手机看新闻"), is_frame("2020年12月06日 03:26  来源：新浪财经")
    (True, True)
    >>> is_frame("第3期          张龙：农田的观测"), is_frame("第3期  张龙")
    (True, False)
    >>> is_frame("全市工作一"), is_frame("定会有大的提升。")
    (False, False)
    """
    if _GAP.search(line) or may_be_one(byline.read(line)):
        return True
    folded = fold(line)
    words, owners = _triggers()
    found = {word for word, _, _ in words.find_matches_as_indexes(folded, overlapping=True)}
    return any(True for _ in hits_of(folded, [rule for word in found for rule in owners[word]]))


@cache
def _triggers() -> tuple[AhoCorasick, list[list[Rule]]]:
    """Return the words of the rules for whole lines, and of each the rules."""
    owners: dict[str, list[Rule]] = {}
    for rule in builtin_rules():
        if rule.match in _WHOLE and rule.action.startswith("drop"):
            for word in rule.triggers:
                owners.setdefault(word, []).append(rule)
    return AhoCorasick(list(owners)), list(owners.values())
