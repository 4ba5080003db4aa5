"""The one way a stage ends on bad input: a single line on stderr and exit code 1."""

import sys
from collections.abc import Callable


class InputError(Exception):
    """Something the user gave (a parameter, a file, a row) cannot be used.

    The message is one line that names the culprit, its value and what is allowed.
    """


def run_stage(main: Callable[..., object], *args: object, **kwargs: object) -> None:
    """Call a stage's entry; print an ``InputError`` as one line instead of a traceback."""
    try:
        main(*args, **kwargs)
    except InputError as error:
        sys.exit(f"error: {error}")
