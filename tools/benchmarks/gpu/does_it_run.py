"""Does it run: every kind of cell, resumption, one head a seed, and memory against its prediction."""

import subprocess
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

from stages.methods.building import load_model
from stages.training import checkpoints
from stages.training.batching import read_classes
from stages.training.record import Record
from stages.training.settings import Run, RunSettings
from stages.training.trainer import set_seed
from tools.benchmarks.common import full_size
from tools.benchmarks.common.children import FailedError, RefusedError, in_child, killed_once
from tools.benchmarks.common.processes import run_process
from tools.benchmarks.gpu.bench import KINDS, Bench, changed, trained
from tools.benchmarks.gpu.figures import Figure

TWO_EPOCHS = {"train": {"epochs": 2}}  # the first leaves a checkpoint


def measure(bench: Bench) -> Iterator[Figure]:
    for run in bench.cells:
        yield from cell(bench, run)
    for architecture in bench.study.architectures:
        yield heads(bench, architecture)
    for kind in KINDS:
        yield from started(bench, bench.run(next(iter(bench.study.architectures)), kind))
    for kind in KINDS:
        yield resumed(bench, bench.run(next(iter(bench.study.architectures)), kind))


def cell(bench: Bench, run: Run) -> list[Figure]:
    """A short run: seconds by activity, and its peak over the predicted one."""
    name = f"{run.architecture} {run.configuration}"
    try:
        record = in_child(trained, bench.workspace, run)
        predicted = in_child(predicted_peak, bench, run)
    except (FailedError, RefusedError) as error:
        return [Figure(of=name, what="a short run", fault=str(error))]
    cost = record.cost
    fault = record.reload.fault
    evaluated = bench.sizes.rows * 2  # the selection split and the test split
    figures = [
        Figure(of=name, what="a short run", value="runs" if fault is None else fault),
        Figure(of=name, what="evaluation", value=1000 * cost.evaluation_seconds / evaluated, unit="ms a text"),
    ]
    if predicted is not None:
        ratio = cost.peak_memory_allocated_bytes / predicted
        figures.append(Figure(of=name, what="peak memory over the predicted", value=ratio))
    return figures


def predicted_peak(bench: Bench, run: Run) -> int | None:
    settings = RunSettings.read_from(bench.workspace / RunSettings.path(run.architecture, run.configuration))
    splits = [bench.workspace / "data/tokenized" / run.architecture / name for name in ("train", "validation")]
    checkpoint = bench.workspace / "models/base" / run.architecture
    longest, rows = max(full_size.lengths(splits[0])), sum(map(full_size.count, splits))
    return full_size.predicted_peak(settings, checkpoint, longest, bench.device, rows)


def heads(bench: Bench, architecture: str) -> Figure:
    """Whether all kinds of cells begin with the same head."""
    try:
        drawn = [in_child(head, bench, bench.run(architecture, kind)) for kind in KINDS]
    except (FailedError, RefusedError) as error:
        return Figure(of=architecture, what="heads of one seed", fault=str(error))
    same = all(found == drawn[0] for found in drawn)
    return Figure(of=architecture, what="heads of one seed", value="the same bits" if same else "differ")


def head(bench: Bench, run: Run) -> dict[str, list]:
    """Its numbers, by name, before anything is trained."""
    with chdir(bench.workspace):
        settings = RunSettings.read(run.architecture, run.configuration)
        classes = read_classes(Path("data/tokenized", run.architecture, "train"))
        set_seed(run.seed)
        loaded = load_model(settings, Path("models/base", run.architecture), classes)
        return {name: loaded.model.get_parameter(name).float().flatten().tolist() for name in loaded.new_weights}


def started(bench: Bench, run: Run) -> Iterator[Figure]:
    """A run as the study starts it: a process of its own, which leaves out imports."""
    name = f"{run.architecture} {run.configuration}"
    forked = in_child(trained, bench.workspace, run).quality.weights_sha256
    try:
        run_process(["stages.train", run.architecture, run.configuration, str(run.seed)], bench.workspace, bench.device)
    except subprocess.CalledProcessError as error:
        yield Figure(of=name, what="a run by itself", fault=error.output.strip().splitlines()[-1])
        return
    record = Record.read_from(bench.workspace / run.record_path)
    same = record.quality.weights_sha256 == forked
    yield Figure(
        of=name, what="a run by itself", value=f"{'the same bits as' if same else 'differs from'} a forked one"
    )
    yield Figure(of=name, what="a run by itself, until its first step", value=record.cost.startup_seconds, unit="s")
    yield Figure(of=name, what="a run by itself, loaded anew", value=record.reload.fault or "the same")


def resumed(bench: Bench, run: Run) -> Figure:
    """A run that is killed after its first epoch and goes on, against one that is not."""
    name, what = f"{run.architecture} {run.configuration}", "weights of a resumed run"
    try:
        with changed(bench.workspace, run, TWO_EPOCHS):
            whole = in_child(trained, bench.workspace, run)
            record = killed_once(bench.workspace / checkpoints.folder_of(run), trained, bench.workspace, run)
    except (FailedError, RefusedError) as error:
        return Figure(of=name, what=what, fault=str(error))
    if record.cost.resumed_at_step == 0:
        return Figure(of=name, what=what, fault="it had ended before it could be killed")
    same = record.quality.weights_sha256 == whole.quality.weights_sha256
    if same:
        return Figure(of=name, what=what, value="the same bits")
    apart = abs(record.quality.history[-1].selection_loss - whole.quality.history[-1].selection_loss)
    return Figure(of=name, what=what, value=f"differ; selection loss by {apart:.1g}")
