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
from tools.benchmarks.common.workspace import options, prepared, report_of

REPORT = Path("metrics/bench/levers.json")
CONFIGURATION = "full"
ONE_BATCH = {"batch_size": 16, "gradient_accumulation": 1}  # of the size that two accumulated ones have


class Lever(NamedTuple):
    """A choice of the study, and the settings of a run without it."""

    choice: str
    without: dict


def compiled(mode: str) -> dict:
    """Over widths in multiples of 32: a few shapes."""
    return {"train": ONE_BATCH | {"length_multiple": 32, "compile": mode}}


OURS = Lever("the study's", {})
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
        Lever("steps not replayed", {"train": {"compile": "graphs"}}),
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


def main(repeats: int = 1, device: str = "cpu", full: bool = False, rows: int | None = None, study: str = "") -> None:
    """Measure, write and print.

    Raises:
        InputError: ``repeats`` or ``rows`` too small, no such device, or the study's data is not there yet.
    """
    path = report_of(REPORT, full, study)
    with prepared(repeats, device, full, rows, study) as (workspace, settings, machine):
        runs = [run for run in settings.runs if run.configuration == CONFIGURATION and run.seed == settings.seeds[0]]
        if not runs:
            raise InputError(f"configurations: {CONFIGURATION} is not in the grid")
        measured = []
        for run in runs:
            measured += measure(run, workspace, device, repeats)
    report = Levers(machine=machine, repeats=repeats, full_size=full, rows=measured)
    publish(report, path, table)


def measure(run: Run, workspace: Path, device: str, repeats: int) -> list[LeverRow]:
    """The study's settings and each variation, in turns."""
    path = workspace / RunSettings.path(run.architecture, run.configuration)
    settings = RunSettings.read_from(path)
    variations = [OURS, *LEVERS[device]]
    measured: dict[str, list[LeverRun]] = {lever.choice: [] for lever in variations}
    for repeat in range(1, repeats + 1):
        for lever in variations:
            changed(settings, lever.without).write_to(path)
            result = train(run, workspace, device)
            measured[lever.choice].append(result)
            name = f"{lever.choice}, without" if lever.without else lever.choice
            print(f"[{repeat} of {repeats}] {run.architecture}: {name}: {result.seconds:.1f} s", flush=True)
    settings.write_to(path)
    ours = middle(measured[OURS.choice])
    return [row(run.architecture, lever, ours, middle(measured[lever.choice])) for lever in LEVERS[device]]


def changed(settings: RunSettings, without: dict) -> RunSettings:
    """Validated, so that a variation which the study would refuse is refused here."""
    fields = settings.model_dump()
    train = fields["train"] | without.get("train", {})
    return RunSettings.model_validate(fields | without | {"train": train})


def train(run: Run, workspace: Path, device: str) -> LeverRun:
    finished = run_process(["stages.train", run.architecture, run.configuration, str(run.seed)], workspace, device)
    record = Record.read_from(workspace / run.record_path)
    texts = full_size.count(workspace / "data/tokenized" / run.architecture / "train")
    samples = texts * record.run.settings.train.epochs
    return LeverRun(
        samples_per_second=samples / record.cost.train_seconds,
        seconds=finished.seconds,
        test_accuracy=record.quality.test_accuracy,
    )


def middle(runs: list[LeverRun]) -> LeverRun:
    """The median of each figure."""
    figures = {name: median(getattr(run, name) for run in runs) for name in LeverRun.model_fields}
    return LeverRun(**figures)


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
    rows = []
    for one in report.rows:
        without, ours = one.without, one.ours
        samples = [f"{without.samples_per_second:.0f}", f"{ours.samples_per_second:.0f}"]
        seconds = [f"{without.seconds:.1f}", f"{ours.seconds:.1f}"]
        ratios = [f"{one.ratio_samples_per_second:.2f}", f"{one.ratio_seconds:.2f}"]
        rows.append([one.architecture, one.choice, *samples, ratios[0], *seconds, ratios[1]])
    headers = ["architecture", "choice", "samples/s without", "with", "ratio", "s/run without", "with", "ratio"]
    return tabulate(rows, headers=headers, tablefmt=form, disable_numparse=True)


if __name__ == "__main__":
    run_stage(main, **options(__doc__))
