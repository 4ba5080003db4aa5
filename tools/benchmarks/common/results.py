"""``metrics/bench/speed.json``: seconds, bytes, fractions; null where nothing was measured."""

from collections.abc import Callable
from pathlib import Path

from stages.core.files import write_text
from stages.core.types import Strict

EXAMPLES = 16  # of an optimiser's step, on every side


def publish(report: Strict, path: Path, table: Callable[[Strict, str], str], quiet: bool = False) -> None:
    """``report`` as JSON at ``path``, its ``table`` beside it in Markdown and, unless ``quiet``, on the terminal.

    Args:
        table: of the report, in a format that ``tabulate`` knows.
    """
    write_text(path, report.model_dump_json(indent=2) + "\n")
    write_text(path.with_suffix(".md"), f"{table(report, 'github')}\n")
    if not quiet:
        print(table(report, "simple"))


class MeasuredMachine(Strict):
    """What the figures hold for."""

    measured_at: str
    platform: str
    processor: str
    cores: int
    load_average: float  # of the minute before: others' work slows what is measured here
    device: str
    threads: int  # of a run that is alone
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
    step_seconds_median: float | None  # of EXAMPLES; older reports lack it
    samples_per_second: float
    test_accuracy: float
    peak_memory_host_bytes: int  # resident set of the process
    peak_memory_allocated_bytes: int | None
    share_of_peak: float


class Together(Strict):
    """Two runs at once, of two seeds, on one thread each."""

    seconds: float  # of both, halved
    test_accuracies: list[float]


class Ratios(Strict):
    """How many times faster ours is than a peer; of seconds unless said otherwise."""

    alone: float  # of a process, on a CPU with all its cores
    after_startup: float  # the same from the first step on
    together: float | None  # two at once
    as_used: float  # on this machine: the peer alone, ours two at once where that was measured
    samples_per_second: float


class FullSteps(Strict):
    """Ours of the widest batch, one after another, on one thread of a CPU or on a GPU."""

    rows: int
    tokens: int  # of each, padding included
    seconds: float  # of the median step
    peak_flops_per_second: float  # measured between the steps, of one large matrix product on as many threads
    share_of_peak: float


class SpeedRow(Strict):
    """One architecture and configuration, three ways."""

    architecture: str
    configuration: str
    examples: int  # trained on, epochs included
    published: Side
    tuned: Side
    ours: Side
    published_together: Together | None  # null on a GPU, at full size, on a single core, and with a single seed
    tuned_together: Together | None
    ours_together: Together | None
    over_published: Ratios
    over_tuned: Ratios
    evaluation_seconds_per_example: float  # ours
    predicted_peak_bytes: int | None  # stages/fullsize/peak_memory.py; null on a CPU
    full_steps: FullSteps | None = None  # null at full size, where tools/benchmarks/steps.py measures them


class Extrapolation(Strict):
    """The study at full size from measured cells; null unless ``--full-size`` measured them all."""

    grid_seconds: float | None = None  # the 42 runs of ours
    seconds_by_cell: dict[str, float] | None = None


class Speed(Strict):
    machine: MeasuredMachine
    repeats: int
    full_size: bool
    cells: list[SpeedRow]
    not_measured: tuple[str, ...] = ()  # cells, where it was stopped before the last; older reports do not say
    median_over_published: Ratios
    median_over_tuned: Ratios
    extrapolation: Extrapolation
