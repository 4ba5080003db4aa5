"""What the pipeline costs beside training: DVC's own seconds, and the share of processor time that steps get.

``make bench`` measures ``dvc repro`` with nothing to do and generated pipelines of 42 and 420 stages that only write a
file. ``python -m tools.benchmarks.overhead --study`` runs the whole default study again, in a clone, and divides the
seconds of its training and evaluation steps by the processor seconds of all its processes.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from ruamel.yaml import YAML
from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.core.files import write_text
from stages.core.types import Strict
from stages.encoders.base_report import BaseReport
from stages.study.grid import StudySettings
from stages.training.environment import git
from stages.training.record import Record

REPORT = Path("metrics/bench/pipeline.json")
SIZES = (42, 420)


class DagTimes(Strict):
    """A generated pipeline of independent stages."""

    stages: int
    first_seconds: float
    seconds_a_stage: float
    no_op_seconds: float


class Share(Strict):
    """The whole study, nothing taken from the run cache."""

    wall_seconds: float
    cpu_seconds: float  # of ``dvc repro`` and every process it started
    step_seconds: float  # training and evaluation of all runs, and pretraining
    share: float


class Overhead(Strict):
    """Null: not measured."""

    no_op_seconds: float | None  # ``dvc repro`` of this study; null unless nothing was out of date
    generated: list[DagTimes]
    study: Share | None


def main(study: bool = False, sizes: tuple[int, ...] = SIZES) -> None:
    """Measure what is asked for, keep what the report has of the rest."""
    report = Overhead(no_op_seconds=None, generated=[], study=None)
    if REPORT.exists():
        report = Overhead.model_validate_json(REPORT.read_text(encoding="utf-8"))
    if study:
        with TemporaryDirectory() as name:
            measured = {"study": measure_study(Path(name, "clone"))}
    else:
        measured = {"generated": [measure_dag(size) for size in sizes], "no_op_seconds": no_op()}
    report = report.model_copy(update=measured)
    write_text(REPORT, report.model_dump_json(indent=2) + "\n")
    print(table(report))


def dvc(folder: Path, *arguments: str) -> tuple[float, str]:
    """Wall-clock seconds and output of a DVC command.

    Raises:
        InputError: it failed; with its last line.
    """
    began = time.perf_counter()
    command = [sys.executable, "-m", "dvc", *arguments]
    finished = subprocess.run(
        command, cwd=folder, encoding="utf-8", errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if finished.returncode:
        last_line = (finished.stdout.strip() or "failed").splitlines()[-1]
        raise InputError(f"dvc {' '.join(arguments)}: {last_line}")
    return time.perf_counter() - began, finished.stdout


def no_op() -> float | None:
    """Seconds of ``dvc repro`` in this study when everything is up to date."""
    _, status = dvc(Path(), "status", "--json")
    out_of_date = json.loads(status.strip().splitlines()[-1])
    if out_of_date:
        return None
    seconds, _ = dvc(Path(), "repro")
    return seconds


def measure_dag(size: int) -> DagTimes:
    """A pipeline of ``size`` stages, each of which writes one file."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_dag(folder, size)
        dvc(folder, "init", "--no-scm", "--quiet")
        first, _ = dvc(folder, "repro", "--quiet")
        again, _ = dvc(folder, "repro", "--quiet")
    return DagTimes(stages=size, first_seconds=first, seconds_a_stage=(first - again) / size, no_op_seconds=again)


def write_dag(folder: Path, size: int) -> None:
    stage = {
        "matrix": {"cell": list(range(size))},
        "cmd": "echo ${item.cell} > ${item.cell}.txt",
        "outs": ["${item.cell}.txt"],
    }
    YAML().dump({"stages": {"cell": stage}}, folder / "dvc.yaml")


def measure_study(clone: Path) -> Share:
    """``dvc repro`` from nothing in a clone at the current commit."""
    git("clone", "--quiet", ".", str(clone))
    began, before = time.perf_counter(), os.times()
    dvc(clone, "repro", "--force", "--no-run-cache")
    wall, after = time.perf_counter() - began, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    steps = step_seconds(clone)
    return Share(wall_seconds=wall, cpu_seconds=used, step_seconds=steps, share=steps / used)


def step_seconds(folder: Path) -> float:
    """Seconds in steps by the records of the study in ``folder``.

    A run has one thread, so on an idle machine, and there alone, its wall clock is processor time.
    """
    study = StudySettings.read_from(folder / StudySettings.path())
    seconds = 0.0
    for run in study.runs:
        cost = Record.read_from(folder / run.record_path).cost
        seconds += cost.train_seconds + cost.evaluation_seconds
    for name in study.architectures:
        report = BaseReport.read_from(folder / BaseReport.path(name))
        seconds += report.seconds or 0  # none where the encoder was not pretrained here
    return seconds


def table(report: Overhead) -> str:
    rows = [
        [dag.stages, f"{dag.first_seconds:.1f}", f"{dag.seconds_a_stage:.3f}", f"{dag.no_op_seconds:.1f}"]
        for dag in report.generated
    ]
    no_op = share = "not measured"
    if report.no_op_seconds is not None:
        no_op = f"{report.no_op_seconds:.1f} s"
    if report.study is not None:
        share = f"{100 * report.study.share:.0f} % of {report.study.cpu_seconds:.0f} s"
    return "\n".join(
        [
            tabulate(rows, headers=["stages", "first (s)", "a stage (s)", "no-op (s)"], disable_numparse=True),
            f"dvc repro of the study with nothing to do: {no_op}",
            f"processor time of the whole study in training and evaluation steps: {share}",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", action="store_true", help="run the whole study and measure its share")
    run_stage(main, **vars(parser.parse_args()))
