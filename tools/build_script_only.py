"""Write pipeline/tables/script/only.tsv: the characters that occur in one script only.

Source: OpenCC (Apache-2.0), its dictionaries as `opencc_dict` unpacks them. Characters that both
scripts use (后, 里, 干, 于, 台, ...) are in neither list.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import opencc

HEAD = """\
# Characters of one script only, from OpenCC (Apache-2.0), by tools/build_script_only.py.
# traditional: t2s changes it, and it is no character of Simplified text.
# simplified: s2t, s2tw and s2hk all change it, and none of its Traditional forms is itself.
"""
# In Simplified text too, in the name of a county. 徵, 瞭, 藉, 於 are as well, but rarely enough.
ALSO_SIMPLIFIED = set("乾")
# Both are in use in Taiwan and Hong Kong, although OpenCC knows only the other form there.
ALSO_TRADITIONAL = set("并荐晒皂")


def dictionary(name: str) -> dict[str, list[str]]:
    """Return one of OpenCC's dictionaries: word -> candidates."""
    clib = Path(opencc.__file__).parent / "clib"
    with TemporaryDirectory() as folder:
        out = Path(folder, "d.txt")
        source = clib / f"share/opencc/{name}.ocd2"
        subprocess.run(
            [clib / "bin/opencc_dict", "-i", source, "-o", out, "-f", "ocd2", "-t", "text"],
            check=True,
            capture_output=True,
        )
        rows = [line.split("\t") for line in out.read_text("utf-8").splitlines()]
    return {word: forms.split() for word, forms in rows}


def main() -> None:
    t2s = opencc.OpenCC("t2s")
    to_traditional = [opencc.OpenCC(name) for name in ("s2t", "s2tw", "s2hk")]
    forms = dictionary("STCharacters")
    variants = {
        form
        for name in ("TWVariants", "HKVariants")
        for row in dictionary(name).values()
        for form in row
    }
    han = [chr(c) for c in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    traditional = [c for c in han if t2s.convert(c) != c and c not in ALSO_SIMPLIFIED]
    # A character that is itself the Traditional form of another is used in both.
    shared = {form for row in forms.values() for form in row} | variants | ALSO_TRADITIONAL
    shared.update(traditional)
    simplified = [
        c
        for c in han
        if c not in shared and all(converter.convert(c) != c for converter in to_traditional)
    ]
    out = Path(__file__).parents[1] / "pipeline/tables/script/only.tsv"
    rows = f"traditional\t{''.join(traditional)}\nsimplified\t{''.join(simplified)}\n"
    out.write_text(HEAD + rows, "utf-8")


if __name__ == "__main__":
    main()
