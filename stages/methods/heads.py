"""The classification head: every module that a checkpoint does not bring."""

from pathlib import Path

import torch
import transformers
from safetensors import safe_open
from transformers import PreTrainedModel

from stages.training.settings import RunSettings
from stages.training.startup import nothing_to_compute


def head_of(settings: RunSettings, checkpoint: Path, classes: int) -> list[str]:
    """The head's modules by name: the settings' own, or those of which the checkpoint has no weights.

    It is asked for before loading, for a head must not be quantised.
    """
    if settings.head is not None:
        return settings.head
    with torch.device("meta"), nothing_to_compute():
        config = transformers.AutoConfig.from_pretrained(checkpoint, num_labels=classes, local_files_only=True)
        model = getattr(transformers, settings.model_class)(config)
    with safe_open(checkpoint / "model.safetensors", framework="pt") as weights:
        brought = set(weights.keys())
    prefix = f"{model.base_model_prefix}."
    missing = []
    for name, _ in model.named_parameters():
        if name not in brought and name.removeprefix(prefix) not in brought:
            missing.append(name)
    return head_modules(model, missing)


def head_modules(model: PreTrainedModel, missing: list[str]) -> list[str]:
    """The outermost modules that hold the ``missing`` weights and none of the encoder's, in order of their names.

    A module of the encoder itself (``bert.pooler``) is named from the model's root.
    """
    prefix = f"{model.base_model_prefix}."
    modules = []
    for name in missing:
        depth = 2 if name.startswith(prefix) else 1
        modules.append(".".join(name.split(".")[:depth]))
    return sorted(set(modules))
