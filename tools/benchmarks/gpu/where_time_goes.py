"""Where time goes: the host, the device, waits between them; one batch a step or two; several runs at once."""

from collections.abc import Iterator
from multiprocessing.synchronize import Barrier

from stages.study.grid import StudySettings
from stages.training.settings import Run
from tools.benchmarks.common import full_size
from tools.benchmarks.common.children import FORK, FailedError, RefusedError, in_child, in_children
from tools.benchmarks.gpu.bench import Bench
from tools.benchmarks.gpu.figures import Figure
from tools.benchmarks.gpu.steps_taken import Taken, steps_taken

ONE_BATCH = {"train": {"batch_size": 16, "gradient_accumulation": 1}}
AT_ONCE = (1, 4, 8)
EPOCHS, SEEDS = 2, 2  # of the study
EXAMPLES = 16  # a step
OF_GRID = ("step", "step in one batch", "step, kernels alone")
START = 20.0  # seconds; a child that has not come by then has failed


def measure(bench: Bench) -> Iterator[Figure]:
    steps: list[Figure] = []
    for run in bench.cells:
        steps += (found := cell(bench, run))
        yield from found
    busiest = bench.run(
        "roberta" if "roberta" in bench.study.architectures else next(iter(bench.study.architectures)), "full"
    )
    for number in AT_ONCE:
        yield at_once(bench, busiest, number)
    for what in OF_GRID:
        yield whole_grid(bench.study, steps, what)


def cell(bench: Bench, run: Run) -> list[Figure]:
    """Steps as the profile has them, and with their examples in one batch."""
    name = f"{run.architecture} {run.configuration}"
    try:
        ours = in_child(steps_taken, bench.workspace, run, bench.sizes, {})
        one = in_child(steps_taken, bench.workspace, run, bench.sizes, ONE_BATCH)
    except (FailedError, RefusedError) as error:
        return [Figure(of=name, what="step", fault=str(error))]
    figures = [
        Figure(of=name, what="step", value=1000 * ours.seconds, unit="ms"),
        Figure(of=name, what="step, until the host had asked for it", value=1000 * ours.host_seconds, unit="ms"),
        *_of_device(name, ours),
        Figure(of=name, what="step in one batch", value=1000 * one.seconds, unit="ms"),
    ]
    if one.device_seconds is not None:
        what = "step in one batch, kernels alone"
        figures.append(Figure(of=name, what=what, value=1000 * one.device_seconds, unit="ms"))
    return figures


def _of_device(name: str, taken: Taken) -> list[Figure]:
    if taken.device_seconds is None:
        return []
    return [
        Figure(of=name, what="step, kernels alone", value=1000 * taken.device_seconds, unit="ms"),
        Figure(of=name, what="launches a step", value=taken.launches),
        Figure(of=name, what="waits for the device a step", value=taken.waits),
    ]


def at_once(bench: Bench, run: Run, number: int) -> Figure:
    """Examples a second of so many processes together, each taking the same steps."""
    barrier = FORK.Barrier(number, timeout=START * (1 + number))
    name = f"{number} at once: {run.architecture} {run.configuration}"
    taken = [result for _, result in in_children(_waiting, [(bench, run, barrier)] * number)]
    for result in taken:
        if isinstance(result, Exception):
            return Figure(of=name, what="examples a second", fault=str(result))
    return Figure(of=name, what="examples a second", value=sum(one.examples_per_second for one in taken))


def _waiting(bench: Bench, run: Run, barrier: Barrier) -> Taken:
    return steps_taken(bench.workspace, run, bench.sizes, {}, start=barrier.wait)


def whole_grid(study: StudySettings, steps: list[Figure], what: str) -> Figure:
    """Steps alone of every run of the study, one after another: without start-up, evaluation and saving.

    Args:
        what: the figure of a step that is taken.
    """
    milliseconds = {figure.of: figure.value for figure in steps if figure.what == what and figure.fault is None}
    names = [full_size.STANDS_FOR.get(name, name) for name in study.headline]
    cells = [f"{architecture} {name}" for architecture in study.architectures for name in names]
    title = f"{SEEDS * len(cells)} runs one after another: {what}"
    missing = sorted(set(cells) - milliseconds.keys())
    if missing:
        return Figure(of="the study", what=title, fault=f"no figure of {', '.join(missing)}")
    count = SEEDS * EPOCHS * full_size.IMDB["train"] / EXAMPLES
    minutes = count * sum(milliseconds[cell] for cell in cells) / 60_000
    return Figure(of="the study", what=title, value=minutes, unit="min")
