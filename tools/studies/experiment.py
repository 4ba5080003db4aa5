"""Run experiments on all cores: ``make exp SET='lr=2e-5'``, or several: ``make exp GRID='lr=1e-5,2e-5,5e-5'``.

An experiment is built from the workspace's commit in ``.studies/_experiment/``, as ``make paper`` builds, and saved by
DVC, so that ``dvc exp show``, ``diff`` and ``apply`` know it as one of ``dvc exp run -S``, which runs stages in turn.
The workspace's own files stay as they are; what is equal comes from the cache that both share.
"""

import argparse
import re
import shlex
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from stages.core.errors import InputError, run_stage
from stages.core.yaml_files import read_yaml
from stages.study.params import validated
from stages.study.resolve import resolve
from stages.training.environment import git
from tools.engine.display import listed
from tools.machine import jobs
from tools.studies.build import run, run_steps
from tools.studies.merging import PARAMS, PATHS
from tools.studies.working_folder import clone_at_commit, left_out, locked

FOLDER_NAME = "_experiment"  # no study can be called so
NAME = re.compile("[A-Za-z0-9][A-Za-z0-9_-]*")
SAVED = "refs/exps"  # where DVC keeps experiments in git


def main(given: str, grid: str, name: str, told: str, scheduler: str | None = None, remote: str | None = None) -> None:
    """Run one experiment after the other, each on all cores.

    Args:
        given: changes of params.yaml as ``dvc exp run -S`` takes them, in words.
        grid: the same with several values each, separated by commas: an experiment for each combination.
        name: of the experiment; of several the beginning, before ``-1``, ``-2``, ...; without one DVC gives one.
        told: JOBS of make.

    Raises:
        InputError: a change is none, a parameter is wrong, or the name is taken.
        SystemExit: a step failed and has said why; with its exit code.
    """
    if remote:
        raise InputError(
            "REMOTE: not with `make exp`: workers' clones have other parameters; let workers share this folder"
        )
    jobs(told)
    changes = experiments(given, grid)
    names = [name] * len(changes)
    if name and len(changes) > 1:
        names = [f"{name}-{number}" for number in range(1, len(changes) + 1)]
    require_free([each for each in names if each])
    for overrides in changes:
        require_valid(overrides)
    with locked(FOLDER_NAME):
        for number, (overrides, each) in enumerate(zip(changes, names, strict=True), start=1):
            copy, folder, commit = clone_at_commit(FOLDER_NAME)
            print(f"experiment {number} of {len(changes)}: {' '.join(overrides)}; in {folder}, at commit {commit[:12]}")
            if files := left_out():
                print(f"note: not in it, because not committed: {listed(files)}", file=sys.stderr)
            shutil.copy(PARAMS, folder / PARAMS)
            override(folder / PARAMS, overrides)
            link_sources(folder)
            run_steps(folder, told, scheduler)
            save(copy, folder, each)


def experiments(given: str, grid: str) -> list[list[str]]:
    """The changes of each experiment.

    Raises:
        InputError: there is none, one is not of the form ``key=value``, or several values stand where one is asked for.
    """
    if not given.strip() and not grid.strip():
        raise InputError("SET: empty; give what is changed: make exp SET='lr=2e-5', or GRID='lr=1e-5,2e-5'")
    fixed, varied = sweeps("SET", given), sweeps("GRID", grid)
    if len(fixed) > 1:
        raise InputError(f"SET: {given!r}: several values; allowed in GRID")
    return [fixed[0] + changes for changes in varied]


def sweeps(variable: str, text: str) -> list[list[str]]:
    """Every combination of the values that a variable of make lists; one of no changes for an empty one.

    Raises:
        InputError: names the variable.
    """
    from dvc.exceptions import DvcException  # a second to import
    from dvc.utils.hydra import get_hydra_sweeps
    from hydra.errors import HydraException

    try:
        words = shlex.split(text)
        return [sweep[PARAMS] for sweep in get_hydra_sweeps({PARAMS: words})] if words else [[]]
    except (DvcException, HydraException, ValueError) as error:  # of the words, and of the quotes around them
        cause = str(error).splitlines()[0]
        raise InputError(f"{variable}: {text!r}: {cause}; allowed: changes as dvc exp run -S takes them") from error


def require_free(names: list[str]) -> None:
    """Before anything runs, for DVC would say so when all has run.

    Raises:
        InputError: an experiment cannot have this name, or one has it and would be overwritten.
    """
    taken = {reference.rsplit("/", 1)[-1] for reference in git("for-each-ref", "--format=%(refname)", SAVED).split()}
    for name in names:
        if not NAME.fullmatch(name):
            raise InputError(f"NAME: {name!r}: allowed: letters, digits, - and _, first a letter or a digit")
        if name in taken:
            raise InputError(f"NAME: {name!r}: there is such an experiment; dvc exp remove {name}, or another name")


def require_valid(overrides: list[str]) -> None:
    """Raises InputError: params.yaml with these changes is none."""
    with TemporaryDirectory() as folder:
        path = Path(shutil.copy(PARAMS, folder))
        override(path, overrides)
        resolve(validated(read_yaml(path), PARAMS))


def override(path: Path, overrides: list[str]) -> None:
    """Change a file of parameters in place.

    Raises:
        InputError: it has no such key.
    """
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides

    try:
        apply_overrides(path, overrides)
    except DvcException as error:
        cause = str(error.__cause__ or error).splitlines()[0]
        raise InputError(f"{' '.join(overrides)}: {cause}") from error


def link_sources(folder: Path) -> None:
    """What parameters name by a path from the workspace lies at the same path in ``folder``."""
    raw = read_yaml(folder / PARAMS)
    profile = raw["profiles"][raw["profile"]]
    for section, key in PATHS:
        path = profile[section].get(key)
        if path is None or profile[section].get("source") == "package" or Path(path).expanduser().is_absolute():
            continue
        there = folder / path
        if Path(path).exists() and not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            there.symlink_to(Path(path).absolute())


def save(copy: Path, folder: Path, name: str) -> None:
    """As an experiment of the workspace.

    Raises:
        SystemExit: DVC could not save it and has said why.
    """
    named = ["--name", name] if name else []
    if status := run(folder, "dvc", "exp", "save", "--force", *named):
        sys.exit(status)
    git("fetch", "--quiet", str(copy), f"{SAVED}/*:{SAVED}/*")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", dest="given", default="", help="changes of params.yaml, such as 'lr=2e-5'")
    parser.add_argument("--grid", default="", help="changes with several values each, such as 'lr=1e-5,2e-5'")
    parser.add_argument("--name", default="", help="of the experiment")
    parser.add_argument("--jobs", dest="told", default="auto", help="stages at once on this machine: a number, or auto")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, tcp://host:port")
    parser.add_argument("--remote", help="refused: see `make paper` without it")
    run_stage(main, **vars(parser.parse_args()))
