"""What all commands have in common: how one is found by its name, and how it ends.

A user's mistake is two lines, `error:` and `hint:`, and exit code 2; a traceback is our fault and
exit code 1. Like cli.py it loads nothing but click.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import click

COMMANDS = (
    *("run", "try", "explain", "diff", "quarantine", "init", "check", "stages", "rule", "schema"),
    *("pipe", "verify", "gc"),
)


class RunByDefault(click.Group):
    """A group in which `run` may be left out: `python -m pipeline --input x` runs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` in front where no command is named."""
        if not args or (args[0] not in self.commands and args[0] not in {"--help", "--version"}):
            near = not args or args[0].startswith("-")
            if near and not ctx.resilient_parsing:  # what a shell completes is a command
                args = ["run", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the commands in the order in which people need them."""
        return sorted(self.commands, key=COMMANDS.index)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a mistyped one is asked about."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.commands, 1)
            meant = f": did you mean {near[0]}?" if near else ""
            ctx.fail(f"no such command {args[0]!r}{meant}")
        return super().resolve_command(ctx, args)


def ended(command: Callable[[], object]) -> int:
    """Run a command to its end, whatever that is; say it, and return the exit code."""
    from pipeline.errors import PipelineError

    signal.signal(signal.SIGTERM, _stop)
    try:
        code = command()
        sys.stdout.flush()
    except click.exceptions.Abort:
        return _fail("interrupted", "run the same command again to resume", 130)
    except Stopped:
        return _fail("stopped by SIGTERM", "run the same command again to resume", 143)
    except click.UsageError as error:
        named = error.ctx.command_path if error.ctx else "python -m pipeline"
        message = error.format_message().rstrip(".").replace("valid integer range", "whole number")
        return _fail(message.replace("valid integer", "whole number"), f"run: {named} --help", 2)
    except PipelineError as error:
        if error.exit_code == 1 and error.__cause__ is not None:
            click.echo(str(error.__cause__), err=True)  # the traceback of a worker
        return _fail(error.message, error.hint, error.exit_code)
    except BrokenPipeError:
        # The reader of our stdout has gone (head): not an error. Python must not flush into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code if isinstance(code, int) else 0


class Stopped(BaseException):
    """SIGTERM arrived: unwind, so that workers are stopped and locks released."""


def _stop(*_: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: we are on our way out
    raise Stopped


def _fail(message: str, hint: str, code: int) -> int:
    from pipeline.report.terminal import paint

    for line in message.splitlines():
        text = line[:1].lower() + line[1:] if not line[:2].isupper() else line
        print(f"{paint('error:', 'red', sys.stderr)} {text}", file=sys.stderr)  # noqa: T201
    if hint:
        print(f"{paint('hint:', 'cyan', sys.stderr)} {hint}", file=sys.stderr)  # noqa: T201
    return code
