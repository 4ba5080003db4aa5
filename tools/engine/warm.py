"""A process that has libraries loaded and forks: ``python -m tools.engine.warm``, one a worker.

Importing DVC, and for a run torch and Transformers, takes longer than many a run trains. Here that is done once. A
stage and its command are processes of their own as ever, forked from this one, which has computed nothing and opened
no data: no memory, cache or random state passes from one run to the next. Kept are libraries, whose versions are
pinned; the project's own code is imported by each process anew, as it is then.

A worker sends an ``Order`` a stage over the socket that is standard input, and has its exit status back. The stage's
process asks for its command by a ``Command`` over a socket of its own.
"""

import gc
import multiprocessing
import os
import runpy
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from setproctitle import setproctitle

from tools.engine.messages import Command, Order
from tools.gpus import usable_gpus

REPRODUCE, RUN = "tools.engine.reproduce", "stages.training.run"  # what each stage imports, and the command of each run
OURS = ("stages", "tools")
# Elsewhere a library may not survive a fork: this process then does one stage itself, and ends.
FORKS = sys.platform == "linux"
FORK = multiprocessing.get_context("fork")


def main() -> None:
    """Serve the worker at the other end of standard input."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # unlike the worker, a stage hears Ctrl-C
    worker = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # the commands' own standard input
    serve(worker, may_fork_runs=FORKS and not usable_gpus())  # CUDA does not outlive a fork


def serve(worker: socket.socket, may_fork_runs: bool) -> None:
    """Fork a process a stage until the worker goes.

    Args:
        may_fork_runs: whether commands of runs are forked too; else DVC starts them as it does all others.
    """
    load(REPRODUCE)
    runs_loaded = False
    for line in worker.makefile("rb"):
        order = Order.model_validate_json(line)
        write_to(order.log)
        if not FORKS:
            reproduce(order, worker, None)
            return
        here, there = FORK.Pipe()
        stage = forked(reproduce, order, worker, there if may_fork_runs else None, closed=[here])
        there.close()
        while command := next_command(here):
            if not runs_loaded:
                load(RUN)
                runs_loaded = True
            run = forked(run_module, command, closed=[here, worker])
            wait([stage.sentinel, run.sentinel])
            if not stage.is_alive():  # DVC was killed: the worker ends its command, and this process
                break
            run.join()
            here.send_bytes(b"%d" % run.exitcode)
        stage.join()
        here.close()
        worker.sendall(b"%d\n" % stage.exitcode)


def load(module: str) -> None:
    """Import a module of the project's for the libraries that it imports, and forget the project's."""
    if module == RUN:
        from stages.training.startup import lean_imports

        with lean_imports():
            __import__(module)
    else:
        __import__(module)
        gc.freeze()  # the collector need not look through them again, nor write to pages that processes share
    forget_ours()


def forget_ours() -> None:
    """Whatever of the project is imported from here on is read anew."""
    for name in list(sys.modules):
        if name.partition(".")[0] in OURS:
            del sys.modules[name]


def next_command(stage: Connection) -> Command | None:
    """What a stage's process asks for; None when it has ended."""
    try:
        return Command.model_validate_json(stage.recv_bytes())
    except (EOFError, ConnectionResetError):
        return None


def forked(target: Callable[..., None], *args: object, closed: list[Connection | socket.socket]) -> BaseProcess:
    """A process in which ``target`` runs, started; in it what is this one's own is closed."""

    def begin() -> None:
        for own in closed:
            own.close()
        target(*args)

    process = FORK.Process(target=begin)
    process.start()
    return process


def reproduce(order: Order, worker: socket.socket, warm: Connection | None) -> None:
    """The process of a stage."""
    setproctitle(f"{sys.executable} -m {REPRODUCE}")
    os.environ.clear()
    os.environ.update(order.environment)
    die_with(worker)
    from stages.core.errors import run_stage
    from tools.engine.reproduce import main

    run_stage(main, order.job, partial(run_forked, warm) if warm else None)


def run_forked(warm: Connection, command: Command) -> int:
    """Have the command run, and wait for it; its exit status, negative of one that a signal ended."""
    warm.send_bytes(command.model_dump_json().encode())
    try:
        return int(warm.recv_bytes())
    except EOFError:  # who forks was killed
        return -signal.SIGKILL


def run_module(command: Command) -> None:
    """The process of a command."""
    setproctitle(" ".join([sys.executable, "-m", command.module, *command.arguments]))
    os.environ.clear()
    os.environ.update(command.environment)
    os.chdir(command.folder)
    sys.argv = [command.module, *command.arguments]
    runpy.run_module(command.module, run_name="__main__", alter_sys=True)


def write_to(log: str) -> None:
    """From here on, and in processes forked from here on, what is printed goes to the end of this file."""
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def die_with(worker: socket.socket) -> None:
    """End this process group when the worker goes, so that no training is left that nobody waits for.

    The worker sends nothing before it has an answer: reading returns when it is gone.
    """

    def wait() -> None:
        worker.recv(1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
