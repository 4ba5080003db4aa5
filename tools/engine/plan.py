"""Before anything runs: which stages are out of date, and what workers elsewhere will need."""

from stages.study.failures import FailedRun, failure_path, read_failure
from stages.training.settings import Run
from tools.engine.dag import Dag
from tools.engine.progress import State
from tools.engine.remote import push
from tools.engine.reproduce import inputs, load


def plan(pipeline: Dag, state: State, allow_failed: bool) -> None:
    """Mark the stages that are up to date, with all that they follow from; the rest wait.

    With ``allow_failed`` a run that failed on what it would read now is not tried again.
    """
    cells = {cell.stage: cell for cell in state.runs} if allow_failed else {}
    for name, entry in state.stages.items():
        before = {state.stages[other].status for other in pipeline.upstream[name]}
        if not before <= {"unchanged", "failed"}:
            continue
        if name in cells and (failed := standing_failure(pipeline, cells[name])):
            entry.status, entry.cause = "failed", failed.cause
        elif not pipeline.changed(name):
            entry.status = "unchanged"
    for cell in state.runs:
        if state.stages[cell.stage].status == "unchanged":
            failure_path(cell).unlink(missing_ok=True)  # tried again by `dvc repro`


def standing_failure(pipeline: Dag, cell: Run) -> FailedRun | None:
    """The failure of a run that would read now what it failed on."""
    failed = read_failure(cell)
    if failed is None or failed.inputs is None:
        return None
    with pipeline.repo.lock:
        return failed if failed.inputs == inputs(load(pipeline.repo, cell.stage, {})) else None


def push_inputs(pipeline: Dag, state: State, remote: str) -> None:
    """Upload what is up to date here and read by stages of the grid that are not."""
    waiting = [name for name, entry in state.stages.items() if entry.status == "waiting" and "@" in name]
    needed = {before for name in waiting for before in pipeline.upstream[name]}
    ready = [pipeline.stages[name] for name in sorted(needed) if state.stages[name].status == "unchanged"]
    with pipeline.repo.lock:
        push(ready, remote)
