"""train, probe: one cell -> models/runs/<cell>/ and metrics/runs/<cell>.json.

Every run is a process of its own, so no memory, cache or random state passes from one to the next.
"""

import argparse
import os
import shutil
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
import psutil
import torch
import transformers
from datasets import Dataset, load_from_disk
from scipy.special import softmax
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss
from transformers import AutoTokenizer, set_seed

from stages.lib.audit import parameter_counts
from stages.lib.environment import describe
from stages.lib.errors import run_stage
from stages.lib.methods import LABELS, build_model
from stages.lib.progress import announce
from stages.lib.records import Cost, Parameters, Quality, Record, Run, write_record
from stages.lib.settings import Cell, RunSettings, read_settings, run_path
from stages.lib.training import (
    StudyTrainer,
    host_peak_bytes,
    learning_curve,
    make_trainer,
    resident_bytes,
    selected_epoch,
)


class DevicePeak(NamedTuple):
    """Peak device memory in bytes since the last reset; None without CUDA."""

    allocated: int | None
    reserved: int | None


def main(architecture: str, configuration: str, seed: int) -> None:
    """Fine-tune one cell, score it once on the test split, and write its model and record."""
    announce(architecture, configuration, seed)
    settings = read_settings(RunSettings, run_path(architecture, configuration))
    cell = Cell(architecture=architecture, configuration=configuration, seed=seed, role="train")
    quiet()
    torch.set_num_threads(settings.train.threads)
    torch.use_deterministic_algorithms(not torch.cuda.is_available())
    Path("models").mkdir(exist_ok=True)
    with TemporaryDirectory(dir="models", prefix=".run-") as folder:
        record = run_cell(settings, seed, Path(folder))
        shutil.rmtree(cell.model_path, ignore_errors=True)
        cell.model_path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(Path(folder, "model"), cell.model_path)
    write_record(record, cell.record_path)
    print(f"test accuracy {record.quality.test_accuracy:.4f}, training {record.cost.train_seconds:.1f} s")


