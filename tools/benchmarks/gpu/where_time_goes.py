"""Where time goes: the host, the device, waits between them; one batch a step or two; several runs at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier

from stages.training.settings import Run
from tools.benchmarks.common import full_size
from tools.benchmarks.common.children import FORK, FailedError, RefusedError, in_child
from tools.benchmarks.gpu.bench import Bench
from tools.benchmarks.gpu.figures import Figure
from tools.benchmarks.gpu.steps_taken import Taken, steps_taken

ONE_BATCH = {"train": {"batch_size": 16, "gradient_accumulation": 1}}
AT_ONCE = (1, 4, 8)
EPOCHS, SEEDS = 2, 2  # of the study
START = 20.0  # seconds; a child that has not come by then has failed


def measure(bench: Bench) -> Iterator[Figure]:
    seconds: dict[str, float] = {}
    for run in bench.cells:
        yield from cell(bench, run, seconds)
    busiest = bench.run(
        "roberta" if "roberta" in bench.study.architectures else next(iter(bench.study.architectures)), "full"
    )
    for number in AT_ONCE:
        yield at_once(bench, busiest, number)
    yield whole_grid(bench, seconds)


def cell(bench: Bench, run: Run, seconds: dict[str, float]) -> list[Figure]:
    """Steps as the profile has them, and with their examples in one batch.

    Args:
        seconds: a step as the profile has it, by cell; this cell's is added.
    """
    name = f"{run.architecture} {run.configuration}"
    try:
        ours = in_child(steps_taken, bench.workspace, run, bench.sizes, {})
        one = in_child(steps_taken, bench.workspace, run, bench.sizes, ONE_BATCH)
    except (FailedError, RefusedError) as error:
        return [Figure(of=name, what="step", fault=str(error))]
    seconds[name] = ours.seconds
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

    def one(_: int) -> Taken:
        return in_child(_waiting, bench, run, barrier)

    name = f"{number} at once: {run.architecture} {run.configuration}"
    try:
        with ThreadPoolExecutor(number) as pool:
            taken = list(pool.map(one, range(number)))
    except (FailedError, RefusedError) as error:
        return Figure(of=name, what="examples a second", fault=str(error))
    return Figure(of=name, what="examples a second", value=sum(one.examples_per_second for one in taken))


def _waiting(bench: Bench, run: Run, barrier: Barrier) -> Taken:
    return steps_taken(bench.workspace, run, bench.sizes, {}, start=barrier.wait)


def whole_grid(bench: Bench, seconds: dict[str, float]) -> Figure:
    """Steps alone of every run of the study, one after another: without start-up, evaluation and saving."""
    names = [full_size.STANDS_FOR.get(name, name) for name in bench.study.headline]
    cells = [f"{architecture} {name}" for architecture in bench.study.architectures for name in names]
    what = f"steps of {SEEDS * len(cells)} runs, one after another"
    missing = sorted(set(cells) - seconds.keys())
    if missing:
        return Figure(of="the study", what=what, fault=f"no figure of {', '.join(missing)}")
    steps = EPOCHS * full_size.IMDB["train"] / 16
    minutes = SEEDS * steps * sum(seconds[cell] for cell in cells) / 60
    return Figure(of="the study", what=what, value=minutes, unit="min")
