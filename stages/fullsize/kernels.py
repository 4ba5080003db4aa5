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
    """Answers what models ask of the data, as of a batch in which some rows are padded and all numbers are finite.

    Whether a mask is set everywhere, or a number infinite: no. Which elements a mask of one dimension selects: all.
    """

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if func is torch.Tensor.all and args[0].is_meta:
            return torch.tensor(False)
        if func is torch.Tensor.__bool__ and args[0].is_meta:
            return False
        if func is torch.Tensor.__getitem__ and args[0].is_meta:
            return func(args[0], _without_masks(args[1]))
        if func in DENSE and args[0].is_meta:
            return DENSE[func](*args)
        return func(*args, **(kwargs or {}))


def _dense(indices: torch.Tensor, values: torch.Tensor, size: tuple[int, ...], **_: Any) -> torch.Tensor:
    return values.new_zeros(size).index_put(tuple(indices), values)


# The meta device has no sparse tensors: theirs are whole ones.
DENSE = {
    torch.sparse_coo_tensor: _dense,
    torch.Tensor.coalesce: torch.clone,
    torch.Tensor._nnz: torch.Tensor.numel,
    torch.sparse.mm: torch.mm,
}


def _without_masks(index: Any) -> Any:
    """An index with a slice of everything for each mask of one dimension, whose selection depends on data."""
    if isinstance(index, tuple):
        return tuple(_without_masks(part) for part in index)
    is_mask = isinstance(index, torch.Tensor) and index.dtype == torch.bool and index.ndim == 1
    return slice(None) if is_mask else index


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
