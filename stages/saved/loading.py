"""A run's folder as the model that the run ended with, wherever the folder lies."""

import json
from pathlib import Path

import torch
import transformers
from peft import PeftModel
from safetensors import SafetensorError
from transformers import BitsAndBytesConfig, PreTrainedModel

from stages.core.errors import InputError
from stages.methods.quantization import autocast_dtype, follow_autocast, keep_double_quantisation
from stages.saved.base_beside import WEIGHTS, Base
from stages.saved.saved_run import ADAPTER, BASE, QUANTIZATION, SavedRun, converted_from
from stages.training.settings import RunSettings
from stages.training.startup import nothing_to_compute

ADAPTER_WEIGHTS = "adapter_model.safetensors"
# What libraries raise at files that are cut short, of another model, or of another version.
FAULTS = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, SafetensorError, TypeError, ValueError)


def open_run(folder: Path) -> torch.nn.Module:
    """``load_saved`` for a command.

    Raises:
        InputError: also where a library cannot load what is there.
    """
    try:
        return load_saved(folder)
    except FAULTS as error:
        raise InputError(f"{folder}: cannot be loaded: {one_line(error)}") from error


def one_line(error: Exception) -> str:
    """Kind and text of an error, cut short, without a path of this machine."""
    text = " ".join(str(error).split()).replace(f"{Path.cwd()}/", "")
    return f"{type(error).__name__}: {text[:200]}"


def load_saved(folder: Path, checkpoint: Path | None = None) -> torch.nn.Module:
    """The model, evaluating.

    Args:
        folder: a run's folder or a copy of one.
        checkpoint: a base's folder instead of one to be looked for, where its weights are not beside the adapter.

    Raises:
        InputError: ``folder`` is no run's, or the base of its adapter is not to be found, or its weights are pickled.
    """
    settings = SavedRun.of(folder).settings
    if not (folder / ADAPTER).exists():
        return load_classifier(settings, Base(str(folder), None), folder).eval()
    if not (folder / ADAPTER_WEIGHTS).exists():  # PEFT would then take adapter_model.bin
        raise InputError(f"{folder}: {ADAPTER_WEIGHTS}: not found; no other form of weights is read")
    base = load_classifier(settings, base_of(folder, settings, checkpoint), folder / BASE, quantization_of(folder))
    if settings.is_quantized:
        keep_double_quantisation(base)
        if autocast_dtype(settings) is not None:
            follow_autocast(base)
    return PeftModel.from_pretrained(base, folder).eval()


def load_classifier(
    settings: RunSettings, source: Base, configured: Path, quantization: BitsAndBytesConfig | None = None
) -> PreTrainedModel:
    """Weights of ``source`` with the configuration in the folder ``configured``; safetensors alone, and no code."""
    config = transformers.AutoConfig.from_pretrained(configured, local_files_only=True, trust_remote_code=False)
    model_class = getattr(transformers, settings.model_class, None)
    if model_class is None or not settings.model_class.endswith("ForSequenceClassification"):
        raise InputError(f"{configured}: model_class {settings.model_class!r}: no sequence classifier of transformers")
    # quantised where the run quantised it: a GPU rounds the constants of 4-bit blocks otherwise than the CPU
    place = None if quantization is None else {"": "cpu"}
    with nothing_to_compute():
        return model_class.from_pretrained(
            source.name,
            revision=source.revision or "main",
            config=config,
            dtype=torch.float32,
            quantization_config=quantization,
            device_map=place,
            use_safetensors=True,
        )


def base_of(folder: Path, settings: RunSettings, checkpoint: Path | None) -> Base:
    """Where the weights are that a folder's adapter is put on; what the hub has as a pickle is not read from there."""
    if (folder / BASE / WEIGHTS).exists():
        return Base(str(folder / BASE), None)
    if checkpoint is not None:
        return Base(str(checkpoint), None)
    path = Path("models/base", settings.architecture)
    if settings.checkpoint_hub_id is not None:
        made_from = converted_from(path)
        if made_from is not None and made_from["revision"] == settings.checkpoint_revision:
            return Base(str(path), None)
        return Base(settings.checkpoint_hub_id, settings.checkpoint_revision)
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
