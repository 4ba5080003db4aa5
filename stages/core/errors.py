"""The one way a stage ends on what is not its own fault: a single line on stderr and exit code 1, or 130 for Ctrl-C."""

import errno
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stages.core.as_made import damaged_input
from stages.core.free_text import visible
from stages.core.running_code import edited, is_stage

INTERRUPTED = 128 + 2  # as a shell has it: 2 is SIGINT
SENT_AGAIN = 0.1  # seconds after it was lost
GOES_ON = "what is complete is kept; the same command goes on from there"
# Libraries that write without Python's files raise errors of their own: the words are all that they have in common.
FULL = {errno.ENOSPC: "No space left on device", errno.EDQUOT: "Disk quota exceeded"}


class InputError(Exception):
    """Something the user gave (a parameter, a file, a row) cannot be used.

    The message is one line that names the culprit, its value and what is allowed.
    """


def require_unedited() -> None:
    """Refuse to go on with code that is not what is there any more.

    Raises:
        InputError: names the file.
    """
    if file := edited():
        raise InputError(f"{file}: edited while this ran; what ran is not what is there now, so run it again")


def run_stage(main: Callable[..., object], *args: object, **kwargs: object) -> None:
    """Call a stage's entry; print an ``InputError``, a full disk or Ctrl-C as one line instead of a traceback.

    A stage whose inputs are damaged fails, and one whose code was edited meanwhile: DVC would note the edited code as
    what made its outputs.
    """
    try:
        with no_interrupt_lost():
            if is_stage() and (fault := damaged_input()):
                raise InputError(fault)
            main(*args, **kwargs)
            if is_stage():
                require_unedited()
    except InputError as error:
        sys.exit(f"error: {visible(str(error))}")  # what a file says is no command to a terminal
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would end it with another exit code, or a traceback
        print(f"error: interrupted: {GOES_ON}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except Exception as error:  # whatever it is, it goes on its way unless a full disk is behind it
        full = full_disk(error)
        if full is None:
            raise
        sys.exit(f"error: {full}: free some space; {GOES_ON}")


@contextmanager
def no_interrupt_lost() -> Iterator[None]:
    """Send Ctrl-C again where it came while Python finalised an object: Python ignores what is raised there.

    Documentation: ``sys.unraisablehook``, and the note on ``object.__del__``.
    """
    before = sys.unraisablehook

    def send_again(ignored: "sys.UnraisableHookArgs") -> None:
        if not issubclass(ignored.exc_type, KeyboardInterrupt):
            before(ignored)
            return
        main = threading.main_thread().ident
        timer = threading.Timer(SENT_AGAIN, signal.pthread_kill, [main, signal.SIGINT])
        timer.daemon = True  # a command that has ended meanwhile does not wait for it
        timer.start()

    sys.unraisablehook = send_again
    try:
        yield
    finally:
        sys.unraisablehook = before


def full_disk(error: BaseException) -> str | None:
    """What was full, if that is why writing failed: the error itself says so, or one that it came from."""
    while error is not None:
        for number, words in FULL.items():
            if getattr(error, "errno", None) == number or words in str(error):
                file = getattr(error, "filename", None)
                return f"{file}: {words}" if file else words
        error = error.__cause__ or error.__context__
    return None
