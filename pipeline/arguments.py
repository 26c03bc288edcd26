"""What several commands have in common: arguments, the recipe that they name, what they print."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_RECIPE = "configs/default.toml"


def as_path(_: click.Context, __: click.Parameter, value: str) -> Path:
    """Return an argument as a path."""
    from pathlib import Path

    return Path(value)


setting = click.option(
    "--set", "settings", multiple=True, metavar="SECTION.OPTION=VALUE", help="Override an option."
)
published = click.argument("output", default="output", callback=as_path)
_output = click.option(
    "--output",
    default="output",
    show_default=True,
    metavar="DIR",
    help="Where it was published.",
    callback=as_path,
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def output_option(function: Any) -> Any:
    """Declare the option that names an output, whose files may have been damaged since."""

    @wraps(function)
    def reading(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            arrow = sys.modules.get("pyarrow")
            if arrow is None or not isinstance(error, arrow.ArrowException):
                raise
            from pipeline.errors import VerifyError

            hint = f"run: python -m pipeline verify --deep {kwargs['output']}"
            raise VerifyError(f"a published file cannot be read: {error}", hint) from error

    return _output(reading)


def recipe_options(function: Any) -> Any:
    """Declare the options that name a recipe and override parts of it."""
    config = click.option("--config", metavar="FILE", help=f"Recipe. [default: {DEFAULT_RECIPE}]")
    return config(setting(function))


def load_recipe(
    config: str | None, settings: Sequence[str], flags: dict[str, Any] | None = None
) -> Any:
    """Load the recipe with the settings and flags that were given; a flag of None was not."""
    from pipeline.recipe import load, parse_setting

    given = {name: value for name, value in (flags or {}).items() if value is not None}
    path = config or (DEFAULT_RECIPE if os.path.exists(DEFAULT_RECIPE) else None)
    return load(path, {**dict(map(parse_setting, settings)), **given})


def print_lines(lines: Iterable[str], otherwise: str = "", as_it_is: bool = False) -> int:
    """Print lines, and return how many; where there are none, say `otherwise` on stderr."""
    from pipeline.report.terminal import harmless

    count = 0
    for line in lines:
        click.echo(line if as_it_is else harmless(line), color=as_it_is or None)
        count += 1
    if not count and otherwise:
        click.echo(otherwise, err=True)
    return count


def json_text(value: Any) -> str:
    """Return a value as JSON for people."""
    import json

    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
