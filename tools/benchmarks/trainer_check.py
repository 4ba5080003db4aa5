"""Does code that is not ours find the same? Runs of a study made by Hugging Face ``Trainer`` alone, set beside ours.

``python -m tools.benchmarks.trainer_check laptop minilm`` after ``make paper STUDY=laptop``: the losses of the first
steps of full fine-tuning and of an adapter, in fp32 and without dropout, must agree to 1e-4; with ``--accuracy`` each
run is also trained to its end, with its own random order and masks, and accuracies must agree within the scatter over
seeds. ``metrics/bench/trainer_check.json``, a table in ``trainer_check.md``.
"""

import argparse
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory

import torch
from scipy.stats import t
from tabulate import tabulate
from torch import nn

from stages.core.errors import InputError, run_stage
from stages.core.types import Strict
from stages.meters.memory import MemoryMeter
from stages.study.grid import StudySettings
from stages.training.batching import epoch_order
from stages.training.environment import packages, processor
from stages.training.record import Record
from stages.training.run import prepare_trainer, quiet
from stages.training.settings import Run, RunSettings
from tools.benchmarks.common.results import publish
from tools.benchmarks.runs.plain_trainer import Answer, Request
from tools.studies.merging import built_folder

REPORT = Path("metrics/bench/trainer_check.json")
ROOT = Path(__file__).resolve().parents[2]
CONFIGURATIONS = ("full", "lora-ffn")
STEPS, TOLERANCE = 20, 1e-4  # of a loss, in nats
LEVEL = 0.05
PERCENT = 100


class FirstSteps(Strict):
    """Training losses in nats, a step each."""

    configuration: str
    seed: int
    ours: list[float]
    by_trainer: list[float]

    @property
    def largest_difference(self) -> float:
        return max(abs(a - b) for a, b in zip(self.ours, self.by_trainer, strict=True))


class Accuracies(Strict):
    """Of the test split, as fractions, a seed each."""

    configuration: str
    ours: list[float]
    by_trainer: list[float]


class TrainerCheck(Strict):
    """``scatter`` bounds the difference of two means over seeds; None where there is one seed, or none was trained."""

    study: str
    architecture: str
    processor: str
    packages: dict[str, str]
    first_steps: list[FirstSteps]
    accuracies: list[Accuracies]
    scatter: float | None


def main(name: str, architecture: str, with_accuracy: bool) -> None:
    """Compare, write and print.

    Raises:
        InputError: the study is not built, or something differs by more than it may.
    """
    with chdir(built_folder(name)):
        report = compared(name, architecture, with_accuracy)
    publish(report, REPORT, table)
    faults = [row.configuration for row in report.first_steps if row.largest_difference > TOLERANCE]
    if faults:
        raise InputError(f"losses differ by more than {TOLERANCE:g}: {', '.join(faults)}")
    apart = [row.configuration for row in report.accuracies if not is_within(row, report.scatter)]
    if apart:
        raise InputError(f"accuracies differ by more than the seeds': {', '.join(apart)}")


def compared(name: str, architecture: str, with_accuracy: bool) -> TrainerCheck:
    """In the folder of a study that has been built."""
    study = StudySettings.read()
    if architecture not in study.architectures:
        raise InputError(f"architecture: {architecture!r}: allowed: {', '.join(study.architectures)}")
    configurations = [name for name in CONFIGURATIONS if name in study.configurations]
    first_steps = [first_losses(architecture, configuration, study.seeds[0]) for configuration in configurations]
    accuracies = []
    for configuration in configurations if with_accuracy else ():
        accuracies.append(accuracies_of(architecture, configuration, study.seeds))
    return TrainerCheck(
        study=name,
        architecture=architecture,
        processor=processor(),
        packages=packages(),
        first_steps=first_steps,
        accuracies=accuracies,
        scatter=scatter(accuracies),
    )


def first_losses(architecture: str, configuration: str, seed: int) -> FirstSteps:
    """Of the same batches in the same order; both start from the same seed, and from nothing else in common."""
    print(f"first {STEPS} steps: {architecture} {configuration}", flush=True)
    ours, order = our_losses(architecture, configuration, seed)
    request = Request(architecture=architecture, configuration=configuration, seed=seed, steps=STEPS, order=order)
    return FirstSteps(configuration=configuration, seed=seed, ours=ours, by_trainer=ask(request).losses)


