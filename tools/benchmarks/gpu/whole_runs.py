"""Whole runs of the study's length, one an architecture, all at once: seconds, and memory against its prediction."""

from collections.abc import Iterator
from contextlib import ExitStack

from stages.training.record import Record
from stages.training.settings import Run
from tools.benchmarks.common.children import in_children
from tools.benchmarks.gpu.bench import Bench, changed, trained
from tools.benchmarks.gpu.does_it_run import predicted_peak
from tools.benchmarks.gpu.figures import Figure

KINDS = ("full", "lora-ffn", "qlora-ffn")  # dealt out to the architectures
EPOCHS = {"train": {"epochs": 2}}


def measure(bench: Bench) -> Iterator[Figure]:
    runs = [
        bench.run(a, KINDS[index % len(KINDS)]) for index, a in enumerate(reversed(list(bench.study.architectures)))
    ]
    with ExitStack() as settings:
        for run in runs:
            settings.enter_context(changed(bench.workspace, run, EPOCHS))
        for number, result in in_children(whole, [(bench, run) for run in runs]):
            run = runs[number]
            name = f"{run.architecture} {run.configuration}"
            if isinstance(result, Exception):
                yield Figure(of=name, what="a whole run", fault=str(result))
            else:
                yield from figures(name, *result)


def whole(bench: Bench, run: Run) -> tuple[Record, int | None]:
    """The run's record and the predicted peak of its memory."""
    predicted = predicted_peak(bench, run)  # before: it is made without the device
    return trained(bench.workspace, run), predicted


def figures(name: str, record: Record, predicted: int | None) -> Iterator[Figure]:
    cost = record.cost
    yield Figure(of=name, what=f"training, {cost.steps} steps", value=cost.train_seconds, unit="s")
    yield Figure(of=name, what="evaluation", value=cost.evaluation_seconds, unit="s")
    yield Figure(of=name, what="saving", value=cost.saving_seconds, unit="s")
    yield Figure(of=name, what="saved, loaded and compared", value=record.reload.fault or "the same")
    if predicted is not None:
        ratio = cost.peak_memory_allocated_bytes / predicted
        yield Figure(of=name, what="peak memory over the predicted", value=ratio)
