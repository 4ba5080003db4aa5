"""The optimiser of a run and the schedule of its learning rates."""

import math

import torch
from torch import nn

from stages.training.settings import RunSettings, Train


def make_optimizer(settings: RunSettings, model: nn.Module) -> torch.optim.Optimizer:
    """Over the trainable parameters of ``model``: AdamW of torch, its fused kernel, or bitsandbytes' 8-bit ones.

    Each group of parameters keeps its own rate at the height of the schedule as ``initial_lr``.
    """
    optimizer = _adamw(settings, model)
    for group in optimizer.param_groups:
        group.setdefault("initial_lr", group["lr"])
    return optimizer


def _adamw(settings: RunSettings, model: nn.Module) -> torch.optim.Optimizer:
    parameters = [p for p in model.parameters() if p.requires_grad]
    common = {"lr": settings.learning_rate, "weight_decay": settings.train.weight_decay}
    name = settings.optimizer
    if name in ("adamw_torch", "adamw_torch_fused"):
        fused = True if name == "adamw_torch_fused" else None  # None: as torch chooses
        return torch.optim.AdamW(parameters, **common, fused=fused)
    from bitsandbytes.optim import AdamW, GlobalOptimManager

    optimizer = AdamW(parameters, **common, optim_bits=8, is_paged=name == "paged_adamw_8bit")
    for module in model.modules():
        if isinstance(module, nn.Embedding):  # as bitsandbytes advises: rare rows make for unstable 8-bit state
            GlobalOptimManager.get_instance().register_module_override(module, "weight", {"optim_bits": 32})
    return optimizer


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
