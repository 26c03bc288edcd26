"""Which script a text is in, from the counts of the census.

`Hans`, `Hant`, `Hant-TW`, `Hant-HK` (region where the text shows it), `mixed` (paragraphs or
characters of both), `Japanese`, `Korean`, `other`. Most characters are the same in both Chinese
scripts; those that are not make up a quarter to a third of running text, so that a sentence
decides. A text in which none of them occurs is called `Hans`: there is nothing to convert in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.census import Census

HANS, HANT, MIXED, JAPANESE, KOREAN, OTHER = (
    "Hans",
    "Hant",
    "mixed",
    "Japanese",
    "Korean",
    "other",
)

# Shares of kana in kana + Han. Japanese prose has 0.5-0.7, its headlines and lists 0.2; Chinese
# text about Japan that quotes titles stays under 0.05.
KANA_MIN = 0.1
# Shares of Traditional-only characters in one-script-only ones. Simplified Wikipedia and classics
# reach 0.1 with quoted names and words; Traditional text with Simplified names stays above 0.9.
HANT_MIN = 0.7
HANS_MAX = 0.15

_HAN = ("han", "han_traditional", "han_simplified", "compatibility_han")
_LETTERS = ("latin", "latin1", "latin_extended", "greek", "cyrillic", "other")


def scripts(counted: Census) -> NDArray[np.str_]:
    """Return the script of each text of a census, without region: str (n,)."""
    han = counted.count(*_HAN).astype(np.float64)
    traditional = counted.count("han_traditional").astype(np.float64)
    simplified = counted.count("han_simplified").astype(np.float64)
    kana = counted.count("kana").astype(np.float64)
    hangul = counted.count("hangul").astype(np.float64)
    letters = counted.count(*_LETTERS).astype(np.float64)
    share = traditional / np.maximum(traditional + simplified, 1)
    return np.select(
        [
            hangul > np.maximum(han, kana),
            kana > np.maximum(KANA_MIN * (kana + han), 0),
            # A Han character is about a word, so it weighs as much as eight letters.
            han * 8 <= letters,
            share >= HANT_MIN,
            share > HANS_MAX,
        ],
        [KOREAN, JAPANESE, OTHER, HANT, MIXED],
        HANS,
    )
