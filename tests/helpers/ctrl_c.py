"""Ctrl-C for the processes that a test starts."""

import signal


def listen_to_ctrl_c() -> None:
    """A shell has its background jobs ignore Ctrl-C, and what they start inherits that; these tests may be one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
