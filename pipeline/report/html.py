"""The report of a version: one offline HTML file, escaped, that needs no script to be read."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.report.difference import edit_spans, visible, visible_change
from pipeline.report.recipes import toml_value
from pipeline.report.sitelines import told
from pipeline.report.summary import LENGTH_BITS, merge
from pipeline.report.terminal import counted

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"
SECTIONS = (
    ("verdict", "Verdict"),
    ("funnel", "Funnel"),
    ("edits", "Edits"),
    ("removed", "Removed lines"),
    ("sites", "Sites"),
    ("duplicates", "Duplicates"),
    ("shape", "Lengths and kinds"),
    ("quarantine", "Quarantine"),
    ("reproduction", "Reproduction"),
)
CHANGES = 24  # changes within one long edit that an example shows
SAME = 30  # characters of equal text at either end of it
MANY_QUARANTINED = 0.01
MANY_DROPPED = 0.5
ONE_RULE = 0.2  # a rule that takes this share of the paragraphs is looked at
A_NIGHT = 0.1  # change of the number of kept documents that is worth a word


def read_summary(version: Path) -> dict[str, Any]:
    """Return the merged summary of a version's parts."""
    folder = version / "audit/summaries"
    summary = merge(json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json")))
    examples = [row for rows in summary["examples"].values() for row in rows]
    notes = told(version, (row["note"] for row in examples))
    for row in examples:
        row["note"] = notes.get(row["note"], row["note"])
    return summary


def telling(summary: Mapping[str, Any]) -> str:
    """Return the id of a document of which there is something to tell; empty where there is none.

    It is the one that most of the examples are from.
    """
    ids = Counter(row["id"] for rows in summary["examples"].values() for row in rows)
    return min(ids, key=lambda name: (-ids[name], name), default="")


def alerts(
    facts: Mapping[str, Any], summary: Mapping[str, Any], change: Mapping[str, Any] | None
) -> list[tuple[str, str]]:
    """Return what a keeper should look at: (error | warning | note, text), worst first."""
    order = ("error", "warning", "note")
    found = [*_of_documents(facts), *_of_rules(facts, summary), *_of_damage(summary)]
    found += _of_change(facts, change)
    return sorted(found, key=lambda row: order.index(row[0]))


def _of_documents(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    documents = facts["funnel"]["documents"]
    total = max(documents["in"], 1)
    if failed := facts["reasons"].get("stage-failed", 0):
        yield "error", f"a stage failed on {counted(failed, 'document')}: please report this"
    if not documents["kept"]:
        yield "error", "no document was kept"
    if bad := documents["quarantined"]:
        level = "warning" if bad / total >= MANY_QUARANTINED else "note"
        yield level, f"in quarantine: {counted(bad, 'record')} ({bad / total:.1%})"
    if documents["dropped"] / total >= MANY_DROPPED:
        yield "warning", f"{documents['dropped'] / total:.0%} of the documents dropped"


def _of_rules(facts: Mapping[str, Any], summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    every = facts["funnel"]["paragraphs"]["in"]
    for unit, stage, reason, n in summary["dropped"]:
        if unit == "paragraph" and n >= ONE_RULE * max(every, 1):
            yield "warning", f"{stage}:{reason} removed {n:,} of {every:,} paragraphs"
    if uncompared := facts.get("dedup", {}).get("uncompared", 0):
        text = f"not compared with all of their group: {uncompared:,} (dedup.max_anchors)"
        yield "warning", text


def _of_damage(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    damage = summary["damage"]
    if damage["marks"]:
        where = counted(damage["documents"], "document")
        yield "note", f"characters that stay damaged (�): {damage['marks']:,} in {where}"


def _of_change(
    facts: Mapping[str, Any], change: Mapping[str, Any] | None
) -> Iterator[tuple[str, str]]:
    if change is not None and change["kept_before"]:
        moved = facts["funnel"]["documents"]["kept"] / change["kept_before"] - 1
        if abs(moved) >= A_NIGHT:
            yield "warning", f"documents kept: {moved:+.0%} against the version before"


def render(
    name: str,
    version: str,
    facts: Mapping[str, Any],
    summary: Mapping[str, Any],
    change: Mapping[str, Any] | None,
    pairs: Sequence[Mapping[str, Any]],
    band: Sequence[Mapping[str, Any]],
    before: Sequence[int],
) -> str:
    """Return the report. `before`: documents by power of two of their characters as they came."""
    style, script = ((TEMPLATES / f"report.{kind}").read_text("utf-8") for kind in ("css", "js"))
    order = list(facts["edits"])
    shown = sorted(summary["examples"].items(), key=lambda item: _place(order, item[0]))
    learned = [row for row in summary["removed"] if row["stage"] == "sites"]
    return template("report.html.j2").render(
        {**facts, **summary},
        name=name,
        version=version,
        published=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(facts["published_at"])),
        sections=SECTIONS,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        alerts=alerts(facts, summary, change),
        change=change,
        headline=headline(facts),
        stages=sorted(summary["stages"].items(), key=lambda item: _place(order, item[0])),
        examples=[(stage, [_shown(row) for row in rows]) for stage, rows in shown],
        learned=learned,
        dropped=_by_unit(summary["dropped"]),
        pairs=pairs,
        band=band,
        histogram=histogram(before, summary["lengths"]),
        peak=max(*before, *summary["lengths"]),
        columns={
            title: sorted(counts.items(), key=lambda item: -item[1])
            for title, counts in summary["columns"].items()
        },
        recipe=_recipe(facts["recipe"]),
    )


@cache
def template(name: str) -> Template:
    """Return a template; kept compiled as Python keeps modules, which saves 35 ms of a run."""
    from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader

    kept = TEMPLATES / "__pycache__"
    with suppress(OSError):
        kept.mkdir(exist_ok=True)
    write = not sys.dont_write_bytecode and os.access(kept, os.W_OK)
    cache = FileSystemBytecodeCache(str(kept)) if write else None
    loader = FileSystemLoader(TEMPLATES)
    plain = name.endswith(".md.j2")  # of which a line with nothing but a tag leaves no line
    environment = Environment(
        autoescape=not plain,  # noqa: S701  a card is no page
        trim_blocks=plain, keep_trailing_newline=plain, loader=loader, bytecode_cache=cache,
    )  # fmt: skip
    return environment.get_template(name)


def headline(facts: Mapping[str, Any]) -> str:
    """Return the result of a run in two sentences."""
    documents, characters = facts["funnel"]["documents"], facts["funnel"]["characters"]
    return (
        f"{documents['kept']:,} of {documents['in']:,} documents kept, {documents['dropped']:,} "
        f"dropped, {documents['quarantined']:,} in quarantine. They hold {characters['kept']:,} of "
        f"{characters['in']:,} characters, after {sum(facts['edits'].values()):,} edits."
    )


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an example with its spans, on one line, nothing in it invisible."""
    cuts = dict(zip(("del", "ins"), row["cut"], strict=True))
    parts = edit_spans(row["before"], row["after"], SAME, CHANGES)
    seen = [(op, visible_change(t) if op in cuts else visible(t)) for op, t in parts]
    longest = max(row["cut"])
    if longest and any(op == "same" for op, _ in seen):
        seen.append(("more", f" … {longest:,} more characters …"))
    elif longest:
        seen = [
            (op, t + (f" … {cuts[op]:,} more characters" if cuts[op] else "")) for op, t in seen
        ]
    return {**row, "left": visible(row["left"]), "right": visible(row["right"]), "spans": seen}


def _by_unit(rows: Sequence[Sequence[Any]]) -> dict[str, list[Sequence[Any]]]:
    """Return the rows of audit/dropped by what was dropped, documents first."""
    units = sorted({row[0] for row in rows})
    return {f"{unit}s": [row for row in rows if row[0] == unit] for unit in units}


def histogram(before: Sequence[int], after: Sequence[int]) -> list[dict[str, Any]]:
    """Return the bars of the length plot, 620 × 210 units."""
    used = [k for k in range(LENGTH_BITS) if before[k] or after[k]]
    if not used:
        return []
    first, last = used[0], used[-1]
    top = max(*before, *after, 1)
    width = 600 / (last - first + 1)
    bars = []
    for k in range(first, last + 1):
        h0, h1 = (round(150 * counts[k] / top, 1) for counts in (before, after))
        x = 10 + (k - first) * width
        bars.append({
            "x": round(x, 1), "x1": round(x + width * 0.42, 1), "w": round(width * 0.4, 1),
            "y0": 178 - h0, "h0": h0, "y1": 178 - h1, "h1": h1, "label": _length(k),
            "n0": before[k], "n1": after[k],
            "title": f"{_length(k)} to {_length(k + 1)} characters",
        })  # fmt: skip
    return bars


def _length(k: int) -> str:
    n = 1 << (k - 1) if k else 0
    return f"{n >> 20}M" if n >= 1 << 20 else f"{n >> 10}k" if n >= 1 << 10 else str(n)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _place(order: Sequence[str], stage: str) -> int:
    return order.index(stage) if stage in order else len(order)


def _recipe(sections: Mapping[str, Mapping[str, Any]]) -> str:
    return "\n".join(
        f"[{section}]\n" + "".join(f"{k} = {toml_value(v)}\n" for k, v in options.items())
        for section, options in sections.items()
    )
