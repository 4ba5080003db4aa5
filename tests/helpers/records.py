"""Synthetic records of runs, schema-valid and plausible."""

import zlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from stages.analysis.answers import scores
from stages.core.files import sha256
from stages.training import record
from stages.training.record import Cost, Environment, Epoch, Parameters, Quality, Record, RunIdentity
from stages.training.settings import Run, RunSettings

TEST_ROWS = 2000
TOKENIZED = {"train": "a" * 64, "validation": "b" * 64, "test": "c" * 64}  # SHA-256 of each split
SKILL = {"full": 0.90, "lora-r8": 0.845, "lora-r16": 0.85, "lora-ffn": 0.868, "qlora-ffn": 0.865, "ia3": 0.80}
BONUS = {"distilbert": 0.0, "roberta": 0.015, "deberta": 0.03}
SHARE = {"full": 1.0, "lora": 0.03, "lora-nf4": 0.03, "ia3": 0.012}
SECONDS = {"full": 9.0, "lora": 7.5, "lora-nf4": 11.0, "ia3": 7.0}
MEBIBYTES = {"full": 270, "lora": 240, "lora-nf4": 200, "ia3": 235}


def accuracy(run: Run) -> float:
    """Deterministic, different for each run, in multiples of one test example."""
    name = run.configured.removesuffix("-probe")
    base = SKILL.get(name, 0.79 + 0.1 * spread(name)) + BONUS.get(run.architecture, 0)
    gain = (0.006 if run.configured.endswith("-probe") else 0.0) + of_rate(run)
    return round((base + gain + 0.004 * np.sin(7.0 * run.seed + len(run.configured))) * TEST_ROWS) / TEST_ROWS


def of_rate(run: Run) -> float:
    """What a multiple of its rate does to a configuration: full is best at its own, LoRA at three times, IA3 at ten."""
    best = np.log10({"full": 1, "ia3": 10}.get(run.configured, 3))
    return 0.02 * (best**2 - (np.log10(float(run.factor)) - best) ** 2)


def spread(name: str) -> float:
    """From 0 to 1, the same for the same name: what sets one configuration of many apart."""
    return zlib.crc32(name.encode()) / 2**32


def confusion(score: float, rows: list[int]) -> list[list[int]]:
    """Of a run with this accuracy: errors spread evenly over classes, each taken for the next one."""
    wrong = round((1 - score) * sum(rows))
    matrix = []
    for label, count in enumerate(rows):
        errors = min(wrong // len(rows) + (label == len(rows) - 1) * (wrong % len(rows)), count)
        row = [0] * len(rows)
        row[label], row[(label + 1) % len(rows)] = count - errors, errors
        matrix.append(row)
    return matrix


def constant_confusion(rows: list[int]) -> list[list[int]]:
    """Of a run that names the most frequent class alone."""
    named = rows.index(max(rows))
    return [[count if label == named else 0 for label in range(len(rows))] for count in rows]


def make_record(run: Run, matrix: list[list[int]] | None = None) -> Record:
    """A record of plausible values for one run of the settings in the current folder; of two classes without more."""
    told = RunSettings.read(run.architecture, run.configuration)
    return Record(
        run=RunIdentity(
            architecture=run.architecture,
            configuration=run.configuration,
            seed=run.seed,
            exp_id=told.exp_id,
            method=told.method,
            learning_rate=told.learning_rate,
            settings=told,
            process_id=1000 + run.seed,
            started_at=(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=run.seed)).isoformat(),
        ),
        quality=_quality(accuracy(run), told.train.epochs, matrix),
        parameters=_parameters(told),
        cost=_cost(told, run.seed),
        environment=_environment(),
        predictions_sha256="e" * 64,
    )


def as_predicted(run: Run, frame: pd.DataFrame) -> None:
    """Write a run's test predictions, and its record anew as it is of them."""
    path = run.model_path / "predictions.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path, index=False)
    classes = sum(name.startswith("probability_") for name in frame)
    matrix = np.zeros((classes, classes), dtype=int)
    np.add.at(matrix, (frame["label"], frame["prediction"]), 1)
    made = with_confusion(record.Record.read_from(run.record_path), matrix.tolist())
    loss = scores(frame)["test_loss"]
    quality = made.quality.model_copy(update={"test_loss": loss})
    made = made.model_copy(update={"quality": quality, "predictions_sha256": sha256(path)})
    made.write_to(run.record_path)


