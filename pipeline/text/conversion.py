"""Script conversion: OpenCC with our tables read ahead of its own.

OpenCC takes its dictionaries from a configuration file. A chain here is one of OpenCC's, with a
group of our rows put before each of its dictionaries, so that its native engine applies the
repairs at no cost of ours. A row wins by leftmost, then longest match, over anything of OpenCC's.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Convert = Callable[[str], str]

TABLES = {"hans": "to_hans.toml"}
"""The tables of repairs, by the script that a chain writes."""


def read_tables(target: str) -> list[dict[str, Any]]:
    """Return the tables of repairs for one target script, as they stand in the file."""
    name = TABLES[target]
    text = files("pipeline").joinpath("tables/script", name).read_text("utf-8")
    tables: list[dict[str, Any]] = tomllib.loads(text)["table"]
    return tables


def rows_of(table: dict[str, Any], plain: Convert) -> Iterator[tuple[str, str]]:
    """Yield (before, after) for each word of a table; `plain` converts what is not kept.

    A word without `>` is converted but for the characters in `keep`.
    """
    keep = table.get("keep", "")
    # Characters to keep hide behind private-use ones, which no dictionary knows.
    hide = {ord(c): 0xE000 + i for i, c in enumerate(keep)}
    show = {0xE000 + i: c for i, c in enumerate(keep)}
    for word in table["words"].split():
        before, given, after = word.partition(">")
        yield before, after if given else plain(before.translate(hide)).translate(show)


@cache
def plain_converter(config: str) -> Convert:
    """Return OpenCC's own converter of that name, loaded at first use."""
    import opencc

    convert: Convert = opencc.OpenCC(config).convert
    return convert


@cache
def converter(config: str, target: str) -> Convert:
    """Return OpenCC's converter `config` with the repairs for `target` ahead; once a process."""
    import opencc

    share = Path(opencc.__file__).parent / "clib/share/opencc"
    chain = json.loads((share / f"{config}.json").read_text("utf-8"))
    plain = plain_converter(config)
    rows = dict(row for table in read_tables(target) for row in rows_of(table, plain))
    with TemporaryDirectory(prefix="opencc-") as folder:
        path = Path(folder, "rows.txt")
        path.write_text("".join(f"{a}\t{b}\n" for a, b in rows.items()), "utf-8")
        ours = {"type": "text", "file": str(path)}
        for step in chain["conversion_chain"]:
            step["dict"] = _ahead(ours, step["dict"])
        _make_absolute(chain, share)
        config_path = Path(folder, "chain.json")
        config_path.write_text(json.dumps(chain), "utf-8")
        convert: Convert = opencc.OpenCC(str(config_path)).convert
    return convert


def _ahead(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "group", "match_policy": "short_circuit", "dicts": [ours, theirs]}


def _make_absolute(node: object, folder: Path) -> None:
    """Give OpenCC's own dictionaries their full paths: our configuration lies elsewhere."""
    if isinstance(node, dict):
        if node.get("type") == "ocd2":
            node["file"] = str(folder / node["file"])
        for child in node.values():
            _make_absolute(child, folder)
    elif isinstance(node, list):
        for child in node:
            _make_absolute(child, folder)
