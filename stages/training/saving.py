"""What a run leaves in its model folder: weights or adapter, configuration, tokenizer, test predictions."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from peft import PeftModel

from stages.methods.building import plain_model
from stages.methods.initialisation import save_adapter


def save(model: torch.nn.Module, predictions: dict[str, np.ndarray], checkpoint: Path, folder: Path) -> None:
    """Write all four; the tokenizer is that of the run's base ``checkpoint``.

    An adapter's head fits no other number of classes than its own, and PEFT says neither how many they are nor their
    names: the configuration of the classifier lies beside it, as it does beside whole models.
    """
    sort_module_names(model)
    if isinstance(model, PeftModel):
        save_adapter(model, folder)
    else:
        model.save_pretrained(folder)
    plain_model(model).config.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's model-card form, unfilled
    for name in ("tokenizer.json", "tokenizer_config.json"):  # all that a fast tokenizer is
        shutil.copy(checkpoint / name, folder / name)
    columns = [as_column(values) for values in predictions.values()]
    pq.write_table(pa.Table.from_arrays(columns, names=list(predictions)), folder / "predictions.parquet")


def as_column(values: np.ndarray) -> pa.Array:
    """One column, without copying; ``pyarrow.array`` would import pandas."""
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def sort_module_names(model: torch.nn.Module) -> None:
    """PEFT keeps them as sets, whose order changes from process to process, and so would the saved file."""
    for config in getattr(model, "peft_config", {}).values():
        for key, value in vars(config).items():
            if isinstance(value, set):
                setattr(config, key, sorted(value))
