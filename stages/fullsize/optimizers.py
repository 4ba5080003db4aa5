"""The optimisers on parameters without data: state of the shapes and types that a GPU would hold."""

from typing import Any

import torch
from bitsandbytes.optim import AdamW8bit

PAGED_FROM = 100_000  # bitsandbytes pages the state of parameters of this many weights or more


class _MetaAdamW8bit(AdamW8bit):
    """bitsandbytes' 8-bit AdamW whose paged state is named as such: it lies outside torch's allocator."""

    paged: bool

    def get_state_buffer(self, p: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        buffer = torch.zeros_like(p, dtype=dtype)
        buffer.outside_allocator = self.paged and p.numel() >= PAGED_FROM
        return buffer

    def to_gpu(self) -> None:
        """Nothing to move."""

    def update_step(self, *args: Any) -> None:
        """In place and without temporary memory."""

    def step(self, closure: None = None) -> None:
        for index, p in enumerate(self.param_groups[0]["params"]):
            if p.grad is not None and not self.state[p]:
                self.init_state(self.param_groups[0], p, 0, index)


def meta_optimizer(name: str, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimiser as ``Trainer`` makes it on a GPU: multi-tensor (foreach) AdamW, fused AdamW, or 8-bit."""
    if name in ("adamw_8bit", "paged_adamw_8bit"):
        optimizer = _MetaAdamW8bit(parameters)
        optimizer.paged = name.startswith("paged")
        return optimizer
    # on meta the fused kernel is not there to call; its only difference is that it needs no temporary memory
    return torch.optim.AdamW(parameters, foreach=name == "adamw_torch")
