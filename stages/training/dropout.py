"""Dropout whose masks are drawn four at a time: the largest single cost of a small encoder's step on a CPU.

torch draws one Bernoulli number an element from a serial generator, and its attention with dropout leaves the fused
kernel on a CPU. Here one 64-bit draw of the same generator decides four elements, 16 bits each, so probabilities are
multiples of 2^-16 (0.1 becomes 0.100006). Same distribution, other random numbers.
"""

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "sdpa_bulk_dropout"
LEVELS = 2**16


def keep_mask(x: torch.Tensor, p: float) -> torch.Tensor:
    """0 with probability ``p``, else 1 / (1 - p), in the shape and type of ``x``."""
    draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
    numbers = draws.view(torch.int16)[: x.numel()].view(x.shape)  # uniform from -LEVELS / 2 on
    dropped = round(p * LEVELS)
    kept = numbers >= dropped - LEVELS // 2
    as_numbers = kept.view(torch.uint8)  # torch converts these to floats eight times as fast as truth values
    return as_numbers.to(x.dtype).mul_(LEVELS / (LEVELS - dropped))


class BulkDropout(nn.Dropout):
    """``torch.nn.Dropout`` by ``keep_mask``."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.p == 0:
            return x
        return x * keep_mask(x, self.p)


def attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    position_bias: torch.Tensor | None = None,
    **kwargs: object,
) -> tuple[torch.Tensor, None]:
    """torch's fused attention without dropout, else softmax(query key^T) value with the mask drawn in bulk.

    Shapes are (rows, heads, length, width of a head), keys and values with fewer heads where queries share them; the
    result is (rows, length, heads, width). What the arguments mean is as in ``sdpa_attention_forward``: without a mask,
    a decoder's token sees none after it.
    """
    if dropout == 0:
        more = {"is_causal": is_causal, "position_bias": position_bias, **kwargs}
        return sdpa_attention_forward(module, query, key, value, attention_mask, 0.0, scaling, **more)
    if scaling is None:
        scaling = query.shape[-1] ** -0.5
    if (groups := getattr(module, "num_key_value_groups", 1)) > 1:
        key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    scores = (query * scaling) @ key.transpose(-1, -2)
    if position_bias is not None:
        scores = scores + position_bias
    if is_causal is None:
        is_causal = getattr(module, "is_causal", True)
    if attention_mask is None and is_causal and query.shape[2] > 1:
        attention_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if attention_mask is not None:
        if attention_mask.dtype == torch.bool:  # one a row, not one a head: cheaper to turn into a bias first
            attention_mask = (~attention_mask).to(scores.dtype) * torch.finfo(scores.dtype).min
        scores = scores + attention_mask
    weights = scores.softmax(dim=-1)
    return (weights * keep_mask(weights, dropout) @ value).transpose(1, 2), None


def draw_in_bulk(model: PreTrainedModel) -> None:
    """Turn every dropout of ``model``, that of attention included, into the one above."""
    AttentionInterface.register(ATTENTION, attention)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    for name, module in list(model.named_modules(remove_duplicate=False)):
        if type(module) is nn.Dropout:
            model.set_submodule(name, BulkDropout(module.p).train(module.training))
    if model.config._attn_implementation == "sdpa":
        model.set_attn_implementation(ATTENTION)
