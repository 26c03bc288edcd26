"""Write pipeline/tables/script/fold.tsv: one Simplified character for each Traditional one.

Source: OpenCC (Apache-2.0), configuration t2s, character by character. This is a table for
*matching*, not for conversion: 乾 becomes 干 wherever it stands.
"""

from pathlib import Path

import opencc

HEAD = """\
# Traditional (and variant) characters and the Simplified one that stands for them in matching.
# From OpenCC (Apache-2.0), t2s and tw2s/hk2s variants, by tools/build_script_fold.py.
"""


def in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def main() -> None:
    converters = [opencc.OpenCC(name) for name in ("t2s", "tw2s", "hk2s")]
    pairs: dict[str, str] = {}
    for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)):
        char = chr(code)
        # t2s alone may change what GB 2312 has (後, 於): the others turn 么 into 幺.
        for converter in converters[:1] if in_gb2312(char) else converters:
            plain = converter.convert(char)
            if plain != char and len(plain) == 1 and ord(plain) < 0x10000:
                pairs.setdefault(char, plain)
    # A chain (a → b, b → c) would make folding depend on how often it is done.
    for char, plain in pairs.items():
        pairs[char] = pairs.get(plain, plain)
    out = Path(__file__).parents[1] / "pipeline/tables/script/fold.tsv"
    out.write_text(HEAD + "".join(f"{a}\t{b}\n" for a, b in sorted(pairs.items())), "utf-8")


if __name__ == "__main__":
    main()