def our_losses(architecture: str, configuration: str, seed: int) -> tuple[list[float], list[int]]:
    """By the study's own loop, and the rows of its first epoch in their order."""
    quiet()
    settings = RunSettings.read(architecture, configuration)
    plain = settings.train.model_copy(update={"dropout": "torch"})
    settings = settings.model_copy(update={"precision": "fp32", "train": plain})
    torch.set_num_threads(settings.train.threads)
    with TemporaryDirectory() as unfinished:
        trainer = prepare_trainer(settings, seed, MemoryMeter(), Path(unfinished))
    for module in trainer.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    trainer.model.train()
    size = settings.train.batch_size
    order = epoch_order(trainer.train_split.lengths, size, seed, 0, settings.batching == "by-length")
    losses = []
    for batch, _ in zip(trainer.train_split.batches(order, size), range(STEPS), strict=False):
        losses.append(float(trainer.training_step(batch, 1)))
        trainer.optimizer_step()
    return losses, order.tolist()


def accuracies_of(architecture: str, configuration: str, seeds: list[int]) -> Accuracies:
    """Ours as recorded, at the configuration's own rate; theirs trained now."""
    ours, by_trainer = [], []
    for seed in seeds:
        print(f"to the end: {architecture} {configuration} {seed}", flush=True)
        run = Run(architecture=architecture, configuration=configuration, seed=seed, role="train")
        ours.append(Record.read_from(run.record_path).quality.test_accuracy)
        answer = ask(Request(architecture=architecture, configuration=configuration, seed=seed))
        by_trainer.append(answer.test_accuracy)
    return Accuracies(configuration=configuration, ours=ours, by_trainer=by_trainer)


def ask(request: Request) -> Answer:
    """A process of its own, so that nothing here reaches it."""
    script = ROOT / "tools/benchmarks/runs/plain_trainer.py"
    command = [sys.executable, str(script), request.model_dump_json()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        raise InputError(f"{script.name}: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")
    return Answer.model_validate_json(done.stdout.splitlines()[-1])


def scatter(rows: list[Accuracies]) -> float | None:
    """By how much two means over seeds may differ at the level, if seeds alone part them: one variance for all."""
    groups = [values for row in rows for values in (row.ours, row.by_trainer)]
    freedom = sum(len(values) - 1 for values in groups)
    if not freedom:
        return None
    variance = sum(stdev(values) ** 2 * (len(values) - 1) for values in groups) / freedom
    return float(t.ppf(1 - LEVEL / 2, freedom)) * (variance * 2 / len(groups[0])) ** 0.5


def is_within(row: Accuracies, bound: float | None) -> bool:
    return bound is None or abs(mean(row.ours) - mean(row.by_trainer)) <= bound


def table(report: TrainerCheck, style: str) -> str:
    """Both parts, a row a configuration."""
    steps = [
        [row.configuration, row.ours[0], row.by_trainer[0], row.ours[-1], row.by_trainer[-1], row.largest_difference]
        for row in report.first_steps
    ]
    heads = ["", "first loss, ours", "Trainer", f"loss {STEPS}, ours", "Trainer", f"largest difference of {STEPS}"]
    parts = [tabulate(steps, heads, style, floatfmt=(".6f",) * 5 + (".0e",))]
    if report.accuracies:
        rows = []
        for row in report.accuracies:
            difference = (mean(row.ours) - mean(row.by_trainer)) * PERCENT
            rows.append([row.configuration, *map(shown, (row.ours, row.by_trainer)), f"{difference:+.2f}"])
        heads = ["", "test accuracy (%), ours", "Trainer", "difference of means"]
        bound = "no bound: one seed" if report.scatter is None else f"seeds allow {report.scatter * PERCENT:.2f}"
        parts.append(f"{tabulate(rows, heads, style, disable_numparse=True)}\n\n{bound}")
    return f"{report.study}, {report.architecture}, {report.processor}\n\n" + "\n\n".join(parts)


def shown(values: list[float]) -> str:
    return ", ".join(f"{value * PERCENT:.2f}" for value in values)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="of a study that `make paper STUDY=<name>` has built")
    parser.add_argument("architecture")
    parser.add_argument("--accuracy", dest="with_accuracy", action="store_true", help="also train to the end")
    run_stage(main, **vars(parser.parse_args()))
