"""The model of a run: settings and a checkpoint in, a model with the right parameters trainable out.

A method is data (``configuration`` in ``params.yaml``); this file knows three kinds: all weights train, some of them
do, or Hugging Face PEFT adds what does.
"""

from pathlib import Path
from typing import NamedTuple

import torch
import transformers
from peft import PeftModel, get_peft_model, prepare_model_for_kbit_training
from transformers import PreTrainedModel

from stages.methods.adapters import adapter_config
from stages.methods.heads import head_of
from stages.methods.quantization import (
    autocast_dtype,
    follow_autocast,
    keep_double_quantisation,
    quantization_config,
)
from stages.methods.subsets import train_subset
from stages.training.settings import RunSettings
from stages.training.startup import nothing_to_compute


class Loaded(NamedTuple):
    """A model ready to train."""

    model: torch.nn.Module
    new_weights: list[str]  # names of the weights that its checkpoint did not bring
    head: list[str]  # names of the modules that hold them


def build_model(settings: RunSettings, checkpoint: Path, classes: list[str]) -> Loaded:
    """Load ``checkpoint`` with a fresh classification head and apply the method.

    Args:
        settings: a run's resolved settings.
        checkpoint: folder with ``config.json`` and ``model.safetensors``.
        classes: their names by id; the head has an output for each.
    """
    head = head_of(settings, checkpoint, len(classes))
    model, new_weights = load_classifier(settings, checkpoint, classes, head)
    if settings.is_quantized:
        keep_double_quantisation(model)
        if autocast_dtype(settings) is not None:
            follow_autocast(model)
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=settings.gradient_checkpointing)
    return Loaded(apply_method(model, settings, head), new_weights, head)


def apply_method(model: PreTrainedModel, settings: RunSettings, head: list[str]) -> torch.nn.Module:
    """The model with what trains, whatever device it is on."""
    if settings.method == "subset":
        train_subset(model, settings.parameters, head)
    config = adapter_config(settings, head)
    return model if config is None else get_peft_model(model, config)


def plain_model(model: torch.nn.Module) -> PreTrainedModel:
    """The Transformers model inside whatever PEFT wrapped around it."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def load_classifier(
    settings: RunSettings, checkpoint: Path, classes: list[str], head: list[str]
) -> tuple[PreTrainedModel, list[str]]:
    """The checkpoint with a head of an output a class, its linear layers quantised as the settings say."""
    model_class = getattr(transformers, settings.model_class)
    with nothing_to_compute():
        model, info = model_class.from_pretrained(
            checkpoint,
            id2label=dict(enumerate(classes)),
            label2id={name: index for index, name in enumerate(classes)},
            dtype=torch.float32,
            quantization_config=quantization_config(settings, head),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    return model, sorted(info["missing_keys"])
