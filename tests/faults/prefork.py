"""Workers that wait already: a sweep then spends its time on faults, not on starting interpreters.

They are processes of their own, children of the run, and talk to it as any worker does; only the
new interpreter is spared. A run that needs more of them than wait starts real ones.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from types import SimpleNamespace
from typing import Any

from pipeline.engines import local, worker
from tests.faults import inject

WAITING = 3


class Waiting:
    """A forked process that becomes a worker; as much of Popen as the engine uses."""

    def __init__(self, folder: str) -> None:
        self.parent = os.getpid()
        self.line, theirs = socket.socketpair()
        self.pid = os.fork()
        if not self.pid:
            try:
                worker.die_with(self.parent)
                self._serve(theirs, folder)
            finally:
                os._exit(1)
        theirs.close()

    def _serve(self, line: socket.socket, folder: str) -> None:
        message, fds, *_ = socket.recv_fds(line, 1 << 16, 1)
        memory, task = message.decode().split(" ")
        inject.install(folder)
        worker.main(fds[0], self.parent, int(memory), task)
        os._exit(0)

    def work(self, fd: int, memory: str, task: str) -> None:
        socket.send_fds(self.line, [f"{memory} {task}".encode()], [fd])
        self.line.close()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def install(folder: str) -> None:
    """Let the engine of this process take its first workers from those that wait."""
    waiting = [Waiting(folder) for _ in range(WAITING)]

    def popen(command: list[str], **options: Any) -> Any:
        if not waiting:
            return subprocess.Popen(command, **options)
        fd, _, memory, task = command[-4:]
        taken = waiting.pop()
        taken.work(int(fd), memory, task)
        return taken

    engine: Any = local
    engine.subprocess = SimpleNamespace(Popen=popen, DEVNULL=subprocess.DEVNULL)
