"""Before anything runs: which stages are out of date, and what workers elsewhere will need."""

from engine.board import State
from engine.pipeline import Pipeline
from engine.remote import push
from engine.stage import inputs, load
from stages.lib.cells import Cell
from stages.lib.failures import FailedRun, forget_failure, read_failure


def plan(pipeline: Pipeline, state: State, allow_failed: bool) -> None:
    """Mark the stages that are up to date, with all that they follow from; the rest wait.

    With ``allow_failed`` a run that failed on what it would read now is not tried again.
    """
    cells = {cell.stage: cell for cell in state.cells} if allow_failed else {}
    for name, entry in state.stages.items():
        before = {state.stages[other].status for other in pipeline.upstream[name]}
        if not before <= {"unchanged", "failed"}:
            continue
        if name in cells and (failed := standing_failure(pipeline, cells[name])):
            entry.status, entry.cause = "failed", failed.cause
        elif not pipeline.changed(name):
            entry.status = "unchanged"
    for cell in state.cells:
        if state.stages[cell.stage].status == "unchanged":
            forget_failure(cell)  # tried again by `dvc repro`


def standing_failure(pipeline: Pipeline, cell: Cell) -> FailedRun | None:
    """The failure of a run that would read now what it failed on."""
    failed = read_failure(cell)
    if failed is None or failed.inputs is None:
        return None
    with pipeline.repo.lock:
        return failed if failed.inputs == inputs(load(pipeline.repo, cell.stage, {})) else None


def push_inputs(pipeline: Pipeline, state: State, remote: str) -> None:
    """Upload what is up to date here and read by stages of the grid that are not."""
    waiting = [name for name, entry in state.stages.items() if entry.status == "waiting" and "@" in name]
    needed = {before for name in waiting for before in pipeline.upstream[name]}
    ready = [pipeline.stages[name] for name in sorted(needed) if state.stages[name].status == "unchanged"]
    with pipeline.repo.lock:
        push(ready, remote)
