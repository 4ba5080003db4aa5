"""Shells as users have them: encodings of the terminal and locales, a new one without the environment."""

import os
import subprocess
import sys

from tests.helpers.tiny_study import ROOT

# Variables of a shell. Of the first the locale is ASCII; the second needs no locale that a machine may lack.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LATIN_1 = {"PYTHONIOENCODING": "iso-8859-1"}


def environment(**changes: str) -> dict[str, str]:
    here = {name: value for name, value in os.environ.items() if name not in ("PYTHONIOENCODING", "PYTHONUTF8")}
    return {**here, "PYTHONPATH": str(ROOT), **changes}


def python(*arguments: str, **changes: str) -> subprocess.CompletedProcess[bytes]:
    """This interpreter in such a shell; output as the terminal gets it."""
    return subprocess.run([sys.executable, *arguments], env=environment(**changes), capture_output=True, check=False)
