"""Run all of the study that is out of date, side by side: what ``make paper`` does.

``dvc repro`` does the same in one queue and leaves the same files; afterwards it has nothing to do. What fails is named
at the end with the command that tries it again; ``make status`` shows how far a study is.
"""

import argparse
import sys
import time

from zc.lockfile import LockError, LockFile

from stages.core.errors import InputError, run_stage
from stages.study.params import Params, load_params
from stages.study.resolve import resolve, resolve_study
from tools.engine.messages import FOLDER
from tools.engine.progress import State, duration, headline, new_state

RUNNING = FOLDER / "running"


def main(jobs: int, scheduler: str | None = None, remote: str | None = None) -> None:
    """Bring every stage up to date.

    Args:
        jobs: workers to start on this machine, if there is no ``scheduler``.
        scheduler: address of a Dask scheduler with workers of its own.
        remote: a DVC remote between this folder and workers with clones of their own; None: they share this folder.

    Raises:
        InputError: a parameter is wrong, another study runs here, or a stage failed.
    """
    if remote and not scheduler:
        raise InputError("REMOTE: only for the workers of a SCHEDULER; those of this machine share this folder")
    params = load_params()
    resolve(params)
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        lock = LockFile(str(RUNNING))
    except LockError as error:
        raise InputError(f"{RUNNING}: another `make paper` runs in this folder; `make status` shows it") from error
    try:
        state = bring_up_to_date(params, jobs, scheduler, remote)
    finally:
        lock.close()
    report(state, params)


def bring_up_to_date(params: Params, jobs: int, scheduler: str | None, remote: str | None) -> State:
    """Find what is out of date and run it."""
    from tools.engine.dag import Dag
    from tools.engine.plan import plan

    cells = resolve_study(params).runs
    pipeline = Dag()
    pipeline.clear_stale_locks()
    state = new_state(cells, pipeline.stages)
    plan(pipeline, state, params.allow_failed)
    state.write()
    if any(entry.status == "waiting" for entry in state.stages.values()):
        run(pipeline, state, params, jobs, scheduler, remote)
    state.finished = True
    state.write()
    return state


def run(pipeline, state: State, params: Params, jobs: int, scheduler: str | None, remote: str | None) -> None:
    from tools.engine.cluster import connect, has_dashboard, slots
    from tools.engine.plan import push_inputs
    from tools.engine.progress import View
    from tools.engine.scheduler import Options, Study

    exclusive = params.profiles[params.profile].train.exclusive
    cells = {cell.stage: cell for cell in state.runs}
    if remote:
        push_inputs(pipeline, state, remote)
    with connect(scheduler, jobs) as client, View(state) as view:
        state.dashboard = client.dashboard_link if scheduler or has_dashboard() else None
        dashboard = state.dashboard or "none (it needs bokeh)"
        view.say(
            f"{sum(map(len, slots(client).values()))} workers, Dask's dashboard: {dashboard}; see also `make status`"
        )
        Study(pipeline, state, view, client, Options(cells, params.allow_failed, exclusive, remote)).run()


def report(state: State, params: Params) -> None:
    """How it ended.

    Raises:
        InputError: a stage failed that may not.
    """
    failed = {name: entry for name, entry in state.stages.items() if entry.status == "failed"}
    runs = {cell.stage for cell in state.runs}
    print(headline(state))
    for name, entry in failed.items():
        print(f"  {name} failed: {entry.cause}\n    log: models/.study/logs/{name}.log; again: {again(name)}")
    if not failed or (params.allow_failed and failed.keys() <= runs):
        return
    raise InputError(
        f"{len(failed)} of {len(state.stages)} stages failed; `make paper` tries them again" + holes(failed, runs)
    )


def again(name: str) -> str:
    return f"dvc repro -s {name}"


def holes(failed: dict, runs: set[str]) -> str:
    return ", `allow_failed: true` in params.yaml goes on without them" if failed.keys() <= runs else ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1, help="stages at once on this machine")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, tcp://host:port")
    parser.add_argument("--remote", help="DVC remote, for workers with clones of their own")
    arguments = vars(parser.parse_args())
    started = time.monotonic()
    run_stage(main, **arguments)
    print(f"{duration(time.monotonic() - started)}", file=sys.stderr)
