"""The census's file: exact parameter counts and predicted memory of the study at full size."""

import os
from pathlib import Path

import pandas as pd
from pydantic import RootModel, ValidationError

from stages.lib import reported
from stages.lib.audit import audit, checkpoint_name, parameter_counts
from stages.lib.cells import RunSettings
from stages.lib.errors import InputError
from stages.lib.memory import PredictedMemory, backward, predict
from stages.lib.metamodel import meta_model, model_config
from stages.lib.params import FullSize
from stages.lib.schema import Strict

CENSUS = Path("metrics/census.json")
TOLERANCE = 0.15  # of a printed figure
# All that decides a cell's shapes and memory: cells that agree in these are computed once.
DECIDING = {
    "architecture", "method", "target_modules", "feedforward_modules", "rank", "modules_to_save", "max_length",
    "gradient_checkpointing", "precision", "optimizer", "train", "dropout",
}  # fmt: skip


class CensusCell(Strict):
    """Counts as in a run's record; ``total_packed_4bit`` counts stored elements, two 4-bit weights each."""

    trainable: int
    total: int
    total_packed_4bit: int
    adapter: int
    head: int
    new_but_frozen: int
    trainable_but_dead: int
    predicted_memory: PredictedMemory | None  # None: mixed precision is not predicted


class Census(RootModel[dict[str, dict[str, dict[str, CensusCell]]]]):
    """``metrics/census.json``: by protocol, architecture, configuration."""


def write_census(census: Census, path: Path = CENSUS) -> None:
    """Write atomically: a reader sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(census.model_dump_json(indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def read_census(path: Path = CENSUS) -> Census:
    """Read and validate.

    Raises:
        InputError: the file is missing, or a key in it is missing, unknown or of a wrong type.
    """
    try:
        return Census.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; `dvc repro census` makes it") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {key}: {first['msg']}") from error


def take_census(runs: dict[str, dict[str, dict[str, RunSettings]]], full_size: dict[str, FullSize]) -> Census:
    """Every cell of every protocol; see ``CensusSettings``."""
    known: dict[str, CensusCell] = {}
    census = {}
    for protocol, architectures in runs.items():
        census[protocol] = {name: {} for name in architectures}
        for name, configurations in architectures.items():
            for configuration, settings in configurations.items():
                key = settings.model_dump_json(include=DECIDING)
                if key not in known:
                    known[key] = count_cell(settings, full_size[name])
                census[protocol][name][configuration] = known[key]
    return Census(census)


def count_cell(settings: RunSettings, sizes: FullSize) -> CensusCell:
    """One model: the audit of a real run after a backward pass, then its memory at the longest batch."""
    config = model_config(settings, sizes)
    model, new_weights = meta_model(settings, config)
    backward(model.train(), settings.train.batch_size, settings.max_length)
    counts = parameter_counts(model, audit(model, new_weights, settings.head), new_weights, settings.head)
    stored = {checkpoint_name(name): p.numel() for name, p in model.named_parameters()}
    return CensusCell(
        **counts.model_dump(),
        total_packed_4bit=sum(stored.values()),
        predicted_memory=predict(settings, config, settings.train.batch_size, settings.max_length, "cuda"),
    )


def against_published(census: Census) -> pd.DataFrame:
    """Printed and predicted peaks of the runs that were first in their process, a row a run.

    Columns: architecture, configuration, seed, printed_bytes, predicted_bytes, relative_error, note. Later runs of
    a process print what earlier ones left behind: full fine-tuning's growth of 12 bytes a weight (weights and two
    moments) also shows that a printed "GB" is 2**30 bytes.
    """
    first = reported.segments().query("first_training_run_in_kernel == 1")
    rows = []
    for run in first.itertuples(index=False):
        cell = census.root.get("as-published", {}).get(run.architecture, {}).get(run.configuration)
        if cell is None or cell.predicted_memory is None:
            continue
        printed, predicted = run.peak_vram_gb * reported.GIGABYTE, cell.predicted_memory.peak
        error = predicted / printed - 1
        note = "" if abs(error) <= TOLERANCE else _leftover_note(run, cell.predicted_memory)
        rows.append((run.architecture, run.configuration, run.seed, round(printed), predicted, error, note))
    columns = ["architecture", "configuration", "seed", "printed_bytes", "predicted_bytes", "relative_error", "note"]
    return pd.DataFrame(rows, columns=columns)


def _leftover_note(run: tuple, predicted: PredictedMemory) -> str:
    """How the excess of a deviating row compares with what one run leaves behind in its process."""
    excess = run.peak_vram_gb - predicted.peak / reported.GIGABYTE
    kept = (predicted.weights + predicted.optimizer) / reported.GIGABYTE
    return (
        f"printed - predicted = {excess:.4f} GiB, {excess / kept:.2f} times what this model and its optimiser leave "
        f"behind ({kept:.4f}); execution {run.exec} of its process: an earlier, unprinted attempt may have left it"
    )
