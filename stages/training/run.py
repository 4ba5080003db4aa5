"""One run from its settings to its record: train, select, test, save."""

import os
import shutil
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
import transformers

from stages.core.errors import InputError, require_unedited
from stages.core.files import sha256, written_whole
from stages.meters.clock import steady
from stages.meters.energy import EnergyMeter
from stages.meters.memory import MemoryMeter
from stages.methods.audit import parameter_counts
from stages.methods.building import adapted_parts, load_model, plain_model, with_method
from stages.methods.initialisation import Inputs, TrainingData
from stages.saved.model_card import write_card
from stages.saved.reloading import check_reload
from stages.saved.saving import PREDICTIONS, save
from stages.training import checkpoints
from stages.training.batching import Split, epoch_order, read_classes, read_split
from stages.training.environment import describe, has_bf16, packages
from stages.training.optimisation import steps_of_epoch
from stages.training.progress import announce
from stages.training.record import Cost, Record, RunIdentity
from stages.training.scores import predict, quality
from stages.training.settings import Run, RunSettings
from stages.training.trainer import StudyTrainer, set_seed


def fine_tune(architecture: str, configuration: str, seed: int) -> None:
    """Do one run, score it once on the test split, and write its model and record.

    An interrupted run goes on from its last whole checkpoint.
    """
    announce(architecture, configuration, seed)
    settings = RunSettings.read(architecture, configuration)
    run = Run(architecture=architecture, configuration=configuration, seed=seed, role="train")
    quiet()
    torch.set_num_threads(settings.train.threads)
    torch.use_deterministic_algorithms(not torch.cuda.is_available())
    if settings.precision == "bf16" and not has_bf16():
        print("note: this device has no bf16 of its own: it is emulated, slower than fp32", flush=True)
    # cuDNN's attention plans each new width of a batch, which takes it longer than many steps; torch's own does not
    # (PyTorch's documentation, torch.backends.cuda.enable_cudnn_sdp).
    torch.backends.cuda.enable_cudnn_sdp(False)
    of_this_code = origin(settings, seed)
    require_unedited()  # else its checkpoints would say that they are of code which came after this process began
    unfinished = checkpoints.open_folder(run, of_this_code)
    with written_whole(run.model_path) as folder:
        record = train_and_test(settings, run, unfinished, folder)
        require_unedited()  # before anything is in place that could be taken for a run of the code as it is now
    record.write_to(run.record_path)
    shutil.rmtree(unfinished)
    print(f"test accuracy {record.quality.test_accuracy:.4f}, training {record.cost.train_seconds:.1f} s")


