"""The model of a run: settings and a checkpoint in, a model with the right parameters trainable out.

A method is data (``configuration`` in ``params.yaml``); this file knows three kinds: all weights train, some of them
do, or Hugging Face PEFT adds what does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
import transformers
from peft import PeftModel, prepare_model_for_kbit_training
from transformers import PreTrainedModel

from stages.core.errors import InputError
from stages.methods.adapters import adapter_config
from stages.methods.audit import in_head
from stages.methods.heads import head_of
from stages.methods.initialisation import TrainingData, initialised
from stages.methods.quantization import (
    autocast_dtype,
    follow_autocast,
    keep_double_quantisation,
    quantization_config,
)
from stages.methods.subsets import train_subset
from stages.methods.targets import adapted_modules, require_layers, require_matches
from stages.methods.virtual_tokens import complete, require_padding_unread, require_positions, some_token
from stages.training.settings import RunSettings
from stages.training.startup import nothing_to_compute

# What libraries raise at a configuration that does not fit a model, be it their check or where it goes wrong.
FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError, RuntimeError, TypeError)
FAULTS += (ValueError,)
ROWS, TOKENS = 2, 8  # of the batch that a new adapter reads once


class Loaded(NamedTuple):
    """A model ready to train."""

    model: torch.nn.Module
    new_weights: list[str]  # names of the weights that its checkpoint did not bring
    head: list[str]  # names of the modules that hold them


def build_model(settings: RunSettings, checkpoint: Path, classes: list[str]) -> Loaded:
    """``load_model`` and ``with_method``, of a model that is not to train."""
    return with_method(load_model(settings, checkpoint, classes), settings)


def load_model(settings: RunSettings, checkpoint: Path, classes: list[str]) -> Loaded:
    """``checkpoint`` with a fresh classification head, its frozen weights quantised as the settings say.

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
    return Loaded(model, new_weights, head)


def with_method(loaded: Loaded, settings: RunSettings, data: TrainingData | None = None) -> Loaded:
    """A plain model with what trains, tried once.

    Args:
        data: what is to be trained on; None: nothing is, and what starts from data starts at random.

    Raises:
        InputError: the adapter does not fit the model.
    """
    if settings.adapter is None:
        return loaded._replace(model=apply_method(loaded.model, settings, loaded.head))
    if data is not None:  # where what starts from data reads it
        loaded = loaded._replace(model=loaded.model.to(next(data.batches(1))["input_ids"].device))
    # as in training, for what follows a 4-bit layer gets that layer's lower precision (follow_autocast)
    dtype = autocast_dtype(settings) if settings.is_quantized else None
    device = next(loaded.model.parameters()).device.type
    with one_line(settings), torch.autocast(device, dtype, enabled=dtype is not None):
        model = apply_method(loaded.model, settings, loaded.head, data)
        require_fit(model)
    return loaded._replace(model=model)


def adapted_parts(model: torch.nn.Module, settings: RunSettings, head: list[str]) -> list[str]:
    """Names of the modules that PEFT adapted; of a subset, of the parameters that train beside the head."""
    if settings.method == "subset":
        return [name for name, p in model.named_parameters() if p.requires_grad and not in_head(name, head)]
    return list(adapted_modules(model))


def apply_method(
    model: PreTrainedModel, settings: RunSettings, head: list[str], data: TrainingData | None = None
) -> torch.nn.Module:
    """The model with what trains, whatever device it is on."""
    if settings.method == "subset":
        train_subset(model, settings.parameters, head)
    config = adapter_config(settings, head, None if data is None else data.steps)
    if config is None:
        return model
    require_matches(model, config, settings)
    if config.is_prompt_learning:
        complete(config, model)
        require_positions(config, model, settings.max_length)
    adapted = initialised(model, config, data)
    require_layers(adapted_modules(adapted), config)
    return adapted


@contextmanager
def one_line(settings: RunSettings) -> Iterator[None]:
    """What PEFT or the model raises, as the fault of the adapter that it is."""
    try:
        yield
    except (InputError, torch.OutOfMemoryError):  # neither is
        raise
    except FAULTS as error:
        kind = settings.adapter["peft_type"].upper()
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"adapter: {kind}: does not work with {settings.model_class}: {reason}") from error


@torch.no_grad()
def require_fit(model: PeftModel) -> None:
    """Read a small batch once, which leaves the random numbers as they were; raises whatever the model does."""
    device = next(model.parameters()).device
    ids = torch.full((ROWS, TOKENS), some_token(plain_model(model)), device=device)
    was_training = model.training
    with torch.random.fork_rng():
        model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids))
        if model.active_peft_config.is_prompt_learning:
            require_padding_unread(model)
    model.train(was_training)


def plain_model(model: torch.nn.Module) -> PreTrainedModel:
    """The Transformers model inside whatever PEFT wrapped around it."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def load_classifier(
    settings: RunSettings, checkpoint: Path, classes: list[str], head: list[str]
) -> tuple[PreTrainedModel, list[str]]:
    """The checkpoint with a head of an output a class, its linear layers quantised as the settings say."""
    model_class = getattr(transformers, settings.model_class)
    # Transformers loads a quantised model on a GPU unless told otherwise, where its head would be drawn by the GPU's
    # generator: another head than every other method of the same seed has.
    place = {"": "cpu"} if settings.is_quantized else None
    with nothing_to_compute():
        model, info = model_class.from_pretrained(
            checkpoint,
            id2label=dict(enumerate(classes)),
            label2id={name: index for index, name in enumerate(classes)},
            dtype=torch.float32,
            quantization_config=quantization_config(settings, head),
            device_map=place,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    return model, sorted(info["missing_keys"])
