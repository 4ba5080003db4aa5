"""A function in a process of its own, forked from this one: nothing is imported again, and it may be killed."""

import multiprocessing
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from io import StringIO
from multiprocessing.connection import Connection
from typing import Any

from stages.core.errors import InputError
from stages.training import checkpoints
from stages.training.settings import Run

FORK = multiprocessing.get_context("fork")
WAIT_SECONDS = 120.0
REASON = 300  # characters of one


class RefusedError(Exception):
    """The child ended on an ``InputError``, whose line this is."""


class FailedError(Exception):
    """The child ended on anything else."""


def in_child(function: Callable, *args: Any) -> Any:
    """What it returns.

    Raises:
        RefusedError, FailedError: it raised.
    """
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_call, args=(there, function, *args))
    process.start()
    there.close()
    try:
        error, value = here.recv()
    except EOFError:
        error, value = FailedError, "it was killed"
    process.join()
    if error is not None:
        raise error(value)
    return value


def killed_once(run: Run, function: Callable, *args: Any) -> None:
    """Call ``function``, which trains ``run``; kill it at its first checkpoint, and call it again.

    Raises:
        FailedError: it ended before it could be killed, or the second time in an error.
    """
    folder = checkpoints.FOLDER / run.architecture / run.configuration / str(run.seed)
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_call, args=(there, function, *args))
    process.start()
    there.close()
    until = time.monotonic() + WAIT_SECONDS
    while process.is_alive() and time.monotonic() < until:
        if any((checkpoint / checkpoints.WHOLE).exists() for checkpoint in folder.glob("checkpoint-*")):
            break
        time.sleep(0.001)
    process.kill()
    process.join()
    here.close()
    in_child(function, *args)


def _call(there: Connection, function: Callable, *args: Any) -> None:
    """In the child: what came of it goes to the parent."""
    try:
        with redirect_stdout(StringIO()):
            result = (None, function(*args))
    except InputError as error:
        result = (RefusedError, str(error))
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        result = (FailedError, reason.replace(sys.prefix, "")[:REASON])  # no folder of this machine
    with suppress(BrokenPipeError):
        there.send(result)
