"""Build a study of ``studies/``: ``make paper STUDY=<name>``.

It is built from the workspace's commit, in ``.studies/<name>/``, as ``make paper`` builds one there, in this
environment. The workspace's own files stay as they are.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.study.resolve import resolve
from tools.engine.display import listed
from tools.machine import jobs
from tools.studies.merging import path_of, read_study
from tools.studies.working_folder import Copy, brought_up_to_date, left_out, locked

COMMIT_DIGITS = 12


def main(name: str, told: str, scheduler: str | None = None, remote: str | None = None) -> None:
    """Bring the study's working copy up to date, and run what is out of date in it.

    Args:
        name: of the study.
        told: JOBS of make.
        scheduler: address of a Dask scheduler whose workers share this folder.
        remote: refused: workers with clones of their own have the workspace's parameters.

    Raises:
        InputError: a parameter is wrong, git cannot be used, or the study is being built already.
        SystemExit: a step failed and has said why; with its exit code.
    """
    if remote:
        raise InputError(
            "REMOTE: not with STUDY: workers' clones have the study of params.yaml; let them share this folder"
        )
    jobs(told)
    study = read_study(name)
    resolve(study.params)
    with locked(name):
        copy = brought_up_to_date(study)
        say(name, copy)
        run_steps(copy.folder, told, scheduler)


def run_steps(folder: Path, told: str, scheduler: str | None) -> None:
    """What ``make paper`` does in a folder.

    Raises:
        SystemExit: a step failed and has said why; with its exit code.
    """
    cluster = ["--scheduler", scheduler] if scheduler else []
    elsewhere = ["--elsewhere"] if scheduler else []
    for step in (
        ["tools.check", "--quick", f"--jobs={told}", *elsewhere],
        ["tools.study", f"--jobs={told}", *cluster],
        ["tools.summary"],
    ):
        if status := run(folder, *step):
            sys.exit(status)


def say(name: str, copy: Copy) -> None:
    """Where the study is built and of what, and what is not in it."""
    commit = copy.commit[:COMMIT_DIGITS]
    print(f"study {name}: in {copy.folder}, at commit {commit}; `make paper STUDY={name}` goes on there")
    if files := left_out():
        print(f"note: not in it, because not committed: {listed(files)}", file=sys.stderr)
    if not copy.is_committed:
        print(f"note: its records will say that {path_of(name)} or params.yaml was not committed", file=sys.stderr)


def run(folder: Path, module: str, *arguments: str) -> int:
    """A command of the working copy's own code, in this environment; its exit code.

    Ctrl-C reaches it as it reaches this process, and it ends in its own way.

    Raises:
        KeyboardInterrupt: it ended before it had one.
    """
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    sys.stdout.flush()
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=folder, env=environment)
    while True:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            continue
        if status == -signal.SIGINT:
            raise KeyboardInterrupt
        return status


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="of a file in studies/")
    parser.add_argument("--jobs", dest="told", default="auto", help="stages at once on this machine: a number, or auto")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, tcp://host:port")
    parser.add_argument("--remote", help="refused: see `make paper` without STUDY")
    run_stage(main, **vars(parser.parse_args()))
