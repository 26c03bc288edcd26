"""`python -m pipeline`: arguments in, exit code out."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return its exit code."""
    from pipeline.startup import own_process

    own_process()
    from pipeline.cli import run_command_line

    return run_command_line(sys.argv[1:])


def command() -> None:
    """Be the command line, and end with its exit code."""
    from pipeline.startup import leave

    try:
        leave(main())
    except KeyboardInterrupt:  # before the command line was there to say so
        leave(130)


if __name__ == "__main__":
    command()
