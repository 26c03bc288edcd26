"""The import test: each room touches only what `docs/architecture.md` lets it touch."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "pipeline"
# room -> rooms that it may import. These are below all others:
BASE = {"document", "errors", "census", "runs", "tablefiles"}
ALLOWED: dict[str, set[str]] = {
    "document": set(),
    "errors": set(),
    "census": {"runs", "tablefiles"},
    "runs": set(),
    "tablefiles": set(),
    "text": {"text", "stages.base", "caches"} | BASE,
    "stages": {"stages", "text", "mojibake"} | BASE,
    "decode": {"text", "stages.base", "decode"} | BASE,
    "dedup": {"dedup", "text", "stages.base"} | BASE,
    "readers": {"readers", "stages.base", "text", "decode"} | BASE,
    "engines": {"engines", "startup", "patterns"} | BASE,
    "store": {"store", "readers", "engines.pulse", "stages.base"} | BASE,
    "copies": BASE,
    "records": {"readers", "engines.pulse"} | BASE,
    "stamps": {"plan", "readers", "store"} | BASE,
    "corpus": {"plan", "store", "dedup"} | BASE,
    "state": {"corpus", "plan", "store"} | BASE,
    "removals": {"text"} | BASE,
    "cutting": {"text", "removals"} | BASE,
    "remembered": {"dedup", "store"} | BASE,
    "totals": {"corpus", "removals", "stages", "store"} | BASE,
}


def imports(path: Path) -> set[str]:
    """Return the pipeline modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name.removeprefix("pipeline.") for name in found if name.startswith("pipeline.")}


def room(path: Path) -> str:
    """Return the room of a file: the first folder or module below the package."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_room_imports_only_what_it_may(name: str) -> None:
    files = [path for path in ROOT.rglob("*.py") if room(path) == name]
    assert files, f"no such room: {name}"
    allowed = ALLOWED[name]
    wrong = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files
        for module in imports(path)
        if module.split(".")[0] not in allowed and module not in allowed
    }
    assert not wrong


def test_the_command_line_imports_click_alone() -> None:
    """`--help` stays quick only while nothing heavy is imported at the top of these files."""
    for name in ("__init__.py", "__main__.py", "cli.py", "arguments.py", "shell.py", "errors.py"):
        tree = ast.parse((ROOT / name).read_text("utf-8"))
        top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        modules = {a.name for n in top if isinstance(n, ast.Import) for a in n.names}
        modules |= {n.module or "" for n in top if isinstance(n, ast.ImportFrom)}
        allowed = {
            "__future__",
            "click",
            "pipeline.arguments",
            "pipeline.shell",
            "collections.abc",
            "contextlib",
            "errno",
            "functools",
            "io",
            "os",
            "signal",
            "sys",
            "typing",
        }
        assert modules <= allowed
