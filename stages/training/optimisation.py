"""The optimiser of a run and the schedule of its learning rates."""

import math
from collections.abc import Callable

import torch
from torch import nn

from stages.core.errors import InputError
from stages.training.settings import Optimizer, RunSettings, Train

# As ``Trainer.get_decay_parameter_names`` of Transformers has them: what no weight decay is for, by its name.
NO_DECAY = (r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)")
LORAPLUS_RATIO = 16.0  # that its authors recommend, where a configuration gives none
PAIR = (".lora_A.", ".lora_B.")  # in the names of the two matrices that PEFT's optimisers for LoRA tell apart


def steps_of_epoch(train: Train, rows: int) -> int:
    """Of the optimiser, in one pass over so many rows."""
    batches = math.ceil(rows / train.batch_size)
    return math.ceil(batches / train.gradient_accumulation)


def make_optimizer(settings: RunSettings, model: nn.Module) -> torch.optim.Optimizer:
    """Over the trainable parameters of ``model``: AdamW of torch, its fused kernel, bitsandbytes' 8-bit ones, or one of
    PEFT's for LoRA.

    Each group of parameters keeps its own rate at the height of the schedule as ``initial_lr``.

    Raises:
        InputError: PEFT's for LoRA, and the model has no LoRA or more than its two matrices.
    """
    optimizer = FACTORIES[settings.optimizer](settings, model)
    for group in optimizer.param_groups:
        group.setdefault("initial_lr", group["lr"])
    return optimizer


def _adamw(settings: RunSettings, model: nn.Module) -> torch.optim.Optimizer:
    fused = True if settings.optimizer == "adamw_torch_fused" else None  # None: as torch chooses
    return torch.optim.AdamW(_groups(settings, model), lr=settings.learning_rate, fused=fused)


def _adamw_8bit(settings: RunSettings, model: nn.Module) -> torch.optim.Optimizer:
    from bitsandbytes.optim import AdamW, GlobalOptimManager

    is_paged = settings.optimizer == "paged_adamw_8bit"
    optimizer = AdamW(_groups(settings, model), lr=settings.learning_rate, optim_bits=8, is_paged=is_paged)
    for module in model.modules():
        if isinstance(module, nn.Embedding):  # as bitsandbytes advises: rare rows make for unstable 8-bit state
            GlobalOptimManager.get_instance().register_module_override(module, "weight", {"optim_bits": 32})
    return optimizer


def _groups(settings: RunSettings, model: nn.Module) -> list[dict]:
    """What trains, with its decay: as Transformers' ``Trainer`` has it, none for biases and normalisation layers."""
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    decay = settings.train.weight_decay
    if decay == 0:
        return [{"params": list(trainable.values()), "weight_decay": 0.0}]
    from transformers.trainer_pt_utils import get_parameter_names

    decays = set(get_parameter_names(model, [nn.LayerNorm], NO_DECAY))
    parts = {decay: [p for name, p in trainable.items() if name in decays]}
    parts[0.0] = [p for name, p in trainable.items() if name not in decays]
    return [{"params": parameters, "weight_decay": part} for part, parameters in parts.items() if parameters]


def _loraplus(settings: RunSettings, model: nn.Module) -> torch.optim.Optimizer:
    """AdamW with a higher rate for the matrices that start at zero (Hayou et al., 2024), by PEFT."""
    from peft.optimizers import create_loraplus_optimizer

    _require_lora(settings, model, whole=False)
    return create_loraplus_optimizer(
        model,
        torch.optim.AdamW,
        lr=settings.learning_rate,
        loraplus_lr_ratio=settings.loraplus_lr_ratio or LORAPLUS_RATIO,
        loraplus_weight_decay=settings.train.weight_decay,
    )


def _lorafa(settings: RunSettings, model: nn.Module) -> torch.optim.Optimizer:
    """LoRA-FA (Zhang et al., 2023), by PEFT: the first of the two matrices stays as it starts."""
    from peft.optimizers import create_lorafa_optimizer

    _require_lora(settings, model, whole=True)
    config = model.active_peft_config
    return create_lorafa_optimizer(
        model,
        r=config.r,
        lora_alpha=config.lora_alpha,
        lr=settings.learning_rate,
        weight_decay=settings.train.weight_decay,
    )


def _require_lora(settings: RunSettings, model: nn.Module, whole: bool) -> None:
    """That the adapter has LoRA's two matrices, and if ``whole``, nothing else."""
    names = [name for name, p in model.named_parameters() if p.requires_grad and ".lora_" in name]
    others = [name for name in names if not any(part in name for part in PAIR)]
    if not names or (others and whole):
        kept = f"; {others[0]} is neither" if others else ""
        raise InputError(f"train.optimizer: {settings.optimizer!r}: for lora_A and lora_B of a LoRA alone{kept}")


FACTORIES: dict[Optimizer, Callable[[RunSettings, nn.Module], torch.optim.Optimizer]] = {
    "adamw_torch": _adamw,
    "adamw_torch_fused": _adamw,
    "adamw_8bit": _adamw_8bit,
    "paged_adamw_8bit": _adamw_8bit,
    "loraplus": _loraplus,
    "lorafa": _lorafa,
}


def rate_factor(train: Train, step: int, steps: int) -> float:
    """What the rates of a step, counted from 0, are multiplied with.

    As Transformers' ``get_scheduler``: a linear rise over the share ``warmup`` of the ``steps``, then a linear fall to
    zero, half a cosine to zero, or none.
    """
    warm_up = math.ceil(train.warmup * steps)
    if step < warm_up:
        return step / warm_up
    passed = (step - warm_up) / (steps - warm_up)
    return {"linear": 1 - passed, "cosine": (1 + math.cos(math.pi * passed)) / 2, "constant": 1.0}[train.schedule]
