"""The options of `decide`: every number that a duplicate depends on."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.stages.base import Options, option

GLOBAL = "global"
_FIELDS = "site|date|title|source|input_path"
SURVIVOR_RULES = ("fewest-damage", "longest", "earliest")


@dataclass(frozen=True, slots=True, kw_only=True)
class DedupOptions(Options):
    """Options of duplicate search across the corpus."""

    exact: bool = option(True, "drop documents whose shadow text is that of another")
    near: bool = option(True, "drop documents that are verified near-duplicates of another")
    ngram: int = option(5, "characters of a shingle", ge=2, le=32)
    bands: int = option(20, "bands of the index: more find more", ge=1, le=64)
    rows: int = option(6, "rows of a band: more propose fewer", ge=1, le=32)
    minhash: str = option(
        "one-permutation",
        "what the bands are made of: sketches, or the signatures that are published (affine32, as "
        "datasketch's), at ten times the cost",
        pattern="^(one-permutation|affine32)$",
    )
    passages: int = option(
        8, "passages of each text that propose excerpts and cut copies; 0 turns it off", ge=0, le=64
    )
    jaccard: float = option(
        0.7, "near-duplicates share at least this much of their shingles", gt=0, le=1
    )
    containment: float = option(
        0.9, "or the shorter lies in the longer by at least this much; 1.01 turns it off", gt=0
    )
    size_ratio: float = option(
        0.5, "containment counts only where shorter / longer is at least this", ge=0, le=1
    )
    same_numbers: bool = option(
        True, "keep texts of one form apart that have other numbers in the same places"
    )
    floor: float = option(
        0.5,
        "the copy of a copy goes as well where it has at least this Jaccard with what stays",
        ge=0,
        le=1,
    )
    min_chars: int = option(50, "shadow texts below this are compared by exact hash only", ge=1)
    survivor: tuple[str, ...] = option(
        SURVIVOR_RULES,
        "who stays, first rule first; the smallest key wins what is left",
        choices=SURVIVOR_RULES,
    )
    max_anchors: int = option(
        64,
        "survivors that a group of candidates is compared with in full; a flood meets this cap",
        ge=1,
    )
    scope: str = option(
        GLOBAL,
        "compare all documents, or only those that agree in a field, or in several: title+date",
        pattern=rf"^({GLOBAL}|({_FIELDS})(\+({_FIELDS}))*)$",
        shape=f"{GLOBAL}, or one or more of {_FIELDS.replace('|', ', ')}, joined by +",
    )
    mode: str = option(
        "rebuild",
        "rebuild: the result depends on the set of documents alone; sticky: what was published "
        "stays",
        pattern="^(rebuild|sticky)$",
    )
    paragraphs: str = option(
        "mark",
        "what becomes of long paragraphs found in another document",
        pattern="^(off|mark|drop)$",
    )
    paragraph_chars: int = option(
        100, "shadow characters from which a paragraph is looked for in other documents", ge=30
    )
    paragraph_jaccard: float = option(
        0.8, "paragraphs of two documents that share this much are the same", gt=0, le=1
    )
    publish_signatures: bool = option(
        False, "publish the MinHash signatures, as datasketch's affine32, in a column of their own"
    )

    @property
    def num_perm(self) -> int:
        """Permutations of a signature."""
        return self.bands * self.rows
