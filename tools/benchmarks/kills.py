"""kill -9 at random moments: is anything lost, made twice, or different?

``python -m tools.benchmarks.kills`` runs a small study undisturbed, then again while the driver, a worker, a training
process and DVC are killed in turn at random moments, the study being started again whenever it ended; ``--size`` says
which study. When it is complete before the last kill, its runs are deleted and it goes on.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from tools.benchmarks.common import working_copy as sandbox

VICTIMS = {
    "driver": "tools.study",
    "worker": "multiprocessing",
    "training": "stages.train",
    "DVC": "tools.engine.reproduce",
}
FIND_SECONDS = 30.0
Identity = tuple[int, str]  # process and start of the process that made a run


def main(size: str, jobs: int, kills: int, seed: int) -> None:
    """Print the tally.

    Raises:
        InputError: a completed run was trained again, or a result is not that of the undisturbed study.
    """
    draw = random.Random(seed)
    changes = sandbox.SIZES[size]
    with TemporaryDirectory() as name:
        calm = sandbox.make(Path(name, "calm"), changes)
        began = time.monotonic()
        sandbox.run(calm, *sandbox.study(jobs))
        undisturbed = time.monotonic() - began
        folder = sandbox.make(Path(name, "killed"), changes)
        tally = Counter({"completed runs trained again": 0})
        made: dict[str, Identity] = {}
        while tally["kills"] < kills:
            disturb(folder, jobs, draw, undisturbed / 4, tally, made, kills)
        finish(folder, jobs, tally, made)
        different = [cell for cell, own in sandbox.qualities(folder).items() if own != sandbox.qualities(calm)[cell]]
        clean = sandbox.clean(folder)
    print(tabulate(sorted(tally.items()), headers=["what", "times"]))
    print(f"undisturbed {undisturbed:.0f} s; other results than undisturbed: {', '.join(different) or 'none'}")
    if different or tally["completed runs trained again"] or not clean:
        raise InputError("something was lost" if clean else "dvc status is not clean")


def disturb(
    folder: Path, jobs: int, draw: random.Random, longest: float, tally: Counter, made: dict[str, Identity], kills: int
) -> None:
    """One start of the study and one kill or more, until it ends."""
    process = sandbox.start(folder, *sandbox.study(jobs))
    tally["starts"] += 1
    while process.poll() is None and tally["kills"] < kills:
        wait(process, draw.uniform(1, longest))
        kind = list(VICTIMS)[tally["kills"] % len(VICTIMS)]
        note_completed(folder, tally, made)
        if (victim := find(process, kind)) is not None:
            os.kill(victim, signal.SIGKILL)
            tally["kills"] += 1
            tally[f"kills of {kind}"] += 1
    process.wait()
    note_completed(folder, tally, made)
    if process.returncode == 0 and tally["kills"] < kills:
        tally["studies completed and begun again"] += 1
        made.clear()
        for path in ("models/runs", "models/.checkpoints", "metrics/runs", "paper/main.pdf"):
            target = folder / path
            shutil.rmtree(target, ignore_errors=True) if target.is_dir() else target.unlink(missing_ok=True)


def wait(process: subprocess.Popen, seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def find(driver: subprocess.Popen, kind: str) -> int | None:
    """A process of that kind, as soon as there is one; None if the study ends before."""
    until = time.monotonic() + FIND_SECONDS
    while driver.poll() is None and time.monotonic() < until:
        if kind == "driver":
            return driver.pid
        for process in psutil.Process(driver.pid).children(recursive=True):
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if VICTIMS[kind] in line and "resource_tracker" not in line:
                return process.pid
        time.sleep(0.05)
    return None


def note_completed(folder: Path, tally: Counter, made: dict[str, Identity]) -> None:
    """Remember who made each completed run, and count those that were made again."""
    if not (folder / "models/.study/state.json").exists():
        return
    stages = sandbox.state(folder).stages
    for cell in sandbox.cells(folder):
        if stages[cell.stage].status not in ("done", "unchanged"):
            continue
        run = sandbox.record(folder, cell)["run"]
        own = run["process_id"], run["started_at"]
        if made.setdefault(cell.stage, own) != own:
            tally["completed runs trained again"] += 1
            made[cell.stage] = own


def finish(folder: Path, jobs: int, tally: Counter, made: dict[str, Identity]) -> None:
    """Start the study until it ends well."""
    while sandbox.run(folder, *sandbox.study(jobs), check=False).returncode:
        tally["starts"] += 1
        if tally["starts"] > 10 * (tally["kills"] + 1):
            raise InputError(f"the study does not end: {sandbox.state(folder).model_dump_json(indent=1)}")
    tally["starts"] += 1
    note_completed(folder, tally, made)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    sandbox.add_size(parser)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    run_stage(main, **vars(parser.parse_args()))
