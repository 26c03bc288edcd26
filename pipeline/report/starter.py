"""A recipe to start from: every section and option, commented out, with what it does."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

from pipeline.recipe import default_of, sections
from pipeline.report.recipes import toml_value

HEAD = """\
# A recipe. Only what you want otherwise needs to be here: each line that begins with "# " shows an
# option with its default. Check it with: python -m pipeline check {name}

"""


def starter(name: str, paths: tuple[str, ...], output: str) -> str:
    """Return the text of a commented recipe that reads `paths` and publishes to `output`."""
    given = {"input.paths": list(paths), "output.path": output}
    lines = []
    for section, kind in sections().items():
        about = (kind.__doc__ or "").split("\n")[0]
        lines += [f"# ---- {about}", f"[{section}]"]
        for f in fields(kind):
            value = given.get(f"{section}.{f.name}", default_of(f))
            off = "" if f"{section}.{f.name}" in given else "# "
            lines += [f"# {f.metadata['doc']}", f"{off}{f.name} = {toml_value(value)}"]
        lines.append("")
    return _for_editors(name) + HEAD.format(name=name) + "\n".join(lines)


def _for_editors(name: str) -> str:
    """Return the line by which an editor finds the schema, where this is a copy of the project."""
    schema = Path("configs/recipe.schema.json")
    if not schema.is_file():
        return ""
    path = os.path.relpath(schema, Path(name).parent)
    return f"#:schema {path if path.startswith('.') else './' + path}\n"
