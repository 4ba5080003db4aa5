"""Run all of the study that is out of date, side by side: what ``make paper`` does.

``dvc repro`` does the same in one queue and leaves the same files; afterwards it has nothing to do. What fails is named
at the end with the command that tries it again; ``make status`` shows how far a study is.
"""

import argparse
import shutil
import sys
import time
from typing import TYPE_CHECKING

from zc.lockfile import LockError, LockFile

from stages.core.errors import InputError, run_stage
from stages.core.files import SETTINGS
from stages.study.current import outdated
from stages.study.leftovers import arrange
from stages.study.params import Params, load_params
from stages.study.resolve import resolve, resolve_study
from stages.study.source_link import require_source
from tools.engine.display import Display, duration, headline, listed
from tools.engine.messages import FOLDER, log_path
from tools.engine.state import StudyState, new_state
from tools.machine import jobs

if TYPE_CHECKING:
    from tools.engine.dag import Dag

RUNNING = FOLDER / "running"


def main(told: str, scheduler: str | None = None, remote: str | None = None) -> None:
    """Bring every stage up to date.

    Args:
        told: JOBS of make, the workers to start on this machine, if there is no ``scheduler``.
        scheduler: address of a Dask scheduler with workers of its own.
        remote: a DVC remote between this folder and workers with clones of their own; None: they share this folder.

    Raises:
        InputError: JOBS or a parameter is wrong, another study runs here, or a stage failed.
    """
    if remote and not scheduler:
        raise InputError("REMOTE: only for the workers of a SCHEDULER; those of this machine share this folder")
    jobs(told)
    params = load_params()
    at_once = jobs(told, params.profiles[params.profile].train.device)
    resolve(params)
    require_source(params.profiles[params.profile].data)  # DVC would name the link to it
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        lock = LockFile(str(RUNNING))
    except LockError as error:
        raise InputError(f"{RUNNING}: another `make paper` runs in this folder; `make status` shows it") from error
    try:
        state = bring_up_to_date(params, at_once, scheduler, remote)
    finally:
        lock.close()
    report(state, params)


def bring_up_to_date(params: Params, at_once: int, scheduler: str | None, remote: str | None) -> StudyState:
    """Find what is out of date and run it."""
    # DVC and Dask take a second each: a wrong parameter is named without them.
    from tools.copies.mending import mend
    from tools.engine.dag import Dag, kept_out
    from tools.engine.plan import plan

    study = resolve_study(params)
    dag = Dag()
    with kept_out(dag.repo):
        arrange(study)  # before DVC looks: what a larger grid left is no change of this one
        dag.clear_stale_locks()
        mend(dag)  # before DVC looks, too: it would make again what has a good copy, and not see what is damaged
        if not dag.changed("settings"):
            discard_outdated()
        state = new_state(study.every_run, dag.stages)
        plan(dag, state, params.allow_failed)
        state.write()
        if any(stage.status == "waiting" for stage in state.stages.values()):
            run(dag, state, params, at_once, scheduler, remote)
        state.finished = True
        state.write()
    return state


def discard_outdated() -> None:
    """Remove settings that are not those of params.yaml though DVC takes them for such: they are made anew, and said.

    So they are when params.yaml changed between the making and DVC's note, as by a `dvc exp run` that was refused.
    """
    if fault := outdated():
        print(f"{fault}: settings are made anew, and with them what follows")
        shutil.rmtree(SETTINGS)


def run(dag: "Dag", state: StudyState, params: Params, at_once: int, scheduler: str | None, remote: str | None) -> None:
    """Run what waits, on workers here or on those of a scheduler."""
    from tools.engine.cluster import connect, has_dashboard, slots
    from tools.engine.plan import push_inputs
    from tools.engine.scheduler import Head, Options

    options = Options(
        runs={run.stage: run for run in state.runs},
        allow_failed=params.allow_failed,
        exclusive=params.profiles[params.profile].train.exclusive,
        remote=remote,
        by_gpu=params.profiles[params.profile].train.device != "cpu",
    )
    if remote:
        push_inputs(dag, state, remote)
    device = params.profiles[params.profile].train.device
    with connect(scheduler, at_once, device) as client, Display(state) as display:
        state.dashboard = client.dashboard_link if scheduler or has_dashboard() else None
        workers = sum(map(len, slots(client).values()))
        dashboard = state.dashboard or "none (it needs bokeh)"
        display.say(f"{workers} workers, Dask's dashboard: {dashboard}; see also `make status`")
        Head(dag, state, display, client, options).run()


def report(state: StudyState, params: Params) -> None:
    """How it ended.

    Raises:
        InputError: a stage failed that may not, or is blocked.
    """
    failed = {name: stage for name, stage in state.stages.items() if stage.status == "failed"}
    print(headline(state))
    for name, stage in failed.items():
        print(f"  {name} failed: {stage.cause}\n    log: {log_path(name)}; again: dvc repro -s {name}")
    blocked: dict[str, list[str]] = {}  # by what blocks them
    for name, stage in state.stages.items():
        if stage.status == "blocked":
            blocked.setdefault(stage.cause, []).append(name)
    for cause, names in blocked.items():
        print(f"  {listed(names)} blocked: {cause}")
    only_runs_failed = failed.keys() <= {run.stage for run in state.runs}
    if not blocked and (not failed or (params.allow_failed and only_runs_failed)):
        return
    counts = f"{len(failed)} failed and {sum(map(len, blocked.values()))} blocked"
    message = f"of {len(state.stages)} stages {counts}; `make paper` tries them again"
    if only_runs_failed and not params.allow_failed:
        message += ", `allow_failed: true` in params.yaml goes on without them"
    raise InputError(message)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", dest="told", default="auto", help="stages at once on this machine: a number, or auto")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, tcp://host:port")
    parser.add_argument("--remote", help="DVC remote, for workers with clones of their own")
    arguments = vars(parser.parse_args())
    started = time.monotonic()
    run_stage(main, **arguments)
    print(f"{duration(time.monotonic() - started)}", file=sys.stderr)
