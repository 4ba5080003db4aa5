"""A run's folder as the model that the run ended with, wherever the folder lies."""

import json
from pathlib import Path

import torch
import transformers
from peft import PeftModel
from transformers import BitsAndBytesConfig, PreTrainedModel

from stages.core.errors import InputError
from stages.methods.quantization import autocast_dtype, follow_autocast, keep_double_quantisation
from stages.saved.base_beside import WEIGHTS, Base
from stages.saved.saved_run import ADAPTER, BASE, QUANTIZATION, SavedRun
from stages.training.settings import RunSettings
from stages.training.startup import nothing_to_compute


def load_saved(folder: Path, checkpoint: Path | None = None) -> torch.nn.Module:
    """The model, evaluating.

    Args:
        folder: a run's folder or a copy of one.
        checkpoint: a base's folder instead of one to be looked for, where its weights are not beside the adapter.

    Raises:
        InputError: ``folder`` is no run's, or the base of its adapter is not to be found.
    """
    settings = SavedRun.of(folder).settings
    if not (folder / ADAPTER).exists():
        return load_classifier(settings, Base(str(folder), None), folder).eval()
    base = load_classifier(settings, base_of(folder, settings, checkpoint), folder / BASE, quantization_of(folder))
    if settings.is_quantized:
        keep_double_quantisation(base)
        if autocast_dtype(settings) is not None:
            follow_autocast(base)
    return PeftModel.from_pretrained(base, folder, use_safetensors=True).eval()


def load_classifier(
    settings: RunSettings, source: Base, configured: Path, quantization: BitsAndBytesConfig | None = None
) -> PreTrainedModel:
    """Weights of ``source`` with the configuration in the folder ``configured``."""
    config = transformers.AutoConfig.from_pretrained(configured, local_files_only=True)
    with nothing_to_compute():
        return getattr(transformers, settings.model_class).from_pretrained(
            source.name,
            revision=source.revision or "main",
            config=config,
            dtype=torch.float32,
            quantization_config=quantization,
            use_safetensors=True,
        )


def base_of(folder: Path, settings: RunSettings, checkpoint: Path | None) -> Base:
    """Where the weights are that a folder's adapter is put on."""
    if (folder / BASE / WEIGHTS).exists():
        return Base(str(folder / BASE), None)
    if checkpoint is not None:
        return Base(str(checkpoint), None)
    if settings.checkpoint_hub_id is not None:
        return Base(settings.checkpoint_hub_id, settings.checkpoint_revision)
    path = Path("models/base", settings.architecture)
    if not (path / WEIGHTS).exists():
        raise InputError(
            f"{folder}: its base is a local checkpoint, too large to lie beside it, and {path} is not here; "
            "run this in the project's folder"
        )
    return Base(str(path), None)


def quantization_of(folder: Path) -> BitsAndBytesConfig | None:
    """As the run's folder says; None without one."""
    path = folder / QUANTIZATION
    if not path.exists():
        return None
    return BitsAndBytesConfig.from_dict(json.loads(path.read_text(encoding="utf-8")))
