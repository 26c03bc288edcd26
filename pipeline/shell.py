"""What all commands have in common: how one is found by its name, and how it ends.

A user's mistake is two lines, `error:` and `hint:`, and exit code 2; a traceback is our fault and
exit code 1. Like cli.py it loads nothing but click.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
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
    _streams_that_can_be_used()
    try:
        code = command()
        sys.stdout.flush()
    except click.exceptions.Abort:
        return _fail("interrupted", "run the same command again to resume", 130)
    except Stopped:
        return _fail("stopped by SIGTERM", "run the same command again to resume", 143)
    except click.exceptions.NoArgsIsHelpError as error:
        return _fail("a command is missing", f"run: {error.ctx.command_path} --help", 2)
    except click.UsageError as error:
        named = error.ctx.command_path if error.ctx else "python -m pipeline"
        message = error.format_message().rstrip(".").replace("valid integer range", "whole number")
        return _fail(message.replace("valid integer", "whole number"), f"run: {named} --help", 2)
    except PipelineError as error:
        if error.exit_code == 1 and error.__cause__ is not None:
            click.echo(str(error.__cause__), err=True)  # the traceback of a worker
        return _fail(error.message, error.hint, error.exit_code)
    except OSError as error:  # of our own streams, or where nobody foresaw it
        return _cannot_write(error)
    except SystemExit as left:
        if left.code != 1:  # what click makes of a reader that has gone
            raise
        return _cannot_write(BrokenPipeError())
    return code if isinstance(code, int) else 0


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


def _cannot_write(error: OSError) -> int:
    """Return 141 where the reader of our output has gone (head), 75 where the disk is full."""
    if not isinstance(error, BrokenPipeError) and error.errno not in _FULL:
        raise error
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())  # what is left must not be written at the end
    if isinstance(error, BrokenPipeError):
        return 141
    why = (error.strerror or str(error)).lower()
    return _fail(f"cannot write: {why}", "mend the disk and run the same command again", 75)


def _streams_that_can_be_used() -> None:
    """Open what our caller closed (>&-), and write what a charset lacks as its escape.

    A file that we open must not become number 1 or 2: libraries write their complaints there. And
    no console in GBK may end a command because it lacks a ⏎.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):  # a test may have put something else in its place
        sys.stdout.reconfigure(errors="backslashreplace")


class Stopped(BaseException):
    """SIGTERM arrived: unwind, so that workers are stopped and locks released."""


def _stop(*_: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: we are on our way out
    raise Stopped


def _fail(message: str, hint: str, code: int) -> int:
    from pipeline.report.terminal import harmless, paint

    said = [
        f"{paint('error:', 'red', sys.stderr)} "
        f"{line[:1].lower() + line[1:] if not line[:2].isupper() else line}"
        for line in message.splitlines()
    ]
    if hint:
        said.append(f"{paint('hint:', 'cyan', sys.stderr)} {hint}")
    with suppress(OSError):  # where nobody can be told, the exit code says it
        print(harmless("\n".join(said)), file=sys.stderr)  # noqa: T201
    return code
