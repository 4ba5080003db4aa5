"""Whole runs of the study's length, one an architecture, all at once: seconds, and memory against its prediction."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from stages.training.settings import Run
from tools.benchmarks.common.children import FailedError, RefusedError, in_child
from tools.benchmarks.gpu.bench import Bench, changed, trained
from tools.benchmarks.gpu.does_it_run import predicted_peak
from tools.benchmarks.gpu.figures import Figure

KINDS = ("full", "lora-ffn", "qlora-ffn")  # dealt out to the architectures
EPOCHS = {"train": {"epochs": 2}}


def measure(bench: Bench) -> Iterator[Figure]:
    runs = [
        bench.run(a, KINDS[index % len(KINDS)]) for index, a in enumerate(reversed(list(bench.study.architectures)))
    ]
    with ThreadPoolExecutor(len(runs)) as pool:
        for figures in pool.map(lambda run: whole(bench, run), runs):
            yield from figures


def whole(bench: Bench, run: Run) -> list[Figure]:
    name = f"{run.architecture} {run.configuration}"
    try:
        with changed(bench.workspace, run, EPOCHS):
            record = in_child(trained, bench.workspace, run)
            predicted = in_child(predicted_peak, bench, run)
    except (FailedError, RefusedError) as error:
        return [Figure(of=name, what="a whole run", fault=str(error))]
    cost = record.cost
    figures = [
        Figure(of=name, what=f"training, {cost.steps} steps", value=cost.train_seconds, unit="s"),
        Figure(of=name, what="evaluation", value=cost.evaluation_seconds, unit="s"),
        Figure(of=name, what="saving", value=cost.saving_seconds, unit="s"),
        Figure(of=name, what="saved, loaded and compared", value=record.reload.fault or "the same"),
    ]
    if predicted is not None:
        ratio = cost.peak_memory_allocated_bytes / predicted
        figures.append(Figure(of=name, what="peak memory over the predicted", value=ratio))
    if cost.energy_joules is not None:
        figures.append(Figure(of=name, what="energy of the device", value=cost.energy_joules / 1000, unit="kJ"))
    return figures