def with_confusion(made: Record, matrix: list[list[int]]) -> Record:
    """A record whose scores are those of a confusion matrix."""
    scores = {"test_accuracy": record.accuracy(matrix), "test_f1_macro": record.f1_macro(matrix)}
    return made.model_copy(update={"quality": made.quality.model_copy(update={"confusion": matrix, **scores})})


def _quality(score: float, epochs: int, matrix: list[list[int]] | None) -> Quality:
    matrix = matrix or confusion(score, [TEST_ROWS // 2, TEST_ROWS // 2])
    score = record.accuracy(matrix)
    return Quality(
        test_accuracy=score,
        test_f1_macro=record.f1_macro(matrix),
        test_loss=0.6 - 0.4 * score,
        validation_accuracy=min(score + 0.002, 1.0),
        selected_epoch=epochs,
        confusion=matrix,
        history=[
            Epoch(
                epoch=number,
                train_loss=0.7 / number,
                selection_loss=0.6 / number,
                selection_accuracy=min(score + 0.002, 1.0) - 0.02 * (epochs - number),
            )
            for number in range(1, epochs + 1)
        ],
        weights_sha256="f" * 64,
    )


def _parameters(run: RunSettings) -> Parameters:
    total = {"distilbert": 612_354, "roberta": 640_898, "deberta": 671_234}.get(run.architecture, 600_000)
    head = 17_000
    trainable = (
        total if run.method == "full" else head + int(total * SHARE.get(run.kind, 0.02) * (run.option("r") or 8) / 8)
    )
    return Parameters(
        trainable=trainable,
        total=total,
        adapter=0 if run.method == "full" else trainable - head,
        head=head,
        new_but_frozen=0,
        trainable_but_dead=0,
    )


def _cost(run: RunSettings, seed: int) -> Cost:
    slower = {"distilbert": 1.0, "roberta": 1.1, "deberta": 1.9}.get(run.architecture, 1.0)
    seconds = (
        SECONDS.get(run.kind, 6.5 + 3 * spread(run.configuration)) * slower * (1 + (run.option("r") or 8) / 200)
        + 0.01 * seed
    )
    extra = 8 * len(run.target_modules or []) + (run.option("r") or 0) + seed % 5
    return Cost(
        startup_seconds=7.5,
        train_seconds=seconds,
        train_processor_seconds=seconds,  # a machine that does nothing else
        evaluation_seconds=1.5,
        evaluation_processor_seconds=1.5,
        saving_seconds=0.1,
        step_seconds_median=seconds / 190,
        step_seconds_p95=seconds / 150,
        step_processor_seconds_median=seconds / 190,
        step_processor_seconds_p95=seconds / 150,
        steps=188,
        tokens_per_second=90_000 / seconds,
        peak_memory_allocated_bytes=None,
        peak_memory_reserved_bytes=None,
        evaluation_peak_memory_allocated_bytes=None,
        evaluation_peak_memory_reserved_bytes=None,
        evaluation_peak_memory_host_bytes=200 * 2**20,
        baseline_memory_host_bytes=600 * 2**20,
        energy_joules=None,
        resumed_at_step=0,
        peak_memory_host_bytes=int(
            (MEBIBYTES.get(run.kind, 210 + 60 * spread(run.configuration)) * slower**0.5 + extra) * 2**20
        ),
        checkpoint_bytes=2_400_000,
    )


def _environment() -> Environment:
    names = ("torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate", "tokenizers", "numpy", "dvc")
    return Environment(
        python="3.11.7",
        platform="Linux-x86_64",
        processor="Example CPU",
        packages={name: f"1.{index}.0" for index, name in enumerate(names)},
        commit="0123456789abcdef0123456789abcdef01234567",
        commit_subject="Runs of the fixtures",
        dirty=False,
        device="cpu",
        threads=2,
        runs_at_once=1,
        dataset_sha256=TOKENIZED,
        checkpoint_sha256="d" * 64,
        checkpoint_revision=None,
    )
