"""What a checkpoint brings of a classifier, and what the classifier's class says of itself; no family is named here."""

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from torch import nn
from transformers import PreTrainedModel

from stages.core.errors import InputError

# More classes than any classifier has: an output layer that a checkpoint brings is then one of another shape.
UNLIKELY = 1013


class Contents(NamedTuple):
    """A classifier that a checkpoint was matched with."""

    model: PreTrainedModel  # its modules and shapes; its weights are no weights
    missing: list[str]  # its weights that the checkpoint does not bring, sorted
    mismatched: dict[str, tuple[list[int], list[int]]]  # brought in another shape: that of the file and the model's
    unexpected: list[str]  # brought, and of no use to the model: a head of another task, or layers that it lacks

    @property
    def encoder(self) -> str:
        """The prefix of the names of all that is pretrained: ``bert.``."""
        return f"{self.model.base_model_prefix}."


def classifier_class(name: str) -> type[PreTrainedModel]:
    """A class of Transformers that classifies texts.

    Raises:
        InputError: there is no such class, or it reads something else.
    """
    found = getattr(transformers, name, None)
    if getattr(found, "config_class", None) is None:
        raise InputError(f"model_class: {name!r}: not a model of transformers {transformers.__version__}")
    if found.main_input_name != "input_ids":
        raise InputError(f"model_class: {name!r}: reads {found.main_input_name}; allowed: a class that reads texts")
    return found


@contextmanager
def quiet_library() -> Iterator[None]:
    """Without what Transformers logs of a configuration or a head that are to be judged here."""
    was = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(was)


def contents(folder: Path, model_class: str, shapes: dict[str, list[int]], classes: int) -> Contents:
    """Have Transformers itself load the names and ``shapes`` of a checkpoint, by its own rules for old names.

    Tensors of one number, seen in every shape, take no memory, whatever the size of the model.

    Raises:
        InputError: the configuration in ``folder`` does not make a model.
    """
    found = classifier_class(model_class)
    number = torch.zeros(1)
    weights = {name: number.expand(shape) for name, shape in shapes.items()}
    try:
        with quiet_library(), torch.random.fork_rng(devices=[]):
            config = found.config_class.from_pretrained(folder, num_labels=classes, local_files_only=True)
            model, info = found.from_pretrained(
                None, config=config, state_dict=weights, output_loading_info=True, ignore_mismatched_sizes=True
            )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise InputError(f"config.json makes no {model_class}: {' '.join(str(error).split())[:200]}") from error
    mismatched = {name: (list(shape), list(own)) for name, shape, own in info["mismatched_keys"]}
    weights = {name for name, _ in model.named_parameters()}  # of the keys, some are buffers
    return Contents(model, sorted(weights & info["missing_keys"]), mismatched, sorted(info["unexpected_keys"]))


def require_type(config: dict[str, Any], model_class: str, shown: str) -> None:
    """The configuration of a checkpoint is of the class's family.

    Raises:
        InputError: it is of another.
    """
    required = classifier_class(model_class).config_class.model_type
    if config.get("model_type") != required:
        raise InputError(
            f"{shown}: config.json: model_type {config.get('model_type')!r}; required by model_class "
            f"{model_class}: {required!r}"
        )


def require_encoder(folder: Path, model_class: str, shapes: dict[str, list[int]], shown: str) -> Contents:
    """What a checkpoint brings of a class, made for ``UNLIKELY`` many classes, once it is known to have the encoder.

    Raises:
        InputError: it does not fit its configuration, or is not whole.
    """
    try:
        found = contents(folder, model_class, shapes, UNLIKELY)
    except InputError as error:
        raise InputError(f"{shown}: {error}") from error
    _require_vocabulary(found, shown)
    _require_whole(found, shown)
    _require_none_left_over(found, shown)
    _require_end_that_is_found(found, shown)
    return found


def _require_vocabulary(found: Contents, shown: str) -> None:
    """Weights and configuration must agree on how many tokens there are."""
    name = embeddings_name(found.model)
    if name in found.missing:
        raise InputError(
            f"{shown}: model.safetensors: no {name}; required: the weights of a {found.model.config.model_type} model"
        )
    if name in found.mismatched:
        (rows, *_), (stated, *_) = found.mismatched[name]
        raise InputError(
            f"{shown}: model.safetensors embeds {rows} tokens, config.json says vocab_size {stated}; required: the same"
        )


def _require_whole(found: Contents, shown: str) -> None:
    """All that is pretrained must be there; a pooler, which masked language models lack, trains as the head does."""
    for name, (shape, own) in sorted(found.mismatched.items()):
        if name.startswith(found.encoder):
            raise InputError(f"{shown}: model.safetensors: {name} of shape {shape}; required by config.json: {own}")
    missing = set(found.missing)
    for name in fresh_modules(found):
        module = found.model.get_submodule(name)
        own = {f"{name}.{weight}" for weight, _ in module.named_parameters()}
        is_new = not name.startswith(found.encoder) or (name.endswith("pooler") and own <= missing)
        if not is_new:
            lacking = sorted(own & missing)
            raise InputError(
                f"{shown}: model.safetensors: no {lacking[0]} ({len(lacking)} of {len(own)} weights of {name} missing)"
            )


def _require_none_left_over(found: Contents, shown: str) -> None:
    """No weight of a module of the encoder may be left out: the model would be a part of what was pretrained.

    What is left out lies in modules that the class lacks, such as the head of a masked language model, or is a pooler.
    """
    modules = {name for name, _ in found.model.base_model.named_children()} - {"pooler"}
    for name in found.unexpected:
        own = name.removeprefix(found.encoder)
        if own.split(".")[0] in modules:
            raise InputError(
                f"{shown}: model.safetensors: {name}, which the model of config.json lacks; required: none"
            )


def _require_end_that_is_found(found: Contents, shown: str) -> None:
    """Rows are padded at their end: a class that reads the last position, or all of them, would read padding."""
    if "attention_mask" not in signature(found.model.forward).parameters:
        raise InputError(
            f"{shown}: {type(found.model).__name__} takes no attention_mask: it reads padding as text; allowed: a "
            "class that takes one"
        )
    if getattr(found.model.config, "summary_type", None) == "last":
        raise InputError(
            f"{shown}: config.json: summary_type 'last' reads a row's last position, which may be padding; allowed: "
            "a class that reads its first token, all of them or its last real one"
        )


def fresh_modules(found: Contents) -> list[str]:
    """The outermost modules that hold missing weights and none of the encoder's, in order of their names.

    A module of the encoder itself (``bert.pooler``) is named from the model's root.
    """
    modules = set()
    for name in found.missing:
        depth = 2 if name.startswith(found.encoder) else 1
        modules.add(".".join(name.split(".")[:depth]))
    return sorted(modules)


def embeddings_name(model: PreTrainedModel) -> str:
    """The name of the weight that embeds tokens."""
    embeddings = model.get_input_embeddings()
    return next(f"{name}.weight" for name, module in model.named_modules() if module is embeddings)


def positions(model: PreTrainedModel) -> int | None:
    """How many tokens the model has positions for; None where nothing limits them.

    RoBERTa, MPNet and their kin count from the padding token's id on, which their table of positions says; a table may
    also have rows that no token has. Without a table it is what the configuration says, which of relative positions
    is no limit.
    """
    config = model.config.get_text_config()
    number = getattr(config, "max_position_embeddings", None)
    if not number or number < 0:
        return None
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            taken = 0 if module.padding_idx is None else module.padding_idx + 1
            return min(module.num_embeddings, number) - taken
    return None if getattr(config, "relative_attention", False) else number
