"""What a run costs: the published recipe against the study's own, on this machine, in one call.

``make bench``, after ``dvc repro tokenize``. Both sides train the same cells on the same data, a process a run, in
turns (published, ours, published, ours), for each architecture and four methods: alone, and two at once on one thread
each, as ``make paper`` runs the study on two cores. ``--full-size`` does it with random weights at the published sizes
and IMDb-length texts (tools/benchmarks/common/full_size.py), ``--device cuda`` on a GPU. What was not measured is null
in metrics/bench/speed.json and "not measured" in the table.
"""

import math
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import pyarrow as pa
from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.training.record import Record
from stages.training.settings import Run, RunSettings
from tools.benchmarks.common import full_size
from tools.benchmarks.common.processes import Finished, example_flops, last_json, run_process
from tools.benchmarks.common.results import Extrapolation, MeasuredMachine, Side, Speed, Together, publish
from tools.benchmarks.common.results import SpeedRow as Row
from tools.benchmarks.common.workspace import options, prepared

REPORTS = {False: Path("metrics/bench/speed.json"), True: Path("metrics/bench/speed-full-size.json")}
CONFIGURATIONS = ("full", "lora-ffn", "qlora-ffn", "ia3")
COMMANDS = ("tools.benchmarks.common.published_recipe", "stages.train")


def main(repeats: int = 1, device: str = "cpu", full: bool = False, rows: int = full_size.ROWS) -> None:
    """Measure, write and print; on bad input nothing is written.

    Raises:
        InputError: ``repeats`` or ``rows`` too small, no such device, or the study's data is not there yet.
    """
    with prepared(repeats, device, full, rows) as (workspace, study, machine):
        cells = [
            cell
            for cell in study.runs
            if cell.configuration in CONFIGURATIONS and cell.seed == study.seeds[0] and cell.role == "train"
        ]
        if not cells:
            raise InputError(f"configurations: none of {', '.join(CONFIGURATIONS)} is in the grid")
        pair = study.seeds[:2] if not full and device == "cpu" and machine.cores > 1 and len(study.seeds) > 1 else []
        measured = [measure(cell, workspace, machine, repeats, pair, place=f"{n} of {len(cells)}")
                    for n, cell in enumerate(cells, 1)]  # fmt: skip
    report = Speed(
        machine=machine,
        repeats=repeats,
        full_size=full,
        cells=measured,
        median_ratio_seconds=median(row.ratio_seconds for row in measured),
        median_ratio_alone=median(row.ratio_alone for row in measured),
        median_ratio_together=median(row.ratio_together for row in measured) if pair else None,
        extrapolation=full_size.extrapolate(measured, rows) if full else Extrapolation(),
    )
    publish(report, REPORTS[full], table)


def measure(cell: Run, workspace: Path, machine: MeasuredMachine, repeats: int, pair: list[int], place: str) -> Row:
    """Both sides of one cell, in turns; then the runs of a ``pair`` of seeds at once."""
    settings = RunSettings.read_from(workspace / RunSettings.path(cell.architecture, cell.configuration))
    data = workspace / "data/tokenized" / cell.architecture / "train"
    lengths = [n for file in sorted(data.glob("data-*.arrow"))
               for n in pa.ipc.open_stream(pa.memory_map(str(file))).read_all()["length"].to_pylist()]  # fmt: skip
    examples = len(lengths) * settings.train.epochs
    checkpoint = workspace / "models/base" / cell.architecture
    flops = examples * example_flops(settings, checkpoint, round(sum(lengths) / len(lengths)))
    device = "cpu" if machine.device == "cpu" else "cuda"
    published, ours = [], []
    arguments = [cell.architecture, cell.configuration, str(cell.seed)]
    for _ in range(repeats):
        print(f"[{place}] {cell.architecture} {cell.configuration}: published", flush=True, end="")
        finished = run_process(["tools.benchmarks.common.published_recipe", *arguments], workspace, device)
        shutil.rmtree(workspace / "published")
        print(f" {finished.seconds:.1f} s, ours", flush=True, end="")
        published.append(side(finished, **last_json(finished), examples=examples, flops=flops, machine=machine))
        finished = run_process(["stages.train", *arguments], workspace, device)
        print(f" {finished.seconds:.1f} s", flush=True)
        record = Record.read_from(workspace / cell.record_path)
        ours.append(side(finished, **own(record), examples=examples, flops=flops, machine=machine))
    first, second = middle(published), middle(ours)
    both = [together(command, cell, pair, workspace) if pair else None for command in COMMANDS]
    if pair:
        print(f"  two at once, a run: published {both[0].seconds:.1f} s, ours {both[1].seconds:.1f} s", flush=True)
    return Row(
        architecture=cell.architecture,
        configuration=cell.configuration,
        examples=examples,
        published=first,
        ours=second,
        published_together=both[0],
        ours_together=both[1],
        ratio_alone=first.seconds / second.seconds,
        ratio_together=both[0].seconds / both[1].seconds if pair else None,
        ratio_seconds=first.seconds / (both[1] or second).seconds,
        ratio_samples_per_second=second.samples_per_second / first.samples_per_second,
        evaluation_seconds_per_example=record.cost.evaluation_seconds / full_size.evaluated(workspace, settings),
        predicted_peak_bytes=full_size.predicted_peak(settings, checkpoint, max(lengths), device),
    )


