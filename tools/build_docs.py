"""Writes docs/reference/: stages with options and examples, the published columns, the commands.

    PYTHONPATH=. python tools/build_docs.py [--check]

And pipeline/tables/rule_examples.json, which `python -m pipeline rule` shows. All of it derives
from the registry, the schema, the command line and tests/cases; --check exits with 1 where a file
is not what it should be.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from pipeline.census import ALWAYS, NAMES
from pipeline.cli import cli
from pipeline.document import Document
from pipeline.recipe import default_of, sections
from pipeline.report.explain import in_context, plain_marks
from pipeline.report.recipes import toml_value
from pipeline.report.rules import explain_rule
from pipeline.stages import ORDER, registry
from pipeline.stages.chain import run_text
from pipeline.store.schema import CLUSTERS, DATA, DROPPED, EDITS, LEDGER, QUARANTINE, SITE_LINES
from pipeline.text.boilerplate.rules import builtin_rules

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests/cases"
EXAMPLES = ROOT / "pipeline/tables/rule_examples.json"
SHORT = 60  # characters of an example that fits a row
FIRST = 6  # examples of a stage that are shown whatever their rules
MADE = "<!-- made by tools/build_docs.py: do not edit -->\n\n"


def shown(text: str) -> str:
    """Return a text as code in a table row."""
    lines = text.replace("\n", "⏎").replace("|", "\\|").replace("`", "ˋ")
    visible = "".join(
        c if c.isprintable() or (c.isspace() and c >= " ") else f"\\u{ord(c):04x}" for c in lines
    )
    return f"`{visible}`" if visible.strip() else "(nothing)"


def options_table(kind: type[Any]) -> list[str]:
    """Return the options of a section as a table."""
    rows = ["| option | default | what it does |", "|---|---|---|"]
    for f in fields(kind):
        rows.append(f"| `{f.name}` | `{toml_value(default_of(f))}` | {f.metadata['doc']} |")
    return rows


def cases(stage: str) -> list[dict[str, Any]]:
    """Return the short cases of a stage."""
    path = CASES / f"{stage}.toml"
    if not path.is_file():
        return []
    rows = tomllib.loads(path.read_text("utf-8"))["case"]
    return [row for row in rows if len(row["input"]) <= SHORT]


def telling(stage: str, rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the first cases with the rules that they show, and every one that shows a new rule."""
    seen: set[str] = set()
    for number, row in enumerate(rows):
        out = run_text(row["input"], [stage], {stage: row.get("options", {})})
        edits = out.edits if isinstance(out, Document) else ()
        rules = {rule for edit in edits for rule in edit.rule.split("+")}
        if rules - seen or number < FIRST:
            seen |= rules
            yield row, ", ".join(f"`{rule}`" for rule in sorted(rules))


def rule_examples() -> str:
    """Return JSON of every rule that the cases show: its stage, an edit in context, and why."""
    found: dict[str, tuple[int, dict[str, str]]] = {}
    for name, _ in ORDER:
        for row in tomllib.loads((CASES / f"{name}.toml").read_text("utf-8"))["case"]:
            out = run_text(row["input"], [name], {name: row.get("options", {})})
            if row["kind"] == "known-failure" or not isinstance(out, Document):
                continue
            for edit in out.edits:
                shown = in_context(row["input"], edit, plain_marks())
                for rule in edit.rule.split("+"):
                    size = len(shown) + 1000 * (rule != edit.rule)
                    if rule not in found or size < found[rule][0]:
                        said = {"stage": name, "example": shown, "why": row["why"]}
                        found[rule] = (size, said)
    return json.dumps({k: v for k, (_, v) in sorted(found.items())}, ensure_ascii=False, indent=0)


def stages_page() -> str:
    """Return the page of the stages."""
    lines = ["# Stages", "", "In the order in which they run.", ""]
    for stage, (name, why) in zip(registry(), ORDER, strict=True):
        summary = stage.summary[0].upper() + stage.summary[1:]
        lines += [f"## {name}", "", f"{summary}.", "", f"Why it stands here: {why}.", ""]
        if stage.wakes == ALWAYS:
            lines.append("Sees every document.")
        else:
            woken = [c for i, c in enumerate(NAMES) if stage.wakes >> i & 1]
            lines.append(f"Woken by: {', '.join(woken)}.")
        lines += ["", *options_table(stage.options), ""]
        rows = cases(name)
        changed = [r for r in rows if r["kind"] in ("wild", "synthetic") and "expect" in r]
        kept = [r for r in rows if r["kind"] == "negative"][:6]
        if changed:
            lines += ["| before | after | rule | why |", "|---|---|---|---|"]
            lines += [
                f"| {shown(r['input'])} | {shown(r['expect'])} | {names} | {r['why']} |"
                for r, names in telling(name, changed)
            ]
            lines.append("")
        if kept:
            lines += ["| left alone | why |", "|---|---|"]
            lines += [f"| {shown(r['input'])} | {r['why']} |" for r in kept]
            lines.append("")
    return "\n".join(lines)


def recipe_page() -> str:
    """Return the page of all sections of a recipe."""
    lines = ["# Options of a recipe", ""]
    for name, kind in sections().items():
        lines += [f"## [{name}]", "", (kind.__doc__ or "").split("\n")[0], ""]
        lines += [*options_table(kind), ""]
    return "\n".join(lines)


def columns_page() -> str:
    """Return the page of the published tables."""
    lines = ["# What is published", ""]
    tables = {
        "data": DATA, "audit/edits.parquet": EDITS, "audit/dropped.parquet": DROPPED,
        "audit/clusters.parquet": CLUSTERS, "audit/site_lines.parquet": SITE_LINES,
        "quarantine": QUARANTINE, "ledger": LEDGER,
    }  # fmt: skip
    for name, columns in tables.items():
        lines += [f"## {name}", "", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{c.name}` | {c.type} | {c.doc} |" for c in columns]
        lines.append("")
    return "\n".join(lines)


def commands_page() -> str:
    """Return the help of every command."""
    lines = ["# Commands", ""]

    def add(command: click.Command, path: str) -> None:
        context = click.Context(command, info_name=path)
        lines.extend([f"## {path}", "", "```text", command.get_help(context), "```", ""])
        if isinstance(command, click.Group):
            for name, child in sorted(command.commands.items()):
                add(child, f"{path} {name}")

    add(cli, "python -m pipeline")
    return "\n".join(lines)


def rules_page() -> str:
    """Return every boilerplate rule with its examples."""
    lines = ["# Boilerplate rules", ""]
    for rule in builtin_rules():
        lines += [f"## {rule.id}", "", "```text", explain_rule(rule), "```", ""]
    return "\n".join(lines)


PAGES = {
    "rules.md": rules_page,
    "stages.md": stages_page,
    "recipe.md": recipe_page,
    "columns.md": columns_page,
    "commands.md": commands_page,
}


def main() -> int:
    """Write the pages, or check them."""
    folder = ROOT / "docs/reference"
    folder.mkdir(parents=True, exist_ok=True)
    stale = []
    texts = {folder / name: MADE + page().rstrip("\n") + "\n" for name, page in PAGES.items()}
    texts[EXAMPLES] = rule_examples() + "\n"
    for path, text in texts.items():
        if not path.is_file() or path.read_text("utf-8") != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text, "utf-8")
    if stale and "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}; run: python tools/build_docs.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
