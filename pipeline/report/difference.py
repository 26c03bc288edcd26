"""Texts as people look at them: on one line, nothing invisible, and where two of them differ."""

from __future__ import annotations

SAME = 40  # characters of equal text that are shown whole, at either end
ALIKE = 0.3  # similarity (0-1) from which two texts are shown as one with differences
NAMED = 4  # invisible characters of a text that are named by their code
SHORT = 8  # characters below which two texts are simply shown one after the other
Spans = list[tuple[str, str]]


def spans(old: str, new: str, same: int = SAME) -> Spans:
    """Return (same | del | ins, text) that lead from old to new; long sames shortened."""
    from rapidfuzz.distance import Levenshtein

    out: Spans = []
    for op in Levenshtein.opcodes(old, new):
        if op.tag == "equal":
            text = old[op.src_start : op.src_end]
            short = text if len(text) <= 2 * same else f"{text[:same]} … {text[-same:]}"
            out.append(("same", short))
            continue
        out += [("del", old[op.src_start : op.src_end]), ("ins", new[op.dest_start : op.dest_end])]
    return [(kind, text) for kind, text in out if text]


def edit_spans(before: str, after: str, same: int, most: int) -> Spans:
    """Return the spans of an edit: in parts where its two texts are alike, else one, then other.

    Of a long one the first `most` differences are shown, and how many more there are.
    """
    if min(len(before), len(after)) >= SHORT:
        from rapidfuzz.distance import Levenshtein

        if Levenshtein.normalized_similarity(before, after) >= ALIKE:
            every = spans(before, after, same)
            places = [i for i, (kind, _) in enumerate(every) if kind != "same"]
            if len(places) <= 2 * most:  # a difference is mostly two spans: what went, what came
                return every
            left = (len(places) - 2 * most) // 2
            return [*every[: places[2 * most]], ("more", f" … {left:,} more changes …")]
    return [(kind, text) for kind, text in (("del", before), ("ins", after)) if text]


def visible(text: str) -> str:
    """Return text on one line in which nothing can move a cursor: ⏎ for a line end.

    A few other invisible characters are named; many, as mis-decoded text has them, are boxes.
    """
    hidden = sum(not c.isprintable() for c in text) - text.count("\n") - text.count("\u3000")
    return "".join(
        c if c.isprintable() or c == "\u3000"
        else "⏎" if c == "\n"
        else f"\\u{ord(c):04x}" if hidden <= NAMED
        else "▯"
        for c in text
    )  # fmt: skip


def visible_change(text: str) -> str:
    """Return a removed or inserted text as `visible` does; one of blanks alone shows them."""
    shown = visible(text)
    return shown if shown.strip() else shown.replace(" ", "␣").replace("\u3000", "\\u3000")


def shorten(text: str, most: int) -> str:
    """Return a text, or its two ends where it has more than `most` characters."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters … {text[-half:]}"
