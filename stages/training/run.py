"""One run from its settings to its record: train, select, test, save."""

import os
import shutil
import warnings
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import transformers

from stages.core.files import sha256
from stages.meters.energy import EnergyMeter
from stages.meters.memory import MemoryMeter
from stages.training import checkpoints
from stages.training.audit import parameter_counts
from stages.training.batching import Split, read_split
from stages.training.environment import describe, packages
from stages.training.methods import build_model, plain_model
from stages.training.progress import announce
from stages.training.record import Cost, Record, RunIdentity
from stages.training.scores import predict, quality
from stages.training.settings import Run, RunSettings
from stages.training.trainer import StudyTrainer, set_seed


def fine_tune(architecture: str, configuration: str, seed: int) -> None:
    """Fine-tune one cell, score it once on the test split, and write its model and record.

    An interrupted run goes on from its last whole checkpoint.
    """
    announce(architecture, configuration, seed)
    settings = RunSettings.read(architecture, configuration)
    cell = Run(architecture=architecture, configuration=configuration, seed=seed, role="train")
    quiet()
    torch.set_num_threads(settings.train.threads)
    torch.use_deterministic_algorithms(not torch.cuda.is_available())
    unfinished = checkpoints.open_folder(cell, origin(settings, seed))
    with TemporaryDirectory(dir="models", prefix=".run-") as folder:
        record = run_cell(settings, seed, unfinished, Path(folder, "model"))
        shutil.rmtree(cell.model_path, ignore_errors=True)
        cell.model_path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(Path(folder, "model"), cell.model_path)
    record.write_to(cell.record_path)
    shutil.rmtree(unfinished)
    print(f"test accuracy {record.quality.test_accuracy:.4f}, training {record.cost.train_seconds:.1f} s")


def origin(settings: RunSettings, seed: int) -> str:
    """What a checkpoint must have come from to be gone on from."""
    tokenized, checkpoint = inputs(settings.architecture)
    read = (tokenized / "train", tokenized / settings.selection_split, checkpoint / "model.safetensors")
    return checkpoints.fingerprint(settings.model_dump_json(), str(seed), *map(sha256, read), *packages().values())


def quiet() -> None:
    """Errors only: the libraries' notes on fresh heads and renamed options repeat in every run."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    # The record's optimiser is the configured one; the paper says that paging needs a CUDA device.
    warnings.filterwarnings("ignore", message="Paged optimizers are not supported on CPU")


def run_cell(settings: RunSettings, seed: int, unfinished: Path, folder: Path) -> Record:
    """Train, select, test, save into ``folder``; return the record."""
    started_at, memory, energy = datetime.now(UTC), MemoryMeter(), EnergyMeter()
    tokenized, checkpoint = inputs(settings.architecture)
    trainer = prepare_trainer(settings, seed, memory, unfinished)
    trainer.train()
    memory.book("training")

    # The test split is opened here for the first time, unless the protocol selects on it.
    predictions = predict(trainer, open_split(settings, tokenized / "test", trainer.model))
    with trainer.seconds.of("saving"):
        save(trainer, predictions, folder, checkpoint)
    weights = next(folder.glob("*.safetensors"))
    return Record(
        run=RunIdentity(
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
        quality=quality(settings, trainer, predictions, sha256(weights)),
        parameters=parameter_counts(trainer.model, trainer.audit, trainer.new_weights, settings.head),
        cost=cost(trainer, energy, weights.stat().st_size),
        environment=describe(settings, tokenized, checkpoint),
    )


def cost(trainer: StudyTrainer, energy: EnergyMeter, checkpoint_bytes: int) -> Cost:
    """Seconds, bytes and joules of what this process did."""
    watch, seconds = trainer.stopwatch, trainer.seconds.spent
    training, evaluation = trainer.memory.peaks["training"], trainer.memory.peaks["evaluation"]
    return Cost(
        startup_seconds=watch.startup_seconds,
        train_seconds=watch.train_seconds,
        evaluation_seconds=seconds["evaluation"],
        saving_seconds=seconds["saving"],
        step_seconds_median=float(np.median(watch.steady_steps())),
        step_seconds_p95=float(np.percentile(watch.steady_steps(), 95)),
        steps=len(watch.step_seconds),
        resumed_at_step=trainer.resumed_at_step,
        tokens_per_second=trainer.tokens / watch.train_seconds,
        peak_memory_allocated_bytes=training.allocated,
        peak_memory_reserved_bytes=training.reserved,
        peak_memory_host_bytes=training.host,
        evaluation_peak_memory_allocated_bytes=evaluation.allocated,
        evaluation_peak_memory_reserved_bytes=evaluation.reserved,
        evaluation_peak_memory_host_bytes=evaluation.host,
        baseline_memory_host_bytes=trainer.memory.baseline,
        checkpoint_bytes=checkpoint_bytes,
        energy_joules=energy.joules(),
    )


def inputs(architecture: str) -> tuple[Path, Path]:
    """The tokenised data and the base checkpoint of an architecture."""
    return Path("data/tokenized", architecture), Path("models/base", architecture)


def prepare_trainer(settings: RunSettings, seed: int, memory: MemoryMeter, unfinished: Path) -> StudyTrainer:
    """Model, data and optimisation of a cell; the seed is set where the protocol says."""
    tokenized, checkpoint = inputs(settings.architecture)
    if settings.seed_before_model:
        set_seed(seed)
    loaded = build_model(settings, checkpoint)
    train, selection = (
        open_split(settings, tokenized / name, loaded.model) for name in ("train", settings.selection_split)
    )
    return StudyTrainer(settings, seed, loaded, train, selection, memory, unfinished)


def open_split(settings: RunSettings, folder: Path, model: torch.nn.Module) -> Split:
    """A tokenised split on the device that computes, padded with what the model takes for padding."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pad_id = plain_model(model).config.pad_token_id or 0
    return read_split(folder, settings.max_length, pad_id, device, settings.padding, settings.train.length_multiple)


def save(trainer: StudyTrainer, predictions: dict[str, np.ndarray], folder: Path, checkpoint: Path) -> None:
    """Write weights or adapter, tokenizer and predictions."""
    sort_module_names(trainer.model)
    trainer.model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's model-card form, unfilled
    for name in ("tokenizer.json", "tokenizer_config.json"):  # all that a fast tokenizer is
        shutil.copy(checkpoint / name, folder / name)
    columns = [arrow(values) for values in predictions.values()]
    pq.write_table(pa.Table.from_arrays(columns, names=list(predictions)), folder / "predictions.parquet")


def arrow(values: np.ndarray) -> pa.Array:
    """One column, without copying; ``pyarrow.array`` would import pandas."""
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def sort_module_names(model: torch.nn.Module) -> None:
    """PEFT keeps them as sets, whose order changes from process to process, and so would the saved file."""
    for config in getattr(model, "peft_config", {}).values():
        for key, value in vars(config).items():
            if isinstance(value, set):
                setattr(config, key, sorted(value))
