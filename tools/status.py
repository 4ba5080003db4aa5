"""How far the study is: ``make status``, at any time, from any terminal. It writes nothing."""

from rich.console import Console

from stages.core.errors import run_stage
from tools.engine.messages import log_path
from tools.engine.progress import State, read_state, table


def main() -> None:
    """Print the table of runs, what each running stage said last, and what failed and why.

    Raises:
        InputError: no study has been run in this folder.
    """
    state = read_state()
    console = Console(highlight=False, soft_wrap=True)
    console.print(table(state))
    for line in details(state):
        console.print(line, markup=False)


def details(state: State) -> list[str]:
    """Lines under the table."""
    lines = []
    for name, entry in state.stages.items():
        if entry.status == "running" and state.alive:
            lines.append(f"{name}: {last_line(name)}")
        if entry.status == "failed":
            lines.append(f"{name} failed: {entry.cause}; `dvc repro -s {name}` tries it again")
    if state.finished:
        lines.append("finished")
    elif state.alive:
        lines.append(
            f"running on {state.slots} workers" + (f", dashboard {state.dashboard}" if state.dashboard else "")
        )
    else:
        lines.append("interrupted; `make paper` goes on from here")
    return lines


def last_line(stage: str) -> str:
    """Of the stage's log."""
    path = log_path(stage)
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "starting")


if __name__ == "__main__":
    run_stage(main)
