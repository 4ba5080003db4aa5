"""A function in a process of its own, forked from this one: nothing is imported again, and it may be killed."""

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from io import StringIO
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from stages.core.errors import InputError
from stages.training import checkpoints

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
    [(_, result)] = in_children(function, [args])
    if isinstance(result, Exception):
        raise result
    return result


def in_children(function: Callable, calls: list[tuple]) -> Iterator[tuple[int, Any]]:
    """Each call in a child of its own, all at once: its number and what it returned, or raised, as each ends.

    All are forked from the thread that asks: what another thread holds at a fork stays held in the child for ever.
    """
    numbers: dict[Connection, int] = {}
    processes = []
    for number, args in enumerate(calls):
        here, there = FORK.Pipe(duplex=False)
        process = FORK.Process(target=_call, args=(there, function, *args))
        process.start()
        there.close()
        numbers[here] = number
        processes.append(process)
    while numbers:
        for connection in wait(list(numbers)):
            try:
                error, value = connection.recv()
            except EOFError:
                error, value = FailedError, "it was killed"
            yield numbers.pop(connection), value if error is None else error(value)
    for process in processes:
        process.join()


def killed_once(folder: Path, function: Callable, *args: Any) -> Any:
    """Call ``function``, which makes a run; kill it at its first checkpoint, and call it again: what it then returns.

    Args:
        folder: of the run's checkpoints.

    Raises:
        RefusedError, FailedError: it raised the second time.
    """
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
    return in_child(function, *args)


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
