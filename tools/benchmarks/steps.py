"""Steps alone, at full size: the published recipe, a tuned one, ours, and ours replayed as CUDA graphs.

``python -m tools.benchmarks.steps --device cuda``. ``speed`` starts a process a run, and most of a GPU's minutes are
then spent on imports; here every run is forked from one process that has imported everything. Cells come in the order
of CELLS and the report is written after each, so that it may be stopped at any time (``--seconds`` stops it in time).
"""

import argparse
import importlib
import time
import warnings
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import tools.benchmarks.common.forkable  # noqa: F401  # before any other import of bitsandbytes

# isort: split
import transformers
from tabulate import tabulate

from stages.core.errors import run_stage
from stages.core.types import Strict
from stages.study.grid import StudySettings
from stages.training.record import Record
from stages.training.run import fine_tune
from stages.training.settings import Run, RunSettings
from tools.benchmarks.common import full_size
from tools.benchmarks.common.children import FailedError, RefusedError, in_child
from tools.benchmarks.common.processes import example_flops
from tools.benchmarks.common.results import EXAMPLES, MeasuredMachine, publish
from tools.benchmarks.common.workspace import describe
from tools.benchmarks.speed import PUBLISHED, TUNED, figures_of

REPORT = Path("metrics/bench/steps-full-size.json")
ROWS = 512
OURS, REPLAYED = "ours", "ours, replayed"
SIDES = {"published": PUBLISHED, "tuned": TUNED, OURS: None, REPLAYED: None}
CELLS = [(a, c) for c in ("full", "lora-ffn", "qlora-ffn", "ia3") for a in ("roberta", "deberta", "distilbert")]


class StepsSide(Strict):
    """One way to take a cell's steps, or why it failed."""

    samples_per_second: float | None = None  # of the median step
    share_of_peak: float | None = None
    train_seconds: float | None = None  # of an epoch, what happens once included
    peak_memory_allocated_bytes: int | None = None
    fault: str | None = None


class StepsRow(Strict):
    architecture: str
    configuration: str
    sides: dict[str, StepsSide]
    predicted_peak_bytes: int | None  # of ours


class Steps(Strict):
    machine: MeasuredMachine
    training_texts: int
    cells: list[StepsRow]


def main(device: str = "cpu", rows: int = ROWS, seconds: float | None = None) -> None:
    """Measure, write and print.

    Raises:
        InputError: too few rows, or no such device.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    with TemporaryDirectory(prefix="steps-") as name:
        full_size.write_workspace(Path(name), rows, device)
        study = StudySettings.read_from(Path(name) / StudySettings.path())
        machine = in_child(describe, study, device)
        cells: list[StepsRow] = []
        longest = 0.0
        for architecture, configuration in CELLS:
            began = time.monotonic()
            if ends is not None and began + longest > ends:
                break
            run = Run(architecture=architecture, configuration=configuration, seed=study.seeds[0], role="train")
            cells.append(measure(run, Path(name), machine, device))
            longest = max(longest, time.monotonic() - began)
            report = Steps(machine=machine, training_texts=rows, cells=cells)
            publish(report, REPORT, table, quiet=True)
            print(tabulate([cells_of(cells[-1])], tablefmt="plain"), flush=True)
    print(table(report, "simple"))


def measure(run: Run, workspace: Path, machine: MeasuredMachine, device: str) -> StepsRow:
    """Every side of a run, one after another."""
    settings = RunSettings.read_from(workspace / RunSettings.path(run.architecture, run.configuration))
    checkpoint = workspace / "models/base" / run.architecture
    lengths = full_size.lengths(workspace / "data/tokenized" / run.architecture / "train")
    flops = in_child(example_flops, settings, checkpoint, round(sum(lengths) / len(lengths)))
    sides = {}
    for side, module in SIDES.items():
        if side == REPLAYED and device == "cpu":
            continue
        try:
            figures = in_child(trained, run, workspace, module, "graphs" if side == REPLAYED else "none")
        except (FailedError, RefusedError) as error:
            sides[side] = StepsSide(fault=str(error))
            continue
        rate = EXAMPLES / figures["step_seconds_median"]
        sides[side] = StepsSide(
            samples_per_second=rate,
            share_of_peak=rate * flops / machine.peak_flops_per_second,
            train_seconds=figures["train_seconds"],
            peak_memory_allocated_bytes=figures["peak_memory_allocated_bytes"],
        )
    return StepsRow(
        architecture=run.architecture,
        configuration=run.configuration,
        sides=sides,
        predicted_peak_bytes=in_child(
            full_size.predicted_peak, settings, checkpoint, max(lengths), device, 2 * len(lengths)
        ),
    )


def trained(run: Run, workspace: Path, module: str | None, compiled: str) -> dict[str, float | int | None]:
    """What a run cost: by the recipe in ``module``, or by ours with so compiled steps."""
    with chdir(workspace):
        if module is not None:
            return importlib.import_module(module).main(run.architecture, run.configuration, run.seed)
        path = RunSettings.path(run.architecture, run.configuration)
        settings = RunSettings.read_from(path)
        train = settings.train.model_copy(update={"compile": compiled})
        settings.model_copy(update={"train": train}).write_to(path)
        try:
            fine_tune(run.architecture, run.configuration, run.seed)
        finally:
            settings.write_to(path)
        return figures_of(Record.read_from(run.record_path))


def table(report: Steps, form: str) -> str:
    """A row a cell."""
    headers = ["cell"]
    for side in SIDES:
        headers += [f"{side}: samples/s", "% of peak", "peak MiB"]
    about = (
        f"{report.machine.device}, matrix-product peak {report.machine.peak_flops_per_second / 1e12:.0f} TFLOP/s in "
    )
    rows = [cells_of(row) for row in report.cells]
    body = tabulate(rows, headers=[*headers, "predicted MiB"], tablefmt=form, disable_numparse=True, stralign="right")
    return f"{about}{report.machine.precision}; {EXAMPLES} examples a step.\n\n{body}"


def cells_of(row: StepsRow) -> list[str]:
    cells = [f"{row.architecture} {row.configuration}"]
    for side in SIDES:
        found = row.sides.get(side, StepsSide(fault="not measured"))
        if found.fault is not None:
            cells += [found.fault if found.fault == "not measured" else "failed", "-", "-"]
            continue
        peak = found.peak_memory_allocated_bytes
        cells += [f"{found.samples_per_second:.0f}", f"{100 * found.share_of_peak:.1f}", _mebibytes(peak)]
    return [*cells, _mebibytes(row.predicted_peak_bytes)]


def _mebibytes(size: int | None) -> str:
    return "-" if size is None else f"{size / 2**20:.0f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rows", type=int, default=ROWS, help="training texts")
    parser.add_argument("--seconds", type=float, help="begin no cell that would take longer than this, all in all")
    run_stage(main, **vars(parser.parse_args()))
