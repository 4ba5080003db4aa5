"""``data/source``, by which DVC watches the data: a link to the local file or folder that ``prepare`` reads.

DVC hashes what a link leads to, so that changed files put ``prepare`` out of date. As an output that is not cached and
persists it is never copied, moved or deleted, and neither is what it leads to. For data that are not local it is a
small file in the link's place, and that file is in git: a clone has it, so that nothing is left to make there. The link
is of a machine: git is told to leave it out.
"""

import os
import subprocess
from pathlib import Path

from stages.core.errors import InputError
from stages.core.files import write_text
from stages.data.settings import GeneratedData, HubData, LocalData

LINK = Path("data/source")
NOT_LOCAL = "The data are not read from a local file or folder: there is nothing to watch.\n"
# Outputs of stages: as a source they would change with every run, and DVC deletes outputs before a stage makes them.
WRITTEN = ("data/settings", "data/source", "data/raw", "data/tokenized", "models", "metrics", "paper/generated")


def require_source(data: GeneratedData | LocalData | HubData) -> None:
    """Check that a local source is there and can be watched; nothing is written.

    Raises:
        InputError: it is not, or what is in the link's place was not put there by ``watch``.
    """
    if not isinstance(data, LocalData):
        return
    given = f"data.path: {data.path if data.path.isprintable() else repr(data.path)}"
    try:
        path = absolute(data.path)
        is_there = path.is_file() or path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # no such user's home, a NUL byte, no permission
        raise InputError(f"{given}: cannot be read: {error}") from error
    if not is_there:
        raise InputError(f"{given}: not found; allowed: a file or a folder")
    resolved = path.resolve()
    for folder in WRITTEN:
        written = Path.cwd().resolve() / folder
        if resolved == written or resolved in written.parents or written in resolved.parents:
            raise InputError(f"{given}: {folder} is written by stages; allowed: a folder without it")


def watch(data: GeneratedData | LocalData | HubData) -> None:
    """Let ``data/source`` lead to the source; its user's own file or folder of that name is left alone.

    Raises:
        InputError: there is one.
    """
    if LINK.is_dir() and not LINK.is_symlink():
        raise InputError(f"{LINK}: a folder of yours in the place of a link that DVC watches; move it")
    if LINK.is_file() and not LINK.is_symlink() and LINK.read_bytes() != NOT_LOCAL.encode():
        raise InputError(f"{LINK}: a file of yours in the place of a link that DVC watches; move it")
    if not isinstance(data, LocalData):
        LINK.unlink(missing_ok=True)  # a link: written through, it would change the user's file
        write_text(LINK, NOT_LOCAL)
        _mark_for_git("--no-skip-worktree")
        return
    path = absolute(data.path)
    beside = LINK.with_name(f".{LINK.name}.tmp")
    beside.unlink(missing_ok=True)
    LINK.parent.mkdir(parents=True, exist_ok=True)
    beside.symlink_to(path)
    os.replace(beside, LINK)
    _mark_for_git("--skip-worktree")
    for folder in unwatched(path):
        print(f"{folder}: a link or a repository of its own: DVC does not look into it and misses changes there")


def _mark_for_git(mark: str) -> None:
    """Whether ``git add`` and ``git status`` look at the link; nothing without git, or where git has no such file."""
    command = ["git", "update-index", mark, "--", str(LINK)]
    try:
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:  # no git
        return


def absolute(path: str) -> Path:
    """From anywhere; links in it stay, so that one that is led elsewhere is noticed."""
    return Path(path).expanduser().absolute()


def unwatched(path: Path) -> list[Path]:
    """Folders below the source whose files DVC does not hash."""
    found = []
    for folder, names, _ in os.walk(path):
        for name in sorted(names):
            below = Path(folder, name)
            if below.is_symlink() or (below / ".dvc").is_dir():
                found.append(below)
    return found
