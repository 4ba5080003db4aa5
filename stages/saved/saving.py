"""What a run leaves in its model folder: weights or adapter with its base, tokenizer, test predictions."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from peft import PeftModel

from stages.core.parquet import write_parquet
from stages.methods.initialisation import save_adapter
from stages.saved.base_beside import put_base_beside
from stages.saved.saved_run import NAME, SavedRun
from stages.training.settings import RunSettings

PREDICTIONS = "predictions.parquet"
TOKENIZER_CONFIG = "tokenizer_config.json"


def save(
    model: torch.nn.Module,
    predictions: dict[str, np.ndarray],
    settings: RunSettings,
    seed: int,
    checkpoint: Path,
    folder: Path,
    place: Path,
) -> None:
    """Write all of it; the tokenizer is that of the run's base ``checkpoint``.

    Args:
        predictions: columns of predictions.parquet.
        folder: where to write.
        place: where that will lie, from the project's folder.
    """
    sort_module_names(model)
    if isinstance(model, PeftModel):
        save_adapter(model, folder)
        (folder / "README.md").unlink(missing_ok=True)  # PEFT's model-card form, unfilled
        put_base_beside(model, settings, checkpoint, folder, place)
    else:
        model.save_pretrained(folder)
    copy_tokenizer(checkpoint, folder, settings.truncation_side)
    columns = [as_column(values) for values in predictions.values()]
    table = pa.Table.from_arrays(columns, names=list(predictions))
    write_parquet(table, folder / PREDICTIONS)
    SavedRun(seed=seed, settings=settings).write_to(folder / NAME)


def copy_tokenizer(checkpoint: Path, folder: Path, truncation_side: str) -> None:
    """Byte for byte, but where it would cut a long text at the other end than the run's texts were cut at."""
    shutil.copyfile(checkpoint / "tokenizer.json", folder / "tokenizer.json")
    content = (checkpoint / TOKENIZER_CONFIG).read_bytes()
    config = json.loads(content)
    if config.get("truncation_side", "right") != truncation_side:
        content = json.dumps(config | {"truncation_side": truncation_side}, indent=2, ensure_ascii=False).encode()
    (folder / TOKENIZER_CONFIG).write_bytes(content)


def as_column(values: np.ndarray) -> pa.Array:
    """One column, without copying; ``pyarrow.array`` would import pandas."""
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def sort_module_names(model: torch.nn.Module) -> None:
    """PEFT keeps them as sets, whose order changes from process to process, and so would the saved file."""
    for config in getattr(model, "peft_config", {}).values():
        for key, value in vars(config).items():
            if isinstance(value, set):
                setattr(config, key, sorted(value))
