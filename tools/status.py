"""How far the study is: ``make status [STUDY=<name>]``, at any time, from any terminal. It writes nothing."""

import argparse
import os

from rich.console import Console

from stages.core.errors import run_stage
from stages.core.free_text import visible
from tools.engine.display import table
from tools.engine.messages import log_path
from tools.engine.state import StudyState, read_state
from tools.studies.merging import built_folder


def main(study: str = "") -> None:
    """Print the table of runs, what each running stage said last, and what failed and why.

    Args:
        study: of ``studies/``, which is built in a folder of its own; nothing: the one of this folder.

    Raises:
        InputError: no study has been run in that folder.
    """
    if study:
        os.chdir(built_folder(study))
    state = read_state()
    console = Console(highlight=False, soft_wrap=True)
    console.print(table(state))
    for line in details(state):
        console.print(line, markup=False)


def details(state: StudyState) -> list[str]:
    """Lines under the table."""
    lines = []
    for name, stage in state.stages.items():
        if stage.status == "running" and state.alive:
            lines.append(f"{name}: {last_line(name)}")
        if stage.status == "failed":
            lines.append(f"{name} failed: {stage.cause}; `dvc repro -s {name}` tries it again")
    return [*lines, whole(state)]


def whole(state: StudyState) -> str:
    """How the study as a whole is."""
    if state.finished:
        return "finished"
    if not state.alive:
        return "interrupted; `make paper` goes on from here"
    line = f"running on {state.slots} workers" if state.slots else "without workers, waits for one"
    return f"{line}, dashboard {state.dashboard}" if state.dashboard else line


def last_line(stage: str) -> str:
    """Of the stage's log."""
    path = log_path(stage)
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else []
    return next((visible(line).strip() for line in reversed(lines) if line.strip()), "starting")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", default="", help="of a file in studies/")
    run_stage(main, **vars(parser.parse_args()))
