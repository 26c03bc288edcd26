"""The command line: click, loaded alone so that `--help` is quick; everything else on demand.

Data goes to stdout, progress and messages to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from pipeline.arguments import (
    json_option,
    json_text,
    load_recipe,
    output_option,
    print_lines,
    published,
    recipe_options,
    setting,
)
from pipeline.shell import RunByDefault, ended

if TYPE_CHECKING:
    from pathlib import Path


def _say_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from importlib import metadata

    try:
        click.echo(f"hanzi-pipeline {metadata.version('hanzi-pipeline')}")
    except metadata.PackageNotFoundError:
        click.echo("hanzi-pipeline, not installed: run from its folder")
    context.exit()


@click.group(cls=RunByDefault, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Clean a corpus of scraped documents: raw bytes in, clean Parquet out.

    With no command it runs the recipe configs/default.toml on seeds/ into output/.
    """


@cli.command(short_help="Clean the inputs and publish a new version.")
@recipe_options
@click.option("--input", "inputs", multiple=True, metavar="PATH", help="File, folder or glob.")
@click.option("--output", metavar="DIR", help="Where to publish.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0 is one per core.")
@click.option("--limit", type=click.IntRange(min=0), help="Stop after this many records.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--strict", is_flag=True, help="Exit with 3 where anything is in quarantine.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="JSON: one object a line, on stderr.",
)
def run(
    config: str | None,
    settings: Sequence[str],
    inputs: Sequence[str],
    output: str | None,
    workers: int | None,
    limit: int | None,
    dry_run: bool,
    strict: bool,
    log_format: str,
) -> int:
    """Clean the inputs and publish a new version."""
    from pipeline.startup import one_thread

    one_thread()
    from pipeline.driver import run as run_recipe
    from pipeline.errors import QuarantineError
    from pipeline.report.terminal import observer_for

    given = {
        "input.paths": list(inputs) or None,
        "output.path": output,
        "run.workers": workers,
        "run.limit": limit,
    }
    recipe = load_recipe(config, settings, given)
    observer = observer_for(sys.stderr, log_format)
    try:
        result = run_recipe(recipe, observer, dry_run=dry_run)
    finally:
        observer.stop()  # whatever happened, the cursor comes back
    left = result.facts["funnel"]["documents"]["quarantined"] if result.facts else 0
    if strict and left:
        raise QuarantineError(
            f"records in quarantine: {left}", "run: python -m pipeline quarantine list"
        )
    return 0


@cli.command(short_help="Filter JSONL: text in, text and edits out.")
@recipe_options
@click.option("--stages", metavar="NAMES", help="Comma-separated; default: all of the recipe.")
def pipe(config: str | None, settings: Sequence[str], stages: str | None) -> int:
    """Filter JSONL: objects with `id` and `text` in, the same with new `text` and `edits` out."""
    from pipeline.pipe import filter_stream

    names = [name.strip() for name in stages.split(",") if name.strip()] if stages else []
    return filter_stream(load_recipe(config, settings), names, sys.stdin.buffer, sys.stdout.buffer)


@cli.command(short_help="Validate a recipe; print it resolved.")
@click.argument("config", required=False)
@setting
def check(config: str | None, settings: Sequence[str]) -> int:
    """Validate a recipe and its rule tables; print it resolved, with the origin of each value."""
    from pipeline.report.recipes import render_recipe
    from pipeline.stages.runner import compile_stages

    recipe = load_recipe(config, settings)
    compile_stages(recipe.stages())
    click.echo(render_recipe(recipe), nl=False)
    click.echo(f"{config or 'the default recipe'}: no mistakes", err=True)
    return 0