def quiet() -> None:
    """Errors only: the libraries' notes on fresh heads and renamed options repeat in every run."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    # The record's optimiser is the configured one; the paper says that paging needs a CUDA device.
    warnings.filterwarnings("ignore", message="Paged optimizers are not supported on CPU")


def origin(settings: RunSettings, seed: int) -> str:
    """What a checkpoint must have come from to be gone on from."""
    tokenized, checkpoint = input_folders(settings.architecture)
    inputs = (tokenized / "train", tokenized / settings.selection_split, checkpoint / "model.safetensors")
    return checkpoints.fingerprint(settings.model_dump_json(), str(seed), *map(sha256, inputs), *packages().values())


def input_folders(architecture: str) -> tuple[Path, Path]:
    """The tokenised data and the base checkpoint of an architecture."""
    return Path("data/tokenized", architecture), Path("models/base", architecture)


def train_and_test(settings: RunSettings, run: Run, unfinished: Path, folder: Path) -> Record:
    """Train, select, test, save into ``folder``; return the record.

    Args:
        unfinished: where the run's checkpoints are, and go.
        folder: what will lie at ``run.model_path``.
    """
    started_at = datetime.now(UTC)
    memory = MemoryMeter()
    energy = EnergyMeter()
    tokenized, checkpoint = input_folders(settings.architecture)
    trainer = prepare_trainer(settings, run.seed, memory, unfinished)
    memory.book("loading")
    trainer.train()
    memory.book("training")

    # The test split is opened here for the first time, unless the protocol selects on it.
    test = open_split(settings, tokenized / "test", trainer.model)
    predictions = predict(trainer, test)
    with trainer.seconds.of("saving"):
        save(trainer.model, predictions, settings, run.seed, checkpoint, folder, run.model_path)
    weights = next(folder.glob("*.safetensors"))
    record = Record(
        run=identity(settings, run.seed, started_at, adapted_parts(trainer.model, settings, trainer.head)),
        quality=quality(settings, trainer.curve, predictions, sha256(weights)),
        parameters=parameter_counts(trainer.model, trainer.audit, trainer.head),
        cost=cost(trainer, energy, weights.stat().st_size),
        environment=describe(settings, tokenized, checkpoint),
    )
    reload = check_reload(trainer, test, predictions, folder, checkpoint)  # last: it is no cost of the run
    record = record.model_copy(update={"reload": reload, "predictions_sha256": sha256(folder / PREDICTIONS)})
    write_card(record, read_classes(tokenized / "train"), folder)
    return record


def prepare_trainer(settings: RunSettings, seed: int, memory: MemoryMeter, unfinished: Path) -> StudyTrainer:
    """Model, data and optimisation of a run; the seed is set where the protocol says."""
    tokenized, checkpoint = input_folders(settings.architecture)
    if settings.seed_before_model:
        set_seed(seed)
    loaded = load_model(settings, checkpoint, read_classes(tokenized / "train"))
    train = open_split(settings, tokenized / "train", loaded.model)
    selection = open_split(settings, tokenized / settings.selection_split, loaded.model)
    loaded = with_method(loaded, settings, training_data(settings, seed, train))
    return StudyTrainer(settings, seed, loaded, train, selection, memory, unfinished)


def training_data(settings: RunSettings, seed: int, train: Split) -> TrainingData:
    """What a method may know of the training split before it trains."""

    def batches(rows: int) -> Iterator[Inputs]:
        for batch in train.batches(epoch_order(train.lengths, rows, seed, 0, by_length=False), rows):
            yield {**batch.inputs(), "labels": batch.labels}

    return TrainingData(steps_of_epoch(settings.train, len(train)) * settings.train.epochs, batches)


def open_split(settings: RunSettings, folder: Path, model: torch.nn.Module) -> Split:
    """A tokenised split on the device that computes, padded with what the model takes for padding."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pad_id = plain_model(model).config.get_text_config().pad_token_id
    if pad_id is None:
        again = f"`dvc repro -f base@{settings.architecture}`"
        raise InputError(f"models/base/{settings.architecture}: config.json has no pad_token_id; {again} sets it")
    return read_split(folder, settings.max_length, pad_id, device, settings.padding, settings.train.length_multiple)


def identity(settings: RunSettings, seed: int, started_at: datetime, adapted: list[str]) -> RunIdentity:
    """The record's ``run`` section."""
    return RunIdentity(
        architecture=settings.architecture,
        configuration=settings.configuration,
        seed=seed,
        exp_id=settings.exp_id,
        method=settings.method,
        learning_rate=settings.learning_rate,
        adapted_modules=adapted,
        settings=settings,
        process_id=os.getpid(),
        started_at=started_at.isoformat(timespec="milliseconds"),
    )


def cost(trainer: StudyTrainer, energy: EnergyMeter, checkpoint_bytes: int) -> Cost:
    """Seconds, bytes and joules of what this process did."""
    watch = trainer.stopwatch
    steps, processor_steps = steady(watch.step_seconds), steady(watch.step_processor_seconds)
    seconds = trainer.seconds.spent
    loading = trainer.memory.peaks["loading"]
    training = trainer.memory.peaks["training"]
    evaluation = trainer.memory.peaks["evaluation"]
    return Cost(
        startup_seconds=watch.startup_seconds,
        train_seconds=watch.train_seconds,
        train_processor_seconds=watch.train_processor_seconds,
        evaluation_seconds=seconds["evaluation"],
        evaluation_processor_seconds=trainer.seconds.processor["evaluation"],
        saving_seconds=seconds["saving"],
        step_seconds_median=float(np.median(steps)),
        step_seconds_p95=float(np.percentile(steps, 95)),
        step_processor_seconds_median=float(np.median(processor_steps)),
        step_processor_seconds_p95=float(np.percentile(processor_steps, 95)),
        steps=len(watch.step_seconds),
        resumed_at_step=trainer.resumed_at_step,
        tokens_per_second=trainer.tokens / watch.train_seconds,
        loading_peak_memory_allocated_bytes=loading.allocated,
        loading_peak_memory_reserved_bytes=loading.reserved,
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
