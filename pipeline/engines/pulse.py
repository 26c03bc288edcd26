"""How a task says where it is, so that a worker that hangs can be told from a slow one.

It is the one thing that a task may know of the engine, and every engine may ignore it: outside a
watched worker these functions do nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_send: Callable[[object], None] | None = None
_where: object = None
_next = 0.0
SECONDS = 0.5
"""Signs of life are sent no more often than this."""


def connect(send: Callable[[object], None]) -> None:
    """Send the beats of this process to `send`."""
    global _send  # noqa: PLW0603  one process, one parent
    _send = send


def beat(where: object, soon: bool = False) -> None:
    """Say that the task is alive, and at which place of its input.

    `soon`: when the next sign of life is due, as a message for each of many small files costs more
    than opening it. A place that is some files old is searched for longer, and found as well.
    """
    global _where  # noqa: PLW0603
    _where = where
    if soon:
        alive()
    elif _send is not None:
        _send(where)


def alive() -> None:
    """Say that the task is alive at the place that it named last. Cheap: call it often."""
    global _next  # noqa: PLW0603
    if _send is not None and time.monotonic() >= _next:
        _next = time.monotonic() + SECONDS
        _send(_where)
