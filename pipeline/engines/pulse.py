"""How a task says where it is, so that a worker that hangs or dies can be told from a slow one.

A task calls `beat(where)` before each batch; outside a worker that does nothing. It is the one
thing that a task may know of the engine, and every engine may ignore it.
"""

from __future__ import annotations

from collections.abc import Callable

_send: Callable[[object], None] | None = None


def connect(send: Callable[[object], None]) -> None:
    """Send the beats of this process to `send`."""
    global _send  # noqa: PLW0603  one process, one parent
    _send = send


def beat(where: object) -> None:
    """Say that the task is alive, and at which place of its input."""
    if _send is not None:
        _send(where)