@cli.command(short_help="Check what is published against its manifest.")
@published
@click.option("--deep", is_flag=True, help="Read every byte and compare the hashes.")
def verify(output: Path, deep: bool) -> int:
    """Check what is published against its manifest: one line per fault, exit code 12."""
    from itertools import chain

    from pipeline.errors import VerifyError
    from pipeline.state import State
    from pipeline.store.verify import MEND
    from pipeline.store.verify import verify as faults_of

    rotten = State(output).rotten() if deep else ()
    lines = chain(faults_of(output, deep), (f"{shard}: has rotted" for shard in rotten))
    faults = print_lines(lines, f"{output}: no faults")
    if faults:
        raise VerifyError(f"faults found in {output}: {faults}", MEND)
    return 0


@cli.command(short_help="Remove old versions.")
@published
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Versions to keep beside the current.",
)
def gc(output: Path, keep: int) -> int:
    """Remove old versions, and cleaned shards that only they used."""
    from pipeline.store.gc import collect

    print_lines((f"removed {folder}" for folder in collect(output, keep)), "nothing to remove")
    return 0


@cli.command(short_help="Explain a document: every edit, and its fate.")
@click.argument("name", metavar="ID|PATH")
@output_option
@click.option(
    "--version",
    "version_name",
    default="",
    metavar="NAME",
    help="A version other than the current: v000001.",
)
@click.option(
    "--at",
    "stage",
    default="",
    metavar="STAGE",
    help="Print the text as this stage left it, or `input`.",
)
@json_option
def explain(name: str, output: Path, version_name: str, stage: str, as_json: bool) -> int:
    """Explain a document: every edit in order, and why it stays or goes.

    It is named by its id, its path, path#record, or the end of its path.
    """
    from pipeline.report.explain import text_at
    from pipeline.report.lookup import choose_version, find

    for found in find(choose_version(output, version_name), name):
        if stage:
            print_lines([text_at(found.texts(), stage)], as_it_is=not sys.stdout.isatty())
        else:
            print_lines(_explained(found, as_json))
    return 0


@cli.command()
@click.argument("old", default="")
@click.argument("new", default="")
@output_option
@json_option
def diff(old: str, new: str, output: Path, as_json: bool) -> int:
    """Compare two versions: documents, rules and settings.

    NEW is the current version by default, OLD the one before it. The beginning of a name will do:
    v000001.
    """
    from pipeline.report.compare import compare, render
    from pipeline.report.lookup import choose_version, version_before

    later = choose_version(output, new)
    found = compare(choose_version(output, old) if old else version_before(output, later), later)
    print_lines([json_text(found)] if as_json else render(found))
    return 0


@cli.command("try", short_help="Run the stages on one file, publish nothing.")
@click.argument("file")
@recipe_options
@click.option(
    "--records",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many of its records.",
)
@json_option
def try_file(
    file: str, config: str | None, settings: Sequence[str], records: int, as_json: bool
) -> int:
    """Run the document stages on the first records of a file (- is stdin), and explain them."""
    from contextlib import nullcontext
    from pathlib import Path

    from pipeline.errors import UsageError
    from pipeline.report import trying

    if file != trying.STDIN and not Path(file).is_file():
        there = "is a folder" if Path(file).is_dir() else "is a pipe or a device"
        problem = there if Path(file).exists() else "no such file"
        raise UsageError(f"cannot read {file}: {problem}", "name a file, or - for stdin")
    recipe = load_recipe(config, settings)
    stdin = trying.kept(sys.stdin.buffer.read()) if file == trying.STDIN else None
    with stdin or nullcontext(Path(file)) as path:
        tried, more = trying.try_file(path, recipe, records)
    for found in tried:
        print_lines(_explained(found, as_json))
        if not as_json:
            print_lines(["\n" + found.text if found.text is not None else ""])
    if more:
        click.echo(f"there are more records in {file}: --records N", err=True)
    return 0


def _explained(found: Any, as_json: bool) -> Iterable[str]:
    from pipeline.report import explain as explaining

    if as_json:
        return [json_text(explaining.as_json(found))]
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return explaining.explain(
        found, explaining.colour_marks() if coloured else explaining.plain_marks()
    )


