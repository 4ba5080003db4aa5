"""Before anything runs: which stages are out of date, and what workers elsewhere will need."""

from stages.study.failures import FailedRun, forget_overcome, read_failure
from stages.study.params import Params
from stages.study.resolve import resolve_study
from stages.training.settings import Run
from tools.engine.dag import Dag
from tools.engine.remote import push, require_remote
from tools.engine.reproduce import inputs, load
from tools.engine.state import StudyState, new_state


def plan(dag: Dag, state: StudyState, allow_failed: bool) -> None:
    """Mark the stages that are up to date, with all that they follow from; the rest wait.

    With ``allow_failed`` a run that failed on what it would read now is not tried again.
    """
    runs = {run.stage: run for run in state.runs}
    forget_overcome(state.runs)  # tried again by `dvc repro`
    for name, stage in state.stages.items():
        before = {state.stages[other].status for other in dag.upstream[name]}
        if not before <= {"unchanged", "failed"}:
            continue
        failed = standing_failure(dag, runs[name]) if allow_failed and name in runs else None
        if failed is not None:
            stage.status, stage.cause = "failed", failed.cause
        elif not dag.changed(name):
            stage.status = "unchanged"


def unfinished(dag: Dag, params: Params) -> list[str]:
    """The stages of this folder's study that are out of date, or whose outputs are not here as they were made."""
    state = new_state(resolve_study(params).every_run, dag.stages)
    plan(dag, state, params.allow_failed)
    return [name for name, stage in state.stages.items() if stage.status == "waiting"]


def standing_failure(dag: Dag, run: Run) -> FailedRun | None:
    """The failure of a run that would read now what it failed on."""
    failed = read_failure(run)
    if failed is None or failed.inputs is None:
        return None
    with dag.repo.lock:
        return failed if failed.inputs == inputs(load(dag.repo, run.stage, {})) else None


def failed_before(dag: Dag, state: StudyState) -> dict[str, list[str]]:
    """The stages that still wait, each with the failed ones from which it follows."""
    failed: dict[str, list[str]] = {}
    for name, stage in state.stages.items():  # a stage stands after those it follows from
        if stage.status != "waiting":
            continue
        causes = set()
        for before in dag.upstream[name]:
            causes.update([before] if state.stages[before].status == "failed" else failed.get(before, []))
        failed[name] = sorted(causes)
    return failed


def push_inputs(dag: Dag, state: StudyState, remote: str) -> None:
    """Upload what is up to date here and read by stages of the grid that are not.

    Raises:
        InputError: there is no such remote, or some of it did not arrive.
    """
    require_remote(dag.repo, remote)
    waiting = [name for name, stage in state.stages.items() if stage.status == "waiting" and "@" in name]
    needed = set().union(*(dag.upstream[name] for name in waiting))
    ready = [dag.stages[name] for name in sorted(needed) if state.stages[name].status == "unchanged"]
    with dag.repo.lock:
        push(ready, remote)
