"""The one way a stage ends on bad input: a single line on stderr and exit code 1."""

import sys
from collections.abc import Callable

from stages.core.running_code import edited, is_stage


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
    """Call a stage's entry; print an ``InputError`` as one line instead of a traceback.

    A stage whose code was edited meanwhile fails: DVC would note the edited code as what made its outputs.
    """
    try:
        main(*args, **kwargs)
        if is_stage():
            require_unedited()
    except InputError as error:
        sys.exit(f"error: {error}")
