"""The language of a text, as far as its script and a few words show it: at next to no cost."""

from __future__ import annotations

from pipeline.census import Census
from pipeline.text.script.scripts import JAPANESE, KOREAN, OTHER

_BY_SCRIPT = {JAPANESE: "ja", KOREAN: "ko"}
# Words that English prose cannot do without and its neighbours do not have: `is`, `of` and `was`
# are left out, as Irish, Dutch, Afrikaans and Hungarian write them too.
_ENGLISH = frozenset(
    ["the", "and", "that", "this", "with", "from", "which", "have", "are", "not", "been"]
)
_SAMPLE = 2000  # characters: some three hundred words
# English prose has 0.15-0.3 of these words; other languages that quote English stay under 0.03.
_ENGLISH_MIN = 0.05
_LATIN_MIN = 0.8  # share of a to z in all letters; a Russian manual with English menus has 0.4


def languages(scripts: list[str], texts: list[str], counted: Census) -> list[str]:
    """Return `zh`, `ja`, `ko`, `en` or `other` for each text.

    Text in Han without kana counts as Chinese, Cantonese and Wu included.
    """
    latin = counted.count("latin")
    letters = counted.count("latin", "latin1", "latin_extended", "greek", "cyrillic", "other")
    may_be_english = (latin > _LATIN_MIN * letters).tolist()
    return [
        _BY_SCRIPT.get(script, "zh")
        if script != OTHER
        else ("en" if may and _reads_english(text) else "other")
        for script, text, may in zip(scripts, texts, may_be_english, strict=True)
    ]


def _reads_english(text: str) -> bool:
    words = text[:_SAMPLE].lower().split()
    found = [word for word in words if word in _ENGLISH]
    return len(found) > _ENGLISH_MIN * len(words) and (len(words) < 20 or len(set(found)) > 1)
