"""Write pipeline/tables/script/t2s_phrases.tsv: the words of OpenCC's t2s.

Source: OpenCC (Apache-2.0), TSPhrases. `pipeline/text/t2s.py` reads them, and asks OpenCC itself
for the single characters.
"""

from __future__ import annotations

from pathlib import Path

from build_script_only import dictionary

HEAD = "# Words of OpenCC's t2s (TSPhrases, Apache-2.0), by tools/build_t2s_phrases.py.\n"


def main() -> None:
    rows = (f"{word}\t{forms[0]}\n" for word, forms in sorted(dictionary("TSPhrases").items()))
    out = Path(__file__).parents[1] / "pipeline/tables/script/t2s_phrases.tsv"
    out.write_text(HEAD + "".join(rows), "utf-8")


if __name__ == "__main__":
    main()