def together(command: str, cell: Run, seeds: list[int], workspace: Path) -> Together:
    """The runs of ``seeds`` at the same time."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(seeds)) as pool:
        commands = [[command, cell.architecture, cell.configuration, str(seed)] for seed in seeds]
        finished = list(pool.map(lambda arguments: run_process(arguments, workspace, "cpu", threads=1), commands))
    seconds = (time.perf_counter() - began) / len(seeds)
    if command == COMMANDS[0]:
        shutil.rmtree(workspace / "published")
        return Together(seconds=seconds, test_accuracies=[last_json(one)["test_accuracy"] for one in finished])
    paths = [workspace / cell.model_copy(update={"seed": seed}).record_path for seed in seeds]
    return Together(seconds=seconds, test_accuracies=[own(Record.read_from(path))["test_accuracy"] for path in paths])


def own(record: Record) -> dict[str, float | int | None]:
    return {
        "startup_seconds": record.cost.startup_seconds,
        "train_seconds": record.cost.train_seconds,
        "test_accuracy": record.quality.test_accuracy,
        "peak_memory_allocated_bytes": record.cost.peak_memory_allocated_bytes,
    }


def side(
    finished: Finished,
    startup_seconds: float,
    train_seconds: float,
    test_accuracy: float,
    peak_memory_allocated_bytes: int | None,
    examples: int,
    flops: float,
    machine: MeasuredMachine,
) -> Side:
    """One run's figures; the share of the peak counts the matrix products of tokens, not those of padding."""
    return Side(
        seconds=finished.seconds,
        cpu_seconds=finished.cpu_seconds,
        startup_seconds=startup_seconds,
        train_seconds=train_seconds,
        samples_per_second=examples / train_seconds,
        test_accuracy=test_accuracy,
        peak_memory_host_bytes=finished.resident_bytes,
        peak_memory_allocated_bytes=peak_memory_allocated_bytes,
        share_of_peak=flops / train_seconds / machine.peak_flops_per_second,
    )


def middle(sides: list[Side]) -> Side:
    """The median of each figure."""
    figures = {
        name: [value for one in sides if (value := getattr(one, name)) is not None] for name in Side.model_fields
    }
    whole = ("peak_memory_host_bytes", "peak_memory_allocated_bytes")
    return Side(
        **{
            name: (int(median(values)) if name in whole else median(values)) if values else None
            for name, values in figures.items()
        }
    )


def accuracies(side: Side, pair: Together | None, report: Speed) -> str:
    """In percent, a seed each."""
    found = pair.test_accuracies if pair else [side.test_accuracy]
    return "random" if report.full_size else " ".join(f"{100 * accuracy:.1f}" for accuracy in found)


def table(report: Speed, form: str) -> str:
    """A row a cell, published and ours side by side, and what follows from all of them."""
    rows = []
    for row in report.cells:
        sides, both = (row.published, row.ours), (row.published_together, row.ours_together)
        rows.append(
            [
                f"{row.architecture} {row.configuration}",
                *(f"{one.seconds:.1f}" for one in sides),
                *(f"{one.seconds:.1f}" if one else "-" for one in both),
                f"{row.ratio_seconds:.2f}",
                *(f"{one.samples_per_second:.0f}" for one in sides),
                *(accuracies(one, pair, report) for one, pair in zip(sides, both, strict=True)),
                *(f"{(one.peak_memory_allocated_bytes or one.peak_memory_host_bytes) / 2**20:.0f}" for one in sides),
                *(f"{one.startup_seconds:.1f}" for one in sides),
                *(f"{100 * one.share_of_peak:.1f}" for one in sides),
            ]
        )
    headers = ["cell", "s/run", "ours", "two at once", "ours", "ratio", "samples/s", "ours", "accuracy (%)", "ours",
               "peak MiB", "ours", "start-up (s)", "ours", "% of peak", "ours"]  # fmt: skip
    extrapolated = report.extrapolation.grid_seconds
    full = [
        f"{row.architecture} {row.ratio_samples_per_second:.2f}" for row in report.cells if row.configuration == "full"
    ]
    peaks = [row.ours.peak_memory_allocated_bytes / row.predicted_peak_bytes
             for row in report.cells if row.predicted_peak_bytes and row.ours.peak_memory_allocated_bytes]  # fmt: skip
    lines = [
        tabulate(rows, headers=headers, tablefmt=form, disable_numparse=True, stralign="right"),
        "",
        f"seconds a run, published / ours, median over cells: {report.median_ratio_seconds:.2f} as each is used"
        f" (alone {report.median_ratio_alone:.2f}, two at once {report.median_ratio_together or math.nan:.2f})",
        f"samples/s of full fine-tuning, ours / published: {', '.join(full) or 'not measured'}",
        f"matrix-product peak: {report.machine.peak_flops_per_second / 1e9:.0f} GFLOP/s, {report.machine.precision}",
        "peak memory of training, measured / predicted: "
        + (f"{min(peaks):.2f} to {max(peaks):.2f}" if peaks else "not measured"),
        "42 runs at full size: " + ("not measured" if extrapolated is None else f"{extrapolated / 60:.1f} min"),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    run_stage(main, **options(__doc__))
