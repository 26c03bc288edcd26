"""The language of a text, as far as its script and a few words show it: at next to no cost."""

from __future__ import annotations

from pipeline.text.scripts import JAPANESE, KOREAN, OTHER

_BY_SCRIPT = {JAPANESE: "ja", KOREAN: "ko"}
# The commonest English words that no other language in Latin letters has among its own.
_ENGLISH = frozenset("the of and is was are that this with from which have has been not you".split())
_SAMPLE = 2000  # characters: some three hundred words
# English prose has 0.25-0.4 of these words, a list of commands 0.05; Dutch and Swedish share
# `is`, `was`, `of`, which stay under 0.04 of theirs.
_ENGLISH_MIN = 0.06


def language(script: str, text: str) -> str:
    """Return `zh`, `ja`, `ko`, `en` or `other`. Text in Han without kana counts as Chinese."""
    if script != OTHER:
        return _BY_SCRIPT.get(script, "zh")
    words = text[:_SAMPLE].lower().split()
    found = sum(word in _ENGLISH for word in words)
    return "en" if found > _ENGLISH_MIN * len(words) else "other"
