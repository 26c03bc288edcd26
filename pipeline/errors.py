"""The exceptions of the pipeline, and the exit code of each.

    PipelineError               1   internal: a fault of ours
    ├── UsageError              2   a flag, a path or an argument that cannot be right
    ├── RecipeError             2   a recipe or a rule table that does not validate
    ├── ConservationError       1   records in != kept + dropped + quarantined
    ├── QuarantineError         3   --strict: published, but something is in quarantine
    ├── QuarantineLimitError    4   more in quarantine than the recipe allows: nothing published
    ├── LockedError            11   another run holds this output
    ├── VerifyError            12   published files differ from their manifest
    └── OutputError            75   the output cannot be written; resumable, nothing published

An input fault is never an exception of a run: it quarantines its record.
"""

from __future__ import annotations


class PipelineError(Exception):
    """Base of all: what went wrong, and the next command to type."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PipelineError):
    """A flag, a path or an argument that cannot be right."""

    exit_code = 2


class RecipeError(PipelineError):
    """A recipe or a rule table that does not validate; `message` may have several lines."""

    exit_code = 2


class ConservationError(PipelineError):
    """Input records and their fates do not add up: nothing is published."""


class QuarantineError(PipelineError):
    """Something is in quarantine, and the caller asked to be told by the exit code (--strict)."""

    exit_code = 3


class QuarantineLimitError(PipelineError):
    """More of the input is in quarantine than the recipe allows: nothing is published."""

    exit_code = 4


class LockedError(PipelineError):
    """Another run holds the lock of this output."""

    exit_code = 11


class VerifyError(PipelineError):
    """Published files differ from their manifest."""

    exit_code = 12


class OutputError(PipelineError):
    """The output cannot be written (ENOSPC, EIO, EROFS): the run stops and can be resumed."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h
