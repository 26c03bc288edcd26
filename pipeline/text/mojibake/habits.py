"""What a text shows about how it is written, and about what was done to it.

Where bytes are unknown, the rest of the text is the best witness: which words it uses, which
script, which width, and whether a replacement ran over its bytes.
"""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np

from pipeline.census import NAMES, census, class_table, code_points
from pipeline.text.ngram import BITS, Model

SURE, SURE_LOST = 0.8, 0.97
"""Share of the likelihood that one character must have among all that the known byte allows:
where a replacement on bytes did it, and where a byte was lost."""
_DOUBLED = re.compile(",(?=[,、。;!?，；！？])")
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_NARROWED = re.compile("[\u4e00-\u9fff][,;:!()]|[,;:!()][\u4e00-\u9fff]")
_FULL_WIDTH = re.compile("[\uff01-\uff5e\u3000]")
OWN_PAIR = -2.5
"""Log-probability of the second character of a pair that the text uses throughout."""
ANNOTATION = re.compile(
    "\\([a-z]{0,4}[\u00e0-\u00fc\u0101-\u01dc][a-z\u00e0-\u00fc\u0101-\u01dc]{0,4}\\)"
)


class Habits:
    """The habits of one text."""

    def __init__(self, text: str, model: Model) -> None:
        """Take the text, and the model whose judgement its own words correct."""
        self.text = text
        self.model = model

    @cached_property
    def own_pairs(self) -> frozenset[int]:
        """Return the pairs of Han characters that the text itself has three times, as keys.

        A text on 槐蔭 says 槐蔭 again and again, which no general model expects.
        """
        codes = code_points(ANNOTATION.sub("", self.text))
        han = (codes >= 0x3400) & (codes < 0xA000)
        symbols = self.model.symbols(codes)
        keys = (symbols[:-1] << np.uint32(BITS) | symbols[1:])[han[:-1] & han[1:]]
        pairs, counts = np.unique(keys, return_counts=True)
        return frozenset(pairs[counts >= 3].tolist())

    def log_prob(self, a: int, b: int, c: int) -> float:
        """Return ln p(c | a b) of three symbols; pairs of the text's own are never unlikely."""
        score = self.model.log_prob(a, b, c)
        own = score < OWN_PAIR and (b << BITS | c) in self.own_pairs
        return OWN_PAIR if own else score

    @cached_property
    def doubled(self) -> bool:
        """Tell whether a comma stands before most marks of the text: a replacement put it there."""
        doubled = len(_DOUBLED.findall(self.text))
        return doubled >= 2 and doubled * 2 > sum(map(self.text.count, "。、;!，；！"))

    def of_script(self, one: str, two: str) -> str:
        """Return of two forms of one character the one that the text uses, or its script's."""
        if not one or (two in self.text) != (one in self.text):
            return two if not one or two in self.text else one
        wanted = NAMES.index("han_traditional" if self.traditional else "han_simplified")
        return two if class_table()[ord(two)] == wanted else one

    @cached_property
    def traditional(self) -> bool:
        """Tell whether the text has more Traditional than Simplified characters."""
        counts = census([self.text])
        return bool(counts.count("han_traditional")[0] > counts.count("han_simplified")[0])

    def in_width(self, text: str) -> str:
        """Narrow what was found where the rest of the text has been narrowed."""
        return text if self.full_width else text.translate(_NARROW)

    @cached_property
    def full_width(self) -> bool:
        """Tell whether the text keeps full-width forms of ASCII, as far as it shows."""
        return bool(_FULL_WIDTH.search(self.text)) or not _NARROWED.search(self.text)

    @cached_property
    def sure(self) -> float:
        """How sure an unknown byte must be: nothing was lost where a replacement did it."""
        replaced = self.doubled or len(ANNOTATION.findall(self.text)) >= 3
        return SURE if replaced else SURE_LOST