@cli.group(short_help="Look at what could not be processed; try again.")
def quarantine() -> None:
    """Look at the records that could not be processed, and try them again."""


@quarantine.command("list")
@output_option
def quarantine_list(output: Path) -> int:
    """Count reasons, then list the records: path#record, reason, detail."""
    from pipeline.report.quarantine import listing

    print_lines(listing(output), "nothing is in quarantine")
    return 0


@quarantine.command("show")
@click.argument("name")
@output_option
def quarantine_show(name: str, output: Path) -> int:
    """Show all that is known of a record (path or path#record), or of all with a reason."""
    from pipeline.report.quarantine import details

    print_lines(details(output, name))
    return 0


@quarantine.command("replay")
@recipe_options
@click.option("--output", metavar="DIR", help="Where it was published.")
def quarantine_replay(config: str | None, settings: Sequence[str], output: str | None) -> int:
    """Clean the shards with quarantined records again, and publish what came of it."""
    from pathlib import Path

    from pipeline.driver import run as run_recipe
    from pipeline.report.quarantine import rows
    from pipeline.report.terminal import Observer
    from pipeline.store.options import OutputOptions

    recipe = load_recipe(config, settings, {"output.path": output})
    if not rows(Path(recipe.section(OutputOptions).path)):
        click.echo("nothing is in quarantine")
        return 0
    run_recipe(recipe, Observer(sys.stderr), replay=True)
    return 0


@cli.command(short_help="Print a rule with its examples, or list them.")
@click.argument("identifier", metavar="[ID]", default="")
@recipe_options
def rule(identifier: str, config: str | None, settings: Sequence[str]) -> int:
    """Print a rule with its examples; without an ID, list the rules."""
    from pipeline.report.rules import describe, list_rules
    from pipeline.stages.boilerplate import BoilerplateOptions
    from pipeline.text.boilerplate.rules import load_rules

    rules = load_rules(load_recipe(config, settings).section(BoilerplateOptions).rules)
    print_lines([describe(identifier, rules)] if identifier else list_rules(rules))
    return 0


@cli.command(short_help="Write a commented recipe to start from.")
@click.argument("file")
@click.option("--input", "inputs", multiple=True, metavar="PATH", help="What it reads.")
@click.option(
    "--output", default="output", show_default=True, metavar="DIR", help="Where it publishes."
)
def init(file: str, inputs: Sequence[str], output: str) -> int:
    """Write a recipe to start from: every option, commented, with its default."""
    from pathlib import Path

    from pipeline.errors import OutputError, UsageError
    from pipeline.report.starter import starter

    try:
        text = starter(file, tuple(inputs) or ("seeds",), output).encode()
        with Path(file).open("xb") as target:
            target.write(text)
    except UnicodeEncodeError:
        raise UsageError(
            "a recipe is UTF-8, one of these names is not", "name its folder"
        ) from None
    except FileExistsError:
        raise UsageError(f"{file} exists", "name another file, or remove this one") from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(
            f"cannot write {file}: {why}", "name a file in a folder that exists"
        ) from None
    click.echo(f"wrote {file}; next: python -m pipeline --config {file}", err=True)
    return 0


@cli.command()
def stages() -> int:
    """List the stages in the order in which they run."""
    from pipeline.report.recipes import render_stages

    click.echo(render_stages(), nl=False)
    return 0


@cli.command()
def schema() -> int:
    """Print the JSON Schema of a recipe."""
    import json

    from pipeline.recipe import schema as recipe_schema

    click.echo(json.dumps(recipe_schema(), ensure_ascii=False, indent=2))
    return 0


def run_command_line(args: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    # Shell completion goes by the name of the installed command.
    installed = os.path.basename(sys.argv[0]) == "pipeline"
    program = "pipeline" if installed else "python -m pipeline"
    return ended(lambda: cli.main(args=list(args), prog_name=program, standalone_mode=False))
