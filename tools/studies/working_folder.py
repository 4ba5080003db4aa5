"""Where a study is built: ``.studies/<name>/``, a clone at the workspace's commit with its own parameters and results.

It shares git's objects and DVC's cache with the workspace, so that what is the same in both is made once. What the
workspace's study has left in git (its records, tables and dvc.lock) is not in it: those places are this study's.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from zc.lockfile import LockError, LockFile

from stages.core.errors import InputError
from stages.core.files import write_text, written_whole
from stages.core.yaml_files import read_map
from stages.training.environment import git, head
from tools.engine.messages import STUDIES
from tools.studies.merging import PARAMS, Study, as_yaml, path_of, with_absolute_paths

LOCK = "dvc.lock"
# What a build reads of git: a change of it that is not committed is not in the working copy.
READ = (
    ".dvc",
    ".dvcignore",
    "data/reported",
    "dvc.yaml",
    "metrics/studies",
    "paper",
    "requirements.txt",
    "stages",
    "studies/adapters",
    "tools",
)


class Copy(NamedTuple):
    """A working copy; ``folder`` is the project in it: not its top where the project is a part of a repository."""

    top: Path
    folder: Path
    commit: str
    is_committed: bool  # whether the parameters are those of a commit too


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let no other command use the study's working copy meanwhile.

    Raises:
        InputError: one does.
    """
    STUDIES.mkdir(exist_ok=True)
    try:
        lock = LockFile(str(STUDIES / f".{name}.running"))
    except LockError as error:
        raise InputError(f"STUDY: {name!r}: another `make paper` or `make keep` of this study runs") from error
    try:
        yield
    finally:
        lock.close()


def brought_up_to_date(study: Study) -> Copy:
    """The study's working copy: made if there is none, moved to the workspace's commit, with today's parameters.

    Its results stay; files that a commit since has removed go.

    Raises:
        InputError: git cannot be used here.
    """
    copy, folder, commit = clone_at_commit(study.name)
    is_committed = not uncommitted([PARAMS, path_of(study.name)])
    with written_whole(folder / PARAMS) as beside, beside.open("w", encoding="utf-8") as stream:
        what = f"{PARAMS} with what {path_of(study.name)} changes in it. Edit those: this file is written anew."
        as_yaml(with_absolute_paths(study.raw, Path.cwd()), what, stream)
    # Records say whether params.yaml, of which their settings were made, is the commit's. Here it never is as it
    # stands; what it is made of may be.
    flag = "--assume-unchanged" if is_committed else "--no-assume-unchanged"
    git("-C", str(folder), "update-index", flag, str(PARAMS))
    return Copy(copy, folder, commit, is_committed)


def clone_at_commit(name: str) -> tuple[Path, Path, str]:
    """``.studies/<name>``, made if there is none and moved to the workspace's commit; parameters are not yet its own.

    Returns:
        Its top, the project's folder in it, and the commit.

    Raises:
        InputError: git cannot be used here.
    """
    commit, _ = head()
    top, prefix = Path(git("rev-parse", "--show-toplevel")), git("rev-parse", "--show-prefix")
    copy = STUDIES / name
    if not _is_repository(copy):
        with written_whole(copy) as beside:
            git("clone", "--quiet", "--shared", "--no-checkout", str(top), str(beside))
    _share_objects(copy)
    folder = copy / prefix
    _check_out(copy, folder, prefix, commit)
    _share_cache(folder)
    return copy, folder, commit


def uncommitted(paths: list[Path]) -> list[str]:
    """Those that the workspace's commit does not have as they are here; of a folder, the files in it."""
    changed = git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *map(str, paths))
    names = [entry.lstrip()[2:].lstrip() for entry in changed.split("\0") if entry]  # ``git`` strips the first one
    ignored = [str(path) for path in paths if path.is_file() and not git("ls-files", "--", str(path))]
    return sorted({*names, *ignored})


def left_out() -> list[str]:
    """Files of the workspace that a build reads and that differ from its commit's."""
    return uncommitted([Path(name) for name in READ])


def results(folder: Path) -> list[str]:
    """What of a study's results git has, as patterns from the project's folder: outputs that DVC does not cache."""
    patterns = [LOCK, str(PARAMS)]
    for stage in read_map(folder / "dvc.yaml")["stages"].values():
        for output in [*stage.get("outs", []), *stage.get("metrics", [])]:
            if isinstance(output, dict):
                path, options = next(iter(output.items()))
                if options.get("cache") is False:
                    patterns.append(path.split("${")[0].rstrip("/"))
    return sorted(set(patterns))


def _is_repository(copy: Path) -> bool:
    return (copy / ".git" / "HEAD").is_file()


def _share_objects(copy: Path) -> None:
    """Again each time: the workspace may have been moved, and have commits that it did not have."""
    common = Path(git("rev-parse", "--git-common-dir")).resolve()
    write_text(copy / ".git/objects/info/alternates", f"{common / 'objects'}\n")
    if (common / "shallow").exists():
        shutil.copy(common / "shallow", copy / ".git/shallow")


def _check_out(copy: Path, folder: Path, prefix: str, commit: str) -> None:
    """Move to a commit: all files are its own but those of results, which stay as they are.

    No checkout of git's does that: it would bring the results of the workspace's study that the commit has.
    """
    before = _files(copy)
    git("-C", str(copy), "reset", "--quiet", "--mixed", commit)
    git("-C", str(copy), "checkout", "--quiet", "--", f":(top){prefix}dvc.yaml")  # which says what results are
    kept = [prefix + path for path in results(folder)]
    for name in sorted(before - _files(copy)):
        if not any(name == path or name.startswith(f"{path}/") for path in kept):
            (copy / name).unlink(missing_ok=True)
    git("-C", str(copy), "checkout", "--quiet", "--", ":(top)", *(f":(top,exclude){path}" for path in kept))
    # What was put among the files that stages depend on, and is not the commit's, would be hashed with them.
    git("-C", str(copy), "clean", "--quiet", "-d", "--force", *(f"--exclude=/{path}" for path in kept))


def _files(copy: Path) -> set[str]:
    """Of the copy's index."""
    return set(git("-C", str(copy), "ls-files", "-z").split("\0")) - {""}


def _share_cache(folder: Path) -> None:
    """DVC here is told what DVC in the workspace is, and to use its cache.

    Raises:
        InputError: DVC does not work in the workspace.
    """
    from dvc.config import Config  # a second to import
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            cache = repo.cache.local_cache_dir
            options = repo.config.load_one("local")
    except DvcException as error:
        raise InputError(" ".join(str(error).split())) from error
    with Config(str(folder / ".dvc")).edit("local") as config:
        config.clear()
        config.update(options)
        config.setdefault("cache", {})["dir"] = os.path.abspath(cache)
