"""`python -m pipeline`: arguments in, exit code out."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return its exit code."""
    # pyarrow imports pandas, where it is installed, to look at each list that it is given: 0.4 s.
    # This process is ours alone and has no use for it.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
    from pipeline.cli import run_command_line

    return run_command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