def quiet() -> None:
    """Errors only: the libraries' notes on fresh heads and renamed options repeat in every run."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    # The record's optimiser is the configured one; the paper says that paging needs a CUDA device.
    warnings.filterwarnings("ignore", message="Paged optimizers are not supported on CPU")


def run_cell(settings: RunSettings, seed: int, folder: Path) -> Record:
    """Train, select, test, save into ``folder/model``; return the record."""
    started_at = datetime.now(UTC)
    baseline = resident_bytes()
    tokenized, checkpoint = inputs(settings.architecture)
    trainer = prepare_trainer(settings, seed, folder)
    trainer.train()
    training_peak = device_peak()

    # The test split is opened here for the first time, unless the protocol selects on it.
    test = load_from_disk(str(tokenized / "test"))
    began = time.perf_counter()
    predictions = predict(trainer, test)
    evaluation_seconds = trainer.evaluation_seconds + time.perf_counter() - began
    evaluation_peak = device_peak()

    began = time.perf_counter()
    model_bytes = save(trainer, predictions, folder / "model", checkpoint)
    saving_seconds = trainer.saving_seconds + time.perf_counter() - began

    watch, tokens = trainer.stopwatch, sum(trainer.train_lengths) * settings.train.epochs
    parameters: Parameters = parameter_counts(trainer.model, trainer.audit, trainer.new_weights, settings.head)
    return Record(
        run=Run(
            architecture=settings.architecture,
            configuration=settings.configuration,
            seed=seed,
            exp_id=settings.exp_id,
            method=settings.method,
            learning_rate=settings.learning_rate,
            settings=settings,
            process_id=os.getpid(),
            started_at=started_at.isoformat(timespec="milliseconds"),
        ),
        quality=quality(settings, trainer, predictions),
        parameters=parameters,
        cost=Cost(
            startup_seconds=watch.first_step_at - psutil.Process().create_time(),
            train_seconds=watch.train_seconds,
            evaluation_seconds=evaluation_seconds,
            saving_seconds=saving_seconds,
            step_seconds_median=float(np.median(watch.steady_steps())),
            step_seconds_p95=float(np.percentile(watch.steady_steps(), 95)),
            steps=len(watch.step_seconds),
            tokens_per_second=tokens / watch.train_seconds,
            peak_memory_allocated_bytes=training_peak.allocated,
            peak_memory_reserved_bytes=training_peak.reserved,
            evaluation_peak_memory_allocated_bytes=evaluation_peak.allocated,
            peak_memory_host_bytes=host_peak_bytes(baseline),
            checkpoint_bytes=model_bytes,
        ),
        environment=describe(settings, tokenized, checkpoint),
    )


def inputs(architecture: str) -> tuple[Path, Path]:
    """The tokenised data and the base checkpoint of an architecture."""
    return Path("data/tokenized", architecture), Path("models/base", architecture)


def prepare_trainer(settings: RunSettings, seed: int, folder: Path) -> StudyTrainer:
    """Model, data and optimisation of a cell; the seed is set where the protocol says."""
    tokenized, checkpoint = inputs(settings.architecture)
    if settings.seed_before_model:
        set_seed(seed)
    loaded = build_model(settings, checkpoint)
    splits = {name: load_from_disk(str(tokenized / name)) for name in ("train", settings.selection_split)}
    tokenizer = AutoTokenizer.from_pretrained(checkpoint, local_files_only=True)
    return make_trainer(settings, seed, loaded, tokenizer, splits, folder / "checkpoints")


def predict(trainer: StudyTrainer, test: Dataset) -> pd.DataFrame:
    """Label, predicted label and both class probabilities of every test example, in file order.

    Examples are batched by length, so that little is spent on padding, and put back in order.
    """
    order = np.argsort(test["length"], kind="stable")
    logits = np.empty((len(test), len(LABELS)), dtype=np.float32)
    logits[order] = trainer.predict_logits(test.select(order))
    probabilities = softmax(logits.astype(np.float64), axis=1)
    return pd.DataFrame(
        {
            "label": np.asarray(test["label"]),
            "prediction": logits.argmax(axis=1),
            "probability_negative": probabilities[:, 0],
            "probability_positive": probabilities[:, 1],
        }
    )


def quality(settings: RunSettings, trainer: StudyTrainer, predictions: pd.DataFrame) -> Quality:
    """Test scores of the selected epoch and the learning curve that selected it."""
    curve = learning_curve(trainer.state.log_history)
    epoch = selected_epoch(curve, settings.load_best)
    label, prediction = predictions["label"], predictions["prediction"]
    probabilities = predictions[["probability_negative", "probability_positive"]]
    selected = curve[epoch - 1].selection_accuracy
    return Quality(
        test_accuracy=accuracy_score(label, prediction),
        test_f1_macro=f1_score(label, prediction, average="macro"),
        test_loss=log_loss(label, probabilities, labels=list(LABELS)),
        validation_accuracy=selected if settings.selection_split == "validation" else None,
        selected_epoch=epoch,
        confusion=confusion_matrix(label, prediction, labels=list(LABELS)).tolist(),
        history=curve,
    )


def save(trainer: StudyTrainer, predictions: pd.DataFrame, folder: Path, checkpoint: Path) -> int:
    """Write weights or adapter, tokenizer and predictions; return the bytes of the weights."""
    trainer.model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's model-card form, unfilled
    AutoTokenizer.from_pretrained(checkpoint, local_files_only=True).save_pretrained(folder)
    predictions.to_parquet(folder / "predictions.parquet", index=False)
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def device_peak() -> DevicePeak:
    """Read the device's peak memory and start a new measurement."""
    if not torch.cuda.is_available():
        return DevicePeak(None, None)
    peak = DevicePeak(torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved())
    torch.cuda.reset_peak_memory_stats()
    return peak


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture")
    parser.add_argument("configuration")
    parser.add_argument("seed", type=int)
    run_stage(main, **vars(parser.parse_args()))
