"""What each choice that makes a run fast is worth: the study's own settings against one of them changed.

``make bench``, after ``dvc repro tokenize``. Full fine-tuning of each architecture, a process a run, the study's
settings and every variation in turns. ``--full-size`` takes random weights at the published sizes, ``--device cuda`` a
GPU, where bf16, compiled steps and CUDA graphs are tried too. A choice pays where its ratio is above 1. Compiled steps
take a step's examples as one batch; what that alone is worth is a line of its own.
"""

from pathlib import Path
from statistics import median
from typing import NamedTuple

from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.core.types import Strict
from stages.training.record import Record
from stages.training.settings import Run, RunSettings
from tools.benchmarks.common import full_size
from tools.benchmarks.common.processes import run_process
from tools.benchmarks.common.results import MeasuredMachine, publish
from tools.benchmarks.common.workspace import options, prepared

REPORTS = {False: Path("metrics/bench/levers.json"), True: Path("metrics/bench/levers-full-size.json")}
CONFIGURATION = "full"
ONE_BATCH = {"batch_size": 16, "gradient_accumulation": 1}  # of the size that two accumulated ones have


class Lever(NamedTuple):
    """A choice of the study, and the settings of a run without it."""

    choice: str
    without: dict


def compiled(mode: str) -> dict:
    """Over widths in multiples of 32: a few shapes."""
    return {"train": ONE_BATCH | {"length_multiple": 32, "compile": mode}}


EVERYWHERE = [
    Lever("batches of similar length", {"batching": "random"}),
    Lever("padding to the longest", {"padding": "max_length"}),
    Lever("fused optimiser", {"optimizer": "adamw_torch"}),
    Lever("evaluation in large batches", {"train": {"evaluation_batch_size": 8}}),
]
LEVERS = {
    "cpu": [
        *EVERYWHERE,
        Lever("dropout in bulk", {"train": {"dropout": "torch"}}),
        Lever("steps not compiled", compiled("default")),
    ],
    "cuda": [
        *EVERYWHERE,
        Lever("bf16", {"precision": "fp32"}),
        Lever("torch's dropout", {"train": {"dropout": "bulk"}}),
        Lever("widths in multiples of 32", {"train": {"length_multiple": 1}}),
        Lever("two batches a step", {"train": ONE_BATCH}),
        Lever("steps not compiled", compiled("default")),
        Lever("no CUDA graphs", compiled("reduce-overhead")),
    ],
}


class LeverRun(Strict):
    """Medians over repeats."""

    samples_per_second: float
    seconds: float  # of the whole process
    test_accuracy: float


class LeverRow(Strict):
    """One choice on one architecture."""

    architecture: str
    choice: str
    changes: dict  # of the settings, to be without it
    ours: LeverRun
    without: LeverRun
    ratio_samples_per_second: float  # ours / without
    ratio_seconds: float  # without / ours


class Levers(Strict):
    machine: MeasuredMachine
    repeats: int
    full_size: bool
    rows: list[LeverRow]


def main(repeats: int = 1, device: str = "cpu", full: bool = False, rows: int = full_size.ROWS) -> None:
    """Measure, write and print.

    Raises:
        InputError: ``repeats`` or ``rows`` too small, no such device, or the study's data is not there yet.
    """
    with prepared(repeats, device, full, rows) as (workspace, study, machine):
        cells = [c for c in study.runs if c.configuration == CONFIGURATION and c.seed == study.seeds[0]]
        if not cells:
            raise InputError(f"configurations: {CONFIGURATION} is not in the grid")
        measured = [row for cell in cells for row in measure(cell, workspace, device, repeats)]
    report = Levers(machine=machine, repeats=repeats, full_size=full, rows=measured)
    publish(report, REPORTS[full], table)


def measure(cell: Run, workspace: Path, device: str, repeats: int) -> list[LeverRow]:
    """The study's settings and each variation, in turns."""
    path = workspace / RunSettings.path(cell.architecture, cell.configuration)
    settings = RunSettings.read_from(path)
    variations = [Lever("the study's", {}), *LEVERS[device]]
    found: dict[str, list[LeverRun]] = {}
    for n in range(repeats):
        for lever in variations:
            changed(settings, lever.without).write_to(path)
            found.setdefault(lever.choice, []).append(run(cell, workspace, device))
            print(
                f"[{n + 1} of {repeats}] {cell.architecture}: {lever.choice}"
                f"{', without' if lever.without else ''}: {found[lever.choice][-1].seconds:.1f} s",
                flush=True,
            )
    settings.write_to(path)
    ours = middle(found["the study's"])
    return [row(cell.architecture, lever, ours, middle(found[lever.choice])) for lever in variations[1:]]


def changed(settings: RunSettings, without: dict) -> RunSettings:
    """Validated, so that a variation which the study would refuse is refused here."""
    fields = settings.model_dump()
    train = fields["train"] | without.get("train", {})
    return RunSettings.model_validate(fields | without | {"train": train})


def run(cell: Run, workspace: Path, device: str) -> LeverRun:
    finished = run_process(["stages.train", cell.architecture, cell.configuration, str(cell.seed)], workspace, device)
    record = Record.read_from(workspace / cell.record_path)
    texts = full_size.count(workspace / "data/tokenized" / cell.architecture / "train")
    samples = texts * record.run.settings.train.epochs
    return LeverRun(
        samples_per_second=samples / record.cost.train_seconds,
        seconds=finished.seconds,
        test_accuracy=record.quality.test_accuracy,
    )


def middle(runs: list[LeverRun]) -> LeverRun:
    """The median of each figure."""
    return LeverRun(**{name: median(getattr(one, name) for one in runs) for name in LeverRun.model_fields})


def row(architecture: str, lever: Lever, ours: LeverRun, without: LeverRun) -> LeverRow:
    return LeverRow(
        architecture=architecture,
        choice=lever.choice,
        changes=lever.without,
        ours=ours,
        without=without,
        ratio_samples_per_second=ours.samples_per_second / without.samples_per_second,
        ratio_seconds=without.seconds / ours.seconds,
    )


def table(report: Levers, form: str) -> str:
    """A row a choice and architecture."""
    rows = [
        [
            one.architecture,
            one.choice,
            *(f"{side.samples_per_second:.0f}" for side in (one.without, one.ours)),
            f"{one.ratio_samples_per_second:.2f}",
            *(f"{side.seconds:.1f}" for side in (one.without, one.ours)),
            f"{one.ratio_seconds:.2f}",
        ]
        for one in report.rows
    ]
    headers = ["architecture", "choice", "samples/s without", "with", "ratio", "s/run without", "with", "ratio"]
    return tabulate(rows, headers=headers, tablefmt=form, disable_numparse=True)


if __name__ == "__main__":
    run_stage(main, **options(__doc__))
