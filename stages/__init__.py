"""The stages. To import this is to see to what every command of stages and tools needs before it does anything."""

import codecs
import os
import re
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"
ACTIVATE = "activate the study's environment: . .venv/bin/activate (`make paper` makes it)"
# What is printed where a terminal's encoding has no such character; anything else becomes a question mark.
PLAIN = {
    **{"●": "*", "▶": ">", "✗": "x", "·": ".", "±": "+/-", "→": "->", "…": "..."},
    **{"\N{MULTIPLICATION SIGN}": "x", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{EM DASH}": "-"},
}


def wrong_environment() -> str | None:
    """Why this interpreter cannot run the study: DVC starts whatever ``python`` is first on the path; None if it can.

    It asks for what stages import first, down to the first empty line of requirements.txt, in a millisecond.
    """
    if sys.version_info < (3, 11):  # noqa: UP036
        return f"{sys.executable}: Python {sys.version_info[0]}.{sys.version_info[1]}; Python 3.11 or newer is needed"
    if sys.flags.optimize:
        return "PYTHONOPTIMIZE: unset it; Transformers needs docstrings that it strips, and the study needs assertions"
    if not REQUIREMENTS.exists():
        return None
    pins = REQUIREMENTS.read_text(encoding="utf-8", errors="replace").split("\n\n")[0].splitlines()
    if not any("==" in line for line in pins):  # else any interpreter would do, and results of another would be made
        return f"{REQUIREMENTS.name}: pins nothing; `git checkout {REQUIREMENTS.name}` brings it back"
    versions = _installed()
    for line in pins:
        name, pinned, version = line.partition("==")
        here = versions.get(_normal(name), [])
        if pinned and version not in here:
            fault = f"{name} is {here[0]}, in requirements.txt {version}" if here else f"{name} is not installed"
            return f"{sys.executable}: {fault}; {ACTIVATE}, or: pip install -r requirements.txt"
    return None


def _installed() -> dict[str, list[str]]:
    """Versions by name; read from the names of folders, as ``importlib.metadata`` opens a file a package."""
    versions: dict[str, list[str]] = {}
    for folder in filter(os.path.isdir, sys.path):
        for entry in os.listdir(folder):
            if entry.endswith((".dist-info", ".egg-info")):
                name, _, version = re.sub(r"(-py\d[\d.]*)?\.\w+-info$", "", entry).partition("-")
                versions.setdefault(_normal(name), []).append(version.split("+")[0])  # 2.13.0+cpu is 2.13.0
    return versions


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def plain(error: UnicodeError) -> tuple[bytes, int]:
    """For ``codecs``: what to print instead of characters that an encoding lacks; bytes of a file's name stay."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = b""
    for character in error.object[error.start : error.end]:
        is_byte = "\udc80" <= character <= "\udcff"
        shown += bytes([ord(character) - 0xDC00]) if is_byte else PLAIN.get(character, "?").encode("ascii")
    return shown, error.end


def print_anything() -> None:
    """Let no character end a command on a terminal whose encoding lacks it."""
    codecs.register_error("plain", plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="plain")


def start_in_utf8() -> None:
    """Start a command anew in UTF-8 mode where this folder has another name else; what it prints stays as it is.

    Arrow takes a file's name as UTF-8 in any locale, and Python, in one of ISO-8859-1, has another name for the folder.
    """
    is_command = sys.orig_argv[1:2] == ["-m"] and sys.orig_argv[2].startswith(("stages.", "tools."))
    if not is_command or sys.getfilesystemencoding() == "utf-8" or os.getcwd().isascii():
        return
    os.environ.setdefault("PYTHONIOENCODING", sys.stdout.encoding)
    os.environ["PYTHONUTF8"] = "1"
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


# What a shell has for other programs and would end or mislead those that a stage uses:
FOREIGN = (
    "SOURCE_DATE_EPOCH",  # NumPy ends on what is no number; the PDF has one of its own
    "MPLBACKEND",  # a notebook's, which matplotlib here may lack; figures are drawn for a file
    # a hook of git's has these, and git would take them for this folder's repository in any other, such as a copy's
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"),
)
for variable in FOREIGN:
    os.environ.pop(variable, None)
start_in_utf8()
if fault := wrong_environment():
    sys.exit(f"error: {fault}")
print_anything()
