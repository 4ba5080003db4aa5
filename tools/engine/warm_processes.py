"""The processes of this one that have libraries loaded (``warm.py``), one for each stage that runs at once."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tools.engine.messages import Order

COMMAND = [sys.executable, "-m", "tools.engine.warm"]


class WarmProcess:
    """One of them, in the folder of a study; its first order says where it writes until the next."""

    def __init__(self, folder: Path, order: Order) -> None:
        self.folder = folder
        self.socket, theirs = socket.socketpair()
        self.replies = self.socket.makefile("rb")
        with theirs, open(order.log, "ab") as log:
            self.process = subprocess.Popen(
                COMMAND,
                cwd=folder,
                env=order.environment,
                stdin=theirs,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is the head's; and all that it started can be ended with it
            )

    def run(self, order: Order) -> int | None:
        """A stage's exit status, negative of one that a signal ended; None if this process has ended with it."""
        with suppress(OSError):  # it has gone: reading says so
            self.socket.sendall(order.model_dump_json().encode() + b"\n")
        with suppress(OSError):
            if answer := self.replies.readline():
                return int(answer)
        return None

    def end(self) -> int:
        """Its exit status; nothing that it started goes on without it."""
        self.replies.close()
        self.socket.close()
        status = self.process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return status


class WarmProcesses:
    """Those that have nothing to do; all of one folder."""

    def __init__(self) -> None:
        self.idle: list[WarmProcess] = []

    def run(self, folder: Path, order: Order) -> int:
        """The exit status of a stage."""
        process = self.take(folder) or WarmProcess(folder, order)
        status = process.run(order)
        if status is None:
            return process.end()
        if status < 0:  # DVC was killed: its command must not go on without it
            with suppress(ProcessLookupError):
                os.killpg(process.process.pid, signal.SIGKILL)
            process.end()
        else:
            self.idle.append(process)
        return status

    def take(self, folder: Path) -> WarmProcess | None:
        """One of this folder; those of others, whose study is over, are ended."""
        while self.idle:
            process = self.idle.pop()
            if process.folder == folder:
                return process
            process.end()
        return None
