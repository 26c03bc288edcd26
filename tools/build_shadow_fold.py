"""Write pipeline/tables/shadow/fold.tsv: characters that a shadow text writes as one.

Source: OpenCC (Apache-2.0), converted character by character: t2s, and tw2s and hk2s where t2s
leaves a character alone (著 → 着, 裡 → 里). A shadow is only compared and never read, so a fold
may lose what a conversion must keep (乾 → 干). Characters outside the Basic Multilingual Plane fold
onto one inside it wherever there is one, as code units of UTF-16 are what is looked up.
"""

from pathlib import Path

import opencc

HEAD = """\
# Characters that a shadow text writes as the first of the row, from OpenCC (Apache-2.0), by
# tools/build_shadow_fold.py.
"""
BLOCKS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0x20000, 0x2A6E0), (0x2A700, 0x323B0))


def main() -> None:
    converters = [opencc.OpenCC(name) for name in ("t2s", "tw2s", "hk2s")]
    parent: dict[str, str] = {}

    def root(c: str) -> str:
        while c in parent:
            c = parent[c]
        return c

    for code in (code for first, end in BLOCKS for code in range(first, end)):
        c = chr(code)
        forms = [f for f in (k.convert(c) for k in converters) if f != c and len(f) == 1]
        if forms:
            a, b = root(c), root(forms[0])
            if a != b:
                low, high = (b, a) if ord(b) < 0x10000 or ord(a) >= 0x10000 else (a, b)
                parent[high] = low
    rows: dict[str, list[str]] = {}
    for c in sorted(parent):
        rows.setdefault(root(c), []).append(c)
    out = Path(__file__).parents[1] / "pipeline/tables/shadow/fold.tsv"
    lines = [f"{to}\t{''.join(chars)}\n" for to, chars in sorted(rows.items())]
    out.write_text(HEAD + "".join(lines), "utf-8")


if __name__ == "__main__":
    main()
