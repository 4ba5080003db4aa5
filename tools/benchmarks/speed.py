"""What a run costs: the study's own against the published recipe and a tuned one, on this machine, in one call.

``make bench``, after ``dvc repro tokenize``. All three train the same cells on the same data, a process a run, in turns
(published, tuned, ours, published, ...), for each architecture and four methods: alone on all cores, and two at once on
one thread each, as ``make paper`` runs the study on two cores. ``--full-size`` does it with random weights at the
published sizes and IMDb-length texts (tools/benchmarks/common/full_size.py), ``--device cuda`` on a GPU, ``--study
laptop --rows 160`` with the encoder and some of the texts of a study that has been built. What was not measured is null
in metrics/bench/speed.json and "not measured" in the table.
"""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from stages.core.errors import InputError, run_stage
from stages.training.record import Record
from stages.training.settings import Run, RunSettings
from tools.benchmarks.common import full_size
from tools.benchmarks.common.processes import Finished, example_flops, last_json, run_process
from tools.benchmarks.common.results import (
    Extrapolation,
    FullSteps,
    MeasuredMachine,
    Ratios,
    Side,
    Speed,
    SpeedRow,
    Together,
    publish,
)
from tools.benchmarks.common.workspace import options, prepared, report_of
from tools.benchmarks.speed_table import table

REPORT = Path("metrics/bench/speed.json")
CONFIGURATIONS = ("full", "lora-ffn", "qlora-ffn", "ia3")
PUBLISHED, TUNED = "tools.benchmarks.runs.published_recipe", "tools.benchmarks.runs.tuned_recipe"
OURS = "stages.train"
OUTPUTS = {PUBLISHED: "published", TUNED: "tuned"}  # the folder that a peer saves into


def main(repeats: int = 1, device: str = "cpu", full: bool = False, rows: int | None = None, study: str = "") -> None:
    """Measure, write and print; on bad input nothing is written.

    Raises:
        InputError: ``repeats`` or ``rows`` too small, no such device, or the study's data is not there yet.
    """
    path = report_of(REPORT, full, study)
    with prepared(repeats, device, full, rows, study, on_all_cores=True) as (workspace, settings, machine):
        headline = [run for run in settings.runs if run.role == "train" and run.seed == settings.seeds[0]]
        runs = [run for run in headline if run.configuration in CONFIGURATIONS]
        if not runs:
            raise InputError(f"configurations: none of {', '.join(CONFIGURATIONS)} is in the grid")
        two_at_once = not full and device == "cpu" and machine.cores > 1 and len(settings.seeds) > 1
        pair = settings.seeds[:2] if two_at_once else []
        cells = []
        for number, run in enumerate(runs, 1):
            print(f"[{number} of {len(runs)}] {run.architecture} {run.configuration}: ", end="", flush=True)
            cells.append(measure(run, workspace, machine, repeats, pair, full))
            trained_on = (rows or full_size.ROWS) if full else None
            left = [f"{run.architecture} {run.configuration}" for run in runs[number:]]
            publish(speed(cells, left, machine, repeats, trained_on), path, table, quiet=bool(left))


def speed(cells: list[SpeedRow], left: list[str], machine: MeasuredMachine, repeats: int, rows: int | None) -> Speed:
    """The report of the cells measured so far, and which are ``left``; ``rows`` of training texts at full size."""
    return Speed(
        machine=machine,
        repeats=repeats,
        full_size=rows is not None,
        cells=cells,
        not_measured=tuple(left),
        median_over_published=medians([cell.over_published for cell in cells]),
        median_over_tuned=medians([cell.over_tuned for cell in cells]),
        extrapolation=Extrapolation() if rows is None else full_size.extrapolate(cells, rows),
    )


class Work(NamedTuple):
    """What a run trains on, epochs included, and the matrix products of that."""

    examples: int
    flops: float


def measure(run: Run, workspace: Path, machine: MeasuredMachine, repeats: int, pair: list[int], full: bool) -> SpeedRow:
    """The three sides of one run, in turns; then the runs of a ``pair`` of seeds at once, and full steps of ours."""
    if machine.device == "cpu":
        set_threads(workspace, run, machine.threads)
    settings = RunSettings.read_from(workspace / RunSettings.path(run.architecture, run.configuration))
    checkpoint = workspace / "models/base" / run.architecture
    lengths = full_size.lengths(workspace / "data/tokenized" / run.architecture / "train")
    examples = len(lengths) * settings.train.epochs
    work = Work(examples, examples * example_flops(settings, checkpoint, round(sum(lengths) / len(lengths))))
    device = "cpu" if machine.device == "cpu" else "cuda"
    sides: dict[str, list[Side]] = {PUBLISHED: [], TUNED: [], OURS: []}
    for _ in range(repeats):
        for command, measured in sides.items():
            finished = train(command, run, workspace, device)
            measured.append(side(finished, work, machine, **figures(command, run, workspace, finished)))
            print(f"{OUTPUTS.get(command, 'ours')} {finished.seconds:.1f} s", end="; ", flush=True)
    print()
    alone = {command: middle(measured) for command, measured in sides.items()}
    record = Record.read_from(workspace / run.record_path)
    if machine.device == "cpu":
        set_threads(workspace, run, 1)
    at_once = {command: together(command, run, pair, workspace) if pair else None for command in sides}
    if pair:
        seconds = [f"{OUTPUTS.get(command, 'ours')} {one.seconds:.1f} s" for command, one in at_once.items()]
        print(f"  two at once, a run: {'; '.join(seconds)}", flush=True)
    full_steps = None if full else steps_alone(run, workspace, device)
    return SpeedRow(
        architecture=run.architecture,
        configuration=run.configuration,
        examples=examples,
        published=alone[PUBLISHED],
        tuned=alone[TUNED],
        ours=alone[OURS],
        published_together=at_once[PUBLISHED],
        tuned_together=at_once[TUNED],
        ours_together=at_once[OURS],
        over_published=ratios(alone[PUBLISHED], alone[OURS], at_once[PUBLISHED], at_once[OURS]),
        over_tuned=ratios(alone[TUNED], alone[OURS], at_once[TUNED], at_once[OURS]),
        evaluation_seconds_per_example=record.cost.evaluation_seconds / full_size.evaluated(workspace, settings),
        predicted_peak_bytes=full_size.predicted_peak(settings, checkpoint, max(lengths), device, 2 * len(lengths)),
        full_steps=full_steps,
    )


