"""What an adapter's patterns match: every one of them something, or the run is refused."""

import re

from peft import PeftConfig, PeftModel
from torch import nn

from stages.core.errors import InputError
from stages.training.settings import RunSettings

SHOWN = 6  # names that a message gives as examples


def require_matches(model: nn.Module, config: PeftConfig, settings: RunSettings) -> None:
    """Each module that the adapter's configuration names is in the plain ``model``, each placement's included.

    PEFT asks that one of the names of a list matches, and leaves a half-applied adapter unsaid.

    Raises:
        InputError: the first name or number that matches nothing, with names that there are.
    """
    names = [name for name, _ in model.named_modules() if name]
    place = "target_modules" if settings.target is None else f"target: {settings.target}"
    for field, patterns in _named_modules(config).items():
        for pattern in patterns:
            if not any(name == pattern or name.endswith(f".{pattern}") for name in names):
                key = place if field == "target_modules" else f"adapter.{field}"
                raise InputError(f"{key}: {pattern!r}: matches no module of {_kind(model)}; there are {_last(names)}")
    for field in ("rank_pattern", "alpha_pattern", "lambda_pattern", "block_size_pattern", "n_frequency_pattern"):
        for pattern in getattr(config, field, None) or {}:
            if not any(re.match(rf"(.*\.)?({pattern})$", name) for name in names):
                raise InputError(
                    f"adapter.{field}: {pattern!r}: matches no module of {_kind(model)}; there are {_last(names)}"
                )


def adapted_modules(model: nn.Module) -> tuple[str, ...]:
    """Names in the plain model of the modules that PEFT adapted, in the model's order; none with virtual tokens."""
    if not isinstance(model, PeftModel):
        return ()
    return tuple(getattr(model.base_model, "targeted_module_names", ()))


def require_layers(adapted: tuple[str, ...], config: PeftConfig) -> None:
    """Each of the layers that ``layers_to_transform`` counts has a module that was adapted.

    Raises:
        InputError: one that has none.
    """
    chosen = getattr(config, "layers_to_transform", None)
    if chosen is None:
        return
    numbers = {int(part) for name in adapted for part in name.split(".") if part.isdecimal()}
    for layer in [chosen] if isinstance(chosen, int) else chosen:
        if layer not in numbers:
            raise InputError(f"adapter.layers_to_transform: {layer}: no such layer, or none of its modules is a target")


def _named_modules(config: PeftConfig) -> dict[str, list[str]]:
    """By field of the configuration, lists of names; a text is a pattern, of which PEFT asks a match itself."""
    fields = {name: value for name, value in vars(config).items() if name.endswith("_modules")}
    return {name: sorted(value) for name, value in fields.items() if isinstance(value, list | set | tuple)}


def _kind(model: nn.Module) -> str:
    return type(model).__name__


def _last(names: list[str]) -> str:
    """The last parts of the names of modules, each once, for a message."""
    lasts = list(dict.fromkeys(name.rpartition(".")[2] for name in names))
    words = [last for last in lasts if not last.isdecimal()]
    return f"{', '.join(words[:SHOWN])}, ..." if len(words) > SHOWN else ", ".join(words)
