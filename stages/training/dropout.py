"""Dropout whose masks are drawn four at a time: the largest single cost of a small encoder's step on a CPU.

torch draws one Bernoulli number an element from a serial generator, and its attention with dropout leaves the fused
kernel on a CPU. Here one 64-bit number decides four elements, 16 bits each, so probabilities are multiples of 2^-16
(0.1 becomes 0.100006). Same distribution, other random numbers. On a CPU they are those of NumPy's SFC64, in half the
time, each tensor's from a seed that torch's generator gives: its state is all that checkpoints and forks need.

Large tensors made anew cost an fp32 layer more than half of its time, as the system clears them page by page: attention
takes as many rows at a time as fit in what the C library keeps for itself. In bf16 that gives some 2 % of a step.
"""

import numpy as np
import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "sdpa_bulk_dropout"
LEVELS = 2**16
SCORES = 2**21  # attention scores at a time: 8 MB in fp32


def numbers(shape: torch.Size, device: torch.device) -> torch.Tensor:
    """Random int16, all of them equally likely."""
    count = shape.numel()
    draws = -(-count // 4)
    if device.type == "cpu":
        seed = int(torch.randint(2**63 - 1, ()))
        drawn = torch.from_numpy(np.random.SFC64(seed).random_raw(draws).view(np.int16))
    else:
        drawn = torch.empty(draws, dtype=torch.int64, device=device).random_(-(2**63), None).view(torch.int16)
    return drawn[:count].view(shape)


def mask_of(numbers: torch.Tensor, p: float, dtype: torch.dtype) -> torch.Tensor:
    """0 for the lowest share ``p`` of all numbers, else 1 / (1 - p)."""
    dropped = round(p * LEVELS)
    mask = torch.empty(numbers.shape, dtype=dtype, device=numbers.device)
    torch.ge(numbers, dropped - LEVELS // 2, out=mask)  # 0 or 1: of int16, torch is three times as slow at truth values
    return mask.mul_(LEVELS / (LEVELS - dropped))


def keep_mask(x: torch.Tensor, p: float) -> torch.Tensor:
    """0 with probability ``p``, else 1 / (1 - p), in the shape and type of ``x``."""
    return mask_of(numbers(x.shape, x.device), p, x.dtype)


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
    if is_causal is None:
        is_causal = getattr(module, "is_causal", True)
    if attention_mask is None and is_causal and query.shape[2] > 1:
        lengths = (query.shape[2], key.shape[2])
        attention_mask = torch.ones(lengths, dtype=torch.bool, device=query.device).tril()
    biases = [bias for bias in (position_bias, attention_mask) if bias is not None]
    query = query * scaling
    shape = torch.Size((*query.shape[:3], key.shape[2]))
    drawn = numbers(shape, query.device)
    at_once = max(1, SCORES // shape[1:].numel())
    if at_once >= len(query):
        return weighed(query, key, value, drawn, biases, dropout).transpose(1, 2), None
    parts = [tensor.split(at_once) for tensor in (query, key, value, drawn)]
    found = []
    for number, part in enumerate(zip(*parts, strict=True)):
        rows = slice(number * at_once, (number + 1) * at_once)
        of_rows = [bias[rows] if bias.dim() == query.dim() and len(bias) > 1 else bias for bias in biases]
        found.append(weighed(*part, of_rows, dropout))
    return torch.cat(found).transpose(1, 2), None


def weighed(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    drawn: torch.Tensor,
    biases: list[torch.Tensor],
    dropout: float,
) -> torch.Tensor:
    """Of rows of a batch the values (rows, heads, length, width), weighed by scores of which ``drawn`` drops some.

    ``biases`` are added to the scores; truth values among them say what is seen.
    """
    scores = query @ key.transpose(-1, -2)
    for bias in biases:
        if bias.dtype == torch.bool:  # one a row, not one a head: cheaper to turn into numbers first
            bias = (~bias).to(scores.dtype) * torch.finfo(scores.dtype).min
        scores = scores + bias
    weights = scores.softmax(dim=-1)
    return weights * mask_of(drawn, dropout, weights.dtype) @ value


def draw_in_bulk(model: PreTrainedModel) -> None:
    """Turn every dropout of ``model``, that of attention included, into the one above."""
    AttentionInterface.register(ATTENTION, attention)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    for name, module in list(model.named_modules(remove_duplicate=False)):
        if type(module) is nn.Dropout:
            model.set_submodule(name, BulkDropout(module.p).train(module.training))
    if model.config._attn_implementation == "sdpa":
        model.set_attn_implementation(ATTENTION)
