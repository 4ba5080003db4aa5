"""Optimisers by the names of ``params.yaml``, without weight decay."""

import torch
from torch import nn


def make_optimizer(name: str, model: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """Over the trainable parameters of ``model``: AdamW of torch, its fused kernel, or bitsandbytes' 8-bit ones."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    if name in ("adamw_torch", "adamw_torch_fused"):
        fused = name == "adamw_torch_fused" or None
        return torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=0.0, fused=fused)
    from bitsandbytes.optim import AdamW, GlobalOptimManager

    optimizer = AdamW(parameters, lr=learning_rate, weight_decay=0.0, optim_bits=8, is_paged=name.startswith("paged"))
    for module in model.modules():
        if isinstance(module, nn.Embedding):  # as bitsandbytes advises: rare rows make for unstable 8-bit state
            GlobalOptimManager.get_instance().register_module_override(module, "weight", {"optim_bits": 32})
    return optimizer