def set_threads(workspace: Path, run: Run, threads: int) -> None:
    """Of our side of a cell; a peer takes what its process may."""
    path = workspace / RunSettings.path(run.architecture, run.configuration)
    settings = RunSettings.read_from(path)
    train = settings.train.model_copy(update={"threads": threads})
    settings.model_copy(update={"train": train}).write_to(path)


def ratios(peer: Side, ours: Side, peer_together: Together | None, ours_together: Together | None) -> Ratios:
    return Ratios(
        alone=peer.seconds / ours.seconds,
        after_startup=(peer.seconds - peer.startup_seconds) / (ours.seconds - ours.startup_seconds),
        together=peer_together.seconds / ours_together.seconds if ours_together else None,
        as_used=peer.seconds / (ours_together or ours).seconds,
        samples_per_second=ours.samples_per_second / peer.samples_per_second,
    )


def medians(cells: list[Ratios]) -> Ratios:
    """The median of each ratio; None of what was not measured."""
    found = {}
    for name in Ratios.model_fields:
        values = [getattr(cell, name) for cell in cells]
        found[name] = None if None in values else median(values)
    return Ratios(**found)


def train(command: str, run: Run, workspace: Path, device: str) -> Finished:
    """A run in a process of its own; of a peer nothing stays but what it prints."""
    finished = run_process([command, run.architecture, run.configuration, str(run.seed)], workspace, device)
    if command in OUTPUTS:
        shutil.rmtree(workspace / OUTPUTS[command])
    return finished


def figures(command: str, run: Run, workspace: Path, finished: Finished) -> dict[str, float | int | None]:
    """What a peer prints; of a run of ours, the same from its record."""
    return last_json(finished) if command in OUTPUTS else figures_of(Record.read_from(workspace / run.record_path))


def together(command: str, run: Run, seeds: list[int], workspace: Path) -> Together:
    """The runs of ``seeds`` at the same time, on a thread each."""
    start = partial(run_process, folder=workspace, device="cpu", threads=1)
    arguments = [[command, run.architecture, run.configuration, str(seed)] for seed in seeds]
    began = time.perf_counter()
    with ThreadPoolExecutor(len(seeds)) as pool:
        finished = list(pool.map(start, arguments))
    seconds = (time.perf_counter() - began) / len(seeds)
    if command in OUTPUTS:
        shutil.rmtree(workspace / OUTPUTS[command])
    of_seeds = [run.model_copy(update={"seed": seed}) for seed in seeds]
    found = [figures(command, one, workspace, process) for one, process in zip(of_seeds, finished, strict=True)]
    return Together(seconds=seconds, test_accuracies=[one["test_accuracy"] for one in found])


def steps_alone(run: Run, workspace: Path, device: str) -> FullSteps:
    command = "tools.benchmarks.runs.full_steps"
    finished = run_process([command, run.architecture, run.configuration, str(run.seed)], workspace, device, threads=1)
    return FullSteps.model_validate_json(finished.last_line)


def figures_of(record: Record) -> dict[str, float | int | None]:
    """What a peer prints, of a run of ours."""
    return {
        "startup_seconds": record.cost.startup_seconds,
        "train_seconds": record.cost.train_seconds,
        "step_seconds_median": record.cost.step_seconds_median,
        "test_accuracy": record.quality.test_accuracy,
        "peak_memory_allocated_bytes": record.cost.peak_memory_allocated_bytes,
    }


def side(
    finished: Finished,
    work: Work,
    machine: MeasuredMachine,
    startup_seconds: float,
    train_seconds: float,
    step_seconds_median: float,
    test_accuracy: float,
    peak_memory_allocated_bytes: int | None,
) -> Side:
    """One run's figures; the share of the peak counts the matrix products of tokens, not those of padding."""
    return Side(
        seconds=finished.seconds,
        cpu_seconds=finished.cpu_seconds,
        startup_seconds=startup_seconds,
        train_seconds=train_seconds,
        step_seconds_median=step_seconds_median,
        samples_per_second=work.examples / train_seconds,
        test_accuracy=test_accuracy,
        peak_memory_host_bytes=finished.resident_bytes,
        peak_memory_allocated_bytes=peak_memory_allocated_bytes,
        share_of_peak=work.flops / train_seconds / machine.peak_flops_per_second,
    )


def middle(sides: list[Side]) -> Side:
    """The median of each figure, bytes whole; None of what was not measured."""
    medians = {}
    for name in Side.model_fields:
        values = [getattr(side, name) for side in sides]
        if None in values:
            medians[name] = None
        else:
            medians[name] = int(median(values)) if name.endswith("_bytes") else median(values)
    return Side(**medians)


if __name__ == "__main__":
    run_stage(main, **options(__doc__))
