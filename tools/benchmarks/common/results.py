"""``metrics/bench/speed.json``: seconds, bytes, fractions; null where nothing was measured."""

from collections.abc import Callable
from pathlib import Path

from stages.core.files import write_text
from stages.core.types import Strict


def publish(report: Strict, path: Path, table: Callable[[Strict, str], str]) -> None:
    """``report`` as JSON at ``path``, its ``table`` beside it in Markdown and on the terminal.

    Args:
        table: of the report, in a format that ``tabulate`` knows.
    """
    write_text(path, report.model_dump_json(indent=2) + "\n")
    write_text(path.with_suffix(".md"), f"{table(report, 'github')}\n")
    print(table(report, "simple"))


class MeasuredMachine(Strict):
    """What the figures hold for."""

    measured_at: str
    platform: str
    processor: str
    cores: int
    load_average: float  # of the minute before: others' work slows what is measured here
    device: str
    threads: int  # of our runs; the published recipe takes all cores
    precision: str  # of our runs
    packages: dict[str, str]
    commit: str | None
    peak_flops_per_second: float  # measured, of one large matrix product


class Side(Strict):
    """One way to run a cell; medians over repeats."""

    seconds: float  # of the whole process
    cpu_seconds: float
    startup_seconds: float  # from the start of the process to the first step
    train_seconds: float  # without evaluation and saving
    samples_per_second: float
    test_accuracy: float
    peak_memory_host_bytes: int  # resident set of the process
    peak_memory_allocated_bytes: int | None
    share_of_peak: float


class Together(Strict):
    """Two runs at once, of two seeds, on one thread each."""

    seconds: float  # of both, halved
    test_accuracies: list[float]


class SpeedRow(Strict):
    """One architecture and configuration, both ways."""

    architecture: str
    configuration: str
    examples: int  # trained on, epochs included
    published: Side
    ours: Side
    published_together: Together | None  # null on a GPU, at full size, on a single core, and with a single seed
    ours_together: Together | None
    ratio_alone: float  # seconds of a process, published / ours: the one on all cores, the other on its threads
    ratio_together: float | None  # the same of two at once
    ratio_seconds: float  # as each is used on this machine: published alone, ours two at once where that was measured
    ratio_samples_per_second: float  # ours / published
    evaluation_seconds_per_example: float  # ours
    predicted_peak_bytes: int | None  # stages/fullsize/peak_memory.py; null on a CPU


class Extrapolation(Strict):
    """The study at full size from measured cells; null unless ``--full-size`` measured them all."""

    grid_seconds: float | None = None  # the 42 runs of ours
    seconds_by_cell: dict[str, float] | None = None


class Speed(Strict):
    machine: MeasuredMachine
    repeats: int
    full_size: bool
    cells: list[SpeedRow]
    median_ratio_seconds: float
    median_ratio_alone: float
    median_ratio_together: float | None
    extrapolation: Extrapolation
