"""What CUDA runs where the meta device would take another path: fused dropout, fused attention, a padded batch."""

from contextlib import AbstractContextManager
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch.overrides import TorchFunctionMode

from stages.fullsize.autocast import replaced


def fused_kernels() -> AbstractContextManager:
    """Dropout and attention by the kernels that CUDA takes; meta tensors would take the unfused ones.

    Fused dropout keeps a mask of one byte an element; memory-efficient attention (the kernel for fp32 with a mask)
    keeps its inputs, its output and a log-sum-exp a row in place of the (length, length) probabilities.

    A ``TorchFunctionMode`` would not do: torch suspends it during the backward pass, in which checkpointed layers run
    forward again.
    """
    return replaced(F, dropout=_dropout, scaled_dot_product_attention=_attention)


class PaddedBatch(TorchFunctionMode):
    """Answers the one question that models ask of the data: whether the whole mask is set. A padded batch's is not."""

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if func is torch.Tensor.all and args[0].is_meta:
            return torch.tensor(False)
        return func(*args, **(kwargs or {}))


def _dropout(x: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    if not training or p == 0:
        return x
    return torch.native_dropout(x, p, True)[0]


def _attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, attn_mask: torch.Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, **_: Any,
) -> torch.Tensor:  # fmt: skip
    if attn_mask is not None:
        if attn_mask.dtype == torch.bool:  # the kernel takes a bias
            attn_mask = torch.zeros_like(attn_mask, dtype=q.dtype)
        attn_mask = attn_mask.expand(*q.shape[:-1], k.shape[-2])
    needs_grad = torch.is_grad_enabled() and q.requires_grad
    kernel = torch.ops.aten._scaled_dot_product_efficient_attention
    return kernel(q, k, v, attn_mask, needs_grad, dropout_p, is_causal, scale=scale)[0]
