"""The report of a revision, an experiment or the workspace, for ``make diff``."""

import shutil
from contextlib import suppress
from pathlib import Path

from stages.core.errors import InputError
from stages.core.files import write_text
from stages.paper import GENERATED, NUMBERS, PAPER
from stages.published.claims import Claims
from stages.report.numbers.ledger import Number, Numbers
from stages.training.environment import GitError, git, head

WORKSPACE = "workspace"
REPORT = (PAPER / "main.tex", GENERATED)


def fetch(revision: str, commit: str | None, folder: Path) -> dict[str, Number]:
    """Lay out the report's source, numbers and claims at a commit (None: the workspace's) as in the workspace.

    Returns:
        The numbers.

    Raises:
        InputError: they were not made there, are not in the cache, or are of another version of this artifact.
    """
    if commit is None:
        copy_workspace(folder)
    else:
        copy_from_cache(revision, commit, folder)
    try:
        return Numbers.read_from(folder / NUMBERS).root
    except InputError as error:
        fault = str(error).removeprefix(f"{folder / NUMBERS}: ").split("; run")[0]
        raise InputError(f"{revision}: {NUMBERS}: {fault}; it cannot be compared with this version's") from error


def copy_from_cache(revision: str, commit: str, folder: Path) -> None:
    from dvc.exceptions import DvcException  # a second to import
    from dvc.repo import Repo

    from tools.engine.dag import unusable

    lock = _file(commit, Path("dvc.lock")) or ""
    for path in REPORT:
        if f"path: {path}" not in lock:  # or what is in it
            raise InputError(f"{revision}: {path} was not made there; check it out and run `make paper`")
    (folder / PAPER).mkdir(parents=True)
    prefix = git("rev-parse", "--show-prefix")  # of this folder in its repository, which is what DVC names paths from
    try:
        for path in REPORT:
            Repo.get(".", prefix + str(path), out=str(folder / path), rev=commit)
    except (DvcException, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):  # which a file is that it lacks
            raise InputError(unusable(error)) from error
        raise InputError(
            f"{revision}: {path} is not in DVC's cache; `dvc fetch --all-commits` where a remote has it, or check it "
            "out and run `make paper`"
        ) from error
    if claims := _file(commit, Claims.path()):
        write_text(folder / Claims.path(), claims)


def _file(commit: str, path: Path) -> str | None:
    """Of this folder at a commit; None if it was not there."""
    with suppress(GitError):
        return git("show", f"{commit}:./{path}")


def copy_workspace(folder: Path) -> None:
    """What of the report's source, numbers and claims there is here."""
    for path in (*REPORT, Claims.path()):
        if path.is_dir():
            shutil.copytree(path, folder / path)
        elif path.exists():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / path)
        elif path in REPORT:
            raise InputError(f"{WORKSPACE}: {path} is not made yet; run `make paper`")


def resolve(revision: str) -> str | None:
    """The commit of a Git revision or of a DVC experiment's name; None of the workspace.

    Raises:
        InputError: there is neither, or git cannot be used here.
    """
    if revision == WORKSPACE:
        return None
    head()  # names what is wrong with the repository, if it is that
    with suppress(GitError):
        return git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    commit = None
    for line in git("for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").splitlines():
        object_name, reference = line.split()
        if reference.rsplit("/", 1)[-1] == revision:
            commit = object_name  # the last of that name
    if commit is None:
        raise InputError(f"{revision!r}: no such revision or experiment; `git log` and `dvc exp show` list them")
    return commit
