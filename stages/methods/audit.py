"""Trainability audit: does every parameter that should learn get a gradient?

Run once, after the first backward pass. The reproduced study trained a classification head that no
gradient reached and froze another that was random; neither shows in a loss curve.
"""

import math
from typing import NamedTuple

import torch
from bitsandbytes.nn import Linear4bit, Linear8bitLt, Params4bit

from stages.core.errors import InputError
from stages.training.record import Parameters

# Before a name in the plain model, of an adapted model and of one with virtual tokens.
PEFT_PREFIXES = ("base_model.model.", "base_model.")


class Audit(NamedTuple):
    """Names of the parameters at fault, each list empty in a sound run."""

    dead: list[str]  # require a gradient and got none
    frozen: list[str]  # newly initialised, and nothing trains them
    quantised_heads: list[str]  # head layers in 4 or 8 bits
    heads_without_gradient: list[str]  # head modules that no gradient reaches, or a zero one


def count(parameter: torch.nn.Parameter) -> int:
    """Scalar weights in a parameter; a packed 4-bit tensor counts its unpacked shape."""
    if isinstance(parameter, Params4bit) and parameter.quant_state is not None:
        return math.prod(parameter.quant_state.shape)
    return parameter.numel()


def checkpoint_name(name: str) -> str:
    """A parameter's name in the plain model, whatever PEFT wrapped around it."""
    for prefix in PEFT_PREFIXES:
        if name.startswith(prefix):
            name = name.removeprefix(prefix)
            break
    for wrapper in (".modules_to_save.default", ".original_module", ".base_layer"):
        name = name.replace(wrapper, "")
    return name


def in_head(name: str, head: list[str]) -> bool:
    return any(checkpoint_name(name).startswith(f"{module}.") for module in head)


def audit(model: torch.nn.Module, new_weights: list[str], head: list[str]) -> Audit:
    """Inspect a model whose gradients are those of its first backward pass."""
    parameters = dict(model.named_parameters())
    layers = dict(model.named_modules())
    dead = [name for name, p in parameters.items() if p.requires_grad and p.grad is None]
    learning = {checkpoint_name(name) for name, p in parameters.items() if p.requires_grad}
    frozen = [name for name in new_weights if name not in learning]
    in_few_bits = [name for name, module in layers.items() if isinstance(module, Linear4bit | Linear8bitLt)]
    quantised = [name for name in in_few_bits if in_head(f"{name}.weight", head)]
    not_reached = [module for module in head if not _reached(parameters, module)]
    return Audit(dead, frozen, quantised, not_reached)


def _reached(parameters: dict[str, torch.nn.Parameter], module: str) -> bool:
    """Whether some parameter of a head module has a gradient other than zero (any at all on the meta device)."""
    for name, parameter in parameters.items():
        gradient = parameter.grad
        if in_head(name, [module]) and gradient is not None and (gradient.is_meta or bool(gradient.any())):
            return True
    return False


def require_sound(result: Audit) -> None:
    """Stop the run on any fault.

    Raises:
        InputError: names each parameter at fault, by kind.
    """
    faults = [f"{kind}: {', '.join(names)}" for kind, names in result._asdict().items() if names]
    if faults:
        raise InputError(f"trainability audit: {'; '.join(faults)}")


def parameter_counts(model: torch.nn.Module, result: Audit, head: list[str]) -> Parameters:
    """The record's ``parameters`` section. ``total`` counts PEFT's frozen copies of saved modules once.

    What trains beside the head is the ``adapter``: what PEFT added, or the chosen part of the model's own parameters;
    none where all weights train.
    """
    sizes = {name: count(p) for name, p in model.named_parameters()}
    trainable = {name: sizes[name] for name, p in model.named_parameters() if p.requires_grad}
    plain = {checkpoint_name(name): size for name, size in sizes.items()}
    in_heads = sum(size for name, size in trainable.items() if in_head(name, head))
    is_part = len(trainable) < len(sizes)
    return Parameters(
        trainable=sum(trainable.values()),
        total=sum(plain.values()),
        adapter=sum(trainable.values()) - in_heads if is_part else 0,
        head=in_heads,
        new_but_frozen=sum(plain[name] for name in result.frozen),
        trainable_but_dead=sum(sizes[name] for name in result.dead),
    )
