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
from tools.benchmarks.common import working_copy

VICTIMS = {  # by what stands in their command lines
    "driver": "tools.study",
    "worker": "multiprocessing",
    "training": "stages.train",
    "DVC": "tools.engine.reproduce",
}
FIND_SECONDS = 30.0
RESULTS = ("models/runs", "models/.checkpoints", "metrics/runs", "paper/main.pdf", ".dvc/cache")  # with their copies
Origin = tuple[int, str]  # process that made a run, and its start
TRAINED_AGAIN = "completed runs trained again"


def main(size: str, jobs: int, kills: int, seed: int) -> None:
    """Print the tally.

    Raises:
        InputError: a completed run was trained again, or a result is not that of the undisturbed study.
    """
    changes = working_copy.SIZES[size]
    with TemporaryDirectory() as name:
        calm = working_copy.make(Path(name, "calm"), changes)
        began = time.monotonic()
        working_copy.execute(calm, *working_copy.study(jobs))
        undisturbed = time.monotonic() - began
        study = DisturbedStudy(working_copy.make(Path(name, "killed"), changes), jobs)
        draw = random.Random(seed)
        while study.tally["kills"] < kills:
            study.disturb(kills, draw, longest=undisturbed / 4)
        study.finish()
        expected, results = working_copy.qualities(calm), working_copy.qualities(study.folder)
        different = [run for run, quality in results.items() if quality != expected[run]]
        clean = working_copy.clean(study.folder)
    print(tabulate(sorted(study.tally.items()), headers=["what", "times"]))
    print(f"undisturbed {undisturbed:.0f} s; other results than undisturbed: {', '.join(different) or 'none'}")
    if not clean:
        raise InputError("dvc status is not clean")
    if different or study.tally[TRAINED_AGAIN]:
        raise InputError("something was lost")


class DisturbedStudy:
    """A study that is killed and started again, and what it has made so far."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self.folder, self.command = folder, working_copy.study(jobs)
        self.tally = Counter({TRAINED_AGAIN: 0})
        self.origins: dict[str, Origin] = {}

    def disturb(self, kills: int, draw: random.Random, longest: float) -> None:
        """One start of the study and one kill or more, up to ``kills`` in all, until it ends.

        Args:
            longest: seconds between two kills.
        """
        process = working_copy.start(self.folder, *self.command)
        self.tally["starts"] += 1
        while process.poll() is None and self.tally["kills"] < kills:
            wait(process, draw.uniform(1, longest))
            kind = list(VICTIMS)[self.tally["kills"] % len(VICTIMS)]
            self.note_completed()
            victim = find(process, kind)
            if victim is not None:
                os.kill(victim, signal.SIGKILL)
                self.tally["kills"] += 1
                self.tally[f"kills of {kind}"] += 1
        process.wait()
        self.note_completed()
        if process.returncode == 0 and self.tally["kills"] < kills:
            self.tally["studies completed and begun again"] += 1
            self.delete_results()

    def delete_results(self) -> None:
        self.origins.clear()
        for name in RESULTS:
            path = self.folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def note_completed(self) -> None:
        """Remember who made each completed run, and count those that were made again."""
        if not (self.folder / "models/.study/state.json").exists():
            return
        stages = working_copy.state(self.folder).stages
        for run in working_copy.runs(self.folder):
            if stages[run.stage].status not in ("done", "unchanged"):
                continue
            identity = working_copy.record(self.folder, run)["run"]
            origin = identity["process_id"], identity["started_at"]
            if self.origins.setdefault(run.stage, origin) != origin:
                self.tally[TRAINED_AGAIN] += 1
                self.origins[run.stage] = origin

    def finish(self) -> None:
        """Start the study until it ends well.

        Raises:
            InputError: it does not.
        """
        while working_copy.execute(self.folder, *self.command, check=False).returncode:
            self.tally["starts"] += 1
            if self.tally["starts"] > 10 * (self.tally["kills"] + 1):
                state = working_copy.state(self.folder).model_dump_json(indent=1)
                raise InputError(f"the study does not end: {state}")
        self.tally["starts"] += 1
        self.note_completed()


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    working_copy.add_size(parser)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    run_stage(main, **vars(parser.parse_args()))
