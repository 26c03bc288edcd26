"""Write pipeline/tables/script/t2s_{phrases,characters}.tsv: the words and characters of t2s.

Source: OpenCC (Apache-2.0), TSPhrases, and what the installed OpenCC makes of each Han character;
a row is a character, and those that become it.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import opencc
from build_script_only import dictionary

TABLES = Path(__file__).parents[1] / "pipeline/tables/script"
HEAD = "# {} of OpenCC's t2s ({}, Apache-2.0), by tools/build_t2s.py.\n"
HAN = (range(0x3400, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x31350))


def main() -> None:
    rows = (f"{word}\t{forms[0]}\n" for word, forms in sorted(dictionary("TSPhrases").items()))
    text = HEAD.format("Words", "TSPhrases") + "".join(rows)
    (TABLES / "t2s_phrases.tsv").write_text(text, "utf-8")
    convert = opencc.OpenCC("t2s").convert
    pairs = sorted((convert(c), c) for codes in HAN for c in map(chr, codes) if convert(c) != c)
    rows = (
        f"{to}\t{''.join(c for _, c in some)}\n"
        for to, some in groupby(pairs, lambda pair: pair[0])
    )
    text = HEAD.format("Characters", "TSCharacters") + "".join(rows)
    (TABLES / "t2s_characters.tsv").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
